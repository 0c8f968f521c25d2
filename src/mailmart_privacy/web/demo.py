"""A demonstration of the pages about copies: a trust list of made-up signers, and copies to check.

The list that ships is empty until MailMart adds its certificates. This one shows each state once. Its keys are created
each time, and live as long as the process.
"""

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..archive.tlog.notes import log_key
from ..copies.issuer import Issuer
from ..errors import MissingExtraError
from ..keys.certificates import to_der
from ..keys.key_files import create_identity
from ..release.trust import add_certificate, add_key, compromise, retire
from ..trust.trust_list import TrustList, write_trust_list
from .refusals import Response

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from ..keys.identity import Identity
    from ..policy.ledger import Ledger

_DAY = datetime.timedelta(days=1)
_FOLDER = "/demonstration/"


@dataclass(frozen=True, kw_only=True, slots=True)
class Demonstration:
    """What the pages show.

    Attributes:
        trust_list: the made-up certificates and keys.
        copies: copies to check, by file name.
    """

    trust_list: TrustList
    copies: dict[str, bytes]

    @property
    def paths(self) -> list[str]:
        """Where the copies are, below the address of the server."""
        return [_FOLDER + name for name in self.copies]

    def respond(self, method: str, target: str, *_: object) -> Response | None:
        """Answer a request for one of the copies; None for any other.

        Args:
            method: of the request.
            target: its path.
        """
        content = self.copies.get(target.removeprefix(_FOLDER)) if target.startswith(_FOLDER) else None
        if content is None or method not in ("GET", "HEAD"):
            return None
        headers = (
            ("Content-Type", "application/pdf"),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
        )
        return Response(200, headers, b"" if method == "HEAD" else content)


def make_demonstration(ledger: "Ledger", at: datetime.datetime) -> Demonstration:
    """Make signers in each state, and copies: genuine, changed afterwards, and signed with a key that others may have.

    Args:
        ledger: the versions; the copies are of the one in force.
        at: the moment (aware).

    Raises:
        UnknownVersionError: no version is in force yet.
        MissingExtraError: cryptography is not installed.
    """
    at = at.replace(microsecond=0)
    current, retired, leaked = (
        _make_signer(f"Demonstration: {name}", at - days * _DAY)
        for name, days in (("signer in use", 100), ("signer of last year", 500), ("signer whose key was stolen", 300))
    )
    entries: list[dict[str, Any]] = []
    for signer, days in ((retired, 400), (leaked, 250), (current, 60)):
        entries = add_certificate(entries, to_der(signer.certificate), purpose="copies", since=at - days * _DAY)
    entries = retire(entries, retired.digest, until=at - 60 * _DAY)
    entries = compromise(entries, leaked.digest, since=at - 30 * _DAY)
    data = _make_signer("Demonstration: data for services", at - 60 * _DAY)
    entries = add_certificate(entries, to_der(data.certificate), purpose="data", since=at - 60 * _DAY)
    log = str(log_key(Ed25519PrivateKey.generate(), "log.example/demonstration"))
    entries = add_key(entries, log, purpose="archive-log", since=at - 60 * _DAY, name="Demonstration: archive")
    content = write_trust_list(entries)
    genuine, stolen = (_issue(ledger, signer, at) for signer in (current, leaked))
    copies = {
        "genuine.pdf": genuine,
        "changed.pdf": genuine.replace(b"/Reason", b"/Raison"),
        "stolen-key.pdf": stolen,
    }
    return Demonstration(trust_list=TrustList(lambda name: content), copies=copies)


def _make_signer(name: str, created_at: datetime.datetime) -> "Identity":
    return create_identity(created_at=created_at, name=name)


def _issue(ledger: "Ledger", signer: "Identity", at: datetime.datetime) -> bytes:
    issuer = Issuer(signer, ledger=ledger)
    policy = ledger.in_force(at)
    return issuer.issue(policy, recipient="Acme GmbH", reference="DEMONSTRATION", issued_at=at).pdf
