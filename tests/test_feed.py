"""The feed of versions: what its readers, its validators and its subscribers need."""

import datetime
from dataclasses import replace
from xml.etree import ElementTree

import feedparser
import pytest

from mailmart_privacy.errors import UnknownVersionError, UsageError
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.web.atom import write_feed

from .atom import ATOM, judge
from .conftest import NOW
from .rewritten import rewritten_ledger
from .versions import (
    FIRST,
    SECOND,
    SECOND_RELEASED,
    THIRD,
    THIRD_EFFECTIVE,
    THIRD_RELEASED,
    THIRD_SUMMARY,
    three_version_ledger,
)

BASE, PATH = "https://mailmart.com", "/privacy"
SECOND_EFFECTIVE = datetime.datetime(2026, 9, 1, tzinfo=datetime.UTC)
MOMENTS = [
    datetime.datetime(2026, 2, 24, tzinfo=datetime.UTC),
    SECOND_RELEASED,
    SECOND_EFFECTIVE,
    THIRD_RELEASED,
    NOW,
    THIRD_EFFECTIVE,
]
TAG = "tag:mailmart.com,2026-02-24:privacy"
HOSTILE = "a <b>&amp; ]]> \"q\" 'r'; c, d\\n \\, 🇩🇪 👩‍💻 <script>x</script>\nsecond line"
KEPT = {"name": "Clerk", "purpose": "Sign-in", "condition": None, "entry": "Clerk — Sign-in"}
GONE = {"name": "A & <B>", "purpose": "Mail", "condition": "at your direction", "entry": "A & <B> — Mail"}


def write(ledger: Ledger, at: datetime.datetime = NOW) -> bytes:
    return write_feed(ledger, at=at, base_url=BASE, path=PATH)


def entries(feed: bytes) -> dict[str, ElementTree.Element]:
    """The entries of a feed by their ids, in its order."""
    return {entry.findtext(f"{ATOM}id", ""): entry for entry in ElementTree.fromstring(feed).findall(f"{ATOM}entry")}


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions, the last of them announced at the tests' `NOW`."""
    return three_version_ledger()


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_the_judge_finds_nothing(ledger: Ledger, at: datetime.datetime) -> None:
    """At every moment at which something changes, with one version, and with hostile text."""
    assert judge(write(ledger, at), at=at) == set()
    assert judge(write(shipped(), at), at=at) == set()
    assert judge(write(rewritten_ledger({SECOND: {"summary": HOSTILE}}), at), at=at) == set()


@pytest.mark.parametrize(
    ("fault", "old", "new"),
    [
        ("MissingEncoding", ' encoding="utf-8"', ""),
        ("SAXError", "</feed>", "&nbsp;</feed>"),
        ("InvalidDoctype", "<feed", "<!DOCTYPE feed><feed"),
        ("UndefinedElement", "<author>", "<writer/><author>"),
        ("UndefinedElement", 'type="xhtml"', 'type="XHTML"'),
        ("InvalidRFC3339Date", "00Z</updated>", "00</updated>"),
        ("ImplausibleDate", "<updated>2026-09-01", "<updated>2026-12-01"),
        ("InvalidTAG", "tag:mailmart.com,", "tag:mailmart,"),
        ("InvalidTAG", ",2026-02-24:", ",2027-02-24:"),
        ("MissingElement", "author>", "contributor>"),
        ("DuplicateIds", f"{SECOND}</id>", f"{FIRST}</id>"),
        ("DuplicateUpdated", "2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z"),
        ("MissingDCLanguage", ' xml:lang="en"', ""),
        (
            "DuplicateAtomLink",
            'rel="self" type="application/atom+xml"',
            'rel="alternate" type="text/html" hreflang="en"',
        ),
        ("UnregisteredAtomLinkRel", 'rel="self"', 'rel="selv"'),
        ("MissingContentOrAlternate", 'rel="alternate"', 'rel="related"'),
        ("MissingSelf", 'rel="self"', 'rel="via"'),
        ("SelfNotAtom", "application/atom+xml", "application/xml"),
        ("ContainsRelRef", 'href="https://mailmart.com', 'href="'),
        ("InvalidIRI", "com/privacy", "com/<privacy".replace("<", "&lt;")),
        ("MissingTitle", "Privacy Policy of September 1, 2026<", "<"),
        ("MissingSummary", "summary>", "rights>"),
        ("MissingXhtmlDiv", "<div ", "<p "),
        ("SecurityRisk", "<p>", "<p><script/>"),
        ("SecurityRiskAttr", "<p>", '<p style="color: red">'),
    ],
)
def test_the_judge_sees_what_is_wrong(ledger: Ledger, fault: str, old: str, new: str) -> None:
    """Each of its rules finds the fault that it is for."""
    feed = write(ledger).decode()
    assert old in feed
    broken = feed.replace(old, new)
    if fault == "MissingXhtmlDiv":
        broken = broken.replace("</div>", "</p>")
    assert fault in judge(broken.encode(), at=NOW)


