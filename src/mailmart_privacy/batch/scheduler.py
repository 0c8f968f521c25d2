"""A running batch: rows in, outcomes out, as they come."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ..copies.certified import CertifiedForm
from ..errors import RecordError
from .job import BatchJob
from .results import FailedRow, IssuedRow
from .worker import certify_form, issue_chunk, read_certificates, verify_chunk

if TYPE_CHECKING:
    import datetime

    from ..sheets.rows import Planned

_Result = TypeVar("_Result")

CHUNK = 32
# Seconds without any result, after which tasks are handed out again. Dask can lose a result together with the worker
# that had it, and then waits for it without end. A task that is done twice finds the files of the first time.
_STALLED = 300.0


def certify_order(order: BatchJob, moment: "datetime.datetime", executor: Executor | None = None) -> BatchJob:
    """Have the form of an order certified, by a worker if there are workers."""
    (certified,) = _each(executor, certify_form, [(order, moment)], ahead=1)
    return replace(order, certified=certified)


def name_signer(order: BatchJob, executor: Executor | None = None) -> str:
    """Find the digest of the certificate that an order is signed with; if there are workers, ask one."""
    ((own, *_),) = _each(executor, read_certificates, [(order,)], ahead=1)
    return sha256(own).hexdigest()


def issue_rows(
    order: BatchJob,
    rows: "Iterable[Planned]",
    *,
    clock: "Callable[[], datetime.datetime]",
    executor: Executor | None = None,
    chunk: int = CHUNK,
    ahead: int | None = None,
) -> Iterator[list[IssuedRow | FailedRow]]:
    """Issue a copy for each row.

    Args:
        order: what they have in common, with a certified form.
        rows: the recipients; they are taken as they are needed.
        clock: gives the moment that copies are dated with (aware); it is asked once for each chunk.
        executor: does the work; None for this process.
        chunk: how many rows are handed to a worker at once, and synced together.
        ahead: how many chunks are handed out at a time; by default, four for each core of this machine.

    Yields:
        The outcomes of the rows of a chunk, as chunks are done. When the iterator is closed, no more chunks are begun,
        and those under way are waited for.

    Raises:
        OSError: a copy could not be written.
        IdentityError: a worker cannot open the identity.
    """
    form = CertifiedForm.from_bytes(order.certified, order.form)
    if form is None:
        raise RecordError("the certified form of this batch was written by another version of this package")
    remaining = iter(rows)
    chunks = iter(lambda: list(islice(remaining, chunk)), [])
    tasks = ((order, each, clock()) for each in chunks)
    for outcomes in _each(executor, issue_chunk, tasks, ahead=ahead):
        yield [_complete(outcome, form.pdf) for outcome in outcomes]


def verify_copies(
    order: BatchJob, copies: "Iterable[IssuedRow]", *, at: "datetime.datetime", executor: Executor | None = None
) -> Iterator[tuple[int, Sequence[FailedRow]]]:
    """Verify copies as any recipient would, and compare them with what was listed.

    Yields:
        How many more were verified, and those that are not what they should be.
    """
    remaining = iter(copies)
    tasks = ((order, each, at) for each in iter(lambda: list(islice(remaining, 4)), []))
    yield from _each(executor, verify_chunk, tasks)


def _complete(outcome: IssuedRow | FailedRow, form: bytes) -> IssuedRow | FailedRow:
    """Put the form in front of what a worker returned, since it is not sent with each copy."""
    if isinstance(outcome, FailedRow) or outcome.pdf is None:
        return outcome
    return replace(outcome, pdf=form + outcome.pdf)


def _each(
    executor: Executor | None,
    work: Callable[..., _Result],
    tasks: "Iterable[tuple[object, ...]]",
    *,
    ahead: int | None = None,
) -> Iterator[_Result]:
    """Run tasks, here or elsewhere, and yield each result as it is done."""
    if executor is None:
        for task in tasks:
            yield work(*task)
        return
    remaining = iter(tasks)
    pending = dict[Future[_Result], tuple[object, ...]]()  # in the order in which they were handed out
    limit = ahead or 4 * (os.cpu_count() or 1)
    try:
        while True:
            for task in list(islice(remaining, limit - len(pending))):
                pending[executor.submit(work, *task)] = task
            if not pending:
                return
            done, _ = wait(pending, timeout=_STALLED, return_when=FIRST_COMPLETED)
            if not done:  # those that run here cannot be cancelled, and are waited for
                handed_out = pending.items()
                pending = {executor.submit(work, *task) if old.cancel() else old: task for old, task in handed_out}
            # Of several that are done the first first: who follows the log expects names in the plan's order.
            for future in [each for each in pending if each in done]:
                del pending[future]
                yield future.result()
    finally:
        wait([future for future in pending if not future.cancel()])
