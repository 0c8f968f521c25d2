"""`records`: for the maintainers who release a version of the policy."""

import datetime
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .._files import write_whole
from .._time import parse_moment
from .._unicode import spell_out
from ..errors import PrivacyError, RecordError, UsageError
from ..policy.entries import LEDGER
from ..policy.kinds import CHANGE_KINDS
from ..policy.ledger import Ledger
from ..trust.trust_list import TRUST_LIST
from .keys import KeyName, identity_options
from .options import as_value
from .records_trust import make_group

if TYPE_CHECKING:
    from ..keys.identity import Identity
    from ..policy.kinds import Change
    from ..release.folder import DataFolder

_DATA_IN_A_WHEEL = "mailmart_privacy/data"

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of versions [default: the one of a checkout].",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyOptions:
    """The key that signs data; it has to be named, since nobody accepts the one of this computer."""

    identity_file: str | None
    passphrase_file: str | None
    certificate_file: str | None

    def open(self) -> "Identity":
        """Open it."""
        if self.identity_file is None:
            raise UsageError("nothing says which key signs the data; name it with --identity FILE")
        return KeyName(
            name=self.identity_file, passphrase_file=self.passphrase_file, certificate_file=self.certificate_file
        )()


@click.group()
def records() -> None:
    """Open the next version, build its records, and prove those of all versions."""


@records.command()
@click.argument("date")
@click.option("--from", "origin", metavar="VERSION", help="Begin with its text [default: the newest not withdrawn].")
@data_option
def new(date: str, origin: str | None, data: Path | None) -> None:
    """Open the folder of the next version: the text of the one before it, under a new DATE."""
    place, before = _open_folder(data).open_version(_parse_date(date), origin=origin)
    click.echo(place)
    click.echo(
        f"the text of {before}, dated {date}; edit it, then: "
        f"mailmart-privacy records build {date} --change {'|'.join(CHANGE_KINDS)} --summary TEXT",
        err=True,
    )


@records.command()
@click.argument("version")
@click.option("--change", type=click.Choice(CHANGE_KINDS), help="Material where people have to be told.")
@click.option("--summary", metavar="TEXT", help="What changed, for people, in a sentence or two.")
@click.option("--effective-at", metavar="TIME", help="In force from then [default: midnight UTC of its date].")
@click.option("--released-at", metavar="TIME", help="The moment of the release [default: now].")
@click.option("--replace", is_flag=True, help="Make the newest version's records anew; never after its release.")
@data_option
def build(
    version: str,
    change: "Change | None",
    summary: str | None,
    effective_at: str | None,
    released_at: str | None,
    replace: bool,
    data: Path | None,
) -> None:
    """Make the records of VERSION from its policy.md, and its entry in the ledger.

    With --replace, the change, the summary and the effective moment stay as they are unless you give them again.
    """
    made = _open_folder(data).build_version(
        version,
        now=_read_moment(None),
        released_at=None if released_at is None else parse_moment(released_at),
        effective_at=None if effective_at is None else parse_moment(effective_at),
        change=change,
        summary=summary,
        replace=replace,
    )
    for name, content in made.items():
        click.echo(f"{version}/{name}  {len(content):,} bytes")


@records.command()
@click.argument("version")
@click.option("--reason", metavar="TEXT", required=True, help="Why, for people, in a sentence or two.")
@click.option("--withdrawn-at", metavar="TIME", help="The moment of the withdrawal [default: now].")
@data_option
def withdraw(version: str, reason: str, withdrawn_at: str | None, data: Path | None) -> None:
    """Withdraw VERSION, which is announced and not yet in force. Its text and its copies stay as they are.

    To postpone a version, withdraw it and announce its text again as a version of its own.
    """
    _open_folder(data).withdraw(version, reason=reason, withdrawn_at=_read_moment(withdrawn_at))
    click.echo(f"{version} is withdrawn")


@records.command()
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    help="A released wheel, or a folder of versions: what it has must be unchanged.",
)
@data_option
def check(against: Path | None, data: Path | None) -> None:
    """Compare every record and version with the ledger, and the newest version with a new build, byte for byte."""
    from ..release.trust import compare_trust_lists, read_trust_entries

    folder = _open_folder(data)
    trusted = read_trust_entries(folder.read)  # it refuses a list whose records do not chain
    released, certificates = ([], []) if against is None else _read_released(against)
    if faults := folder.find_faults(released) + compare_trust_lists(trusted, certificates):
        raise PrivacyError("\n".join(faults))
    held = "" if against is None else f", those of {spell_out(against.name)} as they were released"
    count = len(Ledger(folder.read).versions)
    click.echo(f"{count} version(s), every record as in the ledger, the newest as a new build makes it{held}")


@records.command()
@data_option
@as_value("key", KeyOptions, identity_options("Sign with this key: PEM, PKCS#12, pkcs11:… or awskms:…."))
@click.option("--signed-at", metavar="TIME", help="The moment of signing [default: now].")
def sign(key: KeyOptions, signed_at: str | None, data: Path | None) -> None:
    """Sign the head of the folder of versions, so that services which have an older release accept the folder.

    They accept it from a key whose certificate their release records for data: `records trust add --purpose data`.
    """
    from ..release.newer_data import sign_data

    folder = _open_folder(data)
    signed = sign_data(folder.read, key.open(), signed_at=_read_moment(signed_at).replace(microsecond=0))
    for name, content in signed.items():
        write_whole(folder.path / name, content, force=True)
        click.echo(folder.path / name)


records.add_command(make_group(data_option, lambda data: _open_folder(data).path))


def _read_moment(given: str | None) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) if given is None else parse_moment(given)


def _parse_date(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(f"{text!r} is not a date; write it like 2026-11-23")
    return day


def _read_released(place: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read the entries of the ledger and of the trust list, of a released wheel or of a folder of versions."""
    from ..release.records import read_entries
    from ..release.trust import read_trust_entries

    try:
        if place.is_dir():
            content = {name: (place / name).read_bytes() for name in (LEDGER, TRUST_LIST) if (place / name).exists()}
        else:
            with zipfile.ZipFile(place) as wheel:
                names = {name: f"{_DATA_IN_A_WHEEL}/{name}" for name in (LEDGER, TRUST_LIST)}
                content = {name: wheel.read(path) for name, path in names.items() if path in wheel.namelist()}
    except (zipfile.BadZipFile, zlib.error, RuntimeError):
        content = {}
    if LEDGER not in content:
        raise UsageError(f"{place} has no {LEDGER}; give a wheel of this package, or a folder of versions")

    def read(name: str) -> bytes:
        if name not in content:
            raise FileNotFoundError(name)
        return content[name]

    try:
        return read_entries(read), read_trust_entries(read)
    except RecordError as error:
        raise RecordError(f"--against {place}: {error}") from None


def _open_folder(given: Path | None) -> "DataFolder":
    from ..release.folder import DataFolder

    package = Path(__file__).parent.parent
    if given is None and not (package.parents[1] / "pyproject.toml").is_file():
        raise UsageError("this is an installed package, whose records never change; give a folder with --data")
    folder = given or package / "data"
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; give the folder of versions with --data")
    return DataFolder(folder)
