"""The one way to issue copies: an identity, a level, authorities and fonts, and the forms certified with them."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from .._lookalikes import find_lookalikes
from .._time import require_moment
from ..errors import PrivacyError, RecordError, WrongTypeError, require_text
from ..policy.ledger import Ledger, shipped
from ..policy.model import Policy
from ..policy.papers import Paper
from ..typesetting.fields import FilledField
from .certified import CertifiedForm, certified_level, certify, name_signatory
from .forms import RecordedForm, load_form
from .issuing import UnsignedCopy, fill_values, finish_copy, write_copy
from .pades import Level

if TYPE_CHECKING:
    from ..keys.identity import Identity
    from ..trust.authorities import Authorities
    from ..trust.revocation import Evidence
    from ..typesetting.fonts import Typeface
    from .form_cache import FormCache

    _Filled = tuple[FilledField, FilledField]
    _Signed = tuple[UnsignedCopy, bytes]

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
_FRESH = datetime.timedelta(minutes=1)  # how long copies share what their certificates are judged by


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedCopy:
    """A copy that was issued.

    Attributes:
        pdf: its bytes; they begin with those of the recorded form.
        version: of the policy.
        paper: "a4" or "letter".
        recipient: whom it is addressed to, as its field holds it.
        reference: what it is called.
        issued_at: the moment that it shows (aware, UTC).
        level: "B-B", "B-T", "B-LT" or "B-LTA".
    """

    pdf: bytes = field(repr=False)
    version: str
    paper: str
    recipient: str
    reference: str
    issued_at: datetime.datetime
    level: str

    def __repr__(self) -> str:
        return f"<IssuedCopy {self.reference[:40]!r} of {self.version} to {self.recipient[:60]!r}>"

    @property
    def digest(self) -> str:
        """Lowercase hex SHA-256 of its bytes."""
        return sha256(self.pdf).hexdigest()

    @property
    def remark(self) -> str | None:
        """How the recipient's name may be taken for another one (Unicode, UTS #39), in a sentence; or None."""
        return find_lookalikes(self.recipient)


