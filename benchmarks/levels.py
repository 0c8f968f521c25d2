"""What a level costs: bytes, requests and time for each copy, with the tests' authority on the loopback.

The processor time is that of our process; the authority answers in another one, as authorities do. Sizes and requests
do not depend on the machine. The form is certified beforehand, as it is once for an identity and a level.
"""

import collections
import contextlib
import datetime
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity, dump_identity, load_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.anchors import Trust, make_trust
from mailmart_privacy.trust.authorities import Authorities
from mailmart_privacy.trust.timestamp_client import TimestampClient
from mailmart_privacy.trust.timestamp_token import _known
from mailmart_privacy.verifying.renewing import renew_copy
from mailmart_privacy.verifying.verify import verify
from tests.pki import serve

from .others import NOW

ROUNDS = 15
RENEWED = "renewed"
_ISSUING = {"B-LTA": "≤ 5 ms", RENEWED: "≤ 10 ms"}
_VERIFYING = {"B-B": "≤ 1.5 ms", "B-LTA": "≤ 5 ms"}


def measure(folder: Path) -> list[tuple[str, ...]]:
    """Measure the rows on levels: for a self-signed identity and for an organisation's, P-256 both."""
    now = NOW()
    with serve_apart(str(folder), now) as authority:
        identities = {"self-signed": create_identity(created_at=now), "an organisation's": authority.identity}
        return [row for name, identity in identities.items() for row in _measure(name, identity, authority, now)]


@dataclass(frozen=True, kw_only=True)
class Apart:
    """The tests' authority, in a process of its own.

    Attributes:
        client: asks it for timestamps.
        trust: what its certificates lead to.
        identity: a signer of an organisation, with a certificate of the authority's.
        connection: to the process.
    """

    client: TimestampClient
    trust: Trust
    identity: Identity
    connection: Connection

    @property
    def requests(self) -> list[str]:
        """The paths that it was asked for so far."""
        self.connection.send(True)
        found: list[str] = self.connection.recv()
        return found


@contextlib.contextmanager
def serve_apart(folder: str, now: datetime.datetime) -> Iterator[Apart]:
    """Serve the tests' authority in a process of its own, until the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, now, theirs))
    process.start()
    try:
        urls, trust, pem = ours.recv()
        yield Apart(client=TimestampClient(urls=urls), trust=trust, identity=load_identity(pem), connection=ours)
    finally:
        ours.send(False)
        process.join()


def _serve(folder: str, now: datetime.datetime, connection: Connection) -> None:
    with serve(folder, now) as authority:
        connection.send((authority.client().urls, authority.trust, dump_identity(authority.identity())))
        while connection.recv():
            connection.send(list(authority.requests))


def count_requests(authority: Apart, action: Callable[[], object]) -> dict[str, int]:
    """Count what an action asks an authority for: timestamps ("tsa"), OCSP answers ("ocsp"), lists ("crls")."""
    before = len(authority.requests)
    action()
    return dict(collections.Counter(path.split("/")[2] for path in authority.requests[before:]))


def _spend(action: Callable[[], object]) -> float:
    """Take the processor time of an action in this process, in milliseconds."""
    start = time.process_time()
    action()
    return (time.process_time() - start) * 1000


def _measure(name: str, identity: Identity, authority: Apart, now: datetime.datetime) -> list[tuple[str, ...]]:
    client = authority.client
    trust = authority.trust + make_trust([identity.certificate])
    policy = shipped().policy("2026-02-24")
    actions: dict[str, Callable[[], bytes]] = {}
    forms: dict[str, int] = {}
    for level in LEVELS:
        issuer = Issuer(identity, level=level, authorities=Authorities(timestamps=client, trust=trust))
        forms[level] = len(issuer.prepare(policy, at=now).pdf)

        def issue(issuer: Issuer = issuer) -> bytes:
            return issuer.issue(policy, recipient="Acme GmbH", reference="C-1", issued_at=now).pdf

        actions[level] = issue
    archived = actions["B-LTA"]()
    actions[RENEWED] = lambda: renew_copy(archived, timestamps=client, trust=trust, at=now, ledger=shipped())[0]
    forms[RENEWED] = forms["B-LTA"]

    times: dict[str, list[float]] = {level: [] for level in actions}
    checks: dict[str, list[float]] = {level: [] for level in actions}
    for number in range(ROUNDS + 1):
        for level, action in actions.items():
            copy = action()
            spent = _spend(action)
            _known.clear()  # as for a copy that was made elsewhere
            check = _spend(lambda copy=copy: verify(copy, trust=trust, at=now, ledger=shipped()))
            if number:  # the first round warms up
                times[level].append(spent)
                checks[level].append(check)
    rows = []
    plain = len(actions["B-B"]())
    for level, action in actions.items():
        asked = count_requests(authority, action)
        size = len(action())
        rows.append(
            (
                name,
                level,
                f"{size:,}",
                f"{size - plain:+,}",
                f"{forms[level] - forms['B-B']:+,}",
                *(str(asked.get(kind, 0)) for kind in ("tsa", "ocsp", "crls")),
                _describe(times[level], _ISSUING.get(level)),
                _describe(checks[level], _VERIFYING.get(level)),
            )
        )
    return rows


def _describe(times: list[float], bound: str | None) -> str:
    return f"{statistics.median(times):.1f} ms" + (f" (to reach: {bound})" if bound else "")
