"""Fuzzing `verify`: whatever is done to a copy, the answer is an error of ours, and never a pass.

Bounded and repeatable by default. `MAILMART_PRIVACY_FUZZ=60` makes sixty times as many examples, again each time.
"""

import datetime
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mailmart_privacy as privacy
from mailmart_privacy.copies.certified import CertifiedForm, certified_level
from mailmart_privacy.copies.update import write_string
from mailmart_privacy.errors import ExitCode, RecipientError
from mailmart_privacy.keys.identity import Identity

from .attacks import updates_of
from .conftest import NOW
from .examples import bounded
from .issuing import certify
from .issuing import issue_copy as issue_at_level
from .pki import Authority

pytestmark = pytest.mark.slow

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
NUMBER = re.compile(rb"(?<![0-9A-Fa-f])\d{1,10}(?![0-9A-Fa-f])")
HEX = re.compile(rb"<[0-9A-Fa-f]{2000,}>")
WORD = re.compile(rb"/[A-Za-z]{1,20}")
TOKENS = [
    b"null",
    b"true",
    b"<<",
    b">>",
    b"[",
    b"]",
    b"<",
    b">",
    b"(",
    b")",
    b"%",
    b"\0",
    b"\n",
    b"2 0 R",
    b"999 0 R",
    b"-1",
    b"99999999999999999999",
    b"1e9",
    b"endobj",
    b"endstream",
    b"stream\n",
    b"obj",
    b"xref\n",
    b"trailer\n",
    b"startxref\n",
    b"%%EOF\n",
    b"/Type /ObjStm",
    b"/Prev 0",
    b"/Length -1",
    b"/Filter /FlateDecode",
    b"/Encrypt 2 0 R",
    b"/Root 2 0 R",
    b"/Kids [2 0 R]",
    b"/Parent 8 0 R",
    b"/ByteRange [0 0 0 0]",
    b"/Contents <>",
    b"\xff\xfe\xfd",
]
Copies = dict[str, bytes]


@pytest.fixture(scope="module")
def copies(form: bytes, authority: Authority) -> Copies:
    """A copy of each level."""
    good = {"timestamps": authority.client(), "trust": authority.trust, "identity": authority.identity()}
    made = {}
    for level in LEVELS:
        certified = certify(form, signing_time=NOW, level=certified_level(level), **good)  # type: ignore[arg-type]
        made[level] = issue_at_level(
            certified,
            level=level,
            recipient="Acme GmbH",
            reference="C-1",
            issued_at=NOW,
            **good,  # type: ignore[arg-type]
        )
    return made


def refuse(pdf: bytes, copies: Copies, authority: Authority) -> None:
    """Require that a file is refused with an error of ours, in one line; files that are still copies are left out."""
    known = list(copies.values())
    earlier = [copy[:end] for copy in known for end in ends_of(copy)]
    if pdf in known or pdf in earlier:
        return
    with pytest.raises(privacy.VerificationError) as caught:
        privacy.verify(pdf, trust=authority.trust, at=NOW)
    assert caught.value.exit_code in (ExitCode.UNSIGNED, ExitCode.ALTERED, ExitCode.UNDECIDED)
    assert len(str(caught.value).splitlines()) == 1
    assert 0 < len(str(caught.value)) < 1000


@cache
def ends_of(copy: bytes) -> list[int]:
    """Find where the updates of a copy end: if it is cut there, it is the copy that it was before."""
    updates = updates_of(copy)
    return [sum(map(len, updates[:n])) for n in range(2, len(updates))]


def draw_place(data: st.DataObject, copy: bytes, form: bytes) -> int:
    """Draw a place, in the updates more often than in the form."""
    start = len(form) if data.draw(st.integers(0, 9)) else 0
    return data.draw(st.integers(start, len(copy) - 1))


