"""Forms and copies for Python callers, as the command line is the edge for shells: the clock is read
where a caller names no moment, and heavy modules are imported when they are needed.
"""

import datetime
from collections.abc import Iterable, Sequence

from .._clock import now
from .._time import require_moment
from ..copies.pades import Level
from ..errors import WrongTypeError, require_text
from ..policy.model import Policy
from ..policy.papers import Paper
from ..verifying.verification import Verification
from .optional import Certificate, Identity, TimestampClient, Trust, Typeface
from .policies import load_ledger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..copies.issuer import Issuer

_issuers: "dict[tuple[object, ...], Issuer]" = {}  # what copies share; see `Issuer`
_MOST_ISSUERS = 16


def issue(
    policy: Policy,
    *,
    recipient: str,
    reference: str | None = None,
    issued_at: datetime.datetime,
    identity: Identity,
    paper: Paper = "a4",
    level: Level = "B-B",
    tsa: str | Sequence[str] | TimestampClient = (),
    trust: Iterable[Certificate] | Trust = (),
    fonts: Iterable[str | Typeface] = (),
) -> bytes:
    """Issue a signed copy of a recorded version at a level of PAdES (ETSI EN 319 142-1).

    The form is certified once for each identity and level in a process.

    Args:
        policy: the version, as `current` or `in_force` returned it.
        recipient: whom the copy is addressed to; beyond Latin, Greek, Cyrillic and Vietnamese with `fonts`.
        reference: what the copy is called, or None for its day and a digest.
        issued_at: the moment that the copy shows and is signed at (aware).
        identity: who signs.
        paper: "a4" or "letter".
        level: "B-B", "B-T" (with a timestamp), "B-LT" (with validation data), "B-LTA" (with an
            archive timestamp).
        tsa: the addresses of timestamp authorities, the preferred one first, or a `TimestampClient`.
        trust: whom to trust; "B-LT" and "B-LTA" need a `Trust` whose certificates are above the signer's and
            the authorities'. A self-signed identity is its own root.
        fonts: files of fonts, or names of installed ones; what a name needs of them is embedded.

    Returns:
        The bytes of the PDF; they begin with those of the recorded form.

    Raises:
        RecipientError: the recipient or the reference cannot be written into its field.
        IdentityError: the identity may not sign at that moment.
        UsageError: there is no such paper, or `issued_at` is naive.
        UnknownVersionError: no version of that date is recorded.
        RecordError: the policy is not the one recorded under its date, or its form has changed.
        LevelError: the level cannot be reached; the message says which answer was missing.
        MissingExtraError: cryptography is not installed.
    """
    require_policy(policy)
    require_text(recipient, "recipient")
    require_moment(issued_at)
    from ..trust.anchors import as_trust

    issuer = find_issuer(identity, level, timestamp_client(tsa), as_trust(trust), find_typefaces(fonts))
    return issuer.issue(policy, recipient=recipient, reference=reference, issued_at=issued_at, paper=paper).pdf


def renew(
    pdf: bytes,
    *,
    tsa: str | Sequence[str] | TimestampClient,
    trust: Iterable[Certificate] | Trust,
    at: datetime.datetime | None = None,
) -> bytes:
    """Renew a copy: verify it, and add the next archive timestamp, so that it stays valid for longer.

    Args:
        pdf: a copy of level B-LT or B-LTA.
        tsa: the addresses of timestamp authorities, the preferred one first, or a `TimestampClient`.
        trust: whom to trust; see `verify`. The authority that is asked now has to be among them.
        at: now (aware), or None for what the clock says.

    Returns:
        The copy of level B-LTA; it begins with the bytes of the old one.

    Raises:
        VerificationError: the copy does not verify.
        LevelError: its level is lower, or an answer was missing.
        MissingExtraError: cryptography is not installed.
    """
    from ..verifying.renewing import renew_copy

    moment = now() if at is None else at
    return renew_copy(pdf, timestamps=timestamp_client(tsa), trust=trust, at=moment, ledger=load_ledger())[0]


def verify(
    pdf: bytes,
    *,
    trust: Iterable[Certificate] | Trust,
    at: datetime.datetime | None = None,
    version: str | None = None,
    fonts: Iterable[str | Typeface] = (),
) -> Verification:
    """Verify a signed copy, offline.

    Args:
        pdf: the bytes of the file.
        trust: whom to trust: certificates of signers, or above them (see `load_certificates`); or a `Trust`, which
            also names those of timestamp authorities (see `verifying.make_trust`). Nobody else is trusted, and the
            machine's own store is never asked.
        at: the moment for which certificates are validated (aware), or None for now.
        version: the version that the copy has to be of, for instance "2026-02-24", or None for any.
        fonts: the issuer's fonts for names in other scripts, as files or names, where they are at hand; what such a
            name shows is then compared in full, and a copy with other fonts is not accepted.

    Returns:
        The verdict: which version, to whom, when, by whom.

    Raises:
        UnsignedError: nothing in it is signed, or it is a form that was not yet delivered.
        AlteredError: it is not what was signed, or not what was recorded.
        UntrustedError: it is whole, but a signer leads to no certificate that is trusted.
        VersionMismatchError: it holds, but is of another version than was asked for.
        UnreadableFileError: it cannot be read far enough to tell.
        UsageError: `at` is naive.
        UnknownVersionError: there is no such version.
        RecordError: a record of this package has changed.
        MissingExtraError: cryptography is not installed.
    """
    from ..verifying.verify import verify

    if not isinstance(pdf, bytes):
        raise WrongTypeError("pdf", "bytes", pdf)
    moment = now() if at is None else at
    require_moment(moment)
    return verify(pdf, trust=trust, at=moment, ledger=load_ledger(), version=version, fonts=find_typefaces(fonts))


def require_policy(policy: object) -> None:
    """Refuse what is not a policy; raises WrongTypeError."""
    if not isinstance(policy, Policy):
        raise WrongTypeError("policy", "a Policy", policy)


def find_issuer(
    identity: "Identity",
    level: Level,
    client: "TimestampClient",
    trust: Trust,
    typefaces: "tuple[Typeface, ...]",
) -> "Issuer":
    """Find the issuer that does what a caller asks for, or make one: its forms are certified once in a process."""
    from ..copies.issuer import Issuer
    from ..trust.authorities import Authorities

    key = (identity.digest, id(identity.key), level, client, trust, typefaces)
    if key not in _issuers:
        while len(_issuers) >= _MOST_ISSUERS:
            del _issuers[next(iter(_issuers))]
        authorities = Authorities(timestamps=client, trust=trust)
        _issuers[key] = Issuer(identity, level=level, authorities=authorities, fonts=typefaces)
    return _issuers[key]


def find_typefaces(fonts: Iterable[str | Typeface]) -> tuple[Typeface, ...]:
    """Find the fonts that callers name."""
    from ..typesetting.fonts import find_typeface

    return tuple(find_typeface(font) if isinstance(font, str) else font for font in fonts)


def timestamp_client(tsa: str | Sequence[str] | TimestampClient) -> TimestampClient:
    """Make a client of what callers may give."""
    from ..trust.timestamp_client import TimestampClient

    if isinstance(tsa, TimestampClient):
        return tsa
    return TimestampClient(urls=(tsa,) if isinstance(tsa, str) else tuple(tsa))
