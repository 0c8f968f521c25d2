"""Checks an archive of MailMart's privacy policy, or evidence from one. Needs Python 3.8 or later, and nothing else.

    python3 verify_archive.py FOLDER [--key KEY] [--roots FILE]

FOLDER is an archive (it has archive.json), or the folder of a bag of evidence (it has a .tlog-proof).
KEY is the public key of the log, or a file with it; FILE has the root certificates of timestamp authorities (PEM).
Get both through a channel that you trust. Without them, those in the folder are used; its maker could have
chosen them.

Exit code 0: proven, with the key and the roots that you gave. 5: all that was checked holds, but the key or the roots
came from the folder, or a timestamp could not be checked; the last line says which. 4: it does not hold, or something
unexpected came up; the output says what. 2: the command is wrong, or the folder is neither of the two.
"""

import base64
import calendar
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time

LIMIT = 64 << 20  # bytes of a file, at most; a larger one is not read
SIGNERS = 100  # of a checkpoint, at most: its log's keys, and witnesses
ENTRY = 65535  # bytes of an entry, at most (C2SP tlog-tiles)
KINDS = ("archive", "published-version", "customer-copy", "anchor", "erasure", "act", "key-rotation")
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")  # left in folders by operating systems
EXPLAINED = ("READ-ME-FIRST.html", "verify_archive.py", "log.vkey")  # these explain the evidence, and prove nothing
TILE = re.compile("log/tile/(entries|[0-9])/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?")  # made from the entries
LOOSE = re.compile(r"anchor(-[0-9]+)?-(revocation\.json|roots\.pem|certificates\.pem)|key-rotation-[0-9]+\.tlog-proof")
PROVEN, USAGE, FAULT, DOUBT = 0, 2, 4, 5

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
EDWARDS = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME


def multiply(point, scalar):
    """Multiply a point of the curve (RFC 8032, 5.1.4)."""
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def add(p, q):
    """Add points of the curve, in extended coordinates (RFC 8032, 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * EDWARDS, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def decompress(raw):
    """Read a point of the curve (RFC 8032, 5.1.3)."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(EDWARDS * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if (x * x - square) % PRIME or y >= PRIME or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = PRIME - x if x & 1 != sign else x
    return x, y, 1, x * y % PRIME


