"""What a batch prints and writes: its plan, its report, the marked-up sheet and the list for mail merge."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._unicode import spell_out
from ...errors import MissingExtraError
from ..files import write_out
from ..options import OutputOptions, Signing
from ..output import print_json
from .options import BatchOptions

if TYPE_CHECKING:
    from ...archive.location import ArchiveLocation
    from ...archive.service import ArchiveService
    from ...batch.report import BatchReport
    from ...sheets.rows import Planned, RowFault
    from ...sheets.sheet import Sheet


_SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchExport:
    """A batch as it is asked for.

    Attributes:
        recipients: the file with the sheet.
        version: of the policy.
        paper: of the form.
        signing: who signs, and how.
        archive: the archive that the copies go to first, or None.
        same_reference: whether it accepts references that other customers have already.
        options: what is for many copies.
        place: where the copies go.
    """

    recipients: str
    version: str
    paper: str
    signing: Signing
    archive: "ArchiveLocation | None"
    same_reference: bool
    options: BatchOptions
    place: OutputOptions

    @property
    def manifest_path(self) -> Path:
        """The file that lists the copies of the batch."""
        from ...batch.manifest import NAME

        given = self.options.manifest
        return Path(given) if given is not None else Path(self.place.directory or "") / NAME


def settle(service: "ArchiveService", folder: Path) -> None:
    """Withdraw what an export into the same folder had archived when it was killed, and say so."""
    from ...archive.abandoned import withdraw_abandoned

    abandoned = withdraw_abandoned(service, folder)
    for path in abandoned.doubtful:
        click.echo(
            f"note: {spell_out(str(path))} looks like what an interrupted export leaves, but is newer than the "
            "entries of its copies, so customers may have them; nothing was withdrawn. Withdraw what nobody received, "
            "and remove the file",
            err=True,
        )
    done = abandoned.withdrawn
    if len(done) == 1:
        said = f"its copy is withdrawn: nobody received entry {done[0].number:,}"
    else:
        said = f"its {len(done):,} copies are withdrawn: nobody received them"
    if done:
        click.echo(f"note: an earlier export was interrupted; {said}", err=True)


def write_checked(
    batch: BatchExport, target: str, content: bytes, sheet: "Sheet", faults: "Sequence[RowFault]"
) -> None:
    """Write the sheet with its problems marked."""
    from ...sheets.marked_workbook import mark_faults

    marked = mark_faults(content, sheet, faults, name=batch.recipients)
    write_out(target, marked, binary=True, force=batch.place.force)
    if target != "-":
        click.echo(target)


def write_issued(batch: BatchExport, content: bytes, sheet: "Sheet", plan: "Sequence[Planned]", manifest: Path) -> None:
    """Write the list for mail merge beside the manifest; for a CSV file, only if workbooks can be written."""
    from ...batch.issued_list import write_issued_list

    try:
        path = write_issued_list(
            content, sheet, plan, manifest=manifest, folder=batch.place.directory or "", name=batch.recipients
        )
    except MissingExtraError:
        return
    click.echo(f"the list for mail merge is {path}", err=True)


def report_remarks(plan: "Sequence[Planned]") -> None:
    """Say which recipients' names may be taken for other names, before anything is signed."""
    remarks = [(row.number, remark) for row in plan if (remark := row.remark)]
    for number, remark in remarks[:_SHOWN]:
        click.echo(f"note: row {number}: {spell_out(remark)}", err=True)
    if len(remarks) > _SHOWN:
        click.echo(f"note: {len(remarks) - _SHOWN:,} more rows have such names; see --dry-run --json", err=True)


def print_plan(batch: BatchExport, plan: "Sequence[Planned]") -> None:
    """Print what would be issued."""
    if batch.place.as_json:
        rows = [
            {"row": r.number, "recipient": r.recipient, "reference": r.reference, "file": r.file, "remark": r.remark}
            for r in plan
        ]
        print_json({"version": batch.version, "copies": rows})
        return
    for row in plan:
        click.echo(f"{row.file}\t{row.recipient}\t{row.reference}")
    click.echo(f"{len(plan):,} copies of version {batch.version} would be issued; nothing was written", err=True)


def print_report(batch: BatchExport, report: "BatchReport", seconds: float) -> None:
    """Print how many copies were issued, how fast, and where they are."""
    rate = report.issued / max(seconds, 0.001)
    if batch.place.as_json:
        facts = {
            "version": batch.version,
            "level": batch.signing.level,
            "place": batch.place.output or str(batch.place.directory),
            "manifest": None if report.manifest is None else str(report.manifest),
            "copies": report.copies,
            "issued": report.issued,
            "found_before": report.found_before,
            "gone": report.gone,
            "verified": report.verified,
            "seconds": round(seconds, 3),
            "rate": round(rate, 1),
            "not_anchored": str(report.not_anchored) if report.not_anchored is not None else None,
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
    if batch.place.output != "-":
        click.echo(batch.place.output or str(batch.place.directory))