def test_a_feed_reader_shows_what_is_said(ledger: Ledger) -> None:
    """Newest first, each with its page, its change and its words; what is announced is named so."""
    read = feedparser.parse(write(ledger))
    assert read.bozo == 0
    assert read.version == "atom10"
    assert (read.feed.title, read.feed.author, read.feed.language) == ("Privacy Policy · MailMart", "MailMart", "en")
    assert (read.feed.link, read.feed.id) == ("https://mailmart.com/privacy", TAG)
    assert [(entry.id, entry.title, entry.link) for entry in read.entries] == [
        (f"{TAG}/{THIRD}", "Announced: Privacy Policy of January 15, 2027", f"{BASE}{PATH}/{THIRD}"),
        (
            f"{TAG}/{THIRD}/processors",
            "Announced: Changed processors in the Privacy Policy of January 15, 2027",
            f"{BASE}{PATH}/{THIRD}",
        ),
        (f"{TAG}/{SECOND}", "Privacy Policy of September 1, 2026", f"{BASE}{PATH}/{SECOND}"),
        (f"{TAG}/{FIRST}", "Privacy Policy of February 24, 2026", f"{BASE}{PATH}/{FIRST}"),
    ]
    announced = "Announced; takes effect on February 1, 2027, 09:00 UTC."
    assert read.entries[0].summary == f"{announced} Material change: {THIRD_SUMMARY}"
    assert read.entries[1].summary == f"{announced} Added: Postmark."
    assert "<li>Postmark, added: Transactional email.</li>" in read.entries[1].content[0].value
    assert read.entries[3].summary == "In force from February 24, 2026. The first recorded version."
    terms = [[tag.term for tag in entry.get("tags", [])] for entry in read.entries]
    assert terms == [["material"], ["material", "processors"], ["editorial"], []]


def test_a_version_leads_to_what_changed(ledger: Ledger) -> None:
    """An entry of a version has a related link (RFC 4287, 4.2.7.2) to the page of changes, where one is recorded."""
    related = {
        id: [dict(link.attrib) for link in entry.findall(f"{ATOM}link") if link.get("rel") == "related"]
        for id, entry in entries(write(ledger)).items()
    }
    expected: dict[str, list[dict[str, str]]] = {
        f"{TAG}/{version}": [
            {"rel": "related", "type": "text/html", "hreflang": "en", "href": f"{BASE}{PATH}/{version}/changes"}
        ]
        for version in (SECOND, THIRD)
    }
    assert related == expected | {f"{TAG}/{FIRST}": [], f"{TAG}/{THIRD}/processors": []}


def test_hostile_text_comes_back_as_it_was() -> None:
    """Markup in a summary or a processor's name is text, for the reader and in the content."""
    feed = write(rewritten_ledger({SECOND: {"summary": HOSTILE}}))
    entry = entries(feed)[f"{TAG}/{SECOND}"]
    texts = ["".join(paragraph.itertext()) for paragraph in entry.iter("{http://www.w3.org/1999/xhtml}p")]
    assert texts[1] == f"Editorial change: {HOSTILE}"
    assert entry.findtext(f"{ATOM}summary", "").endswith(HOSTILE)
    read = feedparser.parse(feed)
    assert read.bozo == 0
    assert "<script" not in read.entries[2].content[0].value


@pytest.mark.parametrize(
    ("summary", "shown"),
    [("a\x00\x0b\ufffe\x85b", "a\ufffd\ufffd\ufffd\ufffdb"), ("\ud800", "\ufffd"), ("a\r\nb\rc", "a\nb\nc")],
)
def test_what_xml_cannot_hold_is_replaced(monkeypatch: pytest.MonkeyPatch, summary: str, shown: str) -> None:
    """A control character or a lone surrogate does not break the feed, although no release would have one."""
    ledger = three_version_ledger()
    first, second, third = ledger.versions
    monkeypatch.setattr(ledger, "versions", (first, replace(second, summary=summary), third))
    feed = write(ledger)
    assert judge(feed, at=NOW) == set()
    assert entries(feed)[f"{TAG}/{SECOND}"].findtext(f"{ATOM}summary", "").endswith(f"change: {shown}")


