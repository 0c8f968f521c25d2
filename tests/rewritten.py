"""Ledgers like that of the three versions, in which something was rewritten before they were chained."""

import json
from hashlib import sha256
from typing import Any

from mailmart_privacy.policy.entries import LEDGER, entry_digest
from mailmart_privacy.policy.ledger import Ledger
from mailmart_privacy.release.records import write_ledger

from .versions import three_versions


def rewritten_ledger(
    entries: dict[str, dict[str, str]] | None = None,
    processors: dict[str, list[dict[str, str | None]]] | None = None,
    *,
    count: int = 3,
) -> Ledger:
    """Make the ledger of the first versions of the three, with other entries and other processors.

    Args:
        entries: what to put into the entry of a version.
        processors: which processors a version has.
        count: how many versions it has.
    """
    files = dict(three_versions())
    chained: list[dict[str, Any]] = []
    for entry in json.loads(files[LEDGER])["entries"][:count]:
        version = entry["version"]
        entry |= (entries or {}).get(version, {})
        if version in (processors or {}):
            path = f"{version}/policy.json"
            document = json.loads(files[path]) | {"processors": (processors or {})[version]}
            files[path] = json.dumps(document).encode()
            entry["records"]["policy.json"] = sha256(files[path]).hexdigest()
        entry["previous"] = entry_digest(chained[-1]) if chained else None
        chained.append(entry)
    files[LEDGER] = write_ledger(chained)
    return Ledger(files.__getitem__)
