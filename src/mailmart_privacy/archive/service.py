"""The archive as one object: what a command line, a web application or a script asks of it."""

import datetime
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..policy.read_json import policy_from_json
from ..policy.render import render_html
from ..trust.anchors import as_trust
from .acts import Erasure, finish_erasures
from .adding import Added, add_files
from .admission import Admission
from .anchoring import Anchoring, anchor_added, indexed_anchors
from .audit import Report, audit
from .evidence import gather_evidence
from .finding import Found, find
from .in_force import InForce, in_force
from .keyring import name_memory, read_memory
from .location import Advance, quiet
from .log_audit import Root
from .lookup import compare_row, find_file, read_present
from .occasion import describe_occasion
from .proofs import write_proof
from .register import read_register
from .renewal import Renewal
from .service_acts import ArchiveActs

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from ..policy.ledger import Ledger
    from ..trust.anchors import Trusted
    from .entries import LogEntry
    from .index.index import Row


class ArchiveService(ArchiveActs):
    """An archive, and everything that can be asked of it; see `archive.open`, and `OpenArchive` for its arguments."""

    def add(
        self,
        paths: "Iterable[Path]",
        *,
        trust: "Trusted",
        ledger: "Ledger",
        same_reference: bool = False,
        anchoring: Anchoring | None = None,
        helpers: "tuple[Executor | None, int]" = (None, 1),
        report: Callable[[Added], None] = lambda added: None,
    ) -> list[Added]:
        """Archive copies that were issued elsewhere; see `adding.add_files`.

        Args:
            paths: the files.
            trust: whom to trust for what.
            ledger: the recorded versions.
            same_reference: accept a reference that another customer has already.
            anchoring: who anchors the log if something was added, or None.
            helpers: processes that verify the files, and how many they are; see `Admission`.
            report: is told the outcome for each file, in their order.

        Raises:
            NotAnchoredError: all is archived, and the log could not be anchored after that.
        """
        done = []
        executor, workers = helpers
        admission = Admission(
            trust=as_trust(trust), ledger=ledger, clock=self.clock, executor=executor, workers=workers
        )
        with self.index() as index, self.writing() as (session, keyring):
            for each in add_files(
                session,
                index,
                paths,
                names_key=keyring.names_key,
                admission=admission,
                same_reference=same_reference,
            ):
                report(each)
                done.append(each)
            failed = anchor_added(session, anchoring if any(each.added for each in done) else None, self.clock())
        if failed is not None:
            raise failed
        return done

    def find(self, text: str, *, exact: bool = False) -> Found:
        """Find customers and copies by parts of names and references, or beginnings of digests; see `finding.find`."""
        return find(self.archive, self.keyring().names_key, text, exact=exact)

    def in_force(self, at: datetime.datetime, *, trust: "Trusted", ledger: "Ledger") -> InForce:
        """Find the version in force at a moment; see `in_force.in_force`."""
        return in_force(self, at, trust=trust, ledger=ledger)

    def fetch(self, digest: str) -> bytes:
        """Read an archived file by its digest, or the first eight or more characters of it.

        Raises:
            NoSuchFileError: the archive has no such file.
            UsageError: the file is gone: its recipient was erased.
            TamperedError: the file, its entry or its row in the index was changed, or the file is missing.
        """
        with self.index() as index:
            row, _ = find_file(self.archive, index, digest)
        return read_present(self.archive, row.file, row.recipient)

    def fetch_text(self, digest: str, name: str) -> bytes:
        """Read the text that a file is of: one of the recorded files of its version.

        Args:
            digest: of the file.
            name: "policy.txt", "policy.md" or "policy.json".

        Raises:
            UsageError: the archive has no such file of that version.
        """
        with self.index() as index:
            row, _ = find_file(self.archive, index, digest)
            for each in index.rows(kinds=("published-version",), version=row.version):
                if each.name.endswith(f"/{name}"):
                    compare_row(self.archive, each)
                    content = self.archive.read_file(each.file)
                    if content is not None:
                        return content
        raise UsageError(f"the archive has no {name} of version {row.version}")

    def fetch_page(self, digest: str) -> bytes:
        """Render the page of the text that a file is of. How a page looks is not archived, its text is.

        Args:
            digest: of the file.

        Raises:
            UsageError: the archive does not have that version.
        """
        return render_html(policy_from_json(json.loads(self.fetch_text(digest, "policy.json")))).encode()

    def withdrawals(self) -> dict[int, datetime.datetime]:
        """Tell which copies were withdrawn: the numbers of their entries, and when (aware, UTC).

        The whole log is read: an index that lacks a withdrawal must not pass a copy off as standing.
        """
        return {number: each.entry.recorded_at for number, each in read_register(self.archive).withdrawn.items()}

    def withdrawn_at(self, digest: str) -> datetime.datetime | None:
        """Tell when the copy with a digest was withdrawn (aware, UTC); None if it was not. See `withdrawals`.

        Raises:
            NoSuchFileError: the archive has no such file.
        """
        with self.index() as index:
            row, _ = find_file(self.archive, index, digest)
        return self.withdrawals().get(row.number)

    def prove(self, digest: str) -> "tuple[Row, bytes]":
        """Write the proof that a file is in the log (C2SP tlog-proof).

        Returns:
            What the index says of the file, and the proof.
        """
        with self.index() as index:
            row, entry = find_file(self.archive, index, digest)
        return row, write_proof(self.archive, entry.number)

    def evidence(
        self, digest: str, *, trust: "Trusted", ledger: "Ledger", matter: str = ""
    ) -> "tuple[Row, dict[str, bytes]]":
        """Gather all that shows an outsider what a file is, and when it was archived; see `gather_evidence`.

        If the archive's key is available, the page names the customer and the reference.

        Args:
            digest: of the file.
            trust: whom to trust for what.
            ledger: the recorded versions.
            matter: the matter that it is for.

        Returns:
            What the index says of the file, and the files of the bag: names and contents.
        """
        from .anchors import require_holding

        at = self.clock()
        with self.index() as index:
            row, entry = find_file(self.archive, index, digest)
            policy = list(index.rows(kinds=("published-version",), version=row.version))
            anchors = require_holding(indexed_anchors(self.archive, index, trust=trust, at=at))
        return row, gather_evidence(
            self.archive,
            entry,
            row.file,
            policy=[each.file for each in policy],
            published=policy[0].number if policy else None,
            anchors=anchors,
            at=at,
            occasion=describe_occasion(self, entry, matter=matter, trust=trust, ledger=ledger),
        )

    def verify(self, roots: Sequence[Root] = ()) -> Report:
        """Audit the whole archive: every entry has its files, every file its entry; it writes nothing.

        Args:
            roots: states of the log that are known from elsewhere; see also `known_roots`.

        Returns:
            What was found; call its `require_sound`.
        """
        return audit(self.archive, roots=roots, advance=self.advance)

    def known_roots(self) -> list[Root]:
        """List the state that was signed last with the archive's key, if the key is available."""
        path = self.location.key_path(self.archive.metadata.origin)
        seen = read_memory(path)
        return [Root(seen.size, seen.root, str(name_memory(path)))] if seen.size else []

    def anchor(self, anchoring: Anchoring) -> "LogEntry":
        """Have the log signed by witnesses and stamped by an authority; return the anchor's entry."""
        with self.writing() as (session, _):
            return anchoring.anchor(session, self.clock())

    def renew(
        self, renewal: Renewal, anchoring: Anchoring | None, *, advance: Advance = quiet
    ) -> tuple[list[Erasure], list[str]]:
        """Renew what was found to be due, and carry out the erasures that waited.

        Args:
            renewal: what is due; see `renewal`. Its report then says what was renewed.
            anchoring: the authorities to ask; without them, erasures alone are carried out.
            advance: is told how far it has come.

        Returns:
            What was erased, and why other erasures still wait.
        """
        with self.writing() as (session, keyring):
            finished = finish_erasures(session, keyring.names_key, clock=self.clock)
            if anchoring is not None and renewal.due:
                renewal.renew(session, anchoring, advance=advance)
        return finished

    def renewal(
        self,
        *,
        trust: "Trusted",
        limit: datetime.datetime,
        ledger: "Ledger",
    ) -> Renewal:
        """Find what is due for renewal before a moment; see `Renewal`."""
        with self.index() as index:
            return Renewal(
                self.archive,
                index,
                trust=trust,
                limit=limit,
                ledger=ledger,
                clock=self.clock,
                advance=self.advance,
            )
