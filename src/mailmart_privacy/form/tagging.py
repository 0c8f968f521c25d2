"""What WeasyPrint's tags leave out for PDF/UA-2 (ISO 14289-2), WTPDF 1.0 and readers of a redline.

WeasyPrint makes one structure element for each box and one `/Span` for each run of text, in the order of the boxes. The
functions here walk the boxes in that order and pair them with the elements. They fail if the numbers differ.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

import pydyf

from ..errors import FormError

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_A = "http://www.aiim.org/pdfa/ns/id/"
_UA = "http://www.aiim.org/pdfua/ns/id/"
_DECLARED = "http://pdfa.org/declarations/"
_WTPDF = "http://pdfa.org/declarations/wtpdf#"
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MARKS = {"ul": "/Disc", "ol": "/Decimal"}
_LINES = {"del": "/LineThrough", "ins": "/Underline"}


def speak(document: Any, pdf: Any, words: Mapping[str, tuple[str, str]]) -> None:
    """Say aloud what a line through or under words means: as their ActualText (ISO 32000-2, 14.9.4).

    The text is in the structure for screen readers, and in the content for programs that extract or copy text.

    Args:
        document: the laid-out document.
        pdf: the PDF, as pydyf holds it.
        words: what is said before and after the text of an element, by its tag: "del" or "ins".
    """
    from weasyprint.formatting_structure.boxes import TextBox

    spans = [o for o in _elements(pdf, "/Span") if len(o["K"]) == 1 and isinstance(o["K"][0], int)]
    boxes = [box for box in _list_boxes(document) if isinstance(box, TextBox)]
    for parts in _join_runs(_pair(boxes, spans, "runs of text")):
        tag = parts[0][0].element_tag
        if parts[0][0].element is None or tag not in words:
            continue
        before, after = words[tag]
        for at, (box, span) in enumerate(parts):
            text = (before if at == 0 else "") + box.text + (after if at == len(parts) - 1 else "")
            span["ActualText"] = pydyf.String(text)
            span["A"] = pydyf.Dictionary({"O": "/Layout", "TextDecorationType": _LINES[tag]})
            _find_marked(pdf, span)["ActualText"] = pydyf.String(text)


def _join_runs(pairs: Iterator[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    """Join the runs of text of one element, and of those that continue it (see `lines`)."""
    joined: list[tuple[Any, Any]] = []
    for box, span in pairs:
        element = box.element
        continued = element is not None and element.attrib.get("class") == "continued"
        if joined and not continued and element is not joined[0][0].element:
            yield joined
            joined = []
        joined.append((box, span))
    if joined:
        yield joined


def link_bookmarks(document: Any, pdf: Any) -> None:
    """Let each bookmark lead to the element of its heading (ISO 14289-2, 8.8)."""
    from weasyprint.formatting_structure.boxes import BlockLevelBox

    boxes = [box for box in _list_boxes(document) if isinstance(box, BlockLevelBox) and box.element_tag in _HEADINGS]
    headings = list(_elements(pdf, *(f"/{tag.upper()}" for tag in _HEADINGS)))
    marked = [pair for pair in _pair(boxes, headings, "headings") if _is_bookmarked(pair[0])]
    outlines = [o for o in pdf.objects if isinstance(o, dict) and "Dest" in o and "Title" in o]
    for (box, heading), outline in _pair(marked, outlines, "bookmarks"):
        if box.bookmark_label != outline["Title"].string:
            raise FormError(f"the bookmark {outline['Title'].string!r} is not that of {box.bookmark_label!r}")
        place = outline.pop("Dest")
        target = pydyf.Array([heading.reference, *place[1:]])
        outline["A"] = pydyf.Dictionary({"Type": "/Action", "S": "/GoTo", "D": place, "SD": target})


def scope_headers(document: Any, pdf: Any) -> None:
    """Say of each header of a table whether it heads a row or a column (ISO 32000-2, 14.8.5.7)."""
    from weasyprint.formatting_structure.boxes import TableCellBox

    boxes = [box for box in _list_boxes(document) if isinstance(box, TableCellBox) and box.element_tag == "th"]
    for box, cell in _pair(boxes, list(_elements(pdf, "/TH")), "table headers"):
        cell["A"]["Scope"] = "/Row" if box.element.attrib.get("scope") == "row" else "/Column"


def label_items(document: Any, pdf: Any) -> None:
    """Tag the bullet or number of each item as its label, and say how each list is numbered (ISO 14289-2, 8.2.5.25).

    It is drawn by `li::before`: a real marker beside the item is painted, and so copied and read out, behind all text.
    """
    from weasyprint.formatting_structure.boxes import BlockBox

    boxes = [box for box in _list_boxes(document) if isinstance(box, BlockBox) and box.element_tag in ("ul", "ol")]
    for box, element in _pair(boxes, list(_elements(pdf, "/L")), "lists"):
        element["A"] = pydyf.Dictionary({"O": "/List", "ListNumbering": _MARKS[box.element_tag]})
    for item in list(_elements(pdf, "/LI")):
        body = _at(pdf, item["K"][0])
        label = _at(pdf, body["K"].pop(0))
        if (body["S"], label["S"]) != ("/LBody", "/NonStruct"):
            raise FormError("an item of a list does not begin with its bullet or number")
        label["S"], label["P"] = "/Lbl", item.reference
        item["K"].insert(0, label.reference)


def place_figures(pdf: Any) -> None:
    """Say where figures are in the units of the page: WeasyPrint counts from the top, in pixels of CSS."""
    for element in _elements(pdf, "/Figure"):
        page = pdf.objects[int(element["Pg"].split()[0])]
        height = page["MediaBox"][3]
        left, top, right, bottom = (0.75 * n for n in element["A"]["BBox"])
        corners = (left, height - bottom, right, height - top)
        element["A"]["BBox"] = pydyf.Array([round(n, 3) for n in corners])


def claim_standards(pdf: Any, *, files: bool, reuse: bool) -> None:
    """Say in the description of the document which standards it keeps: PDF/A-4 and PDF/UA-2.

    Args:
        pdf: the PDF, as pydyf holds it.
        files: whether files are attached to it: PDF/A-4f.
        reuse: whether it is WTPDF 1.0, too, for accessibility and for reuse (WTPDF 1.0, 6.1.3).
    """
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    content = b"".join(part if isinstance(part, bytes) else str(part).encode() for part in metadata.stream)
    start, stop = content.index(b"<rdf:RDF"), content.rindex(b"</x:xmpmeta>")
    rdf = ElementTree.fromstring(content[start:stop])
    (archival,) = (each for each in rdf if f"{{{_A}}}part" in each.attrib)
    if not files:
        del archival.attrib[f"{{{_A}}}conformance"]  # ISO 19005-4, 6.7.3: only of 4e and 4f
    claim = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": "", f"{{{_UA}}}part": "2"})
    ElementTree.SubElement(claim, f"{{{_UA}}}rev").text = "2024"
    if reuse:
        declared = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
        bag = ElementTree.SubElement(ElementTree.SubElement(declared, f"{{{_DECLARED}}}declarations"), f"{{{_RDF}}}Bag")
        for part in ("accessibility1.0", "reuse1.0"):
            item = ElementTree.SubElement(bag, f"{{{_RDF}}}li", {f"{{{_RDF}}}parseType": "Resource"})
            ElementTree.SubElement(item, f"{{{_DECLARED}}}conformsTo").text = f"{_WTPDF}{part}"
    ElementTree.register_namespace("pdfuaid", _UA)
    ElementTree.register_namespace("pdfd", _DECLARED)
    metadata.compress = False  # so that tools which only look for the claim find it
    metadata.stream = [content[:start], ElementTree.tostring(rdf, encoding="utf-8"), b"\n", content[stop:]]


def _list_boxes(document: Any) -> Iterator[Any]:
    # A private name of WeasyPrint's: its documented API has sizes, anchors and bookmarks of a page, but not its boxes.
    return (box for page in document.pages for box in _walk(page._page_box))


def _walk(box: Any) -> Iterator[Any]:
    """Walk through boxes as WeasyPrint does when it tags them."""
    yield box
    for child in getattr(box, "children", ()):
        yield from _walk(child)


def _is_bookmarked(box: Any) -> bool:
    return bool(box.bookmark_label) and box.style["bookmark_level"] != "none"


def _elements(pdf: Any, *types: str) -> Iterator[Any]:
    return (o for o in pdf.objects if isinstance(o, dict) and o.get("Type") == "/StructElem" and o["S"] in types)


def _at(pdf: Any, reference: Any) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _pair(first: list[Any], second: list[Any], what: str) -> Iterator[tuple[Any, Any]]:
    if len(first) != len(second):
        raise FormError(f"{len(first)} {what} were laid out, and {len(second)} were tagged")
    return zip(first, second, strict=True)


def _find_marked(pdf: Any, span: Any) -> Any:
    """Find the property list of a span's marked content in its page (ISO 32000-2, 14.6.2)."""
    page = pdf.objects[int(span["Pg"].split()[0])]
    content = pdf.objects[int(page["Contents"].split()[0])]
    (found,) = (part for part in content.stream if isinstance(part, dict) and part.get("MCID") == span["K"][0])
    return found
