"""The verifier in the visitor's browser: a second implementation, which has to say what Python says.

Node runs the very scripts that the page loads. The files are golden copies, intact and harmed; `test_attacks` also has
the attacks judged, and `make conformance` has browsers judge.
"""

import datetime
import os
import random
import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailmart_privacy import _der as der
from mailmart_privacy._lookalikes import LATIN_LOOKALIKES, find_lookalikes
from mailmart_privacy._time import format_second
from mailmart_privacy._unicode import is_refused, normalize, show_name
from mailmart_privacy.copies.forms import load_form
from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.update import write_string
from mailmart_privacy.errors import RecipientError
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.pdf.appearance import (
    BOX_PADDING,
    PADDING,
    delivery_lines,
    publisher_lines,
    show_box,
    write_number,
)
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import PAPERS
from mailmart_privacy.typesetting import fields
from mailmart_privacy.typesetting.fields import lay_out_field, require_clean
from mailmart_privacy.web.core import Service
from mailmart_privacy.web.published import _describe_form

from .browser import SCRIPTS, differs, expect, harm, judge, make_trust_list, run
from .conftest import NOW, VERSION
from .golden import GOLDEN_AT, Golden, load_golden

MORE = int(os.environ.get("MAILMART_PRIVACY_FUZZ", "1"))
RANDOM = random.Random(0 if MORE == 1 else None)
_, ALL = load_golden()
FORM = load_form(shipped(), VERSION, "a4")
ALPHABET = sorted(FORM.notes.font.glyphs)
ANYTHING = [*range(0xD800), *range(0xE000, 0x11000)]
VIRAMAS = [code for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)) == 9]
DAY = datetime.timedelta(days=1)

Call = tuple[Any, ...]


def trust_list_of(copies: list[Golden], **moments: datetime.datetime) -> Any:
    """A trust list with the signers' own certificates, and the root of the timestamp authority."""
    signers = {copy.signer for copy in copies}
    authorities = {copy.roots[-1] for copy in copies}
    return make_trust_list(signers, authorities, **{"since": GOLDEN_AT - 9 * DAY, **moments})


def test_golden_copies_are_read_alike(tmp_path: Path) -> None:
    """Each is genuine, of its level, and says whom it is addressed to; a name drawn with other fonts is not judged."""
    judged = judge(
        [copy.pdf for copy in ALL], bases=[ALL[0].pdf], trust_list=trust_list_of(ALL), at=GOLDEN_AT, folder=tmp_path
    )
    for copy, found in zip(ALL, judged, strict=True):
        drawn = copy.name.startswith("name-")
        assert found.verdict == ("not judged" if drawn else "genuine"), (copy.name, found)
        assert found.copy is not None
        assert found.copy["level"] == (None if drawn else copy.level)
        named = tuple(found.copy[name] for name in ("version", "paper", "recipient", "reference"))
        assert named == (copy.version, copy.paper, copy.recipient, copy.reference)
        assert found.copy["signer"]["sha256"] == copy.signer_digest


def test_the_published_policy_is_not_some_other_file(tmp_path: Path) -> None:
    """Who chooses the form, or the PDF for everybody, is told what it is; Python says so as well."""
    names = [f"{kind}-{paper}.pdf" for kind in ("form", "reading") for paper in PAPERS]
    files = [shipped().record(VERSION, name) for name in names]
    judged = judge(files, bases=files, trust_list=trust_list_of(ALL), at=GOLDEN_AT, folder=tmp_path)
    assert [(found.verdict, found.reason) for found in judged] == [("unsigned", "form")] * 2 + [
        ("unsigned", "edition")
    ] * 2
    service = Service(shipped(), clock=lambda: GOLDEN_AT)
    for pdf in files:
        page = service.respond("POST", "/privacy/verify", {"Content-Type": "application/pdf"}, pdf).body.decode()
        assert "This is the published policy, not a copy for anybody" in page


