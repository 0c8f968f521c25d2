"""Trusted certificates: those for signers of copies and those for timestamp authorities are kept apart.

A timestamp authority's root vouches for everybody to whom its owner issues certificates. None of them may sign copies;
and nobody below the root of a company's own signers may make timestamps. So each certificate is trusted for one
purpose.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from ..keys.certificates import key_digest, load_certificate, to_der

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    Trusted: TypeAlias = "Trust | Iterable[x509.Certificate]"

GIVEN, OWN, PUBLISHED = "given", "own", "published"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustAnchor:
    """A certificate that is trusted, and for how long.

    Attributes:
        certificate: a signer's or an authority's own certificate, or a root above it.
        source: "given" by the caller, the user's "own", or "published" in the trust list.
        since: from when it was in use (aware), or None if that is unknown.
        until: until when it was in use (aware), or None; signatures made by then stay valid.
    """

    certificate: x509.Certificate
    source: str = GIVEN
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def __reduce__(self) -> "tuple[Callable[..., TrustAnchor], tuple[object, ...]]":
        """Pickle it for another process; certificates of cryptography cannot be pickled."""
        return _load_anchor, (to_der(self.certificate), self.source, self.since, self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """Whom to trust for what.

    Attributes:
        signers: who may sign copies, or is above those who may.
        authorities: who may make timestamps, or is above those who may.
        compromised: keys that others may have had, by the digest of each (see `key_digest`), and since when (aware);
            they count in every certificate of the key, no matter who trusts it.
    """

    signers: tuple[TrustAnchor, ...] = ()
    authorities: tuple[TrustAnchor, ...] = ()
    compromised: tuple[tuple[str, datetime.datetime], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.signers or self.authorities)

    def __add__(self, other: "Trust") -> "Trust":
        return Trust(
            signers=tuple(dict.fromkeys(self.signers + other.signers)),
            authorities=tuple(dict.fromkeys(self.authorities + other.authorities)),
            compromised=tuple(dict.fromkeys(self.compromised + other.compromised)),
        )

    def anchors(self, purpose: str) -> tuple[TrustAnchor, ...]:
        """Return the anchors for a purpose: "sign" or "stamp"."""
        return {"sign": self.signers, "stamp": self.authorities}[purpose]

    def compromised_since(self, certificate: x509.Certificate) -> datetime.datetime | None:
        """Tell since when others may have had a certificate's key, or None."""
        if not self.compromised:
            return None
        digest = key_digest(certificate)
        return min((since for named, since in self.compromised if named == digest), default=None)


def as_trust(given: "Trusted") -> Trust:
    """Convert what a caller gave to a `Trust`.

    Args:
        given: a `Trust`, which keeps signers and authorities apart; or certificates, which are trusted to sign and
            for nothing else.
    """
    return given if isinstance(given, Trust) else make_trust(given)


def choose_trust(
    *,
    signers: "Iterable[x509.Certificate]",
    authorities: "Iterable[x509.Certificate]",
    own: "Iterable[x509.Certificate]",
    published: Trust,
) -> Trust:
    """Choose whom to trust from what a user gave.

    What was given replaces what is published, for each purpose. Where nobody was named for timestamps, those who were
    named for signing count for timestamps, too, as one authority may do both; never the other way.

    Args:
        signers: the certificates given for signers.
        authorities: the certificates given for timestamp authorities.
        own: the certificate of the user's own identity, where it is to be trusted.
        published: the trust list; what it says about compromised keys always counts.
    """
    signing, stamping = tuple(signers), tuple(authorities)
    given = make_trust(signing, stamping or signing)
    return Trust(
        signers=(given.signers or published.signers) + make_trust(own, source=OWN).signers,
        authorities=given.authorities if stamping else given.authorities + published.authorities,
        compromised=published.compromised,
    )


def make_trust(
    signers: "Iterable[x509.Certificate]" = (),
    authorities: "Iterable[x509.Certificate]" = (),
    *,
    source: str = GIVEN,
) -> Trust:
    """Trust certificates without a period: those of signers, or above them; those of authorities, or above them."""
    return Trust(
        signers=tuple(TrustAnchor(certificate=c, source=source) for c in dict.fromkeys(signers)),
        authorities=tuple(TrustAnchor(certificate=c, source=source) for c in dict.fromkeys(authorities)),
    )


def _load_anchor(
    der: bytes, source: str, since: datetime.datetime | None, until: datetime.datetime | None
) -> TrustAnchor:
    return TrustAnchor(certificate=load_certificate(der), source=source, since=since, until=until)
