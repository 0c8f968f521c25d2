"""Certified form → signed copy at a level of PAdES (ETSI EN 319 142-1, 6), and the renewal of copies.

B-B is a signature; B-T adds a timestamp for it; B-LT all that it is to be judged by; B-LTA a timestamp over
everything, which is renewed before it expires. A level is reached, or an error says which answer was missing;
it is never lowered.
"""

import datetime
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from .._time import require_moment
from ..errors import IdentityError, LevelError, TimestampError, UsageError
from ..keys.identity import require_valid
from ..pdf.field_names import RECIPIENT, REFERENCE
from ..trust.revocation import Evidence, gather_for_token
from ..trust.validation_data import ValidationData
from ..typesetting.fields import FilledField, fill_field, fit_field, lay_out_moment
from . import format_1
from .certified import certified_level, name_signatory, seal_draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..keys.identity import Identity
    from ..pdf.notes import FormNotes
    from ..trust.anchors import Trusted
    from ..trust.timestamp_client import TimestampClient
    from ..typesetting.fonts import Typeface
    from .certified import CertifiedForm
    from .reading import ReadCopy
    from .update import Draft, HashState, Progress


def fill_values(
    notes: "FormNotes",
    recipient: str,
    reference: str | None,
    issued_at: datetime.datetime,
    fonts: "Sequence[Typeface]" = (),
) -> tuple[FilledField, FilledField]:
    """Fill in what a copy says: its recipient and its reference.

    Args:
        notes: of the form.
        recipient: whom the copy is addressed to.
        reference: what the copy is called, or None for its day and a digest.
        issued_at: the moment of it (aware).
        fonts: for characters that the form's font does not have, the preferred one first.

    Raises:
        RecipientError: one of them cannot be written into its field.
    """
    filled = fill_field(notes, RECIPIENT, recipient, fonts)
    if reference is None:
        reference = default_reference(filled.value, issued_at)
    return filled, fill_field(notes, REFERENCE, reference, fonts)


def fit_values(
    notes: "FormNotes",
    recipient: str,
    reference: str | None,
    issued_at: datetime.datetime,
    fonts: "Sequence[Typeface]" = (),
) -> tuple[str, str]:
    """Name the recipient and the reference as `fill_values` would fill them in, in half the time: nothing is drawn.

    Arguments and errors are those of `fill_values`.
    """
    cleaned = fit_field(notes, RECIPIENT, recipient, fonts)
    if reference is None:
        reference = default_reference(cleaned, issued_at)
    return cleaned, fit_field(notes, REFERENCE, reference, fonts)


def default_reference(recipient: str, issued_at: datetime.datetime) -> str:
    """Make the reference of a copy for which none was given: its day, and a digest of what sets it apart."""
    moment = issued_at.astimezone(datetime.UTC)
    digest = sha256("\n".join((recipient, moment.isoformat())).encode()).hexdigest()
    return f"{moment:%Y%m%d}-{digest[:8].upper()}"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class UnsignedCopy:
    """A copy that is written, except for its signature.

    Attributes:
        certified: the form that it is issued from.
        identity: who is to sign.
        level: "B-B", "B-T", "B-LT" or "B-LTA".
        timestamps: whom to ask for timestamps; None for "B-B".
        draft: what follows the certified form.
        digest: SHA-256 of what is signed.
        message: what the identity is to sign.
    """

    certified: "CertifiedForm"
    identity: "Identity"
    level: str
    timestamps: "TimestampClient | None"
    draft: "Draft"
    digest: bytes
    message: bytes


def write_copy(
    certified: "CertifiedForm",
    recipient: FilledField,
    reference: FilledField,
    *,
    issued_at: datetime.datetime,
    identity: "Identity",
    level: str = "B-B",
    timestamps: "TimestampClient | None" = None,
) -> UnsignedCopy:
    """Write a copy of a certified form: fill in its fields. The form itself is not copied.

    Args:
        certified: a form, certified for that level (see `certified_level`) by the same identity.
        recipient: whom the copy is addressed to.
        reference: what the copy is called.
        issued_at: the moment of it (aware).
        identity: who is to sign.
        level: "B-B", "B-T", "B-LT" or "B-LTA".
        timestamps: whom to ask for timestamps; not needed for "B-B".

    Raises:
        IdentityError: the identity may not sign at that moment, or did not certify the form.
        UsageError: the moment is naive, or before the form was certified.
        LevelError: the level cannot be reached.
    """
    require_moment(issued_at)
    require_valid(identity, issued_at)
    signatory = name_signatory(identity)
    if certified.signatory.head != signatory.head:
        raise IdentityError(
            "the form was certified by another identity, or with other certificates above the same one; "
            "certify it with this one first"
        )
    if issued_at < certified.signing_time:
        raise UsageError(f"the copy would be older than its form, which was certified on {certified.signing_time}")
    if certified.level != certified_level(level):
        raise LevelError(f"level {level} cannot be reached: the form was certified at level {certified.level}")
    if level != "B-B" and (timestamps is None or not timestamps.urls):
        raise TimestampError(())
    notes = certified.form.notes
    draft = format_1.write_delivery(
        notes,
        certified.progress,
        fields=(recipient, reference, lay_out_moment(notes, issued_at)),
        signatory=signatory,
        moment=issued_at,
        stamped=level != "B-B",
    )
    digest = draft.digest(certified.state)
    return UnsignedCopy(
        certified=certified,
        identity=identity,
        level=level,
        timestamps=None if level == "B-B" else timestamps,
        draft=draft,
        digest=digest,
        message=signatory.message(digest),
    )


