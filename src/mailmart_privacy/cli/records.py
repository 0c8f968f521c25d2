"""`records`: for whoever releases a version of the policy."""

import datetime
import os
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import open_whole, remove_leftovers, write_many, write_whole
from .._time import parse_moment
from .._unicode import spell_out
from ..errors import PrivacyError, RecordError, UsageError
from ..policy.ledger import LEDGER, Ledger
from ..policy.versions import CHANGE_KINDS

if TYPE_CHECKING:
    from ..policy.model import Policy

_IN_A_WHEEL = f"mailmart_privacy/data/{LEDGER}"

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of versions [default: the one of a checkout].",
)


@click.group()
def records() -> None:
    """Open the next version, build its records, and prove those of all versions."""


@records.command()
@click.argument("date")
@click.option("--from", "origin", metavar="VERSION", help="Begin with its text [default: the newest].")
@data_option
def new(date: str, origin: str | None, data: Path | None) -> None:
    """Open the folder of the next version: the text of the one before it, under a new DATE."""
    from ..release.records import SOURCE, date_source

    folder = _data_folder(data)
    day = _parse_date(date)
    ledger = Ledger(lambda name: (folder / name).read_bytes())
    if not ledger.versions:
        raise UsageError(f"{folder} has no version to begin with; write the first {SOURCE} yourself")
    newest = ledger.versions[-1].version
    if date <= newest:
        raise UsageError(f"{date} does not come after {newest}, the newest version; give a later date")
    before = ledger.version(origin or newest).version
    place = folder / date
    if place.exists():
        raise UsageError(f"{place} exists and was kept; go on with the text in it, or remove it")
    source = date_source(ledger.record(before, SOURCE), day, origin=f"{before}/{SOURCE}")
    place.mkdir()
    try:
        write_whole(place / SOURCE, source)
    except OSError:
        place.rmdir()
        raise
    click.echo(place / SOURCE)
    click.echo(
        f"the text of {before}, dated {date}; edit it, then: "
        f"mailmart-privacy records build {date} --change {'|'.join(CHANGE_KINDS)} --summary TEXT",
        err=True,
    )


@records.command()
@click.argument("version")
@click.option("--change", type=click.Choice(CHANGE_KINDS), help="Material if people have to be told.")
@click.option("--summary", metavar="TEXT", help="What changed, for people, in a sentence or two.")
@click.option("--effective-at", metavar="TIME", help="In force from then [default: midnight UTC of its date].")
@click.option("--replace", is_flag=True, help="Make the newest version's records anew; never after its release.")
@data_option
def build(
    version: str, change: str | None, summary: str | None, effective_at: str | None, replace: bool, data: Path | None
) -> None:
    """Make the records of VERSION from its policy.md, and its entry in the ledger.

    With --replace, the change, the summary and the moment stay as they are unless you give them again.
    """
    from ..release.records import SOURCE, build_records, make_entry, read_entries, read_source, write_ledger
    from ..release.rules import find_faults

    folder = _data_folder(data)
    source = folder / version / SOURCE
    if not source.is_file():
        raise UsageError(f"{source} is missing; open a version with: mailmart-privacy records new {version}")

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    entries = read_entries(read)
    known = [entry["version"] for entry in entries]
    if version in known:
        if not replace:
            raise UsageError(f"version {version} is recorded; a released version never changes. Make a new one")
        if version != known[-1]:
            raise UsageError(f"version {version} is not the newest; others chain to it, so it cannot be replaced")
        replaced = entries.pop()
        effective_at = effective_at or replaced["effective_at"]
        change = change or replaced.get("change")
        summary = replaced.get("summary") if summary is None else summary
    moment = None if effective_at is None else parse_moment(effective_at)
    content = source.read_bytes()
    policy = read_source(content, origin=str(source))
    if policy.version != version:
        raise UsageError(f"{source} was last updated on {policy.version}; its folder is named {version}")
    before: Policy | None = Ledger(read).policy(entries[-1]["version"]) if entries else None
    if faults := find_faults(before, policy, change=change, summary=summary):
        raise UsageError("; ".join(faults))
    made = build_records(content, origin=str(source))
    entry = make_entry(
        made, effective_at=moment, previous=entries[-1] if entries else None, change=change, summary=summary
    )
    for each in (folder, source.parent):
        remove_leftovers(each)  # of a build that was killed
    with open_whole(folder / LEDGER, force=True) as ledger:  # on disk first, put in its place last
        ledger.write(write_ledger([*entries, entry]))
        ledger.flush()
        os.fsync(ledger.fileno())
        write_many(source.parent, [each for each in made.items() if each[0] != SOURCE], force=True)
    for name, content in made.items():
        click.echo(f"{version}/{name}  {len(content):,} bytes")


@records.command()
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    help="A released wheel, or a folder of versions: what it has must be unchanged.",
)
@data_option
def check(against: Path | None, data: Path | None) -> None:
    """Hold every record and version against the ledger, and the newest version against a new build, byte for byte."""
    from ..release.records import SOURCE, read_entries
    from ..release.rules import compare_records, compare_released

    folder = _data_folder(data)
    released = [] if against is None else _read_released(against)

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    ledger = Ledger(read)
    faults = compare_released(read_entries(read), released) + compare_records(ledger, read)
    known = {version.version for version in ledger.versions}
    for source in sorted(folder.glob(f"*/{SOURCE}")):
        if source.parent.name not in known:
            faults.append(f"{source.parent.name}/{SOURCE} is not recorded in {LEDGER}; build its records, or remove it")
    for version in ledger.versions:
        names = {name for name, _ in version.records}
        for path in sorted((folder / version.version).glob("*")):
            if path.name not in names:
                said = spell_out(path.name)
                faults.append(f"{version.version}/{said} is not recorded in {LEDGER}, and would be shipped; remove it")
    if faults:
        raise PrivacyError("\n".join(faults))
    held = "" if against is None else f", those of {spell_out(against.name)} as they were released"
    click.echo(
        f"{len(ledger.versions)} version(s), every record as in the ledger, the newest as a new build makes it{held}"
    )


def _parse_date(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(f"{text!r} is not a date; write it like 2026-11-23")
    return day


def _read_released(place: Path) -> list[dict[str, Any]]:
    """Read the ledger's entries of a released wheel, or of a folder of versions."""
    from ..release.records import read_entries

    try:
        if place.is_dir():
            content = (place / LEDGER).read_bytes()
        else:
            with zipfile.ZipFile(place) as wheel:
                content = wheel.read(_IN_A_WHEEL)
    except (FileNotFoundError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError):
        raise UsageError(f"{place} has no {LEDGER}; give a wheel of this package, or a folder of versions") from None
    try:
        return read_entries(lambda name: content)
    except RecordError as error:
        raise RecordError(f"--against {place}: {error}") from None


def _data_folder(given: Path | None) -> Path:
    package = Path(__file__).parent.parent
    if given is None and not (package.parents[1] / "pyproject.toml").is_file():
        raise UsageError("this is an installed package, whose records never change; give a folder with --data")
    folder = given or package / "data"
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; give the folder of versions with --data")
    return folder
