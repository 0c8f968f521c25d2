"""Questions: find, check a file, in force on a day, versions, and how everything stands."""

from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

from ..._clock import now
from ...archive.anchors import Anchor as Seal
from ...archive.anchors import verify_anchors
from ...archive.layout import CHECKPOINT
from ...errors import PrivacyError
from ...keys.certificates import common_name, is_self_signed, subject_name, to_der
from ...keys.identity import dump_certificate
from ...policy.status import find_status
from ..answers import (
    CheckView,
    CustomerView,
    FoundView,
    HealthView,
    InForceView,
    Lacking,
    LackingCustomers,
    StatusView,
    Versions,
    VersionView,
)
from ..answers import CopyView as CopyShown
from ..calls import (
    AskHealth,
    AskInForce,
    CheckFile,
    Find,
    ListLacking,
    ListVersions,
    ShowCopy,
    ShowCustomer,
    ShowSigning,
    SigningView,
    Status,
)
from ..checker.calls import Anchor, AskShelter, Compromise, JudgedPdf, JudgePdf, Shelter
from ..lines import write_line
from ..messages import ClosedError, RefusedError
from .issuing import find_current
from .views import Views, find_copy, find_customer, require_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...trust.anchors import TrustAnchor
    from .desk import Desk

_VERDICTS = {
    "genuine": "not on record",
    "altered": "changed",
    "untrusted": "not ours",
    "unsigned": "not a copy",
}


def find(desk: "Desk", call: Find) -> FoundView:
    """Find customers by a part of the name, of a reference, or the beginning of a fingerprint."""
    require_words(call.text)
    desk.directory.refresh_unless_followed()
    found, views = desk.directory.search(call.text), Views(desk, call.actor)
    return FoundView(
        customers=tuple(views.customer(*each) for each in found[: call.limit]),
        total=len(found),
        similar=() if found else desk.directory.similar(call.text),
        begins_at=desk.directory.begins_at,
    )


def show_copy(desk: "Desk", call: ShowCopy) -> CopyShown:
    """Show what is on record of a copy."""
    return Views(desk, call.actor).copy(*find_copy(desk, call.fingerprint, call.actor))


def show_customer(desk: "Desk", call: ShowCustomer) -> CustomerView:
    """Show a customer with all copies."""
    return Views(desk, call.actor).customer(find_customer(desk, call.customer))


def check_file(desk: "Desk", call: CheckFile) -> CheckView:
    """Tell whether a file is one of ours: `checker` reads it, and the record is asked for its fingerprint."""
    trust = desk.signing.trust
    question = JudgePdf(
        content=call.content,
        signers=_pack(trust.signers),
        authorities=_pack(trust.authorities),
        compromised=tuple(Compromise(digest=digest, since=since) for digest, since in trust.compromised),
        at=now(),
    )
    try:
        judged = desk.checker.ask(question)
    except (ClosedError, TimeoutError):
        return _cannot_tell("reading it took too long")
    except RefusedError as refusal:
        return _cannot_tell(refusal.words)
    desk.directory.refresh()
    return _compare(desk, call, judged)


def _compare(desk: "Desk", call: CheckFile, judged: JudgedPdf) -> CheckView:
    # The fingerprint is taken here: the checker may have been taken over by an earlier file.
    known = desk.directory.by_digest.get(sha256(call.content).hexdigest())
    verdict = _VERDICTS.get(judged.verdict, "cannot tell")
    view = None
    if known is not None:  # the very bytes that were archived, and were verified then
        view = Views(desk, call.actor).copy(*known)
        verdict = "ours" if view.withdrawn_at is None else "withdrawn"
    return CheckView(
        verdict=verdict,
        words=judged.words,
        recipient=judged.recipient,
        reference=judged.reference,
        issued_at=judged.issued_at,
        version=judged.version,
        signer=judged.signer,
        valid_until=judged.valid_until,
        copy=view,
    )


def _cannot_tell(words: str) -> CheckView:
    return CheckView(
        verdict="cannot tell",
        words=words,
        recipient="",
        reference="",
        issued_at=None,
        version="",
        signer="",
        valid_until=None,
        copy=None,
    )


def ask_in_force(desk: "Desk", call: AskInForce) -> InForceView:
    """Tell which version was in force, and whether an authority had confirmed it by then."""
    found = desk.service().in_force(call.at, trust=desk.signing.trust, ledger=desk.ledger)
    return InForceView(
        version=found.version or "",
        effective_at=found.effective_at,
        recorded_at=found.recorded_at,
        confirmed=found.version is not None and found.provable == found.version,
        confirmed_before=found.proven_before,
        sealed_since=found.stamped_since,
    )


