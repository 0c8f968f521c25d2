"""`verify`: what a copy says, and whether it is genuine."""

import datetime
import shutil
import sys
import textwrap
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._time import format_date, parse_moment
from .._unicode import spell_out
from ..errors import ExitCode, PrivacyError, UntrustedError
from ..pdf.scan import MAX_SIZE
from ..policy.ledger import shipped
from .authorities import TrustOptions, describe_trust, trust_values
from .edge import exact_now
from .files import list_files, read_file
from .hints import explain
from .output import find_code, name_error, paint, print_json_list
from .values import as_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..trust.anchors import Trust
    from ..verifying.many import JudgedFile
    from ..verifying.verification import Verification

_COLUMN = 15  # where the values of facts begin
_VERDICTS = {ExitCode.UNSIGNED: "not signed", ExitCode.ALTERED: "ALTERED", ExitCode.UNDECIDED: "not accepted"}


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyOptions:
    """The options that say what is checked, as of when, and what is shown."""

    policy: str | None
    at: str | None
    jobs: int | None
    full: bool
    as_json: bool

    def moment(self) -> datetime.datetime:
        """Read the moment as of which copies are checked."""
        return exact_now() if self.at is None else parse_moment(self.at)

    def version(self, moment: datetime.datetime) -> str | None:
        """Name the only version that is accepted, or None; refuse one that does not exist before a file is read."""
        if self.policy is None:
            return None
        return (
            shipped().version_in_force(moment) if self.policy == "current" else shipped().version(self.policy)
        ).version


@click.command(short_help="Check copies.")
@click.argument("files", nargs=-1, required=True, metavar="FILE|FOLDER...")
@trust_values
@as_value(
    "options",
    VerifyOptions,
    click.option("--policy", metavar="VERSION", help="Accept this version only; 'current' is the one in force."),
    click.option("--at", metavar="TIME", help="Check as of this moment: 2026-03-01T09:00:00Z [default: now]."),
    click.option(
        "--jobs", type=click.IntRange(1, 512), metavar="N", help="How many processes [default: as many as help]."
    ),
    click.option("--full", is_flag=True, help="Show signatures, certificates, timestamps and digests, too."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
)
def verify(files: tuple[str, ...], trusted: TrustOptions, options: VerifyOptions) -> int:
    """Check copies: which version, issued to whom, when, by whom, and that nothing was changed.

    The certificates given with --trust are trusted; without it, your own identity is, and those that MailMart has
    published in this release. Neither this machine's store of certificates nor the network is used: everything needed
    is in the file. All PDF files in and below a folder are checked. With several files, the exit code is the highest
    one.
    """
    trust = trusted.read()
    reliance = describe_trust(trust)
    moment = options.moment()
    version = options.version(moment)
    paths, highest = list_files(files), 0

    def judge() -> "Iterator[dict[str, Any]]":
        nonlocal highest
        for found in _judge(paths, trust, moment, version, options.jobs):
            code = find_code(found.error)
            highest = max(highest, code)
            if options.as_json:
                yield _describe(found, code)
            else:
                _report(found, code, reliance, full=options.full)

    if options.as_json:
        from ..verifying.verification import SCHEMA

        sources = sorted({anchor.source for anchor in trust.signers})
        print_json_list({"$schema": SCHEMA, "trusted_signers": sources, "note": reliance}, "files", judge())
    else:
        deque(judge(), maxlen=0)
    return int(highest)


def _judge(
    paths: list[Path], trust: "Trust", moment: datetime.datetime, version: str | None, jobs: int | None
) -> "Iterator[JudgedFile]":
    from ..batch.worker_pool import open_workers
    from ..verifying.many import verify_content, verify_files

    if paths == [Path("-")]:
        yield verify_content(paths[0], lambda: read_file("-", at_most=MAX_SIZE), trust, moment, version)
        return
    with open_workers(len(paths), jobs=jobs) as (executor, workers):
        yield from verify_files(paths, trust=trust, at=moment, version=version, executor=executor, workers=workers)


def _describe(found: "JudgedFile", code: int) -> dict[str, Any]:
    """Describe the result for a file, for programs."""
    verification = None if found.verification is None else found.verification.to_json()
    message = None if found.error is None else name_error(found.error)
    return {"file": str(found.path), "exit_code": code, "error": message, "verification": verification}


def _report(found: "JudgedFile", code: int, reliance: str | None, *, full: bool) -> None:
    """Print the result for a file, for people."""
    name, error = str(found.path), found.error
    if found.verification is not None:
        show_verdict(name, found.verification, reliance, full=full)
        return
    assert error is not None
    words = explain(error) if isinstance(error, PrivacyError) else name_error(error)
    words += f"; {reliance}" if reliance and isinstance(error, UntrustedError) else ""
    headline = f"{spell_out(name)}: {_VERDICTS.get(ExitCode(code), 'failed')}:"
    colour = "yellow" if code == ExitCode.UNDECIDED else "red"
    click.echo(f"{paint(headline, err=True, fg=colour, bold=True)} {spell_out(words)}", err=True)


def show_verdict(name: str, verdict: "Verification", reliance: str | None, *, full: bool) -> None:
    """Print what a genuine copy says."""
    said, colour = "genuine: signed, unchanged, and issued from the recorded policy", "green"
    if verdict.withdrawn_at is not None:
        said, colour = "genuine; this version was withdrawn before it took effect", "yellow"
    headline = paint(f"{spell_out(name)}: {said}", fg=colour, bold=True)
    lines = (
        verdict.describe().split("\n")
        if full
        else [f"  {label:<12} {value}" for label, value in _facts(verdict, reliance)]
    )
    if reliance and full:
        lines.append(f"  {'Note':<12} {reliance}")
    fitted = (_fit(spell_out(line)) for line in lines)
    click.echo("\n".join([headline, *fitted]))  # at once: each call flushes


def _facts(verdict: "Verification", reliance: str | None) -> "Iterator[tuple[str, str]]":
    signer = verdict.delivery.signer
    if verdict.delivery.self_signed and "self-signed" not in signer.lower():
        signer += " (self-signed)"
    if reliance:
        signer += ", which is your own identity and the only one trusted here"
    yield "Issued to", verdict.recipient
    yield "Reference", verdict.reference
    yield "Issued on", f"{format_date(verdict.issued_at.date())}, {verdict.issued_at:%H:%M} UTC"
    force = f"in force from {format_date(verdict.effective_at.date())}"
    if verdict.withdrawn_at is not None:
        force = f"withdrawn on {format_date(verdict.withdrawn_at.date())}, never in force"
    elif verdict.effective_until is not None:
        force += f" to {format_date(verdict.effective_until.date())}"
    yield "Policy", f"version {verdict.version}, {force}"
    yield "Signed by", f"{signer}; can be checked until {format_date(verdict.valid_until.date())}"
    for remark in verdict.remarks:
        yield "Note", remark


def _fit(line: str) -> str:
    """Wrap a line within its column on a terminal; a long digest continues on the next line."""
    if not sys.stdout.isatty():
        return line
    indent = " " * _COLUMN
    width = max(_COLUMN + 20, shutil.get_terminal_size().columns)
    wrapped = textwrap.wrap(line[_COLUMN:], width - _COLUMN, break_on_hyphens=False) or [""]
    return f"\n{indent}".join([line[:_COLUMN] + wrapped[0], *wrapped[1:]])
