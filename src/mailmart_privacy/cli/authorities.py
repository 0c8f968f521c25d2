"""Timestamp authorities and certificates to trust, as the user names them."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from .._user_dirs import identity_path
from ..errors import UsageError
from ..keys.digests import parse_digest
from .files import read_small
from .values import as_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate

    from ..trust.anchors import Trust
    from ..trust.authorities import Authorities
    from ..trust.timestamp_client import TimestampClient

_Command = TypeVar("_Command", bound="Callable[..., object]")


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustOptions:
    """The options that say whom to trust: names of files with certificates."""

    trust: tuple[str, ...]
    trust_timestamps: tuple[str, ...] = ()

    def read(self) -> "Trust":
        """Read whom to trust: those who were given, or else the user's own identity and those who are published."""
        return _choose(self.trust, self.trust_timestamps, own=not self.trust)

    def read_with_own(self) -> "Trust":
        """Read whom to trust: those who were given, or else are published; and the user's own identity."""
        return _choose(self.trust, self.trust_timestamps, own=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorityOptions:
    """The options that name timestamp authorities, and whom to trust."""

    tsa: tuple[str, ...]
    tsa_certificate: tuple[str, ...]
    trust: tuple[str, ...]
    trust_timestamps: tuple[str, ...]

    def client(self) -> "TimestampClient":
        """Make a client that asks these authorities.

        Raises:
            UsageError: something is neither a certificate nor the digest of one.
        """
        from ..trust.timestamp_client import TimestampClient

        pins = frozenset(digest for name in self.tsa_certificate for digest in _read_pin(name))
        return TimestampClient(urls=self.tsa, pins=pins)

    def read(self) -> "Authorities":
        """Read what levels above B-B need: whom to ask, and where the certificates lead to."""
        from ..trust.authorities import Authorities

        return Authorities(timestamps=self.client(), trust=self.trust_to_issue())

    def trust_to_issue(self) -> "Trust":
        """Read whom to trust when issuing: those who were given, or else are published."""
        return _choose(self.trust, self.trust_timestamps, own=False)

    def trusted(self) -> "Trust":
        """Read whom to trust: those who were given, or else are published; and the user's own identity."""
        return _choose(self.trust, self.trust_timestamps, own=True)


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
        click.option(
            "--tsa",
            multiple=True,
            metavar="URL",
            help="A timestamp authority; if repeated, the first that answers is used.",
        ),
    ):
        command = option(command)
    return command


trust_values = as_value("trusted", TrustOptions, trust_options)
authority_values = as_value("authorities", AuthorityOptions, authority_options)


def describe_trust(trust: "Trust") -> str | None:
    """Say that only this user, or nobody, is trusted; None if somebody else is."""
    sources = {anchor.source for anchor in trust.signers}
    if "own" in sources and len(sources) == 1:
        return "only your own identity is trusted: no --trust was given, and this release's trust list is empty"
    if not sources:
        return "nobody is trusted: no --trust was given, and this release's trust list is empty"
    return None


def _choose(trust: tuple[str, ...], trust_timestamps: tuple[str, ...], *, own: bool) -> "Trust":
    from ..trust.anchors import choose_trust
    from ..trust.trust_list import published_trust

    return choose_trust(
        signers=_read_certificates(trust),
        authorities=_read_certificates(trust_timestamps),
        own=read_own_certificate() if own else (),
        published=published_trust(),
    )


def read_own_certificate() -> "tuple[Certificate, ...]":
    """Read the certificate of the user's own identity, if there is one.

    Not those above it: somebody else for whom an authority in that chain vouches is not the user.
    """
    own = identity_path()
    if not own.exists():
        return ()
    from ..keys.key_files import load_identity

    return (load_identity(own.read_bytes(), origin=str(own)).certificate,)


@functools.cache  # standard input can be read only once
def _read_certificates(names: tuple[str, ...]) -> "tuple[Certificate, ...]":
    if not names:
        return ()
    from ..keys.certificates import load_certificates

    return tuple(certificate for name in names for certificate in load_certificates(read_small(name), origin=name))


def _read_pin(name: str) -> list[str]:
    if (digest := parse_digest(name)) is not None:
        return [digest]
    from ..keys.certificates import certificate_digest

    try:
        return [certificate_digest(certificate) for certificate in _read_certificates((name,))]
    except FileNotFoundError:
        raise UsageError(f"{name} is neither a file with a certificate nor a SHA-256 digest of one") from None
