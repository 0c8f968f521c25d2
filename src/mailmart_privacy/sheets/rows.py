"""One row of a batch: the recipient of a copy, and its file."""

from dataclasses import dataclass

from .._lookalikes import find_lookalikes


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One recipient, as a sheet names them.

    Attributes:
        number: the row's, as a spreadsheet counts: the header is row 1.
        recipient: whom the copy is addressed to.
        reference: what the copy is called, or None.
    """

    number: int = 0
    recipient: str
    reference: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A copy that is to be issued: its texts as they will be in their fields, and its file.

    Attributes:
        number: the row's.
        recipient: whom it is addressed to.
        reference: what it is called.
        file: the name of its file.
    """

    number: int
    recipient: str
    reference: str
    file: str

    @property
    def remark(self) -> str | None:
        """How the recipient's name may be taken for another one, in a sentence; or None."""
        return find_lookalikes(self.recipient)


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFault:
    """What is wrong with a row.

    Attributes:
        row: its number; 0 is the whole sheet.
        message: what is wrong.
        role: the column that it is about: "recipient" or "reference".
        argument: the parameter that would help, as in `PrivacyError.argument`.
    """

    row: int
    message: str
    role: str = "recipient"
    argument: str | None = None
