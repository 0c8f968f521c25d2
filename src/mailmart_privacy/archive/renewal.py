"""Finding what of an archive is due for renewal, and renewing it.

Copies that were withdrawn are not renewed, nor those of customers whose erasure waits.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._limits import limited
from ..errors import ExitCode, PrivacyError
from .anchoring import Anchoring, indexed_anchors
from .location import Advance, quiet
from .lookup import read_present
from .register import read_register

if TYPE_CHECKING:
    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .anchors import Anchor
    from .archive import Archive
    from .index.index import Index, Row
    from .register import Register
    from .session import Copy, Session

_RENEWED = ("B-LT", "B-LTA")


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """Something that is valid only until a moment.

    Attributes:
        what: the digest of a copy, or which anchor.
        until: until when it is valid (aware, UTC).
        renewed: whether it was renewed.
    """

    what: str
    until: datetime.datetime
    renewed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RenewalReport:
    """What was due, and the outcome.

    Attributes:
        due: what was due.
        missed: what could not be renewed, with the reason; it was left unchanged.
        looked_at: how many copies and anchors were checked.
        next: when the next one is due (aware, UTC), or None.
    """

    due: tuple[Due, ...]
    missed: tuple[tuple[str, str], ...]
    looked_at: int
    next: datetime.datetime | None


class Renewal:
    """What is due before a moment. Something that cannot be renewed is listed, and does not stop the rest.

    Args:
        archive: which.
        index: its index, up to date.
        trust: whom to trust for what.
        limit: what is valid no longer than that is due (aware).
        ledger: the recorded versions.
        clock: tells what time it is (aware).
        advance: is told how many copies were looked at, and how many there are.
    """

    def __init__(
        self,
        archive: "Archive",
        index: "Index",
        *,
        trust: "Trusted",
        limit: datetime.datetime,
        ledger: "Ledger",
        clock: Callable[[], datetime.datetime],
        advance: Advance = quiet,
    ) -> None:
        self._archive, self._trust, self._limit, self._ledger = archive, trust, limit, ledger
        self._clock = clock
        self.copies: list[tuple[Row, datetime.datetime]] = []
        self.anchor: Anchor | None = None
        self._renewed, self._missed = set[str](), dict[str, tuple[str, ExitCode]]()
        self._later: list[datetime.datetime] = []
        self._looked_at = 0
        found = [row for row in index.rows(kinds=("customer-copy",)) if row.level in _RENEWED]
        replaced = {row.renews for row in found}
        left = _Left(read_register(archive))
        rows = [row for row in found if not row.erased and row.digest not in replaced and not left.covers(row)]
        for done, row in enumerate(rows, 1):
            self._look(row)
            advance(done, len(rows))
        for newest in indexed_anchors(archive, index, trust=trust, at=clock())[-1:]:
            self._look_at_anchor(newest)

    @property
    def due(self) -> bool:
        """Whether anything is due."""
        return bool(self.copies or self.anchor)

    @property
    def exit_code(self) -> ExitCode:
        """The highest exit code among those that cannot be renewed."""
        return max((code for _, code in self._missed.values()), default=ExitCode.DONE)

    def renew(self, session: "Session", anchoring: Anchoring, *, advance: Advance = quiet) -> None:
        """Anchor the log again if that is due; renew the copies, and anchor them.

        Args:
            session: the archive, open to be added to.
            anchoring: the authorities that stamp.
            advance: is told how many copies were renewed, and how many there are.
        """
        if self.anchor is not None:  # first: it takes a moment, and all else rests on it
            anchoring.anchor(session, self._clock())
            self._renewed.add(_name(self.anchor))
        for done, (row, _) in enumerate(self.copies, 1):
            try:
                copy = self._stamp(row, anchoring)
                session.add_copies([replace(copy, pseudonym=row.recipient)], self._ledger)
            except PrivacyError as error:
                self._missed[row.digest] = str(error), error.exit_code
            else:
                self._renewed.add(row.digest)
            advance(done, len(self.copies))
        if self._renewed.intersection(row.digest for row, _ in self.copies):
            anchoring.anchor(session, self._clock())

    def report(self) -> RenewalReport:
        """Tell what was due, the outcome, and what is due next."""
        due = [(row.digest, until) for row, until in self.copies]
        if self.anchor is not None and not self.anchor.lapsed:
            due.append((_name(self.anchor), self.anchor.expires_at))
        return RenewalReport(
            due=tuple(Due(what=what, until=until, renewed=what in self._renewed) for what, until in due),
            missed=tuple((what, error) for what, (error, _) in self._missed.items()),
            looked_at=self._looked_at,
            next=min(self._later, default=None),
        )

    def _look(self, row: "Row") -> None:
        from ..verifying.verify import verify

        self._looked_at += 1
        try:
            with limited():
                verdict = verify(self._read(row), trust=self._trust, at=self._clock(), ledger=self._ledger)
        except PrivacyError as error:
            self._missed[row.digest] = str(error), error.exit_code
            return
        if verdict.valid_until <= self._limit:
            self.copies.append((row, verdict.valid_until))
        else:
            self._later.append(verdict.valid_until)

    def _look_at_anchor(self, newest: "Anchor") -> None:
        self._looked_at += 1
        if newest.lapsed or newest.expires_at <= self._limit:
            self.anchor = newest
        else:
            self._later.append(newest.expires_at)
        if newest.lapsed:
            self._missed[_name(newest)] = newest.lapsed, ExitCode.UNDECIDED

    def _stamp(self, row: "Row", anchoring: Anchoring) -> "Copy":
        from ..verifying.renewing import renew_copy
        from .admission import admit

        renewed, _ = renew_copy(
            self._read(row),
            timestamps=anchoring.timestamps,
            trust=self._trust,
            at=self._clock(),
            ledger=self._ledger,
        )
        # A timestamp may be a moment ahead of the clock here.
        at = self._clock() + datetime.timedelta(seconds=1)
        return admit(renewed, trust=self._trust, at=at, ledger=self._ledger, renews=row.digest)

    def _read(self, row: "Row") -> bytes:
        return read_present(self._archive, row.file, row.recipient)


class _Left:
    """What is left to expire: copies that were withdrawn, and those that are to be erased.

    A renewed copy of somebody whose erasure waits would be locked for longer, and put the erasure off. A hold keeps
    copies, though.
    """

    def __init__(self, register: "Register") -> None:
        self._withdrawn = register.withdrawn
        self._waiting = {each for each in register.waiting if not register.holds_on(each)}

    def covers(self, row: "Row") -> bool:
        return row.number in self._withdrawn or row.recipient in self._waiting


def _name(anchor: "Anchor") -> str:
    return f"anchor over {anchor.checkpoint.size} entries"
