"""The notes of a form: all that issuing and verifying have to know of its PDF, recorded beside it.

They are made once, when the form is recorded, with a PDF reader. From then on nothing reads a PDF: what
an update says of the form's own objects is copied from here, and whatever depends on the form is here.
"""

import json
from dataclasses import dataclass
from typing import Any

from ..errors import FormError
from .field_font import FieldFont

FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class FieldNote:
    """One field of a form.

    Attributes:
        number: its object number.
        entries: its dictionary as PDF source, without its value and its appearance.
        width: in points.
        height: in points.
        size: the largest size that a text field is set in, in points; 0 for a signature field.
    """

    number: int
    entries: str
    width: float
    height: float
    size: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ListNote:
    """A dictionary that updates write again with a longer list in it.

    Attributes:
        number: its object number.
        head: its PDF source up to the last reference in the list.
        tail: what follows that reference, without the dictionary's end.
    """

    number: int
    head: str
    tail: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class FormNotes:
    """What is known of a form.

    Attributes:
        size: one more than its highest object number.
        startxref: where its cross-reference section begins.
        id: the first part of its file identifier (ISO 32000-1, 14.4).
        info: the reference to its document information, or None.
        catalog: its catalog; the list is that of the form's fields.
        page: its first page; the list is that of the annotations.
        fields: its fields by name.
        font: the font of its fields.
        kinds: what its other objects are to people, by object number; for messages alone.
    """

    size: int
    startxref: int
    id: bytes
    info: str | None
    catalog: ListNote
    page: ListNote
    fields: dict[str, FieldNote]
    font: FieldFont
    kinds: dict[int, str]

    def to_bytes(self) -> bytes:
        """Write the notes as they are recorded: JSON in ASCII."""
        font = self.font
        document: dict[str, Any] = {
            "format": FORMAT,
            "size": self.size,
            "startxref": self.startxref,
            "id": self.id.hex(),
            "info": self.info,
            "catalog": [self.catalog.number, self.catalog.head, self.catalog.tail],
            "page": [self.page.number, self.page.head, self.page.tail],
            "fields": {name: [f.number, f.entries, f.width, f.height, f.size] for name, f in self.fields.items()},
            "font": [font.name, font.resource],
            "glyphs": [[ord(c), glyph, font.widths[glyph]] for c, glyph in sorted(font.glyphs.items())],
            "kinds": {
                kind: [number for number, each in sorted(self.kinds.items()) if each == kind]
                for kind in sorted(set(self.kinds.values()))
            },
        }
        return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> "FormNotes":
        """Read notes as they were recorded.

        Raises:
            FormError: these bytes are not the notes of a form, or are in a later format.
        """
        try:
            return _read(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise FormError(f"the notes of a form cannot be read ({error!r})") from None


def _read(document: dict[str, Any]) -> FormNotes:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}")
    name, resource = document["font"]
    lists = [ListNote(number=n, head=head, tail=tail) for n, head, tail in (document["catalog"], document["page"])]
    return FormNotes(
        size=document["size"],
        startxref=document["startxref"],
        id=bytes.fromhex(document["id"]),
        info=document["info"],
        catalog=lists[0],
        page=lists[1],
        fields={
            field: FieldNote(number=number, entries=entries, width=width, height=height, size=size)
            for field, (number, entries, width, height, size) in document["fields"].items()
        },
        font=FieldFont(
            name=name,
            resource=resource,
            glyphs={chr(code): glyph for code, glyph, _ in document["glyphs"]},
            widths={glyph: width for _, glyph, width in document["glyphs"]},
        ),
        kinds={number: kind for kind, numbers in document["kinds"].items() for number in numbers},
    )
