"""Copy → Verification, or an error that says why not.

The rules, in the order in which they are held:

1. The file begins with the very bytes of a recorded form. Almost: altered. Not at all: whatever it
   is, it is not a copy of a recorded policy.
2. It goes on with complete updates that can be read, and carries two signatures, `Publisher` and
   then `Delivery`. None: unsigned. Anything else: altered.
3. Both signature containers are canonical, both signatures hold, `Delivery` covers the entire file,
   and what happened between the two was filling in of fields.
4. What the fields show is what they hold, the issue date is the signing time, and the attached
   policy is the recorded one.
5. Both signers lead to a trust root. Otherwise the copy is whole, but nobody trusted vouches for it.

Raises; never returns "no". What cannot be read is not decidable, and never a pass.
"""

import datetime
import logging
import re
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .appearance import FieldFont, read_field_font, read_shown
from .cms import require_canonical
from .errors import (
    AlteredError,
    MissingExtraError,
    UndecidableError,
    UnsignedError,
    UntrustedError,
    VerificationError,
)
from .identity import certificate_digest, is_self_signed, subject_name
from .origin import Origin, find_origin
from .verification import SignatureSummary, Verification

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
    from collections.abc import Iterable

    from .ledger import Ledger

PUBLISHER = "Publisher"
DELIVERY = "Delivery"

# pyHanko logs what it meets in hostile files, with tracebacks; where nobody listens, the verdict says enough.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_COVERED = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC")


def verify(
    pdf: bytes, *, trust_roots: "Iterable[x509.Certificate]", at: datetime.datetime, ledger: "Ledger"
) -> Verification:
    """Verify a signed copy.

    Args:
        pdf: the bytes of the file.
        trust_roots: the certificates that a signer may lead to; no others are trusted.
        at: the moment for which certificates are validated (aware).
        ledger: the recorded versions.

    Returns:
        The verdict: which version, to whom, when, by whom.

    Raises:
        UnsignedError: nothing in it is signed, or it is a form that was not yet delivered.
        AlteredError: it is not what was signed, or not what was recorded.
        UntrustedError: it is whole, but a signer leads to none of the trust roots.
        UndecidableError: it cannot be read far enough to tell.
        RecordError: a record of this package has changed.
    """
    roots = tuple(trust_roots)
    origin = find_origin(pdf, ledger)
    reader = _read(pdf, origin)
    signatures = _read_signatures(reader, origin)
    if origin is None:
        raise _judge_foreign(pdf, signatures)
    publisher, delivery = _require_both(signatures, pdf, origin)
    statuses = [_validate(pdf, signature, roots, at, canonical=True) for signature in (publisher, delivery)]
    _require_untouched(publisher, statuses[0], delivery, statuses[1])
    values = _read_values(reader)
    issued_at = _require_consistent(reader, values, origin, ledger, delivery)
    summaries = [_summarise(signature) for signature in (publisher, delivery)]
    for signature, status, summary in zip((publisher, delivery), statuses, summaries, strict=True):
        _require_trust(signature, status, summary, roots, at)
    version = ledger.version(origin.version)
    return Verification(
        version=version.version,
        last_updated=version.last_updated,
        effective_at=version.effective_at,
        effective_until=version.effective_until,
        policy_digest=version.digest,
        paper=origin.paper,
        recipient=values["Recipient"],
        reference=values["Reference"],
        issued_at=issued_at,
        publisher=summaries[0],
        delivery=summaries[1],
        level="B-B",
        digest=sha256(pdf).hexdigest(),
    )


