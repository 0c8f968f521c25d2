"""`desk backup`, `desk restore` and `desk upgrade`: for the people who run the desk's computer."""

from pathlib import Path
from typing import Any

import click

from ..edge import find_actor


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def backup(obj: dict[str, Any], folder: Path) -> None:
    """Copy the archive, then the desk's tables, then the list of erasures; keys are not copied.

    FOLDER is new, or has an earlier backup of this desk, which is brought up to date. The desk may run meanwhile.
    """
    from ...desk.backup import back_up

    made = back_up(obj["settings"], folder)
    click.echo(f"{folder}: {made.entries:,} entries, {made.people:,} people, {made.tokens:,} tokens for services")
    click.echo(f"erasures to repeat after a restore: {made.erasures:,}")
    click.echo("the keys are not in it; keep them in another place", err=True)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.pass_obj
def restore(obj: dict[str, Any], folder: Path) -> None:
    """Fill a new desk from a backup, and repeat the erasures that came after its archive.

    An archive that is there already is left as it is. The keys have to be in their places.
    """
    from ...desk.backup import restore as restore_desk
    from ...desk.lock import locked

    settings = obj["settings"]
    with locked(Path(settings.folder), settings.user):
        done = restore_desk(settings, folder, find_actor())
    where = "restored" if done.archive else "there already, and left as it is"
    click.echo(f"archive: {done.entries:,} entries, {where}")
    click.echo(f"people: {done.people:,}; tokens for services: {done.tokens:,}; erasures repeated: {done.erased:,}")
    if done.lost:
        click.echo(f"{done.lost:,} entries that were signed after this backup are lost; tell the auditors", err=True)
    for number in done.held:
        click.echo(f"the erasure of record {number} cannot be repeated: a hold is in place; lift it first", err=True)


@click.command()
@click.pass_obj
def upgrade(obj: dict[str, Any]) -> None:
    """Bring the tables forward to this version, as a desk that starts does. There is no way back: back up first."""
    from ...desk.lock import locked
    from ...desk.web.tables import MIGRATIONS, Tables

    settings = obj["settings"]
    with locked(Path(settings.folder), settings.user):
        Tables(settings.tables).close()
    click.echo(f"the desk's tables are those of this version (step {len(MIGRATIONS)})")
