"""`verify`: what a copy says, and whether it holds."""

import datetime
import json
from typing import Any

import click

from .._limits import limited
from .._time import parse_moment
from .._unicode import spell_out
from ..errors import ExitCode, PrivacyError
from ..policy.ledger import shipped
from .authorities import read_roots
from .files import read_file


@click.command(short_help="Verify copies.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--trust", multiple=True, metavar="CERT", help="A certificate to trust, PEM or DER [default: your own].")
@click.option("--policy", metavar="VERSION", help="Accept this version only; 'current' is the one in force.")
@click.option("--at", metavar="TIME", help="Validate as of then: 2026-03-01T09:00:00Z [default: now].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def verify(files: tuple[str, ...], trust: tuple[str, ...], policy: str | None, at: str | None, as_json: bool) -> int:
    """Verify copies: which version, to whom, when, by whom, and that nothing was changed.

    Trusted are the certificates given with --trust; without it, your own identity. The machine's store of
    certificates is never asked, nor is the network: all that counts is in the file. With several files the
    exit code is the highest.
    """
    from ..verifying.origin import MAX_SIZE
    from ..verifying.verify import verify as verify_copy

    roots = read_roots(trust)
    moment = datetime.datetime.now(datetime.UTC) if at is None else parse_moment(at)
    version = shipped().version_in_force(moment).version if policy == "current" else policy
    if version is not None:
        shipped().version(version)  # before a file is looked at
    results: list[dict[str, Any]] = []
    for name in files:
        try:
            content = read_file(name, at_most=MAX_SIZE)
            with limited():
                verdict = verify_copy(content, trust_roots=roots, at=moment, ledger=shipped(), version=version)
        except (PrivacyError, OSError) as error:
            code = error.exit_code if isinstance(error, PrivacyError) else ExitCode.FAILED
            message = str(error) if isinstance(error, PrivacyError) else error.strerror or str(error)
            results.append({"file": name, "exit_code": int(code), "error": message, "verification": None})
            if not as_json:
                click.echo(spell_out(f"{name}: {_verdict(code)}: {message}"), err=True)
        else:
            results.append({"file": name, "exit_code": 0, "error": None, "verification": verdict.to_json()})
            if not as_json:
                click.echo(spell_out(f"{name}: valid; signed, unchanged, and issued from the recorded policy"))
                click.echo("\n".join(map(spell_out, verdict.describe().split("\n"))))
    if as_json:
        from ..verifying.verification import SCHEMA

        click.echo(json.dumps({"$schema": SCHEMA, "files": results}, ensure_ascii=False, indent=2))
    return int(max(result["exit_code"] for result in results))


def _verdict(code: ExitCode) -> str:
    return {
        ExitCode.UNSIGNED: "not signed",
        ExitCode.ALTERED: "ALTERED",
        ExitCode.UNDECIDED: "not accepted",
    }.get(code, "failed")
