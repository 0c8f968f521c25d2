"""A form's PDF → its notes, made when the form is recorded; the one place that reads a form with a PDF reader."""

import re
from io import BytesIO
from typing import Any

from ..errors import FormError, MissingExtraError
from ..pdf.field_font import FieldFont
from ..pdf.field_names import SIGNATURE_FIELDS, TEXT_FIELDS
from ..pdf.notes import FieldNote, FormNotes, ListNote

try:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.xref import ObjStreamRef
except ImportError as error:
    raise MissingExtraError("form", error.name or "pyHanko") from None

_DA = re.compile(rb"/(?P<font>[^\s/]+) (?P<size>[0-9.]+) Tf\b")
_KINDS = {
    "/Annot": "the annotations of a page",
    "/Contents": "the content of a page",
    "/EmbeddedFile": "an attachment",
    "/EmbeddedFiles": "the list of attachments",
    "/Filespec": "an attachment",
    "/Font": "a font",
    "/FontDescriptor": "a font",
    "/FontFile2": "a font program",
    "/Info": "the description of the document (Info)",
    "/Metadata": "the description of the document (XMP)",
    "/Page": "a page",
    "/Pages": "the page tree",
    "/Resources": "the resources of the pages",
    "/Root": "the catalog",
    "/StructElem": "the structure of the document",
    "/StructTreeRoot": "the structure of the document",
    "/ToUnicode": "the ToUnicode table of a font",
}
_HEX = re.compile(rb"<([0-9A-Fa-f]+)>")


def make_notes(form: bytes) -> FormNotes:
    """Note what copies of a form will have to know of it.

    Args:
        form: the form's PDF.

    Returns:
        The notes.

    Raises:
        FormError: these bytes are not a form, or not one that copies can be made of.
    """
    try:
        return _note(PdfFileReader(BytesIO(form)))
    except FormError:
        raise
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes for a file that is not a PDF
        raise FormError(f"this is not a form of the policy ({error})") from None


def _note(reader: PdfFileReader) -> FormNotes:
    trailer: Any = reader.trailer
    root: Any = reader.root
    fields = {str(f.get_object()["/T"]): f.get_object() for f in root["/AcroForm"]["/Fields"]}
    if set(fields) != {*TEXT_FIELDS, *SIGNATURE_FIELDS} or "/V" in fields[SIGNATURE_FIELDS[0]]:
        raise FormError(f"a form has the fields {', '.join((*TEXT_FIELDS, *SIGNATURE_FIELDS))}, all of them empty")
    if reader.last_startxref is None or trailer.raw_get("/Root").generation:
        raise FormError("the form's cross-references cannot be noted")
    page = root["/Pages"]["/Kids"][0].get_object()
    return FormNotes(
        size=int(trailer["/Size"]),
        startxref=reader.last_startxref,
        id=_as_bytes(trailer["/ID"][0]),
        info=_refer(trailer.raw_get("/Info")) if "/Info" in trailer else None,
        catalog=_note_list(trailer.raw_get("/Root").idnum, root, "/Fields"),
        page=_note_list(page.container_ref.idnum, page, "/Annots"),
        fields={name: _note_field(field) for name, field in fields.items()},
        font=read_field_font(root["/AcroForm"]),
        kinds=_note_kinds(reader),
    )


def _note_kinds(reader: PdfFileReader) -> dict[int, str]:
    """Note what objects are to people: by their own type, else by the key under which another object names them."""
    trailer: Any = reader.trailer
    kinds: dict[int, str] = {}
    for number, found in sorted(_read_objects(reader).items()):
        if not isinstance(found, generic.DictionaryObject):
            continue
        if found.get("/Type") in _KINDS:
            kinds[number] = _KINDS[found["/Type"]]
        for key in found:
            if key in _KINDS:
                kinds |= dict.fromkeys(_list_references(found.raw_get(key)), _KINDS[key])
    for key in ("/Info", "/Root"):
        if key in trailer:
            kinds[trailer.raw_get(key).idnum] = _KINDS[key]
    return kinds


def _read_objects(reader: PdfFileReader) -> dict[int, Any]:
    """Read all objects, each object stream once; pyHanko reads the index of a stream again for each object in it."""
    objects: dict[int, Any] = {}
    trailer: Any = reader.trailer
    for number in range(1, int(trailer["/Size"])):
        reference = generic.Reference(number, 0, reader)
        if isinstance(reader.xrefs[reference], ObjStreamRef):
            continue
        found: Any = reader.get_object(reference, never_decrypt=True)
        objects[number] = found
        if isinstance(found, generic.StreamObject) and found.get("/Type") == "/ObjStm":  # ISO 32000-2, 7.5.7
            content, first = BytesIO(found.data), int(found["/First"])
            index = [int(word) for word in found.data[:first].split()]
            for place, (inner, offset) in enumerate(zip(index[::2], index[1::2], strict=True)):
                reference = generic.Reference(inner, 0, reader)
                if reader.xrefs[reference] == ObjStreamRef(number, place):  # else it was replaced
                    content.seek(first + offset)
                    objects[inner] = generic.read_object(content, reference)
    return objects


