"""The ledger: what is recorded, what was in force, and that a changed byte is found."""

import datetime
import json
import warnings
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import quote

import pytest

from mailmart_privacy import _resources
from mailmart_privacy.errors import NewerVersionError, RecordError, UnknownTextError, UnknownVersionError, UsageError
from mailmart_privacy.policy.entries import LEDGER, entry_digest
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.policy.render import environment, render_html
from mailmart_privacy.release.rules import compare_records

VERSION = "2026-02-24"
# The entries of all versions that were released: a version gets its line with its release, and keeps it.
RELEASED = {VERSION: "ed159b05f66570414d5edf55cefa3ef97dfa504ba7988f961df738b9dd6680f6"}
START = datetime.datetime(2026, 2, 24, tzinfo=datetime.UTC)


def changed(name: str, content: bytes | None) -> Callable[[str], bytes]:
    """Read the shipped data, but for one file that has other bytes, or is missing."""

    def read(path: str) -> bytes:
        if path != name:
            return _resources.read_data(path)
        if content is None:
            raise FileNotFoundError(path)
        return content

    return read


def records() -> list[str]:
    return [name for name, _ in shipped().version(VERSION).records]


def test_the_text_is_recorded_with_its_digest() -> None:
    """The ledger, the policy and the recorded text agree on one digest."""
    version = shipped().version(VERSION)
    text = shipped().record(VERSION, "policy.txt")
    assert version.digest == sha256(text).hexdigest() == shipped().policy(VERSION).digest


def test_everything_beside_the_source_is_recorded() -> None:
    """Every format that people receive has its digest in the ledger."""
    assert records() == sorted(
        [
            "form-a4.notes.json",
            "form-a4.pdf",
            "form-letter.notes.json",
            "form-letter.pdf",
            "policy.json",
            "policy.md",
            "policy.txt",
            "reading-a4.pdf",
            "reading-letter.pdf",
        ]
    )


def test_a_changed_footer_needs_no_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look of a page is not recorded: the page has another footer, and all records equal those of a new build."""
    read = _resources.read_template

    def changed_footer(name: str) -> bytes:
        return b"<footer>Another footer</footer>" if name == "footer.html" else read(name)

    monkeypatch.setattr(_resources, "read_template", changed_footer)
    environment.cache_clear()
    try:
        assert "<footer>Another footer</footer>" in render_html(shipped().policy(VERSION))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)  # WeasyPrint leaves one open
            assert compare_records(shipped(), _resources.read_data) == []
    finally:
        environment.cache_clear()


def test_what_was_released_is_in_the_ledger_as_it_was() -> None:
    """No entry of a released version changes, disappears or gets another one before it, even if the chain fits."""
    entries = json.loads(_resources.read_data(LEDGER))["entries"]
    assert len(RELEASED) >= 1
    assert {entry["version"]: entry_digest(entry) for entry in entries[: len(RELEASED)]} == RELEASED


def test_versions_whose_dates_go_back_are_refused() -> None:
    """A ledger whose second version has an earlier date than the first is not used, though it chains."""
    first = json.loads(_resources.read_data(LEDGER))["entries"][0]
    second = {**first, "version": "2026-02-23", "effective_at": "2027-01-01T00:00:00Z", "change": "editorial"}
    second |= {"summary": "Nothing.", "previous": entry_digest(first)}
    document = {"format": 1, "entries": [first, second], "head": entry_digest(second)}
    with pytest.raises(RecordError, match="are not in ascending order: 2026-02-24, 2026-02-23"):
        Ledger(changed(LEDGER, json.dumps(document).encode()))


@pytest.mark.parametrize("name", records())
def test_a_changed_byte_is_found_where_the_record_is_read(name: str) -> None:
    """A changed byte in a record raises an error that names the file; the others stay readable."""
    path = f"{VERSION}/{name}"
    content = bytearray(_resources.read_data(path))
    content[len(content) // 2] ^= 1
    ledger = Ledger(changed(path, bytes(content)))
    with pytest.raises(RecordError, match=name):
        ledger.record(VERSION, name)
    assert all(ledger.record(VERSION, other) for other in records() if other != name)


@pytest.mark.parametrize("name", records())
def test_a_missing_record_is_named(name: str) -> None:
    """A record that is not there raises an error that names it."""
    with pytest.raises(RecordError, match=f"{name} is missing"):
        Ledger(changed(f"{VERSION}/{name}", None)).record(VERSION, name)


def test_a_changed_policy_record_stops_the_policy_only() -> None:
    """A policy is not built from a changed record, and the ledger still answers."""
    ledger = Ledger(changed(f"{VERSION}/policy.json", b"{}"))
    with pytest.raises(RecordError, match=r"policy\.json"):
        ledger.policy(VERSION)
    assert ledger.version_in_force(START).version == VERSION


def test_every_byte_of_the_ledger_counts() -> None:
    """No byte of the ledger can change so that it still loads and says something else."""
    content = _resources.read_data(LEDGER)
    before = Ledger(changed(LEDGER, content))
    for place in range(len(content)):
        other = bytearray(content)
        other[place] ^= 1
        try:
            after = Ledger(changed(LEDGER, bytes(other)))
        except RecordError:
            continue
        assert after.versions == before.versions


def test_an_entry_that_does_not_chain_is_refused() -> None:
    """A ledger whose second entry names another first one is not used."""
    document = json.loads(_resources.read_data(LEDGER))
    first = document["entries"][0]
    second = {**first, "version": "2027-01-01", "last_updated": "2027-01-01", "effective_at": "2027-01-01T00:00:00Z"}
    second |= {"change": "editorial", "summary": "Nothing.", "previous": "0" * 64}
    document |= {"entries": [first, second], "head": entry_digest(second)}
    with pytest.raises(RecordError, match="does not chain"):
        Ledger(changed(LEDGER, json.dumps(document).encode()))


def test_a_ledger_without_a_version_is_named() -> None:
    """A ledger that is well-formed, and has nothing in it, is one clear error."""
    with pytest.raises(RecordError, match=r"^ledger\.json has no version; reinstall the package$"):
        Ledger(changed(LEDGER, b'{"format": 1, "entries": [], "head": null}'))


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b"\xff", b'{"format": 99, "entries": [], "head": null}'])
def test_an_unusable_ledger_is_named(content: bytes | None) -> None:
    """A ledger that is missing, broken or of a newer format is one clear error."""
    with pytest.raises(RecordError, match=r"ledger\.json"):
        Ledger(changed(LEDGER, content))


def two_versions() -> Ledger:
    """A ledger with a second version that begins a year later; each of its records is the first one's and a line."""

    def read(path: str) -> bytes:
        version, _, name = path.partition("/")
        more = b"\n" if name.endswith(".json") else b"\n%"
        return _resources.read_data(f"{VERSION}/{name}") + more if version == "2027-02-24" else shipped_data(path)

    document = json.loads(_resources.read_data(LEDGER))
    first = document["entries"][0]
    second = {
        **first,
        "version": "2027-02-24",
        "last_updated": "2027-02-24",
        "effective_at": "2027-02-24T12:00:00Z",
        "change": "editorial",
        "summary": "Nothing but the date.",
        "records": {name: sha256(read(f"2027-02-24/{name}")).hexdigest() for name in first["records"]},
        "previous": entry_digest(first),
    }
    document |= {"entries": [first, second], "head": entry_digest(second)}
    shipped_data = changed(LEDGER, json.dumps(document).encode())
    return Ledger(read)


