"""Certified form → signed copy: the one step, one incremental update (ISO 32000-1, 7.5.6).

The update fills in the three fields and signs `Delivery`, PAdES B-B (ETSI EN 319 142-1), or B-T
where a timestamp is put into the signature's container. It is
written here, from what `certify` noted, so that a copy costs a signature and not the reading of a
PDF. What it writes, pyHanko and other validators read: the tests hold it to that.
"""

import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from .._time import require_moment
from ..errors import IdentityError, LevelError, UsageError
from ..keys.identity import require_valid
from ..pdf.appearance import clean_value, show_lines, signature_lines
from ..pdf.cms import TOKEN_ROOM
from .typesetting import WORDS, require_room, typeset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..keys.identity import Identity
    from ..typesetting.fonts import Typeface
    from ..typesetting.subset import Embedded
    from .blank import Blank
    from .certified import CertifiedForm, FormField

DELIVERY = "Delivery"
REASON = "Delivery of the privacy policy"
_RANGE = b"[0 %010d %010d %010d]"


def issue_copy(
    certified: "CertifiedForm",
    *,
    recipient: str,
    reference: str,
    issued_at: datetime.datetime,
    identity: "Identity",
    stamp: "Callable[[bytes], bytes] | None" = None,
    fonts: "Sequence[Typeface]" = (),
) -> bytes:
    """Issue a signed copy: fill in the fields of a certified form, and sign.

    Args:
        certified: what `certify` returned for the same identity.
        recipient: whom the copy is addressed to.
        reference: what the copy is called, for instance a contract's number.
        issued_at: the moment of it (aware).
        identity: who signs.
        stamp: gets a timestamp token (RFC 3161, DER) for a signature, or None for a copy without one.
        fonts: for characters that the form's font does not have, the preferred one first.

    Returns:
        The copy; it begins with the certified form's own bytes.

    Raises:
        RecipientError: the recipient or the reference cannot stand in its field.
        IdentityError: the identity may not sign at that moment, or did not certify the form.
        UsageError: the moment is naive, or before the form was certified.
        LevelError: the form was certified without a timestamp, and has no room for one.
    """
    require_moment(issued_at)
    require_valid(identity, issued_at)
    if certified.identity != identity.digest:
        raise IdentityError("the form was certified by another identity; certify it with this one first")
    if issued_at < certified.signing_time:
        raise UsageError(f"the copy would be older than its form, which was certified on {certified.signing_time}")
    if stamp is not None and certified.level == "B-B":
        raise LevelError("level B-T cannot be reached: the form was certified at level B-B; certify it at B-T first")
    update = fill_form(
        certified,
        recipient=recipient,
        reference=reference,
        issued_at=issued_at,
        identity=identity,
        stamped=stamp is not None,
        fonts=fonts,
    )
    return update.seal(certified.cms.fill(update.digest(), identity.sign, stamp))


def fill_form(
    certified: "CertifiedForm",
    *,
    recipient: str,
    reference: str,
    issued_at: datetime.datetime,
    identity: "Identity",
    stamped: bool,
    fonts: "Sequence[Typeface]" = (),
) -> "Update":
    """Write the update of a copy, all but the signature itself; `issue_copy` says what is what.

    Args:
        stamped: whether there is to be room for a timestamp.

    Returns:
        The update; its digest is what is signed.
    """
    update = Update(certified, stamped=stamped)
    update.fill("Recipient", recipient, fonts)
    update.fill("Reference", reference, fonts)
    update.fill("IssuedAt", format_moment(issued_at))
    update.sign(identity, issued_at)
    update.close()
    return update


def complete_values(
    certified: "CertifiedForm | Blank",
    recipient: str,
    reference: str | None,
    issued_at: datetime.datetime,
    fonts: "Sequence[Typeface]" = (),
) -> tuple[str, str]:
    """Bring what a copy says into the form in which it is filled in.

    Args:
        certified: the form, certified or not.
        recipient: whom the copy is addressed to.
        reference: what the copy is called, or None for its day and a digest.
        issued_at: the moment of it (aware).
        fonts: for characters that the form's font does not have.

    Returns:
        The recipient and the reference, as they will stand in their fields.

    Raises:
        RecipientError: one of them cannot.
    """
    recipient = clean_value("recipient", recipient)
    reference = clean_value("reference", default_reference(recipient, issued_at) if reference is None else reference)
    require_room(certified, "Recipient", recipient, fonts)
    require_room(certified, "Reference", reference, fonts)
    return recipient, reference


def default_reference(recipient: str, issued_at: datetime.datetime) -> str:
    """Make the reference of a copy for which none was given: its day, and a digest of what sets it apart."""
    moment = issued_at.astimezone(datetime.UTC)
    digest = sha256("\n".join((recipient, moment.isoformat())).encode()).hexdigest()
    return f"{moment:%Y%m%d}-{digest[:8].upper()}"