class Issuer:
    """Issues signed copies.

    The reason for this being a class is what copies share: a form is certified once for each version and
    paper, and at B-LT and B-LTA the answers about certificates serve all copies of the same minute. It may be used by
    several threads; at worst a form is certified twice.

    Args:
        identity: who signs.
        level: "B-B", "B-T", "B-LT" or "B-LTA" (ETSI EN 319 142-1, 6). It is reached or an error is raised; it
            is never lowered.
        authorities: whom to ask for timestamps, and the certificates to trust; needed above B-B.
        fonts: for names in characters that the form's font does not have, the preferred one first.
        ledger: the recorded versions, or None for those that ship with this package.
        cache: the folder in which certified forms are kept, so that the next process finds them; or None.
        clock: tells what time it is (aware), for the cache: another process may be certifying the form.

    Raises:
        UsageError: there is no such level.
    """

    def __init__(
        self,
        identity: "Identity",
        *,
        level: Level = "B-B",
        authorities: "Authorities | None" = None,
        fonts: "Iterable[Typeface]" = (),
        ledger: Ledger | None = None,
        cache: "FormCache | None" = None,
        clock: "Callable[[], datetime.datetime] | None" = None,
    ) -> None:
        self.identity, self.authorities = identity, authorities
        self.level: Level = level
        self.fonts = tuple(fonts)
        self._ledger, self._cache, self._clock = ledger, cache, clock
        self._certified_level = certified_level(level)
        self._policies: dict[tuple[str, str], Policy] = {}
        self._recorded: dict[tuple[str, str], RecordedForm] = {}
        self._forms: dict[tuple[str, str], CertifiedForm] = {}
        self._evidence: Evidence | None = None

    def __repr__(self) -> str:
        return f"<Issuer {self.identity.name[:100]!r} at {self.level}>"

    def prepare(self, policy: Policy, *, at: datetime.datetime, paper: Paper = "a4") -> CertifiedForm:
        """Certify the form of a version, unless that was done; a server does it before it takes requests.

        Args:
            policy: a recorded version.
            at: now (aware): copies of earlier moments cannot be issued from the form.
            paper: "a4" or "letter".

        Returns:
            The certified form.

        Raises:
            RecordError: the policy is not the one recorded under its date, or its form has changed.
            IdentityError: the identity may not sign at that moment.
            LevelError: the level cannot be reached; the message says which answer was missing.
        """
        if not isinstance(policy, Policy):
            raise WrongTypeError("policy", "a Policy", policy)
        require_moment(at)
        key = (policy.version, paper)
        if self._policies.get(key) is not policy:  # its digest is taken from all of its text
            self._recorded[key] = load_recorded(self._ledger or shipped(), policy, paper)
            self._policies[key] = policy
        return self.certify(self._recorded[key], at=at)

    def certify(self, form: RecordedForm, *, at: datetime.datetime) -> CertifiedForm:
        """Certify a recorded form, unless that was done; see `prepare`."""
        key = (form.version, form.paper)
        found = self._forms.get(key)
        if found is None or found.signing_time > at or found.form != form:
            found = self._forms[key] = self._find(form, at)
        return found

    def issue(
        self,
        policy: Policy,
        *,
        recipient: str,
        reference: str | None = None,
        issued_at: datetime.datetime,
        paper: Paper = "a4",
    ) -> IssuedCopy:
        """Issue a signed copy of a recorded version.

        Args:
            policy: the version, as `current` or `in_force` returned it.
            recipient: whom the copy is addressed to.
            reference: what the copy is called, or None for its day and a digest.
            issued_at: the moment that the copy shows and is signed at (aware).
            paper: "a4" or "letter".

        Raises:
            RecipientError: the recipient or the reference cannot be written into its field.
            IdentityError: the identity may not sign at that moment.
            UsageError: there is no such paper, or `issued_at` is naive.
            UnknownVersionError: no version of that date is recorded.
            RecordError: the policy is not the one recorded under its date, or its form has changed.
            LevelError: the level cannot be reached; the message says which answer was missing.
        """
        require_text(recipient, "recipient")
        if reference is not None:
            require_text(reference, "reference")
        certified = self.prepare(policy, at=issued_at, paper=paper)
        issued_at = max(issued_at, certified.signing_time)  # it may have waited for another process that certified
        filled = fill_values(certified.form.notes, recipient, reference, issued_at, self.fonts)
        write, sign, finish = self._steps(certified, issued_at)
        return IssuedCopy(
            pdf=certified.pdf + finish(sign(write(filled))),
            version=certified.form.version,
            paper=certified.form.paper,
            recipient=filled[0].value,
            reference=filled[1].value,
            issued_at=issued_at.astimezone(datetime.UTC),
            level=self.level,
        )

    def issue_updates(
        self, certified: CertifiedForm, rows: "Iterable[tuple[str, str | None]]", *, issued_at: datetime.datetime
    ) -> "list[bytes | PrivacyError]":
        """Issue many copies, and give what follows the certified form in each: the rest is the same for all.

        Each step is done for all of them before the next one. So the processor keeps in its caches what a step needs:
        done one copy after the other, the same steps take a third longer.

        Args:
            certified: the form.
            rows: recipients and references, as for `issue`.
            issued_at: the moment that the copies show and are signed at (aware).

        Returns:
            For each row what follows the form in its copy, or the error that says why there is none.
        """

        def fill(row: "tuple[str, str | None]") -> "_Filled":
            return fill_values(certified.form.notes, *row, issued_at, self.fonts)

        write, sign, finish = self._steps(certified, issued_at)
        filled = _each(fill, rows)
        written = _each(write, filled)
        signed = _each(sign, written)
        return _each(finish, signed)

    def _steps(
        self, certified: CertifiedForm, issued_at: datetime.datetime
    ) -> "tuple[Callable[[_Filled], UnsignedCopy], Callable[[UnsignedCopy], _Signed], Callable[[_Signed], bytes]]":
        """Give the steps from filled fields to what follows the certified form: write, sign, finish."""
        timestamps = None if self.authorities is None else self.authorities.timestamps
        evidence = self._fresh_evidence(issued_at)

        def write(filled: "_Filled") -> UnsignedCopy:
            return write_copy(
                certified,
                *filled,
                issued_at=issued_at,
                identity=self.identity,
                level=self.level,
                timestamps=timestamps,
            )

        def sign(copy: UnsignedCopy) -> "_Signed":
            return copy, self.identity.sign(copy.message)

        def finish(signed: "_Signed") -> bytes:
            return finish_copy(*signed, evidence=evidence)

        return write, sign, finish

    def _find(self, form: RecordedForm, at: datetime.datetime) -> CertifiedForm:
        authorities, level = self.authorities, self._certified_level

        def make(moment: datetime.datetime) -> CertifiedForm:
            return certify(
                form,
                identity=self.identity,
                signing_time=moment,
                level=level,
                timestamps=None if authorities is None else authorities.timestamps,
                trust=() if authorities is None else authorities.trust,
                evidence=self._fresh_evidence(moment),
            )

        if self._cache is None:
            return make(at)
        clock, signer = self._clock or (lambda: at), name_signatory(self.identity).identity
        return self._cache.load(form, signer=signer, level=level, clock=clock, certify=make)

    def _fresh_evidence(self, moment: datetime.datetime) -> "Evidence | None":
        if self.authorities is None or self._certified_level != "B-LT":
            return None
        if self._evidence is None or not _is_near(moment, self._evidence.at):
            from ..trust.revocation import Evidence

            timeout = self.authorities.timestamps.timeout
            self._evidence = Evidence(self.authorities.trust, at=moment, level=self.level, timeout=timeout)
        return self._evidence


def _each(step: "Callable[[_Given], _Made]", given: "Iterable[_Given | PrivacyError]") -> "list[_Made | PrivacyError]":
    """Do a step for each copy; where it or an earlier one failed, the error takes the place of the copy."""
    made: list[_Made | PrivacyError] = []
    for each in given:
        try:
            made.append(each if isinstance(each, PrivacyError) else step(each))
        except PrivacyError as error:
            made.append(error)
    return made


def _is_near(one: datetime.datetime, other: datetime.datetime) -> bool:
    return abs(one - other) <= _FRESH


def load_recorded(ledger: Ledger, policy: Policy, paper: str) -> RecordedForm:
    """Load the recorded form of a policy, which has to be the recorded one itself.

    Raises:
        RecordError: the policy is not the one recorded under its date, or its form has changed.
        UnknownVersionError: no version of that date is recorded.
        UsageError: there is no such paper.
    """
    if ledger.version(policy.version).digest != policy.digest:
        raise RecordError(f"this policy of {policy.version} is not the recorded one; only recorded versions are issued")
    return load_form(ledger, policy.version, paper)
