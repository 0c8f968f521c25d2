"""`records trust`: which certificates and keys MailMart uses, recorded for verifiers."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..._time import parse_moment
from ..._unicode import spell_out
from ..help import GroupedCommands
from ..reading import read_small
from .data_folder import data_option, open_folder

_DIGEST = re.compile(r"(sha256:)?[0-9a-fA-F:]{8,95}")
_MOMENT = "2026-03-01T09:00:00Z"


@click.group(cls=GroupedCommands)
def trust() -> None:
    """Record which certificates and keys MailMart uses or used, and which ones others may have."""


@trust.command()
@click.argument("file")
@click.option(
    "--purpose",
    type=click.Choice(("copies", "timestamps", "data", "archive-log")),
    required=True,
    help="What it is for. Certificates sign copies, timestamps or newer data; a key signs an archive's log.",
)
@click.option("--from", "since", metavar="TIME", required=True, help=f"From when it is used: {_MOMENT}.")
@click.option("--name", metavar="NAME", help="Whose it is [default: the name in the certificate].")
@data_option
def add(file: str, purpose: str, since: str, name: str | None, data: Path | None) -> None:
    """Record the certificate, or the key, in FILE as one that MailMart uses."""
    from ...release.trust import add_content

    moment, content = parse_moment(since), read_small(file)
    _change(
        open_folder(data).path,
        lambda entries: add_content(entries, content, origin=file, purpose=purpose, since=moment, name=name),
    )


@trust.command()
@click.argument("certificate", metavar="FILE|SHA256")
@click.option("--until", metavar="TIME", required=True, help=f"When it was used for the last time: {_MOMENT}.")
@data_option
def retire(certificate: str, until: str, data: Path | None) -> None:
    """Record that a certificate or key is no longer used. What it signed until then stays genuine."""
    from ...release.trust import retire as record

    digest, moment = _read_digest(certificate), parse_moment(until)
    _change(open_folder(data).path, lambda entries: record(entries, digest, until=moment))


@trust.command()
@click.argument("certificate", metavar="FILE|SHA256")
@click.option("--since", metavar="TIME", required=True, help=f"Since when others may have the key: {_MOMENT}.")
@data_option
def compromise(certificate: str, since: str, data: Path | None) -> None:
    """Record that others may have a key. What it signed since then is refused from the next release on.

    Copies without a timestamp are all refused, since nothing shows that they are older.
    """
    from ...release.trust import compromise as record

    digest, moment = _read_digest(certificate), parse_moment(since)
    _change(open_folder(data).path, lambda entries: record(entries, digest, since=moment))


def _change(folder: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    from ...release.trust_file import change_trust_list

    for entry in change_trust_list(folder, change):
        moment = {"current": entry["from"], "retired": entry["until"], "compromised": entry["compromised_since"]}
        words = {"current": "in use from", "retired": "retired; used until", "compromised": "compromised since"}
        state = entry["state"]
        click.echo(f"{spell_out(entry['name'])}  {entry['purpose']}: {words[state]} {moment[state]}")
        click.echo(f"SHA-256 {entry['sha256']}")


def _read_digest(named: str) -> str:
    """Read which certificate or key is meant: its digest, or a file with it."""
    if _DIGEST.fullmatch(named) and not Path(named).exists():
        return named
    from ...release.trust import digest_of

    return digest_of(read_small(named), origin=named)
