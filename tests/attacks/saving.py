"""Incremental saving (ISA; Mladenov et al., CCS 2019), and the same changes at the other places of a copy.

After the delivery they are ISA; with a trusted timestamp on them they claim to be long-term
validation; between certification and delivery they are the attacks on certification (EAA, SSA;
Rohlmann et al., S&P 2021); before certification they prepare a shadow document.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from .making import (
    ATTACKS,
    FORGED,
    Attack,
    Given,
    array,
    certify_again,
    dictionary,
    field,
    name,
    stream,
    update_plainly,
)

Change = Callable[[IncrementalPdfFileWriter], None]


def write_text(writer: Any, page: Any, text: str = FORGED) -> Any:
    """Make a content stream that shows a text, and give the page a font for it."""
    resources = generic.DictionaryObject(page["/Resources"])
    font = dictionary(Type=name("/Font"), Subtype=name("/Type1"), BaseFont=name("/Helvetica"))
    resources[name("/Font")] = generic.DictionaryObject(
        {**resources["/Font"], name("/Forged"): writer.add_object(font)}
    )
    page[name("/Resources")] = resources
    return stream(b"q 1 0 0 -1 0 841 cm BT /Forged 20 Tf 60 60 Td (%s) Tj ET Q" % text.encode())


def overlay(writer: IncrementalPdfFileWriter) -> None:
    """Draw a sentence over the second page."""
    page: Any = writer.root["/Pages"]["/Kids"][1]
    extra = writer.add_object(write_text(writer, page))
    page[name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), extra])
    writer.update_container(page)


def replace_content(writer: Any) -> None:
    """Define the content of the second page again, under its own number."""
    page: Any = writer.root["/Pages"]["/Kids"][1]
    reference = page.raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = write_text(writer, page)
    writer.update_container(page)


def refill(writer: IncrementalPdfFileWriter) -> None:
    """Give the recipient's field another value."""
    recipient = field(writer, "Recipient")
    recipient[name("/V")] = generic.pdf_string("Evil Corp")
    writer.update_container(recipient)


def redraw(writer: IncrementalPdfFileWriter) -> None:
    """Let the recipient's field show something other than its value."""
    recipient, other = field(writer, "Recipient"), field(writer, "Reference")
    recipient[name("/AP")] = other["/AP"]
    writer.update_container(recipient)


def move_field(writer: IncrementalPdfFileWriter) -> None:
    """Move the recipient's field off the page, and leave its value and appearance as they are."""
    recipient = field(writer, "Recipient")
    recipient[name("/Rect")] = array(2000, 2000, 2100, 2020)
    writer.update_container(recipient)


def swap_attachment(writer: IncrementalPdfFileWriter) -> None:
    """Attach another policy."""
    names: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    specification = names[1].get_object()
    specification["/EF"][name("/F")] = writer.add_object(stream(b"{}", Type=name("/EmbeddedFile")))
    writer.update_container(specification["/EF"])


def swap_source(writer: IncrementalPdfFileWriter) -> None:
    """Attach another text as policy.md, and leave policy.json as it is."""
    names: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    specification = names[3].get_object()
    specification["/EF"][name("/F")] = writer.add_object(stream(FORGED.encode(), Type=name("/EmbeddedFile")))
    writer.update_container(specification["/EF"])


def annotate(writer: IncrementalPdfFileWriter) -> None:
    """Add a note to the first page."""
    page: Any = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/FreeText"),
            name("/Rect"): generic.ArrayObject(generic.NumberObject(n) for n in (50, 50, 200, 100)),
            name("/Contents"): generic.pdf_string("Approved"),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])
    writer.update_container(page)


def cover(writer: IncrementalPdfFileWriter) -> None:
    """Lay an annotation with an appearance of its own over the whole second page."""
    page: Any = writer.root["/Pages"]["/Kids"][1]
    shown = stream(b"1 g 0 0 595 842 re f", Type=name("/XObject"), Subtype=name("/Form"), BBox=array(0, 0, 595, 842))
    stamp = dictionary(
        Type=name("/Annot"),
        Subtype=name("/Stamp"),
        F=generic.NumberObject(4),
        Rect=array(0, 0, 595, 842),
        AP=dictionary(N=writer.add_object(shown)),
    )
    page[name("/Annots")] = generic.ArrayObject([writer.add_object(stamp)])
    writer.update_container(page)


def add_signature_field(writer: IncrementalPdfFileWriter) -> None:
    """Add one more signature field, which shows a text over the second page (SSA)."""
    page: Any = writer.root["/Pages"]["/Kids"][1]
    shown = stream(b"1 g 0 0 595 842 re f", Type=name("/XObject"), Subtype=name("/Form"), BBox=array(0, 0, 595, 842))
    widget = dictionary(
        Type=name("/Annot"),
        Subtype=name("/Widget"),
        FT=name("/Sig"),
        T=generic.pdf_string("Third"),
        F=generic.NumberObject(4),
        Rect=array(0, 0, 595, 842),
        P=page.container_ref and generic.IndirectObject(page.container_ref.idnum, 0, writer),
        AP=dictionary(N=writer.add_object(shown)),
    )
    reference = writer.add_object(widget)
    page[name("/Annots")] = generic.ArrayObject([reference])
    writer.update_container(page)
    form: Any = writer.root["/AcroForm"]
    form["/Fields"].append(reference)
    writer.update_root()


