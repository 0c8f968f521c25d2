"""Evidence for one file of an archive, as a bag that anybody can check (BagIt 1.0, RFC 8493)."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest
from typing import TYPE_CHECKING

from .. import _resources
from ..errors import MissingExtraError
from ..policy.render import environment
from .anchors import choose_chain
from .archive import Archive
from .entries import LogEntry
from .layout import KEY
from .lookup import read_present
from .proofs import SUFFIX, write_proof
from .tlog.notes import parse_key

try:
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from .anchors import Anchor
    from .entries import File

SCRIPT = "verify_archive.py"
_PAGE, _COPY = "READ-ME-FIRST.html", "copy.pdf"


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """What the page of a bag says in addition to what is proven. Empty texts are left out.

    Attributes:
        customer: the name of the customer that the copy was made out to.
        reference: of the copy.
        issuer: the name in the certificate that signed the copy.
        matter: the matter that the evidence is for.
        made_by: the person who gathered it.
        withdrawn_at: when the copy was withdrawn (aware, UTC), or None.
        withdrawn_because: the reason of that.
    """

    customer: str = ""
    reference: str = ""
    issuer: str = ""
    matter: str = ""
    made_by: str = ""
    withdrawn_at: datetime.datetime | None = None
    withdrawn_because: str = ""


NO_OCCASION = Occasion()


def gather_evidence(
    archive: Archive,
    found: LogEntry,
    file: "File",
    *,
    policy: "Iterable[File]",
    anchors: "Sequence[Anchor]",
    at: datetime.datetime,
    published: int | None = None,
    occasion: Occasion = NO_OCCASION,
) -> dict[str, bytes]:
    """Gather all that shows what a file is, and when it was archived.

    Args:
        archive: which.
        found: the file's entry.
        file: one of those that the entry covers.
        policy: the files of the version that it is of.
        anchors: those of the archive that were verified.
        at: now (aware).
        published: the number of the version's entry, so that its files are proven, too.
        occasion: what the page says besides.

    Returns:
        The files of the bag: names and contents.

    Raises:
        UsageError: the file was removed.
        ArchiveError: its entry is not published yet.
        TamperedError: the file, or one of the version's, was changed or is missing.
    """
    contents = {each.name: read_present(archive, each, found.entry.recipient) for each in found.entry.files}
    chain = choose_chain(found.number, anchors, at)
    is_copy = found.entry.kind == "customer-copy"
    name = _COPY if is_copy else file.name.rpartition("/")[2]
    proof = f"{name.rpartition('.')[0]}{SUFFIX}"
    checkpoint = chain[0].checkpoint if chain else archive.checkpoint()
    key = archive.keys.signer_of(checkpoint.note)
    files = {
        proof: write_proof(archive, found.number, checkpoint),
        "entry.json": found.content,
        KEY: f"{key}\n".encode(),
        SCRIPT: read_script(),
    }
    for count, rotation in enumerate(archive.keys.since(key), 1):
        files[f"key-rotation-{count}{SUFFIX}"] = rotation.proof
    if published is not None and is_copy:
        files[f"policy{SUFFIX}"] = write_proof(archive, published, checkpoint)
    files |= {_COPY if is_copy else each.rpartition("/")[2]: content for each, content in contents.items()}
    for position, anchor in enumerate(chain):
        files |= _anchor_files(archive, anchor, _name_anchor(position))
        if position:
            covered = write_proof(archive, chain[position - 1].entry.number, anchor.checkpoint)
            files[f"{_name_anchor(position)}{SUFFIX}"] = covered
    files |= {f"policy/{each.name.rpartition('/')[2]}": read_present(archive, each) for each in policy}
    files[_PAGE] = _render(archive, found, name, file, proof, chain, occasion, at, str(key))
    return _pack(files, archive.metadata.origin, at)


def read_script() -> bytes:
    """Read the program that checks an archive, or evidence from one, and needs only Python."""
    return _resources.read_template(SCRIPT)


def _name_anchor(position: int) -> str:
    return f"anchor-{position + 1}" if position else "anchor"


def _anchor_files(archive: Archive, anchor: "Anchor", name: str) -> dict[str, bytes]:
    contents = {file.name.rpartition(".")[2]: read_present(archive, file) for file in anchor.entry.entry.files}
    *between, root = anchor.path
    pems = [each.public_bytes(Encoding.PEM) for each in between]
    return {
        f"{name}.checkpoint": contents["checkpoint"],
        f"{name}.tsr": contents["tsr"],
        f"{name}-revocation.json": contents["json"],
        f"{name}-certificates.pem": b"".join(pems) or root.public_bytes(Encoding.PEM),
        f"{name}-roots.pem": root.public_bytes(Encoding.PEM),
    }


def _render(
    archive: Archive,
    found: LogEntry,
    name: str,
    file: "File",
    proof: str,
    chain: "list[Anchor]",
    occasion: Occasion,
    at: datetime.datetime,
    key: str,
) -> bytes:
    return (
        environment()
        .get_template("evidence.html")
        .render(
            copy={"name": name, "size": file.size, "digest": file.digest},
            entry=found.entry,
            number=found.number,
            origin=archive.metadata.origin,
            key=key,
            rotations=len(archive.keys.since(parse_key(key))),
            occasion=occasion,
            made_at=at,
            anchor=chain[0] if chain else None,
            # Each one is judged for the time of the next, which covers it; the last one for the time of the check.
            stamps=[
                (_name_anchor(position), each, int(after.moment.timestamp()) if after else None)
                for position, (each, after) in enumerate(zip_longest(chain, chain[1:]))
            ],
            proof=proof,
        )
        .encode()
    )


def _pack(files: dict[str, bytes], origin: str, at: datetime.datetime) -> dict[str, bytes]:
    """Pack files into a bag: their payload, its manifest, and the manifest of what is beside it."""
    payload = {f"data/{name}": content for name, content in sorted(files.items())}
    size = sum(map(len, payload.values()))
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": (
            f"Bagging-Date: {at:%Y-%m-%d}\nExternal-Identifier: {origin}\nPayload-Oxum: {size}.{len(payload)}\n"
        ).encode(),
        "manifest-sha256.txt": _list(payload),
    }
    return payload | tags | {"tagmanifest-sha256.txt": _list(tags)}


def _list(files: dict[str, bytes]) -> bytes:
    return "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()