def draw_match(data: st.DataObject, copy: bytes, form: bytes, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
    """Draw a part of the updates that a pattern finds."""
    return data.draw(st.sampled_from(list(pattern.finditer(copy, len(form)))))


def put(copy: bytes, start: int, stop: int, content: bytes) -> bytes:
    return copy[:start] + content + copy[stop:]


@bounded(60)
@given(data=st.data(), level=st.sampled_from(LEVELS))
def test_flipped_bits(copies: Copies, form: bytes, authority: Authority, data: st.DataObject, level: str) -> None:
    """Bits that are changed, one or some, wherever they stand."""
    changed = bytearray(copies[level])
    for _ in range(data.draw(st.integers(1, 4))):
        changed[draw_place(data, copies[level], form)] ^= 1 << data.draw(st.integers(0, 7))
    refuse(bytes(changed), copies, authority)


@bounded(150)
@given(data=st.data(), level=st.sampled_from(LEVELS))
def test_moved_slices(copies: Copies, form: bytes, authority: Authority, data: st.DataObject, level: str) -> None:
    """Slices that are cut out, repeated, moved, or taken from a copy of another level."""
    copy = copies[level]
    start, length = draw_place(data, copy, form), data.draw(st.sampled_from([1, 2, 16, 100, 1000, 20_000]))
    kind = data.draw(st.sampled_from(["cut", "repeat", "move", "other", "reverse"]))
    part = copy[start : start + length]
    place = draw_place(data, copy, form)
    if kind == "cut":
        pdf = put(copy, start, start + length, b"")
    elif kind == "repeat":
        pdf = put(copy, start, start, part)
    elif kind == "move":
        pdf = put(copy, place, place + length, part)
    elif kind == "other":
        other = copies[data.draw(st.sampled_from(LEVELS))]
        pdf = put(copy, start, start + length, other[start : start + length])
    else:
        pdf = put(copy, start, start + length, part[::-1])
    refuse(pdf, copies, authority)


@bounded(60)
@given(data=st.data(), level=st.sampled_from(LEVELS))
def test_shuffled_updates(copies: Copies, authority: Authority, data: st.DataObject, level: str) -> None:
    """The updates of copies, in another order, twice, or mixed with those of other levels."""
    pool = updates_of(copies[level])[1:] + updates_of(copies[data.draw(st.sampled_from(LEVELS))])[1:]
    chosen = data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=7))
    refuse(updates_of(copies[level])[0] + b"".join(chosen), copies, authority)


@bounded(150)
@given(data=st.data(), level=st.sampled_from(LEVELS))
def test_syntax(copies: Copies, form: bytes, authority: Authority, data: st.DataObject, level: str) -> None:
    """Words of PDF's syntax that are put in, or in the place of others."""
    copy = copies[level]
    for _ in range(data.draw(st.integers(1, 3))):
        token = data.draw(st.sampled_from(TOKENS))
        if data.draw(st.booleans()):
            found = draw_match(data, copy, form, data.draw(st.sampled_from([WORD, NUMBER])))
            token = token.ljust(len(found[0]))[: max(len(found[0]), len(token))]
            copy = put(copy, found.start(), found.end(), token)
        else:
            place = draw_place(data, copy, form)
            copy = put(copy, place, place + data.draw(st.sampled_from([0, len(token)])), token)
    refuse(copy, copies, authority)


NUMBERS = st.integers(0, 10**12)


@bounded(80)
@given(data=st.data(), level=st.sampled_from(LEVELS))
def test_numbers(copies: Copies, form: bytes, authority: Authority, data: st.DataObject, level: str) -> None:
    """Numbers that are changed: lengths, references, places in the file, signed ranges."""
    copy = copies[level]
    for _ in range(data.draw(st.integers(1, 2))):
        found = draw_match(data, copy, form, NUMBER)
        known = [0, 1, 2, 8, 2**31, 2**64, len(copy), len(form)]
        near = [abs(int(found[0]) + step) for step in range(-3, 4)]
        number = data.draw(st.sampled_from([*known, *near])) if data.draw(st.booleans()) else data.draw(NUMBERS)
        fill = len(found[0]) if data.draw(st.booleans()) else 0
        copy = put(copy, found.start(), found.end(), str(number).encode().rjust(fill, b"0"))
    refuse(copy, copies, authority)


