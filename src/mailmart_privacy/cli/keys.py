"""Opening the key that the user names; its passphrase comes from a file, the environment or a prompt."""

import datetime
import os
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from .._user_dirs import identity_path
from ..errors import IdentityError, UsageError
from .files import read_file
from .values import Decorator, as_value

if TYPE_CHECKING:
    from ..keys.identity import Identity

VARIABLE = "MAILMART_PRIVACY_PASSPHRASE"
_TOKEN, _KMS = "pkcs11:", "awskms:"
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
        answers: the passphrases that were typed at the terminal, for workers on this machine.
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


def is_uri(name: str) -> bool:
    """Tell whether a name is that of a key in a token or in AWS KMS, not of a file."""
    return name.startswith((_TOKEN, _KMS))


def read_identity(name: str, passphrase_file: str | None, certificate_file: str | None = None) -> "Identity":
    """Open an identity: a file, a key in a PKCS#11 token ("pkcs11:…") or in AWS KMS ("awskms:…").

    Raises:
        UsageError: an option was given that this kind of key does not have.
        IdentityError: it cannot be used; the message says why, and never shows the passphrase.
    """
    certificate = None if certificate_file is None else read_file(certificate_file)
    if name.startswith(_TOKEN):
        return _open_token(name, passphrase_file, certificate)
    if name.startswith(_KMS):
        return _open_kms(name, passphrase_file, certificate)
    if certificate is not None:
        raise UsageError(
            "--certificate is for a key in a token or in AWS KMS; put the certificates into the key's file"
        )
    return _load_file(name, passphrase_file)


def _open_own() -> "Identity":
    from ..keys.local_identity import open_or_create

    identity, created = open_or_create(identity_path(), datetime.datetime.now(datetime.UTC).replace(microsecond=0))
    if created:
        click.echo("Signed with a key made on this computer; MailMart has not published it.", err=True)
    return identity


def _load_file(file: str, passphrase_file: str | None) -> "Identity":
    from ..keys.key_files import load_identity

    content = read_file(file)
    passphrase = _given_passphrase(passphrase_file)
    if passphrase is None:
        try:
            return load_identity(content, origin=file)
        except IdentityError as error:
            passphrase = _ask(f"Passphrase of {file}") if "passphrase" in str(error) else None
            if passphrase is None:
                raise
    return load_identity(content, passphrase=passphrase, origin=file)


def _open_token(uri: str, passphrase_file: str | None, certificate: bytes | None) -> "Identity":
    from ..keys.pkcs11.uri import parse_pkcs11_uri

    parsed = parse_pkcs11_uri(uri)  # before anything is asked
    from ..keys.pkcs11.key import open_pkcs11
    from ..keys.pkcs11.token import find_token, needs_pin

    pin = None
    if passphrase_file is not None or parsed.pin_source is None:
        pin = _given_passphrase(passphrase_file)
        if pin is None and needs_pin(find_token(parsed)):
            pin = _ask("PIN of the token" if parsed.token is None else f"PIN of the token {parsed.token!r}")
            if pin is None:
                raise IdentityError(
                    "the token needs its PIN; give it by --passphrase-file, by pin-source=file:/PATH in the URI, "
                    f"or in ${VARIABLE}"
                )
    return open_pkcs11(uri, pin=pin, certificate=certificate)


def _open_kms(name: str, passphrase_file: str | None, certificate: bytes | None) -> "Identity":
    if passphrase_file is not None:
        raise UsageError(
            "a key in AWS KMS has no passphrase; AWS identifies you by your profile. Leave --passphrase-file out"
        )
    if certificate is None:
        raise UsageError(
            "AWS KMS stores no certificates; give that of the key and those of its issuers with --certificate FILE"
        )
    from ..keys.kms import open_kms

    return open_kms(name, certificate=certificate)


def _given_passphrase(file: str | None) -> bytes | None:
    if file is not None:
        return read_file(file).partition(b"\n")[0].rstrip(b"\r")
    given = os.environ.get(VARIABLE)
    return None if given is None else given.encode()


def _ask(what: str) -> bytes | None:
    """Ask the user at the terminal, once for each question; None if there is no terminal."""
    if what not in _answers and sys.stdin is not None and sys.stdin.isatty():
        _answers[what] = click.prompt(what, hide_input=True, err=True).encode()
    return _answers.get(what)
