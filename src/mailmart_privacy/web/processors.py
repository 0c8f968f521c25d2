"""The third-party services that the versions name (processors, GDPR Art. 4(8)), as JSON."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..policy.ledger import Ledger

SCHEMA = "urn:mailmart-privacy:schema:processors:1"


def write_processors(ledger: "Ledger") -> bytes:
    """Write which processor the versions name, for which use, and from which version to which.

    Args:
        ledger: the versions; those that were withdrawn are left out, those that are announced are not.

    Returns:
        The document, in the form of `data/schemas/processors.schema.json`. A processor that is put to another use
        has an entry for each use.

    Raises:
        RecordError: a version's record has changed or is missing.
    """
    uses: dict[tuple[str, str, str | None], list[tuple[str, str]]] = {}
    before = ""
    for version in (each for each in ledger.versions if each.withdrawn_at is None):
        for processor in ledger.policy(version.version).processors:
            spans = uses.setdefault((processor.name, processor.purpose, processor.condition), [])
            if spans and spans[-1][1] == before:
                spans[-1] = (spans[-1][0], version.version)
            else:
                spans.append((version.version, version.version))
        before = version.version
    document = {
        "$schema": SCHEMA,
        "newest_version": before,
        "processors": [
            {
                "name": name,
                "purpose": purpose,
                "condition": condition,
                "first_version": first,
                "last_version": last,
            }
            for (name, purpose, condition), spans in uses.items()
            for first, last in spans
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()
