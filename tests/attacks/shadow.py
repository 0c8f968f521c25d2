"""Shadow attacks (Mainka, Mladenov, Rohlmann, NDSS 2021): prepared before the victim signs, put to use afterwards."""

import re
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from .making import (
    FORGED,
    Given,
    array,
    attack,
    certify_again,
    dictionary,
    field,
    name,
    stream,
    update_plainly,
    write_update,
)
from .saving import write_text

HIDE = "Shadow attack: hide"
REPLACE = "Shadow attack: replace"
BOTH = "Shadow attack: hide-and-replace"
TWICE = "Two definitions of one object"
_SHOWN = ("pdftotext", FORGED)
_BEFORE = "before its certification"
_BETWEEN = "between certification and delivery"
_HIDDEN = "more than the object"


def _issue(given: Given, form: bytes) -> bytes:
    return given.issue(given.certify(form))


def _issue_certified(given: Given, change: Any) -> bytes:
    form = given.certify(given.form)
    return given.issue(certify_again(update_plainly(form.pdf, change), form))


def _cover(writer: Any) -> None:
    """Draw a white sheet, an object of its own, over a forged sentence on the second page."""
    page = writer.root["/Pages"]["/Kids"][1]
    sheet = stream(b"1 g 0 0 595 842 re f", Type=name("/XObject"), Subtype=name("/Form"), BBox=array(0, 0, 595, 842))
    forged = writer.add_object(write_text(writer, page))
    page["/Resources"][name("/XObject")] = dictionary(Sheet=writer.add_object(sheet))
    shown = writer.add_object(stream(b"q /Sheet Do Q"))
    page[name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), forged, shown])
    writer.update_container(page)


def _uncover(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][1]
    reference = page["/Resources"]["/XObject"].raw_get("/Sheet").reference
    empty = stream(b"", Type=name("/XObject"), Subtype=name("/Form"), BBox=array(0, 0, 1, 1))
    writer.objects[(reference.generation, reference.idnum)] = empty


@attack(HIDE, says=_BEFORE, levels=("B-B",), proof=_SHOWN)
def hide_before_certification(given: Given) -> bytes:
    """The form that is certified holds a sheet over a forged sentence; after delivery the sheet is emptied."""
    return update_plainly(_issue(given, update_plainly(given.form, _cover)), _uncover)


@attack(HIDE, says=_BETWEEN, levels=("B-B",), proof=_SHOWN)
def hide_before_delivery(given: Given) -> bytes:
    """The certified form is given a sheet over a forged sentence; after delivery the sheet is emptied."""
    return update_plainly(_issue_certified(given, _cover), _uncover)


@attack(HIDE, says=_BETWEEN, levels=("B-B",), proof=_SHOWN)
def hide_and_leave_covered(given: Given) -> bytes:
    """The prepared file is delivered as it is, and nothing is uncovered yet."""
    return _issue_certified(given, _cover)


def _prepare_field(writer: Any) -> None:
    """Add a text field that shows something harmless, and holds something else."""
    page = writer.root["/Pages"]["/Kids"][1]
    shown = stream(b"", Type=name("/XObject"), Subtype=name("/Form"), BBox=array(0, 0, 400, 40))
    widget = dictionary(
        Type=name("/Annot"),
        Subtype=name("/Widget"),
        FT=name("/Tx"),
        T=generic.pdf_string("Note"),
        V=generic.pdf_string(FORGED),
        F=generic.NumberObject(4),
        Rect=array(60, 60, 460, 100),
        AP=dictionary(N=writer.add_object(shown)),
    )
    reference = writer.add_object(widget)
    page[name("/Annots")] = generic.ArrayObject([reference])
    writer.update_container(page)
    writer.root["/AcroForm"]["/Fields"].append(reference)
    writer.update_root()


def _show_field(writer: Any) -> None:
    note = field(writer, "Note")
    shown = stream(b"0 g", Type=name("/XObject"), Subtype=name("/Form"), BBox=array(0, 0, 400, 40))
    note[name("/AP")] = dictionary(N=writer.add_object(shown))
    writer.update_container(note)


@attack(REPLACE, says=_BETWEEN, levels=("B-B",))
def replace_value_before_delivery(given: Given) -> bytes:
    """A field that holds other words than it shows is put into the certified form; after delivery it shows them."""
    return update_plainly(_issue_certified(given, _prepare_field), _show_field)


def _use_own_font(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][1]
    extra = writer.add_object(write_text(writer, page, "Vmm ebub bsf tpme"))
    page[name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), extra])
    writer.update_container(page)


def _turn_letters(writer: Any) -> None:
    page = writer.root["/Pages"]["/Kids"][1]
    font = page["/Resources"]["/Font"]["/Forged"]
    lines = "".join(f"<{n:02x}> <{n - 1:04x}>\n" for n in range(0x61, 0x7B))
    table = f"begincmap\n1 begincodespacerange\n<00> <ff>\nendcodespacerange\n26 beginbfchar\n{lines}endbfchar\nendcmap"
    font[name("/ToUnicode")] = writer.add_object(stream(table.encode()))
    writer.update_container(font)


@attack(REPLACE, says=_BEFORE, levels=("B-B",), proof=("pdftotext", "Vll data are sold"))
def replace_font_before_certification(given: Given) -> bytes:
    """A sentence in a font of its own is certified; after delivery the font turns its letters into others."""
    return update_plainly(_issue(given, update_plainly(given.form, _use_own_font)), _turn_letters)