def _list_references(value: Any) -> list[int]:
    if isinstance(value, generic.IndirectObject):
        return [value.idnum]
    if isinstance(value, generic.ArrayObject):
        return [n for i in range(len(value)) for n in _list_references(value.raw_get(i))]
    return []


def _note_field(dictionary: Any) -> FieldNote:
    left, bottom, right, top = (float(n) for n in dictionary["/Rect"])
    kept = generic.DictionaryObject({key: dictionary.raw_get(key) for key in dictionary if key not in ("/V", "/AP")})
    return FieldNote(
        number=dictionary.container_ref.idnum,
        entries=_inside(_spell(kept)),
        width=_plain(round(right - left, 4)),
        height=_plain(round(top - bottom, 4)),
        size=_plain(float(_read_default(dictionary)["size"])) if "/DA" in dictionary else 0,
    )


def _read_default(field: Any) -> re.Match[bytes]:
    """Read the font and the size that a text field is set in (ISO 32000-2, 12.7.4.3)."""
    declared = _DA.search(_as_bytes(field["/DA"]))
    if declared is None:
        raise ValueError("a text field has no font")
    return declared


def _note_list(number: int, dictionary: Any, key: str) -> ListNote:
    """Take a dictionary apart behind the last reference of a list in it."""
    source = _inside(_spell(dictionary))
    found = re.findall(rf"(?<=\s){key} \[(?: [0-9]+ 0 R)+(?= \])", source)
    if len(found) != 1:
        raise FormError(f"the form has no one list {key} of references")
    head, tail = source.split(found[0])
    return ListNote(number=number, head=head + found[0], tail=tail)


def _spell(value: Any) -> str:
    """Write a value as PDF source on one line; line breaks in strings are spelt as escapes already."""
    output = BytesIO()
    value.write_to_stream(output, None)
    return " ".join(output.getvalue().decode("ascii").split("\n"))


def _inside(source: str) -> str:
    return source.strip().removeprefix("<<").removesuffix(">>").strip()


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def _refer(reference: Any) -> str:
    return f"{reference.idnum} {reference.generation} R"


def _as_bytes(text: Any) -> bytes:
    """Give the bytes of a string, which pyHanko takes for text where it can be decoded as such."""
    found: bytes = getattr(text, "original_bytes", None) or bytes(text)
    return found


def read_field_font(acroform: Any) -> FieldFont:
    """Read the font of the form's fields from the PDF.

    Args:
        acroform: the form dictionary, as pyHanko reads it.

    Raises:
        FormError: the form has no such font, or its tables cannot be used.
    """
    try:
        default = next(field for field in (f.get_object() for f in acroform["/Fields"]) if "/DA" in field)
        name = _read_default(default)["font"].decode("ascii")
        reference = acroform["/DR"]["/Font"].raw_get(f"/{name}")
        font = reference.get_object()
        glyphs = _read_to_unicode(font["/ToUnicode"].data)
        widths = _read_widths(font["/DescendantFonts"][0].get_object()["/W"])
        found = FieldFont(
            name=name,
            resource=_refer(reference),
            glyphs=glyphs,
            widths={glyph: int(widths[glyph]) for glyph in glyphs.values()},
        )
    except (KeyError, StopIteration, ValueError, IndexError) as error:
        raise FormError(f"the form has no font for its fields ({error!r})") from None
    if any(found.widths[glyph] != widths[glyph] for glyph in found.widths):
        raise FormError("the widths in the font of the form's fields are not integers; sums of them would not be exact")
    return found


def _read_to_unicode(cmap: bytes) -> dict[str, int]:
    glyphs: dict[str, int] = {}

    def note(glyph: int, code: bytes) -> None:
        text = bytes.fromhex(code.decode("ascii")).decode("utf-16-be")
        if len(text) == 1:
            glyphs.setdefault(text, glyph)

    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        codes = _HEX.findall(block)
        for glyph, code in zip(codes[::2], codes[1::2], strict=True):
            note(int(glyph, 16), code)
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        codes = _HEX.findall(block)
        for first, last, code in zip(codes[::3], codes[1::3], codes[2::3], strict=True):
            for offset in range(int(last, 16) - int(first, 16) + 1):
                note(int(first, 16) + offset, b"%04x" % (int(code, 16) + offset))
    return glyphs


def _read_widths(table: Any) -> dict[int, float]:
    widths: dict[int, float] = {}
    entries, i = list(table), 0
    while i < len(entries):
        following = entries[i + 1]
        if isinstance(following, list):
            widths.update({int(entries[i]) + n: float(width) for n, width in enumerate(following)})
            i += 2
        else:
            widths.update(dict.fromkeys(range(int(entries[i]), int(following) + 1), float(entries[i + 2])))
            i += 3
    return widths