@bounded(70)
@given(data=st.data(), level=st.sampled_from(LEVELS))
def test_containers(copies: Copies, form: bytes, authority: Authority, data: st.DataObject, level: str) -> None:
    """Signature containers with other bytes, and with elements of their DER cut out, repeated, swapped or emptied."""
    copy = copies[level]
    found = draw_match(data, copy, form, HEX)
    digits = found[0][1:-1]
    content = bytes.fromhex(digits.decode())
    elements = list(list_elements(content, 0, len(content), 0))
    kind = data.draw(st.sampled_from(["flip", "tag", "length", "cut", "repeat", "swap", "empty", "case"]))
    start, _, stop = data.draw(st.sampled_from(elements))
    changed = bytearray(content)
    if kind == "flip":
        changed[data.draw(st.integers(start, max(start, stop - 1)))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "tag":
        changed[start] = data.draw(st.integers(0, 255))
    elif kind == "length":
        changed[start + 1] = data.draw(st.integers(0, 255))
    elif kind == "cut":
        del changed[start:stop]
    elif kind == "repeat":
        changed[stop:stop] = content[start:stop]
    elif kind == "swap":
        other, _, end = data.draw(st.sampled_from(elements))
        changed[start:stop] = content[other:end]
    elif kind == "empty":
        changed[start:stop] = bytes((content[start], 0))
    written = bytes(changed).hex().encode().ljust(len(digits), b"0")[: len(digits)]
    if digits.isupper() != (kind == "case"):
        written = written.upper()
    refuse(put(copy, found.start() + 1, found.end() - 1, written), copies, authority)


def list_elements(content: bytes, start: int, stop: int, depth: int) -> Iterator[tuple[int, int, int]]:
    """List the elements of DER: the offsets of each one, of its content, and of what follows it."""
    while start + 2 <= stop and depth < 12:
        length, body = content[start + 1], start + 2
        if length & 0x80:
            size = length & 0x7F
            length, body = int.from_bytes(content[body : body + size], "big"), body + size
        if content[start] == 0 or body + length > stop:
            return
        yield start, body, body + length
        if content[start] & 0x20:
            yield from list_elements(content, body, body + length, depth + 1)
        start = body + length


def values() -> st.SearchStrategy[bytes]:
    """Values of PDF, mostly well-formed."""
    words = [
        b"/Page",
        b"/Pages",
        b"/Catalog",
        b"/Sig",
        b"/Widget",
        b"/ObjStm",
        b"/XRef",
        b"/DocTimeStamp",
        b"/Metadata",
    ]
    keys = [b"/Type", b"/V", b"/Kids", b"/Parent", b"/Fields", b"/DSS", b"/AP", b"/N", b"/ByteRange", b"/Contents"]
    keys += [b"/Filter", b"/Length", b"/AcroForm", b"/Pages", b"/Annots", b"/Certs", b"/Perms", b"/T", b"/FT"]
    simple = st.one_of(
        st.sampled_from([*words, b"null", b"true", b"(Delivery)", b"(Publisher)", b"(Recipient)", b"<30>", b"<>"]),
        st.integers(-5, 500).map(lambda n: b"%d" % n),
        st.integers(0, 440).map(lambda n: b"%d 0 R" % n),
    )
    return st.recursive(
        simple,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4).map(lambda parts: b"[ %s ]" % b" ".join(parts)),
            st.dictionaries(st.sampled_from(keys), inner, max_size=5).map(
                lambda entries: b"<< %s >>" % b" ".join(k + b" " + v for k, v in entries.items())
            ),
        ),
        max_leaves=8,
    )


@bounded(60)
@given(data=st.data(), base=st.sampled_from(["form", "certified", *LEVELS]))
def test_invented_updates(copies: Copies, form: bytes, authority: Authority, data: st.DataObject, base: str) -> None:
    """Updates that nobody wrote, well-formed or nearly so, behind a recorded form, a certified one and copies."""
    pdf = {"form": form, "certified": b"".join(updates_of(copies["B-B"])[:2])}.get(base) or copies[base]
    for _ in range(data.draw(st.integers(1, 2))):
        objects = data.draw(st.dictionaries(st.integers(1, 440), values(), max_size=5))
        pdf = append_update(data, pdf, objects)
    refuse(pdf, copies, authority)