def format_moment(moment: datetime.datetime) -> str:
    """Write a moment as the form shows it: "2026-02-24 09:00:00 UTC"."""
    require_moment(moment)
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class Update:
    """An incremental update under way: objects, then the cross-references to them.

    Attributes:
        body: its bytes.
        hole: where in them the digits of the signature container stand.
        room: for how many bytes of it there is room.
    """

    def __init__(self, form: "CertifiedForm", *, stamped: bool) -> None:
        self.form = form
        self.hole = 0
        self.room = form.cms.size + (TOKEN_ROOM if stamped else 0)
        self.body = bytearray()
        self.offsets: dict[int, int] = {}
        self.next = form.size

    def fill(self, name: str, value: str, fonts: "Sequence[Typeface]" = ()) -> None:
        """Fill in a text field: its value, and what it shows."""
        field = self.form.fields[name]
        value = clean_value(WORDS[name], value)
        shown = typeset(self.form, name, value, fonts)
        resources = "".join(f" /{label} {self._add_font(font)} 0 R" for label, font in shown.fonts)
        number = self._add_appearance(field, shown.content, resources)
        self._add(field.number, b"<< %s /V %s /AP << /N %d 0 R >> >>" % (_entries(field), _string(value), number))

    def sign(self, identity: "Identity", moment: datetime.datetime) -> None:
        """Add the signature, its container still empty, and what its field shows."""
        field, font = self.form.fields[DELIVERY], self.form.font
        lines = signature_lines("Signed", identity.name, identity.digest, identity.is_self_signed, moment)
        shown = self._add_appearance(field, show_lines(lines, font, width=field.width, height=field.height))
        signature = self._number()
        self._add(field.number, b"<< %s /V %d 0 R /AP << /N %d 0 R >> >>" % (_entries(field), signature, shown))
        self._add(
            signature,
            b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:%s) /Name %s /Reason %s "
            b"/Reference [ << /Type /SigRef /TransformMethod /FieldMDP /Data %s "
            b"/TransformParams << /Type /TransformParams /V /1.2 /Action /All /P 1 >> >> ]\n/ByteRange %s\n/Contents <"
            % (
                moment.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii"),
                _string(identity.name),
                _string(REASON),
                self.form.root.encode("ascii"),
                _RANGE % (0, 0, 0),
            ),
            end=b"",
        )
        self.hole = len(self.body)
        self.body += b"0" * (2 * self.room) + b"> >>\nendobj\n"

    def close(self) -> None:
        """Write the cross-references, and which bytes are signed."""
        self._add_cross_references()
        start = len(self.form.pdf) + self.hole - 1  # the container's brackets are not signed
        stop = start + 2 * self.room + 2
        placed = _RANGE % (start, stop, len(self.form.pdf) + len(self.body) - stop)
        gap = self.body.rindex(_RANGE % (0, 0, 0), 0, self.hole)
        self.body[gap : gap + len(placed)] = placed

    def digest(self) -> bytes:
        """Take the digest of what is signed: all but the container with its brackets."""
        digest = self.form.state.copy()
        digest.update(memoryview(self.body)[: self.hole - 1])
        digest.update(memoryview(self.body)[self.hole + 2 * self.room + 1 :])
        return digest.digest()

    def seal(self, container: bytes) -> bytes:
        """Put the signature container in.

        Returns:
            The copy.
        """
        digits = container.hex().encode("ascii")
        if len(digits) > 2 * self.room:
            raise LevelError(f"level B-T cannot be reached: the timestamp has more than {TOKEN_ROOM:,} bytes")
        self.body[self.hole : self.hole + len(digits)] = digits
        return self.form.pdf + self.body

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def _add(self, number: int, content: bytes, *, end: bytes = b"\nendobj\n") -> None:
        self.offsets[number] = len(self.form.pdf) + len(self.body)
        self.body += b"%d 0 obj\n%s%s" % (number, content, end)

    def _add_font(self, font: "Embedded") -> int:
        numbers = [self._number() for _ in font.objects]
        for number, (source, stream) in zip(numbers, font.objects, strict=True):
            for index, other in enumerate(numbers):
                source = source.replace(f"%{index} ", f"{other} 0 R ")
            content = source.encode("ascii")
            self._add(number, content if stream is None else b"%s\nstream\n%s\nendstream" % (content, stream))
        return numbers[0]

    def _add_appearance(self, field: "FormField", content: bytes, resources: str = "") -> int:
        number = self._number()
        font = self.form.font
        head = (
            f"<< /Type /XObject /Subtype /Form /BBox [ 0 0 {field.width:.10g} {field.height:.10g} ] "
            f"/Resources << /Font << /{font.name} {font.resource}{resources} >> >> /Length {len(content)} >>"
        )
        self._add(number, b"%s\nstream\n%s\nendstream" % (head.encode("ascii"), content))
        return number

    def _add_cross_references(self) -> None:
        """Add a cross-reference stream (ISO 32000-1, 7.5.8), not compressed, so that it is plain to read."""
        number = self._number()
        place = len(self.form.pdf) + len(self.body)
        self.offsets[number] = place
        order = sorted(self.offsets)
        entries = b"".join(b"\x01" + self.offsets[n].to_bytes(4, "big") + b"\x00\x00" for n in order)
        index = " ".join(f"{n} 1" for n in order)
        info = "" if self.form.info is None else f"/Info {self.form.info} "
        changed = sha256(self.form.id + self.body).hexdigest()[:32]
        head = (
            f"<< /Type /XRef /W [ 1 4 2 ] /Size {self.next} /Root {self.form.root} {info}"
            f"/ID [ <{self.form.id.hex()}> <{changed}> ] /Prev {self.form.startxref} "
            f"/Index [ {index} ] /Length {len(entries)} >>"
        )
        self.body += b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, head.encode("ascii"), entries)
        self.body += b"startxref\n%d\n%%%%EOF\n" % place


def _entries(field: "FormField") -> bytes:
    return field.entries.encode("ascii")


def _string(text: str) -> bytes:
    """Write a text string (ISO 32000-1, 7.9.2.2), in hex."""
    if text.isascii():
        return b"<%s>" % text.encode("ascii").hex().encode("ascii")
    return b"<feff%s>" % text.encode("utf-16-be").hex().encode("ascii")