def test_every_kind_of_change_in_processors_is_told() -> None:
    """Added, changed in purpose or condition, and removed; the first version has nothing to compare with."""
    changed = {**KEPT, "condition": "at your direction"}
    added = {**KEPT, "name": "Zed"}
    ledger = rewritten_ledger(processors={FIRST: [KEPT, GONE], SECOND: [added, changed], THIRD: [added, changed]})
    found = entries(write(ledger))
    assert [id for id in found if id.endswith("processors")] == [f"{TAG}/{SECOND}/processors"]
    entry = found[f"{TAG}/{SECOND}/processors"]
    assert [item.text for item in entry.iter("{http://www.w3.org/1999/xhtml}li")] == [
        "Zed, added: Sign-in.",
        "Clerk, changed. Before: Sign-in. Now: Sign-in (at your direction).",
        "A & <B>, removed: Mail (at your direction).",
    ]
    summary = entry.findtext(f"{ATOM}summary", "")
    assert summary.endswith("2026. Added: Zed. Changed: Clerk. Removed: A & <B>.")
    assert entry.findtext(f"{ATOM}updated") == "2026-08-31T23:59:59Z"


def test_what_is_released_never_changes(ledger: Ledger) -> None:
    """The entries of a version in force are the same bytes later, and with newer versions beside them."""

    def kept(feed: bytes, *versions: str) -> list[str]:
        return [
            ElementTree.tostring(entry, encoding="unicode").strip()
            for id, entry in entries(feed).items()
            if id.split("/")[1] in versions
        ]

    alone = kept(write(shipped(), MOMENTS[0]), FIRST)
    assert len(alone) == 1
    two = kept(write(rewritten_ledger(count=2), SECOND_EFFECTIVE), FIRST, SECOND)
    assert len(two) == 2
    for at in MOMENTS:
        assert kept(write(ledger, at), FIRST) == alone
        if at >= SECOND_EFFECTIVE:
            assert kept(write(ledger, at), FIRST, SECOND) == two


def test_between_moments_of_the_ledger_the_bytes_are_the_same(ledger: Ledger) -> None:
    """No entry moves with the clock; a second run gives the same bytes."""
    for start, end in zip(MOMENTS, [*MOMENTS[1:], datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)], strict=True):
        assert write(ledger, start) == write(three_version_ledger(), end - datetime.timedelta(microseconds=1))
    assert len({write(ledger, at) for at in MOMENTS}) == len(MOMENTS) - 1  # nothing happens at the tests' NOW


def test_coming_into_force_is_news_of_the_same_entry(ledger: Ledger) -> None:
    """The id stays, and the moment moves forward: from the announcement to the moment from which it is in force."""
    moments = (THIRD_RELEASED, NOW, THIRD_EFFECTIVE)
    ids = [list(entries(write(ledger, at))) for at in moments]
    assert all(each == ids[0] for each in ids)
    assert f"{TAG}/{THIRD}" not in write(ledger, THIRD_RELEASED - datetime.timedelta(seconds=1)).decode()
    told = [entries(write(ledger, at))[f"{TAG}/{THIRD}"].findtext(f"{ATOM}updated", "") for at in moments]
    assert told == ["2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z", "2027-02-01T09:00:00Z"]
    assert "Announced" not in write(ledger, THIRD_EFFECTIVE).decode()


def test_a_moment_that_is_taken_is_not_given_twice() -> None:
    """A version released at the moment at which the one before takes effect gives way by a second."""
    ledger = rewritten_ledger({SECOND: {"effective_at": "2026-11-20T08:00:00Z"}})
    feed = write(ledger)
    assert judge(feed, at=NOW) == set()
    assert entries(feed)[f"{TAG}/{SECOND}"].findtext(f"{ATOM}updated") == "2026-11-20T08:00:00Z"
    assert entries(feed)[f"{TAG}/{THIRD}"].findtext(f"{ATOM}updated") == "2026-11-20T07:59:59Z"


def test_a_moment_is_needed_and_one_at_which_something_is_in_force(ledger: Ledger) -> None:
    """A naive moment is refused, and one before the first version has no feed."""
    with pytest.raises(UsageError, match="time zone"):
        write(ledger, datetime.datetime(2027, 1, 1))
    with pytest.raises(UnknownVersionError, match="the first"):
        write(ledger, MOMENTS[0] - datetime.timedelta(seconds=1))