def append_update(data: st.DataObject, pdf: bytes, objects: dict[int, bytes]) -> bytes:
    """Append an update with objects, and cross-references that are right most of the time."""
    body, places = bytearray(), {}
    for number, content in objects.items():
        places[number] = len(pdf) + len(body) + data.draw(st.sampled_from([0] * 9 + [1]))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    own = data.draw(st.sampled_from([600, 601, 2, 8]))
    place = places[own] = len(pdf) + len(body)
    kinds = data.draw(st.sampled_from([b"\x01"] * 9 + [b"\x00", b"\x02"]))
    table = b"".join(kinds + places[n].to_bytes(4, "big") + b"\0\0" for n in sorted(places))
    previous = int(pdf[pdf.rindex(b"startxref\n") + 10 :].split()[0])
    previous = data.draw(st.sampled_from([previous] * 9 + [0, place, len(pdf), -1]))
    root = data.draw(st.sampled_from([2] * 9 + [1, 8, 600, 999]))
    index = " ".join(f"{n} 1" for n in sorted(places))
    head = f"<< /Type /XRef /W [ 1 4 2 ] /Size 700 /Root {root} 0 R /Prev {previous} /Index [ {index} ] "
    more = data.draw(st.sampled_from([b""] * 9 + [b"/Encrypt 8 0 R ", b"/XRefStm 9 ", b"/ID [ 1 2 ] "]))
    body += b"%d 0 obj\n%s%s/Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        own,
        head.encode(),
        more,
        len(table),
        table,
    )
    return pdf + bytes(body) + b"startxref\n%d\n%%%%EOF\n" % place


@bounded(60)
@given(head=st.sampled_from([b"", b"%PDF-1.7\n", b"%PDF-2.0\n%\xff\xff\xff\xff\n"]), parts=st.data())
def test_arbitrary_files(copies: Copies, authority: Authority, head: bytes, parts: st.DataObject) -> None:
    """Files that are made of anything, from noise to words of PDF."""
    pieces = st.one_of(st.binary(max_size=60), st.sampled_from(TOKENS), values())
    body = b"".join(parts.draw(st.lists(pieces, max_size=30)))
    objects = parts.draw(st.dictionaries(st.integers(1, 9), values(), max_size=5))
    tail = b"".join(b"%d 0 obj\n%s\nendobj\n" % entry for entry in objects.items())
    refuse(head + body + tail + parts.draw(st.sampled_from([b"", b"startxref\n0\n%%EOF\n"])), copies, authority)


# --- values -----------------------------------------------------------------------------------

SIGNS = st.sampled_from("ABCÄŁΩЖạ –’.,&()/0123456789") | st.characters(max_codepoint=0x17F, exclude_categories=["C"])


@bounded(60)
@given(name=st.text(SIGNS, min_size=1, max_size=60), reference=st.text(SIGNS, min_size=1, max_size=30), data=st.data())
def test_values_come_back(form: bytes, authority: Authority, name: str, reference: str, data: st.DataObject) -> None:
    """All values that were issued are read back; with a changed value the file is not a copy."""
    signer = authority.identity()
    certified = _certified(form, signer)
    moment = NOW + datetime.timedelta(seconds=data.draw(st.integers(0, 86_400)))
    try:
        copy = issue_at_level(certified, recipient=name, reference=reference, issued_at=moment, identity=signer)
    except RecipientError:
        return
    verdict = privacy.verify(copy, trust=authority.trust, at=NOW + datetime.timedelta(days=2))
    assert (verdict.recipient, verdict.reference) == tuple(
        unicodedata.normalize("NFC", value.strip()) for value in (name, reference)
    )
    assert verdict.issued_at == moment
    for old, new in (
        (verdict.recipient, data.draw(st.text(SIGNS, min_size=1, max_size=30))),
        (f"{moment:%Y%m%d%H%M%S}", f"{moment + datetime.timedelta(days=1):%Y%m%d%H%M%S}"),
        (f"{moment:%Y-%m-%d}", f"{moment + datetime.timedelta(days=1):%Y-%m-%d}"),
    ):
        for spell in (write_string, lambda text: text.encode()):
            changed = copy[len(form) :].replace(spell(old), spell(new))
            if form + changed != copy:
                refuse(form + changed, {"": copy}, authority)


_KEPT: dict[bytes, CertifiedForm] = {}


def _certified(form: bytes, signer: Identity) -> CertifiedForm:
    if form not in _KEPT:
        _KEPT[form] = certify(form, identity=signer, signing_time=NOW)
    return _KEPT[form]
