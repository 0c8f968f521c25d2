"""`export --recipients`: a copy for each row of a sheet, into a folder, a store or a ZIP file."""

import datetime
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._time import parse_moment
from ..._unicode import spell_out
from ...errors import UsageError
from ...policy.ledger import shipped
from ..archive.options import open_service
from ..edge import find_actor, form_cache, now
from ..files import open_output, require_place
from ..progress import show_stages
from ..reading import read_file
from .result import BatchExport, print_plan, print_report, report_remarks, settle, write_checked, write_issued

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from ...batch.archiving import Archiving
    from ...batch.job import BatchJob
    from ...batch.report import Progress
    from ...batch.runner import BatchRunner
    from ...keys.identity import Identity
    from ...sheets.plan import Plan
    from ...sheets.rows import Planned
    from ...sheets.sheet import Sheet


def export_batch(batch: BatchExport) -> None:
    """Issue a copy for each row, and report.

    Raises:
        RowsError: the sheet has faults; nothing was written.
        UnfinishedError: it stopped before its end.
    """
    from ...sheets.source import MAX_SIZE

    _require_sense(batch)
    begun_at = _begun_at(batch)
    content = read_file(batch.recipients, at_most=MAX_SIZE)
    sheet = _read_sheet(batch, content)
    planned = _plan(batch, sheet, begun_at)
    if batch.options.check is not None:
        write_checked(batch, batch.options.check, content, sheet, planned.faults)
    planned.require_faultless(batch.recipients)
    plan = planned.copies
    report_remarks(plan)
    if batch.options.dry_run:
        print_plan(batch, plan)
        return
    if batch.options.check is not None:
        click.echo(f"{len(plan):,} rows have no problem; nothing was issued", err=True)
        return
    from ...batch.destinations import find_destination
    from ...batch.worker_pool import open_workers

    if batch.archive is not None and batch.place.output not in (None, "-"):
        settle(open_service(batch.archive), Path(batch.place.output or "").parent)
    if batch.archive is not None and batch.place.output == "-":
        click.echo(
            "note: copies are archived before the pipe has them; if this is killed, list them with: "
            f"mailmart-privacy archive list --since {begun_at:%Y-%m-%dT%H:%M:%SZ}, and withdraw those nobody received",
            err=True,
        )
    with (
        open_workers(len(plan), jobs=batch.options.jobs, dask=batch.options.dask) as (executor, workers),
        show_stages() as progress,
    ):
        runner = _open_runner(batch, plan, begun_at, executor, workers, progress)
        if batch.place.output is None:
            place, resume = find_destination(batch.place.directory or ""), batch.options.resume
            report = runner.into_destination(place, manifest=batch.manifest_path, resume=resume)
        else:
            output = open_output(batch.place.output, force=batch.place.force, claimed=batch.archive is not None)
            report = runner.into_zip(output, seekable=batch.place.output != "-")
    if report.manifest is not None:
        write_issued(batch, content, sheet, plan, report.manifest)
    print_report(batch, report, progress.seconds("issuing"))
    if report.not_anchored is not None:
        raise report.not_anchored


def _open_runner(
    batch: BatchExport,
    plan: "Sequence[Planned]",
    begun_at: datetime.datetime,
    executor: "Executor | None",
    workers: int,
    progress: "Progress",
) -> "BatchRunner":
    from ...batch.order import SAMPLE, BatchOrder
    from ...batch.runner import BatchRunner

    order = BatchOrder(
        job=_make_job(batch, executor),
        version=batch.version,
        paper=batch.paper,
        plan=plan,
        begun_at=begun_at,
        verify={"all": None, "sample": SAMPLE, "none": 0}[batch.options.verify],
    )
    archive = None if batch.archive is None else lambda signer: _open_archive(batch, signer)
    return BatchRunner(
        order,
        clock=now,
        forms=form_cache(),
        executor=executor,
        workers=workers,
        archive=archive,
        progress=progress,
    )


