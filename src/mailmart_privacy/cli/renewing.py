"""What of an archive is due for renewal, and its renewal."""

import datetime
from typing import TYPE_CHECKING, Any

from ..errors import ExitCode, PrivacyError, TamperedError
from ..policy.ledger import shipped
from .archives import anchor_batch, moment_words, now, verified_anchors
from .limits import limited
from .progress import show_progress

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..archive.anchors import Anchor
    from ..archive.archive import Archive, Copy, Session
    from ..archive.index.index import Index, Row
    from .authorities import Authorities

_RENEWED = ("B-LT", "B-LTA")


class Renewal:
    """What is due before a moment. What cannot be renewed is named, and keeps nothing else from it.

    Args:
        archive: which.
        index: its index, up to date.
        roots: the certificates to trust.
        limit: what holds no longer than that is due (aware).
    """

    def __init__(
        self, archive: "Archive", index: "Index", roots: "tuple[Certificate, ...]", limit: datetime.datetime
    ) -> None:
        self._archive, self._roots, self._limit = archive, roots, limit
        self.copies: list[tuple[Row, datetime.datetime]] = []
        self.anchor: Anchor | None = None
        self._renewed, self._missed = set[str](), dict[str, tuple[str, ExitCode]]()
        self._later: list[datetime.datetime] = []
        self._looked_at = 0
        found = [row for row in index.rows(kinds=("customer-copy",)) if row.level in _RENEWED]
        replaced = {row.renews for row in found}
        rows = [row for row in found if not row.erased and row.digest not in replaced]
        with show_progress("looking", len(rows)) as progress:
            for row in rows:
                self._look(row)
                progress.advance()
        for newest in verified_anchors(archive, index, roots)[-1:]:
            self._look_at_anchor(newest)

    @property
    def due(self) -> bool:
        """Whether anything is due."""
        return bool(self.copies or self.anchor)

    @property
    def exit_code(self) -> ExitCode:
        """The highest of those of what cannot be renewed."""
        return max((code for _, code in self._missed.values()), default=ExitCode.DONE)

    def renew(self, session: "Session", authorities: "Authorities") -> None:
        """Anchor the log anew where that is due; renew the copies, and anchor them."""
        if self.anchor is not None:  # first: it takes a moment, and all else rests on it
            anchor_batch(session, authorities)
            self._renewed.add(_name(self.anchor))
        with show_progress("renewing", len(self.copies)) as progress:
            for row, _ in self.copies:
                try:
                    copy = self._stamp(row, authorities)
                except PrivacyError as error:
                    self._missed[row.digest] = str(error), error.exit_code
                else:
                    session.add_copies([copy], shipped())
                    self._renewed.add(row.digest)
                progress.advance()
        if self._renewed.intersection(row.digest for row, _ in self.copies):
            anchor_batch(session, authorities)

    def report(self, *, dry: bool) -> dict[str, Any]:
        """Say what was due, what became of it, and what is due next."""
        due = [(row.digest, until) for row, until in self.copies]
        if self.anchor is not None and not self.anchor.lapsed:
            due.append((_name(self.anchor), self.anchor.expires_at))
        return {
            "before": moment_words(self._limit),
            "dry_run": dry,
            "looked_at": self._looked_at,
            "due": [
                {"what": what, "until": moment_words(until), "renewed": what in self._renewed} for what, until in due
            ],
            "missed": [{"what": what, "error": error} for what, (error, _) in self._missed.items()],
            "next": moment_words(min(self._later)) if self._later else None,
        }

    def _look(self, row: "Row") -> None:
        from ..verifying.verify import verify

        self._looked_at += 1
        try:
            with limited():
                verdict = verify(self._read(row), trust_roots=self._roots, at=now(), ledger=shipped())
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

    def _stamp(self, row: "Row", authorities: "Authorities") -> "Copy":
        from ..archive.admission import admit
        from ..copies.levels import add_archive_timestamp

        renewed = add_archive_timestamp(
            self._read(row), timestamps=authorities.client(), trust_roots=self._roots, at=now()
        )
        # A timestamp may be a moment ahead of the clock here.
        at = now() + datetime.timedelta(seconds=1)
        return admit(renewed, trust_roots=self._roots, at=at, ledger=shipped(), renews=row.digest)

    def _read(self, row: "Row") -> bytes:
        content = self._archive.read_file(row.file)
        if content is None:
            raise TamperedError(f"{row.name} is missing")
        return content


def _name(anchor: "Anchor") -> str:
    return f"anchor over {anchor.checkpoint.size} entries"
