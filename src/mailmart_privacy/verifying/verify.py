"""Copy → Verification, or an error that says why not.

The rules, in the order in which they are applied:

1. The file begins with the very bytes of a recorded form. Almost: altered. Not at all: whatever it is, it is not a
   copy of a recorded policy. Of a version or a format that this release does not know: upgrade.
2. Every byte after the form is what issuing would write from the few values that are read there (see
   `copies.reading`). Anything else: altered. Nothing but a certification: unsigned.
3. Both signatures hold under the certificates in their containers, which are those of one signer and its issuers; the
   keys are strong enough to issue with. Each timestamp covers what it belongs to.
4. Both signers lead to a certificate that is trusted to sign, at the time of their signatures where timestamps and
   validation data in the file prove it, else at the moment of validation; the authorities of the timestamps lead to
   one that is trusted to tell the time. Otherwise the copy is whole, but nobody trusted vouches for it.
5. It is of the version that was asked for, if one was.

The function raises an error; it never returns "no". A file that cannot be read is undecidable, and never passes.
"""

import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from ..copies.read_values import ReadSignature, ReadStamp
from ..copies.reading import ReadCopy, read_copy, read_renewed
from ..errors import AlteredError, MissingExtraError, UnreadableFileError, UntrustedError, VersionMismatchError
from ..keys.certificates import certificate_digest, has_issued, load_certificate, read_key, remember, subject_name
from ..keys.signature import SignatureError, find_weakness, has_low_s, require_signature
from ..pdf.field_names import DELIVERY, WORDS
from ..trust.anchors import as_trust
from .origin import find_origin
from .proofs import Proof, prove
from .verification import SignatureSummary, TimestampSummary, Verification

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..policy.ledger import Ledger
    from ..policy.versions import Version
    from ..trust.anchors import Trusted
    from ..trust.timestamp_token import Token
    from ..typesetting.fonts import Typeface


def verify(
    pdf: bytes,
    *,
    trust: "Trusted",
    at: datetime.datetime,
    ledger: "Ledger",
    version: str | None = None,
    fonts: "Sequence[Typeface]" = (),
) -> Verification:
    """Verify a signed copy.

    Args:
        pdf: the bytes of the file.
        trust: whom to trust for what; nobody else is.
        at: the moment for which certificates are validated (aware).
        ledger: the recorded versions.
        version: the one that the copy has to be of, or None for any.
        fonts: the issuer's fonts for names in other scripts, where they are at hand; such a name is then compared
            in full.

    Returns:
        The verdict: which version, to whom, when, by whom.

    Raises:
        UnsignedError: nothing in it is signed, or it is a form that was not yet delivered.
        AlteredError: it is not what was signed, or not what was recorded.
        UntrustedError: it is whole, but a signer leads to no certificate that is trusted; or a name in it is drawn with
            other fonts than those given, so that what it shows cannot be compared.
        VersionMismatchError: it holds, but is of another version; or this release does not know its version or format.
        UnreadableFileError: it cannot be read far enough to tell.
        UnknownVersionError: there is no such version.
        RecordError: a record of this package has changed.
    """
    wanted = None if version is None else ledger.version(version)
    copy, verdict = verify_parts(pdf, trust=trust, at=at, ledger=ledger, fonts=fonts)
    found = ledger.version(copy.form.version)
    if wanted is not None and wanted != found:
        raise VersionMismatchError(_name_other(found, wanted))
    return verdict


def verify_parts(
    pdf: bytes, *, trust: "Trusted", at: datetime.datetime, ledger: "Ledger", fonts: "Sequence[Typeface]" = ()
) -> tuple[ReadCopy, Verification]:
    """Verify a copy of any version, and return what was read of it, too; see `verify`."""
    try:
        copy = read_copy(pdf, find_origin(pdf, ledger), fonts)
        require_signatures(copy)
    except MemoryError:
        raise UnreadableFileError("the file cannot be read: there is not enough memory") from None
    verdict = _judge(copy, trust, at, ledger)
    if copy.unlike:  # another release of a font is enough for that: it does not make the copy altered
        raise UntrustedError(
            f"the copy is whole, but the {WORDS[copy.unlike[0]]} is drawn with other fonts than those given, so "
            "it cannot be compared; give the issuer's own fonts, or none"
        )
    return copy, verdict


def verify_renewed(
    pdf: bytes, copy: ReadCopy, *, trust: "Trusted", at: datetime.datetime, ledger: "Ledger"
) -> Verification:
    """Verify a copy after its renewal, and read no more of it than was added; see `verify`.

    Args:
        pdf: the renewed copy; it begins with all bytes of the other one.
        copy: what was read when that one was verified.
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        ledger: the recorded versions.
    """
    find_origin(pdf, ledger)  # how much may follow a form is bounded, however often a copy is renewed
    renewed = read_renewed(pdf, copy)
    require_signatures(renewed)
    return _judge(renewed, trust, at, ledger)


def _judge(copy: ReadCopy, trust: "Trusted", at: datetime.datetime, ledger: "Ledger") -> Verification:
    proofs = prove(copy, trust=as_trust(trust), at=at)
    return _summarise(copy, ledger.version(copy.form.version), proofs)