def is_signed(public, message, signature):
    """Tell whether an Ed25519 signature holds (RFC 8032, 5.1.7)."""
    try:
        r, a, s = decompress(signature[:32]), decompress(public), int.from_bytes(signature[32:], "little")
    except ValueError:
        return False
    if len(signature) != 64 or s >= ORDER:
        return False
    base = decompress((4 * pow(5, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little"))
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = multiply(base, s), add(r, multiply(a, k))
    return not ((left[0] * right[2] - right[0] * left[2]) % PRIME or (left[1] * right[2] - right[1] * left[2]) % PRIME)


class Fault(Exception):
    """Something does not hold."""


def require(condition, words):
    """Stop where something does not hold."""
    if not condition:
        raise Fault(words)


def say(words):
    """Print a line; what cannot be printed is escaped, since names come from strangers."""
    print("".join(each if each.isprintable() and each.isascii() else ascii(each)[1:-1] for each in words))


class Folder:
    """A stranger's folder: no link is followed, nothing outside it is read, and no endless file.

    Attributes:
        checked: the files that were compared with something.
    """

    def __init__(self, path):
        self.path, self.checked = path, set()
        require(stat.S_ISDIR(os.lstat(path).st_mode), "%s is not a folder" % path)

    def find(self, name):
        """Find a file by its name in the folder; return its path, or None if there is none."""
        parts = name.split("/") if isinstance(name, str) else [""]
        ok = all(part not in ("", ".", "..") and not set(part) & set("\\:\0") for part in parts)
        require(ok, "%r is not the name of a file in a folder" % (name,))
        path = self.path
        for number, part in enumerate(parts):
            path = os.path.join(path, part)
            try:
                mode = os.lstat(path).st_mode
            except (FileNotFoundError, NotADirectoryError):
                return None
            kind = stat.S_ISREG if number == len(parts) - 1 else stat.S_ISDIR
            require(kind(mode), "%s is a link or something else that does not belong here" % name)
        return path

    def read(self, name, limit=LIMIT):
        """Read a file."""
        path = self.find(name)
        require(path is not None, "%s is missing" % name)
        with open(path, "rb") as file:
            content = file.read(limit + 1)
        require(len(content) <= limit, "%s has more than %d bytes" % (name, limit))
        self.checked.add(name)
        return content

    def digest(self, name):
        """Take the SHA-256 of a file."""
        return hashlib.sha256(self.read(name)).hexdigest()

    def names(self, below=""):
        """Name all files in and below a folder."""
        waiting, found = [below], []
        while waiting:
            above = waiting.pop()
            for each in sorted(os.listdir(os.path.join(self.path, *above.split("/")) if above else self.path)):
                name = above + "/" + each if above else each
                mode = os.lstat(os.path.join(self.path, *name.split("/"))).st_mode
                require(stat.S_ISDIR(mode) or stat.S_ISREG(mode), "%s is a link or a device" % name)
                (waiting if stat.S_ISDIR(mode) else found).append(name)
        return found


def is_litter(name):
    """Tell whether an operating system left a file there."""
    return name.split("/")[-1] in LITTER or name.split("/")[-1].startswith("._")


def decode(text):
    """Read Base64 in canonical form."""
    raw = base64.b64decode(text, validate=True)
    require(base64.b64encode(raw).decode() == text, "base 64 that is spelt wrongly")
    return raw


def parse_key(text):
    """Read the public key of a log: its name, the four bytes that name it in signatures, the key (C2SP signed-note)."""
    name, key_id, encoded = text.strip().split("+", 2)
    raw = decode(encoded)
    expected = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    require(len(raw) == 33 and raw[0] == 1 and key_id == expected, "that is not the public key of a log")
    return name, bytes.fromhex(key_id), raw[1:]


def read_checkpoint(note, keys):
    """Read a signed checkpoint: its size and root (C2SP tlog-checkpoint). Signatures of other keys are ignored.

    The keys are those of one log, the newest last, each with the size of the last checkpoint that it may sign, or None.
    """
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    require(len(note) <= 1 << 20 and note.endswith(b"\n"), "the checkpoint is not a signed note")
    signed = []
    require(signatures.count(b"\n") <= SIGNERS, "the checkpoint has more than %d signatures" % SIGNERS)
    for line in signatures.decode()[:-1].split("\n"):
        dash, signer, signature = line.split(" ")
        require(dash == "\u2014", "the checkpoint is not a signed note")
        signed.append((signer, decode(signature)))
    for (name, key_id, public), last in reversed(keys):
        for signer, raw in signed:
            if signer == name and raw[:4] == key_id and is_signed(public, text, raw[4:]):
                origin, size, root = text.decode().split("\n")[:3]
                require(origin == name, "the checkpoint is of another log")
                require(re.fullmatch("0|[1-9][0-9]{0,17}", size), "the checkpoint has no size")
                require(len(decode(root)) == 32, "the checkpoint has no root")
                require(last is None or int(size) <= last, "the checkpoint is signed with a key that was replaced before")
                return int(size), decode(root)
    raise Fault("the checkpoint is not signed with the log's key")


def follow_keys(folder, names, keys):
    """Add the keys that replaced the one given: each is named by an entry that the key before has signed.

    Returns the entries, by number. Proofs from before the key that was given show nothing, and are passed over.
    """
    entries = {}
    for name in names:
        try:
            number, entry, size, _ = read_proof(folder.read(name), keys)
        except Fault:
            require(len(keys) == 1 and not entries, "%s does not show that the log's key was replaced" % name)
            folder.checked.discard(name)
            continue
        claims, _ = read_entry(entry)
        require(claims["kind"] == "key-rotation" and size == number + 1, "%s replaces no key" % name)
        following = parse_key(claims["key"])
        require(following[0] == keys[-1][0][0], "%s names the key of another log" % name)
        keys[-1] = (keys[-1][0], size)
        keys.append((following, None))
        entries[number] = entry
    return entries


def tell_keys(entries):
    """Say which keys replaced the one that was given."""
    for number, entry in sorted(entries.items()):
        say("  checked  entry %d, signed with the key before: the log's key is from then on" % number)
        say("           %s" % read_entry(entry)[0]["key"])


def read_entry(content):
    """Read an entry: what it claims, and its files as pairs of name and digest."""
    require(len(content) <= ENTRY, "an entry has more than %d bytes" % ENTRY)
    document = json.loads(content.decode())
    files = []
    for subject in document["subject"]:
        name, digest = subject["name"], subject["digest"]["sha256"]
        require(isinstance(name, str) and re.fullmatch("[0-9a-f]{64}", digest), "an entry names a file wrongly")
        files.append((name, digest))
    return document["predicate"], files


def hash_leaf(entry):
    """Hash an entry (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\0" + entry).digest()


def hash_node(left, right):
    """Hash two subtrees (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A tree of entries that grows (RFC 6962, 2.1)."""

    def __init__(self):
        self.size, self.stack = 0, []

    def append(self, entry):
        """Add an entry."""
        self.size += 1
        self.stack.append((1, hash_leaf(entry)))
        while len(self.stack) > 1 and self.stack[-1][0] == self.stack[-2][0]:
            (width, right), (_, left) = self.stack.pop(), self.stack.pop()
            self.stack.append((2 * width, hash_node(left, right)))

    def root(self):
        """Give the root of all entries."""
        top = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            top = hash_node(left, top)
        return top


def is_commit_signed(start, entries, signature, keys):
    """Tell whether the key that signs at this place of the log has signed a commit: its place, and its entries."""
    name, _, public = next(key for key, last in keys if last is None or start < last)
    message = ("%s/commit\n%d\n" % (name, start)).encode() + b"".join(hash_leaf(entry) for entry in entries)
    return is_signed(public, message, bytes.fromhex(signature.decode()))


def read_commits(folder, states, keys):
    """Read all entries, and compare them with the states of the log that were signed.

    Returns them, and how many of them such a state covers; the others are in commits that the log's key has signed.
    """
    tree, entries, covered = Tree(), [], max(states)
    while True:
        name = "commits/%08d/%012d.jsonl" % (tree.size // 10000, tree.size)
        if folder.find(name) is None:
            break
        lines = folder.read(name).split(b"\n")
        signature = re.fullmatch(b'{"signature":"([0-9a-f]{128})"}', lines[-2]) if len(lines) > 2 else None
        require(signature and lines[-1] == b"", "%s is empty or cut off" % name)
        if tree.size >= covered:
            signed = is_commit_signed(tree.size, lines[:-2], signature[1], keys)
            require(signed, "%s was added without the log's key, or was changed" % name)
        for line in lines[:-2]:
            tree.append(line)
            entries.append(read_entry(line))
            for root, source in states.get(tree.size, ()):
                require(tree.root() == root, "%s is of other entries than those that are here" % source)
    words = "%s is of %d entries, and here are %d" % (states[covered][0][1], covered, tree.size)
    require(tree.size >= covered, words)
    return entries, covered


def check_archive(folder, key, trust):
    """Check a whole archive: commits against signed states, entries against files, files against entries."""
    proofs = sorted(folder.names("rotations")) if os.path.isdir(os.path.join(folder.path, "rotations")) else []
    proofs = [name for name in proofs if re.fullmatch("rotations/[0-9]{4}.tlog-proof", name)]
    keys = [(key, None)]
    tell_keys(follow_keys(folder, proofs, keys))
    size, root = read_checkpoint(folder.read("log/checkpoint"), keys)
    published = size
    # From the first key on: what the keys before the given one signed is compared with the entries, too.
    all_keys = [(parse_key(folder.read("log.vkey", 4096).decode()), None)]
    rotations = follow_keys(folder, proofs, all_keys)
    states, anchors = {size: [(root, "log/checkpoint")]}, []
    for name in folder.names("anchors") if os.path.isdir(os.path.join(folder.path, "anchors")) else []:
        if name.endswith(".checkpoint"):
            size, root = read_checkpoint(folder.read(name), all_keys)
            states.setdefault(size, []).append((root, name))
            anchors.append(name[: -len(".checkpoint")])
    entries, signed = read_commits(folder, states, keys)
    if len(entries) > signed:
        trust.doubts.append(
            "no checkpoint covers the entries after no. %d yet; ask for a newer state of the archive" % (signed - 1)
        )
    said = {number for number, (claims, _) in enumerate(entries) if claims["kind"] == "key-rotation" and number < published}
    require(said == set(rotations), "the entries and the folder rotations say different things of the log's key")
    for number, entry in rotations.items():
        require(read_entry(entry) == entries[number], "rotations is of another entry than no. %d" % number)
    erased = {claims.get("recipient") for claims, _ in entries[:signed] if claims["kind"] == "erasure"} - {None}
    people = {claims.get(name) for claims, _ in entries for name in ("recipient", "actor", "second")} - {None}
    named, gone = set(), 0
    for claims, files in entries:
        for name, digest in files:
            named.add(name)
            if folder.find(name) is not None:
                require(folder.digest(name) == digest, "%s was changed" % name)
            else:
                require(claims.get("recipient") in erased, "%s is missing" % name)
                gone += 1
    others, found = [], set()
    for name in folder.names():
        above = name.split("/")[0]
        if above in ("recipients", "staff") and not is_litter(name):
            person = folder.digest(name)
            require(person not in erased, "%s is the record of somebody who was erased" % name)
            found.add(person)
            if person not in people:
                others.append(name)
        elif name not in named and name not in folder.checked:
            others.append(name)
    lost = sorted(people - erased - found)
    require(not lost, "the records of %d people are missing, or were changed: %s" % (len(lost), ", ".join(lost[:3])))
    for name in others:
        known = name.split("/")[0] in ("recipients", "staff", "incoming") or TILE.fullmatch(name) or is_litter(name)
        require(known, "%s has no entry" % name)
    kinds = sorted({claims["kind"] for claims, _ in entries} - set(KINDS))
    for kind in kinds:
        say("note: there are entries of the kind %r, which this program does not know" % (kind,))
    if others:
        say("note: %d files repeat the entries or are unfinished, and were not checked: %s ..." % (len(others), others[0]))
    say("%d entries, %d files: every entry has its files, and every file its entry" % (len(entries), len(named) - gone))
    if gone:
        say("%d files are gone because their recipients were erased" % gone)
    anchors.sort()
    with tempfile.TemporaryDirectory() as aside:
        stamps = []
        for stem in anchors:
            path = os.path.join(aside, "%d.pem" % len(stamps))
            with open(path, "w") as file:
                for each in json.loads(folder.read(stem + ".json").decode())["certificates"]:
                    file.write("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % each)
            stamps.append((stem + ".checkpoint", stem + ".tsr", path))
        if not stamps:
            trust.doubts.append("there is no timestamp: when its entries came rests on the archive's word")
        elif trust.roots is None:
            trust.doubts.append("its timestamps were not checked; give the authorities' roots with --roots")
        else:
            check_timestamps(folder, stamps, trust)


def read_proof(content, keys):
    """Read a proof that an entry is in the log (C2SP tlog-proof): its number, the entry, the size, the checkpoint."""
    head, _, note = content.partition(b"\n\n")
    header, extra, index, *path = head.decode().split("\n")
    require(header == "c2sp.org/tlog-proof@v1", "the proof is of another format")
    require(extra.startswith("extra ") and re.fullmatch("index (0|[1-9][0-9]{0,17})", index), "the proof is cut off")
    size, root = read_checkpoint(note, keys)
    entry, number = decode(extra[6:]), int(index[6:])
    node, last, found = number, size - 1, hash_leaf(entry)
    require(0 <= node <= last, "the proof is for an entry that its log does not have")
    for sibling in map(decode, path):
        require(last > 0 and len(sibling) == 32, "the proof has too many hashes")
        if node & 1 or node == last:
            found = hash_node(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hash_node(found, sibling)
        node, last = node >> 1, last >> 1
    require(last == 0 and found == root, "the proof shows nothing: the entry is not in the log")
    return number, entry, size, note


def check_files(folder, prefix, entry, what):
    """Compare the files that an entry names with those that are here, by the last part of their names."""
    claims, files = read_entry(entry)
    require(files, "%s names no file" % what)
    for name, digest in files:
        own = prefix + name.split("/")[-1]
        # A copy may have a name for people: then its digest identifies it.
        if not prefix and folder.find(own) is None and own.endswith(".pdf"):
            own = "copy.pdf"
        require(folder.digest(own) == digest, "%s was changed" % own)
        say("  checked  %s: as %s says" % (own, what))
    return claims


def check_evidence(folder, key, trust):
    """Check evidence of one file: the file against its entry, the entry against the log, the timestamps."""
    everything = folder.names()
    names = [name for name in everything if not is_litter(name)]
    proofs = [n for n in names if n.endswith(".tlog-proof") and not n.startswith(("policy.", "anchor-", "key-rotation-"))]
    require(len(proofs) == 1, "there are %d proofs, and evidence has one: %s" % (len(proofs), ", ".join(proofs)))
    keys = [(key, None)]
    rotations = [name for name in names if re.fullmatch("key-rotation-[0-9]+.tlog-proof", name)]
    tell_keys(follow_keys(folder, sorted(rotations, key=lambda name: int(name[13:-11])), keys))
    number, entry, size, note = read_proof(folder.read(proofs[0]), keys)
    say("  checked  %s: entry %d is in the log of %d entries" % (proofs[0], number, size))
    require(folder.read("entry.json") == entry, "entry.json is not the entry that the proof is of")
    say("  checked  entry.json: it is the entry that the proof is of")
    claims = check_files(folder, "", entry, "the entry")
    version, text = claims.get("version"), claims.get("policy_digest")
    if claims["kind"] == "published-version":
        text = check_files(folder, "policy/", entry, "the entry")["policy_digest"]
    elif version is not None:
        _, published, _, same = read_proof(folder.read("policy.tlog-proof"), keys)
        require(same == note, "policy.tlog-proof is of another checkpoint than the copy's proof")
        own = check_files(folder, "policy/", published, "the entry of version %s" % version)
        require(own["kind"] == "published-version", "policy.tlog-proof is not of a published version")
        require((own.get("version"), own.get("policy_digest")) == (version, text), "policy/ is of another version")
    if text is not None:
        require(folder.digest("policy/policy.txt") == text, "policy/policy.txt is not the text that the entry names")
    if parse_key(folder.read("log.vkey", 4096).decode()) in [each for each, _ in keys]:
        say("  checked  log.vkey: it is the log's key")
    else:
        folder.checked.discard("log.vkey")
    stamps = []
    while folder.find(name_anchor(len(stamps)) + ".tsr") is not None:
        stem = name_anchor(len(stamps))
        stamps.append((stem + ".checkpoint", stem + ".tsr", stem + "-certificates.pem"))
    check_chain(folder, keys, note, stamps)
    check_manifests(folder, names)
    loose = [name for name in names if name not in folder.checked]
    for name in loose:
        known = name in EXPLAINED or LOOSE.fullmatch(name)
        require(known, "%s does not belong to the evidence" % name)
        say("  not covered by the log: %s" % name)
    for name in sorted(set(everything) - set(names)):
        say("  not covered by the log: %s, as operating systems leave it" % name)
    say("entry %d of the log %s was not changed since it was logged; it claims:" % (number, key[0]))
    for name in ("version", "effective_at", "issued_at", "recorded_at"):
        if name in claims:
            say("  %-13s %s" % (name, claims[name]))
    if not stamps:
        trust.doubts.append("there is no timestamp: when it was logged rests on the archive's word")
        return
    if trust.roots is None:
        trust.roots = merge_roots(folder, [name_anchor(at) + "-roots.pem" for at in range(len(stamps))], trust)
        trust.doubts.append("the roots of the timestamp authorities came from this folder; give yours with --roots")
    moment = check_timestamps(folder, stamps, trust)
    if moment:
        say("the timestamp%s: all this was logged before %s" % ("s hold" if stamps[1:] else " holds", moment))


def name_anchor(position):
    """Name the files of an anchor: anchor, anchor-2, anchor-3."""
    return "anchor-%d" % (position + 1) if position else "anchor"


def check_chain(folder, keys, note, stamps):
    """Check that each later timestamp covers the one before it (RFC 4998, 5.2)."""
    for at, (checkpoint, response, _) in enumerate(stamps):
        require(folder.read(checkpoint) and folder.read(response, 1 << 20), "%s is empty" % response)
        if not at:
            require(folder.read(checkpoint) == note, "the timestamp is over another checkpoint than the proof's")
            continue
        proof = name_anchor(at) + ".tlog-proof"
        _, entry, _, later = read_proof(folder.read(proof), keys)
        require(folder.read(checkpoint) == later, "%s is over another checkpoint than its proof" % response)
        covered = {digest for _, digest in read_entry(entry)[1]}
        for name in stamps[at - 1][:2]:
            require(folder.digest(name) in covered, "%s does not cover %s" % (proof, name))


def check_manifests(folder, names):
    """Compare all files with the manifests of the bag, where there are some (RFC 8493)."""
    above = os.path.dirname(os.path.abspath(folder.path))
    if os.path.basename(os.path.abspath(folder.path)) != "data" or not os.path.lexists(os.path.join(above, "bagit.txt")):
        return
    bag = Folder(above)
    listed = {}
    for manifest, prefix in (("manifest-sha256.txt", "data/"), ("tagmanifest-sha256.txt", "")):
        for line in bag.read(manifest).decode().splitlines():
            digest, name = line.split("  ", 1)
            require(name.startswith(prefix) and bag.find(name) is not None, "%s lists %s" % (manifest, name))
            require(bag.digest(name) == digest, "%s was changed since the bag was packed" % name)
            listed[name] = digest
    missing = [name for name in names if "data/" + name not in listed]
    require(not missing, "%s is not in the bag's manifest" % ", ".join(missing))
    say("  checked  the bag's manifests: no file was changed or added since it was packed")


class Trust:
    """Whom the user of this program trusts.

    Attributes:
        roots: a file of root certificates, or None.
        doubts: what keeps the answer from being a proof.
    """

    def __init__(self, roots):
        self.roots, self.doubts, self.aside = roots, [], []


def merge_roots(folder, names, trust):
    """Put the root certificates of the folder into one file."""
    handle, path = tempfile.mkstemp(suffix=".pem")
    trust.aside.append(path)
    with os.fdopen(handle, "wb") as file:
        for name in names:
            file.write(folder.read(name, 1 << 20) + b"\n")
    return path


def describe_roots(path):
    """Give the SHA-256 fingerprints of the certificates in a file."""
    with open(path, "rb") as file:
        content = file.read(1 << 20).decode("ascii", "replace")
    found = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", content, re.S)
    prints = [hashlib.sha256(base64.b64decode("".join(each.split()), validate=True)).hexdigest() for each in found]
    require(prints, "%s has no certificate in PEM" % path)
    return sorted(set(prints))


def check_timestamps(folder, stamps, trust):
    """Check timestamps, each one but the last for the time of the next, which covers it (RFC 4998, 5.2).

    Returns when the first one was made, or None where that is not shown: one of them expired, or there is no OpenSSL.
    """
    for each in describe_roots(trust.roots):
        say("root certificate, SHA-256: %s" % each)
    if shutil.which("openssl") is None:
        trust.doubts.append("openssl is not on this machine, so the timestamps were not checked; use another machine")
        return None
    moments, lapsed = [read_moment(folder, response) for _, response, _ in stamps], False
    for at, (checkpoint, response, certificates) in enumerate(stamps):
        between = certificates if os.path.isabs(certificates) else folder.find(certificates)
        require(between is not None, "%s is missing" % certificates)
        command = ["openssl", "ts", "-verify", "-data", folder.find(checkpoint), "-in", folder.find(response)]
        command += ["-CAfile", os.path.abspath(trust.roots), "-untrusted", between]
        command += ["-attime", "%d" % moments[at + 1][0]] if at + 1 < len(stamps) else []
        code, output = run(command)
        if code and "expired" in output:
            trust.doubts.append("%s is of a certificate that expired before another timestamp covered it" % response)
            lapsed = True
            continue
        if code and "Verification:" not in output:  # LibreSSL, for instance, does not know -attime
            words = "the openssl of this machine cannot check %s (%s); use another machine"
            trust.doubts.append(words % (response, " ".join(output.split())[:200]))
            lapsed = True
            continue
        require(code == 0, "%s: %s" % (response, " ".join(output.split())))
        say("  checked  %s: made %s, as OpenSSL says" % (response, moments[at][1]))
    return None if lapsed else moments[0][1]


def read_moment(folder, name):
    """Ask OpenSSL when a timestamp was made: in seconds since 1970, and as it writes it."""
    require(folder.read(name, 1 << 20), "%s is empty" % name)
    code, output = run(["openssl", "ts", "-reply", "-in", folder.find(name), "-text"])
    found = re.search(r"Time stamp: (\w+ +\d+ [\d:]+)(?:\.\d+)? (\d+) GMT", output)
    require(code == 0 and found is not None, "%s does not say when it was made" % name)
    moment = " ".join(found.groups())
    return calendar.timegm(time.strptime(moment, "%b %d %H:%M:%S %Y")), moment + " GMT"


def run(command):
    """Run a program; return its exit code and what it printed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace")


def is_inside(path, folder):
    """Tell whether a file is in the folder that is checked, or beside it in the same bag."""
    top = os.path.realpath(folder)
    top = os.path.dirname(top) if os.path.basename(top) == "data" else top
    return os.path.exists(path) and os.path.realpath(path).startswith(top + os.sep)


def read_given_key(given):
    """Read the key that the user gave: it is the key, or a file with it."""
    if "+" in given and not os.path.exists(given):
        return given
    with open(given, encoding="ascii") as file:
        return file.read(4096)


def find_mistake(path, given_key, roots):
    """Tell what is wrong with the key or the roots that the user gave; None if nothing is.

    It must not count as a fault of the evidence. What the folder holds is not the user's mistake.
    """
    try:
        if given_key is not None and not is_inside(given_key, path):
            parse_key(read_given_key(given_key))
    except (Fault, OSError, ValueError) as error:
        return "--key %s: this is neither the public key of a log nor a file with it (%s)" % (given_key, error)
    try:
        if roots is not None and not is_inside(roots, path):
            describe_roots(roots)
    except (Fault, OSError, ValueError) as error:
        words = "--roots %s: this is not a file of certificates in PEM (%s); openssl x509 -inform DER converts one"
        return words % (roots, error)
    return None


def check(path, given_key, roots):
    """Check a folder; return the exit code."""
    path = os.path.realpath(path)  # the user's own link may lead to the folder; none in it may
    mistake = find_mistake(path, given_key, roots)
    if mistake is not None:
        say(mistake)
        return USAGE
    trust = Trust(roots)
    try:
        folder = Folder(path)
        names = os.listdir(path)
        is_archive = "archive.json" in names
        if not is_archive and not any(name.endswith(".tlog-proof") for name in names):
            say("%s is neither an archive nor evidence from one" % path)
            return USAGE
        own_key = given_key is None or is_inside(given_key, path)
        text = folder.read("log.vkey", 4096).decode() if given_key is None else read_given_key(given_key)
        key = parse_key(text)
        say("log key: %s (%s)" % (text.strip(), "from the folder" if own_key else "given by you"))
        if own_key:
            trust.doubts.append("the log's key came from this folder; give the published one with --key")
        if roots is not None and is_inside(roots, path):
            trust.doubts.append("the roots of the timestamp authorities came from this folder; give yours with --roots")
        (check_archive if is_archive else check_evidence)(folder, key, trust)
    except KeyboardInterrupt:
        raise
    except Fault as fault:
        say("DOES NOT HOLD: %s" % fault)
        return FAULT
    except BaseException as error:  # an error that a stranger's folder causes must never count as a proof
        say("DOES NOT HOLD: it cannot be read as it should be: %s: %s" % (type(error).__name__, error))
        return FAULT
    finally:
        for each in trust.aside:
            os.unlink(each)
    if trust.doubts:
        say("all that was checked holds, BUT: %s" % "; ".join(trust.doubts))
        return DOUBT
    say("proven, with the key and the roots that you gave")
    return PROVEN


def main(arguments):
    """Read the command line; return the exit code."""
    options = {"--key": None, "--roots": None}
    rest = list(arguments)
    paths = []
    while rest:
        each = rest.pop(0)
        if each in options and rest:
            options[each] = rest.pop(0)
        elif each.startswith("-"):
            paths = []
            break
        else:
            paths.append(each)
    if len(paths) != 1 or not os.path.isdir(paths[0]):
        print(__doc__)
        return USAGE
    return check(paths[0], options["--key"], options["--roots"])


def run_main():
    """Run as a program; an answer that nobody could read is none, and never the code 1."""
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except OSError:
        code = FAULT
    # Not sys.exit: it would flush a pipe once more that nobody reads, and fail.
    os._exit(code)


if __name__ == "__main__":
    run_main()