def drop_page(writer: IncrementalPdfFileWriter) -> None:
    """Take the last page away."""
    pages: Any = writer.root["/Pages"]
    del pages["/Kids"][-1]
    pages[name("/Count")] = generic.NumberObject(int(pages["/Count"]) - 1)
    writer.update_container(pages)


def swap_pages(writer: IncrementalPdfFileWriter) -> None:
    """Show the last page in place of the second."""
    pages: Any = writer.root["/Pages"]
    pages["/Kids"][1] = pages["/Kids"].raw_get(2)
    writer.update_container(pages)


def add_page(writer: IncrementalPdfFileWriter) -> None:
    """Add a page at the end."""
    pages: Any = writer.root["/Pages"]
    page: Any = generic.DictionaryObject(pages["/Kids"][1])
    page[name("/Contents")] = writer.add_object(write_text(writer, page))
    pages["/Kids"].append(writer.add_object(page))
    pages[name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
    writer.update_container(pages)


def new_page_tree(writer: IncrementalPdfFileWriter) -> None:
    """Give the catalog another page tree."""
    page: Any = generic.DictionaryObject(writer.root["/Pages"]["/Kids"][1])  # type: ignore[index]
    page[name("/Contents")] = writer.add_object(write_text(writer, page))
    pages = dictionary(Type=name("/Pages"), Count=generic.NumberObject(1))
    pages[name("/Kids")] = generic.ArrayObject([writer.add_object(page)])
    reference = writer.add_object(pages)
    page[name("/Parent")] = reference
    writer.root[name("/Pages")] = reference
    writer.update_root()


def change_catalog(writer: IncrementalPdfFileWriter) -> None:
    """Open the document with an action."""
    root: Any = writer.root
    root[name("/OpenAction")] = generic.DictionaryObject(
        {name("/S"): name("/URI"), name("/URI"): generic.pdf_string("https://example.org/")}
    )
    writer.update_root()


def change_version(writer: IncrementalPdfFileWriter) -> None:
    """Claim another version of PDF, for which programs read the file in another way."""
    writer.root[name("/Version")] = name("/1.4")
    writer.update_root()


def ask_for_appearances(writer: IncrementalPdfFileWriter) -> None:
    """Ask programs to draw the fields again."""
    writer.root["/AcroForm"][name("/NeedAppearances")] = generic.BooleanObject(True)
    writer.update_root()


def replace_metadata(writer: Any) -> None:
    """Describe the document with another title, in XMP."""
    content = writer.root["/Metadata"].data.replace(b"Privacy Policy", FORGED.encode())
    metadata = stream(content, Type=name("/Metadata"), Subtype=name("/XML"))
    writer.root[name("/Metadata")] = writer.add_object(metadata)
    writer.update_root()


def overwrite_metadata(writer: Any) -> None:
    """Describe the document with another title, in XMP, under the number of the recorded description."""
    reference = writer.root.raw_get("/Metadata").reference
    content = writer.root["/Metadata"].data.replace(b"Privacy Policy", FORGED.encode())
    metadata = stream(content, Type=name("/Metadata"), Subtype=name("/XML"))
    writer.objects[(reference.generation, reference.idnum)] = metadata


def change_info(writer: Any) -> None:
    """Give the document another title, in an Info dictionary, which it does not have."""
    writer.set_info(generic.DictionaryObject({name("/Title"): generic.pdf_string(FORGED)}))


def _font(writer: Any, wanted: str = "/MailMartSerif") -> Any:
    page: Any = writer.root["/Pages"]["/Kids"][1]
    return page["/Resources"]["/Font"][wanted]


def change_to_unicode(writer: Any) -> None:
    """Let the letters of the text stand for others, so that people who copy or search it get another text."""
    font = _font(writer)
    table = font["/ToUnicode"].data.replace(b"<0061>", b"<0058>")
    font[name("/ToUnicode")] = writer.add_object(stream(table))
    writer.update_container(font)


def overwrite_to_unicode(writer: Any) -> None:
    """Do the same under the number of the recorded table."""
    reference = _font(writer).raw_get("/ToUnicode").reference
    table = _font(writer)["/ToUnicode"].data.replace(b"<0061>", b"<0058>")
    writer.objects[(reference.generation, reference.idnum)] = stream(table)


def change_font(writer: Any) -> None:
    """Show the text with the outlines of another font, whose glyphs have other numbers."""
    own = _font(writer)["/DescendantFonts"][0].get_object()["/FontDescriptor"]
    other = _font(writer, "/MailMartSans-Semibold")["/DescendantFonts"][0].get_object()["/FontDescriptor"]
    own[name("/FontFile2")] = other.raw_get("/FontFile2")
    writer.update_container(own)


def remap_glyphs(writer: Any) -> None:
    """Map the numbers of the text's glyphs to other outlines of its font."""
    descendant = _font(writer)["/DescendantFonts"][0].get_object()
    table = b"".join((n ^ 1).to_bytes(2, "big") for n in range(200))
    descendant[name("/CIDToGIDMap")] = writer.add_object(stream(table))
    writer.update_container(descendant)


def hide_object(writer: Any) -> None:
    """Put a page into the file that nothing shows yet."""
    writer.add_object(dictionary(Type=name("/Page"), Contents=writer.add_object(stream(FORGED.encode()))))


def remove_signature(writer: IncrementalPdfFileWriter) -> None:
    """Take the delivery signature's value out of its field."""
    delivery = field(writer, "Delivery")
    del delivery["/V"]
    writer.update_container(delivery)


UPDATES = [overlay, refill, redraw, swap_attachment, annotate, drop_page, change_catalog, remove_signature]

_TEXT, _PAGES = ("pdftotext", FORGED), ("pdfinfo", "Pages: +4")
_VALID = ("pdfsig", "Signature is Valid")
CHANGES: list[tuple[Change, str, tuple[str, str] | None]] = [
    (overlay, "page|/Resources", _TEXT),
    (replace_content, "content of a page", _TEXT),
    (refill, "field Recipient", _VALID),
    (redraw, "field Recipient", None),
    (move_field, "field Recipient", None),
    (swap_attachment, "attachment", _VALID),
    (swap_source, "attachment", None),
    (annotate, "the first page", _VALID),
    (cover, "a page", None),
    (add_signature_field, "the catalog, a page", None),
    (drop_page, "page tree", ("pdfinfo", "Pages: +2")),
    (swap_pages, "page tree", None),
    (add_page, "page tree", _PAGES),
    (new_page_tree, "the catalog", _TEXT),
    (change_catalog, "the catalog", None),
    (change_version, "the catalog", None),
    (ask_for_appearances, "the catalog", None),
    (replace_metadata, "the catalog", ("pdfinfo -meta", FORGED)),
    (overwrite_metadata, r"description of the document \(XMP\)", ("pdfinfo -meta", FORGED)),
    (change_info, "new objects", None),
    (change_to_unicode, "a font", ("pdftotext", "PrivXcy Policy|dXtX")),
    (overwrite_to_unicode, "ToUnicode", ("pdftotext", "PrivXcy Policy|dXtX")),
    (change_font, "font program|a font", None),
    (remap_glyphs, "a font", None),
    (hide_object, "new objects", None),
]


def _after(change: Change, given: Given) -> bytes:
    return update_plainly(given.copy, change)


def _stamped(change: Change, given: Given) -> bytes:
    return given.stamp(update_plainly(given.copy, change))


def _between(change: Change, given: Given) -> bytes:
    form = given.certify(given.form)
    return given.issue(certify_again(update_plainly(form.pdf, change), form))


def _before(change: Change, given: Given) -> bytes:
    return given.issue(given.certify(update_plainly(given.form, change)))


PLACES: list[tuple[str, str, Callable[[Change, Given], bytes], tuple[str, ...], str]] = [
    ("after", "Incremental saving (ISA)", _after, ("B-B", "B-LTA"), "after the delivery"),
    ("stamped", "Incremental saving, under a trusted timestamp", _stamped, ("B-LTA",), "after the delivery"),
    ("between", "Attacks on certification (EAA, SSA)", _between, ("B-B",), "between certification and delivery"),
    ("before", "Shadow attack, prepared before certification", _before, ("B-B",), "before its certification"),
]


def enter_all() -> None:
    """Enter each change at each place into the register."""
    for place, family, make, levels, when in PLACES:
        for change, says, proof in CHANGES:
            if place in ("between", "before") and change in (refill, redraw):
                proof = None  # what the victim fills in later is above it
            if place == "before" and change in (new_page_tree, replace_metadata):
                proof = None  # certification writes the recorded catalog again
            ATTACKS.append(
                Attack(
                    family=family,
                    name=f"{change.__name__}-{place}",
                    make=partial(make, change),
                    says=f"{when}.*({says})",
                    levels=levels,
                    proof=proof,
                    about=(change.__doc__ or "").strip(),
                )
            )
    ATTACKS.append(
        Attack(
            family="Incremental saving (ISA)",
            name="remove_signature",
            make=partial(_after, remove_signature),
            says="after the delivery was signed, the file was changed: the field Delivery",
            about=(remove_signature.__doc__ or "").strip(),
        )
    )


enter_all()
