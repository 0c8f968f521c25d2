"""`renew`: the next archive timestamp, before the last one expires."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import write_whole
from .._limits import limited
from .._time import format_iso
from ..errors import ExitCode, PrivacyError, UsageError
from ..policy.ledger import shipped
from .authorities import AuthorityOptions, authority_values
from .files import list_files, read_file
from .output import print_json

if TYPE_CHECKING:
    from ..trust.anchors import Trust
    from ..trust.timestamp_client import TimestampClient

_AHEAD = datetime.timedelta(days=90)


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
    now = datetime.datetime.now(datetime.UTC)
    limit = now + _AHEAD if before is None else read_date(before)
    trust, client = authorities.trusted(), authorities.client()
    if not dry_run and not authorities.tsa:
        raise UsageError("name a timestamp authority with --tsa URL, or see what is due with --dry-run")
    results = []
    for path in list_files(names):
        result: dict[str, Any] = {"file": str(path), "exit_code": 0, "error": None, "due": None, "renewed": False}
        try:
            result |= _renew(path, None if dry_run else client, trust, now, limit)
        except (PrivacyError, OSError) as error:
            code = error.exit_code if isinstance(error, PrivacyError) else ExitCode.FAILED
            message = str(error) if isinstance(error, PrivacyError) else error.strerror or str(error)
            result |= {"exit_code": int(code), "error": message}
        results.append(result)
        if not as_json:
            click.echo(_describe(result, limit), err=result["error"] is not None)
    if as_json:
        print_json({"files": results})
    return int(max((result["exit_code"] for result in results), default=ExitCode.DONE))


def _renew(
    path: Path, client: "TimestampClient | None", trust: "Trust", now: datetime.datetime, limit: datetime.datetime
) -> dict[str, Any]:
    """Renew a copy if it is due; without a client, only say when it is."""
    from ..pdf.scan import MAX_SIZE
    from ..verifying.renewing import renew_if_due

    content = read_file(str(path), at_most=MAX_SIZE)
    with limited():
        verdict, renewed = renew_if_due(content, timestamps=client, trust=trust, at=now, before=limit, ledger=shipped())
    if renewed is not None:
        write_whole(path, renewed, force=True, mode=path.stat().st_mode & 0o777)
    return {"level": verdict.level, "due": format_iso(verdict.valid_until), "renewed": renewed is not None}


def _describe(result: dict[str, Any], limit: datetime.datetime) -> str:
    if result["error"] is not None:
        return f"{result['file']}: left unchanged: {result['error']}"
    if result["renewed"]:
        return f"{result['file']}: renewed; valid until {result['due']}"
    due = result["due"] <= limit.astimezone(datetime.UTC).isoformat()
    return f"{result['file']}: {'due' if due else 'not due'}; valid until {result['due']}"


def read_date(text: str) -> datetime.datetime:
    """Read a date, YYYY-MM-DD, as its midnight UTC.

    Raises:
        UsageError: it is not a date.
    """
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise UsageError(f"{text!r} is not a date; write YYYY-MM-DD") from None