def finish_copy(copy: UnsignedCopy, signature: bytes, *, evidence: Evidence | None) -> bytes:
    """Put its signature into a copy, and what its level needs beyond that.

    Args:
        copy: the copy.
        signature: the signature over its message.
        evidence: gathers validation data, for copies of the same minute; needed for "B-LT" and "B-LTA".

    Returns:
        What follows the certified form's own bytes in the copy.

    Raises:
        LevelError: the level cannot be reached.
        IdentityError: the key did not return a signature.
    """
    certified, identity, level = copy.certified, copy.identity, copy.level
    update, token = seal_draft(copy.draft, copy.digest, signature, identity, copy.timestamps, level)
    if token is None or level == "B-T":
        return update
    assert evidence is not None, "an issuer at this level gathers it"
    data = evidence.for_signer(identity) + evidence.for_token(token)
    state = certified.state.copy()
    state.update(update)
    last = copy.timestamps if level == "B-LTA" else None
    notes = certified.form.notes
    return update + _extend(notes, copy.draft.after, state, certified.data, data, last, delivered=True)


def add_archive_timestamp(
    pdf: bytes,
    copy: "ReadCopy",
    *,
    timestamps: "TimestampClient",
    trust: "Trusted",
    at: datetime.datetime,
) -> bytes:
    """Add the next archive timestamp to a copy, and before it all that the last one is to be judged by.

    Args:
        pdf: a copy that was verified, byte for byte what `copy` says; that is not done here.
        copy: what was read of it.
        timestamps: whom to ask.
        trust: whom to trust for timestamps.
        at: now (aware).

    Returns:
        The copy, which begins with the bytes of the old one.

    Raises:
        LevelError: the copy carries no validation data, or an answer was missing.
    """
    token = copy.stamps[-1].token if copy.stamps else copy.delivery.token
    if copy.data is None or token is None:
        raise LevelError("the copy carries no validation data (it is below B-LT); there is nothing to be renewed")
    if not timestamps.urls:
        raise TimestampError(())
    data = gather_for_token(token, trust=trust, at=at, level="B-LTA", timeout=timestamps.timeout)
    return pdf + _extend(copy.form.notes, copy.progress, copy.state.copy(), copy.data, data, timestamps)


def _extend(
    notes: "FormNotes",
    progress: "Progress",
    state: "HashState",
    held: ValidationData | None,
    data: ValidationData,
    timestamps: "TimestampClient | None",
    *,
    delivered: bool = False,
) -> bytes:
    """Write what is missing of validation data, then an archive timestamp where an authority is given.

    Right behind the delivery, all of it is written again where nothing is missing: EU DSS counts for a signature only
    what was added after it, passes over a list that has not changed, and would call the copy B-T.
    """
    more = data if held is None else _subtract(data, held)
    if delivered and not more:
        more = data
    updates = b""
    if more:
        draft = format_1.write_validation_data(notes, progress, more)
        updates, progress = bytes(draft.body), draft.after
        state.update(updates)
    if timestamps is not None:
        draft = format_1.write_archive_timestamp(notes, progress)
        token = timestamps.stamp(draft.digest(state))
        try:
            updates += draft.seal(token.content)
        except ValueError as error:
            raise LevelError(f"level B-LTA cannot be reached: the timestamp is too large ({error})") from None
    return updates


def _subtract(data: ValidationData, held: ValidationData) -> ValidationData:
    """Leave out what a file holds already."""
    return ValidationData(
        certificates=tuple(c for c in data.certificates if c not in held.certificates),
        ocsps=tuple(c for c in data.ocsps if c not in held.ocsps),
        crls=tuple(c for c in data.crls if c not in held.crls),
    )
