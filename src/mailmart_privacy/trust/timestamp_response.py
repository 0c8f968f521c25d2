"""What is asked of a timestamp authority, and what it answers (RFC 3161, 2.4)."""

from dataclasses import dataclass

from .. import _der as der
from .._unicode import show_name
from .token_algorithms import SHA256_WITH_NULL

_STATUSES = ("granted", "granted with mods", "rejection", "waiting", "revocation warning", "revocation notification")
_FAILURES = {
    0: "bad algorithm",
    2: "bad request",
    5: "bad data format",
    14: "time not available",
    15: "unaccepted policy",
    16: "unaccepted extension",
    17: "additional information not available",
    25: "system failure",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampResponse:
    """An answer.

    Attributes:
        status: as RFC 3161, 2.4.2, names it, for instance "granted".
        words: what else the authority says, in one line; or empty.
        token: the token in DER; empty where none was granted.
    """

    status: str
    words: str
    token: bytes


def write_request(digest: bytes, nonce: int) -> bytes:
    """Write a request for a timestamp of a SHA-256 digest, with the authority's certificate (2.4.1)."""
    imprint = der.encode(der.SEQUENCE, SHA256_WITH_NULL, der.encode(der.OCTET_STRING, digest))
    certificate = der.encode(der.BOOLEAN, b"\xff")
    return der.encode(der.SEQUENCE, der.encode_integer(1), imprint, der.encode_integer(nonce), certificate)


def write_response(token: bytes) -> bytes:
    """Write an answer that grants a token."""
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_integer(0)), token)


def read_response(content: bytes) -> TimestampResponse:
    """Read an answer.

    Raises:
        ValueError: it is not one.
    """
    outer = der.read_only(content)
    information = outer.enter()
    number = information.integer()
    words: list[str] = []
    if information.next_tag() == der.SEQUENCE:
        listed = information.enter()
        while listed.next_tag() is not None:
            words.append(show_name(listed.read(der.UTF8_STRING).decode()))
    if information.next_tag() == der.BIT_STRING:
        words += _read_failures(information.read(der.BIT_STRING))
    information.end()
    granted = number in (0, 1)
    token = outer.take() if granted else b""
    if granted:
        outer.end()
    status = _STATUSES[number] if 0 <= number < len(_STATUSES) else f"status {number}"
    return TimestampResponse(status=status, words="; ".join(words), token=token)


def _read_failures(content: bytes) -> list[str]:
    bits = "".join(f"{octet:08b}" for octet in content[1:])
    return [_FAILURES.get(place, f"failure {place}") for place, bit in enumerate(bits[:64]) if bit == "1"]
