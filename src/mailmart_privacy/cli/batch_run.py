"""A batch under way: who signs, who works, where the copies go, and what is verified at the end."""

import datetime
import random
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .._files import make_folder, open_whole, remove_leftovers
from ..errors import DestinationExistsError, ExitCode, PrivacyError, RecipientError, UnfinishedError, UsageError
from ..policy.ledger import shipped
from .batch_request import Batch, manifest_path
from .edge import form_cache, now
from .progress import Progress, show_progress
from .sampling import Sample

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..batch.archiving import Archiving
    from ..batch.destinations import Destination
    from ..batch.job import BatchJob
    from ..batch.manifest import Manifest
    from ..batch.results import FailedCopy, IssuedCopy
    from ..keys.identity import Identity
    from ..sheets.rows import Planned

SAMPLE = 10  # how many copies of a batch are verified by default


class Run:
    """A batch under way: its order, its workers, and what came of it."""

    def __init__(self, batch: Batch, plan: "Sequence[Planned]", executor: "Executor | None", workers: int) -> None:
        self.batch, self.plan, self.executor, self.workers = batch, plan, executor, workers
        self.order, self.signer, self.not_before = self._prepare()

    def into_place(self, begun_at: datetime.datetime) -> dict[str, Any]:
        """Put the copies into a folder or a store, and list them."""
        from ..batch.destinations import FolderDestination, find_destination
        from ..batch.manifest import open_manifest

        batch, path = self.batch, manifest_path(self.batch)
        place = find_destination(batch.directory or "")
        if isinstance(place, FolderDestination):
            make_folder(place.path)
        if batch.archive is None:  # else the copies come back, to be archived first
            self.order = replace(self.order, place=place)
        with open_manifest(path, self._facts(begun_at), resume=batch.resume) as manifest, self._archiving() as archive:
            listed = set(manifest.references)
            if isinstance(place, FolderDestination):
                remove_leftovers(place.path)
                self._require_room(place.path, len(self.plan) - len(listed))
            gone = sum(row.reference in listed and place.measure(row.file) is None for row in self.plan)
            try:
                if archive is not None:
                    self._list_archived(manifest, archive, place, begun_at)
                rows = [row for row in self.plan if row.reference not in manifest.references]
                progress = self._issue_listed(manifest, rows, archive, place)
            except (PrivacyError, OSError, KeyboardInterrupt) as error:
                raise self._unfinished(error, len(manifest.references)) from None
            self.order = replace(self.order, place=place)
            verified = self._verify(list(self._choose(manifest)))
        return self._report(progress, verified, str(batch.directory), before=len(listed), gone=gone, manifest=path)

    def into_zip(self, begun_at: datetime.datetime) -> dict[str, Any]:
        """Write the copies into a ZIP file, or to standard output."""
        from ..batch.zip_file import ZipSink

        files = {row.number: row.file for row in self.plan}
        with _open_output(self.batch.output or "-", force=self.batch.force) as stream, self._archiving() as archive:
            sink = ZipSink(stream, begun_at, seekable=self.batch.output != "-")
            kept = Sample(SAMPLE if self.batch.verify == "sample" else 0)
            with show_progress("issuing", len(self.plan)) as progress:
                for issued in self._issue(self.plan):
                    if archive is not None:
                        archive.add(issued)
                    for copy in issued:
                        sink.add(copy, files[copy.number])
                        kept.offer(copy)
                        if self.batch.verify == "all":
                            self._verify_some([copy])
                    progress.advance(len(issued))
            verified = progress.done if self.batch.verify == "all" else self._verify(kept.copies)
            sink.finish()
        return self._report(progress, verified, self.batch.output or "-")

    def _prepare(self) -> "tuple[BatchJob, str, datetime.datetime]":
        """Open the identity, or have a worker do it, and have the form certified by it."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from ..batch.job import BatchJob, OpenIdentity
        from ..batch.scheduler import certify_order, name_signer
        from ..copies.certified import CertifiedForm, certified_level
        from ..verifying.origin import form_name

        batch = self.batch
        order = BatchJob(
            id=secrets.token_hex(8),
            form=shipped().record(batch.version, form_name(batch.paper)),
            open_identity=batch.key,
            fonts=batch.fonts,
            level=batch.level,
            timestamps=batch.authorities.client(),
            roots=tuple(root.public_bytes(Encoding.DER) for root in batch.authorities.roots),
        )
        if batch.dask is None:
            identity: Identity = batch.key()  # here, where its passphrase can be asked for
            opened = OpenIdentity(identity) if self.executor is None else batch.key.with_answers()
            order = replace(order, open_identity=opened)
        signer = name_signer(order, self.executor)

        def certify(at: datetime.datetime) -> CertifiedForm:
            made = CertifiedForm.from_bytes(certify_order(order, at, self.executor).certified)
            assert made is not None
            return made

        level = certified_level(batch.level)
        form = form_cache().load(order.form, signer=signer, level=level, clock=now, certify=certify)
        return replace(order, certified=form.to_bytes()), signer, form.signing_time

    def _issue(self, rows: "Sequence[Planned]") -> "Iterator[list[IssuedCopy]]":
        """Issue copies; what stops the batch is raised, once the copies that were made are handed on."""
        from ..batch.results import IssuedCopy
        from ..batch.scheduler import CHUNK, issue_rows

        # A copy that waits for an authority or a service is not to wait for others, too.
        chunk = CHUNK if self.batch.level == "B-B" else 4
        chunk = max(1, min(chunk, len(rows) // self.workers))
        outcomes = issue_rows(
            self.order,
            rows,
            clock=lambda: max(now(), self.not_before),
            executor=self.executor,
            chunk=chunk,
            ahead=4 * self.workers,
        )
        kept: list[FailedCopy] = []
        for some in outcomes:
            yield [each for each in some if isinstance(each, IssuedCopy)]
            failed = [each for each in some if not isinstance(each, IssuedCopy)]
            for each in failed:
                if not isinstance(each.error, DestinationExistsError | RecipientError):
                    raise each.error
            kept += failed
        if kept:
            first = f"row {kept[0].number}: {kept[0].error}"
            raise PrivacyError(first if len(kept) == 1 else f"{first}; and {len(kept) - 1:,} more")

    def _archiving(self) -> "AbstractContextManager[Archiving | None]":
        """Open the archive that the copies go to first, if there is one."""
        batch = self.batch
        if batch.archive is None:
            return nullcontext()
        from ..batch.archiving import open_archiving
        from .archives import read_anchoring

        return open_archiving(
            batch.archive,
            read_anchoring(batch.authorities),
            clock=now,
            signer=self.signer,
            version=batch.version,
            level=batch.level,
        )

    def _list_archived(
        self, manifest: "Manifest", archive: "Archiving", place: "Destination", begun_at: datetime.datetime
    ) -> None:
        """Give out and list what a run that was stopped has archived, and nothing else."""
        if self.batch.resume:
            rows = [row for row in self.plan if row.reference not in manifest.references]
            for found in archive.find_delivered(rows, begun_at, place):
                manifest.append(found)

    def _issue_listed(
        self, manifest: "Manifest", rows: "Sequence[Planned]", archive: "Archiving | None", place: "Destination"
    ) -> Progress:
        files = {row.number: row.file for row in rows}
        with show_progress("issuing", len(rows)) as progress:
            for issued in self._issue(rows):
                manifest.append(issued if archive is None else archive.deliver(issued, files, place))
                progress.advance(len(issued))
        return progress

    def _choose(self, manifest: "Manifest") -> "Iterator[IssuedCopy]":
        """Choose copies that are to be verified, from all that are listed and still there."""
        from ..batch.manifest import read_copy

        count = len(manifest.references)
        wanted = {"none": 0, "all": count, "sample": min(SAMPLE, count)}[self.batch.verify]
        chosen = set(random.SystemRandom().sample(range(count), wanted))
        rows = {row.reference: row for row in self.plan}
        place = self.order.place
        for number, line in enumerate(manifest):
            if number in chosen and place is not None and place.measure(line["file"]) is not None:
                yield read_copy(line, rows[line["reference"]])

    def _verify(self, copies: "Sequence[IssuedCopy]") -> int:
        if not copies:
            return 0
        with show_progress("verifying", len(copies)) as progress:
            self._verify_some(copies, progress)
        return progress.done

    def _verify_some(self, copies: "Sequence[IssuedCopy]", progress: Progress | None = None) -> None:
        from ..batch.scheduler import verify_copies

        at = max(now(), *(copy.issued_at for copy in copies))
        for count, failed in verify_copies(self.order, copies, at=at, executor=self.executor):
            if failed:
                raise UnfinishedError(
                    f"a copy does not verify; send none of them: {failed[0].reference}: {failed[0].error}",
                    failed[0].error.exit_code,
                )
            if progress is not None:
                progress.advance(count)

    def _facts(self, begun_at: datetime.datetime) -> dict[str, Any]:
        rows = "\n".join(f"{row.number}\t{row.recipient}\t{row.reference}\t{row.file}" for row in self.plan)
        return {
            "format": 1,
            "policy_version": self.batch.version,
            "paper": self.batch.paper,
            "level": self.batch.level,
            "signer_certificate": self.signer,
            "fonts": [font.name for font in self.batch.fonts],
            "copies": len(self.plan),
            "rows_digest": sha256(rows.encode()).hexdigest(),
            "begun_at": begun_at.isoformat().replace("+00:00", "Z"),
        }

    def _require_room(self, folder: Path, count: int) -> None:
        needed, free = count * (len(self.order.certified) + 24_000), shutil.disk_usage(folder).free
        if needed > free:
            raise UsageError(
                f"{count:,} copies take some {needed / 2**20:,.0f} MiB, and {folder} has {free / 2**20:,.0f} MiB free"
            )

    def _unfinished(self, error: BaseException, done: int) -> BaseException:
        total = len(self.plan)
        if isinstance(error, KeyboardInterrupt):
            said, code = "interrupted", ExitCode.INTERRUPTED
        else:
            said, code = _format_error(error), ExitCode.PARTLY
            if not done:
                return error
        return UnfinishedError(f"{said}; {done:,} of {total:,} copies are issued: go on with --resume", code)

    def _report(
        self,
        progress: Progress,
        verified: int,
        place: str,
        *,
        before: int = 0,
        gone: int = 0,
        manifest: Path | None = None,
    ) -> dict[str, Any]:
        return {
            "version": self.batch.version,
            "level": self.batch.level,
            "place": place,
            "manifest": None if manifest is None else str(manifest),
            "copies": len(self.plan),
            "issued": progress.done,
            "found_before": before,
            "gone": gone,
            "verified": verified,
            "seconds": round(progress.seconds, 3),
            "rate": round(progress.rate, 1),
        }


@contextmanager
def _open_output(target: str, *, force: bool) -> Iterator[IO[bytes]]:
    with nullcontext(sys.stdout.buffer) if target == "-" else open_whole(Path(target), force=force) as stream:
        yield stream


def _format_error(error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    return str(error)
