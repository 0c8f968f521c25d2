"""Witnesses sign a checkpoint after they have verified that it continues the previous one (C2SP tlog-witness)."""

import base64
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import ArchiveError, UsageError, one_line
from .tlog.merkle import prove_consistency
from .tlog.notes import Checkpoint, NoteKey, parse_key, read_cosignatures

if TYPE_CHECKING:
    from .archive import Archive

_TIMEOUT = 15.0
_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness.

    Attributes:
        key: its public key.
        url: the prefix that checkpoints are submitted to.
    """

    key: NoteKey
    url: str


def parse_witness(text: str) -> Witness:
    """Read a witness as "VKEY=URL".

    Raises:
        UsageError: it is not a witness.
    """
    encoded, _, url = re.split(r"(=)(?=https?://)", text, maxsplit=1) if "=http" in text else (text, "", "")
    try:
        key = parse_key(encoded)
    except ValueError:
        key = None
    if key is None or not url:
        raise UsageError(f"{text!r} is not a witness; write its key and its address: NAME+ID+KEY=https://…")
    return Witness(key, url.rstrip("/"))


def cosign(archive: "Archive", checkpoint: Checkpoint, witnesses: "tuple[Witness, ...]") -> Checkpoint:
    """Have a checkpoint signed by witnesses.

    Args:
        archive: whose log.
        checkpoint: its published state.
        witnesses: all of whom have to sign.

    Returns:
        The checkpoint, with their signatures in its note.

    Raises:
        ArchiveError: a witness did not sign; the message gives its answer.
    """
    for witness in witnesses:
        status, body = _submit(archive, checkpoint, witness, 0)
        known = re.fullmatch(rb"([1-9][0-9]{0,17})\n", body) if status == 409 else None
        if known is not None and int(known[1]) <= checkpoint.size:  # what it has seen last
            status, body = _submit(archive, checkpoint, witness, int(known[1]))
        said = replace(checkpoint, note=checkpoint.note + body)
        if status != 200 or not body.endswith(b"\n") or not read_cosignatures(said.note, (witness.key,)):
            answer = one_line(ValueError(body.decode(errors="replace")[:200])) if body.strip() else "and nothing else"
            raise ArchiveError(f"witness {witness.key.name} did not sign the checkpoint: HTTP {status} {answer}")
        checkpoint = said
    return checkpoint


def _submit(archive: "Archive", checkpoint: Checkpoint, witness: Witness, old: int) -> tuple[int, bytes]:
    path = prove_consistency(old, checkpoint.size, archive.log.tiles(checkpoint.size).subtree) if old else []
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in path), "", ""]
    body = "\n".join(lines).encode() + checkpoint.note
    request = urllib.request.Request(f"{witness.url}/add-checkpoint", data=body)  # noqa: S310 - by HTTP, as parsed
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return answer.status, answer.read(_LIMIT)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_LIMIT)
    except (OSError, ValueError) as error:
        raise ArchiveError(f"witness {witness.key.name} cannot be reached: {one_line(error)}") from None
