"""Checks an archive of MailMart's privacy policy, or evidence from one. Needs Python 3.8 or later, and nothing else.

    python3 verify_archive.py FOLDER [--key log.vkey]

FOLDER is an archive (it has archive.json), or the folder of a bag of evidence (it has a .tlog-proof).
Give --key with a copy of the log's public key that you had from elsewhere; otherwise the one in the folder is used.
Exit code 0: all holds; 4: it does not, and the output says why; 2: the folder is neither;
1: all holds but the timestamp, which cannot be checked here, for lack of OpenSSL.
"""

import base64
import calendar
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

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


def read_checkpoint(note, vkey):
    """Read a signed checkpoint: its size and root (C2SP tlog-checkpoint)."""
    name, key_id, encoded = vkey.strip().split("+", 2)
    public = base64.b64decode(encoded)[1:]
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    for line in signatures.decode().splitlines():
        _, signer, signature = line.split(" ")
        raw = base64.b64decode(signature)
        if signer == name and raw[:4].hex() == key_id and is_signed(public, text, raw[4:]):
            origin, size, root = text.decode().split("\n")[:3]
            require(origin == name, "the checkpoint is of another log")
            return int(size), base64.b64decode(root)
    raise Fault("the checkpoint is not signed with the log's key")


class Fault(Exception):
    """Something does not hold."""


def require(condition, words):
    """Say what is wrong."""
    if not condition:
        raise Fault(words)


