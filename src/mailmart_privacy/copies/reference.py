"""Certified form → signed copy, made wholly by pyHanko: what `issuing` is held against.

Slower by far, and the same copy: what its fields show is composed by the same functions, and all the
rest (objects, references, signature dictionary, lock, container) is pyHanko's own.
"""

import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from ..pdf.appearance import signature_lines
from ..trust.stamping import UndatedWriter
from .blank import find_fields
from .issuing import DELIVERY, REASON, format_moment
from .signing import CmsSigner, DatedSigner, show_content, show_signature
from .typesetting import typeset

try:
    from pyhanko.pdf_utils import generic
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata
    from pyhanko.stamp import NoOpStampStyle
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..keys.identity import Identity
    from ..typesetting.fonts import Typeface
    from .certified import CertifiedForm


def issue_by_pyhanko(
    certified: "CertifiedForm",
    *,
    recipient: str,
    reference: str,
    issued_at: datetime.datetime,
    identity: "Identity",
    dry: bool = False,
    fonts: "Sequence[Typeface]" = (),
) -> bytes:
    """Issue a copy of level B-B wholly by pyHanko; `issue_copy` says what is what.

    Args:
        dry: whether a value of the same size stands for the signature. Then no key is used, and the copy is
            of use for nothing but `require_reproduced`.

    Returns:
        The copy.
    """
    writer = UndatedWriter(BytesIO(certified.pdf))
    fields = find_fields(writer.root)
    values = {"Recipient": recipient, "Reference": reference, "IssuedAt": format_moment(issued_at)}
    for name, value in values.items():
        fields[name]["/V"] = _make_string(value)
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
    signer = DatedSigner(metadata, signer=CmsSigner(identity, dry=dry), stamp_style=NoOpStampStyle())
    signer.moment = issued_at.astimezone(datetime.UTC).replace(microsecond=0)
    pdf: bytes = signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=2 * certified.cms.size).getvalue()
    start = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    stop = pdf.index(b">", start)
    return pdf[:start] + pdf[start:stop].lower() + pdf[stop:]  # in copies, these digits have one spelling


def _make_string(value: str) -> Any:
    """Make a text string. Outside ASCII it is UTF-16, as ours are: a name that begins with "þÿ" or "ï»¿" in
    PDFDocEncoding, which pyHanko takes first, is another name to whoever reads it (ISO 32000-2, 7.9.2.2)."""
    text = generic.TextStringObject(value)
    if not value.isascii():
        text.force_output_encoding = generic.TextStringEncoding.UTF16BE
    return text
