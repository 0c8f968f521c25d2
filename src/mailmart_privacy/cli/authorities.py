"""Timestamp authorities and certificates to trust, as the user names them."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from .._user_dirs import identity_path
from ..errors import UsageError
from .files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate

    from ..trust.timestamp_client import TimestampClient

_Command = TypeVar("_Command", bound="Callable[..., object]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorities:
    """Whom to ask for timestamps, and whom to trust.

    Attributes:
        urls: the authorities, the preferred one first.
        pins: SHA-256 digests of their certificates.
        roots: the certificates to trust.
    """

    urls: tuple[str, ...]
    pins: frozenset[str]
    roots: "tuple[Certificate, ...]"

    def client(self) -> "TimestampClient":
        """Make a client of them."""
        from ..trust.timestamp_client import TimestampClient

        return TimestampClient(urls=self.urls, pins=self.pins)

    def trusted(self) -> "tuple[Certificate, ...]":
        """Name whom to trust: the roots that were given, and the user's own certificate."""
        return tuple(dict.fromkeys((*self.roots, *read_roots(()))))


def authority_options(command: _Command) -> _Command:
    """Add `--tsa`, `--tsa-certificate` and `--trust`."""
    for option in (
        click.option(
            "--trust", multiple=True, metavar="CERT", help="A root certificate, PEM or DER, of signer or authority."
        ),
        click.option(
            "--tsa-certificate",
            multiple=True,
            metavar="FILE|SHA256",
            help="Accept timestamps of this certificate only; may be repeated.",
        ),
        click.option("--tsa", multiple=True, metavar="URL", help="A timestamp authority; the first that answers."),
    ):
        command = option(command)
    return command


def read_authorities(tsa: tuple[str, ...], pinned: tuple[str, ...], trust: tuple[str, ...]) -> Authorities:
    """Read what `authority_options` gave.

    Raises:
        UsageError: something is neither a certificate nor the digest of one.
    """
    pins = frozenset(digest for name in pinned for digest in _read_pin(name))
    return Authorities(urls=tsa, pins=pins, roots=_read_certificates(trust))


def read_roots(trust: tuple[str, ...]) -> "tuple[Certificate, ...]":
    """Read the certificates to trust: those given, else the user's own."""
    if trust:
        return _read_certificates(trust)
    own = identity_path()
    if not own.exists():
        return ()
    from ..keys.key_files import load_identity

    # Its certificate alone: whoever else an authority in its chain vouches for is not you.
    return (load_identity(own.read_bytes(), origin=str(own)).certificate,)


def _read_certificates(names: tuple[str, ...]) -> "tuple[Certificate, ...]":
    if not names:
        return ()
    from ..keys.certificates import load_certificates

    return tuple(certificate for name in names for certificate in load_certificates(read_file(name), origin=name))


def _read_pin(name: str) -> list[str]:
    digits = name.lower().removeprefix("sha256:").replace(":", "")
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return [digits]
    from ..keys.certificates import certificate_digest

    try:
        return [certificate_digest(certificate) for certificate in _read_certificates((name,))]
    except FileNotFoundError:
        raise UsageError(f"{name} is neither a file with a certificate nor a SHA-256 digest of one") from None
