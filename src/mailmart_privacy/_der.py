"""DER (ITU-T X.690, 8 and 10) in canonical form: a strict reader and a writer, for CMS and timestamps.

The reader refuses what DER does not allow, and returns contents, never a whole value with its tag and length: what is
written again is written from what was understood. The exceptions are named: `Reader.take` returns a value whole, for
certificates and names, which other code parses. cryptography has a module of its own for ASN.1 since 47.0, which its
documentation calls unstable; so it is not used.
"""

import datetime
from functools import lru_cache

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x18, 0x30, 0x31


class DerError(ValueError):
    """Some bytes are not in DER, or not the value that was expected."""


def tagged(number: int) -> int:
    """Return the tag of a constructed context-specific value, for instance 0xA0 for [0]."""
    return 0xA0 | number


class Reader:
    """Reads one value after another from the content of a constructed value.

    Args:
        content: the bytes to read.
    """

    __slots__ = ("_content", "_place")

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    def next_tag(self) -> int | None:
        """Return the tag of the next value, or None at the end."""
        return self._content[self._place] if self._place < len(self._content) else None

    def take(self) -> bytes:
        """Read the next value whole: tag, length and content.

        Raises:
            DerError: there is none, or its tag or length is not in DER.
        """
        start = self._place
        _, self._place = self._find_value()
        return self._content[start : self._place]

    def _find_value(self) -> tuple[int, int]:
        """Find where the content of the next value begins and ends."""
        start, content = self._place, self._content
        if start + 2 > len(content):
            raise DerError("a value is cut off")
        if content[start] & 0x1F == 0x1F:
            raise DerError("a tag above 30 is not used here")
        body, length = start + 2, content[start + 1]
        if length >= 0x80:
            octets = content[body : body + (length & 0x7F)]
            length = int.from_bytes(octets, "big")
            if not 1 <= len(octets) <= 4 or octets[0] == 0 or length < 0x80 or len(octets) != content[start + 1] & 0x7F:
                raise DerError("a length is not in DER")
            body += len(octets)
        if body + length > len(content):
            raise DerError("a value is cut off")
        return body, body + length

    def read(self, tag: int) -> bytes:
        """Read the content of the next value.

        Args:
            tag: the tag that it must have.

        Raises:
            DerError: there is no such value here, or it is not in DER.
        """
        content, place = self._content, self._place
        body = place + 2
        if body <= len(content) and content[place] == tag and (length := content[place + 1]) < 0x80:  # most values
            end = body + length
            if end > len(content):
                raise DerError("a value is cut off")
        else:
            if self.next_tag() != tag:
                raise DerError(f"expected a value with tag {tag:#04x}, found {self.next_tag() or 0:#04x}")
            body, end = self._find_value()
        self._place = end
        return content[body:end]

    def enter(self, tag: int = SEQUENCE) -> "Reader":
        """Read the next value, which is constructed, and return a reader of its content."""
        return Reader(self.read(tag))

    def integer(self) -> int:
        """Read an INTEGER in its shortest form (8.3.2)."""
        content = self.read(INTEGER)
        value = int.from_bytes(content, "big", signed=True)
        if not content or (len(content) > 1 and value == int.from_bytes(content[1:], "big", signed=True)):
            raise DerError("an integer is not in DER")  # without its first octet it would mean the same
        return value

    def oid(self) -> str:
        """Read an OBJECT IDENTIFIER, for instance "1.2.840.113549.1.7.2"."""
        return _decode_oid(self.read(OID))

    def boolean(self) -> bool:
        """Read a BOOLEAN, which is 00 or FF (11.1)."""
        content = self.read(BOOLEAN)
        if content not in (b"\x00", b"\xff"):
            raise DerError("a boolean is not in DER")
        return content == b"\xff"

    def moment(self) -> datetime.datetime:
        """Read a GeneralizedTime in UTC (11.7), with a fraction of a second or without."""
        return _decode_moment(self.read(GENERALIZED_TIME))

    def end(self) -> None:
        """Require that nothing follows.

        Raises:
            DerError: something does.
        """
        if self._place != len(self._content):
            raise DerError("more follows than was expected")


def read_only(content: bytes, tag: int = SEQUENCE) -> Reader:
    """Return a reader of the content of a value that nothing follows."""
    outer = Reader(content)
    inner = outer.enter(tag)
    outer.end()
    return inner


def encode(tag: int, *contents: bytes) -> bytes:
    """Write a value: its tag, its length, its contents one after the other (8.1)."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def encode_set(values: "list[bytes]", tag: int = SET) -> bytes:
    """Write a SET OF: its values sorted by their bytes (11.6).

    As one value is never the beginning of another, Python's order is that of the standard.
    """
    return encode(tag, *sorted(values))


def encode_integer(value: int) -> bytes:
    """Write an INTEGER."""
    return encode(INTEGER, value.to_bytes(((value + (value < 0)).bit_length()) // 8 + 1, "big", signed=True))


@lru_cache(256)  # few are in use, and each again and again
def encode_oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER (8.19), given as for instance "1.2.840.113549.1.7.2"."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(octets))
    return encode(OID, content)


@lru_cache(256)
def _decode_oid(content: bytes) -> str:
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise DerError("an object identifier is not in DER")
    arcs, value, fresh = [], 0, True
    for octet in content:
        if fresh and octet == 0x80:
            raise DerError("an object identifier is not in DER")
        value, fresh = value << 7 | octet & 0x7F, not octet & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _decode_moment(content: bytes) -> datetime.datetime:
    text = content.decode("ascii", errors="replace")
    whole, dot, fraction = text.removesuffix("Z").partition(".")
    plain = whole.isascii() and whole.isdigit() and len(whole) == 14 and text.endswith("Z")
    exact = fraction.isascii() and fraction.isdigit() and not fraction.endswith("0") if dot else not fraction
    if not plain or not exact or len(fraction) > 12:
        raise DerError("a time is not in DER")
    month, day, hour, minute, second = (int(whole[place : place + 2]) for place in range(4, 14, 2))
    try:  # strptime takes ten times as long
        moment = datetime.datetime(int(whole[:4]), month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        raise DerError("a time does not exist") from None
    return moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
