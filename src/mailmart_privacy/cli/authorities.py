"""Timestamp authorities, as the user names them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

from ..errors import UsageError
from ..keys.digests import parse_digest
from .trusted import choose, read_certificates, trust_options
from .values import as_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..trust.anchors import Trust
    from ..trust.authorities import Authorities
    from ..trust.timestamp_client import TimestampClient

_Command = TypeVar("_Command", bound="Callable[..., object]")


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
        return choose(self.trust, self.trust_timestamps, own=False)

    def trusted(self) -> "Trust":
        """Read whom to trust: those who were given, or else are published; and the user's own identity."""
        return choose(self.trust, self.trust_timestamps, own=True)


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


authority_values = as_value("authorities", AuthorityOptions, authority_options)


def _read_pin(name: str) -> list[str]:
    if (digest := parse_digest(name)) is not None:
        return [digest]
    from ..keys.certificates import certificate_digest

    try:
        return [certificate_digest(certificate) for certificate in read_certificates((name,))]
    except FileNotFoundError:
        raise UsageError(f"{name} is neither a file with a certificate nor a SHA-256 digest of one") from None
