"""`export --recipients`: a copy for each row of a sheet, into a folder, a store or a ZIP file."""

import datetime
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._time import parse_moment
from .._unicode import spell_out
from ..errors import MissingExtraError, UsageError
from ..policy.ledger import shipped
from .batch_options import Batch
from .edge import form_cache, now
from .files import open_output, read_file, require_place, write_out
from .output import print_json
from .progress import show_stages

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from ..batch.archiving import Archiving
    from ..batch.job import BatchJob
    from ..batch.report import BatchReport, Progress
    from ..batch.runner import BatchRunner
    from ..keys.identity import Identity
    from ..sheets.plan import Plan
    from ..sheets.rows import Planned, RowFault
    from ..sheets.sheet import Sheet


def export_batch(batch: Batch) -> None:
    """Issue a copy for each row, and report.

    Raises:
        RowsError: the sheet has faults; nothing was written.
        UnfinishedError: it stopped before its end.
    """
    _require_sense(batch)
    begun_at = _begun_at(batch)
    content = read_file(batch.recipients)
    sheet = _read_sheet(batch, content)
    planned = _plan(batch, sheet, begun_at)
    if batch.check is not None:
        _write_checked(batch, batch.check, content, sheet, planned.faults)
    planned.require_faultless(batch.recipients)
    plan = planned.copies
    if batch.dry_run:
        _print_plan(batch, plan)
        return
    if batch.check is not None:
        click.echo(f"{len(plan):,} rows have no problem; nothing was issued", err=True)
        return
    from ..batch.destinations import find_destination
    from ..batch.worker_pool import open_workers

    with open_workers(len(plan), jobs=batch.jobs, dask=batch.dask) as (executor, workers), show_stages() as progress:
        runner = _open_runner(batch, plan, begun_at, executor, workers, progress)
        if batch.output is None:
            place, resume = find_destination(batch.directory or ""), batch.resume
            report = runner.into_destination(place, manifest=batch.manifest_path, resume=resume)
        else:
            with open_output(batch.output, force=batch.force) as stream:
                report = runner.into_zip(stream, seekable=batch.output != "-")
    if report.manifest is not None:
        _write_issued(batch, content, sheet, plan, report.manifest)
    _print_report(batch, report, progress.seconds("issuing"))


