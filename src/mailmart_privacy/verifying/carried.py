"""What a PDF claims: the policy that it carries as data, and whom its fields name. None of it is verified."""

from dataclasses import dataclass
from typing import Any

from ..errors import UnreadableFileError, one_line
from ..pdf.attachments import read_attachments
from ..pdf.revisions import open_pdf

ATTACHED = "policy.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """What a PDF carries, as anybody may have written it.

    Attributes:
        policy: the bytes of its attachment `policy.json`, or None where it has none.
        recipient: what its field `Recipient` holds; empty where it holds nothing.
    """

    policy: bytes | None
    recipient: str


def read_carried(pdf: bytes) -> Carried:
    """Read what a PDF carries, without verifying it; `verify` does.

    Args:
        pdf: the bytes of the file.

    Returns:
        What it carries.

    Raises:
        UnreadableFileError: the file cannot be read as a PDF.
    """
    try:
        reader = open_pdf(pdf)
        root: Any = reader.root
        attached = read_attachments(reader) if "/EmbeddedFiles" in root.get("/Names", {}) else {}
        return Carried(policy=attached.get(ATTACHED), recipient=_read_recipient(root))
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise UnreadableFileError(f"the file cannot be read as a PDF ({one_line(error)})") from None


def _read_recipient(root: Any) -> str:
    for field in root["/AcroForm"]["/Fields"] if "/AcroForm" in root else ():
        found = field.get_object()
        if found.get("/T") == "Recipient":
            return str(found.get("/V", ""))
    return ""
