"""The same copy, made by pyHanko alone: what ours is held against before a batch begins.

Our update of a form is written from notes, for speed. pyHanko's is written by a library that knows
nothing of these notes. Both have to say the same: not in the same bytes, but in every object that
the update changes or brings, and in every part of the signature's container but its value.
"""

import datetime
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, TemplateError, one_line
from ..pdf.appearance import signature_lines
from ..pdf.cms import CmsTemplate, take_apart
from ..pdf.field_font import as_bytes
from ..pdf.objects import list_references, number_of, numbers_of, refer
from ..trust.stamping import UndatedWriter
from .blank import find_fields
from .issuing import DELIVERY, REASON, fill_form, format_moment
from .signing import CmsSigner, DatedSigner, reserve_room, show_content, show_signature, trial_signature
from .typesetting import typeset

try:
    from asn1crypto import cms
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata
    from pyhanko.stamp import NoOpStampStyle
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..keys.identity import Identity
    from .certified import CertifiedForm
    from .typefaces import Typeface

_UNLIKE = ("/Contents", "/ByteRange")  # of a signature: they are held in other ways
_PACKING = ("/Length", "/Filter", "/DecodeParms")


def issue_by_pyhanko(
    certified: "CertifiedForm",
    *,
    recipient: str,
    reference: str,
    issued_at: datetime.datetime,
    identity: "Identity",
    trial: bool = False,
    fonts: "Sequence[Typeface]" = (),
) -> bytes:
    """Issue a copy of level B-B wholly by pyHanko; `issue_copy` says what is what.

    Args:
        trial: leave the key alone, and put zeros where its signature would be.

    Returns:
        The copy.
    """
    writer = UndatedWriter(BytesIO(certified.pdf))
    fields = find_fields(writer.root)
    values = {"Recipient": recipient, "Reference": reference, "IssuedAt": format_moment(issued_at)}
    for name, value in values.items():
        fields[name]["/V"] = generic.TextStringObject(value)
        shown = typeset(certified, name, value, fonts)
        show_content(writer, fields[name], shown.content, shown.fonts)
    lines = signature_lines("Signed", identity.name, identity.digest, identity.is_self_signed, issued_at)
    show_signature(writer, fields[DELIVERY], lines)
    metadata = PdfSignatureMetadata(
        field_name=DELIVERY,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=identity.name,
        reason=REASON,
        docmdp_permissions=MDPPerm.NO_CHANGES,  # as the lock of the field says
    )
    signer = DatedSigner(metadata, signer=CmsSigner(identity, trial=trial), stamp_style=NoOpStampStyle())
    signer.moment = issued_at.astimezone(datetime.UTC).replace(microsecond=0)
    pdf: bytes = signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=reserve_room(identity)).getvalue()
    start = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    stop = pdf.index(b">", start)
    return pdf[:start] + pdf[start:stop].lower() + pdf[stop:]  # in copies, these digits have one spelling


def require_template(
    certified: "CertifiedForm",
    *,
    recipient: str,
    reference: str,
    issued_at: datetime.datetime,
    identity: "Identity",
    fonts: "Sequence[Typeface]" = (),
) -> None:
    """Make a copy here and by pyHanko, both without the key, and hold them against each other.

    Raises:
        TemplateError: they do not say the same.
    """
    update = fill_form(
        certified,
        recipient=recipient,
        reference=reference,
        issued_at=issued_at,
        identity=identity,
        stamped=False,
        fonts=fonts,
    )
    ours = update.seal(certified.cms.fill(update.digest(), lambda _: trial_signature(identity)))
    theirs = issue_by_pyhanko(
        certified,
        recipient=recipient,
        reference=reference,
        issued_at=issued_at,
        identity=identity,
        trial=True,
        fonts=fonts,
    )
    require_alike(certified, ours, theirs)


def require_alike(certified: "CertifiedForm", ours: bytes, theirs: bytes) -> None:
    """Refuse a copy that does not say what pyHanko's says.

    Args:
        certified: the form that both were made from.
        ours: the copy.
        theirs: pyHanko's.

    Raises:
        TemplateError: the message names the first difference.
    """
    try:
        sides = [_Side(pdf, certified) for pdf in (ours, theirs)]
        said = [side.say() for side in sides]
        containers = [side.read_container() for side in sides]
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on what it cannot read
        raise TemplateError(f"the first copy cannot be held against pyHanko's ({one_line(error)})") from None
    found = next(_differences(said[0], said[1], "the update"), None)
    found = found or next(_differences(_parts(containers[0]), _parts(containers[1]), "the signature container"), None)
    if found is not None:
        raise TemplateError(f"the first copy does not say what pyHanko's says: {found}")


