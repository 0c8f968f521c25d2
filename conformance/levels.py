"""Copies of every level, with the authority that vouches for their signer and their time."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from mailmart_privacy import timestamps
from mailmart_privacy.trust.anchors import Trust
from mailmart_privacy.verifying.verification import Verification
from tests.pki import serve

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
RENEWED = "renewed"
NAMES = (*LEVELS, RENEWED)

NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
LATER = NOW.replace(year=2031)


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelCopy:
    """A copy, and what we say about it.

    Attributes:
        path: where it is.
        at: the moment for which it is to be validated.
        verdict: our own verdict then.
    """

    path: Path
    at: datetime.datetime
    verdict: Verification


@dataclass(frozen=True, kw_only=True, slots=True)
class Levels:
    """Copies of every level.

    Attributes:
        copies: the copies, by the names of `NAMES`.
        root: the root of the signer, in DER.
        tsa_root: the root of the timestamp authorities, in DER.
        root_pem: the first, in PEM.
        tsa_root_pem: the second, in PEM.
    """

    copies: dict[str, LevelCopy]
    root: bytes
    tsa_root: bytes
    root_pem: bytes
    tsa_root_pem: bytes


@contextmanager
def make(folder: Path) -> Iterator[Levels]:
    """Make them in a folder; the authority answers until the block ends.

    It lives in the days of the copies, whatever the day is, so that no run depends on its date.
    """
    with serve(str(folder / "authority"), NOW) as authority:
        identity, trust = authority.identity(), authority.trust
        root, tsa_root = authority.roots
        copies = {}
        for level in LEVELS:
            pdf = privacy.issue(
                privacy.in_force(NOW),
                recipient="Acme GmbH",
                reference="C-1",
                issued_at=NOW,
                identity=identity,
                level=level,
                tsa=authority.client(),
                trust=trust,
            )
            copies[level] = (pdf, NOW)
        with authority.at(LATER):
            client = authority.client("tsa-2040")
            copies[RENEWED] = (timestamps.renew(copies["B-LTA"][0], tsa=client, trust=trust, at=LATER), LATER)
        yield Levels(
            copies={name: _keep(folder / f"{name}.pdf", pdf, at, trust) for name, (pdf, at) in copies.items()},
            root=root.public_bytes(Encoding.DER),
            tsa_root=tsa_root.public_bytes(Encoding.DER),
            root_pem=root.public_bytes(Encoding.PEM),
            tsa_root_pem=tsa_root.public_bytes(Encoding.PEM),
        )


def _keep(path: Path, pdf: bytes, at: datetime.datetime, trust: Trust) -> LevelCopy:
    path.write_bytes(pdf)
    verdict = privacy.verify(pdf, trust=trust, at=at)
    return LevelCopy(path=path, at=at, verdict=verdict)