def test_in_force_changes_at_the_very_moment() -> None:
    """The next version is in force from its moment on, and the former until then."""
    ledger = two_versions()
    noon = datetime.datetime(2027, 2, 24, 12, tzinfo=datetime.UTC)
    assert ledger.version_in_force(noon - datetime.timedelta(microseconds=1)).version == VERSION
    assert ledger.version_in_force(noon).version == "2027-02-24"
    assert ledger.version_in_force(START).effective_until == noon
    elsewhere = datetime.timezone(datetime.timedelta(hours=14))
    assert ledger.version_in_force(datetime.datetime(2027, 2, 25, 1, 59, tzinfo=elsewhere)).version == VERSION


def test_before_the_first_version_nothing_was_in_force() -> None:
    """A moment before the first version says when that one began."""
    with pytest.raises(UnknownVersionError, match="2026-02-24T00:00:00"):
        shipped().in_force(START - datetime.timedelta(seconds=1))


@pytest.mark.parametrize("at", [datetime.datetime(2026, 3, 1), datetime.date(2026, 3, 1), "2026-03-01"])
def test_an_ambiguous_moment_is_refused(at: object) -> None:
    """A naive datetime, a bare date and a string do not name a moment."""
    with pytest.raises(UsageError, match="time zone"):
        shipped().in_force(at)  # type: ignore[arg-type]


def test_in_force_gives_the_policy() -> None:
    """On the first day and today, the recorded policy is what is in force."""
    assert isinstance(shipped().in_force(START), Policy)
    assert shipped().in_force(START).version == VERSION


def test_unknown_names_are_answered_with_the_known() -> None:
    """An unknown version or record is answered with those that there are."""
    with pytest.raises(UnknownVersionError, match=VERSION):
        shipped().version("2020-01-01")
    with pytest.raises(RecordError, match=r"form-a4\.pdf"):
        shipped().record(VERSION, "form-a5.pdf")


def test_a_text_id_finds_its_text_again() -> None:
    """What a service stored always names the same text. It is short and never needs escaping."""
    policy = shipped().policy(VERSION)
    assert policy.text_id == "2026-02-24.85591b988b6aa67c"
    assert quote(policy.text_id, safe="") == policy.text_id
    assert shipped().resolve(policy.text_id) == policy


@pytest.mark.parametrize(
    ("text_id", "error"),
    [
        ("", UsageError),
        (VERSION, UsageError),
        (f"{VERSION}.85591b98", UsageError),
        (f"{VERSION}.85591B988B6AA67C", UsageError),
        (f"{VERSION}.85591b988b6aa67c\n", UsageError),
        ("../../etc.85591b988b6aa67c", UsageError),
        ("２０２６-02-24.85591b988b6aa67c", UsageError),
        ("2020-01-01.85591b988b6aa67c", UnknownTextError),
        (f"{VERSION}.85591b988b6aa67d", UnknownTextError),
        ("2999-01-01.85591b988b6aa67c", NewerVersionError),
    ],
)
def test_the_id_of_no_text_is_refused(text_id: str, error: type[Exception]) -> None:
    """An id of another text or of an unknown version, or a malformed one, is refused rather than guessed."""
    words = {UsageError: "is not a text id", UnknownTextError: r"that never existed|never had"}
    with pytest.raises(error, match=words.get(error, "knows no version after")):
        shipped().resolve(text_id)