@attack(REPLACE, says=_BETWEEN, levels=("B-B",), proof=("pdftotext", "Vll data are sold"))
def replace_font_before_delivery(given: Given) -> bytes:
    """The same sentence is put into the certified form."""
    return update_plainly(_issue_certified(given, _use_own_font), _turn_letters)


def _objects(pdf: bytes) -> tuple[int, bytes, bytes]:
    """Give the number of the second page's content, the page as it is, and a forged content."""
    reader = PdfFileReader(BytesIO(pdf))
    page: Any = reader.root["/Pages"]["/Kids"][1]  # type: ignore[index]
    number = page.raw_get("/Contents").idnum
    text = b"q 1 0 0 -1 0 841 cm BT /MailMartSans 20 Tf 60 60 Td %s Tj ET Q" % _glyphs(reader)
    output = BytesIO()
    page["/Contents"].write_to_stream(output, None)
    return number, output.getvalue(), b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text)


def _glyphs(reader: PdfFileReader) -> bytes:
    from mailmart_privacy.form.notes import read_field_font

    font = read_field_font(reader.root["/AcroForm"])
    return b"<" + "".join(f"{font.glyphs[c]:04x}" for c in FORGED).encode() + b">"


def _twice(pdf: bytes, *, first: bool) -> tuple[bytes, int, int]:
    """Append an update with two definitions of one object; returns where the one that is not listed stands."""
    number, own, evil = _objects(pdf)
    one, other = (own, evil) if first else (evil, own)
    made = write_update(pdf, {number: one + b"\nendobj\n%d 0 obj\n" % number + other})
    places = [m.start() + 1 for m in re.finditer(rb"\n%d 0 obj\n" % number, b"\n" + made)]
    return made, number, places[-1] - 1


@attack(BOTH, says=f"{_HIDDEN}|{_BEFORE}|cross-references", levels=("B-B",), proof=_SHOWN)
def hide_and_replace_before_certification(given: Given) -> bytes:
    """A second definition hides in the certified form; after delivery nothing but a cross-reference to it is added."""
    prepared, number, place = _twice(given.form, first=True)
    return write_update(_issue(given, prepared), {}, {number: place})


@attack(BOTH, says=f"{_HIDDEN}|{_BETWEEN}|cross-references", levels=("B-B",), proof=_SHOWN)
def hide_and_replace_before_delivery(given: Given) -> bytes:
    """A second definition hides behind the certified form; after delivery only a cross-reference to it is added."""
    form = given.certify(given.form)
    prepared, number, place = _twice(form.pdf, first=True)
    return write_update(given.issue(certify_again(prepared, form)), {}, {number: place})


@attack(BOTH, says="between certification and delivery.*: new objects", levels=("B-B",), proof=_SHOWN)
def hide_and_replace_pages(given: Given) -> bytes:
    """A whole page tree hides in the certified form; after delivery the catalog is pointed to it."""

    def hide(writer: Any) -> None:
        page = generic.DictionaryObject(writer.root["/Pages"]["/Kids"][1])
        page[name("/Contents")] = writer.add_object(write_text(writer, page))
        pages = dictionary(Type=name("/Pages"), Count=generic.NumberObject(1))
        pages[name("/Kids")] = generic.ArrayObject([writer.add_object(page)])
        hidden.append(writer.add_object(pages).idnum)

    def show(writer: Any) -> None:
        writer.root[name("/Pages")] = generic.IndirectObject(hidden[0], 0, writer)
        writer.update_root()

    hidden: list[int] = []
    return update_plainly(_issue_certified(given, hide), show)


@attack(TWICE, says=f"{_HIDDEN}|changed", proof=_SHOWN)
def two_definitions_the_forged_one_listed(given: Given) -> bytes:
    """An update behind the delivery defines the content of a page twice, and lists the forged one."""
    return _twice(given.copy, first=False)[0]


@attack(TWICE, says=f"{_HIDDEN}|changed")
def two_definitions_the_forged_one_hidden(given: Given) -> bytes:
    """An update behind the delivery defines the content of a page twice, and lists the honest one."""
    return _twice(given.copy, first=True)[0]


@attack(TWICE, says="after the delivery was signed, the file was changed: the content of a page", levels=("B-LTA",))
def two_definitions_in_a_stamped_update(given: Given) -> bytes:
    """A definition that no cross-reference names is in an update under a trusted timestamp."""
    number, _, evil = _objects(given.copy)
    hidden = b"%d 0 obj\n%s\nendobj\n" % (number, evil)
    return given.stamp(given.copy + hidden + given.copy[given.copy.rindex(b"startxref") :])


@attack(TWICE, says="the field Reference is not what issuing writes", levels=("B-B",))
def two_definitions_in_the_delivery(given: Given) -> bytes:
    """The signed update itself gets a second definition of the recipient's field, and its table points there."""
    place = given.copy.index(b"\n10 0 obj", len(given.certified.pdf)) + 1
    start = given.copy.index(b"\n9 0 obj", len(given.certified.pdf)) + 1
    evil = given.copy[start:place].replace(b"Acme GmbH".hex().encode(), b"Evil Corp".hex().encode())
    return given.copy[:place] + evil + given.copy[place:]
