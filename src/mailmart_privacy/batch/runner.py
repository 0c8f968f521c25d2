"""A batch from its plan to its report: certify the form, issue, archive, deliver, list, verify."""

import datetime
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .._files import make_folder, remove_leftovers
from ..copies.certified import CertifiedForm, certified_level
from ..errors import (
    DestinationExistsError,
    ExitCode,
    PrivacyError,
    RecipientError,
    UnfinishedError,
    UsageError,
    format_error,
)
from .destinations import Destination, FolderDestination
from .manifest import Manifest, open_manifest, read_copy
from .order import BatchOrder
from .report import BatchReport, Progress, quiet
from .results import FailedRow, IssuedRow
from .sampling import Sample
from .scheduler import CHUNK, certify_order, issue_rows, name_signer, verify_copies
from .zip_file import open_sink, read_zip

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..copies.form_cache import FormCache
    from ..sheets.rows import Planned
    from .archiving import Archiving

_TOGETHER = 128  # copies that are archived together: for each portion log, folders and manifest are synced
_COPY_ROOM = 24_000  # bytes that a copy has beyond its certified form, at most


class BatchRunner:
    """Runs one batch. Its methods block; `stop` may be called from another thread.

    Args:
        order: what the batch is to make.
        clock: gives the time (aware) that copies are dated with.
        forms: where certified forms are kept between two batches.
        executor: does the work, see `open_workers`; None for this thread.
        workers: how many work at a time.
        archive: opens the archive that the copies go to first, for the signer's digest (see `open_archiving`).
        progress: is told how far the work has come, at the beginning of a stage and after each chunk.

    Raises:
        IdentityError: the identity cannot be opened, or must not sign.
        LevelError: the form cannot be certified at the level of the copies.
    """

    def __init__(
        self,
        order: BatchOrder,
        *,
        clock: Callable[[], datetime.datetime],
        forms: "FormCache",
        executor: "Executor | None" = None,
        workers: int = 1,
        archive: "Callable[[str], AbstractContextManager[Archiving]] | None" = None,
        progress: Progress = quiet,
    ) -> None:
        self._order, self._plan, self._clock = order, order.plan, clock
        self._executor, self._workers, self._progress = executor, workers, progress
        self._stopped = False
        self._signer = name_signer(order.job, executor)
        form = forms.load(
            order.job.form,
            signer=self._signer,
            level=certified_level(order.job.level),
            clock=clock,
            certify=self._certify,
        )
        self._not_before = form.signing_time
        self._job = replace(order.job, certified=form.pdf, place=None)
        self._open_archive = archive

    def stop(self) -> None:
        """End the batch after the copies that are under way; its method then raises `UnfinishedError`."""
        self._stopped = True

    def into_destination(
        self, destination: Destination, *, manifest: Path, resume: bool = False, restore: bool = False
    ) -> BatchReport:
        """Put the copies into a folder or a store, and list them.

        Args:
            destination: where they go; a folder is created.
            manifest: the file that lists them, on this machine.
            resume: whether to continue a batch that was interrupted.
            restore: whether copies that are listed and no longer there are put there again, from the archive.

        Raises:
            DestinationExistsError: a batch was begun there, and `resume` is not set.
            UsageError: a different batch was begun there, or the folder has no room for the copies.
            UnfinishedError: it stopped before its end, and some copies are done.
        """
        folder = destination.path if isinstance(destination, FolderDestination) else None
        if folder is not None:
            make_folder(folder)
        with (
            self._archiving() as archive,  # first: where it refuses the batch, nothing was begun
            open_manifest(manifest, self._order.describe(self._signer), resume=resume) as opened,
        ):
            listed = set(opened.references)
            if folder is not None:
                remove_leftovers(folder)
            if archive is not None and restore:
                archive.restore(opened, self._order.begun_at, destination)
            self._require_room(destination, len(self._plan) - len(listed))
            gone = sum(row.reference in listed and destination.measure(row.file) is None for row in self._plan)
            try:
                if archive is not None and resume:
                    self._list_archived(opened, archive, destination)
                issued = self._issue_listed(opened, archive, destination)
            except (PrivacyError, OSError, KeyboardInterrupt) as error:
                raise self._unfinished(error, len(opened.references)) from None
            verified = self._verify(list(self._choose(opened, destination)), destination)
        return BatchReport(
            copies=len(self._plan),
            issued=issued,
            found_before=len(listed),
            gone=gone,
            verified=verified,
            manifest=manifest,
            not_anchored=archive.not_anchored if archive is not None else None,
        )

    def into_zip(self, file: AbstractContextManager[IO[bytes]], *, seekable: bool) -> BatchReport:
        """Write the copies and their list into a ZIP file, as they come.

        With an archive, the copies of a file are archived when all of them are written, and before the file is put
        into its place; those that go into a pipe are archived first.

        Args:
            file: opens it; what is raised within leaves no file.
            seekable: whether it is a file, which can be read again; in a pipe, the entries are packed.

        Raises:
            UnfinishedError: it was stopped; what was written is not a whole ZIP file.
            UndeliveredError: copies were archived when it failed; they are withdrawn.
        """
        with self._archiving() as archive:
            together = (
                nullcontext() if archive is None else archive.all_or_none("their ZIP file was not finished; never sent")
            )
            with together, file as stream:
                verified = self._fill_zip(stream, None if seekable else archive, seekable=seekable)
                if archive is not None and seekable:
                    for some in read_zip(stream, self._plan, CHUNK):
                        archive.add(some)
        return BatchReport(
            copies=len(self._plan),
            issued=len(self._plan),
            verified=verified,
            not_anchored=archive.not_anchored if archive is not None else None,
        )

    def _fill_zip(self, stream: IO[bytes], archive: "Archiving | None", *, seekable: bool) -> int:
        """Write a whole ZIP file; tell how many copies were verified."""
        files = {row.number: row.file for row in self._plan}
        everything, done = self._order.verify is None, 0
        with open_sink(stream, self._order.begun_at, seekable=seekable) as sink:
            sample = Sample(self._order.verify or 0)
            self._progress("issuing", 0, len(self._plan))
            for issued in self._issue(self._plan):
                if archive is not None:
                    archive.add(issued)
                for copy in issued:
                    sink.add(copy, files[copy.number])
                    sample.offer(copy)
                    if everything:
                        list(self._verify_each([copy], None))
                done += len(issued)
                self._progress("issuing", done, len(self._plan))
            verified = done if everything else self._verify(sample.copies)
            sink.finish()
        stream.flush()
        return verified

    def _certify(self, at: datetime.datetime) -> CertifiedForm:
        job = self._order.job
        made = CertifiedForm.from_bytes(certify_order(job, at, self._executor).certified, job.form)
        assert made is not None
        return made

    @contextmanager
    def _archiving(self) -> "Iterator[Archiving | None]":
        if self._open_archive is None:
            yield None
            return
        with self._open_archive(self._signer) as archive:
            archive.claim(self._plan)
            yield archive

    def _issue(
        self, rows: "Sequence[Planned]", *, destination: Destination | None = None
    ) -> "Iterator[list[IssuedRow]]":
        """Issue copies; what stops the batch is raised once the copies that were made are handed on."""
        # A copy that waits for an authority or a service must not wait for others, too.
        chunk = 4 if self._job.level != "B-B" else _TOGETHER if self._open_archive is not None else CHUNK
        outcomes = issue_rows(
            replace(self._job, place=destination),
            rows,
            clock=lambda: max(self._clock(), self._not_before),
            executor=self._executor,
            chunk=max(1, min(chunk, len(rows) // self._workers)),
            ahead=4 * self._workers,
        )
        kept: list[FailedRow] = []
        for some in outcomes:
            yield [each for each in some if isinstance(each, IssuedRow)]
            failed = [each for each in some if not isinstance(each, IssuedRow)]
            for each in failed:
                if not isinstance(each.error, DestinationExistsError | RecipientError):
                    raise each.error
            kept += failed
            if self._stopped:
                raise UnfinishedError("stopped", ExitCode.INTERRUPTED)
        if kept:
            first = f"row {kept[0].number}: {kept[0].error}"
            raise PrivacyError(first if len(kept) == 1 else f"{first}; and {len(kept) - 1:,} more")

    def _list_archived(self, manifest: Manifest, archive: "Archiving", destination: Destination) -> None:
        """Deliver and list what an interrupted run has archived, and nothing else."""
        rows = [row for row in self._plan if row.reference not in manifest.references]
        for found in archive.find_delivered(rows, self._order.begun_at, destination):
            manifest.append(found)

    def _issue_listed(self, manifest: Manifest, archive: "Archiving | None", destination: Destination) -> int:
        rows = [row for row in self._plan if row.reference not in manifest.references]
        files, done = {row.number: row.file for row in rows}, 0
        self._progress("issuing", 0, len(rows))
        # With an archive the copies come back, to be archived before they are delivered.
        for issued in self._issue(rows, destination=destination if archive is None else None):
            manifest.append(issued if archive is None else archive.deliver(issued, files, destination))
            done += len(issued)
            self._progress("issuing", done, len(rows))
        return done

    def _choose(self, manifest: Manifest, destination: Destination) -> Iterator[IssuedRow]:
        """Choose copies to verify, from all that are listed and still there."""
        count = len(manifest.references)
        wanted = count if self._order.verify is None else min(self._order.verify, count)
        chosen = set(random.SystemRandom().sample(range(count), wanted))
        rows = {row.reference: row for row in self._plan}
        for number, line in enumerate(manifest):
            if number in chosen and destination.measure(line["file"]) is not None:
                yield read_copy(line, rows[line["reference"]])

    def _verify(self, copies: Sequence[IssuedRow], destination: Destination | None = None) -> int:
        done = 0
        self._progress("verifying", 0, len(copies))
        for count in self._verify_each(copies, destination):
            done += count
            self._progress("verifying", done, len(copies))
        return done

    def _verify_each(self, copies: Sequence[IssuedRow], destination: Destination | None) -> Iterator[int]:
        if not copies:
            return
        at = max(self._clock(), *(copy.issued_at for copy in copies))
        job = replace(self._job, place=destination)
        for count, failed in verify_copies(job, copies, at=at, executor=self._executor):
            if failed:
                error = failed[0].error
                words = f"a copy does not verify; send none of them: {failed[0].reference}: {error}"
                raise UnfinishedError(words, error.exit_code)
            yield count

    def _require_room(self, place: Destination, count: int) -> None:
        needed, free = count * (len(self._job.certified) + _COPY_ROOM), place.measure_free()
        if free is not None and needed > free:
            where = place.path if isinstance(place, FolderDestination) else "the disk"
            raise UsageError(
                f"{count:,} copies take some {needed / 2**20:,.0f} MiB, and {where} has {free / 2**20:,.0f} MiB free"
            )

    def _unfinished(self, error: BaseException, done: int) -> BaseException:
        """Tell how far the batch came; if no copy was issued, give the error itself."""
        if isinstance(error, KeyboardInterrupt):
            cause, code = "interrupted", ExitCode.INTERRUPTED
        elif isinstance(error, UnfinishedError):
            cause, code = str(error), error.exit_code
        elif not done:
            return error
        else:
            cause, code = format_error(error), ExitCode.PARTLY
        total = len(self._plan)
        words = f"{cause}; {done:,} of {total:,} copies are issued"
        return UnfinishedError(words, code, done=done, total=total, argument="resume")