def test_harmed_copies_are_judged_alike(tmp_path: Path) -> None:
    """For every level and kind of key, the page says the same about a harmed copy as Python, in the same words."""
    copies = [copy for copy in ALL if copy.paper == "a4" and not copy.name.startswith("name-")]
    files = [
        harmed
        for copy in copies
        for harmed in harm(copy.pdf, len(shipped().record(copy.version, "form-a4.pdf")), 12 * MORE, RANDOM)
    ]
    trust_list = trust_list_of(ALL)
    judged = judge(files, bases=[copy.pdf for copy in copies], trust_list=trust_list, at=GOLDEN_AT, folder=tmp_path)
    expected = [expect(pdf, trust_list.trust(), GOLDEN_AT) for pdf in files]
    differing = [
        (place, found.verdict, found.found, *said)
        for place, (found, said) in enumerate(zip(judged, expected, strict=True))
        if found.verdict != said[0] or differs(found.found, said[1])
    ]
    assert differing == []
    assert {verdict for verdict, _ in expected} >= {"altered", "unreadable"}


def test_a_later_format_is_newer_whatever_it_looks_like(tmp_path: Path) -> None:
    """It may say something else after its number. It is not altered for that, whatever form it is of."""
    later = ALL[0].pdf.replace(b"/R 1 >> >> /Filter /Adobe.PPKLite", b"/R 2 >> >> /Filter /Other.Handler")
    files = [later, later.replace(b"%PDF-", b"%PDF?", 1), b"%PDF-2.0\n" + later[-60_000:]]
    trust_list = trust_list_of(ALL)
    judged = judge(files, bases=[later], trust_list=trust_list, at=GOLDEN_AT, folder=tmp_path)
    assert [found.verdict for found in judged] == ["newer version"] * 3
    assert [expect(pdf, trust_list.trust(), GOLDEN_AT)[0] for pdf in files] == ["newer version"] * 3


@pytest.mark.parametrize(
    ("at", "moments", "verdict"),
    [
        (GOLDEN_AT + 90 * DAY, {"until": GOLDEN_AT + 30 * DAY}, "formerly used key"),
        (GOLDEN_AT + 4000 * DAY, {}, "formerly used key"),
        (GOLDEN_AT + DAY, {"until": GOLDEN_AT - DAY}, "unknown signer"),
        (GOLDEN_AT + DAY, {"since": GOLDEN_AT + DAY}, "unknown signer"),
        (GOLDEN_AT - DAY, {}, "unknown signer"),
        (GOLDEN_AT + 90 * DAY, {"compromised_since": GOLDEN_AT + DAY}, "compromised key"),
        (GOLDEN_AT, {"compromised_since": GOLDEN_AT - DAY}, "compromised key"),
    ],
)
def test_what_became_of_a_key_is_heeded(
    tmp_path: Path, at: datetime.datetime, moments: dict[str, datetime.datetime], verdict: str
) -> None:
    """A key that is no longer used, one that was not used then, and one that others may have had."""
    copy = next(copy for copy in ALL if copy.name == "p256-b-b-a4")
    (found,) = judge([copy.pdf], bases=[copy.pdf], trust_list=trust_list_of([copy], **moments), at=at, folder=tmp_path)
    assert found.verdict == verdict, found
    assert found.copy is not None


def test_while_nothing_is_published_nobody_is_known(tmp_path: Path) -> None:
    """What could be read is told nevertheless, and nothing says that the file is false."""
    copy = ALL[0]
    empty = make_trust_list([], since=GOLDEN_AT)
    (found,) = judge([copy.pdf], bases=[copy.pdf], trust_list=empty, at=GOLDEN_AT, folder=tmp_path)
    assert (found.verdict, found.reason) == ("unknown signer", "none published")
    assert found.copy is not None
    assert found.copy["recipient"] == copy.recipient


