"""What WeasyPrint leaves to do in a PDF before it is written.

Each step meets a rule that a validator holds: several standards in one description of the document,
signature fields with a lock, appearances for empty fields, names that do not depend on the machine.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pydyf

from . import tagging

SIGNATURES = ("Publisher", "Delivery")
LOCKED = "Delivery"
# What screen readers say of a signature field, where its label alone would not do.
_SPOKEN = {
    "Publisher": "Issuer, with the signature that certifies the policy",
    "Delivery": "Signature of the issuer on this copy",
}


def finish_form(document: Any, pdf: Any) -> None:
    """Finish the PDF; WeasyPrint calls this when all but the writing is done.

    Args:
        document: the laid-out document.
        pdf: the PDF, as pydyf holds it.
    """
    _name_fonts(document, pdf)
    _finish_fields(pdf)
    _list_attachments_once(pdf)
    tagging.label_items(document, pdf)
    tagging.place_figures(pdf)
    tagging.link_bookmarks(document, pdf)
    tagging.scope_headers(document, pdf)
    tagging.claim_standards(pdf, files=True, reuse=True)
    _put_structure_first(pdf)
    pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})


def finish_page(document: Any, pdf: Any, *, spoken: Mapping[str, tuple[str, str]], marked: bool) -> None:
    """Finish a PDF without fields and attachments; WeasyPrint calls this, too.

    Args:
        document: the laid-out document.
        pdf: the PDF, as pydyf holds it.
        spoken: what is said before and after the text of an element, by its tag.
        marked: whether each item of a list begins with its bullet or number.
    """
    _name_fonts(document, pdf)
    tagging.speak(document, pdf, spoken)
    tagging.link_bookmarks(document, pdf)
    tagging.scope_headers(document, pdf)
    if marked:
        tagging.label_items(document, pdf)
    tagging.claim_standards(pdf, files=False, reuse=False)
    pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})


def _name_fonts(document: Any, pdf: Any) -> None:
    """Name the fonts after their families: WeasyPrint names them by a digest that differs between systems."""
    names = {}
    for font in document.fonts.values():
        weight = "" if font.weight < 600 else "-Semibold"
        names[font.hash] = (f"{font.family.replace(' ', '')}{weight}", font.name)
    resources = next(o for o in pdf.objects if isinstance(o, dict) and set(names) <= set(o))
    for old, (new, _) in names.items():
        resources[new] = resources.pop(old)
    tags = {old: _subset_tag(new) for old, (new, _) in names.items()}
    places = re.compile(b"/(" + b"|".join(old.encode() for old in names) + b") (?=[0-9.]+ Tf)")

    def rename(part: Any) -> Any:
        return (
            places.sub(lambda m: b"/" + names[m[1].decode()][0].encode() + b" ", part)
            if isinstance(part, bytes)
            else part
        )

    for o in pdf.objects:
        if hasattr(o, "stream"):
            o.stream = [rename(part) for part in o.stream]
        if isinstance(o, dict):
            for key in ("BaseFont", "FontName"):
                for old, (new, full) in names.items():
                    if o.get(key) == full:
                        o[key] = f"/{tags[old]}+{new}"
            if "DA" in o:
                o["DA"] = pydyf.String(rename(_bytes(o["DA"].string)).decode())


def _finish_fields(pdf: Any) -> None:
    """Bring the fields into the form that PDF/A asks for, and make two of them signature fields."""
    form = pdf.catalog["AcroForm"]
    del form["NeedAppearances"]  # ISO 19005-4, 6.4.1
    form["SigFlags"] = 3
    for reference in form["Fields"]:
        field = _at(pdf, reference)
        left, top, right, bottom = (float(n) for n in field["Rect"])
        left, right, bottom, top = min(left, right), max(left, right), min(bottom, top), max(bottom, top)
        field["Rect"] = pydyf.Array([round(n, 3) for n in (left, bottom, right, top)])
        del field["V"]
        box = pydyf.Array([0, 0, round(right - left, 3), round(top - bottom, 3)])
        empty = pydyf.Stream([], {"Type": "/XObject", "Subtype": "/Form", "BBox": box})
        pdf.add_object(empty)
        field["AP"] = pydyf.Dictionary({"N": empty.reference})
        name = _text(field["T"])
        field["TU"] = pydyf.String(_SPOKEN.get(name, _text(field["TU"])))
        field["Contents"] = field["TU"]  # ISO 14289-2, 8.10.2.3
        if name in SIGNATURES:
            field["FT"] = "/Sig"
            del field["DA"]
        else:
            # ISO 32000-2, table 227: ReadOnly. Otherwise viewers lay boxes over the page, and type whatever one likes.
            field["Ff"] = 1
        if name == LOCKED:
            field["Lock"] = pydyf.Dictionary({"Type": "/SigFieldLock", "Action": "/All", "P": 1})
    for o in pdf.objects:
        # With a list of one, pyHanko's difference analysis calls every later fill-in illegal.
        if isinstance(o, dict) and o.get("S") == "/Form" and isinstance(o.get("K"), list):
            (o["K"],) = o["K"]
    for o in pdf.objects:
        if isinstance(o, dict) and o.get("Type") == "/Filespec" and _text(o["F"]).endswith(".md"):
            _at(pdf, o["EF"]["F"]).extra["Subtype"] = "/text#2fmarkdown"


def _list_attachments_once(pdf: Any) -> None:
    """Name each attachment once among the associated files: WeasyPrint finds them in two ways, and lists both."""
    pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))


def _put_structure_first(pdf: Any) -> None:
    """Put what refers to the structure after it: otherwise EU DSS, which walks the catalog in order, sees changes."""
    for key in ("Names", "Outlines"):
        pdf.catalog[key] = pdf.catalog.pop(key)


def _subset_tag(name: str) -> str:
    """Make the six letters that mark a subset (ISO 32000-2, 9.9.2) from the font's own name."""
    return "".join(chr(65 + byte % 26) for byte in sha256(name.encode()).digest()[:6])


def _at(pdf: Any, reference: Any) -> Any:
    return pdf.objects[int(_bytes(reference).split()[0])]


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _text(value: Any) -> str:
    return _bytes(value.string).decode()
