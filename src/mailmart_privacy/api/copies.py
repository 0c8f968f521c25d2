"""Forms and copies for Python callers, as the command line is the edge for shells: the clock is read
where a caller names no moment, and heavy modules are imported when they are needed.
"""

import datetime
from collections.abc import Iterable, Sequence
from hashlib import sha256

from .._asyncio import run_beside
from .._clock import now
from .._time import require_moment
from ..copies.pades import Level
from ..errors import RecordError, WrongTypeError, require_text
from ..policy.ledger import shipped
from ..policy.model import Policy
from ..policy.papers import Paper, form_name, require_paper
from ..verifying.verification import Verification
from .optional import Certificate, Identity, TimestampClient, Typeface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..copies.certified import CertifiedForm

_certified_forms: "dict[tuple[bytes, str, str], CertifiedForm]" = {}


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
    trust_roots: Iterable[Certificate] = (),
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
        trust_roots: where the certificates of the signer and of the authorities lead to; needed
            for "B-LT" and "B-LTA". A self-signed identity is its own root.
        fonts: files of fonts, or names of installed ones; what a name needs of them is embedded.

    Returns:
        The bytes of the PDF; they begin with those of the recorded form.

    Raises:
        RecipientError: the recipient or the reference cannot stand in its field.
        IdentityError: the identity may not sign at that moment.
        UsageError: there is no such paper, or `issued_at` is naive.
        UnknownVersionError: no version of that date is recorded.
        RecordError: the policy is not the one recorded under its date, or its form has changed.
        LevelError: the level cannot be reached; the message says which answer was missing.
        MissingExtraError: pyHanko is not installed.
    """
    from ..copies.certified import certified_level
    from ..copies.issuing import complete_values
    from ..copies.levels import issue_at_level

    require_policy(policy)
    require_text(recipient, "recipient")
    form = recorded_form(policy, paper)
    require_moment(issued_at)
    client, roots = timestamp_client(tsa), tuple(trust_roots)
    certified = certified_form(form, identity, issued_at, certified_level(level), client, roots)
    typefaces = find_typefaces(fonts)
    recipient, reference = complete_values(certified, recipient, reference, issued_at, typefaces)
    return issue_at_level(
        certified,
        level=level,
        recipient=recipient,
        reference=reference,
        issued_at=issued_at,
        identity=identity,
        timestamps=client,
        trust_roots=roots,
        fonts=typefaces,
    )


def renew(
    pdf: bytes,
    *,
    tsa: str | Sequence[str] | TimestampClient,
    trust_roots: Iterable[Certificate],
    at: datetime.datetime | None = None,
) -> bytes:
    """Renew a copy: verify it, and add the next archive timestamp, so that it holds for longer.

    Args:
        pdf: a copy of level B-LT or B-LTA.
        tsa: the addresses of timestamp authorities, the preferred one first, or a `TimestampClient`.
        trust_roots: where the certificates of the signer and of the authorities lead to, the one
            that is asked now, too.
        at: now (aware), or None for what the clock says.

    Returns:
        The copy of level B-LTA; it begins with the bytes of the old one.

    Raises:
        VerificationError: the copy does not verify.
        LevelError: its level is lower, or an answer was missing.
        MissingExtraError: pyHanko is not installed.
    """
    from ..copies.levels import add_archive_timestamp

    moment, roots = now() if at is None else at, tuple(trust_roots)
    verify(pdf, trust_roots=roots, at=moment)
    renewed = add_archive_timestamp(pdf, timestamps=timestamp_client(tsa), trust_roots=roots, at=moment)
    verify(renewed, trust_roots=roots, at=moment)
    return renewed


def verify(
    pdf: bytes,
    *,
    trust_roots: Iterable[Certificate],
    at: datetime.datetime | None = None,
    version: str | None = None,
) -> Verification:
    """Verify a signed copy, offline.

    Args:
        pdf: the bytes of the file.
        trust_roots: the certificates that a signer may lead to (see `load_certificates`); no
            others are trusted, and the machine's own store is never asked.
        at: the moment for which certificates are validated (aware), or None for now.
        version: the version that the copy has to be of, for instance "2026-02-24", or None for any.

    Returns:
        The verdict: which version, to whom, when, by whom.

    Raises:
        UnsignedError: nothing in it is signed, or it is a form that was not yet delivered.
        AlteredError: it is not what was signed, or not what was recorded.
        UntrustedError: it is whole, but a signer leads to none of the trust roots.
        VersionMismatchError: it holds, but is of another version than was asked for.
        UnreadableFileError: it cannot be read far enough to tell.
        UsageError: `at` is naive.
        UnknownVersionError: there is no such version.
        RecordError: a record of this package has changed.
        MissingExtraError: pyHanko is not installed.
    """
    from ..verifying.verify import verify

    if not isinstance(pdf, bytes):
        raise WrongTypeError("pdf", "bytes", pdf)
    moment = now() if at is None else at
    require_moment(moment)
    return run_beside(lambda: verify(pdf, trust_roots=trust_roots, at=moment, ledger=shipped(), version=version))


def require_policy(policy: object) -> None:
    """Refuse what is not a policy; raises WrongTypeError."""
    if not isinstance(policy, Policy):
        raise WrongTypeError("policy", "a Policy", policy)


def recorded_form(policy: Policy, paper: str) -> bytes:
    """Load the recorded form of a policy, which has to be the recorded one itself."""
    require_paper(paper)
    if shipped().version(policy.version).digest != policy.digest:
        raise RecordError(f"this policy of {policy.version} is not the recorded one; only recorded versions are issued")
    return shipped().record(policy.version, form_name(paper))


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


def certified_form(
    form: bytes,
    identity: Identity,
    moment: datetime.datetime,
    level: str,
    client: TimestampClient,
    roots: tuple[Certificate, ...],
) -> "CertifiedForm":
    """Certify a form, once for each identity and level in a process."""
    from ..copies.certifying import certify

    key = (sha256(form).digest(), identity.digest, level)
    if key not in _certified_forms or _certified_forms[key].signing_time > moment:
        _certified_forms[key] = run_beside(
            lambda: certify(
                form, identity=identity, signing_time=moment, level=level, timestamps=client, trust_roots=roots
            )
        )
    return _certified_forms[key]
