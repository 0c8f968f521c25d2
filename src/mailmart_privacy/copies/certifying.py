"""Recorded form → certified form, once per identity: the publisher's signature over the form.

From then on the form admits nothing but the filling in of fields (DocMDP, ISO 32000-1, 12.8.2.2),
and a signature over `Delivery` locks these, too. pyHanko does the work.
"""

import asyncio
import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import FormError, MissingExtraError, TimestampError, UsageError
from ..keys.identity import require_valid
from ..pdf.appearance import signature_lines
from ..pdf.cms import TOKEN_ROOM, take_apart
from ..pdf.field_font import as_bytes, read_field_font
from ..trust.revocation import gather_for_signer, gather_for_token
from ..trust.stamping import Stamper, UndatedWriter, create_store
from .blank import find_fields, note_fields
from .certified import CertifiedForm
from .signing import CmsSigner, DatedSigner, reserve_room, show_signature

try:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata
    from pyhanko.stamp import NoOpStampStyle
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from ..keys.identity import Identity
    from ..trust.timestamp_client import TimestampClient

CERTIFIED_LEVELS = ("B-B", "B-T", "B-LT")
PUBLISHER = "Publisher"
_SPARE = 2048


def certify(
    form: bytes,
    *,
    identity: "Identity",
    signing_time: datetime.datetime,
    level: str = "B-B",
    timestamps: "TimestampClient | None" = None,
    trust_roots: "Sequence[Certificate]" = (),
) -> CertifiedForm:
    """Certify a recorded form, so that nothing but its fields may be filled in.

    Args:
        form: a recorded form.
        identity: who certifies.
        signing_time: the moment of it (aware).
        level: "B-B", "B-T" or "B-LT"; the signature then carries a timestamp, the form validation data.
        timestamps: whom to ask for the timestamp.
        trust_roots: where the certificates lead to, the authority's, too; needed for "B-LT".

    Returns:
        The certified form; it begins with the form's own bytes.

    Raises:
        IdentityError: the identity may not sign at that moment.
        FormError: these bytes are not such a form.
        LevelError: the level cannot be reached; the message says which answer was missing.
    """
    require_valid(identity, signing_time)
    if level not in CERTIFIED_LEVELS:
        raise UsageError(f"a form is certified at {', '.join(CERTIFIED_LEVELS)}, not at {level!r}")
    if level != "B-B" and timestamps is None:
        raise TimestampError(())
    try:
        writer = UndatedWriter(BytesIO(form))
        fields = find_fields(writer.root)
        publisher = fields[PUBLISHER]
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on what is no PDF
        raise FormError(f"this is not a form of the policy ({error})") from None
    if "/V" in publisher:
        raise FormError("this form is certified already")
    lines = signature_lines("Certified", identity.name, identity.digest, identity.is_self_signed, signing_time)
    show_signature(writer, publisher, lines)
    metadata = PdfSignatureMetadata(
        field_name=PUBLISHER,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        name=identity.name,
        reason="Publication of the privacy policy",
    )
    cms_signer = CmsSigner(identity)
    stamper = None if timestamps is None or level == "B-B" else Stamper(timestamps)
    signer = DatedSigner(metadata, signer=cms_signer, stamp_style=NoOpStampStyle(), timestamper=stamper)
    signer.moment = signing_time.astimezone(datetime.UTC).replace(microsecond=0)
    reserved = reserve_room(identity) + (0 if stamper is None else 2 * TOKEN_ROOM)
    pdf = signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=reserved).getvalue()
    if level == "B-LT" and timestamps is not None and stamper is not None:
        timeout = timestamps.timeout
        data = gather_for_signer(identity, roots=trust_roots, at=signing_time, level=level, timeout=timeout)
        for token in stamper.tokens:
            data += gather_for_token(token, roots=trust_roots, at=signing_time, level=level, timeout=timeout)
        pdf = create_store(pdf, data)
    return _prepare(pdf, identity, level, signer.moment)


def _prepare(pdf: bytes, identity: "Identity", level: str, signing_time: datetime.datetime) -> CertifiedForm:
    """Note where everything stands in a certified form that a copy changes."""
    reader = PdfFileReader(BytesIO(pdf))
    assert reader.last_startxref is not None
    trailer: Any = reader.trailer
    info = trailer.raw_get("/Info") if "/Info" in trailer else None
    digest = bytes(32)
    container = asyncio.run(CmsSigner(identity, dry=True).async_sign(digest, "sha256", use_pades=True))
    return CertifiedForm(
        pdf=pdf,
        fields=note_fields(reader.root),
        font=read_field_font(reader.root["/AcroForm"]),
        root=_refer(trailer.raw_get("/Root")),
        info=None if info is None else _refer(info),
        id=as_bytes(trailer["/ID"][0]),
        size=int(trailer["/Size"]),
        startxref=reader.last_startxref,
        cms=take_apart(container, digest),
        identity=identity.digest,
        signing_time=signing_time,
        level=level,
    )


def _refer(reference: Any) -> str:
    return f"{reference.idnum} {reference.generation} R"
