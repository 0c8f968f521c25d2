"""Attacks on the structure of the file: what follows it, what is missing, what is elsewhere."""

from functools import partial
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader

from .making import ATTACKS, Attack, Given, attack, rewrite, write_update

TRAILING = "Trailing bytes"
TRUNCATED = "Truncated revisions"
ORDER = "Re-ordered revisions"
TABLES = "Cross-references and trailers"
REWRITTEN = "Files written again"

TAILS = {
    "blank": b" ",
    "lines": b"\n\n\n",
    "comment": b"% approved\n",
    "zeros": bytes(64),
    "end": b"%%EOF\n",
    "object": b"9 0 obj\n<< /T (Recipient) /V (Evil Corp) >>\nendobj\n",
    "script": b"<script>alert(1)</script>\n",
}


def _trail(tail: bytes, given: Given) -> bytes:
    return given.copy + tail


for _name, _tail in TAILS.items():
    ATTACKS.append(
        Attack(
            family=TRAILING,
            name=f"trailing_{_name}",
            make=partial(_trail, _tail),
            says="after the delivery was signed, the file was changed|cut short",
            about=f"The copy is followed by {_tail[:20]!r}.",
        )
    )


def updates_of(pdf: bytes) -> list[bytes]:
    """Take a file apart: the form, then each update."""
    reader = PdfFileReader(BytesIO(pdf))
    ends = []
    for revision in range(reader.xrefs.total_revisions):
        start: Any = reader.xrefs.get_startxref_for_revision(revision)
        ends.append(pdf.index(b"%%EOF\n", start) + len(b"%%EOF\n"))
    return [pdf[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


@attack(TRAILING, says="after the delivery was signed, the file was changed")
def trailing_copy(given: Given) -> bytes:
    """Another copy follows the copy."""
    return given.copy + given.other


@attack(TRAILING, says="signatures|cannot be read as an update|more than the object|was changed|cross-references")
def trailing_delivery(given: Given) -> bytes:
    """The delivery of another copy follows the copy."""
    return given.copy + given.other[len(given.certified.pdf) :]


@attack(TRAILING, says="the first difference is at byte 0")
def leading_bytes(given: Given) -> bytes:
    """Something comes before the copy."""
    return b"<html>approved</html>\n" + given.copy


@attack(TRUNCATED, says="cut short")
def truncated_end(given: Given) -> bytes:
    """The end of the last update is missing."""
    return given.copy[:-200]


@attack(TRUNCATED, says="cut short")
def truncated_container(given: Given) -> bytes:
    """The file ends within the delivery's signature."""
    return given.copy[: given.copy.index(b"/ByteRange", len(given.certified.pdf)) + 900]


@attack(TRUNCATED, says="cut short")
def truncated_form(given: Given) -> bytes:
    """The file ends within the recorded form."""
    return given.copy[: len(given.form) // 2]


@attack(TRUNCATED, says="the signature Publisher is not what issuing writes|before its certification")
def without_certification(given: Given) -> bytes:
    """The update with the publisher's signature is taken out."""
    form, _, *later = updates_of(given.copy)
    return form + b"".join(later)


@attack(TRUNCATED, says="between certification and delivery, the file was changed", levels=("B-LTA",))
def without_delivery(given: Given) -> bytes:
    """The update with the delivery is taken out; validation data and timestamp stay."""
    updates = updates_of(given.copy)
    return b"".join(updates[:3] + updates[4:])


@attack(TRUNCATED, says="is not what issuing writes", levels=("B-LTA",))
def without_validation_data(given: Given) -> bytes:
    """The update with the validation data is taken out; the timestamp over it stays."""
    updates = updates_of(given.copy)
    return b"".join(updates[:4] + updates[5:])


@attack(TRUNCATED, says="changed: the first difference|not signed|comes from the form", levels=("B-B",))
def form_shortened(given: Given) -> bytes:
    """A part in the middle of the recorded form is taken out."""
    return given.copy[:40_000] + given.copy[41_000:]


@attack(ORDER, says="is not what issuing writes|the file was changed", levels=("B-B", "B-LT", "B-LTA"))
def last_two_swapped(given: Given) -> bytes:
    """The last two updates change places."""
    *first, one, two = updates_of(given.copy)
    return b"".join([*first, two, one])


@attack(ORDER, says="the signature Delivery is not what issuing writes")
def certification_twice(given: Given) -> bytes:
    """The update with the publisher's signature is there twice."""
    form, certification, *later = updates_of(given.copy)
    return form + certification + certification + b"".join(later)


@attack(ORDER, says="cannot be read as an update|cross-references|more than|was changed")
def delivery_twice(given: Given) -> bytes:
    """The update with the delivery is there twice."""
    return given.copy + given.copy[len(given.certified.pdf) :]


@attack(ORDER, says="the signature Publisher is not what issuing writes|before its certification", levels=("B-B",))
def delivery_first(given: Given) -> bytes:
    """Delivery comes before certification, and the tables are made to fit."""
    form, certification, delivery = updates_of(given.copy)
    pdf = form + delivery + certification
    old = b"startxref\n%d" % int(PdfFileReader(BytesIO(given.certified.pdf)).last_startxref or 0)
    new = b"startxref\n%d" % (int(old.split()[1]) + len(delivery))
    return pdf.replace(old, new)


@attack(TABLES, says="after the delivery was signed, the file was changed", levels=("B-B", "B-LTA"))
def field_points_elsewhere(given: Given) -> bytes:
    """An update holds nothing but a cross-reference: the recipient's field is where the reference's stands."""
    place = given.copy.index(b"\n9 0 obj", len(given.certified.pdf)) + 1
    return write_update(given.copy, {}, {8: place})


@attack(TABLES, says="after the delivery was signed, the file was changed")
def other_catalog(given: Given) -> bytes:
    """An update names another catalog in its trailer."""
    pdf = write_update(given.copy, {700: b"<< /Type /Catalog /Pages 1 0 R >>"})
    place = pdf.rindex(b"/Root 2 0 R")
    return pdf[:place] + b"/Root 700 0 R" + pdf[place + 11 :]


@attack(TABLES, says="after the delivery was signed, the file was changed")
def encrypted_by_trailer(given: Given) -> bytes:
    """An update claims that the file is encrypted."""
    pdf = write_update(given.copy, {})
    place = pdf.rindex(b"/Index")
    return pdf[:place] + b"/Encrypt << /Filter /Standard /V 1 /R 2 /O <00> /U <00> /P -4 >> " + pdf[place:]


@attack(TABLES, says="after the delivery was signed, the file was changed")
def previous_is_itself(given: Given) -> bytes:
    """An update names itself as the one before it."""
    pdf = write_update(given.copy, {})
    own = pdf[pdf.rindex(b"startxref\n") + 10 :].split()[0]
    place = pdf.rindex(b"/Prev ") + 6
    old = pdf[place:].split()[0]
    return pdf[:place] + own.rjust(len(old)) + pdf[place + len(old) :]


@attack(TABLES, says="after the delivery was signed, the file was changed")
def previous_skips_delivery(given: Given) -> bytes:
    """An update names the form as the one before it, as if nothing was between them."""
    pdf = write_update(given.copy, {})
    first = b"%d" % int(PdfFileReader(BytesIO(given.form)).last_startxref or 0)
    place = pdf.rindex(b"/Prev ") + 6
    old = pdf[place:].split()[0]
    return pdf[:place] + first.rjust(len(old)) + pdf[place + len(old) :]


@attack(TABLES, says="after the delivery was signed, the file was changed")
def last_startxref_to_the_form(given: Given) -> bytes:
    """The end of the file points to the cross-references of the form."""
    first = b"%d" % int(PdfFileReader(BytesIO(given.form)).last_startxref or 0)
    return given.copy + b"startxref\n" + first + b"\n%%EOF\n"


@attack(TABLES, says="was changed|does not match actual|cross-references", levels=("B-B", "B-LTA"))
def generation_raised(given: Given) -> bytes:
    """An update frees the recipient's field, and defines it with another generation."""
    pdf = write_update(given.copy, {9: b"<< /T (Recipient) /FT /Tx /V (Evil Corp) >>"})
    place = pdf.rindex(b"9 0 obj\n<< /T (Rec")
    return pdf[:place] + b"8 1" + pdf[place + 3 :]


@attack(TABLES, says="after the delivery was signed, the file was changed: the field Recipient", levels=("B-B",))
def plain_table(given: Given) -> bytes:
    """An update lists the recipient's field in a plain table, which other programs read in another way."""
    body = b"9 0 obj\n<< /T (Recipient) /FT /Tx /V (Evil Corp) >>\nendobj\n"
    place = len(given.copy) + len(body)
    last = int(PdfFileReader(BytesIO(given.copy)).last_startxref or 0)
    table = b"xref\n8 1\n%010d 00000 n \ntrailer\n<< /Size 999 /Root 2 0 R /Prev %d >>\n" % (len(given.copy), last)
    return given.copy + body + table + b"startxref\n%d\n%%%%EOF\n" % place


@attack(TABLES, says="after the delivery was signed, the file was changed", levels=("B-B",))
def object_stream(given: Given) -> bytes:
    """An update hides the recipient's field in a stream of objects."""
    inner = b"8 0 << /T (Recipient) /FT /Tx /V (Evil Corp) >>"
    content = b"<< /Type /ObjStm /N 1 /First 4 /Length %d >>\nstream\n%s\nendstream" % (len(inner), inner)
    pdf = write_update(given.copy, {700: content}, {8: 0})
    place = pdf.rindex(b"\x01" + bytes(6))
    return pdf[:place] + b"\x02" + (700).to_bytes(4, "big") + bytes(2) + pdf[place + 7 :]


@attack(TABLES, says="after the delivery was signed, the file was changed", levels=("B-LTA",))
def trailer_entries_stamped(given: Given) -> bytes:
    """An update under a trusted timestamp carries an entry that some programs follow to more objects."""
    pdf = given.stamp(given.copy)
    place = pdf.rindex(b"/Prev ")
    return pdf[:place] + b"/AdditionalStreams [ ] " + pdf[place:]


@attack(TABLES, says="after the delivery was signed, the file was changed", levels=("B-B",))
def object_freed(given: Given) -> bytes:
    """An update frees the content of a page, so that nothing is shown."""
    pdf = write_update(given.copy, {}, {13: 0})
    place = pdf.rindex(b"\x01" + bytes(6))
    return pdf[:place] + bytes(5) + b"\0\x01" + pdf[place + 7 :]


@attack(TABLES, says="after the delivery was signed, the file was changed")
def object_with_two_values(given: Given) -> bytes:
    """The catalog in an update has a second value after its own, which other programs may take."""
    output = BytesIO()
    PdfFileReader(BytesIO(given.copy)).root.write_to_stream(output, None)
    return write_update(given.copy, {2: output.getvalue() + b"\n<< /Pages 9 0 R >>"})


def _rewrite(arguments: tuple[str, ...], given: Given) -> bytes:
    return rewrite(given.copy, *arguments)


for _name, _arguments in {
    "linearized": ("--linearize",),
    "recompressed": ("--object-streams=generate", "--recompress-flate"),
    "pages_taken": ("--pages", ".", "1-2", "--"),
    "plain": ("--qdf",),
}.items():
    ATTACKS.append(
        Attack(
            family=REWRITTEN,
            name=f"rewritten_{_name}",
            make=partial(_rewrite, _arguments),
            says="the first difference is at byte|was saved by another program, or changed",
            levels=("B-B",),
            about=f"The whole file is written again ({_arguments[0]}).",
        )
    )