def _line(error: Exception) -> str:
    """Say an error of another library in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _read(pdf: bytes, origin: Origin | None) -> PdfFileReader:
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=origin is not None)
        if reader.encrypted:
            raise UndecidableError("the file is encrypted; remove the encryption, which also breaks any signature")
        reader.root["/Pages"].get_object()
    except VerificationError:
        raise
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        if origin is not None:
            raise AlteredError(
                f"what follows the recorded form cannot be read as an update of it ({_line(error)})"
            ) from None
        raise UndecidableError(
            f"the file cannot be read as a PDF; it is damaged or cut short ({_line(error)})"
        ) from None
    return reader


def _read_signatures(reader: PdfFileReader, origin: Origin | None) -> list[EmbeddedPdfSignature]:
    try:
        return list(reader.embedded_signatures)
    except Exception as error:  # noqa: BLE001 - as above
        if origin is not None:
            raise AlteredError(f"its signatures cannot be read ({_line(error)})") from None
        raise UndecidableError(f"its signatures cannot be read ({_line(error)})") from None


def _judge_foreign(pdf: bytes, signatures: list[EmbeddedPdfSignature]) -> VerificationError:
    """Say what a file is that does not begin with a recorded form."""
    if not signatures:
        return UnsignedError("the file is not signed, and is not a copy of a recorded policy")
    for signature in signatures:
        try:
            status = _validate(pdf, signature, (), None, canonical=False)
            intact = status.intact and status.valid and status.coverage in _COVERED
        except VerificationError:
            intact = False
        if not intact:
            return AlteredError(f"the file was changed after it was signed (signature {signature.field_name!r})")
    return UntrustedError(
        "the file is signed, but is not a copy of a recorded policy; this package cannot vouch for it"
    )


def _require_both(
    signatures: list[EmbeddedPdfSignature], pdf: bytes, origin: Origin
) -> tuple[EmbeddedPdfSignature, EmbeddedPdfSignature]:
    names = [signature.field_name for signature in signatures]
    if names == [PUBLISHER, DELIVERY]:
        return signatures[0], signatures[1]
    if not names and b"/ByteRange" not in pdf[len(origin.form) :]:
        raise UnsignedError("the file is a form of the policy that someone filled in; it is not signed")
    if names == [PUBLISHER] and sum(_read_ranges(signatures[0])[2:]) == len(pdf):
        raise UnsignedError("the file is a certified form; it was not issued to anyone, and has no delivery signature")
    found = ", ".join(map(str, names)) or "none that can be read"
    raise AlteredError(f"a copy carries the signatures {PUBLISHER} and {DELIVERY}; this file has {found}")


def _validate(
    pdf: bytes,
    signature: EmbeddedPdfSignature,
    roots: tuple[x509.Certificate, ...],
    at: datetime.datetime | None,
    *,
    canonical: bool,
) -> PdfSignatureStatus:
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots],
        moment=at,
        allow_fetching=False,
    )
    try:
        if canonical:
            _, start, stop, _ = _read_ranges(signature)
            require_canonical(pdf[start:stop], signature.signed_data)
        return validate_pdf_signature(signature, signer_validation_context=context, key_usage_settings=_USAGE)
    except Exception as error:  # noqa: BLE001 - as above
        raise AlteredError(f"the signature {signature.field_name!r} cannot be accepted: {_line(error)}") from None


def _read_ranges(signature: EmbeddedPdfSignature) -> tuple[int, int, int, int]:
    """Read what a signature says it covers: two ranges, each with its offset and length."""
    ranges: Any = signature.byte_range
    try:
        start, length, second, rest = (int(n) for n in ranges)
    except (TypeError, ValueError) as error:
        raise AlteredError(
            f"the signature {signature.field_name!r} does not say what it covers ({_line(error)})"
        ) from None
    return start, length, second, rest


def _require_untouched(
    publisher: EmbeddedPdfSignature,
    certified: PdfSignatureStatus,
    delivery: EmbeddedPdfSignature,
    delivered: PdfSignatureStatus,
) -> None:
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
    if publisher.docmdp_level is None or (delivery.docmdp_level is not None and delivery.docmdp_level.value != 1):
        raise AlteredError("the signatures do not have the permissions that a copy's have")


def _read_values(reader: PdfFileReader) -> dict[str, str]:
    try:
        acroform: Any = reader.root["/AcroForm"]
        font = read_field_font(acroform)
        fields = {str(f.get_object()["/T"]): f.get_object() for f in acroform["/Fields"]}
        return {name: _read_value(name, fields[name], font) for name in ("Recipient", "Reference", "IssuedAt")}
    except VerificationError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise AlteredError(f"its fields cannot be read ({_line(error)})") from None


def _read_value(name: str, field: Any, font: FieldFont) -> str:
    value = str(field["/V"])
    shown = read_shown(field["/AP"]["/N"].data, font)
    if shown is None or " ".join(shown) != value:
        raise AlteredError(f"the field {name} does not show what it holds")
    return value


def _require_consistent(
    reader: PdfFileReader, values: dict[str, str], origin: Origin, ledger: "Ledger", delivery: EmbeddedPdfSignature
) -> datetime.datetime:
    claimed = delivery.self_reported_timestamp
    if claimed is None or _MOMENT.fullmatch(values["IssuedAt"]) is None:
        raise AlteredError("the copy does not say when it was issued")
    issued_at = datetime.datetime.strptime(values["IssuedAt"], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=datetime.UTC)
    if issued_at != claimed:
        raise AlteredError("the issue date is not the time of the delivery signature")
    try:
        names: Any = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
        attached = {str(names[i]): names[i + 1].get_object()["/EF"]["/F"].data for i in range(0, len(names), 2)}
    except Exception as error:  # noqa: BLE001 - as above
        raise AlteredError(f"its attachments cannot be read ({_line(error)})") from None
    if attached.get("policy.json") != ledger.record(origin.version, "policy.json"):
        raise AlteredError("the attached policy.json is not the recorded one")
    return issued_at


def _summarise(signature: EmbeddedPdfSignature) -> SignatureSummary:
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


def _require_trust(
    signature: EmbeddedPdfSignature,
    status: PdfSignatureStatus,
    summary: SignatureSummary,
    roots: tuple[x509.Certificate, ...],
    at: datetime.datetime,
) -> None:
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
