"""When each signature of a copy was there, whether its signer could be trusted then, and for how long that shows.

Time is proven backwards (ETSI EN 319 102-1, 5.6): the last timestamp is judged at the moment of
validation; whatever it covers was there when it was made, so the one before it is judged at that
time, and in the end the signer at the time of the signature. Only what the file holds is used.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import AlteredError, MissingExtraError, UntrustedError, VerificationError, one_line
from ..keys.certificates import certificate_digest, subject_name
from ..trust.anchors import make_trust
from ..trust.dss import extend_store
from ..trust.path_validator import PathValidator
from ..trust.purposes import NotTrustedError
from ..trust.validation_data import ValidationData, require_genuine

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from ..trust.timestamp_token import Token
    from .signatures import Signed, Stamped

_TOLERANCE = datetime.timedelta(minutes=5)  # by which clocks may differ


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What is proven of one signature.

    Attributes:
        level: the level reached.
        at: the moment at which it was there (aware, UTC), or None where only its signer says so.
        source: the name of the authority that says so, or None.
        until: until when that can be shown (aware, UTC).
    """

    level: str
    at: datetime.datetime | None
    source: str | None
    until: datetime.datetime


def prove(
    pdf: bytes,
    publisher: "Signed",
    delivery: "Signed",
    archives: "tuple[Stamped, ...]",
    data: ValidationData | None,
    *,
    roots: tuple[x509.Certificate, ...],
    at: datetime.datetime,
) -> tuple[Proof, Proof]:
    """Prove the two signatures of a copy.

    Args:
        pdf: the file.
        publisher: the signature over the form.
        delivery: the signature over the copy.
        archives: the archive timestamps, oldest first.
        data: the validation data in the file, or None where it has no store.
        roots: the certificates to trust.
        at: the moment of validation (aware).

    Returns:
        What is proven of each.

    Raises:
        AlteredError: the validation data are not such as a copy carries.
        UntrustedError: somebody could not be trusted at the time that counts.
    """
    try:
        return _prove(pdf, publisher, delivery, archives, data, roots, at)
    except VerificationError:
        raise
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on strange certificates
        raise AlteredError(f"its signers cannot be judged by its validation data ({one_line(error)})") from None


def _prove(
    pdf: bytes,
    publisher: "Signed",
    delivery: "Signed",
    archives: "tuple[Stamped, ...]",
    data: ValidationData | None,
    roots: tuple[x509.Certificate, ...],
    at: datetime.datetime,
) -> tuple[Proof, Proof]:
    _require_data(pdf, publisher, delivery, archives, data)
    judge = PathValidator(trust=make_trust(roots, roots), data=data or ValidationData())
    time, until = _walk(judge, archives, at)
    archived = time if archives else None

    stamp = _judge_token(judge, delivery.token, time, archived=bool(archives)) if delivery.token else None
    if stamp is not None:
        time = stamp.at
        until = until or stamp.until
    timed = stamp is not None or archived is not None
    signer = _judge_signer(judge, delivery, time if timed else at, at)
    complete = data is not None and signer.complete and (stamp is None or stamp.complete)
    level = "B-B" if not timed else "B-T" if not complete else "B-LTA" if archives else "B-LT"
    if level != "B-LT" and not archives and len(pdf) > delivery.end:
        raise AlteredError("data were added to the file after its delivery was signed, and do not complete it")
    ends = [until] if until else []
    if not (timed and signer.complete):
        ends.append(signer.until)
    _require_past(delivery, time if timed else at, timed=timed)
    name = _authority(delivery.token) if delivery.token else _authority(archives[0].token) if archives else None
    delivered = Proof(level=level, at=time if timed else None, source=name, until=min(ends))
    certified = _prove_publisher(judge, publisher, delivered, at, stored=data is not None, archived=bool(archives))
    return certified, delivered


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judged:
    """A certificate that could be trusted.

    Attributes:
        at: the time that it gives, or was judged at.
        until: when it, or one above it, expires.
        complete: whether it was shown that none of them was revoked.
    """

    at: datetime.datetime
    until: datetime.datetime
    complete: bool


def _require_data(
    pdf: bytes,
    publisher: "Signed",
    delivery: "Signed",
    archives: "tuple[Stamped, ...]",
    data: ValidationData | None,
) -> None:
    """Hold each of the validation data to its own signature; where nothing covers them, to the spelling of copies."""
    try:
        covered = bool(archives) or len(pdf) == delivery.end
        if not covered and (data is None or extend_store(pdf[: delivery.end], data) != pdf):
            raise ValueError("something else than validation data was added after the delivery signature")
        tokens = [signed.token for signed in (publisher, delivery) if signed.token is not None]
        tokens += [stamped.token for stamped in archives]
        own = (*publisher.certificates, *delivery.certificates)
        if data is not None:
            require_genuine(data, (*own, *(c for token in tokens for c in token.certificates)))
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise AlteredError(f"the file was changed after its delivery was signed: {one_line(error)}") from None


