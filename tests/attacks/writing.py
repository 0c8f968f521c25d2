"""Copies that issuing would write in another way, with valid signatures wherever something is signed.

Two kinds of people can do that. An outsider gets a trusted timestamp over whatever was put into an update. And the
holder of a trusted key may sign what no copy may show: fields that show another name than they contain, a seal.
"""

import re
import zlib
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any
from unittest import mock

from mailmart_privacy.copies import format_1
from mailmart_privacy.copies.reading import read_copy
from mailmart_privacy.trust.revocation import gather_for_token

from ..conftest import NOW
from .making import ATTACKS, Attack, Given

OUTSIDER = "Archive timestamps and validation data by outsiders"
SHOWN = "What fields and signature boxes show, by a trusted key"
Change = Callable[[bytes], bytes]


def write_otherwise(change: Change) -> Any:
    """Let updates be written with their objects changed; offsets and ranges fit what is written."""

    class Otherwise(format_1._Update):
        def add(self, number: int, content: bytes, words: str) -> None:
            super().add(number, change(content), words)

        def add_hole(self, number: int, head: bytes, room: int, words: str) -> None:
            super().add_hole(number, change(head), room, words)

    return mock.patch.object(format_1, "_Update", Otherwise)


def _stamp_otherwise(change: Change, given: Given) -> bytes:
    copy = read_copy(given.copy, given.certified.form)
    with write_otherwise(change):
        draft = format_1.write_archive_timestamp(copy.form.notes, copy.progress)
    token = given.authority.client().stamp(draft.digest(sha256(given.copy)))
    return given.copy + draft.seal(token.content)


def _store_otherwise(change: Change, given: Given) -> bytes:
    copy, later = read_copy(given.copy, given.certified.form), NOW.replace(day=NOW.day + 2)
    assert copy.delivery.token is not None
    with given.authority.at(later):
        data = gather_for_token(copy.delivery.token, trust=given.authority.trust, at=later, level="B-LTA", timeout=5.0)
    with write_otherwise(change):
        draft = format_1.write_validation_data(copy.form.notes, copy.progress, data)
    return given.copy + bytes(draft.body)


def _issue_otherwise(change: Change, given: Given) -> bytes:
    form = given.certify(given.form)
    with write_otherwise(change):
        return given.issue(form)


def _replace(old: bytes, new: bytes, content: bytes) -> bytes:
    return content.replace(old, new)


STAMPS: list[tuple[str, bytes, bytes, str]] = [
    (
        "name_with_lines",
        b"(ArchiveTimestamp2)",
        rb"(ArchiveTimestamp2\n  Issued to    Evil Corp)",
        "A line break in its field's name begins a line of the verdict.",
    ),
    (
        "name_of_60000",
        b"(ArchiveTimestamp2)",
        b"(" + b"A" * 60_000 + b")",
        "The field's name has sixty thousand characters.",
    ),
    ("name_of_another", b"(ArchiveTimestamp2)", b"(Delivery)", "The field is called as the delivery's is."),
    ("label", b"(Archive timestamp)", b"(Qualified seal)", "What screen readers say of the field is another."),
    (
        "reason",
        b"/SubFilter /ETSI.RFC3161",
        b"/SubFilter /ETSI.RFC3161 /Reason (Issued to Evil Corp)",
        "The timestamp gives a reason.",
    ),
    (
        "signer",
        b"/SubFilter /ETSI.RFC3161",
        b"/SubFilter /ETSI.RFC3161 /Name (MailMart)",
        "The timestamp bears a name.",
    ),
    (
        "kind",
        b"/Subtype /Widget",
        b"/Subtype /FreeText /Contents (Evil Corp)",
        "The field is an annotation with a text.",
    ),
    ("place", b"/Rect [ 0 0 0 0 ]", b"/Rect [ 60 60 500 780 ]", "The field covers the page."),
    ("shown", b"/F 132", b"/F 4", "The field is shown."),
    (
        "foreign_key",
        b"/Type /DocTimeStamp",
        b"/Type /DocTimeStamp /Evil 14 0 R",
        "The dictionary has a key of its own.",
    ),
    ("page", b"/Tabs /S", b"/Tabs /S /AA << >>", "The page gets actions along with the field."),
    (
        "catalog",
        b"/MarkInfo",
        b"/OpenAction [ 14 0 R /Fit ] /MarkInfo",
        "The catalog gets an action along with the field.",
    ),
]
DRAWN: list[tuple[str, bytes, bytes, str, str]] = [
    ("outside", b" Tm\n", b" Tm 0 -700 Td\n", "what the field", "The text is outside the field."),
    ("size_zero", b"/MailMartSans 18 Tf", b"/MailMartSans 0 Tf", "what the field Recipient", "The text has no size."),
    (
        "size_999",
        b"/MailMartSans 18 Tf",
        b"/MailMartSans 999 Tf",
        "what the field Recipient",
        "The text is larger than the page.",
    ),
    ("white", b"0 g\n", b"1 g\n", "what the field Recipient", "The text is white."),
    (
        "second_text",
        b"ET\n",
        b"ET\nBT\n0 g\n/MailMartSans 9 Tf\n1 0 0 1 3 9 Tm\n<00060017> Tj\nET\n",
        "what the field Recipient",
        "A second text stands over the first.",
    ),
    ("comment", b"> Tj", b"%\n> Tj", "what the field Recipient", "A comment is in a string."),
    ("box", b"/BBox [ 0 0 ", b"/BBox [ 0 -900 ", "what the field Recipient", "The field's box reaches over the page."),
    (
        "matrix",
        b"/Subtype /Form ",
        b"/Subtype /Form /Matrix [ 2 0 0 2 0 0 ] ",
        "what the field Recipient",
        "What is shown is enlarged.",
    ),
    (
        "resources",
        b"/Resources << ",
        b"/Resources << /XObject << /X 14 0 R >> ",
        "what the field Recipient",
        "Resources bring something else along.",
    ),
    (
        "seal",
        b"q\nBT\n0 g\n",
        b"q 1 0 0 rg 0 0 193 67 re f\nBT\n0 g\n",
        "what the field",
        "The signature's box is a red seal.",
    ),
    ("hidden", b"/F 4 ", b"/F 2 ", "the field Recipient", "The field is hidden."),
    (
        "action",
        b"/Subtype /Widget ",
        b"/Subtype /Widget /A << /S /URI /URI (https://evil.example) >> ",
        "the field Recipient",
        "The field is a link.",
    ),
    (
        "value",
        b"Acme GmbH".hex().encode(),
        b"Evil Corp".hex().encode(),
        "the field Recipient",
        "The field holds another name than it shows.",
    ),
    ("reason", b"/Reason <", b"/Reason <58", "the signature Delivery", "The signature gives another reason."),
    (
        "permission",
        b"/Action /All /P 1",
        b"/Action /All /P 3",
        "the signature Delivery",
        "The signature permits changes.",
    ),
    (
        "another_program",
        b"/R 1 >>",
        b"/R 1 /OS [ /Evil ] >>",
        "between certification and delivery",
        "The signature names another program.",
    ),
]