def require_signatures(copy: ReadCopy) -> None:
    """Refuse a copy with an invalid signature or timestamp (rule 3), no matter who signed it.

    Raises:
        AlteredError: one is invalid.
    """
    for signature in (copy.publisher, copy.delivery):
        signatory = signature.signatory
        _require_path(*signatory.parsed)
        _require_holding(signature)
        if signature.token is not None:
            _require_stamped(signature.token, signature.signature, f"the signature {signature.field}")
    for stamp in copy.stamps:
        if (stamp.token.algorithm, stamp.token.imprint) != ("sha256", stamp.digest):
            raise AlteredError(f"the file was changed: the timestamp {stamp.field} was made for something else")


def _require_holding(signature: ReadSignature) -> None:
    signatory = signature.signatory
    fault = _find_fault(signatory.certificate, signature.signature, signatory.message(signature.digest))
    if fault is not None:
        raise AlteredError(f"the file was changed: the signature {signature.field} {fault}")
    weakness = _find_weakness(signatory.parsed[0])
    if weakness is not None:
        raise UntrustedError(f"the signature {signature.field} holds, but anybody may have made it: {weakness}")


@lru_cache(maxsize=16)  # copies of one certified form have the same first signature
def _find_fault(certificate: bytes, signature: bytes, message: bytes) -> str | None:
    """Tell what is wrong with a signature, so that the words complete "the signature …"; None if it holds."""
    key = read_key(load_certificate(certificate))
    if not has_low_s(signature, key):
        return "is not in canonical form"
    try:
        require_signature(key, signature, message)
    except SignatureError as error:
        return str(error)
    return None


@remember(256)  # copies of one issuer have the same certificate
def _find_weakness(certificate: x509.Certificate) -> str | None:
    return find_weakness(read_key(certificate))


def _require_stamped(token: "Token", message: bytes, whose: str) -> None:
    from ..trust.timestamp_token import require_stamped

    try:
        require_stamped(token, message)
    except ValueError:
        raise AlteredError(f"the file was changed: the timestamp of {whose} was made for something else") from None


@remember(256)
def _require_path(own: x509.Certificate, *others: x509.Certificate) -> None:
    """Refuse certificates in a container that are not issuers above the signer's certificate."""
    path, rest = [own], list(others)
    while found := next((c for c in rest if has_issued(c, path[-1])), None):
        path.append(found)
        rest.remove(found)
    if rest:
        raise AlteredError(
            f"the file was changed: it carries the certificate of {subject_name(rest[0])!r}, which has nothing to do "
            "with its signer"
        )


def _name_other(found: "Version", wanted: "Version") -> str:
    until = "no later one is known" if found.effective_until is None else f"until {_day(found.effective_until)}"
    force = f"in force from {_day(found.effective_at)} ({until})"
    if found.withdrawn_at is not None:
        force = f"withdrawn on {_day(found.withdrawn_at)}, before it took effect"
    return f"the copy is whole, but it is of version {found.version}, {force}; version {wanted.version} was asked for"


def _day(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).date().isoformat()


def _summarise(copy: ReadCopy, found: "Version", proofs: tuple[Proof, Proof]) -> Verification:
    data = ("validation data",) if copy.added else ()
    changes = (*data, *(f"timestamp {stamp.field}" for stamp in copy.stamps))
    signer = subject_name(copy.delivery.signatory.parsed[0])  # the publisher, too
    return Verification(
        version=found.version,
        last_updated=found.last_updated,
        effective_at=found.effective_at,
        effective_until=found.effective_until,
        policy_digest=found.digest,
        paper=copy.form.paper,
        recipient=copy.recipient,
        reference=copy.reference,
        issued_at=copy.delivery.moment,
        publisher=_summarise_signature(
            copy.publisher, signer, proofs[0], ("fields filled in", f"signature {DELIVERY}", *changes)
        ),
        delivery=_summarise_signature(copy.delivery, signer, proofs[1], changes),
        timestamps=tuple(map(_summarise_stamp, copy.stamps)),
        level=proofs[1].level,
        valid_until=proofs[1].until,
        digest=copy.digest,
        withdrawn_at=found.withdrawn_at,
        remarks=tuple(filter(None, [found.withdrawal_reason, _find_lookalikes(copy.recipient)]))
        + tuple(
            f"the {WORDS[name]} is drawn with the issuer's own font, which was not compared" for name in copy.uncompared
        ),
    )


def _find_lookalikes(name: str) -> str | None:
    if name.isascii():
        return None
    from .._lookalikes import find_lookalikes  # its table of letters takes as long as to verify a copy

    return find_lookalikes(name)


def _summarise_signature(
    signature: ReadSignature, signer: str, proof: Proof, changes: tuple[str, ...]
) -> SignatureSummary:
    signatory = signature.signatory
    return SignatureSummary(
        field=signature.field,
        signer=signer,
        certificate_digest=signatory.digest,
        self_signed=signatory.is_self_signed,
        signing_time=signature.moment,
        proven_at=proof.at,
        time_source=proof.source,
        covered_bytes=signature.end,
        changes_after=changes,
        level=proof.level,
        valid_until=proof.until,
    )


def _summarise_stamp(stamp: ReadStamp) -> TimestampSummary:
    own = stamp.token.certificates[0]
    return TimestampSummary(
        field=stamp.field,
        authority=subject_name(own),
        certificate_digest=certificate_digest(own),
        stamped_at=stamp.token.moment,
        covered_bytes=stamp.end,
        expires_at=own.not_valid_after_utc,
    )
