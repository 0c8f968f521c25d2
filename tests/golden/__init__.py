"""Golden copies: of every level, kind of key and paper, of names in other scripts, and renewed.

Only what follows the recorded form is kept, compressed. `make golden` makes them again; that ends with the first
release, after which every release has to verify them as they are.
"""

import base64
import datetime
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from mailmart_privacy.copies.container import read_container
from mailmart_privacy.keys.certificates import certificate_digest
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import form_name
from mailmart_privacy.trust.anchors import Trust, make_trust

FOLDER = Path(__file__).parent
LIST = FOLDER / "golden.json"
GOLDEN_AT = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)  # when they were made, and are verified


@dataclass(frozen=True, kw_only=True, slots=True)
class Golden:
    """One golden copy.

    Attributes:
        name: of its file, without the suffix.
        version: of the policy.
        paper: "a4" or "letter".
        level: of the copy.
        recipient: whom it is addressed to.
        reference: what it is called.
        digest: SHA-256 of the whole copy.
        roots: the certificates to trust.
    """

    name: str
    version: str
    paper: str
    level: str
    recipient: str
    reference: str
    digest: str
    roots: tuple[x509.Certificate, ...]

    @property
    def signer(self) -> x509.Certificate:
        """The signer's certificate."""
        form = shipped().record(self.version, form_name(self.paper))
        found = re.search(rb"/Contents <([0-9a-f]*)>", self.pdf[len(form) :])
        assert found
        return read_container(bytes.fromhex(found[1].decode())).signatory.parsed[0]

    @property
    def signer_digest(self) -> str:
        """The SHA-256 of that certificate, in hex."""
        return certificate_digest(self.signer)

    @property
    def trust(self) -> Trust:
        """Whom to trust: the root of its signer, and that of its timestamps."""
        signer, authority = self.roots
        return make_trust([signer], [authority])

    @property
    def pdf(self) -> bytes:
        """The whole copy."""
        form = shipped().record(self.version, form_name(self.paper))
        return form + gzip.decompress((FOLDER / f"{self.name}.gz").read_bytes())


def load_golden() -> tuple[str, list[Golden]]:
    """Load the list: the moment at which all of them are verified, and the copies."""
    document = json.loads(LIST.read_text(encoding="utf-8"))
    roots = {
        name: x509.load_der_x509_certificate(base64.b64decode(content))
        for name, content in document["certificates"].items()
    }
    return document["at"], [
        Golden(**{**each, "roots": tuple(roots[name] for name in each["roots"])}) for each in document["copies"]
    ]
