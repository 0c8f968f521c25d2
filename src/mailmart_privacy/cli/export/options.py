"""The options of `export` that are for many copies."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ...errors import UsageError
from ..values import as_value

if TYPE_CHECKING:
    from ...sheets.sheet import Hidden

_ROLES = ("recipient", "reference")


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOptions:
    """The options that are for many copies."""

    recipients: str | None
    columns: tuple[str, ...]
    sheet: str | None
    header_row: int | None
    hidden: "Hidden | None"
    check: str | None
    max_rows: int
    dry_run: bool
    resume: bool
    verify: str
    jobs: int | None
    manifest: str | None
    dask: str | None

    def read_columns(self) -> dict[str, str]:
        """Read which columns are named, by role.

        Raises:
            UsageError: a column is not named as ROLE=HEADER.
        """
        columns = {}
        for each in self.columns:
            name, equals, header = each.partition("=")
            if not equals or name not in _ROLES or not header:
                raise UsageError(f"--column {each}: write {' or '.join(f'{known}=HEADER' for known in _ROLES)}")
            columns[name] = header
        return columns


_OPTIONS = (
    click.option("--recipients", metavar="FILE", help="A sheet, CSV or XLSX: issue a copy for each row."),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="NAME=HEADER",
        help="Which column has what: recipient=Firma; may be repeated [default: found by the headings].",
    ),
    click.option(
        "--sheet", metavar="NAME", help="Which sheet of the workbook [default: the first with headings and rows]."
    ),
    click.option(
        "--header-row",
        type=click.IntRange(1, 1000),
        metavar="N",
        help="The row with the headings [default: recognised by its words].",
    ),
    click.option(
        "--hidden",
        type=click.Choice(["include", "skip"]),
        help="Issue copies for hidden rows, too, or skip them; required if rows are hidden.",
    ),
    click.option(
        "--check",
        metavar="FILE.xlsx",
        help="Issue nothing: write the sheet with its problems marked.",
    ),
    click.option(
        "--max-rows",
        type=click.IntRange(1),
        default=100_000,
        show_default=True,
        metavar="N",
        help="How many rows the sheet may have.",
    ),
    click.option("--dry-run", is_flag=True, help="Show which files would be written, and write nothing."),
    click.option("--resume", is_flag=True, help="Continue a batch that was interrupted."),
    click.option(
        "--verify",
        type=click.Choice(["all", "sample", "none"]),
        default="sample",
        show_default=True,
        help="Which copies are checked at the end.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(1, 512),
        metavar="N",
        help="How many processes issue copies [default: as many as help].",
    ),
    click.option("--manifest", metavar="FILE", help="The list of issued copies [default: manifest.jsonl in DIR]."),
    click.option("--dask", metavar="ADDRESS", help="The scheduler of a Dask cluster that does the work."),
)
batch_options = as_value("batch", BatchOptions, *_OPTIONS)


def require_single() -> None:
    """Refuse options for many copies when one copy is asked for."""
    context = click.get_current_context()
    names = {field.name for field in fields(BatchOptions)}
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name))
        if option.name in names and given in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
            raise UsageError(f"{max(option.opts, key=len)} is for many copies; give it with --recipients")
