"""`verify`: what a copy says, and whether it is genuine."""

import datetime
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import click

from .._limits import limited
from .._time import format_date, parse_moment
from .._unicode import spell_out
from ..errors import ExitCode, PrivacyError, UntrustedError
from ..policy.ledger import shipped
from .authorities import describe_trust, read_trust, trust_options
from .files import read_file
from .hints import explain
from .output import paint, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..trust.anchors import Trust
    from ..verifying.verification import Verification

_COLUMN = 15  # where the values of facts begin
_VERDICTS = {ExitCode.UNSIGNED: "not signed", ExitCode.ALTERED: "ALTERED", ExitCode.UNDECIDED: "not accepted"}


@click.command(short_help="Check copies.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@trust_options
@click.option("--policy", metavar="VERSION", help="Accept this version only; 'current' is the one in force.")
@click.option("--at", metavar="TIME", help="Check as of this moment: 2026-03-01T09:00:00Z [default: now].")
@click.option("--full", is_flag=True, help="Show signatures, certificates, timestamps and digests, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(
    files: tuple[str, ...],
    trust: tuple[str, ...],
    trust_timestamps: tuple[str, ...],
    policy: str | None,
    at: str | None,
    full: bool,
    as_json: bool,
) -> int:
    """Check copies: which version, issued to whom, when, by whom, and that nothing was changed.

    The certificates given with --trust are trusted; without it, your own identity is, and those that MailMart has
    published in this release. Neither this machine's store of certificates nor the network is asked: all that counts
    is in the file. With several files the exit code is the highest.
    """
    trusted = read_trust(trust, trust_timestamps)
    reliance = describe_trust(trusted)
    moment = datetime.datetime.now(datetime.UTC) if at is None else parse_moment(at)
    version = shipped().version_in_force(moment).version if policy == "current" else policy
    if version is not None:
        shipped().version(version)  # before a file is read
    results: list[dict[str, Any]] = []
    for name in files:
        result: dict[str, Any] = {"file": name, "exit_code": 0, "error": None, "verification": None}
        try:
            verdict = _verify(name, trusted, moment, version)
        except (PrivacyError, OSError) as error:
            code = error.exit_code if isinstance(error, PrivacyError) else ExitCode.FAILED
            message = str(error) if isinstance(error, PrivacyError) else error.strerror or str(error)
            result |= {"exit_code": int(code), "error": message}
            if not as_json:
                words = explain(error) if isinstance(error, PrivacyError) else message
                words += f"; {reliance}" if reliance and isinstance(error, UntrustedError) else ""
                click.echo(f"{spell_out(name)}: {_VERDICTS.get(code, 'failed')}: {spell_out(words)}", err=True)
        else:
            result["verification"] = verdict.to_json()
            if not as_json:
                _print(name, verdict, reliance, full=full)
        results.append(result)
    if as_json:
        from ..verifying.verification import SCHEMA

        print_json({"$schema": SCHEMA, "files": results})
    return int(max(result["exit_code"] for result in results))


def _verify(name: str, trust: "Trust", moment: datetime.datetime, version: str | None) -> "Verification":
    from ..pdf.scan import MAX_SIZE
    from ..verifying.verify import verify

    content = read_file(name, at_most=MAX_SIZE)
    with limited():
        return verify(content, trust_roots=trust, at=moment, ledger=shipped(), version=version)


def _print(name: str, verdict: "Verification", reliance: str | None, *, full: bool) -> None:
    line = f"{spell_out(name)}: genuine: signed, unchanged, and issued from the recorded policy"
    click.echo(paint(line, fg="green", bold=True))
    lines = (
        verdict.describe().split("\n")
        if full
        else [f"  {label:<12} {value}" for label, value in _facts(verdict, reliance)]
    )
    if reliance and full:
        lines.append(f"  {'Note':<12} {reliance}")
    for each in map(spell_out, lines):
        click.echo(_fit(each))


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
    if verdict.effective_until is not None:
        force += f" to {format_date(verdict.effective_until.date())}"
    yield "Policy", f"version {verdict.version}, {force}"
    yield "Signed by", f"{signer}; can be checked until {format_date(verdict.valid_until.date())}"
    for remark in verdict.remarks:
        yield "Note", remark


def _fit(line: str) -> str:
    """Wrap a fact below its column, on a terminal; a digest that is too long goes on there."""
    if not sys.stdout.isatty():
        return line
    indent = " " * _COLUMN
    width = max(_COLUMN + 20, shutil.get_terminal_size().columns)
    wrapped = textwrap.wrap(line[_COLUMN:], width - _COLUMN, break_on_hyphens=False) or [""]
    return f"\n{indent}".join([line[:_COLUMN] + wrapped[0], *wrapped[1:]])
