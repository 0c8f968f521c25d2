"""The work on a batch, as a worker does it: in this process, in another, or on another machine.

A worker gets a `BatchJob`, which says how to open the key but does not contain it. Each process opens the key once for
each batch.
"""

import datetime
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from ..copies.certified import CertifiedForm
from ..copies.issuer import Issuer
from ..copies.reading import read_copy
from ..errors import DestinationExistsError, MissingExtraError, PrivacyError, RecordError, VerificationError
from ..trust.anchors import OWN, make_trust
from ..trust.authorities import Authorities
from ..verifying.verify import require_signatures
from .job import BatchJob
from .results import FailedRow, IssuedRow

try:
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from ..sheets.rows import Planned
    from .destinations import Destination


class WorkerState:
    """What a process keeps in memory for an order."""

    def __init__(self, order: BatchJob) -> None:
        self.order = order
        self.identity = order.open_identity()
        self.issuer = Issuer(
            self.identity,
            level=order.level,
            authorities=Authorities(timestamps=order.timestamps, trust=order.trust),
            fonts=order.fonts,
        )
        certified = CertifiedForm.from_bytes(order.certified, order.form) if order.certified else None
        if order.certified and certified is None:
            raise RecordError("the certified form of this batch was written by another version of this package")
        self.form = certified

    @property
    def certified(self) -> CertifiedForm:
        assert self.form is not None, "an order for copies holds a certified form"
        return self.form

    def issue(self, rows: "Sequence[Planned]", moment: datetime.datetime) -> list[bytes | PrivacyError]:
        """Issue copies, and give what follows the certified form in each, or why there is none."""
        texts = [(row.recipient, row.reference) for row in rows]
        return self.issuer.issue_updates(self.certified, texts, issued_at=moment)

    def recognise(self, row: "Planned", pdf: bytes) -> datetime.datetime | None:
        """Tell when a file was issued, if it is the copy for a row by the same signer; else None.

        A batch that was interrupted finds files that it has written but not yet listed; none is issued again.
        """
        try:
            copy = read_copy(pdf, self.order.form, self.order.fonts)
            require_signatures(copy)
        except VerificationError:
            return None
        found = (copy.recipient, copy.reference, copy.level)
        signers = {copy.publisher.signatory.digest, copy.delivery.signatory.digest}
        same = found == (row.recipient, row.reference, self.order.level) and signers == {self.identity.digest}
        return copy.delivery.moment if same else None


_benches: dict[str, WorkerState] = {}


def _bench(order: BatchJob) -> WorkerState:
    """Find what this process keeps for an order, or open it; data of other orders is dropped."""
    found = _benches.get(order.id)
    if found is None or found.order.certified != order.certified:
        found = WorkerState(order)
        _benches.clear()
        _benches[order.id] = found
    return found


def read_certificates(order: BatchJob) -> tuple[bytes, ...]:
    """Name who will sign: the identity's certificate and its issuers, in DER."""
    identity = _bench(order).identity
    return tuple(c.public_bytes(Encoding.DER) for c in (identity.certificate, *identity.chain))


def certify_form(order: BatchJob, moment: datetime.datetime) -> bytes:
    """Certify the form of an order, and return the bytes of the certified form."""
    bench = _bench(order)
    return bench.issuer.certify(order.form, at=moment).pdf


def issue_chunk(order: BatchJob, rows: "Sequence[Planned]", moment: datetime.datetime) -> list[IssuedRow | FailedRow]:
    """Issue copies one after the other.

    A row whose copy has been written already is not issued again.

    Args:
        order: what they have in common.
        rows: whom they are for.
        moment: what they are dated (aware).

    Returns:
        The outcome for each row, in their order. If the copies are returned, `pdf` is what follows the certified form,
        not the form itself.

    Raises:
        OSError: a copy could not be written.
        IdentityError: the identity cannot be opened.
    """
    bench = _bench(order)
    if order.place is not None:
        return _issue_into(bench, order.place, rows, moment)
    return [_report(bench, row, moment, update) for row, update in zip(rows, bench.issue(rows, moment), strict=True)]


