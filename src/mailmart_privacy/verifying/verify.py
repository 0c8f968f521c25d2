"""Copy → Verification, or an error that says why not.

The rules, in the order in which they are held:

1. The file begins with the very bytes of a recorded form. Almost: altered. Not at all: whatever it
   is, it is not a copy of a recorded policy.
2. It goes on with complete updates that can be read, and carries two signatures, `Publisher` and
   then `Delivery`. None: unsigned. Anything else: altered. Each update touches what issuing touches,
   and nothing else (see `updates.py`).
3. Both signature containers are canonical, both signatures hold, and what happened between the two
   was filling in of fields. After `Delivery` there is nothing but validation data and archive
   timestamps; the last timestamp covers the entire file. Without one, `Delivery` does, but for
   validation data in the one spelling of copies that make it B-LT.
4. What the fields show is what they hold, the issue date is the signing time, and the attached
   policy is the recorded one.
5. Both signers lead to a trust root, at the time of their signatures where timestamps and validation
   data in the file prove it, else at the moment of validation; the authorities of the timestamps do,
   too. Otherwise the copy is whole, but nobody trusted vouches for it.

Raises; never returns "no". What cannot be read is not decidable, and never a pass.
"""

import datetime
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..errors import AlteredError, MissingExtraError, UnsignedError, VersionMismatchError
from ..keys.certificates import certificate_digest, is_self_signed, subject_name
from ..pdf.attachments import read_attachments
from ..pdf.brought import read_glyphs
from ..pdf.field_font import FieldFont, read_field_font
from ..pdf.revisions import open_pdf, require_revisions
from ..pdf.shown import read_shown
from ..trust.dss import read_store
from .foreign import judge_foreign
from .origin import Origin, find_origin
from .proofs import Proof, prove
from .signatures import (
    DELIVERY,
    PUBLISHER,
    Signed,
    Stamped,
    read_pair,
    read_ranges,
    read_signatures,
    read_stamped,
    unreadable,
)
from .updates import require_permitted
from .verification import SignatureSummary, TimestampSummary, Verification

try:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

    from ..policy.ledger import Ledger
    from ..policy.versions import Version
    from ..trust.validation_data import ValidationData

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC")


def verify(
    pdf: bytes,
    *,
    trust_roots: "Iterable[x509.Certificate]",
    at: datetime.datetime,
    ledger: "Ledger",
    version: str | None = None,
) -> Verification:
    """Verify a signed copy.

    Args:
        pdf: the bytes of the file.
        trust_roots: the certificates that a signer may lead to; no others are trusted.
        at: the moment for which certificates are validated (aware).
        ledger: the recorded versions.
        version: the one that the copy has to be of, or None for any.

    Returns:
        The verdict: which version, to whom, when, by whom.

    Raises:
        UnsignedError: nothing in it is signed, or it is a form that was not yet delivered.
        AlteredError: it is not what was signed, or not what was recorded.
        UntrustedError: it is whole, but a signer leads to none of the trust roots.
        VersionMismatchError: it holds, but is of another version.
        UnreadableFileError: it cannot be read far enough to tell.
        UnknownVersionError: there is no such version.
        RecordError: a record of this package has changed.
    """
    wanted = None if version is None else ledger.version(version)
    roots = tuple(trust_roots)
    origin = find_origin(pdf, ledger)
    if origin is None:
        raise judge_foreign(pdf)
    reader = _open(pdf, origin)
    (first, second), stamps = _require_both(read_signatures(reader), pdf, origin)
    require_permitted(reader, origin, (first, second, *stamps))
    store = _read_store(pdf)
    followed = bool(stamps) or store is not None
    publisher, delivery = read_pair(pdf, first, second, followed=followed)
    archives = tuple(read_stamped(pdf, stamp, last=stamp is stamps[-1]) for stamp in stamps)
    values = _read_values(reader)
    issued_at = _require_consistent(reader, values, origin, ledger, second)
    proofs = prove(pdf, publisher, delivery, archives, store, roots=roots, at=at)
    data = ["validation data"] if store is not None and len(pdf) > delivery.end else []
    changes = (*data, *(f"timestamp {stamped.field}" for stamped in archives))
    found = ledger.version(origin.version)
    if wanted is not None and wanted != found:
        raise VersionMismatchError(_name_other(found, wanted))
    return Verification(
        version=found.version,
        last_updated=found.last_updated,
        effective_at=found.effective_at,
        effective_until=found.effective_until,
        policy_digest=found.digest,
        paper=origin.paper,
        recipient=values["Recipient"],
        reference=values["Reference"],
        issued_at=issued_at,
        publisher=_summarise(publisher, proofs[0], ("fields filled in", f"signature {DELIVERY}", *changes)),
        delivery=_summarise(delivery, proofs[1], changes),
        timestamps=tuple(_summarise_stamp(stamped) for stamped in archives),
        level=proofs[1].level,
        valid_until=proofs[1].until,
        digest=sha256(pdf).hexdigest(),
    )


