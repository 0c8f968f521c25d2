"""Does a file that somebody uploaded have a customer's name in it, anywhere? Asked before the customer is erased."""

import codecs
import html
import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO

from ...archive.recipients import fold
from ...errors import RowsError
from ...sheets.csv_sheet import decode_csv
from ...sheets.source import MAX_SIZE

_CHUNK = 2**20
_OVERLAP = 2**14  # characters of the part before, since a name may be cut in two
# Elements within one text of a workbook: "<r><t>Ac</t></r><r><t>me</t></r>" is one word.
_RUNS = re.compile(r"</?(?:\w+:)?(?:r|t|rPr|rFont|rPh|phoneticPr|b|i|u|sz|color|family|charset|scheme|strike)\b[^>]*>")
_TAGS = re.compile(r"<[^>]*>")
_GAPS = re.compile(r"[\W_]+")  # how quotes, commas and line breaks are written differs from format to format


def mentions(content: bytes, name: str) -> bool:
    """Tell whether a file has a name in it: in any cell of any sheet, in comments, headers and properties.

    Case and punctuation do not count, whole words do. What looks like the name counts: a file too many is better
    removed than one too few.

    Args:
        content: a workbook (XLSX), a text (CSV), or rows that were kept.
        name: of a customer.

    Raises:
        RowsError: the file cannot be read.
    """
    words = _fold_words if _GAPS.sub("", fold(name)) else fold  # a name may have nothing but signs
    sought = words(name)
    try:
        texts = _read_workbook(content) if content.startswith(b"PK") else iter([decode_csv(content, name="")[0]])
        return any(sought in words(part) for text in texts for part in _cut(text))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        raise RowsError("the file", ((0, f"it cannot be searched ({type(error).__name__})"),)) from None


def _fold_words(text: str) -> str:
    return f" {_GAPS.sub(' ', fold(text)).strip()} "


def _cut(text: str) -> Iterator[str]:
    for start in range(0, max(1, len(text)), _CHUNK):
        yield text[max(0, start - _OVERLAP) : start + _CHUNK]


def _read_workbook(content: bytes) -> Iterator[str]:
    """Read the texts of all parts of a workbook, some characters at a time.

    Raises:
        RowsError: it unpacks to too much.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        if sum(info.file_size for info in parts) > MAX_SIZE:
            raise RowsError("the file", ((0, "it unpacks to too much"),))
        for info in parts:
            yield info.filename
            with packed.open(info) as stream:
                for text in _read_part(stream):
                    yield html.unescape(_TAGS.sub(" ", text))
                    if "<r>" in text or ":r>" in text:  # a text in several colours
                        yield html.unescape(_TAGS.sub(" ", _RUNS.sub("", text)))


def _read_part(stream: IO[bytes]) -> Iterator[str]:
    """Read a part as text; what is not text (pictures) is read as if it were."""
    decoder, before = codecs.getincrementaldecoder("utf-8")("replace"), ""
    while chunk := stream.read(_CHUNK):
        text = before + decoder.decode(chunk)
        yield text
        before = text[-_OVERLAP:]
