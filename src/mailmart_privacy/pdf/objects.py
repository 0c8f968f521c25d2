"""The objects of a PDF as they stand (ISO 32000-1, 7.3): numbers, references, and what each one is to people."""

from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError

try:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Number = tuple[int, int]  # an object's number and generation

_WORDS = {
    "/AP": "what a field shows",
    "/Annots": "the annotations of a page",
    "/Contents": "the content of a page",
    "/EmbeddedFile": "an attachment",
    "/EmbeddedFiles": "the list of attachments",
    "/Fields": "the list of fields",
    "/Filespec": "an attachment",
    "/Font": "a font",
    "/FontDescriptor": "a font",
    "/FontFile2": "a font program",
    "/FontFile3": "a font program",
    "/Info": "the description of the document (Info)",
    "/Kids": "the page tree",
    "/Metadata": "the description of the document (XMP)",
    "/Page": "a page",
    "/Pages": "the page tree",
    "/Root": "the catalog",
    "/StructElem": "the structure of the document",
    "/StructTreeRoot": "the structure of the document",
    "/ToUnicode": "the ToUnicode table of a font",
}


def number_of(reference: Any) -> Number:
    """Give the number and generation of a reference."""
    return reference.idnum, reference.generation


def numbers_of(references: "Iterable[Any]") -> set[Number]:
    """Give the numbers and generations of references."""
    return set(map(number_of, references))


def refer(number: Number, reader: PdfFileReader) -> generic.Reference:
    """Make a reference to an object of a file."""
    return generic.Reference(*number, reader)


def list_references(value: Any) -> list[Any]:
    """List the references in a value, at any depth."""
    found, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            found.append(item)
        elif isinstance(item, generic.DictionaryObject):
            waiting += [item.raw_get(key) for key in item]
        elif isinstance(item, generic.ArrayObject):
            waiting += [item.raw_get(i) for i in range(len(item))]
    return found


def reach(values: "Iterable[Any]", get: "Callable[[Number], Any]", known: set[Number]) -> set[Number]:
    """Find all objects that values lead to, without going through those that are known."""
    found: set[Number] = set()
    waiting = [reference for value in values for reference in list_references(value)]
    while waiting:
        number = number_of(waiting.pop())
        if number not in found and number not in known:
            found.add(number)
            waiting += list_references(get(number))
    return found


def write_entry(dictionary: Any, key: str) -> bytes | None:
    """Write an entry of a dictionary as it stands, references as such, so that it can be compared."""
    if key not in dictionary:
        return None
    output = BytesIO()
    dictionary.raw_get(key).write_to_stream(output, None)
    return output.getvalue()


def find_changes(old: Any, new: Any) -> list[str]:
    """List the keys of two dictionaries that have different values, or stand in one of them only."""
    return sorted(key for key in old.keys() | new.keys() if write_entry(old, key) != write_entry(new, key))


def read_numbers(dictionary: Any, key: str) -> list[Number]:
    """Read a list of references."""
    return [number_of(dictionary[key].raw_get(i)) for i in range(len(dictionary[key]))] if key in dictionary else []


def name_key(key: str) -> str:
    """Say in words what stands under a key, where there are words for it."""
    return _WORDS.get(key, key)


def name_object(number: Number, reader: PdfFileReader, known: "Iterable[Number]") -> str:
    """Say what an object of a file is: by its own type, or by what it is to the first other one that uses it."""
    found = reader.get_object(refer(number, reader))
    kind = found.get("/Type") if isinstance(found, generic.DictionaryObject) else None
    if kind in _WORDS:
        return _WORDS[kind]
    for other in sorted(known):
        holder = reader.get_object(refer(other, reader))
        if isinstance(holder, generic.DictionaryObject):
            for key in holder:
                if number in numbers_of(list_references(holder.raw_get(key))):
                    return _WORDS.get(key, f"what {key} of another object stands for")
    return "an object"