def random_text(longest: int) -> str:
    """Some text: of the form's font, or of anything; now and then long, with blanks, with what must not be there."""
    kind = RANDOM.randrange(10)
    size = RANDOM.randrange(1, longest)
    if kind < 6:
        return "".join(RANDOM.choices(ALPHABET if kind < 3 else ALPHABET[:96], k=size))
    if kind < 8:
        return " ".join(
            "".join(RANDOM.choices(ALPHABET[10:200], k=RANDOM.randrange(1, 12))) for _ in range(size // 6 + 1)
        )
    return "".join(chr(RANDOM.choice(ANYTHING)) for _ in range(min(size, 12)))


def random_moment() -> datetime.datetime:
    """A moment in whole seconds."""
    return datetime.datetime.fromtimestamp(RANDOM.randrange(0, 4102444800), datetime.UTC)


def milliseconds(moment: datetime.datetime) -> int:
    return round(moment.timestamp() * 1000)


def python_or_none(call: Callable[[], Any]) -> Any:
    """What Python returns; None if it refuses."""
    try:
        return call()
    except (ValueError, RecipientError):
        return None


def compare(calls: list[tuple[Call, Any]], folder: Path) -> None:
    """Let the scripts answer calls, and compare."""
    notes = _describe_form(shipped(), VERSION, "a4")["notes"]
    task = {"scripts": str(SCRIPTS), "notes": notes, "calls": [call for call, _ in calls]}
    answers = run("compare.mjs", task, folder)
    differing = [
        (call, answer, expected) for (call, expected), answer in zip(calls, answers, strict=True) if answer != expected
    ]
    assert differing == []


def test_numbers_strings_and_moments_are_written_alike(tmp_path: Path) -> None:
    """Lengths, text strings and moments: the same bytes."""
    calls: list[tuple[Call, Any]] = []
    for _ in range(1000 * MORE):
        number = RANDOM.choice([RANDOM.uniform(-5, 900), RANDOM.randrange(90000) / 200, RANDOM.randrange(900) * 0.25])
        calls.append((("writeNumber", number), write_number(number)))
        text, moment = random_text(40), random_moment()
        calls.append((("writeString", text), write_string(text).decode()))
        calls.append((("formatMoment", milliseconds(moment)), format_second(moment)))
        digits = "".join(RANDOM.choices("0123456789", k=14)) if RANDOM.random() < 0.5 else f"{moment:%Y%m%d%H%M%S}"
        read = python_or_none(lambda digits=digits: datetime.datetime.strptime(digits, "%Y%m%d%H%M%S"))
        known = None if read is None or read.year < 1000 else milliseconds(read.replace(tzinfo=datetime.UTC))
        calls.append((("readMoment", digits), known))
    compare(calls, tmp_path)


def test_names_are_cleaned_and_laid_out_alike(tmp_path: Path) -> None:
    """On one line, smaller, on two, or not at all: what a field shows is the same, byte for byte."""
    calls: list[tuple[Call, Any]] = []
    for _ in range(700 * MORE):
        name, value = RANDOM.choice(["Recipient", "Recipient", "Reference"]), random_text(130)
        if not FORM.notes.font.missing(value):
            clean = python_or_none(lambda name=name, value=value: require_clean(name, value) or True)
            calls.append((("requireClean", value), clean))
            shown = python_or_none(
                lambda name=name, value=value: lay_out_field(FORM.notes, name, value).content.decode()
            )
            calls.append((("showField", name, value), shown))
    assert len(calls) > 700
    compare(calls, tmp_path)


def test_signature_boxes_are_drawn_alike(tmp_path: Path) -> None:
    """Names of any script, long or short, and any moment."""
    calls: list[tuple[Call, Any]] = []
    for _ in range(300 * MORE):
        title, vouching, moment, digest = random_text(90), random_text(90), random_moment(), RANDOM.randbytes(32).hex()
        for field, lines, padding, more in (
            ("Publisher", publisher_lines(title, vouching), PADDING, ()),
            ("Delivery", delivery_lines(digest, moment), BOX_PADDING, (milliseconds(moment),)),
        ):
            note = FORM.notes.fields[field]
            shown = show_box(lines, FORM.notes.font, width=note.width, height=note.height, padding=padding).decode()
            signatory = {"title": title, "vouching": vouching, "digest": digest}
            calls.append(((f"show{field}", signatory, *more), shown))
    compare(calls, tmp_path)


def test_names_of_strangers_are_shown_alike(tmp_path: Path) -> None:
    """Controls, line breaks, what turns the direction of text, joiners out of place, and names without end."""
    calls: list[tuple[Call, Any]] = []
    special = "\n\r\t\x1b\x85\x9b\u00ad\u200b\u200c\u200d\u2028\u202e\u2066\ufe0f\ue000ab क्षمن❤👩"
    for _ in range(400 * MORE):
        name = "".join(RANDOM.choices(special, k=RANDOM.choice([3, 12, 300])))
        calls.append((("showName", name), show_name(name)))
    calls += [(("showName", chr(code) + "\u200dx"), show_name(chr(code) + "\u200dx")) for code in VIRAMAS]
    compare(calls, tmp_path)


def test_lookalikes_are_remarked_on_alike(tmp_path: Path) -> None:
    """Of names in the form's own scripts the page says what the command line says; it names no characters."""
    calls: list[tuple[Call, Any]] = []
    letters = [c for c in ALPHABET if c.isalpha()]
    twins = LATIN_LOOKALIKES[::2]
    for _ in range(600 * MORE):
        source = RANDOM.choice([letters, twins, twins[:80], letters[:60] + list(twins[:20])])
        name = normalize(" ".join("".join(RANDOM.choices(source, k=RANDOM.randrange(1, 6))) for _ in range(2)))
        remark = find_lookalikes(name)
        plain = None if remark is None else re.sub(r"(\(U\+[0-9A-F]+) [^)]+\)", r"\1)", remark)
        calls.append((("findLookalikes", name, LATIN_LOOKALIKES), plain))
    assert len({expected is None for _, expected in calls}) == 2
    compare(calls, tmp_path)


def test_der_is_read_and_written_alike(tmp_path: Path) -> None:
    """Integers, object identifiers, lengths and times; spellings that DER does not allow are refused."""
    calls: list[tuple[Call, Any]] = []

    def read(name: str, content: bytes, reader: Callable[[der.Reader], Any]) -> None:
        def whole() -> Any:
            opened = der.Reader(content)
            found = reader(opened)
            opened.end()
            return found

        calls.append(((name, content.hex()), python_or_none(whole)))

    for _ in range(400 * MORE):
        number = RANDOM.getrandbits(RANDOM.randrange(1, 200))
        calls.append((("encodeInteger", str(number)), der.encode_integer(number).hex()))
        arcs = [
            RANDOM.randrange(3),
            RANDOM.randrange(40),
            *(RANDOM.getrandbits(RANDOM.randrange(1, 30)) for _ in range(5)),
        ]
        dotted = ".".join(map(str, arcs))
        calls.append((("encodeOid", dotted), der.encode_oid(dotted).hex()))
        octets = RANDOM.randbytes(RANDOM.choice([0, 1, 127, 128, 255, 256, 300]))
        calls.append((("encode", octets.hex()), der.encode(der.OCTET_STRING, octets).hex()))
        small = RANDOM.randbytes(RANDOM.randrange(6))
        read("integer", bytes([2, len(small)]) + small, lambda reader, small=small: (reader.integer(), small.hex())[1])
        read("oid", bytes([6, len(small)]) + small, lambda reader: reader.oid())
        read("octets", RANDOM.choice([b"\x04", b"\x04\x81", b"\x04\x82"]) + small, lambda reader: reader.read(4).hex())
        fraction = RANDOM.choice(["Z", ".5Z", ".50Z", ".Z", ".123456789Z", ""])
        text = f"{random_moment():%Y%m%d%H%M%S}{fraction}"
        read(
            "moment",
            der.encode(der.GENERALIZED_TIME, text.encode()),
            lambda reader: milliseconds(reader.moment().replace(microsecond=0)),
        )
    compare(calls, tmp_path)


def test_copies_of_random_values_are_genuine(identity: Identity, tmp_path: Path) -> None:
    """Issued by Python, on either paper, to random names: the page writes the same bytes again."""
    issuer, trust_list = Issuer(identity), make_trust_list([identity.certificate], since=NOW - 9 * DAY)
    policy, made = shipped().policy(VERSION), []
    while len(made) < 60 * MORE:
        moment = NOW + datetime.timedelta(seconds=RANDOM.randrange(86400 * 300))
        values = {"recipient": random_text(70), "reference": random_text(20), "paper": RANDOM.choice(PAPERS)}
        copy = python_or_none(lambda values=values, moment=moment: issuer.issue(policy, issued_at=moment, **values))
        if copy is not None:
            made.append(copy)
    judged = judge(
        [copy.pdf for copy in made], bases=[made[0].pdf], trust_list=trust_list, at=NOW + 301 * DAY, folder=tmp_path
    )
    for copy, found in zip(made, judged, strict=True):
        assert found.verdict == "genuine", (copy.recipient, copy.reference, found)
        assert found.copy is not None
        assert (found.copy["recipient"], found.copy["reference"]) == (copy.recipient, copy.reference)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_scripts_may_take_the_font_as_simple_as_they_do(paper: str) -> None:
    """It has no character that a value may not hold, and none of a script that is written without spaces."""
    font = load_form(shipped(), VERSION, paper).notes.font
    assert not any(is_refused(character) or fields._is_dense(character) for character in font.glyphs)
