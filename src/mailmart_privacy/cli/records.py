"""`records`: for whoever releases a version of the policy."""

import json
from pathlib import Path

import click

from ..errors import PrivacyError, UsageError
from ..filing import write_whole
from ..moments import parse_moment

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of versions [default: the one of a checkout].",
)


@click.group()
def records() -> None:
    """Build and prove the records of a version."""


@records.command()
@click.argument("version")
@data_option
@click.option("--effective-at", metavar="TIME", help="In force from then [default: midnight UTC of its date].")
@click.option("--replace", is_flag=True, help="Make the newest version's records anew; never after its release.")
def build(version: str, data: Path | None, effective_at: str | None, replace: bool) -> None:
    """Make the records of VERSION from its policy.md, and its entry in the ledger."""
    from ..ledger import LEDGER
    from ..records import SOURCE, build_records, make_entry, read_entries, write_ledger

    folder = _data_folder(data)
    source = folder / version / SOURCE
    if not source.is_file():
        raise UsageError(f"{source} is missing; a version is a folder named after its date, with a {SOURCE} in it")
    entries = read_entries(lambda name: (folder / name).read_bytes())
    known = [entry["version"] for entry in entries]
    if version in known:
        if not replace:
            raise UsageError(f"version {version} is recorded; a released version never changes. Make a new one")
        if version != known[-1]:
            raise UsageError(f"version {version} is not the newest; others chain to it, so it cannot be replaced")
        replaced = entries.pop()
        effective_at = effective_at or replaced["effective_at"]
    moment = None if effective_at is None else parse_moment(effective_at)
    made = build_records(source.read_bytes(), origin=str(source))
    named = json.loads(made["policy.json"])["version"]
    if named != version:
        raise UsageError(f"{source} was last updated on {named}; its folder is named {version}")
    entry = make_entry(made, effective_at=moment, previous=entries[-1] if entries else None)
    for name, content in made.items():
        if name != SOURCE:
            write_whole(folder / version / name, content, force=True)
    write_whole(folder / LEDGER, write_ledger([*entries, entry]), force=True)
    for name, content in made.items():
        click.echo(f"{version}/{name}  {len(content):,} bytes")


@records.command()
@data_option
def check(data: Path | None) -> None:
    """Hold every record against the ledger, and the newest version against a new build, byte for byte."""
    from ..ledger import LEDGER, Ledger
    from ..records import SOURCE, compare_records

    folder = _data_folder(data)

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    ledger = Ledger(read)
    faults = compare_records(ledger, read)
    known = {version.version for version in ledger.versions}
    for source in sorted(folder.glob(f"*/{SOURCE}")):
        if source.parent.name not in known:
            faults.append(f"{source.parent.name}/{SOURCE} is not recorded in {LEDGER}; build its records, or remove it")
    if faults:
        raise PrivacyError("\n".join(faults))
    click.echo(f"{len(ledger.versions)} version(s), every record as in the ledger, the newest as a new build makes it")


def _data_folder(given: Path | None) -> Path:
    package = Path(__file__).parent.parent
    if given is None and not (package.parents[1] / "pyproject.toml").is_file():
        raise UsageError("this is an installed package, whose records never change; give a folder with --data")
    folder = given or package / "data"
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; give the folder of versions with --data")
    return folder
