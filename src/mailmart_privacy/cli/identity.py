"""`identity`: the key and certificate that sign."""

import datetime
import sys
from typing import TYPE_CHECKING

import click

from .._time import format_iso
from .._user_dirs import identity_path
from ..errors import DestinationExistsError, IdentityError, UsageError
from ..keys.opening import is_uri
from .files import write_out
from .help import GroupedCommands
from .keys import IdentityOptions, identity_options, passphrase_option, read_identity
from .output import print_json

if TYPE_CHECKING:
    from ..keys.identity import Identity

_KEPT = (
    "there is an identity already, and it was kept; copies that it signed are verified with its certificate. "
    "With --force it is replaced, and kept in a file beside the new one"
)


@click.group(cls=GroupedCommands)
def identity() -> None:
    """Create, import or show the identity that signs your copies."""


@identity.command()
@click.option("--name", help="Your name or role, for the certificate [default: you are asked].")
@click.option("--organisation", metavar="NAME", help="The organisation that you sign for, for the certificate.")
@click.option(
    "--force", is_flag=True, help="Replace the existing identity; the former one is kept in a file beside it."
)
def create(name: str | None, organisation: str | None, force: bool) -> None:
    """Make a self-signed identity (P-256) and keep it as yours."""
    from ..keys.key_files import create_identity

    if name is None and sys.stdin is not None and sys.stdin.isatty():
        name = click.prompt("Your name, or your role", err=True)
    created_at = datetime.datetime.now(datetime.UTC)
    _keep(create_identity(created_at=created_at, name=name, organisation=organisation), force)


@identity.command(name="import")
@click.argument("file")
@passphrase_option
@click.option(
    "--force", is_flag=True, help="Replace the existing identity; the former one is kept in a file beside it."
)
def import_(file: str, passphrase_file: str | None, force: bool) -> None:
    """Keep the key and certificates in FILE (PEM or PKCS#12) as your identity.

    The key is stored without a passphrase, in a file that only you can read.
    """
    if is_uri(file):
        raise UsageError("a key in a token or in AWS KMS cannot be imported; to sign with it, name it with --identity")
    from ..keys.identity import require_valid

    loaded = read_identity(file, passphrase_file)
    require_valid(loaded, datetime.datetime.now(datetime.UTC))
    _keep(loaded, force)


@identity.command()
@identity_options("Show this one: PEM, PKCS#12, pkcs11:… or awskms:… [default: your own].")
@click.option("--pem", is_flag=True, help="Print only the certificate, for people who should trust it.")
@click.option("-o", "--output", metavar="FILE", help="Write only the certificate to FILE, in PEM.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(identity: IdentityOptions, pem: bool, output: str | None, force: bool, as_json: bool) -> None:
    """Show an identity: its name, certificate, issuers and how long it is valid. The key is never shown."""
    from ..keys.certificates import subject_name
    from ..keys.identity import dump_certificate

    named = identity.identity_file
    loaded = _own() if named is None else identity.key()()
    if output is not None:
        # PowerShell 5.1 writes UTF-16 where output is redirected, which nobody can read as a certificate.
        write_out(output, dump_certificate(loaded), binary=False, force=force)
        return
    if pem:
        click.echo(dump_certificate(loaded), nl=False)
        return
    certificate = loaded.certificate
    place = str(identity_path()) if named is None else named
    facts = {
        "name": loaded.name,
        "organisation": loaded.organisation,
        "self_signed": loaded.is_self_signed,
        "certificate_digest": loaded.digest,
        "not_before": format_iso(certificate.not_valid_before_utc),
        "not_after": format_iso(certificate.not_valid_after_utc),
        "issuers": [subject_name(issuer) for issuer in loaded.chain],
        "key" if is_uri(place) else "file": place,
    }
    if as_json:
        print_json(facts)
        return
    click.echo(f"Name         {facts['name']}{' (self-signed)' if loaded.is_self_signed else ''}")
    if loaded.organisation:
        click.echo(f"For          {loaded.organisation}")
    click.echo(f"Certificate  SHA-256 {facts['certificate_digest']}")
    click.echo(f"Valid        {facts['not_before']} to {facts['not_after']}")
    for issuer in loaded.chain:
        click.echo(f"Issuer       {subject_name(issuer)}")
    click.echo(f"{'Key ' if is_uri(place) else 'File'}         {place}")


def _own() -> "Identity":
    from ..keys.key_files import load_identity

    path = identity_path()
    if not path.exists():
        raise IdentityError("there is no identity yet; make one with: mailmart-privacy identity create")
    return load_identity(path.read_bytes(), origin=str(path))


def _keep(made: "Identity", force: bool) -> None:
    from ..keys.local_identity import keep_identity

    path = identity_path()
    try:
        former = keep_identity(made, path, force=force)
    except DestinationExistsError:
        raise DestinationExistsError(_KEPT) from None
    if former is not None:
        click.echo(f"the former identity is kept in {former}", err=True)
    click.echo(f"{made.name!r} is kept in {path}", err=True)