def _walk(
    judge: PathValidator, archives: "tuple[Stamped, ...]", at: datetime.datetime
) -> tuple[datetime.datetime, datetime.datetime | None]:
    """Walk back over the archive timestamps: to when all was there, and until when the last one holds."""
    time, until = at, None
    for stamped in reversed(archives):
        last = until is None
        try:
            path = judge.find_path(
                stamped.token.certificates[0],
                stamped.token.certificates[1:],
                at=time,
                purpose="stamp",
                proven=not last,
            )
        except NotTrustedError as error:
            raise _distrust("timestamp authority", stamped.token.certificates[0], error) from None
        _require_order(stamped.token, time, at)
        time, until = stamped.token.moment, until or _expiry(path)
    return time, until


def _judge_token(judge: PathValidator, token: "Token", time: datetime.datetime, *, archived: bool) -> _Judged:
    """PathValidator the timestamp of a signature that was there at a time."""
    own, *others = token.certificates
    complete = True
    try:
        path = judge.find_path(own, others, at=time, purpose="stamp", proven=False)
    except NotTrustedError as error:
        raise _distrust("timestamp authority", own, error) from None
    try:
        judge.find_path(own, others, at=time if archived else token.moment, purpose="stamp", proven=True)
    except NotTrustedError:
        complete = False
    _require_order(token, time, time)
    return _Judged(at=token.moment, until=_expiry(path), complete=complete)


def _judge_signer(judge: PathValidator, signed: "Signed", time: datetime.datetime, at: datetime.datetime) -> _Judged:
    """PathValidator a signer at the time of the signature; where nothing shows that it was not revoked, also now."""
    own, *others = signed.certificates
    complete = True
    try:
        try:
            path = judge.find_path(own, others, at=time, proven=True)
        except NotTrustedError:
            complete = False
            judge.find_path(own, others, at=time, proven=False)
            path = judge.find_path(own, others, at=at, proven=False)
    except NotTrustedError as error:
        raise _distrust("signer", own, error) from None
    return _Judged(at=time, until=_expiry(path), complete=complete)


def _prove_publisher(
    judge: PathValidator, publisher: "Signed", delivered: Proof, at: datetime.datetime, *, stored: bool, archived: bool
) -> Proof:
    """Prove the signature over the form, which was there when the delivery, which covers it, was signed."""
    stamp, time, source = None, delivered.at, delivered.source
    if publisher.token is not None and time is not None:
        try:
            stamp = _judge_token(judge, publisher.token, time, archived=False)
            time, source = stamp.at, _authority(publisher.token)
        except UntrustedError:  # the delivery's timestamp proves it as well
            stamp = None
    signer = _judge_signer(judge, publisher, time or at, at)
    complete = stored and signer.complete and stamp is not None and stamp.complete
    level = "B-B" if stamp is None else "B-T" if not complete else "B-LTA" if archived else "B-LT"
    until = delivered.until if time is not None and signer.complete else min(delivered.until, signer.until)
    return Proof(level=level, at=time, source=source, until=until)


def _require_past(signed: "Signed", time: datetime.datetime, *, timed: bool) -> None:
    """Refuse a signature that says it was made after it was there."""
    claimed = signed.signature.self_reported_timestamp
    if claimed is not None and claimed > time + _TOLERANCE:
        when = "its timestamp" if timed else "the moment of validation"
        raise UntrustedError(
            f"the copy is whole, but it says that it was issued on {_minute(claimed)}, after {when} ({_minute(time)})"
        )


def _minute(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC"


def _require_order(token: "Token", time: datetime.datetime, at: datetime.datetime) -> None:
    if token.moment > time + _TOLERANCE:
        when = "the moment of validation" if time == at else "the timestamp that covers it"
        raise UntrustedError(
            f"the copy is whole, but a timestamp is of {token.moment:%Y-%m-%d %H:%M UTC}, after {when}"
        )


def _expiry(path: tuple[x509.Certificate, ...]) -> datetime.datetime:
    """Find when the first certificate on a way expires; a root counts only where it is the signer's own."""
    return min(certificate.not_valid_after_utc for certificate in path[:-1] or path)


def _authority(token: "Token") -> str:
    return subject_name(token.certificates[0])


def _distrust(who: str, certificate: x509.Certificate, error: NotTrustedError) -> UntrustedError:
    named = f"{subject_name(certificate)!r} (SHA-256 {certificate_digest(certificate)})"
    whose = "" if who == "signer" else f"the {who} "
    root = "signer's certificate" if who == "signer" else "authority's root certificate"
    return UntrustedError(
        f"the copy is whole, but the certificate of {whose}{named} {error}; "
        f"get the {root} through a channel that you trust",
        argument="trust_roots",
    )
