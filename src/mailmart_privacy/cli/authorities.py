"""Timestamp authorities and certificates to trust, as the user names them."""

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from .._user_dirs import identity_path
from ..errors import UsageError
from .files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate

    from ..trust.anchors import Trust
    from ..trust.timestamp_client import TimestampClient

_Command = TypeVar("_Command", bound="Callable[..., object]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Authorities:
    """Whom to ask for timestamps, and whom to trust.

    Attributes:
        urls: the authorities, the preferred one first.
        pins: SHA-256 digests of their certificates.
        signers: the certificates that were given to trust.
        stampers: those that were given to trust for timestamps.
    """

    urls: tuple[str, ...]
    pins: frozenset[str]
    signers: "tuple[Certificate, ...]"
    stampers: "tuple[Certificate, ...]"

    def client(self) -> "TimestampClient":
        """Make a client of them."""
        from ..trust.timestamp_client import TimestampClient

        return TimestampClient(urls=self.urls, pins=self.pins)

    def trust(self) -> "Trust":
        """Name whom to trust when issuing: those who were given, or else are published."""
        return _choose(self.signers, self.stampers, own=False)

    def trusted(self) -> "Trust":
        """Name whom to trust: those who were given, or else are published; and the user's own identity."""
        return _choose(self.signers, self.stampers, own=True)


def trust_options(command: _Command) -> _Command:
    """Add `--trust` and `--trust-timestamps`."""
    for option in (
        click.option(
            "--trust-timestamps",
            multiple=True,
            metavar="CERT",
            help="A certificate that you trust for timestamps [default: those of --trust].",
        ),
        click.option(
            "--trust",
            multiple=True,
            metavar="CERT",
            help="A certificate that you trust, PEM or DER: a signer's, or the root above it.",
        ),
    ):
        command = option(command)
    return command


def authority_options(command: _Command) -> _Command:
    """Add `--tsa`, `--tsa-certificate`, `--trust` and `--trust-timestamps`."""
    command = trust_options(command)
    for option in (
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


def with_authorities(command: _Command) -> _Command:
    """Add the options of `authority_options`; the command takes them as one value, `authorities`."""

    @functools.wraps(command)
    def call(
        *arguments: Any,
        trust: tuple[str, ...],
        trust_timestamps: tuple[str, ...],
        tsa: tuple[str, ...],
        tsa_certificate: tuple[str, ...],
        **given: Any,
    ) -> object:
        authorities = read_authorities(tsa, tsa_certificate, trust, trust_timestamps)
        return command(*arguments, authorities=authorities, **given)

    return authority_options(cast(_Command, call))


def read_authorities(
    tsa: tuple[str, ...], pinned: tuple[str, ...], trust: tuple[str, ...], trust_timestamps: tuple[str, ...] = ()
) -> Authorities:
    """Read what `authority_options` gave.

    Raises:
        UsageError: something is neither a certificate nor the digest of one.
    """
    pins = frozenset(digest for name in pinned for digest in _read_pin(name))
    signers, stampers = _read_certificates(trust), _read_certificates(trust_timestamps)
    return Authorities(urls=tsa, pins=pins, signers=signers, stampers=stampers)


def read_trust(trust: tuple[str, ...], trust_timestamps: tuple[str, ...] = ()) -> "Trust":
    """Read whom to trust: those who were given; without any, the user's own identity and those who are published."""
    return _choose(_read_certificates(trust), _read_certificates(trust_timestamps), own=not trust)


def describe_trust(trust: "Trust") -> str | None:
    """Say whom a verdict relies on where nobody was named: this user alone; or None."""
    sources = {anchor.source for anchor in trust.signers}
    if "own" in sources and len(sources) == 1:
        return "only your own identity is trusted: no --trust was given, and this release's trust list is empty"
    if not sources:
        return "nobody is trusted: no --trust was given, and this release's trust list is empty"
    return None


def _choose(signers: "tuple[Certificate, ...]", stampers: "tuple[Certificate, ...]", *, own: bool) -> "Trust":
    from ..trust.anchors import choose_trust
    from ..trust.trust_list import published_trust

    identity = _read_own() if own else ()
    return choose_trust(signers=signers, authorities=stampers, own=identity, published=published_trust())


def _read_own() -> "tuple[Certificate, ...]":
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
