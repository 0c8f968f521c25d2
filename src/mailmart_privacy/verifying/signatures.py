"""The signatures and timestamps in a file: read, held to their one spelling, and to what they cover."""

import logging
from dataclasses import dataclass
from typing import Any

from ..errors import AlteredError, MissingExtraError, UnreadableFileError, VerificationError, one_line
from ..keys.certificates import has_issued as issued
from ..keys.ecdsa import normalize_low_s
from ..pdf.cms import read_timestamp, require_canonical, require_content
from ..trust.timestamp_token import Token, read_token, require_stamped

try:
    from asn1crypto import cms
    from asn1crypto import x509 as asn1_x509
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
    from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

PUBLISHER = "Publisher"
DELIVERY = "Delivery"
ARCHIVE_TIMESTAMP = "ArchiveTimestamp"

# pyHanko logs what it meets in hostile files, with tracebacks; where nobody listens, the verdict says enough.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_COVERED = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """One signature that holds.

    Attributes:
        signature: as pyHanko reads it.
        certificates: the signer's certificate, then the others in its container.
        token: the timestamp in its container, or None.
        end: how many bytes of the file it covers, with the container itself.
    """

    signature: EmbeddedPdfSignature
    certificates: tuple[x509.Certificate, ...]
    token: Token | None
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamped:
    """One archive timestamp that holds.

    Attributes:
        field: the name of its field.
        token: what it says.
        end: how many bytes of the file it covers, with the container itself.
    """

    field: str
    token: Token
    end: int


def unreadable(error: Exception, what: str) -> VerificationError:
    """Say that a part of a file that begins with a recorded form cannot be read, in one line.

    Args:
        error: what another library raised.
        what: the part.
    """
    if isinstance(error, VerificationError):
        return error
    if isinstance(error, MemoryError):
        return UnreadableFileError(f"{what}: there is not enough memory")
    return AlteredError(f"{what} ({one_line(error)})")


def read_signatures(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    """List the signatures and timestamps of a file, oldest first."""
    try:
        return list(reader.embedded_signatures)
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise unreadable(error, "its signatures cannot be read") from None


def read_ranges(signature: EmbeddedPdfSignature) -> tuple[int, int, int, int]:
    """Read what a signature says it covers: two ranges, each with its offset and length."""
    ranges: Any = signature.byte_range
    try:
        start, length, second, rest = (int(n) for n in ranges)
    except (TypeError, ValueError) as error:
        raise unreadable(error, f"the signature {signature.field_name!r} does not say what it covers") from None
    return start, length, second, rest


def read_pair(
    pdf: bytes, publisher: EmbeddedPdfSignature, delivery: EmbeddedPdfSignature, *, followed: bool
) -> tuple[Signed, Signed]:
    """Read the two signatures of a copy, and refuse what changed anything that they do not permit.

    Args:
        pdf: the file.
        publisher: the signature over the form.
        delivery: the signature over the copy.
        followed: whether something follows the delivery's signature.

    Raises:
        AlteredError: one does not hold, or something else was changed than may be.
    """
    for signature in (publisher, delivery):  # told at once, before anything is analysed
        _require_canonical(pdf, signature)
    signed = _read_signed(publisher), _read_signed(delivery)
    _require_same_certificates(*signed)
    certified, delivered = (_validate_canonical(signature) for signature in (publisher, delivery))
    for name, status in ((PUBLISHER, certified), (DELIVERY, delivered)):
        if not (status.intact and status.valid):
            raise AlteredError(f"the file was changed after it was signed: the signature {name!r} does not hold")
    if not followed and delivered.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        raise AlteredError("something was added after the delivery signature; it does not cover the entire file")
    if delivered.coverage not in _COVERED:
        raise AlteredError("the delivery signature does not cover the entire copy")
    if certified.coverage is not SignatureCoverageLevel.ENTIRE_REVISION:
        raise AlteredError("the publisher's signature does not cover the entire form")
    if certified.modification_level is not ModificationLevel.FORM_FILLING or not certified.docmdp_ok:
        raise AlteredError("between certification and delivery something else was changed than the form's fields")
    permitted = {ModificationLevel.NONE, *((ModificationLevel.LTA_UPDATES,) if followed else ())}
    if delivered.modification_level not in permitted or not delivered.docmdp_ok:
        raise AlteredError("the file was changed after its delivery was signed")
    claimed = [signature.self_reported_timestamp for signature in (publisher, delivery)]
    if claimed[0] is None or claimed[1] is None or claimed[1] < claimed[0]:
        raise AlteredError("the delivery claims to have been signed before the form was certified")
    if publisher.docmdp_level is None or (delivery.docmdp_level is not None and delivery.docmdp_level.value != 1):
        raise AlteredError("the signatures do not have the permissions that a copy's have")
    return signed


def read_stamped(pdf: bytes, signature: EmbeddedPdfSignature, *, last: bool) -> Stamped:
    """Read an archive timestamp.

    Args:
        pdf: the file.
        signature: the timestamp, as pyHanko reads it.
        last: whether it has to cover the entire file.

    Raises:
        AlteredError: it does not hold, covers less than it has to, or shows something.
    """
    name = signature.field_name
    try:
        _, start, stop, rest = read_ranges(signature)
        token = read_token(cms.ContentInfo.load(signature.pkcs7_content).dump())
        require_content(pdf[start:stop], token.content, upper=True)
        signature.compute_integrity_info()
        coverage = signature.evaluate_signature_coverage()
        if (token.algorithm, token.imprint) != ("sha256", signature.compute_digest()):
            raise ValueError("it was made for something else")
        if coverage not in _COVERED or (last and coverage is not SignatureCoverageLevel.ENTIRE_FILE):
            raise ValueError("it does not cover the entire file")
        changed = getattr(signature.diff_result, "modification_level", None)  # an error otherwise
        if not last and changed is not ModificationLevel.LTA_UPDATES:
            raise ValueError("the file was changed after it")
        field: Any = signature.sig_field
        if any(float(n) for n in field["/Rect"]):
            raise ValueError("it shows something on a page")
    except Exception as error:  # noqa: BLE001 - as above
        raise unreadable(error, f"the timestamp {name!r} cannot be accepted") from None
    return Stamped(field=name, token=token, end=stop + rest)


def _validate(signature: EmbeddedPdfSignature) -> PdfSignatureStatus:
    # Whether the signature holds is all that counts here, so each signer may stand for himself. Who may
    # be trusted, and at what time, is judged when all is read.
    own = signature.signer_cert
    content = read_timestamp(signature.signed_data)
    stamp = None if content is None else _convert(read_token(content).certificates[0])
    return validate_pdf_signature(
        signature, _trusting(own), ts_validation_context=None if stamp is None else _trusting(stamp)
    )


def _trusting(certificate: asn1_x509.Certificate) -> ValidationContext:
    moment = certificate.not_valid_before  # any at which it is valid
    return ValidationContext(trust_roots=[certificate], moment=moment, allow_fetching=False)


def _convert(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _require_canonical(pdf: bytes, signature: EmbeddedPdfSignature) -> None:
    try:
        _, start, stop, _ = read_ranges(signature)
        require_canonical(pdf[start:stop], signature.signed_data, upper=signature.field_name == PUBLISHER)
        own = x509.load_der_x509_certificate(signature.signer_cert.dump())
        value: Any = signature.signer_info["signature"].native
        if normalize_low_s(value, own.public_key()) != value:
            raise ValueError("its container has the higher one of two values that hold")
        if signature.compute_digest() != _read_digest(signature):
            raise AlteredError(
                f"the file was changed after it was signed: the signature {signature.field_name!r} does not hold"
            )
    except Exception as error:  # noqa: BLE001 - as above
        raise _refuse(error, signature) from None


def _validate_canonical(signature: EmbeddedPdfSignature) -> PdfSignatureStatus:
    try:
        return _validate(signature)
    except Exception as error:  # noqa: BLE001 - as above
        raise _refuse(error, signature) from None


def _refuse(error: Exception, signature: EmbeddedPdfSignature) -> VerificationError:
    return unreadable(error, f"the signature {signature.field_name!r} cannot be accepted")


def _read_digest(signature: EmbeddedPdfSignature) -> bytes:
    attributes = signature.signer_info["signed_attrs"]
    (digest,) = (a["values"][0].native for a in attributes if a["type"].native == "message_digest")
    return bytes(digest)


def _require_same_certificates(publisher: Signed, delivery: Signed) -> None:
    """Refuse other certificates in the delivery's container, which nothing covers, than in the publisher's."""
    own, *others = delivery.certificates
    if own == publisher.certificates[0]:
        same = tuple(others) == publisher.certificates[1:]
    else:  # two signers: each certificate has to be the issuer of another one
        same = all(any(issued(c, o) for o in (own, *others) if o != c) for c in others) and len(set(others)) == len(
            others
        )
    if not same:
        raise AlteredError(f"the signature {DELIVERY!r} has other certificates in its container than the signer's")


def _read_signed(signature: EmbeddedPdfSignature) -> Signed:
    name = signature.field_name
    try:
        content = read_timestamp(signature.signed_data)
        token = None
        if content is not None:
            token = read_token(content)
            value: Any = signature.signer_info["signature"].native
            require_stamped(token, value)
            if token.content != content:
                raise ValueError("its timestamp is not written as a copy's is")
        others = (c.dump() for c in signature.other_embedded_certs)
        certificates = tuple(map(x509.load_der_x509_certificate, (signature.signer_cert.dump(), *others)))
        _, _, stop, rest = read_ranges(signature)
    except Exception as error:  # noqa: BLE001 - as above
        raise unreadable(error, f"the signature {name!r} cannot be accepted") from None
    return Signed(signature=signature, certificates=certificates, token=token, end=stop + rest)