def _open_runner(
    batch: Batch,
    plan: "Sequence[Planned]",
    begun_at: datetime.datetime,
    executor: "Executor | None",
    workers: int,
    progress: "Progress",
) -> "BatchRunner":
    from ..batch.order import SAMPLE, BatchOrder
    from ..batch.runner import BatchRunner

    order = BatchOrder(
        job=_make_job(batch, executor),
        version=batch.version,
        paper=batch.paper,
        plan=plan,
        begun_at=begun_at,
        verify={"all": None, "sample": SAMPLE, "none": 0}[batch.verify],
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


def _make_job(batch: Batch, executor: "Executor | None") -> "BatchJob":
    """Say what the copies have in common. The key is opened here, where its passphrase can be asked for."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from ..batch.job import BatchJob, OpenIdentity
    from ..copies.forms import load_form

    open_identity: Callable[[], Identity] = batch.key
    if batch.dask is None:
        identity = batch.key()
        open_identity = OpenIdentity(identity) if executor is None else batch.key.with_answers()
    return BatchJob(
        id=secrets.token_hex(8),
        form=load_form(shipped(), batch.version, batch.paper),
        open_identity=open_identity,
        fonts=batch.fonts,
        level=batch.level,
        timestamps=batch.authorities.client(),
        roots=tuple(root.public_bytes(Encoding.DER) for root in batch.authorities.roots),
    )


def _open_archive(batch: Batch, signer: str) -> "AbstractContextManager[Archiving]":
    from ..batch.archiving import open_archiving
    from .archives import find_actor, read_anchoring

    assert batch.archive is not None
    anchoring = read_anchoring(batch.authorities)
    return open_archiving(
        batch.archive,
        anchoring,
        clock=now,
        signer=signer,
        version=batch.version,
        level=batch.level,
        actor=find_actor(),
    )


def _require_sense(batch: Batch) -> None:
    if batch.check is not None:
        if batch.check != "-" and not batch.check.lower().endswith(".xlsx"):
            raise UsageError(f"{batch.check}: --check names a workbook to write, FILE.xlsx")
        return
    if batch.output is None and batch.directory is None:
        raise UsageError("say where the copies are put: -d FOLDER, or -o FILE.zip")
    if batch.output is not None:
        if batch.directory is not None or batch.manifest is not None:
            raise UsageError("a ZIP file holds its copies and its manifest; leave -d and --manifest out")
        if batch.resume:
            raise UsageError("a ZIP file is written whole or not at all; --resume is for -d")
        if batch.output != "-" and not batch.output.lower().endswith(".zip"):
            raise UsageError(f"{batch.output}: with --recipients, -o names a ZIP file; or give -d FOLDER")
        if batch.output == "-" and (batch.as_json or sys.stdout.isatty()):
            raise UsageError("the ZIP goes to standard output with -o -; send it to a program, and leave out --json")
        if batch.output != "-":
            require_place(Path(batch.output), force=batch.force)
    elif batch.force:
        raise UsageError("a batch never replaces a copy; leave --force out, or name another folder")
    elif "://" in (batch.directory or "") and batch.manifest is None:
        raise UsageError("name the file that lists the copies, on this machine: --manifest FILE")
    if batch.dask is not None and batch.output is not None:
        raise UsageError("workers of a cluster put their copies into a place: give -d")


def _begun_at(batch: Batch) -> datetime.datetime:
    """Tell when the batch was begun: that is part of references which are made for rows without one."""
    from ..batch.manifest import read_begun

    begun = read_begun(batch.manifest_path) if batch.resume else None
    return now() if begun is None else parse_moment(begun["begun_at"])


def _read_sheet(batch: Batch, content: bytes) -> "Sheet":
    """Read the sheet, and say what was read."""
    from ..sheets.sheet import read_sheet

    sheet = read_sheet(
        content,
        name=batch.recipients,
        columns=batch.columns,
        sheet=batch.sheet,
        header_row=batch.header_row,
        hidden=batch.hidden,
        max_rows=batch.max_rows,
        keep_faults=True,
    )
    for note in sheet.notes:
        click.echo(f"{spell_out(batch.recipients)}: {spell_out(note)}", err=True)
    return sheet


def _plan(batch: Batch, sheet: "Sheet", begun_at: datetime.datetime) -> "Plan":
    from ..batch.planning import plan_batch
    from ..copies.forms import load_form

    return plan_batch(
        sheet,
        form=load_form(shipped(), batch.version, batch.paper),
        version=batch.version,
        begun_at=begun_at,
        fonts=batch.fonts,
    )


def _write_checked(batch: Batch, target: str, content: bytes, sheet: "Sheet", faults: "Sequence[RowFault]") -> None:
    """Write the sheet with its problems marked."""
    from ..sheets.marked_workbook import mark_faults

    marked = mark_faults(content, sheet, faults, name=batch.recipients)
    write_out(target, marked, binary=True, force=batch.force)
    if target != "-":
        click.echo(target)


def _write_issued(batch: Batch, content: bytes, sheet: "Sheet", plan: "Sequence[Planned]", manifest: Path) -> None:
    """Write the list for mail merge beside the manifest; of a CSV file, only where workbooks can be written."""
    from ..batch.issued_list import write_issued_list

    try:
        path = write_issued_list(
            content, sheet, plan, manifest=manifest, folder=batch.directory or "", name=batch.recipients
        )
    except MissingExtraError:
        return
    click.echo(f"the list for mail merge is {path}", err=True)


def _print_plan(batch: Batch, plan: "Sequence[Planned]") -> None:
    if batch.as_json:
        rows = [{"row": r.number, "recipient": r.recipient, "reference": r.reference, "file": r.file} for r in plan]
        print_json({"version": batch.version, "copies": rows})
        return
    for row in plan:
        click.echo(f"{row.file}\t{row.recipient}\t{row.reference}")
    click.echo(f"{len(plan):,} copies of version {batch.version} would be issued; nothing was written", err=True)


def _print_report(batch: Batch, report: "BatchReport", seconds: float) -> None:
    rate = report.issued / max(seconds, 0.001)
    if batch.as_json:
        facts = {
            "version": batch.version,
            "level": batch.level,
            "place": batch.output or str(batch.directory),
            "manifest": None if report.manifest is None else str(report.manifest),
            "copies": report.copies,
            "issued": report.issued,
            "found_before": report.found_before,
            "gone": report.gone,
            "verified": report.verified,
            "seconds": round(seconds, 3),
            "rate": round(rate, 1),
        }
        print_json(facts)
        return
    before = f", {report.found_before:,} of them before" if report.found_before else ""
    click.echo(
        f"{report.copies:,} copies of version {batch.version}{before}; {report.issued:,} issued in "
        f"{seconds:.1f} s ({rate:,.0f}/s); {report.verified:,} verified",
        err=True,
    )
    if report.gone:
        click.echo(
            f"{report.gone:,} copies that were listed before are no longer there; they were not issued again", err=True
        )
    if batch.output != "-":
        click.echo(batch.output or str(batch.directory))
