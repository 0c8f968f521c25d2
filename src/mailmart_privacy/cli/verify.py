"""`verify`: what a copy says, and whether it is genuine."""

import datetime
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._limits import MAX_FILE
from .._time import parse_moment
from ..policy.ledger import shipped
from .edge import exact_now
from .output import print_json_list, shows_colour
from .reading import list_files, read_file
from .trusted import TrustOptions, describe_trust, trust_values
from .values import as_value
from .verdicts import VerdictWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..trust.anchors import Trust


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
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

    def writer(self, reliance: str | None) -> VerdictWriter:
        """Make what writes verdicts for where they are shown."""
        width = None
        if sys.stdout.isatty():
            from shutil import get_terminal_size

            width = get_terminal_size().columns
        colours = (shows_colour(), shows_colour(err=True))
        return VerdictWriter(reliance=reliance, full=self.full, as_json=self.as_json, width=width, colours=colours)


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
        for code, said in _judge(paths, trust, moment, version, options.jobs, options.writer(reliance)):
            highest = max(highest, code)
            if isinstance(said, dict):
                yield said
            else:
                click.echo(said, err=code != 0)  # at once: each call flushes

    if options.as_json:
        from ..verifying.verification import SCHEMA

        sources = sorted({anchor.source for anchor in trust.signers})
        print_json_list({"$schema": SCHEMA, "trusted_signers": sources, "note": reliance}, "files", judge())
    else:
        deque(judge(), maxlen=0)
    return int(highest)


def _judge(
    paths: list[Path],
    trust: "Trust",
    moment: datetime.datetime,
    version: str | None,
    jobs: int | None,
    writer: VerdictWriter,
) -> "Iterator[tuple[int, str | dict[str, Any]]]":
    from ..batch.worker_pool import open_workers
    from ..verifying.many import Question, verify_content, verify_files

    question = Question(trust=trust, at=moment, version=version, report=writer.write)
    if paths == [Path("-")]:
        yield verify_content(question, paths[0], lambda: read_file("-", at_most=MAX_FILE))
        return
    with open_workers(len(paths), jobs=jobs) as (executor, workers):
        yield from verify_files(paths, question, executor=executor, workers=workers)
