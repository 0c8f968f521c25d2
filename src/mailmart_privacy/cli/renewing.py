"""What of an archive is due for renewal, and its renewal."""

import datetime
from typing import TYPE_CHECKING, Any

from ..errors import TamperedError
from ..ledger import shipped
from .archives import anchor_batch, moment_words, now, verified_anchors
from .limits import limited
from .progress import show_progress

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..archive.archive import Archive, Session
    from ..archive.index import Index, Row
    from .authorities import Authorities

_RENEWED = ("B-LT", "B-LTA")


class Renewal:
    """What is due before a moment.

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
        self._looked_at = 0
        self._renewed = False
        found = [row for row in index.rows(kinds=("customer-copy",)) if row.level in _RENEWED]
        replaced = {row.renews for row in found}
        rows = [row for row in found if not row.erased and row.digest not in replaced]
        with show_progress("looking", len(rows)) as progress:
            for row in rows:
                self._look(row)
                progress.advance()
        anchors = verified_anchors(archive, index, roots)
        self._looked_at += bool(anchors)
        self.anchor = anchors[-1] if anchors and anchors[-1].expires_at <= limit else None

    @property
    def due(self) -> bool:
        """Whether anything is due."""
        return bool(self.copies or self.anchor)

    def renew(self, session: "Session", authorities: "Authorities") -> None:
        """Renew the copies, and anchor the log anew."""
        from ..archive.admission import admit
        from ..copies.levels import add_archive_timestamp

        with show_progress("renewing", len(self.copies)) as progress:
            for row, _ in self.copies:
                renewed = add_archive_timestamp(
                    self._read(row), timestamps=authorities.client(), trust_roots=self._roots, at=now()
                )
                # A timestamp may be a moment ahead of the clock here.
                at = now() + datetime.timedelta(seconds=1)
                copy = admit(renewed, trust_roots=self._roots, at=at, ledger=shipped(), renews=row.digest)
                session.add_copies([copy], shipped())
                progress.advance()
        anchor_batch(session, authorities)
        self._renewed = True

    def report(self, *, dry: bool) -> dict[str, Any]:
        """Say what was due, and what became of it."""
        due = [
            {"what": row.digest, "until": moment_words(until), "renewed": self._renewed} for row, until in self.copies
        ]
        if self.anchor is not None:
            due.append(
                {
                    "what": f"anchor over {self.anchor.checkpoint.size} entries",
                    "until": moment_words(self.anchor.expires_at),
                    "renewed": self._renewed,
                }
            )
        return {"before": moment_words(self._limit), "dry_run": dry, "looked_at": self._looked_at, "due": due}

    def _look(self, row: "Row") -> None:
        from ..verifying.verify import verify

        with limited():
            verdict = verify(self._read(row), trust_roots=self._roots, at=now(), ledger=shipped())
        self._looked_at += 1
        if verdict.valid_until <= self._limit:
            self.copies.append((row, verdict.valid_until))

    def _read(self, row: "Row") -> bytes:
        content = self._archive.read_file(row.file)
        if content is None:
            raise TamperedError(f"{row.name} is missing")
        return content