def _make_job(batch: BatchExport, executor: "Executor | None") -> "BatchJob":
    """Say what the copies have in common. The key is opened here, where its passphrase can be asked for."""
    from ...batch.job import BatchJob, OpenIdentity
    from ...copies.forms import load_form

    open_identity: Callable[[], Identity] = batch.signing.key
    if batch.options.dask is None:
        identity = batch.signing.key()
        open_identity = OpenIdentity(identity) if executor is None else batch.signing.key.with_answers()
    return BatchJob(
        id=secrets.token_hex(8),
        form=load_form(shipped(), batch.version, batch.paper),
        open_identity=open_identity,
        fonts=batch.signing.fonts,
        level=batch.signing.level,
        timestamps=batch.signing.authorities.client(),
        trust=batch.signing.authorities.trusted.read_to_issue(),
    )


def _open_archive(batch: BatchExport, signer: str) -> "AbstractContextManager[Archiving]":
    from ...batch.archiving import open_archiving
    from ..archive.options import read_anchoring

    assert batch.archive is not None
    anchoring = read_anchoring(batch.signing.authorities)
    return open_archiving(
        batch.archive,
        anchoring,
        clock=now,
        signer=signer,
        version=batch.version,
        level=batch.signing.level,
        actor=find_actor(),
        same_reference=batch.same_reference,
    )


def _require_sense(batch: BatchExport) -> None:
    if batch.options.check is not None:
        if batch.options.check != "-" and not batch.options.check.lower().endswith(".xlsx"):
            raise UsageError(f"{batch.options.check}: --check names a workbook to write, FILE.xlsx")
        return
    if batch.place.output is None and batch.place.directory is None:
        raise UsageError("say where the copies go: -d FOLDER, or -o FILE.zip")
    if batch.place.output is not None:
        if batch.place.directory is not None or batch.options.manifest is not None:
            raise UsageError("a ZIP file holds its copies and its manifest; leave -d and --manifest out")
        if batch.options.resume:
            raise UsageError("a ZIP file is written whole or not at all; --resume is for -d")
        if batch.place.output != "-" and not batch.place.output.lower().endswith(".zip"):
            raise UsageError(f"{batch.place.output}: with --recipients, -o names a ZIP file; or give -d FOLDER")
        if batch.place.output == "-" and (batch.place.as_json or sys.stdout.isatty()):
            raise UsageError("-o - writes the ZIP file to standard output; send it to a program, and leave out --json")
        if batch.place.output != "-":
            require_place(Path(batch.place.output), force=batch.place.force)
    elif batch.place.force:
        raise UsageError("a batch never replaces a copy; leave --force out, or name another folder")
    elif "://" in (batch.place.directory or "") and batch.options.manifest is None:
        raise UsageError("name the file that lists the copies, on this machine: --manifest FILE")
    if batch.options.dask is not None and batch.place.output is not None:
        raise UsageError("workers of a cluster write their copies to a folder or a store: give -d")


def _begun_at(batch: BatchExport) -> datetime.datetime:
    """Tell when the batch was begun: that is part of references which are made for rows without one."""
    from ...batch.manifest import read_begun

    begun = read_begun(batch.manifest_path) if batch.options.resume else None
    return now() if begun is None else parse_moment(begun["begun_at"])


def _read_sheet(batch: BatchExport, content: bytes) -> "Sheet":
    """Read the sheet, and say what was read."""
    from ...sheets.sheet import read_sheet

    sheet = read_sheet(
        content,
        name=batch.recipients,
        columns=batch.options.read_columns(),
        sheet=batch.options.sheet,
        header_row=batch.options.header_row,
        hidden=batch.options.hidden,
        max_rows=batch.options.max_rows,
        keep_faults=True,
    )
    for note in sheet.notes:
        click.echo(f"{spell_out(batch.recipients)}: {spell_out(note)}", err=True)
    return sheet


def _plan(batch: BatchExport, sheet: "Sheet", begun_at: datetime.datetime) -> "Plan":
    from ...batch.planning import plan_batch
    from ...copies.forms import load_form

    return plan_batch(
        sheet,
        form=load_form(shipped(), batch.version, batch.paper),
        version=batch.version,
        begun_at=begun_at,
        fonts=batch.signing.fonts,
    )
