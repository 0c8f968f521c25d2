"""Timestamp authorities, as the user names them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..keys.digests import parse_digest
from .trusted import TrustOptions, read_certificates, trust_values
from .values import as_value

if TYPE_CHECKING:
    from ..trust.authorities import Authorities
    from ..trust.timestamp_client import TimestampClient


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorityOptions:
    """The options that name timestamp authorities, and whom to trust."""

    tsa: tuple[str, ...]
    tsa_certificate: tuple[str, ...]
    trusted: TrustOptions

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

        return Authorities(timestamps=self.client(), trust=self.trusted.read_to_issue())


authority_values = as_value(
    "authorities",
    AuthorityOptions,
    click.option(
        "--tsa",
        multiple=True,
        metavar="URL",
        help="A timestamp authority; if repeated, the first that answers is used.",
    ),
    click.option(
        "--tsa-certificate",
        multiple=True,
        metavar="FILE|SHA256",
        help="Accept timestamps of this certificate only; may be repeated.",
    ),
    trust_values,
)


def _read_pin(name: str) -> list[str]:
    if (digest := parse_digest(name)) is not None:
        return [digest]
    from ..keys.certificates import certificate_digest

    try:
        return [certificate_digest(certificate) for certificate in read_certificates((name,))]
    except FileNotFoundError:
        raise UsageError(f"{name} is neither a file with a certificate nor a SHA-256 digest of one") from None
