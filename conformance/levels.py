"""Copies of every level, with the authority that vouches for their signer and their time."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from mailmart_privacy import timestamps
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
        path: where it lies.
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
        identity, roots = authority.identity(), authority.roots
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
                trust_roots=roots,
            )
            copies[level] = (pdf, NOW)
        with authority.at(LATER):
            client = authority.client("tsa-2040")
            copies[RENEWED] = (timestamps.renew(copies["B-LTA"][0], tsa=client, trust_roots=roots, at=LATER), LATER)
        yield Levels(
            copies={name: _keep(folder / f"{name}.pdf", pdf, at, roots) for name, (pdf, at) in copies.items()},
            root=roots[0].public_bytes(Encoding.DER),
            tsa_root=roots[1].public_bytes(Encoding.DER),
            root_pem=roots[0].public_bytes(Encoding.PEM),
            tsa_root_pem=roots[1].public_bytes(Encoding.PEM),
        )


def _keep(path: Path, pdf: bytes, at: datetime.datetime, roots: tuple[object, ...]) -> LevelCopy:
    path.write_bytes(pdf)
    verdict = privacy.verify(pdf, trust_roots=roots, at=at)  # type: ignore[arg-type]
    return LevelCopy(path=path, at=at, verdict=verdict)
