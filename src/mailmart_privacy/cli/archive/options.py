"""The options that name an archive, and what its answers look like."""

import datetime
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ...archive.location import ArchiveLocation
from ...errors import UsageError
from ..authorities import AuthorityOptions
from ..edge import find_actor, now
from ..progress import Shown
from ..times import moment_words
from ..trusted import TrustOptions

if TYPE_CHECKING:
    from ...archive.anchoring import Anchoring
    from ...archive.index.index import Row
    from ...archive.service import ArchiveService
    from ...trust.anchors import Trust

_Command = TypeVar("_Command", bound="Callable[..., object]")


def archive_options(*, place: bool = True, key: bool = False, index: bool = False) -> Callable[[_Command], _Command]:
    """Add `--archive`, and where needed `--archive-key` and `--archive-index`; read them with `read_location`."""

    def add(command: _Command) -> _Command:
        if index:
            command = click.option(
                "--archive-index", metavar="FILE|URL", help="Its index: SQLite or postgresql://… [default: your own]."
            )(command)
        if key:
            command = click.option(
                "--archive-key", metavar="FILE", help="The archive's key [default: where `init` put it]."
            )(command)
        if place:
            command = click.option("-a", "--archive", metavar="DIR|s3://…", help="The archive.")(command)
        return command

    return add


def archive_location(*, key: bool = False, index: bool = False) -> Callable[[_Command], _Command]:
    """Add the options that name an archive; the command takes them as one value, `location`."""

    def add(command: _Command) -> _Command:
        @functools.wraps(command)
        def call(
            *arguments: Any,
            archive: str | None,
            archive_key: str | None = None,
            archive_index: str | None = None,
            **given: Any,
        ) -> object:
            return command(*arguments, location=read_location(archive, archive_key, archive_index), **given)

        return archive_options(key=key, index=index)(cast(_Command, call))

    return add


def read_location(
    archive: str | None, archive_key: str | None = None, archive_index: str | None = None
) -> ArchiveLocation:
    """Read what `archive_options` gave.

    Raises:
        UsageError: no archive is named.
    """
    if not archive:
        raise UsageError("name the archive with --archive DIR, or set MAILMART_PRIVACY_ARCHIVE")
    return ArchiveLocation(archive, archive_key, archive_index)


def read_trusted(trust: tuple[str, ...], trust_timestamps: tuple[str, ...] = ()) -> "Trust":
    """Read whom to trust: those who were given, and the user's own identity."""
    return TrustOptions(trust=trust, trust_timestamps=trust_timestamps).read_with_own()


def read_anchoring(authorities: AuthorityOptions, witnesses: tuple[str, ...] = ()) -> "Anchoring | None":
    """Read how the log is to be anchored, or None where no authority is configured."""
    if not authorities.tsa:
        return None
    from ...archive.anchoring import Anchoring
    from ...archive.witnesses import parse_witness

    return Anchoring(
        timestamps=authorities.client(),
        trust=authorities.trusted.read_to_issue(),
        witnesses=tuple(map(parse_witness, witnesses)),
    )


def open_service(location: ArchiveLocation, what: str = "reading the log") -> "ArchiveService":
    """Open the archive for the person who runs the command; long work shows how far it has come."""
    from ...archive.service import ArchiveService

    return ArchiveService(location, clock=now, actor=find_actor(), advance=Shown(what))


def spell_moment(moment: datetime.datetime | None) -> str | None:
    """Spell a moment that may be missing."""
    return None if moment is None else moment_words(moment)


def count_erasures(count: int) -> str:
    """Say how many customers were erased."""
    words = {0: "No customer was erased", 1: "1 customer was erased"}
    return words.get(count, f"{count:,} customers were erased")


def warn_of_withdrawal(service: "ArchiveService", digest: str) -> None:
    """Say so if the copy with a digest was withdrawn: what was just written does not show it."""
    from ...archive.withdrawals import describe_withdrawal

    withdrawn_at = service.withdrawn_at(digest)
    if withdrawn_at is not None:
        click.echo(f"note: this copy was {describe_withdrawal(withdrawn_at)}", err=True)


def reason_options(command: _Command) -> _Command:
    """Add `--reason` and `--matter`, which an entry keeps in encrypted form."""
    for option in (
        click.option("--matter", metavar="M", default="", help="The matter that it belongs to, 26-114 for instance."),
        click.option("--reason", metavar="TEXT", default="", help="Why, in your own words."),
    ):
        command = option(command)
    return command


def output_options(command: _Command) -> _Command:
    """Add `-o` and `--force`, for what is written to standard output by default."""
    command = click.option("--force", is_flag=True, help="Replace an existing file.")(command)
    return click.option("-o", "--output", default="-", metavar="FILE|-", help="[default: standard output]")(command)


retention_option = click.option(
    "--retention",
    type=click.IntRange(1, 36_500),
    metavar="DAYS",
    help="How long copies are kept after a customer relation ended [default: no period].",
)


def row_to_json(row: "Row") -> dict[str, Any]:
    """Spell a row of the index in JSON."""
    from ...archive.index.rows import SHOWN

    return {
        name: moment_words(value) if isinstance(value := getattr(row, name), datetime.datetime) else value
        for name in SHOWN
    }
