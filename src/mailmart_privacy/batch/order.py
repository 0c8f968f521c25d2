"""The order of a batch, from its first run to its last."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .._time import format_iso
from ..sheets.rows import Planned
from .job import BatchJob

SAMPLE = 10  # how many copies of a batch are verified by default


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOrder:
    """What a batch is to make.

    Attributes:
        job: what its copies have in common. The form is certified when the batch starts; the copies come back, or go
            into a destination, as the method that runs the batch says.
        version: of the policy, for instance "2026-02-24".
        paper: of the form.
        plan: a copy for each row, with references and files that are all different.
        begun_at: when the batch was begun for the first time (aware).
        verify: how many copies, taken at random, are verified at the end; None for all of them.
    """

    job: BatchJob
    version: str
    paper: str
    plan: Sequence[Planned]
    begun_at: datetime.datetime
    verify: int | None = SAMPLE

    def describe(self, signer: str) -> dict[str, Any]:
        """Describe the order for the manifest, so that no other order continues this batch.

        Args:
            signer: lowercase hex SHA-256 of the signer's certificate.
        """
        rows = "\n".join(f"{row.number}\t{row.recipient}\t{row.reference}\t{row.file}" for row in self.plan)
        return {
            "format": 1,
            "policy_version": self.version,
            "paper": self.paper,
            "level": self.job.level,
            "signer_certificate": signer,
            "fonts": [font.name for font in self.job.fonts],
            "copies": len(self.plan),
            "rows_digest": sha256(rows.encode()).hexdigest(),
            "begun_at": format_iso(self.begun_at),
        }
