"""Recorded form → certified form: the publisher's signature, made once for each identity and level."""

import datetime
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ..errors import IdentityError, LevelError, MissingExtraError, TimestampError, UsageError, VerificationError
from ..keys.certificates import remember
from ..keys.identity import require_valid
from ..trust.revocation import Evidence
from ..trust.timestamp_token import Token
from ..trust.validation_data import ValidationData
from . import format_1
from .container import Signatory, find_signatory
from .pades import require_level
from .reader import CopyReader

try:
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..keys.identity import Identity
    from ..trust.anchors import Trusted
    from ..trust.timestamp_client import TimestampClient
    from .forms import RecordedForm
    from .update import Draft, HashState, Progress

CERTIFIED_LEVELS = ("B-B", "B-T", "B-LT")


@dataclass(frozen=True, kw_only=True, slots=True)
class CertifiedForm:
    """A form that its publisher has certified.

    Attributes:
        form: the recorded form.
        pdf: its bytes.
        progress: how far copies of it are written with it.
        signatory: who certified it.
        signing_time: when it was certified (aware, UTC); a copy of it cannot be older.
        level: the level of its certification; copies up to that one can be issued from it, and of
            "B-LT" those of "B-LTA", too.
        data: the validation data in it, or None.
        state: SHA-256 over `pdf`, to be continued with what follows.
    """

    form: "RecordedForm"
    pdf: bytes = field(repr=False)
    progress: "Progress"
    signatory: Signatory = field(repr=False)
    signing_time: datetime.datetime
    level: str
    data: ValidationData | None = field(repr=False)
    state: "HashState" = field(repr=False, compare=False)

    @property
    def identity(self) -> str:
        """The digest of the certificates that certified it; see `Signatory.identity`."""
        return self.signatory.identity

    @classmethod
    def from_bytes(cls, content: bytes, form: "RecordedForm") -> "CertifiedForm | None":
        """Read a certified form from its bytes, and compare by writing it again.

        Returns:
            The form, or None if this package would not write these bytes.
        """
        if not content.startswith(form.pdf):
            return None
        reader = CopyReader(content, form)
        try:
            publisher = reader.read_publisher()
            data = reader.read_data() if reader.at_data() else None
        except VerificationError:
            return None
        if reader.progress.length != len(content):
            return None
        return cls(
            form=form,
            pdf=content,
            progress=reader.progress,
            signatory=publisher.signatory,
            signing_time=publisher.moment,
            level="B-B" if publisher.token is None else "B-T" if data is None else "B-LT",
            data=data,
            state=reader.state,
        )


def certified_level(level: str) -> str:
    """Name the level that a form is certified at for copies of a level: an archive timestamp is the copy's own.

    Raises:
        UsageError: there is no such level.
    """
    require_level(level)
    return "B-LT" if level == "B-LTA" else level


def certify(
    form: "RecordedForm",
    *,
    identity: "Identity",
    signing_time: datetime.datetime,
    level: str = "B-B",
    timestamps: "TimestampClient | None" = None,
    trust: "Trusted" = (),
    evidence: Evidence | None = None,
) -> CertifiedForm:
    """Certify a recorded form, so that nothing but its fields may be filled in.

    Args:
        form: a recorded form.
        identity: who certifies.
        signing_time: the moment of it (aware).
        level: "B-B", "B-T" or "B-LT"; the signature then carries a timestamp, the form validation data.
        timestamps: whom to ask for the timestamp.
        trust: whom to trust for what; needed for "B-LT".
        evidence: validation data that was gathered already, or None to gather it.

    Returns:
        The certified form; it begins with the form's own bytes.

    Raises:
        IdentityError: the identity may not sign at that moment.
        LevelError: the level cannot be reached; the message says which answer was missing.
    """
    require_valid(identity, signing_time)
    if level not in CERTIFIED_LEVELS:
        raise UsageError(f"a form is certified at {', '.join(CERTIFIED_LEVELS)}, not at {level!r}")
    if level != "B-B" and timestamps is None:
        raise TimestampError(())
    moment = signing_time.astimezone(datetime.UTC).replace(microsecond=0)
    signatory, progress = name_signatory(identity), format_1.begin(form.notes, len(form.pdf))
    draft = format_1.write_certification(
        form.notes, progress, signatory=signatory, moment=moment, stamped=level != "B-B"
    )
    client = None if level == "B-B" else timestamps
    update, token = sign_draft(draft, form.state, identity, client, level)
    progress, data = draft.after, None
    if level == "B-LT" and timestamps is not None and token is not None:
        if evidence is None:
            evidence = Evidence(trust, at=signing_time, level=level, timeout=timestamps.timeout)
        data = evidence.for_signer(identity) + evidence.for_token(token)
        data = ValidationData(
            certificates=tuple(sorted(data.certificates)),
            ocsps=tuple(sorted(data.ocsps)),
            crls=tuple(sorted(data.crls)),
        )
        draft = format_1.write_validation_data(form.notes, progress, data)
        update, progress = update + bytes(draft.body), draft.after
    state = form.state.copy()
    state.update(update)
    return CertifiedForm(
        form=form,
        pdf=form.pdf + update,
        progress=progress,
        signatory=signatory,
        signing_time=moment,
        level=level,
        data=data,
        state=state,
    )


def name_signatory(identity: "Identity") -> Signatory:
    """Name an identity as containers and signature boxes do."""
    return _name_signatory(identity.certificate, *identity.chain)


@remember(16)  # asked for with every copy
def _name_signatory(*certificates: "Certificate") -> Signatory:
    own, *others = (c.public_bytes(Encoding.DER) for c in certificates)
    return find_signatory(own, tuple(others))


def sign_draft(
    draft: "Draft",
    before: "HashState",
    identity: "Identity",
    timestamps: "TimestampClient | None",
    level: str,
) -> tuple[bytes, Token | None]:
    """Sign an update, and have the signature stamped if an authority is given.

    Returns:
        The update, and the timestamp.

    Raises:
        LevelError: no timestamp could be had, or it is too large.
        IdentityError: the key could not be reached, or did not return a signature.
    """
    digest = draft.digest(before)
    signature = identity.sign(name_signatory(identity).message(digest))
    return seal_draft(draft, digest, signature, identity, timestamps, level)


def seal_draft(
    draft: "Draft",
    digest: bytes,
    signature: bytes,
    identity: "Identity",
    timestamps: "TimestampClient | None",
    level: str,
) -> tuple[bytes, Token | None]:
    """Put its container into an update, with a timestamp of the signature if an authority is given.

    Args:
        draft: the update.
        digest: SHA-256 of what is signed.
        signature: the signature over the message for that digest.
        identity: who signed.
        timestamps: whom to ask for the timestamp, or None.
        level: what the messages call the level.

    Returns:
        The update, and the timestamp.

    Raises:
        LevelError: no timestamp could be had, or it is too large.
        IdentityError: the key did not return a signature.
    """
    signatory = name_signatory(identity)
    token = None if timestamps is None else timestamps.stamp(sha256(signature).digest())
    container = signatory.container(digest, signature, None if token is None else token.content)
    try:
        return draft.seal(container), token
    except ValueError as error:
        if token is None:
            raise IdentityError(f"the key of {identity.name!r} gave a signature of an impossible size") from None
        raise LevelError(f"level {level} cannot be reached: the timestamp is too large ({error})") from None
