"""Frames on a socket: a line of JSON, and beside it the bytes of files."""

import asyncio
import json
import socket
import struct
from typing import Any, Generic, TypeVar, get_args

from ..errors import PrivacyError
from .codec import MessageError, decode, encode

Answer = TypeVar("Answer")
_HEAD = struct.Struct(">II")  # how long the JSON is, and how many files follow it
_LENGTH = struct.Struct(">I")
_MOST_JSON = 64 * 2**20
_MOST_PART = 256 * 2**20
_MOST_PARTS = 256


class Call(Generic[Answer]):
    """A request to another process; its parameter is the type of the answer."""

    __slots__ = ()

    @classmethod
    def answer_type(cls) -> Any:
        """Tell of which type the answer is."""
        return get_args(cls.__orig_bases__[0])[0]  # type: ignore[attr-defined]


class RefusedError(PrivacyError):
    """What was asked for cannot be done; a page says why in its own words.

    Attributes:
        code: for instance "unfit-name"; see docs/desk.md.
        words: what the library said.
        about: what it is about: a name, a reference, a matter.
    """

    code: str
    words: str
    about: str

    def __init__(self, code: str, words: str = "", about: str = "") -> None:
        super().__init__(words or code, code=code, words=words, about=about)


class ClosedError(PrivacyError):
    """The other process has gone."""


def write_call(call: Call[Any]) -> bytes:
    """Write the frame of a request."""
    parts: list[bytes] = []
    return _write({"call": type(call).__name__, "fields": encode(call, parts)}, parts)


def write_answer(answer: Any) -> bytes:
    """Write the frame of an answer."""
    parts: list[bytes] = []
    return _write({"answer": encode(answer, parts)}, parts)


def write_refusal(refusal: RefusedError) -> bytes:
    """Write the frame of an answer that is a refusal."""
    return _write({"refused": [refusal.code, refusal.words, refusal.about]}, [])


def read_call(document: Any, parts: list[bytes], known: dict[str, type[Call[Any]]]) -> Call[Any]:
    """Read a request.

    Raises:
        MessageError: it is not one of those that are known.
    """
    if not isinstance(document, dict) or document.keys() != {"call", "fields"} or document["call"] not in known:
        raise MessageError("a process of the desk was asked for something that it does not do")
    return decode(known[document["call"]], document["fields"], parts)


def read_answer(call: Call[Answer], document: Any, parts: list[bytes]) -> Answer:
    """Read the answer to a request.

    Raises:
        RefusedError: it was refused.
        MessageError: it is not the answer to this request.
    """
    if isinstance(document, dict) and document.keys() == {"refused"}:
        raise RefusedError(*decode(tuple[str, ...], document["refused"], parts)[:3])
    if not isinstance(document, dict) or document.keys() != {"answer"}:
        raise MessageError("a process of the desk gave an answer that cannot be read")
    answer: Answer = decode(call.answer_type(), document["answer"], parts)
    return answer


def receive(connection: socket.socket) -> tuple[Any, list[bytes]]:
    """Read a frame.

    Raises:
        ClosedError: the other side has gone.
        MessageError: it is not a frame.
    """
    size, count = _read_head(_receive(connection, _HEAD.size))
    document = _parse(_receive(connection, size))
    parts = []
    for _ in range(count):
        parts.append(_receive(connection, _read_length(_receive(connection, _LENGTH.size))))
    return document, parts


async def receive_async(reader: asyncio.StreamReader) -> tuple[Any, list[bytes]]:
    """Read a frame; errors are those of `receive`."""
    try:
        size, count = _read_head(await reader.readexactly(_HEAD.size))
        document = _parse(await reader.readexactly(size))
        parts = []
        for _ in range(count):
            parts.append(await reader.readexactly(_read_length(await reader.readexactly(_LENGTH.size))))
    except (asyncio.IncompleteReadError, OSError):
        raise ClosedError("another process of the desk has gone") from None
    return document, parts


def _write(document: Any, parts: list[bytes]) -> bytes:
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    framed = [_HEAD.pack(len(content), len(parts)), content]
    for part in parts:
        framed += [_LENGTH.pack(len(part)), part]
    return b"".join(framed)


def _read_head(head: bytes) -> tuple[int, int]:
    size, count = _HEAD.unpack(head)
    if size > _MOST_JSON or count > _MOST_PARTS:
        raise MessageError("a message of the desk is too long")
    return size, count


def _read_length(content: bytes) -> int:
    (length,) = _LENGTH.unpack(content)
    if length > _MOST_PART:
        raise MessageError("a file in a message of the desk is too long")
    return int(length)


def _parse(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise MessageError("a message of the desk is not JSON") from None


def _receive(connection: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        try:
            some = connection.recv(min(size - len(content), 2**20))
        except OSError:
            some = b""
        if not some:
            raise ClosedError("another process of the desk has gone")
        content += some
    return bytes(content)
