"""The data that are published for checking copies in a visitor's browser: the module `published.js`.

It is made from the ledger and the trust list alone. Of each recorded form it has the digest, the notes (all that
writing a copy again depends on), a few samples, by which a changed form is told from any other file, and the digest of
the reading edition. A strict
Content-Security-Policy lets a page load scripts, but not fetch JSON; so it is a module.
"""

import base64
import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from .._lookalikes import LATIN_LOOKALIKES
from .._time import format_iso
from ..policy.papers import PAPERS, form_name, notes_name, reading_name
from .verdict_words import KINDS, MARKS, WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from ..policy.ledger import Ledger
    from ..policy.versions import Version
    from ..trust.trust_list import TrustList
    from .urls import Addresses

FORMAT = 1
SCRIPTS = (  # beside this module
    "algorithms",
    "bytes",
    "certificates",
    "check_page",
    "container",
    "der",
    "format_1",
    "layout",
    "lookalikes",
    "names",
    "origin",
    "reader",
    "token",
    "update",
    "validation_data",
    "verdicts",
    "verify",
)
SAMPLE = 48  # bytes
_SAMPLES = 64


def write_published(ledger: "Ledger", trust_list: "TrustList", addresses: "Addresses") -> bytes:
    """Write the module.

    Args:
        ledger: the versions.
        trust_list: MailMart's certificates.
        addresses: where the versions are served.

    Raises:
        RecordError: a record has changed or is missing.
    """
    document = {
        "format": FORMAT,
        "forms": _describe_forms(ledger),
        "versions": [_describe_version(version, ledger, addresses) for version in ledger.versions],
        "signers": [
            {
                "name": record.name,
                "sha256": record.digest,
                "since": format_iso(record.since),
                "until": _format(record.until),
                "compromised_since": _format(record.compromised_since),
            }
            for record in trust_list.in_effect("copies")
        ],
        "lookalikes": LATIN_LOOKALIKES,
        "words": WORDS,
        "kinds": KINDS,
        "marks": MARKS,
    }
    return b"export default " + json.dumps(document, separators=(",", ":")).encode("ascii") + b";\n"


@lru_cache(maxsize=16)
def _describe_forms(ledger: "Ledger") -> list[dict[str, Any]]:
    """Describe all recorded forms, the newest first."""
    return [_describe_form(ledger, version.version, paper) for version in reversed(ledger.versions) for paper in PAPERS]


def _describe_form(ledger: "Ledger", version: str, paper: str) -> dict[str, Any]:
    form = ledger.record(version, form_name(paper))
    step = max(1, (len(form) - SAMPLE) // _SAMPLES)
    return {
        "version": version,
        "paper": paper,
        "length": len(form),
        "sha256": sha256(form).hexdigest(),
        "edition": sha256(ledger.record(version, reading_name(paper))).hexdigest(),
        "notes": json.loads(ledger.record(version, notes_name(paper))),
        "samples": [
            [place, base64.b64encode(form[place : place + SAMPLE]).decode()]
            for place in range(0, len(form) - SAMPLE, step)
        ],
    }


def _describe_version(version: "Version", ledger: "Ledger", addresses: "Addresses") -> dict[str, Any]:
    kept = [each for each in ledger.versions if each.withdrawn_at is None]
    after = next((each for each in kept if each.effective_at == version.effective_until), None)
    return {
        "version": version.version,
        "last_updated": version.last_updated.isoformat(),
        "effective_at": format_iso(version.effective_at),
        "effective_until": _format(version.effective_until),
        "withdrawn_at": _format(version.withdrawn_at),
        "withdrawal_reason": version.withdrawal_reason,
        "page": addresses.dated(version.version),
        "changes": None if after is None else addresses.changes(after.version),
    }


def _format(moment: "datetime | None") -> str | None:
    return None if moment is None else format_iso(moment)