class _Side:
    """A copy, read to be held against another."""

    def __init__(self, pdf: bytes, certified: "CertifiedForm") -> None:
        if not pdf.startswith(certified.pdf):
            raise ValueError("it does not begin with the certified form")
        self.pdf = pdf
        self.reader = PdfFileReader(BytesIO(pdf), strict=True)
        form = PdfFileReader(BytesIO(certified.pdf))
        last = form.xrefs.total_revisions
        self.known = {n for i in range(last) for n in numbers_of(form.xrefs.explicit_refs_in_revision(i))}
        if self.reader.xrefs.total_revisions != last + 1:
            raise ValueError("it has another number of updates")
        self.changed = numbers_of(self.reader.xrefs.explicit_refs_in_revision(last))
        self.changed.discard(number_of(self.reader.xrefs.get_xref_container_info(last).stream_ref))
        self.signature = find_fields(self.reader.root)[DELIVERY]["/V"]

    def say(self) -> dict[str, Any]:
        """Say what the update says: the form's objects that it changes, and the trailer."""
        trailer: Any = self.reader.trailer
        changed = {f"object {n[0]}": self._say(self._get(n)) for n in sorted(self.changed & self.known)}
        used, waiting = set[tuple[int, int]](), list(self.changed & self.known)
        while waiting:
            for n in numbers_of(list_references(self._get(waiting.pop()))) - self.known - used:
                used.add(n)
                waiting.append(n)
        return changed | {
            "the objects that it adds": len(self.changed - self.known),
            "those that nothing uses": len(self.changed - self.known - used),
            "the catalog": number_of(trailer.raw_get("/Root")),
            "the description": number_of(trailer.raw_get("/Info")) if "/Info" in trailer else None,
            "the file's identifier": as_bytes(trailer["/ID"][0]),
        }

    def read_container(self) -> CmsTemplate:
        """Read the signature container, whose digest has to be that of the bytes which are signed."""
        first, length, second, rest = (int(n) for n in self.signature["/ByteRange"])
        if (first, second + rest) != (0, len(self.pdf)):
            raise ValueError("the signature does not cover the whole file")
        signed = self.pdf[:length] + self.pdf[second:]
        return take_apart(cms.ContentInfo.load(as_bytes(self.signature["/Contents"])), sha256(signed).digest())

    def _get(self, number: tuple[int, int]) -> Any:
        return self.reader.get_object(refer(number, self.reader))

    def _say(self, value: Any) -> Any:
        if isinstance(value, generic.IndirectObject):
            number = number_of(value)
            return f"object {number[0]} of the form" if number in self.known else self._say(value.get_object())
        if isinstance(value, generic.DictionaryObject):
            skipped = _UNLIKE if value.get("/Type") == "/Sig" else _PACKING
            said = {key: self._say_entry(key, value.raw_get(key)) for key in value if key not in skipped}
            return said | ({"the stream": value.data} if isinstance(value, generic.StreamObject) else {})
        if isinstance(value, generic.ArrayObject):
            return [self._say(value.raw_get(i)) for i in range(len(value))]
        return round(float(value), 3) if isinstance(value, generic.NumberObject | generic.FloatObject) else str(value)

    def _say_entry(self, key: str, value: Any) -> Any:
        if key == "/M":  # "Z" and "+00'00'" are the same zone
            return generic.parse_pdf_date(str(value))
        return self._say(value)


def _parts(template: CmsTemplate) -> dict[str, bytes]:
    return {
        "version, algorithms and certificates": template.head,
        "the signer": template.signer,
        "the signed attributes": template.before + template.after,
        "the signature algorithm": template.algorithm,
    }


def _differences(ours: Any, theirs: Any, place: str) -> "Iterator[str]":
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in ours or key not in theirs:
                yield f"{place}, {key}: it stands in {'pyHanko' if key not in ours else 'our'}'s only".replace(
                    "our's", "ours"
                )
            else:
                yield from _differences(ours[key], theirs[key], f"{place}, {key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, f"{place}, {index}")
    elif ours != theirs:
        yield f"{place}: {_short(ours)}, not {_short(theirs)}"


def _short(value: Any) -> str:
    text = value.hex() if isinstance(value, bytes) and not value.isascii() else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
