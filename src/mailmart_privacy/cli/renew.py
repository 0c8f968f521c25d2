"""`renew`: the next archive timestamp, before the last one expires."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import write_whole
from .._limits import limited
from ..errors import ExitCode, LevelError, PrivacyError, UsageError
from ..policy.ledger import shipped
from .authorities import Authorities, authority_options, read_authorities
from .files import list_files, read_file
from .output import print_json

if TYPE_CHECKING:
    from ..trust.anchors import Trust
    from ..verifying.verification import Verification

_AHEAD = datetime.timedelta(days=90)


@click.command(short_help="Renew the archive timestamps of copies.")
@click.argument("names", nargs=-1, required=True, metavar="FILE|FOLDER...")
@authority_options
@click.option("--before", metavar="DATE", help="Renew what expires before that date, YYYY-MM-DD [default: in 90 days].")
@click.option("--dry-run", is_flag=True, help="Show what is due and when, and renew nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def renew(
    names: tuple[str, ...],
    tsa: tuple[str, ...],
    tsa_certificate: tuple[str, ...],
    trust: tuple[str, ...],
    trust_timestamps: tuple[str, ...],
    before: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Renew copies of level B-LT and B-LTA: verify them, and add the next archive timestamp to those that are due.

    The old file stays as it is until the new one is written and synced. All PDF files of a folder are
    checked. Copies that cannot be renewed are listed and left unchanged. With several files the exit code is the
    highest.
    """
    now = datetime.datetime.now(datetime.UTC)
    limit = now + _AHEAD if before is None else read_date(before)
    authorities = read_authorities(tsa, tsa_certificate, trust, trust_timestamps)
    trusted = authorities.trusted()
    if not dry_run and not tsa:
        raise UsageError("name a timestamp authority with --tsa URL, or see what is due with --dry-run")
    results = []
    for path in list_files(names):
        result: dict[str, Any] = {"file": str(path), "exit_code": 0, "error": None, "due": None, "renewed": False}
        try:
            result |= _renew(path, authorities, trusted, now, limit, dry_run)
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
    path: Path,
    authorities: Authorities,
    trust: "Trust",
    now: datetime.datetime,
    limit: datetime.datetime,
    dry: bool,
) -> dict[str, Any]:
    from ..pdf.scan import MAX_SIZE
    from ..verifying.renewing import renew_copy
    from ..verifying.verify import verify

    content = read_file(str(path), at_most=MAX_SIZE)
    with limited():
        verdict = verify(content, trust=trust, at=now, ledger=shipped())
    if verdict.level not in ("B-LT", "B-LTA"):
        raise LevelError(f"the copy is of level {verdict.level}; archive timestamps renew B-LT and B-LTA only")
    facts = {"level": verdict.level, "due": _stamp(verdict)}
    if dry or verdict.valid_until > limit:
        return facts
    renewed, verdict = renew_copy(content, timestamps=authorities.client(), trust=trust, at=now, ledger=shipped())
    write_whole(path, renewed, force=True, mode=path.stat().st_mode & 0o777)
    return facts | {"level": verdict.level, "due": _stamp(verdict), "renewed": True}


def _describe(result: dict[str, Any], limit: datetime.datetime) -> str:
    if result["error"] is not None:
        return f"{result['file']}: left unchanged: {result['error']}"
    if result["renewed"]:
        return f"{result['file']}: renewed; holds until {result['due']}"
    due = result["due"] <= limit.astimezone(datetime.UTC).isoformat()
    return f"{result['file']}: {'due' if due else 'not due'}; holds until {result['due']}"


def _stamp(verdict: "Verification") -> str:
    return verdict.valid_until.isoformat(timespec="seconds").replace("+00:00", "Z")


def read_date(text: str) -> datetime.datetime:
    """Read a date, YYYY-MM-DD, as its midnight UTC.

    Raises:
        UsageError: it is not a date.
    """
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise UsageError(f"{text!r} is not a date; write YYYY-MM-DD") from None
