"""The files that a PDF carries (ISO 32000-1, 7.11.4)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader


def read_attachments(reader: "PdfFileReader") -> dict[str, bytes]:
    """Read the attachments of a PDF whose list of them is one array, as in copies.

    Args:
        reader: the file, as `open_pdf` opened it.

    Returns:
        Their bytes by name. Whatever pyHanko raises on a damaged file goes through.
    """
    names: Any = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    return {str(names[i]): names[i + 1].get_object()["/EF"]["/F"].data for i in range(0, len(names), 2)}
