"""Evidence for one file of an archive, as a bag that anybody can check (BagIt 1.0, RFC 8493)."""

import datetime
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import zip_longest
from typing import TYPE_CHECKING

from .. import _resources
from ..errors import MissingExtraError, UsageError
from ..policy.render import environment
from .anchors import choose_chain
from .archive import Archive, LogEntry
from .layout import KEY
from .proofs import SUFFIX, write_proof

try:
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from .anchors import Anchor
    from .entries import File

SCRIPT = "verify_archive.py"
_PAGE = "READ-ME-FIRST.html"


def gather_evidence(
    archive: Archive,
    found: LogEntry,
    file: "File",
    *,
    policy: "Iterable[File]",
    anchors: "Sequence[Anchor]",
    at: datetime.datetime,
) -> dict[str, bytes]:
    """Gather all that shows what a file is, and when it was archived.

    Args:
        archive: which.
        found: the file's entry.
        file: one of those that the entry covers.
        policy: the files of the version that it is of.
        anchors: those of the archive that were verified.
        at: now (aware).

    Returns:
        The files of the bag: names and contents.

    Raises:
        UsageError: the file is no more.
        ArchiveError: its entry is not published yet.
        TamperedError: the file, or one of the version's, was changed.
    """
    content = archive.read_file(file)
    if content is None:
        raise UsageError(f"{file.name} is no longer there: its recipient was erased")
    chain = choose_chain(found.number, anchors, at)
    name = file.name.rpartition("/")[2]
    proof = f"{name.rpartition('.')[0]}{SUFFIX}"
    files = {
        proof: write_proof(archive, found.number, chain[0].checkpoint if chain else None),
        "entry.json": found.content,
        KEY: f"{archive.metadata.key}\n".encode(),
        SCRIPT: read_script(),
    }
    for other in found.entry.files:
        files[other.name.rpartition("/")[2]] = archive.read_file(other) or b""
    for position, anchor in enumerate(chain):
        files |= _anchor_files(archive, anchor, _name_anchor(position))
        if position:
            covered = write_proof(archive, chain[position - 1].entry.number, anchor.checkpoint)
            files[f"{_name_anchor(position)}{SUFFIX}"] = covered
    files |= {f"policy/{each.name.rpartition('/')[2]}": archive.read_file(each) or b"" for each in policy}
    files[_PAGE] = _render(archive, found, name, file, proof, chain)
    return _pack(files, archive.metadata.origin, at)


def read_script() -> bytes:
    """Read the program that checks an archive, or evidence from one, with nothing but Python."""
    return _resources.read_template(SCRIPT)


def _name_anchor(position: int) -> str:
    return f"anchor-{position + 1}" if position else "anchor"


def _anchor_files(archive: Archive, anchor: "Anchor", name: str) -> dict[str, bytes]:
    contents = {file.name.rpartition(".")[2]: archive.read_file(file) or b"" for file in anchor.entry.entry.files}
    *between, root = anchor.path
    pems = [each.public_bytes(Encoding.PEM) for each in between]
    return {
        f"{name}.checkpoint": contents["checkpoint"],
        f"{name}.tsr": contents["tsr"],
        f"{name}-revocation.json": contents["json"],
        f"{name}-certificates.pem": b"".join(pems) or root.public_bytes(Encoding.PEM),
        f"{name}-roots.pem": root.public_bytes(Encoding.PEM),
    }


def _render(archive: Archive, found: LogEntry, name: str, file: "File", proof: str, chain: "list[Anchor]") -> bytes:
    made = environment().overlay()
    made.filters["moment"] = lambda moment: f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return (
        made.get_template("evidence.html")
        .render(
            copy={"name": name, "size": file.size, "digest": file.digest},
            entry=found.entry,
            number=found.number,
            origin=archive.metadata.origin,
            anchor=chain[0] if chain else None,
            # Each one is judged for the time of the next, which covers it; the last one for that of who asks.
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