def _reorder(content: bytes) -> bytes:
    """Draw the letters of the name in another order."""
    return re.sub(rb"<([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{28})> Tj", rb"<\2\1\3> Tj", content)


def _pack(content: bytes) -> bytes:
    """Pack what the fields show, and put rubbish behind it."""
    found = re.fullmatch(rb"<< (/Type /XObject .*?)/Length \d+ >>\nstream\n(.*)\nendstream", content, re.DOTALL)
    if found is None:
        return content
    packed = zlib.compress(found[2]) + b"rubbish"
    return b"<< %s/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (found[1], len(packed), packed)


SPOILT: list[tuple[str, Change, str]] = [
    ("letters_in_another_order", _reorder, "The letters of the name are drawn in another order."),
    ("letters_over_others", partial(_replace, b"> Tj", b"> Tj\n1 0 0 1 3 9 Tm\n<0006> Tj"), "A letter covers another."),
    ("packed_with_rubbish", _pack, "What the fields show is packed, and something follows it."),
]


def _enter(family: str, name: str, make: Callable[[Given], bytes], says: str, level: str, about: str) -> None:
    ATTACKS.append(Attack(family=family, name=name, make=make, says=says, levels=(level,), about=about))


def enter_all() -> None:
    """Enter each of them into the register."""
    after = "after the delivery was signed|is not what issuing writes"
    for name, old, new, about in STAMPS:
        make = partial(_stamp_otherwise, partial(_replace, old, new))
        ATTACKS.append(
            Attack(family=OUTSIDER, name=f"stamp_{name}", make=make, says=after, levels=("B-LTA",), about=about)
        )
    for name, old, new, about in (
        ("key_in_stream", b"<< /Length", b"<< /Evil (x) /Length", "Validation data have a key of their own."),
        ("key_in_list", b"<< /Certs", b"<< /VRI << >> /Certs", "The list of validation data has a key of its own."),
        ("flate_in_stream", b"<< /Length", b"<< /Filter [ ] /Length", "Validation data say how they are packed."),
    ):
        make = partial(_store_otherwise, partial(_replace, old, new))
        says = f"{after}|validation data are not those of a copy"
        ATTACKS.append(
            Attack(family=OUTSIDER, name=f"store_{name}", make=make, says=says, levels=("B-LTA",), about=about)
        )
    for name, old, new, says, about in DRAWN:
        make = partial(_issue_otherwise, partial(_replace, old, new))
        _enter(SHOWN, f"drawn_{name}", make, says, "B-B", about)
    for name, change, about in SPOILT:
        _enter(SHOWN, f"drawn_{name}", partial(_issue_otherwise, change), "what the field Recipient", "B-B", about)


enter_all()