def list_versions(desk: "Desk", call: ListVersions) -> Versions:
    """List the versions of the policy, the newest first."""
    desk.directory.refresh()
    counts: dict[str, int] = {}
    for customer in desk.directory.snapshot() if call.counted else ():
        for version in {each.logged.entry.version or "" for each in customer.copies if each.withdrawn is None}:
            counts[version] = counts.get(version, 0) + 1
    versions, at = desk.ledger.versions, now()
    return Versions(
        versions=tuple(
            VersionView(
                version=each.version,
                effective_at=each.effective_at,
                effective_until=each.effective_until,
                state=find_status(each, versions, at).state,
                summary=each.summary or "",
                customers=counts.get(each.version, 0),
            )
            for each in reversed(versions)
        ),
        lacking=sum(1 for _ in _find_lacking(desk)) if call.counted else 0,
    )


def list_lacking(desk: "Desk", call: ListLacking) -> LackingCustomers:
    """List the customers who have copies, but none of the version in force."""
    desk.directory.refresh()
    found = sorted(_find_lacking(desk), key=lambda each: each.customer.casefold())
    return LackingCustomers(customers=tuple(found))


def _find_lacking(desk: "Desk") -> "Iterator[Lacking]":
    version = desk.ledger.version_in_force(now()).version
    for customer in desk.directory.snapshot():
        standing = [each for each in customer.copies if each.withdrawn is None]
        if standing and find_current(customer, version) is None:
            newest = max(each.logged.entry.version or "" for each in standing)  # not the last: an older one was renewed
            yield Lacking(customer=customer.record.name, version=newest)


def tell_health(desk: "Desk", call: AskHealth) -> HealthView:
    """Tell what works; what does not is logged by its class."""

    def works(name: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except (PrivacyError, OSError) as error:
            write_line("keeper", f"the {name} does not answer", error=type(error).__name__)
            return False
        return True

    batches = desk.batches
    return HealthView(
        archive=works("archive", desk.directory.refresh),
        database=batches is None or works("database", lambda: batches.tables.query("SELECT 1")),
        beat=int(desk.queue.age),
    )


def show_status(desk: "Desk", call: Status) -> StatusView:
    """Tell the state of the desk and its record."""
    desk.directory.refresh()
    directory, signing = desk.directory, desk.signing
    certificate, seal = signing.identity.certificate, _find_seal(desk)
    shelter = _ask_shelter(desk)
    covered = seal.entry.number + 1 if seal else 0  # the seal's own entry comes after what it covers
    return StatusView(
        version=desk.ledger.version_in_force(now()).version,
        lasting=signing.issuer.level == "B-LTA",
        signer=subject_name(certificate),
        self_signed=is_self_signed(certificate),
        certificate_until=certificate.not_valid_after_utc,
        begins_at=directory.begins_at,
        entries=directory.size,
        copies=directory.copies,
        unsealed=max(0, directory.size - covered),
        sealed_by=seal.authority if seal else "",
        sealed_until=seal.expires_at if seal else None,
        can_seal=bool(desk.settings.authorities),
        erasures_waiting=tuple(
            each.waiting.entry.due_at
            for each in directory.snapshot()
            if each.waiting is not None and each.waiting.entry.due_at is not None
        ),
        erasures_asked=sum(each.asked is not None for each in directory.snapshot()),
        checker_alone=shelter.no_network,
        checker_apart=shelter.own_user,
        checkpoint=desk.archive.storage.read(CHECKPOINT) or b"",
    )


def show_signing(desk: "Desk", call: ShowSigning) -> SigningView:
    """Tell who signs, who vouches for that, and until when."""
    signing, settings = desk.signing, desk.settings
    certificate = signing.identity.certificate
    scheme = settings.identity.partition(":")[0]
    return SigningView(
        signer=subject_name(certificate),
        vouched_by="" if is_self_signed(certificate) else common_name(certificate.issuer),
        since=certificate.not_valid_before_utc,
        until=certificate.not_valid_after_utc,
        place={"pkcs11": "token", "awskms": "kms"}.get(scheme, "file"),
        lasting=signing.issuer.level == "B-LTA",
        authorities=settings.authorities,
        fingerprint=signing.identity.digest,
        certificates=dump_certificate(signing.identity),
    )


def _find_seal(desk: "Desk") -> Seal | None:
    """Find the last seal of an authority that holds; None if there is none, or where one cannot be verified."""
    try:
        found = verify_anchors(desk.archive, desk.directory.anchors, trust=desk.signing.trust, at=now())
    except PrivacyError:
        return None
    return next((each for each in reversed(found) if not each.lapsed), None)


def _ask_shelter(desk: "Desk") -> Shelter:
    try:
        return desk.checker.ask(AskShelter())
    except (PrivacyError, TimeoutError):
        return Shelter(no_network=False, own_user=False)


def _pack(anchors: "Iterable[TrustAnchor]") -> tuple[Anchor, ...]:
    return tuple(
        Anchor(certificate=to_der(each.certificate), source=each.source, since=each.since, until=each.until)
        for each in anchors
    )
