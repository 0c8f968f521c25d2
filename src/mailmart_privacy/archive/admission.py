"""The condition for archiving a copy: it verifies."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from .._limits import limited
from ..errors import PrivacyError
from ..policy.ledger import shipped
from ..verifying.many import read_copy
from ..verifying.verify import verify
from .session import Copy

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ..policy.ledger import Ledger
    from ..trust.anchors import Trust, Trusted

Outcome: TypeAlias = tuple[str, Copy | PrivacyError | OSError]


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """How files are verified before they are archived.

    Attributes:
        trust: whom to trust for what.
        ledger: the recorded versions.
        clock: tells what time it is (aware).
        executor: processes that verify while this one reads and writes, or None; they know the shipped ledger alone.
        workers: how many they are.
    """

    trust: "Trust"
    ledger: "Ledger"
    clock: Callable[[], datetime.datetime]
    executor: "Executor | None" = None
    workers: int = 1

    def admit(self, pdf: bytes) -> "Copy | PrivacyError":
        """Verify the bytes of a file; return the copy, or why it is refused."""
        try:
            with limited():
                return admit(pdf, trust=self.trust, at=self.clock(), ledger=self.ledger)
        except PrivacyError as error:
            return error


def admit_files(trust: "Trust", at: datetime.datetime, paths: Sequence[Path]) -> "list[Outcome]":
    """Verify files, in another process.

    Args:
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        paths: the files.

    Returns:
        For each the SHA-256 of what was verified, and the copy, without its bytes, or why it is refused.
    """
    admission, found = Admission(trust=trust, ledger=shipped(), clock=lambda: at), list[Outcome]()
    for path in paths:
        try:
            content = read_copy(path)
        except (PrivacyError, OSError) as error:
            found.append(("", error))
            continue
        copy = admission.admit(content)
        if isinstance(copy, PrivacyError):
            found.append((sha256(content).hexdigest(), copy))
        else:
            found.append((copy.digest, replace(copy, pdf=b"")))
    return found


def admit(
    pdf: bytes,
    *,
    trust: "Trusted",
    at: datetime.datetime,
    ledger: "Ledger",
    renews: str | None = None,
    request: str = "",
    matter: str = "",
) -> Copy:
    """Verify a copy that is to be archived.

    Args:
        pdf: its bytes.
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        ledger: the recorded versions.
        renews: the digest of the copy that it replaces.
        request: the key of the request that asked for it.
        matter: the matter that it belongs to.

    Raises:
        VerificationError: it does not verify, as `verify` says.
    """
    verdict = verify(pdf, trust=trust, at=at, ledger=ledger)
    return Copy(
        pdf=pdf,
        digest=verdict.digest,
        version=verdict.version,
        level=verdict.level,
        signer=verdict.delivery.certificate_digest,
        recipient=verdict.recipient,
        reference=verdict.reference,
        issued_at=verdict.issued_at,
        renews=renews,
        request=request,
        matter=matter,
    )
