"""Opening the key that the user names; its passphrase comes from a file, the environment or a prompt."""

import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from .._user_dirs import identity_path
from ..keys.opening import open_identity
from .edge import now
from .reading import read_small
from .values import Decorator, as_value

if TYPE_CHECKING:
    from ..keys.identity import Identity

VARIABLE = "MAILMART_PRIVACY_PASSPHRASE"
_answers: dict[str, bytes] = {}  # as long as this process lives

passphrase_option = click.option(
    "--passphrase-file",
    metavar="FILE",
    help=f"Its passphrase or PIN is the first line of FILE [default: ${VARIABLE}, then a prompt].",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyName:
    """How the user named a key. The process that signs opens the key by this name.

    Attributes:
        name: a file, or a URI; None for the user's own key, which is made on first use.
        passphrase_file: the file with its passphrase, or None.
        certificate_file: the file with its certificates, or None.
        answers: the passphrases that were typed at the terminal, for worker processes on this machine.
    """

    name: str | None
    passphrase_file: str | None = None
    certificate_file: str | None = None
    answers: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def __call__(self) -> "Identity":
        """Open it; see `read_identity`."""
        if self.name is None:
            return _open_own()
        _answers.update(self.answers)
        return read_identity(self.name, self.passphrase_file, self.certificate_file)

    def with_answers(self) -> "KeyName":
        """Add the answers that were given at the terminal, for another process."""
        return replace(self, answers=tuple(_answers.items()))


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityOptions:
    """The options that name a key, wherever it is kept."""

    identity_file: str | None
    certificate_file: str | None
    passphrase_file: str | None

    def key(self) -> KeyName:
        """Name the key; it is opened later."""
        return KeyName(
            name=self.identity_file, passphrase_file=self.passphrase_file, certificate_file=self.certificate_file
        )


def identity_options(help: str) -> Decorator:
    """Add the options that name a key, as one value: `identity`."""
    return as_value(
        "identity",
        IdentityOptions,
        click.option("--identity", "identity_file", metavar="FILE|URI", help=help),
        click.option(
            "--certificate",
            "certificate_file",
            metavar="FILE",
            help="The certificates of the key and its issuers, for a key in a token or in AWS KMS.",
        ),
        passphrase_option,
    )


def read_identity(name: str, passphrase_file: str | None, certificate_file: str | None = None) -> "Identity":
    """Open an identity with what the user gave; see `open_identity`.

    Raises:
        UsageError: an option was given that this kind of key does not have.
        IdentityError: it cannot be used; the message says why, and never shows the passphrase.
    """
    return open_identity(
        name,
        passphrase=None if passphrase_file is None else _first_line(passphrase_file),
        certificate=None if certificate_file is None else read_small(certificate_file),
        ask=_ask,
        read=read_small,
    )


def _open_own() -> "Identity":
    from ..keys.local_identity import open_or_create

    identity, created = open_or_create(identity_path(), now())
    if created:
        click.echo("Signed with a key made on this computer; MailMart has not published it.", err=True)
    return identity


def _first_line(file: str) -> bytes:
    return read_small(file).partition(b"\n")[0].rstrip(b"\r")


def _ask(what: str) -> bytes | None:
    """Look in the environment, then ask at the terminal, once for each question; None if there is no terminal."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return given.encode()
    if what not in _answers and sys.stdin is not None and sys.stdin.isatty():
        _answers[what] = click.prompt(what, hide_input=True, err=True).encode()
    return _answers.get(what)
