"""A copy, read by writing it again.

The rules, in the order in which they are applied:

1. The few values that a copy consists of are read where format 1 puts them: certificates, moments, signature values,
   timestamps, the recipient, the reference, validation data. No other part of the file is interpreted.
2. Each update is written again from these values and from what was noted of the form, by the functions that
   issue. Every byte is compared. So nothing can be in a copy that issuing would not write.
3. Values have to follow the rules for issuing: names are clean, the moments are in order, the publisher also signed the
   delivery, with the same certificates; both signatures have a timestamp, or neither has.

Signatures and trust are not checked here (see `verifying`). Timestamps are, since a timestamp cannot be written again
without its own signature.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import AlteredError, UnsignedError
from .read_values import ReadSignature, ReadStamp
from .reader import CopyReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..trust.validation_data import ValidationData
    from ..typesetting.fonts import Typeface
    from .forms import RecordedForm
    from .update import HashState, Progress


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ReadCopy:
    """A copy, as it was read: every byte of the file is what format 1 makes of these values.

    Attributes:
        form: the recorded form.
        publisher: the signature over the form.
        delivery: the signature over the copy.
        recipient: whom it is addressed to.
        reference: what it is called.
        data: all validation data in it, or None where it has none.
        added: whether validation data were added after the delivery.
        stamps: its archive timestamps, oldest first.
        progress: how far the file has been read: to its end.
        state: SHA-256 over the file.
        uncompared: the fields that are drawn with a font that was not compared with the issuer's.
        unlike: the fields that are drawn with other fonts than those that were given.
    """

    form: "RecordedForm"
    publisher: ReadSignature
    delivery: ReadSignature
    recipient: str
    reference: str
    data: "ValidationData | None"
    added: bool
    stamps: tuple[ReadStamp, ...]
    progress: "Progress"
    state: "HashState" = field(repr=False, compare=False)
    uncompared: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Lowercase hex SHA-256 of the file."""
        return self.state.hexdigest()

    @property
    def level(self) -> str:
        """The level that it was written at; whether it reaches that is for `verify` to say."""
        if self.delivery.token is None:
            return "B-B"
        return "B-T" if self.data is None else "B-LTA" if self.stamps else "B-LT"


def read_copy(pdf: bytes, form: "RecordedForm", fonts: "Sequence[Typeface]" = ()) -> ReadCopy:
    """Read a copy.

    Args:
        pdf: the file; it begins with the form.
        form: the recorded form.
        fonts: those that the issuer used for names in other scripts, where they are at hand.

    Raises:
        UnsignedError: it is a certified form that was not delivered to anyone.
        AlteredError: it is not what would be written; the message says what differs.
        VersionMismatchError: it is of a format that this release does not know.
    """
    reader = CopyReader(pdf, form, fonts)
    publisher = reader.read_publisher()
    data = reader.read_data() if reader.at_data() else None
    if reader.progress.length == len(pdf):
        raise UnsignedError("the file is a certified form; it was not issued to anyone, and has no delivery signature")
    stored = data is not None
    delivery, fields = reader.read_delivery(publisher)
    added = reader.at_data()
    if added:
        data = _join(data, reader.read_data())
    copy = ReadCopy(
        form=form,
        publisher=publisher,
        delivery=delivery,
        recipient=fields[0].value,
        reference=fields[1].value,
        data=data,
        added=added,
        stamps=(),
        progress=reader.progress,
        state=reader.state,
        uncompared=tuple(reader.uncompared),
        unlike=tuple(reader.unlike),
    )
    copy = _read_stamps(reader, copy)
    if (added or copy.stamps) and not (stored and publisher.token):
        raise AlteredError(
            "the file was changed after its delivery was signed: nothing may follow in a copy below B-LT"
        )
    if stored and publisher.token and not added:
        raise AlteredError("the file was changed: the validation data after its delivery were cut off")
    return copy


def read_renewed(pdf: bytes, copy: ReadCopy) -> ReadCopy:
    """Read what a renewal added to a copy that was read before.

    Args:
        pdf: the renewed copy; it begins with all bytes of the other one, which are not read again.
        copy: what was read before.

    Raises:
        AlteredError: what follows is not what would be written.
    """
    reader = CopyReader(pdf, copy.form)
    reader.progress, reader.state = copy.progress, copy.state.copy()
    return _read_stamps(reader, copy)


def _read_stamps(reader: CopyReader, copy: ReadCopy) -> ReadCopy:
    """Read archive timestamps up to the end, each with the validation data before it."""
    data, stamps = copy.data, list(copy.stamps)
    while reader.progress.length < len(reader.pdf):
        if reader.at_data():
            data = _join(data, reader.read_data())
        stamps.append(reader.read_stamp())
    return replace(copy, data=data, stamps=tuple(stamps), progress=reader.progress, state=reader.state)


def _join(held: "ValidationData | None", added: "ValidationData") -> "ValidationData":
    return added if held is None else held + added
