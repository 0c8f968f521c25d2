"""What a level costs: bytes, requests and time for each copy, with the tests' authority on the loopback.

The processor time is ours: what the authority takes for its answers is left out. Sizes and requests do not depend on
the machine. The form is certified beforehand, as it is once for an identity and a level.
"""

import collections
import datetime
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.anchors import make_trust
from mailmart_privacy.trust.authorities import Authorities
from mailmart_privacy.trust.timestamp_token import read_token
from mailmart_privacy.verifying.renewing import renew_copy
from mailmart_privacy.verifying.verify import verify
from tests.pki import Authority, serve

from .others import NOW

ROUNDS = 15
RENEWED = "renewed"
_ISSUING = {"B-LTA": "≤ 5 ms", RENEWED: "≤ 10 ms"}
_VERIFYING = {"B-B": "≤ 1.5 ms", "B-LTA": "≤ 5 ms"}


def measure(folder: Path) -> list[tuple[str, ...]]:
    """Measure the rows on levels: for a self-signed identity and for an organisation's, P-256 both."""
    now = NOW()
    with serve(str(folder), now) as authority:
        clock = _Clock(authority)
        identities = {"self-signed": create_identity(created_at=now), "an organisation's": authority.identity()}
        return [row for name, identity in identities.items() for row in _measure(name, identity, authority, clock, now)]


def count_requests(authority: Authority, action: Callable[[], object]) -> dict[str, int]:
    """Count what an action asks an authority for: timestamps ("tsa"), OCSP answers ("ocsp"), lists ("crls")."""
    before = len(authority.requests)
    action()
    return dict(collections.Counter(path.split("/")[2] for path in authority.requests[before:]))


class _Clock:
    """Takes our processor time: the authority answers in this process, but in a thread whose time is left out."""

    def __init__(self, authority: Authority) -> None:
        assert authority.thread.ident is not None
        self._theirs = time.pthread_getcpuclockid(authority.thread.ident)

    def spend(self, action: Callable[[], object]) -> float:
        """Take the processor time of an action, in milliseconds, without the authority's part."""
        start = self._now()
        action()
        return (self._now() - start) * 1000

    def _now(self) -> float:
        return time.process_time() - time.clock_gettime(self._theirs)


def _measure(
    name: str, identity: Identity, authority: Authority, clock: _Clock, now: datetime.datetime
) -> list[tuple[str, ...]]:
    client = authority.client()
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
            spent = clock.spend(action)
            read_token.cache_clear()  # as for a copy that was made elsewhere
            check = clock.spend(lambda copy=copy: verify(copy, trust=trust, at=now, ledger=shipped()))
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
