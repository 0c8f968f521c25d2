"""Reading a key that the user names, and its passphrase: from a file, the environment or a prompt."""

import os
import sys
from typing import TYPE_CHECKING

import click

from ..errors import IdentityError
from .files import read_file

if TYPE_CHECKING:
    from ..identity import Identity

VARIABLE = "MAILMART_PRIVACY_PASSPHRASE"

passphrase_option = click.option(
    "--passphrase-file",
    metavar="FILE",
    help=f"Its passphrase is the first line of FILE [default: ${VARIABLE}, then a prompt].",
)


def read_identity(file: str, passphrase_file: str | None) -> "Identity":
    """Load the identity in a file; ask for a passphrase only where one is needed.

    Raises:
        IdentityError: it cannot be used; the message says why, and never shows the passphrase.
    """
    from ..identity import load_identity

    content = read_file(file)
    passphrase = _given_passphrase(passphrase_file)
    if passphrase is None:
        try:
            return load_identity(content, origin=file)
        except IdentityError as error:
            if "passphrase" not in str(error) or not sys.stdin.isatty():
                raise
        passphrase = click.prompt(f"Passphrase of {file}", hide_input=True, err=True).encode()
    return load_identity(content, passphrase=passphrase, origin=file)


def _given_passphrase(file: str | None) -> bytes | None:
    if file is not None:
        return read_file(file).partition(b"\n")[0].rstrip(b"\r")
    given = os.environ.get(VARIABLE)
    return None if given is None else given.encode()