def _open(pdf: bytes, origin: Origin) -> PdfFileReader:
    require_revisions(pdf, origin.form)
    try:
        reader = open_pdf(pdf)
        reader.root["/Pages"].get_object()
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise unreadable(error, "what follows the recorded form cannot be read as an update of it") from None
    return reader


def _read_store(pdf: bytes) -> "ValidationData | None":
    try:
        return read_store(pdf)
    except Exception as error:  # noqa: BLE001 - as above
        raise unreadable(error, "its validation data cannot be read") from None


def _require_both(
    signatures: list[EmbeddedPdfSignature], pdf: bytes, origin: Origin
) -> tuple[tuple[EmbeddedPdfSignature, EmbeddedPdfSignature], list[EmbeddedPdfSignature]]:
    names = [signature.field_name for signature in signatures]
    stamps = signatures[2:]
    kinds = [str(signature.sig_object_type) for signature in signatures]
    if names[:2] == [PUBLISHER, DELIVERY] and kinds == ["/Sig", "/Sig", *("/DocTimeStamp" for _ in stamps)]:
        return (signatures[0], signatures[1]), stamps
    if not names and b"/ByteRange" not in pdf[len(origin.form) :]:
        raise UnsignedError("the file is a form of the policy that someone filled in; it is not signed")
    if names == [PUBLISHER] and _is_whole(signatures[0], pdf):
        raise UnsignedError("the file is a certified form; it was not issued to anyone, and has no delivery signature")
    found = ", ".join(map(str, names)) or "none that can be read"
    raise AlteredError(f"a copy carries the signatures {PUBLISHER} and {DELIVERY}; this file has {found}")


def _is_whole(publisher: EmbeddedPdfSignature, pdf: bytes) -> bool:
    """Tell whether a form ends with its publisher's signature, or with the validation data for it."""
    end = sum(read_ranges(publisher)[2:])
    return end == len(pdf) or (b"/DSS" in pdf[end:] and b"/ByteRange" not in pdf[end:])


def _read_values(reader: PdfFileReader) -> dict[str, str]:
    try:
        acroform: Any = reader.root["/AcroForm"]
        font = read_field_font(acroform)
        fields = {str(f.get_object()["/T"]): f.get_object() for f in acroform["/Fields"]}
        return {name: _read_value(name, fields[name], font) for name in ("Recipient", "Reference", "IssuedAt")}
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise unreadable(error, "its fields cannot be read") from None


def _read_value(name: str, field: Any, font: FieldFont) -> str:
    value = str(field["/V"])
    shown: Any = field["/AP"]["/N"]
    fonts = shown["/Resources"]["/Font"]
    others = {label[1:]: read_glyphs(fonts[label]) for label in fonts if label != f"/{font.name}"}
    lines = read_shown(shown.data, font, others)
    if lines is None or value not in (" ".join(lines), "".join(lines)):
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
        attached = read_attachments(reader)
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise unreadable(error, "its attachments cannot be read") from None
    if attached.get("policy.json") != ledger.record(origin.version, "policy.json"):
        raise AlteredError("the attached policy.json is not the recorded one")
    return issued_at


def _name_other(found: "Version", wanted: "Version") -> str:
    until = "no later one is known" if found.effective_until is None else f"until {_day(found.effective_until)}"
    return (
        f"the copy is whole, but it is of version {found.version}, in force from {_day(found.effective_at)} ({until}); "
        f"version {wanted.version} was asked for"
    )


def _day(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).date().isoformat()


def _summarise(signed: Signed, proof: Proof, changes: tuple[str, ...]) -> SignatureSummary:
    own = signed.certificates[0]
    moment = signed.signature.self_reported_timestamp
    if moment is None:
        raise AlteredError(f"the signature {signed.signature.field_name!r} does not say when it was made")
    return SignatureSummary(
        field=signed.signature.field_name,
        signer=subject_name(own),
        certificate_digest=certificate_digest(own),
        self_signed=is_self_signed(own),
        signing_time=moment.astimezone(datetime.UTC),
        proven_at=proof.at,
        time_source=proof.source,
        covered_bytes=signed.end,
        changes_after=changes,
        level=proof.level,
        valid_until=proof.until,
    )


def _summarise_stamp(stamped: Stamped) -> TimestampSummary:
    own = stamped.token.certificates[0]
    return TimestampSummary(
        field=stamped.field,
        authority=subject_name(own),
        certificate_digest=certificate_digest(own),
        stamped_at=stamped.token.moment,
        covered_bytes=stamped.end,
        expires_at=own.not_valid_after_utc,
    )