def hash_leaf(entry):
    """Hash an entry (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\0" + entry).digest()


def hash_node(left, right):
    """Hash two subtrees (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def read(*parts):
    """Read a file."""
    with open(os.path.join(*parts), "rb") as file:
        return file.read()


def digest(path):
    """Take the SHA-256 of a file."""
    return hashlib.sha256(read(path)).hexdigest()


def read_states(folder, vkey):
    """Read the states of the log that were signed: its checkpoint, and those that an authority has stamped."""
    size, root = read_checkpoint(read(folder, "log", "checkpoint"), vkey)
    states = {size: [(root, "log/checkpoint")]}
    anchors = os.path.join(folder, "anchors")
    for name in sorted(os.listdir(anchors) if os.path.exists(anchors) else []):
        if name.endswith(".checkpoint"):
            size, root = read_checkpoint(read(anchors, name), vkey)
            states.setdefault(size, []).append((root, "anchors/" + name))
    return states


def check_archive(folder, vkey):
    """Check a whole archive: commits against signed states, entries against files, files against entries."""
    states = read_states(folder, vkey)
    stack, number, entries, erased, faults = [], 0, [], set(), []
    while True:
        path = os.path.join(folder, "commits", "%08d" % (number // 10000), "%012d.jsonl" % number)
        if not os.path.exists(path):
            break
        for entry in read(path).split(b"\n")[:-1]:
            stack.append((1, hash_leaf(entry)))
            while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
                (width, right), (_, left) = stack.pop(), stack.pop()
                stack.append((2 * width, hash_node(left, right)))
            number += 1
            entries.append(json.loads(entry))
            if number in states:
                top = stack[-1][1]
                for _, left in reversed(stack[:-1]):
                    top = hash_node(left, top)
                for root, source in states[number]:
                    require(top == root, "%s is of other entries than those that are here" % source)
    size = max(states)
    require(number >= size, "%s is of %d entries, and here are %d" % (states[size][0][1], size, number))
    for entry in entries:
        if entry["predicate"]["kind"] == "erasure":
            erased.add(entry["predicate"]["recipient"])
    named = set()
    for entry in entries:
        for subject in entry["subject"]:
            name, path = subject["name"], os.path.join(folder, *subject["name"].split("/"))
            named.add(name)
            if os.path.exists(path):
                if digest(path) != subject["digest"]["sha256"]:
                    faults.append("%s was changed" % name)
            elif entry["predicate"].get("recipient") not in erased:
                faults.append("%s is missing" % name)
    for kind in ("copies", "versions", "anchors"):
        for above, _, files in os.walk(os.path.join(folder, kind)):
            for file in files:
                name = os.path.relpath(os.path.join(above, file), folder).replace(os.sep, "/")
                if name not in named:
                    faults.append("%s has no entry" % name)
    require(not faults, "\n".join(faults))
    print("%d entries, %d files: every entry has its files, and every file its entry" % (number, len(named)))
    return True


def read_proof(content, vkey):
    """Read a proof that an entry is in the log (C2SP tlog-proof): its number, the entry, the size, the checkpoint."""
    head, _, note = content.partition(b"\n\n")
    header, extra, index, *path = head.decode().split("\n")
    require(header == "c2sp.org/tlog-proof@v1", "the proof is of another format")
    size, root = read_checkpoint(note, vkey)
    entry = base64.b64decode(extra.split(" ")[1])
    number = int(index.split(" ")[1])
    node, last, found = number, size - 1, hash_leaf(entry)
    require(0 <= node <= last, "the proof is for an entry that its log does not have")
    for sibling in map(base64.b64decode, path):
        require(last > 0, "the proof has too many hashes")
        if node & 1 or node == last:
            found = hash_node(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = hash_node(found, sibling)
        node, last = node >> 1, last >> 1
    require(last == 0 and found == root, "the proof shows nothing: the entry is not in the log")
    return number, entry, size, note


def check_evidence(folder, vkey):
    """Check evidence of one file: the file against its entry, the entry against the log, the timestamps."""
    proofs = (name for name in sorted(os.listdir(folder)) if name.endswith(".tlog-proof"))
    proof = next(name for name in proofs if not name.startswith("anchor-"))
    number, entry, size, note = read_proof(read(folder, proof), vkey)
    document = json.loads(entry)
    for subject in document["subject"]:
        path = os.path.join(folder, subject["name"].split("/")[-1])
        require(os.path.exists(path), "%s is missing" % os.path.basename(path))
        require(digest(path) == subject["digest"]["sha256"], "%s was changed" % os.path.basename(path))
    claims = document["predicate"]
    require(read(folder, "entry.json") == entry, "entry.json is not the entry that the proof is of")
    text = os.path.join(folder, "policy", "policy.txt")
    require(digest(text) == claims["policy_digest"], "policy/policy.txt is not the text that the entry names")
    print("this is entry %d of the log %s, whose checkpoint has %d entries" % (number, vkey.split("+")[0], size))
    print("it was not changed since it was logged; what it claims:")
    for name in ("version", "effective_at", "issued_at", "recorded_at"):
        if name in claims:
            print("  %-13s %s" % (name, claims[name]))
    if not os.path.exists(os.path.join(folder, "anchor.tsr")):
        print("there is no timestamp: that it was logged in time rests on the archive's word")
        return True
    require(read(folder, "anchor.checkpoint") == note, "the timestamp is over another checkpoint than the proof's")
    return check_timestamps(folder, vkey)


def check_timestamps(folder, vkey):
    """Check the timestamps: each one but the last for the time of the next, which covers it (RFC 4998, 5.2).

    Returns whether that could be done: it takes OpenSSL.
    """
    names = ["anchor"]
    while os.path.exists(os.path.join(folder, "anchor-%d.tsr" % (len(names) + 1))):
        names.append("anchor-%d" % (len(names) + 1))
    for before, name in zip(names, names[1:]):
        _, entry, _, note = read_proof(read(folder, name + ".tlog-proof"), vkey)
        require(read(folder, name + ".checkpoint") == note, "%s.tsr is over another checkpoint than its proof" % name)
        covered = {subject["digest"]["sha256"] for subject in json.loads(entry)["subject"]}
        for kind in (".tsr", ".checkpoint"):
            require(
                digest(os.path.join(folder, before + kind)) in covered, "%s does not cover %s%s" % (name, before, kind)
            )
    has_openssl = shutil.which("openssl") is not None
    moments = [read_moment(folder, name + ".tsr") if has_openssl else (None, "") for name in names]
    for name, (until, _) in zip(names, [*moments[1:], (None, "")]):
        command = ["openssl", "ts", "-verify", "-data", name + ".checkpoint", "-in", name + ".tsr"]
        command += ["-CAfile", name + "-roots.pem", "-untrusted", name + "-certificates.pem"]
        command += ["-attime", "%d" % until] if until else []
        print("the timestamp over %s is checked by: %s" % ("it" if name == "anchor" else "that", " ".join(command)))
        if has_openssl:
            code, output = run(command, folder)
            require(code == 0, output.strip())
    if not has_openssl:
        print("openssl is not on this machine, so the timestamp was not checked; run this on another one")
        return False
    print("the timestamp%s: all this was logged before %s" % ("s hold" if names[1:] else " holds", moments[0][1]))
    return True


def read_moment(folder, name):
    """Ask OpenSSL when a timestamp was made: in seconds since 1970, and as it writes it."""
    code, output = run(["openssl", "ts", "-reply", "-in", name, "-text"], folder)
    found = re.search(r"Time stamp: (\w+ +\d+ [\d:]+)(?:\.\d+)? (\d+) GMT", output)
    require(code == 0 and found is not None, "%s does not say when it was made" % name)
    moment = " ".join(found.groups())
    return calendar.timegm(time.strptime(moment, "%b %d %H:%M:%S %Y")), moment + " GMT"


def run(command, folder):
    """Run a program; return its exit code and what it printed."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace")


def main(arguments):
    """Run the command; return its exit code."""
    if len(arguments) not in (1, 3) or arguments[1:2] not in ([], ["--key"]):
        print(__doc__)
        return 2
    folder = arguments[0]
    try:
        names = os.listdir(folder)
        check = check_archive if "archive.json" in names else check_evidence
        if check is check_evidence and not any(name.endswith(".tlog-proof") for name in names):
            print("%s is neither an archive nor evidence from one" % folder)
            return 2
        vkey = read(arguments[2] if arguments[1:] else os.path.join(folder, "log.vkey")).decode()
        complete = check(folder, vkey)
    except Fault as fault:
        print(fault)
        return 4
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        print("cannot be read as it should be: %r" % (error,))
        return 4
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
