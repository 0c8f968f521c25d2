"""A guess at what a stranger's PDF is, from a few bounded searches in its bytes; no object is followed.

A file that is not a copy may be built to keep a PDF reader busy for as long as it likes. So nothing here parses a PDF:
it only answers what somebody would ask who was told "this is not a copy". Nothing here is verified.

Files are searched piece by piece, and other threads get their turn before each piece: in a service, they serve pages. A
search in C keeps all of them waiting until it ends, and a thread that does not offer its turn keeps it for 5 ms.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from time import sleep

MAX_ATTACHMENT = 2 * 1024 * 1024
_ENDS = 2048  # bytes at the end in which a PDF says where its cross-references are
_PIECE = 128 * 1024  # bytes; the slowest pattern takes three milliseconds for so many
_LONGEST = 64  # bytes that one of the patterns below matches at most, where they are searched by pieces
_MARK = b"/mailmart-privacy"
_RANGE = re.compile(rb"/ByteRange\s{0,8}\[")
_ENCRYPTED = re.compile(rb"/Encrypt\s{0,8}(?:[0-9]{1,10}\s{1,8}[0-9]{1,5}\s{1,8}R|<<)")
_JSON = re.compile(rb"<<[^<>]{0,64}/Type /EmbeddedFile[^<>]{0,32}/Subtype /application#2fjson")
_STREAM = re.compile(rb"/Filter /FlateDecode[^<>]{0,64}>>\s{0,2}stream\r?\n")
_RECIPIENT = re.compile(rb"/T \(Recipient\)[^<>]{0,600}/V <([0-9a-f]{0,4096})>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """What a file seems to be.

    Attributes:
        complete: whether it ends as a PDF does.
        encrypted: whether it says that it is encrypted.
        signed: whether it carries anybody's signature.
        marked: whether a signature in it says that this package made it.
    """

    complete: bool
    encrypted: bool
    signed: bool
    marked: bool


def scan_file(pdf: bytes) -> Scan:
    """Scan a file."""
    end = pdf[-_ENDS:]
    return Scan(
        complete=b"%%EOF" in end and b"startxref" in end,
        encrypted=_has(pdf, _ENCRYPTED),
        signed=_has(pdf, _RANGE),
        marked=find_by_pieces(pdf, _MARK) >= 0,
    )


def find_by_pieces(content: bytes, wanted: bytes, start: int = 0) -> int:
    """Find bytes as `bytes.find` does, but let other threads run meanwhile.

    Args:
        content: what to search.
        wanted: what to find.
        start: where to begin.

    Returns:
        Where it begins first; -1 where it is not.
    """
    for begin in _list_pieces(content, start):
        place = content.find(wanted, begin, begin + _PIECE + len(wanted) - 1)
        if place >= 0:
            return place
    return -1


def _has(content: bytes, pattern: re.Pattern[bytes]) -> bool:
    return any(pattern.search(content, begin, begin + _PIECE + _LONGEST) for begin in _list_pieces(content))


def _list_pieces(content: bytes, start: int = 0) -> Iterator[int]:
    for begin in range(start, len(content), _PIECE):
        sleep(0)  # lets a thread run that waits; if none does, it takes microseconds
        yield begin


def find_attached_json(pdf: bytes) -> bytes | None:
    """Find the JSON file that a PDF carries, where it is attached as forms attach it: `policy.json`."""
    found = _JSON.search(pdf)
    stream = None if found is None else _STREAM.search(pdf, found.end(), found.end() + 1024)
    if stream is None:
        return None
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(pdf[stream.end() : stream.end() + MAX_ATTACHMENT], MAX_ATTACHMENT)
    except zlib.error:
        return None
    return content if unpacking.eof else None


def find_claimed_recipient(pdf: bytes) -> str:
    """Find the name in the last field `Recipient` of a file; empty if there is none."""
    named = [found[1] for found in _RECIPIENT.finditer(pdf)]
    try:
        content = bytes.fromhex(named[-1].decode("ascii") if named else "")
        return content[2:].decode("utf-16-be") if content[:2] == b"\xfe\xff" else content.decode("ascii")
    except ValueError:
        return ""
