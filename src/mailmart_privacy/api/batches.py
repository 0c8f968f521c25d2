"""Many copies for Python callers; the clock is read where no moment is named."""

import datetime
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from .._clock import now
from .._time import require_moment
from ..batch.results import FailedRow, IssuedRow
from ..copies.pades import Level
from ..errors import RecipientError
from ..policy.model import Policy
from ..policy.papers import Paper
from ..sheets.rows import Planned, Row
from .copies import find_typefaces, timestamp_client
from .optional import Certificate, Identity, TimestampClient, Trust, Typeface
from .policies import current, load_ledger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..batch.job import BatchJob


def issue_many(
    rows: Iterable[Row],
    *,
    policy: Policy | None = None,
    identity: Identity | Callable[[], Identity],
    issued_at: datetime.datetime | Callable[[], datetime.datetime] | None = None,
    paper: Paper = "a4",
    level: Level = "B-B",
    tsa: str | Sequence[str] | TimestampClient = (),
    trust: Iterable[Certificate] | Trust = (),
    executor: Executor | None = None,
    into: str | None = None,
    fonts: Iterable[str | Typeface] = (),
    chunk: int | None = None,
) -> Iterator[IssuedRow | FailedRow]:
    """Issue many signed copies, and yield the result of each row as soon as it is known.

    Args:
        rows: the recipients, read as they are needed.
        policy: a recorded version, or None for the one in force.
        identity: the signer. For an executor with processes, a function that can be pickled and opens the
            identity there: a key is never sent.
        issued_at: the moment that all copies show (aware), a clock that is asked for each chunk, or
            None for the machine's clock.
        paper: "a4" or "letter".
        level: "B-B", "B-T", "B-LT" or "B-LTA"; see `issue`.
        tsa: the addresses of timestamp authorities, the preferred one first, or a `TimestampClient`.
        trust: whom to trust; see `issue`.
        executor: threads, processes or a cluster to share the work; None for this thread.
        into: a folder, s3://BUCKET/PREFIX, or another URL, where the workers put the copies; the copy of a row
            that is there already is found, and not issued again. None to get the copies' bytes.
        fonts: files of fonts, or names of installed ones, for characters that the form's font does not have.
        chunk: how many rows a worker gets at once.

    Returns:
        An iterator over one result for each row: an `IssuedRow`, or a `FailedRow` with the error that says why.
        If several workers share the work, results are not in the order of the rows. Closing the iterator stops it.

    Raises:
        IdentityError: the identity cannot be opened, or would have to be sent to another process.
        UsageError: the paper size or the level is unknown, or a moment is naive.
        RecordError: the policy is not the one recorded under its date, or a record has changed.
        LevelError: the form cannot be certified at that level.
        OSError: a copy could not be written.
        MissingExtraError: a library that this needs is not installed.
    """
    from ..batch.destinations import find_destination
    from ..batch.job import BatchJob, OpenIdentity
    from ..batch.scheduler import CHUNK, certify_order
    from ..copies.issuer import load_recorded
    from ..trust.anchors import as_trust

    clock, version = _clock(issued_at), policy or current()
    order = BatchJob(
        id=secrets.token_hex(8),
        form=load_recorded(load_ledger(), version, paper),
        open_identity=identity if callable(identity) else OpenIdentity(identity),
        level=level,
        timestamps=timestamp_client(tsa),
        trust=as_trust(trust),
        fonts=find_typefaces(fonts),
        place=None if into is None else find_destination(into),
    )
    if executor is None:
        order = replace(order, open_identity=OpenIdentity(order.open_identity()))
    order = certify_order(order, clock(), executor)
    return _issue(rows, order, version.version, clock, executor, chunk or CHUNK)


def _issue(
    rows: "Iterable[Row]",
    order: "BatchJob",
    version: str,
    clock: "Callable[[], datetime.datetime]",
    executor: "Executor | None",
    chunk: int,
) -> "Iterator[IssuedRow | FailedRow]":
    from ..batch.scheduler import issue_rows

    refused: deque[FailedRow] = deque()
    planned = _plan(rows, order, version, clock, refused)
    for outcomes in issue_rows(order, planned, clock=clock, executor=executor, chunk=chunk):
        while refused:
            yield refused.popleft()
        yield from outcomes
    yield from refused


def _plan(
    rows: "Iterable[Row]",
    order: "BatchJob",
    version: str,
    clock: "Callable[[], datetime.datetime]",
    refused: "deque[FailedRow]",
) -> "Iterator[Planned]":
    from ..batch.file_names import name_file
    from ..copies.issuing import fill_values

    begun = clock()
    for row in rows:
        try:
            filled = fill_values(order.form.notes, row.recipient, row.reference, begun, order.fonts)
        except RecipientError as error:
            refused.append(FailedRow(number=row.number, recipient=row.recipient, reference=row.reference, error=error))
            continue
        recipient, reference = (each.value for each in filled)
        yield Planned(
            number=row.number,
            recipient=recipient,
            reference=reference,
            file=name_file(version, recipient, reference),
        )


def _clock(
    issued_at: "datetime.datetime | Callable[[], datetime.datetime] | None",
) -> "Callable[[], datetime.datetime]":
    if issued_at is None:
        return lambda: now().replace(microsecond=0)
    if callable(issued_at):
        return issued_at
    require_moment(issued_at)
    return lambda: issued_at