def _issue_into(
    bench: WorkerState, place: "Destination", rows: "Sequence[Planned]", moment: datetime.datetime
) -> list[IssuedRow | FailedRow]:
    """Issue copies and put them into a place, which is done when all are signed: see `Issuer.issue_updates`."""
    outcomes: list[IssuedRow | FailedRow | None] = [None] * len(rows)
    missing = [index for index, row in enumerate(rows) if place.measure(row.file) is None]
    updates = bench.issue([rows[index] for index in missing], moment)
    for index, update in zip(missing, updates, strict=True):
        outcomes[index] = _report(bench, rows[index], moment, update, file=rows[index].file)
    issued = [(index, update) for index, update in zip(missing, updates, strict=True) if isinstance(update, bytes)]
    put = place.put([(rows[index].file, update) for index, update in issued], head=bench.certified.pdf)
    for (index, _), done in zip(issued, put, strict=True):
        if not done:  # another process was first
            outcomes[index] = None
    return [outcome or _find(bench, place, row) for outcome, row in zip(outcomes, rows, strict=True)]


def _report(
    bench: WorkerState, row: "Planned", moment: datetime.datetime, update: bytes | PrivacyError, file: str | None = None
) -> IssuedRow | FailedRow:
    """Describe a copy; if it was not written to a file, what follows the certified form in it goes along."""
    if isinstance(update, PrivacyError):
        return _fail(row, update)
    state = bench.certified.state.copy()
    state.update(update)
    return IssuedRow(
        number=row.number,
        recipient=row.recipient,
        reference=row.reference,
        issued_at=moment,
        digest=state.hexdigest(),
        size=len(bench.certified.pdf) + len(update),
        file=file,
        pdf=update if file is None else None,
    )


def _find(bench: WorkerState, place: "Destination", row: "Planned") -> IssuedRow | FailedRow:
    pdf = place.read(row.file) or b""
    moment = bench.recognise(row, pdf)
    if moment is None:
        return _fail(row, DestinationExistsError(f"{row.file} exists, and is not the copy of this row; move it away"))
    return IssuedRow(
        number=row.number,
        recipient=row.recipient,
        reference=row.reference,
        issued_at=moment,
        digest=sha256(pdf).hexdigest(),  # of all of it: it may begin with a form that was certified at another time
        size=len(pdf),
        file=row.file,
        found=True,
    )


def _fail(row: "Planned", error: PrivacyError) -> FailedRow:
    return FailedRow(number=row.number, recipient=row.recipient, reference=row.reference, error=error)


def verify_chunk(order: BatchJob, copies: "Sequence[IssuedRow]", at: datetime.datetime) -> tuple[int, list[FailedRow]]:
    """Verify copies, written or handed over, and compare them with what was listed.

    Returns:
        How many were verified, and those that are wrong.
    """
    from ..policy.ledger import shipped
    from ..release.named_data import use_named_data
    from ..verifying.verify import verify

    use_named_data()
    bench = _bench(order)
    trust = order.trust + make_trust([bench.identity.certificate], source=OWN)
    failed = []
    for copy in copies:
        pdf = copy.pdf
        if pdf is None and order.place is not None:
            pdf = order.place.read(copy.file or "")
        try:
            if not pdf:
                raise RecordError(f"{copy.file} is no longer there")
            if sha256(pdf).hexdigest() != copy.digest:
                raise RecordError(f"{copy.file} is not the file that was written: its digest differs")
            verdict = verify(pdf, trust=trust, at=at, ledger=shipped())
            if (verdict.recipient, verdict.reference) != (copy.recipient, copy.reference):
                raise RecordError(f"{copy.file} is addressed to {verdict.recipient!r}, not to {copy.recipient!r}")
        except PrivacyError as error:
            failed.append(
                FailedRow(number=copy.number, recipient=copy.recipient, reference=copy.reference, error=error)
            )
    return len(copies), failed
