"""The signatures of a file: read, validated by pyHanko, and held to the rules of `verifying`."""

import datetime
import logging
from typing import TYPE_CHECKING, Any

from .cms import require_canonical
from .errors import AlteredError, MissingExtraError, UndecidableError, UntrustedError, VerificationError
from .identity import certificate_digest, is_self_signed, subject_name
from .verification import SignatureSummary

try:
    from asn1crypto import x509 as asn1_x509
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from .origin import Origin

PUBLISHER = "Publisher"
DELIVERY = "Delivery"

# pyHanko logs what it meets in hostile files, with tracebacks; where nobody listens, the verdict says enough.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
_COVERED = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


def unreadable(error: Exception, what: str, *, ours: bool) -> VerificationError:
    """Say that a part of a file cannot be read, in one line.

    Args:
        error: what another library raised.
        what: the part.
        ours: whether the file begins with a recorded form, and so was changed where it cannot be read.
    """
    words = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, VerificationError):
        return error
    if ours and not isinstance(error, (MemoryError, RecursionError)):
        return AlteredError(f"{what} ({words})")
    return UndecidableError(f"{what} ({words})")


def read_signatures(reader: PdfFileReader, origin: "Origin | None") -> list[EmbeddedPdfSignature]:
    """List the signatures of a file, oldest first."""
    try:
        return list(reader.embedded_signatures)
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise unreadable(error, "its signatures cannot be read", ours=origin is not None) from None


def read_ranges(signature: EmbeddedPdfSignature) -> tuple[int, int, int, int]:
    """Read what a signature says it covers: two ranges, each with its offset and length."""
    ranges: Any = signature.byte_range
    try:
        start, length, second, rest = (int(n) for n in ranges)
    except (TypeError, ValueError) as error:
        raise unreadable(
            error, f"the signature {signature.field_name!r} does not say what it covers", ours=True
        ) from None
    return start, length, second, rest


def validate(
    pdf: bytes,
    signature: EmbeddedPdfSignature,
    roots: tuple[x509.Certificate, ...],
    at: datetime.datetime | None,
    *,
    canonical: bool,
) -> PdfSignatureStatus:
    """Validate one signature, offline.

    Args:
        pdf: the bytes of the file.
        signature: one of its signatures.
        roots: the certificates that the signer may lead to.
        at: the moment for which certificates are validated (aware), or None for now.
        canonical: whether its container must be spelled as those of copies are.

    Returns:
        pyHanko's status: intact, valid, trusted, what it covers, what changed after it.

    Raises:
        AlteredError: it cannot be read, or is not canonical.
    """
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots],
        moment=at,
        allow_fetching=False,
    )
    try:
        if canonical:
            _, start, stop, _ = read_ranges(signature)
            require_canonical(pdf[start:stop], signature.signed_data)
        return validate_pdf_signature(signature, signer_validation_context=context, key_usage_settings=_USAGE)
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise unreadable(error, f"the signature {signature.field_name!r} cannot be accepted", ours=True) from None


def is_whole(status: PdfSignatureStatus) -> bool:
    """Tell whether what a signature covers is what was signed, up to the end of its revision."""
    return bool(status.intact and status.valid and status.coverage in _COVERED)


def require_untouched(
    publisher: EmbeddedPdfSignature,
    certified: PdfSignatureStatus,
    delivery: EmbeddedPdfSignature,
    delivered: PdfSignatureStatus,
) -> None:
    """Refuse a copy whose signatures do not hold, or that was changed otherwise than by filling in."""
    for name, status in ((PUBLISHER, certified), (DELIVERY, delivered)):
        if not (status.intact and status.valid):
            raise AlteredError(f"the file was changed after it was signed: the signature {name!r} does not hold")
    if delivered.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        raise AlteredError("something was added after the delivery signature; it does not cover the entire file")
    if certified.coverage is not SignatureCoverageLevel.ENTIRE_REVISION:
        raise AlteredError("the publisher's signature does not cover the entire form")
    if certified.modification_level is not ModificationLevel.FORM_FILLING or not certified.docmdp_ok:
        raise AlteredError("between certification and delivery something else was changed than the form's fields")
    if delivered.modification_level is not ModificationLevel.NONE or not delivered.docmdp_ok:
        raise AlteredError("the file was changed after its delivery was signed")
    claimed = [signature.self_reported_timestamp for signature in (publisher, delivery)]
    if claimed[0] is None or claimed[1] is None or claimed[1] < claimed[0]:
        raise AlteredError("the delivery claims to have been signed before the form was certified")
    if publisher.docmdp_level is None or (delivery.docmdp_level is not None and delivery.docmdp_level.value != 1):
        raise AlteredError("the signatures do not have the permissions that a copy's have")


def summarise(signature: EmbeddedPdfSignature) -> SignatureSummary:
    """Say who signed, and when."""
    certificate = x509.load_der_x509_certificate(signature.signer_cert.dump())
    moment = signature.self_reported_timestamp
    if moment is None:
        raise AlteredError(f"the signature {signature.field_name!r} does not say when it was made")
    return SignatureSummary(
        field=signature.field_name,
        signer=subject_name(certificate),
        certificate_digest=certificate_digest(certificate),
        self_signed=is_self_signed(certificate),
        signing_time=moment.astimezone(datetime.UTC),
    )


def require_trust(
    signature: EmbeddedPdfSignature,
    status: PdfSignatureStatus,
    summary: SignatureSummary,
    roots: tuple[x509.Certificate, ...],
    at: datetime.datetime,
) -> None:
    """Refuse a signer who leads to no trust root, or whose certificate is out of its time."""
    certificate = x509.load_der_x509_certificate(signature.signer_cert.dump())
    if not roots:
        why = "cannot be trusted: no certificate to trust was given"
    elif at < certificate.not_valid_before_utc:  # asked here, since a trust root's own dates are asked by nobody else
        why = f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
    elif at > certificate.not_valid_after_utc:
        why = f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    elif not status.trusted:
        why = "leads to none of the certificates trusted here"
    else:
        return
    raise UntrustedError(
        f"the copy is whole, but the certificate of {summary.signer!r} (SHA-256 {summary.certificate_digest}) {why}; "
        "get the signer's certificate from someone whom you trust, and give it with --trust"
    )
