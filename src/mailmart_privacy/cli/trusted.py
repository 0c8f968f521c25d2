"""Whom to trust, as the user names them: files with certificates of signers and of timestamp authorities."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from .._user_dirs import identity_path
from .reading import read_small
from .values import as_value

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..trust.anchors import Trust


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class TrustOptions:
    """The options that say whom to trust: names of files with certificates."""

    trust: tuple[str, ...]
    trust_timestamps: tuple[str, ...] = ()

    def read(self) -> "Trust":
        """Read whom to trust: those who were given, or else the user's own identity and those who are published."""
        return self._choose(own=not self.trust)

    def read_with_own(self) -> "Trust":
        """Read whom to trust: those who were given, or else are published; and the user's own identity."""
        return self._choose(own=True)

    def read_to_issue(self) -> "Trust":
        """Read whom to trust when issuing: those who were given, or else are published."""
        return self._choose(own=False)

    def _choose(self, *, own: bool) -> "Trust":
        from ..trust.anchors import choose_trust
        from ..trust.trust_list import published_trust

        return choose_trust(
            signers=read_certificates(self.trust),
            authorities=read_certificates(self.trust_timestamps),
            own=read_own_certificate() if own else (),
            published=published_trust(),
        )


trust_values = as_value(
    "trusted",
    TrustOptions,
    click.option(
        "--trust",
        multiple=True,
        metavar="CERT",
        help="A certificate that you trust, PEM or DER: a signer's, or the root above it.",
    ),
    click.option(
        "--trust-timestamps",
        multiple=True,
        metavar="CERT",
        help="A certificate that you trust for timestamps [default: those of --trust].",
    ),
)


def describe_trust(trust: "Trust") -> str | None:
    """Say that only this user, or nobody, is trusted; None if somebody else is."""
    sources = {anchor.source for anchor in trust.signers}
    if "own" in sources and len(sources) == 1:
        return "only your own identity is trusted: no --trust was given, and this release's trust list is empty"
    if not sources:
        return "nobody is trusted: no --trust was given, and this release's trust list is empty"
    return None


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
def read_certificates(names: tuple[str, ...]) -> "tuple[Certificate, ...]":
    """Read the certificates in files; raises IdentityError where a file has none."""
    if not names:
        return ()
    from ..keys.certificates import load_certificates

    return tuple(certificate for name in names for certificate in load_certificates(read_small(name), origin=name))
