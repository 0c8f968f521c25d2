"""The options of `export` that are for many copies."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..archive.location import ArchiveLocation
    from ..sheets.sheet import Hidden
    from ..typesetting.fonts import Typeface
    from .authorities import Authorities
    from .keys import KeyName

_COLUMNS = ("recipient", "reference")


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What is asked for; each attribute is an option of `export`."""

    recipients: str
    columns: dict[str, str]
    sheet: str | None
    header_row: int | None
    hidden: "Hidden | None"
    check: str | None
    max_rows: int
    version: str
    paper: str
    level: str
    authorities: "Authorities"
    archive: "ArchiveLocation | None"
    key: "KeyName"
    fonts: "tuple[Typeface, ...]"
    directory: str | None
    output: str | None
    manifest: str | None
    force: bool
    resume: bool
    dry_run: bool
    verify: str
    jobs: int | None
    dask: str | None
    as_json: bool

    @property
    def manifest_path(self) -> Path:
        """The file that lists the copies of the batch."""
        from ..batch.manifest import NAME

        return Path(self.manifest) if self.manifest is not None else Path(self.directory or "") / NAME


def batch_options(command: "Callable[..., None]") -> "Callable[..., None]":
    """Add the options that are for many copies."""
    for option in reversed(
        (
            click.option("--recipients", metavar="FILE", help="A sheet, CSV or XLSX: issue a copy for each row."),
            click.option(
                "--column",
                "columns",
                multiple=True,
                metavar="NAME=HEADER",
                help="Which column is which: recipient=Firma; may be repeated [default: by the headings].",
            ),
            click.option(
                "--sheet", metavar="NAME", help="Which sheet of the workbook [default: the first with headings]."
            ),
            click.option(
                "--header-row",
                type=click.IntRange(1, 1000),
                metavar="N",
                help="The row with the headings [default: found by its words].",
            ),
            click.option(
                "--hidden",
                type=click.Choice(["include", "skip"]),
                help="Issue copies to hidden rows, too, or leave them out; required where rows are hidden.",
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
                help="How many rows are allowed.",
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
                help="How many processes issue copies [default: as many as pay off].",
            ),
            click.option(
                "--manifest", metavar="FILE", help="The list of issued copies [default: manifest.jsonl in DIR]."
            ),
            click.option("--dask", metavar="ADDRESS", help="The scheduler of a Dask cluster that does the work."),
        )
    ):
        command = option(command)
    return command


def read_batch(recipients: str, options: dict[str, Any]) -> Batch:
    """Read what the options ask for."""
    columns = _read_columns(options.pop("columns"))
    return Batch(recipients=recipients, columns=columns, **options)


def require_single() -> None:
    """Refuse options that are for many copies where one is asked for."""
    context = click.get_current_context()
    for option in batch_options(lambda: None).__click_params__:  # type: ignore[attr-defined]
        if context.get_parameter_source(option.name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
            raise UsageError(f"{max(option.opts, key=len)} is for many copies; give it with --recipients")


def _read_columns(given: tuple[str, ...]) -> dict[str, str]:
    columns = {}
    for each in given:
        name, equals, header = each.partition("=")
        if not equals or name not in _COLUMNS or not header:
            raise UsageError(f"--column {each}: write {' or '.join(f'{known}=HEADER' for known in _COLUMNS)}")
        columns[name] = header
    return columns
