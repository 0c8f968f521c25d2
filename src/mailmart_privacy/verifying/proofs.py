"""When each signature of a copy existed, whether its signer could be trusted then, and for how long that can be shown.

Time is proven backwards (ETSI EN 319 102-1, 5.6): the last timestamp is judged at the moment of
validation; everything that it covers existed when it was made, so the timestamp before it is judged at that time, and
finally the signer at the time of the signature. Only data in the file is used.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..copies.read_values import ReadSignature, ReadStamp
from ..copies.reading import ReadCopy
from ..errors import AlteredError, MissingExtraError, UntrustedError, VerificationError, one_line
from ..keys.certificates import certificate_digest, subject_name
from ..trust.anchors import Trust
from ..trust.path_validator import PathValidator
from ..trust.purposes import NotTrustedError

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from ..trust.timestamp_token import Token

_TOLERANCE = datetime.timedelta(minutes=5)  # by which clocks may differ


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Proof:
    """What is proven of one signature.

    Attributes:
        level: the level reached.
        at: the moment at which it existed (aware, UTC), or None if only its signer says so.
        source: the name of the authority that says so, or None.
        until: until when that can be shown (aware, UTC).
    """

    level: str
    at: datetime.datetime | None
    source: str | None
    until: datetime.datetime


def prove(
    copy: ReadCopy,
    *,
    trust: Trust,
    at: datetime.datetime,
) -> tuple[Proof, Proof]:
    """Prove the two signatures of a copy.

    Args:
        copy: what was read of the file.
        trust: whom to trust for what.
        at: the moment of validation (aware).

    Returns:
        What is proven of each.

    Raises:
        AlteredError: the validation data are not in the form that copies carry.
        UntrustedError: somebody could not be trusted at the time that counts.
    """
    try:
        return _prove(copy, trust, at)
    except VerificationError:
        raise
    except ValueError as error:
        raise AlteredError(f"its signers cannot be judged by its validation data ({one_line(error)})") from None


def _prove(copy: ReadCopy, trust: Trust, at: datetime.datetime) -> tuple[Proof, Proof]:
    delivery, archives, data = copy.delivery, copy.stamps, copy.data
    _require_data(copy)
    judge = PathValidator(trust=trust, data=data, validated_at=at)
    time, until = _walk(judge, archives, at)
    archived = time if archives else None

    stamp = _judge_token(judge, delivery.token, time, at, archived=bool(archives)) if delivery.token else None
    if stamp is not None:
        time = stamp.at
        until = until or stamp.until
    timed = stamp is not None or archived is not None
    signer = _judge_signer(judge, delivery, time if timed else None, at)
    complete = data is not None and signer.complete and (stamp is None or stamp.complete)
    level = "B-B" if not timed else "B-T" if not complete else "B-LTA" if archives else "B-LT"
    if level != "B-LT" and not archives and copy.added:
        raise AlteredError("data were added to the file after its delivery was signed, and do not complete it")
    ends = [until] if until else []
    if not (timed and signer.complete):
        ends.append(signer.until)
    _require_past(delivery, time if timed else at, timed=timed)
    name = _authority(delivery.token) if delivery.token else _authority(archives[0].token) if archives else None
    delivered = Proof(level=level, at=time if timed else None, source=name, until=min(ends))
    certified = _prove_publisher(judge, copy.publisher, delivered, at, stored=data is not None, archived=bool(archives))
    return certified, delivered


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
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


def _require_data(copy: ReadCopy) -> None:
    """Require that each piece of validation data has a valid signature, and concerns a signer of the file."""
    if copy.data is None:
        return
    from ..trust.validation_data import require_genuine

    tokens = [signed.token for signed in (copy.publisher, copy.delivery) if signed.token is not None]
    tokens += [stamp.token for stamp in copy.stamps]
    own = copy.delivery.signatory.parsed
    try:
        require_genuine(copy.data, (*own, *(c for token in tokens for c in token.certificates)))
    except ValueError as error:
        raise AlteredError(f"the file was changed after its delivery was signed: {one_line(error)}") from None


def _walk(
    judge: PathValidator, archives: tuple[ReadStamp, ...], at: datetime.datetime
) -> tuple[datetime.datetime, datetime.datetime | None]:
    """Go back over the archive timestamps: from when everything existed, and until when the last one is valid."""
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
        _require_path(stamped.token, path)
        _require_order(stamped.token, time, at)
        time, until = stamped.token.moment, until or _expiry(path)
    return time, until


def _judge_token(
    judge: PathValidator, token: "Token", time: datetime.datetime, at: datetime.datetime, *, archived: bool
) -> _Judged:
    """Judge the timestamp of a signature that existed at a time."""
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
    _require_path(token, path)
    _require_order(token, time, at)
    return _Judged(at=token.moment, until=_expiry(path), complete=complete)


def _judge_signer(
    judge: PathValidator, signed: ReadSignature, proven_at: datetime.datetime | None, at: datetime.datetime
) -> _Judged:
    """Judge a signer at the time of the signature; if nothing shows that it was not revoked, also now."""
    own, *others = signed.signatory.parsed
    time, claimed_at = (at, signed.moment) if proven_at is None else (proven_at, None)
    complete = True
    try:
        try:
            path = judge.find_path(own, others, at=time, proven=True, claimed_at=claimed_at)
        except NotTrustedError:
            complete = False
            path = judge.find_path(own, others, at=time, proven=False, claimed_at=claimed_at)
            if time != at:
                path = judge.find_path(own, others, at=at, proven=False, used_at=time)
    except NotTrustedError as error:
        raise _distrust("signer", own, error) from None
    return _Judged(at=time, until=_expiry(path), complete=complete)


def _prove_publisher(
    judge: PathValidator,
    publisher: ReadSignature,
    delivered: Proof,
    at: datetime.datetime,
    *,
    stored: bool,
    archived: bool,
) -> Proof:
    """Prove the signature over the form, which existed when the delivery that covers it was signed."""
    stamp, time, source = None, delivered.at, delivered.source
    if publisher.token is not None and time is not None:
        try:
            stamp = _judge_token(judge, publisher.token, time, at, archived=False)
            time, source = stamp.at, _authority(publisher.token)
        except UntrustedError:  # the delivery's timestamp proves it as well
            stamp = None
    signer = _judge_signer(judge, publisher, time, at)
    complete = stored and signer.complete and stamp is not None and stamp.complete
    level = "B-B" if stamp is None else "B-T" if not complete else "B-LTA" if archived else "B-LT"
    until = delivered.until if time is not None and signer.complete else min(delivered.until, signer.until)
    return Proof(level=level, at=time, source=source, until=until)


def _require_past(signed: ReadSignature, time: datetime.datetime, *, timed: bool) -> None:
    """Refuse a signature that claims to have been made later than it existed."""
    claimed = signed.moment
    if claimed > time + _TOLERANCE:
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


def _require_path(token: "Token", path: tuple[x509.Certificate, ...]) -> None:
    """Refuse a token with certificates that are not on the path: no signature covers them."""
    if path[-1] not in token.certificates and not set(token.certificates) <= set(path):
        raise AlteredError("the file was changed: a timestamp carries a certificate that does not vouch for it")


def _expiry(path: tuple[x509.Certificate, ...]) -> datetime.datetime:
    """Find when the first certificate on a path expires; a root counts only if it is the signer's own."""
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
        argument="trust" if who == "signer" else "trust_timestamps",
    )
