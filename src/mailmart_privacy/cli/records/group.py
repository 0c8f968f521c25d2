"""`records`: for the maintainers who release a version of the policy."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._files import write_whole
from ..._time import parse_moment
from ..._unicode import spell_out
from ...errors import PrivacyError, UsageError
from ...policy.kinds import CHANGE_KINDS
from ...policy.ledger import Ledger
from ..edge import now
from ..help import GroupedCommands
from ..keys import IdentityOptions, identity_options
from ..times import read_date, read_moment
from ..values import as_value
from .data_folder import data_option, open_folder
from .trust import trust

if TYPE_CHECKING:
    from ...policy.kinds import Change


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseOptions:
    """The options that say what a version changes, and when it is released and takes effect."""

    change: "Change | None"
    summary: str | None
    effective_at: str | None
    released_at: str | None
    verify_url: str | None
    replace: bool


@click.group(cls=GroupedCommands)
def records() -> None:
    """Open the next version, build its records, and check the records of all versions."""


@records.command()
@click.argument("date")
@click.option("--from", "origin", metavar="VERSION", help="Begin with its text [default: the newest not withdrawn].")
@data_option
def new(date: str, origin: str | None, data: Path | None) -> None:
    """Open the folder of the next version: the text of the one before it, under a new DATE."""
    place, before = open_folder(data).open_version(read_date(date), origin=origin)
    click.echo(place)
    click.echo(
        f"the text of {before}, dated {date}; edit it, then: "
        f"mailmart-privacy records build {date} --change {'|'.join(CHANGE_KINDS)} --summary TEXT",
        err=True,
    )


@records.command()
@click.argument("version")
@as_value(
    "release",
    ReleaseOptions,
    click.option("--change", type=click.Choice(CHANGE_KINDS), help="Material if people have to be told."),
    click.option("--summary", metavar="TEXT", help="What changed, for people, in a sentence or two."),
    click.option("--effective-at", metavar="TIME", help="In force from then [default: midnight UTC of its date]."),
    click.option("--released-at", metavar="TIME", help="The moment of the release [default: now]."),
    click.option(
        "--verify-url", metavar="URL", help="Where its copies can be checked [default: as the version before it]."
    ),
    click.option("--replace", is_flag=True, help="Build the newest version's records again; never after its release."),
)
@data_option
def build(version: str, release: ReleaseOptions, data: Path | None) -> None:
    """Make the records of VERSION from its policy.md, and its entry in the ledger.

    With --replace, the change, the summary, the effective moment and the address stay as they are unless you give
    them again.
    """
    made = open_folder(data).build_version(
        version,
        now=now(),
        released_at=None if release.released_at is None else parse_moment(release.released_at),
        effective_at=None if release.effective_at is None else parse_moment(release.effective_at),
        change=release.change,
        summary=release.summary,
        verify_url=release.verify_url,
        replace=release.replace,
    )
    for name, content in made.items():
        click.echo(f"{version}/{name}  {len(content):,} bytes")


@records.command()
@click.argument("version")
@click.option("--reason", metavar="TEXT", required=True, help="Why, for people, in a sentence or two.")
@click.option("--withdrawn-at", metavar="TIME", help="The moment of the withdrawal [default: now].")
@data_option
def withdraw(version: str, reason: str, withdrawn_at: str | None, data: Path | None) -> None:
    """Withdraw VERSION, which is announced but not yet in force. Its text and its copies stay unchanged.

    To postpone a version, withdraw it and announce its text again as a version of its own.
    """
    open_folder(data).withdraw(version, reason=reason, withdrawn_at=read_moment(withdrawn_at))
    click.echo(f"{version} is withdrawn")


@records.command()
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    help="A released wheel, or a folder of versions: all that it contains must be unchanged.",
)
@data_option
def check(against: Path | None, data: Path | None) -> None:
    """Compare every record and version with the ledger, and the newest version with a new build, byte for byte."""
    from ...release.folder import read_released
    from ...release.trust_file import compare_trust_lists, read_trust_entries

    folder = open_folder(data)
    trusted = read_trust_entries(folder.read)  # it refuses a list whose records do not chain
    released, certificates = ([], []) if against is None else read_released(against)
    if faults := folder.find_faults(released) + compare_trust_lists(trusted, certificates):
        raise PrivacyError("\n".join(faults))
    held = "" if against is None else f", those of {spell_out(against.name)} as they were released"
    count = len(Ledger(folder.read).versions)
    click.echo(f"{count} version(s), every record as in the ledger, the newest as a new build makes it{held}")


@records.command()
@data_option
@identity_options("Sign with this key: PEM, PKCS#12, pkcs11:… or awskms:….")
@click.option("--signed-at", metavar="TIME", help="The moment of signing [default: now].")
def sign(identity: IdentityOptions, signed_at: str | None, data: Path | None) -> None:
    """Sign the head of the folder of versions, so that services which have an older release accept the folder.

    They accept it from a key whose certificate their release records for data: `records trust add --purpose data`.
    """
    from ...release.newer_data import sign_data

    if identity.identity_file is None:  # nobody accepts data that is signed with the key of this computer
        raise UsageError("nothing says which key signs the data; name it with --identity FILE")
    folder = open_folder(data)
    signed = sign_data(folder.read, identity.key()(), signed_at=read_moment(signed_at).replace(microsecond=0))
    for name, content in signed.items():
        write_whole(folder.path / name, content, force=True)
        click.echo(folder.path / name)


records.add_command(trust)
