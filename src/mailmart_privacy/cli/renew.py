"""`renew`: the next archive timestamp, before the last one expires."""

import datetime
from typing import TYPE_CHECKING, Any

import click

from .._time import format_iso
from ..errors import ExitCode, UsageError
from ..policy.ledger import shipped
from .authorities import AuthorityOptions, authority_values
from .edge import exact_now
from .hints import find_code, name_error
from .output import print_json
from .reading import list_files
from .times import read_limit

if TYPE_CHECKING:
    from ..verifying.renewing import RenewedFile


@click.command(short_help="Renew the archive timestamps of copies.")
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER...")
@authority_values
@click.option("--before", metavar="DATE", help="Renew what expires before that date, YYYY-MM-DD [default: in 90 days].")
@click.option("--dry-run", is_flag=True, help="Show what is due and when, and renew nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def renew(
    names: tuple[str, ...],
    authorities: AuthorityOptions,
    before: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Renew copies of level B-LT and B-LTA: verify them, and add the next archive timestamp to those that are due.

    The old file stays unchanged until the new one is written and synced. All PDF files of a folder are checked. Copies
    that cannot be renewed are listed and left unchanged. With several files the exit code is the highest.
    """
    from ..verifying.renewing import renew_files

    limit, trust, client = read_limit(before), authorities.trusted.read_with_own(), authorities.client()
    if not dry_run and not authorities.tsa:
        raise UsageError("name a timestamp authority with --tsa URL, or see what is due with --dry-run")
    results = []
    for done in renew_files(
        list_files(names),
        timestamps=None if dry_run else client,
        trust=trust,
        at=exact_now(),
        before=limit,
        ledger=shipped(),
    ):
        results.append(_to_json(done))
        if not as_json:
            click.echo(_describe(done, limit), err=done.error is not None)
    if as_json:
        print_json({"files": results})
    return int(max((result["exit_code"] for result in results), default=ExitCode.DONE))


def _to_json(done: "RenewedFile") -> dict[str, Any]:
    result = {
        "file": str(done.path),
        "exit_code": int(find_code(done.error)),
        "error": None if done.error is None else name_error(done.error),
        "due": None if done.verdict is None else format_iso(done.verdict.valid_until),
        "renewed": done.renewed,
    }
    return result if done.verdict is None else result | {"level": done.verdict.level}


def _describe(done: "RenewedFile", limit: datetime.datetime) -> str:
    if done.verdict is None:
        assert done.error is not None
        return f"{done.path}: left unchanged: {name_error(done.error)}"
    until = done.verdict.valid_until
    state = "renewed" if done.renewed else "due" if until <= limit else "not due"
    return f"{done.path}: {state}; valid until {format_iso(until)}"
