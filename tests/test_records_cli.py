"""Releasing a version by the command line: from opening its folder to the moment at which it is in force."""

import datetime
import errno
import itertools
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mailmart_privacy import _resources
from mailmart_privacy.api import policies
from mailmart_privacy.cli import show
from mailmart_privacy.cli.app import run
from mailmart_privacy.policy.entries import LEDGER, entry_digest
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.policy.read_markdown import parse_policy
from mailmart_privacy.policy.versions import describe_versions
from mailmart_privacy.release import folder as release_folder
from mailmart_privacy.release import rules
from mailmart_privacy.release.records import write_ledger

from .conftest import Run, make_cli, make_environment, one_line
from .recording import build_records_once
from .versions import FIRST, edit, edit_editorially, edit_materially

pytestmark = pytest.mark.slow

DATA = Path(_resources.__file__).parent / "data"
SECOND, THIRD, FOURTH = "2026-12-01", "2027-03-01", "2027-06-01"
SUMMARY = "Postmark sends our e-mail; data are kept for 90 days longer."
WORDING = "Says more plainly which cookies there are."
STARTS = datetime.datetime(2027, 1, 10, 9, tzinfo=datetime.UTC)
SECONDS = datetime.timedelta(seconds=1)

Edit = Callable[[Path], None]


def build_once(patch: pytest.MonkeyPatch) -> None:
    """Build the same records once, until the patch is undone.

    `test_what_ships_holds` builds again, and so checks that the same source makes the same bytes.
    """
    patch.setattr(release_folder, "build_records", build_records_once)
    patch.setattr(rules, "build_records", build_records_once)


@pytest.fixture(autouse=True)
def _build_once(monkeypatch: pytest.MonkeyPatch) -> None:
    build_once(monkeypatch)


class Story(NamedTuple):
    """The steps and their results: the folder of versions after each step, and the output of each command."""

    announced: Path
    opened: Path
    finished: Path
    said: dict[str, subprocess.CompletedProcess[bytes]]


def copy_first(place: Path) -> None:
    """Copy the data of the first release: whatever was released since, the story begins with one version."""
    later = [version.version for version in shipped().versions[1:]]
    shutil.copytree(DATA, place, ignore=shutil.ignore_patterns(*later))
    (place / LEDGER).write_bytes(write_ledger(entries_of(DATA)[:1]))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A material version that is announced, then an editorial one; a fourth that is only opened."""
    folder = tmp_path_factory.mktemp("release")
    cli = make_cli(folder, make_environment(folder / "home"))
    said = {}
    patch = pytest.MonkeyPatch()
    build_once(patch)

    def step(name: str, *arguments: str, keep: str = "") -> Path:
        said[name] = cli("records", *arguments, "--data", "data")
        assert said[name].returncode == 0, said[name].stderr.decode()
        return shutil.copytree(folder / "data", folder / keep) if keep else folder

    copy_first(folder / "data")
    step("new", "new", SECOND)
    change(folder / "data" / SECOND, edit_materially)
    described = ["--change", "material", "--summary", SUMMARY]
    announced = step(
        "build", "build", SECOND, *described, "--effective-at", "2027-01-10T10:00:00+01:00", keep="announced"
    )
    step("check", "check")
    step("new again", "new", THIRD)
    change(folder / "data" / THIRD, edit_editorially)
    finished = step("editorial", "build", THIRD, "--change", "editorial", "--summary", WORDING, keep="finished")
    step("check again", "check", "--against", "announced")
    opened = step("new a fourth", "new", FOURTH, keep="opened")
    patch.undo()
    return Story(announced, opened, finished, said)


@pytest.fixture
def opened(story: Story, tmp_path: Path) -> Path:
    """The test's own folder in which the fourth version was opened, with the text of the third."""
    return shutil.copytree(story.opened, tmp_path / "data")


@pytest.fixture
def finished(story: Story, tmp_path: Path) -> Path:
    """The test's own folder with three versions."""
    return shutil.copytree(story.finished, tmp_path / "data")


def change(place: Path, edited: Callable[[str], str]) -> None:
    source = place / "policy.md"
    before = source.read_text(encoding="utf-8")
    source.write_text(edited(before), encoding="utf-8")
    assert source.read_text(encoding="utf-8") != before


def tree(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def read_ledger(folder: Path) -> Ledger:
    return Ledger(lambda name: (folder / name).read_bytes())


def entries_of(folder: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((folder / LEDGER).read_bytes())["entries"]
    return entries


def rewrite(folder: Path, version: str, /, **said: object) -> None:
    """Say something else of a version, and chain all entries so that the ledger holds."""
    chained: list[dict[str, Any]] = []
    for entry in entries_of(folder):
        if entry["version"] == version:
            assert any(entry.get(name) != value for name, value in said.items())
            entry |= said
        entry["previous"] = entry_digest(chained[-1]) if chained else None
        chained.append({name: value for name, value in entry.items() if value is not None or name == "previous"})
    (folder / LEDGER).write_bytes(write_ledger(chained))


# --- the way of a version -----------------------------------------------------------------------


def test_new_changes_nothing_but_the_date(story: Story) -> None:
    """The fourth version begins with the third's text; the path and the next step are printed."""
    before, after = (
        (story.opened / name / "policy.md").read_text(encoding="utf-8").split("\n") for name in (THIRD, FOURTH)
    )
    differing = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert differing == [("Last updated: March 1, 2027", "Last updated: June 1, 2027")]
    assert [path.name for path in (story.opened / FOURTH).iterdir()] == ["policy.md"]
    assert story.said["new a fourth"].stdout.decode() == f"{Path('data', FOURTH, 'policy.md')}\n"
    assert f"records build {FOURTH} --change material|editorial" in story.said["new a fourth"].stderr.decode()


def test_new_begins_with_the_version_that_is_asked_for(cli: Run, finished: Path) -> None:
    """`--from` names any version; without a digest of the old text, which would not hold."""
    assert cli("records", "new", FOURTH, "--from", FIRST, "--data", "data").returncode == 0
    made = parse_policy((finished / FOURTH / "policy.md").read_text(encoding="utf-8"))
    policy = read_ledger(finished).policy(FIRST)
    assert (made.version, made.sections) == (FOURTH, policy.sections)


def test_build_enters_class_summary_and_moment(story: Story) -> None:
    """The entry says how the version differs and from when it is in force; midnight UTC of its date unless told."""
    first, second, third = entries_of(story.finished)
    assert first == entries_of(DATA)[0]
    assert (second["change"], second["summary"], second["effective_at"]) == (
        "material",
        SUMMARY,
        "2027-01-10T09:00:00Z",
    )
    assert (third["change"], third["summary"], third["effective_at"]) == ("editorial", WORDING, f"{THIRD}T00:00:00Z")
    assert second["previous"] == entry_digest(first)
    printed = [line.split()[0] for line in story.said["build"].stdout.decode().splitlines()]
    assert sorted(printed) == [f"{SECOND}/{name}" for name in sorted(second["records"])]


def test_the_first_version_stays_as_it_is(story: Story) -> None:
    """Building later versions changes no file of an earlier one."""
    assert tree(story.finished / FIRST) == tree(DATA / FIRST)


def test_check_holds_what_was_built(story: Story) -> None:
    """After each release, and against the one before."""
    said = "version(s), every record as in the ledger, the newest as a new build makes it"
    assert story.said["check"].stdout.decode() == f"2 {said}\n"
    assert story.said["check again"].stdout.decode() == f"3 {said}, those of announced as they were released\n"


def test_what_ships_holds(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records of this package: each as in the ledger, the newest as a new build makes it."""
    monkeypatch.undo()
    result = cli("records", "check", "--data", str(DATA), "--against", str(DATA))
    assert result.returncode == 0, result.stderr.decode()


def test_an_announced_version_needs_no_second_release(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """`current()` and `upcoming()` go by the clock alone."""
    ledger = read_ledger(story.announced)
    monkeypatch.setattr(policies, "shipped", lambda: ledger)
    for moment, current, upcoming in (
        (STARTS - 40 * 86400 * SECONDS, FIRST, [SECOND]),
        (STARTS - SECONDS, FIRST, [SECOND]),
        (STARTS, SECOND, []),
        (STARTS + 9 * 86400 * SECONDS, SECOND, []),
    ):
        monkeypatch.setattr(policies, "now", lambda moment=moment: moment)
        assert policies.current().version == current
        assert [version.version for version in policies.upcoming()] == upcoming
        assert policies.in_force(moment) == ledger.policy(current)


def test_only_the_material_change_has_to_be_told(story: Story) -> None:
    """A person who acknowledged the first text is told; one who acknowledged the second is not."""
    ledger = read_ledger(story.finished)
    first, second, third = (ledger.policy(version) for version in (FIRST, SECOND, THIRD))
    assert third.changes_since(first.text_id).material
    assert not third.changes_since(second.text_id).material
    assert ledger.version(THIRD).has_changes
    assert not ledger.version(FIRST).has_changes


def test_replace_keeps_what_is_not_given_anew(cli: Run, story: Story, tmp_path: Path) -> None:
    """Class, summary and moment of the entry stay; each can be given again."""
    data = shutil.copytree(story.announced, tmp_path / "data")
    change(data / SECOND, lambda source: edit(source, ("under 18", "under 16")))
    assert cli("records", "build", SECOND, "--replace", "--data", "data").returncode == 0
    before, after = entries_of(story.announced)[1], entries_of(data)[1]
    kept = ("version", "change", "summary", "effective_at", "previous")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert after["digest"] != before["digest"]
    again = cli(
        "records", "build", SECOND, "--replace", "--data", "data",
        "--summary", "Sixteen.", "--effective-at", "2027-02-01T00:00:00Z",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    said = entries_of(data)[1]
    assert [said[name] for name in kept[:4]] == [SECOND, "material", "Sixteen.", "2027-02-01T00:00:00Z"]


def test_withdraw_takes_back_an_announced_version(cli: Run, story: Story, tmp_path: Path) -> None:
    """An entry more, with the reason; all records stay, and the next version may take effect before that one would."""
    data = shutil.copytree(story.announced, tmp_path / "data")
    before = tree(data)
    reason = ["--reason", "Postmark does not send our e-mail after all.", "--withdrawn-at", "2027-01-09T00:00:00Z"]
    for arguments in ([SECOND], [FIRST, *reason], ["2027-03-03", *reason]):
        assert cli("records", "withdraw", *arguments, "--data", "data").returncode != 0
    assert tree(data) == before
    assert cli("records", "withdraw", SECOND, *reason, "--data", "data").returncode == 0
    assert {name for name, content in tree(data).items() if content != before[name]} == {LEDGER}
    assert read_ledger(data).version(SECOND).withdrawal_reason == reason[1]
    assert cli("records", "check", "--data", "data", "--against", str(story.announced)).returncode == 0
    again = cli("records", "withdraw", SECOND, *reason, "--data", "data")
    assert "is withdrawn already" in one_line(again)
    opened = cli("records", "new", THIRD, "--data", "data")
    assert f"the text of {FIRST}, dated {THIRD}" in opened.stderr.decode(), "the newest that was not withdrawn"


def test_versions_say_how_they_differ(
    story: Story, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Change and summary are shown below each version that has them; the JSON is what services serve."""
    ledger = read_ledger(story.finished)
    monkeypatch.setattr(show, "shipped", lambda: ledger)
    assert run(["versions"], program="mailmart-privacy") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [FIRST, SECOND, "material:", THIRD, "editorial:"]
    assert lines[2] == f"            material: {SUMMARY}"
    assert run(["versions", "--json"], program="mailmart-privacy") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == describe_versions(ledger.versions)
    assert [(each["change"], each["summary"]) for each in printed] == [
        (None, None),
        ("material", SUMMARY),
        ("editorial", WORDING),
    ]


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'DATE'"),
        (["soon"], "'soon' is not a date; write it like 2026-11-23"),
        (["20270601"], "'20270601' is not a date"),
        (["2027-02-29"], "'2027-02-29' is not a date"),
        ([THIRD], f"{THIRD} does not come after {THIRD}, the newest version"),
        (["2026-12-02"], f"2026-12-02 does not come after {THIRD}, the newest version"),
        ([FOURTH], f"{FOURTH} exists and was kept"),
        (["2027-07-01", "--from", FOURTH], f"there is no version '{FOURTH}' of the policy; there are: {FIRST}"),
        (["2027-07-01", "--from", "../x"], "there is no version '../x'"),
    ],
)
def test_new_refuses(cli: Run, opened: Path, arguments: list[str], message: str) -> None:
    """One line, the exit code for wrong usage, and nothing is written."""
    before = tree(opened)
    result = cli("records", "new", *arguments, "--data", "data")
    assert message in one_line(result)
    assert result.returncode == 2
    assert tree(opened) == before


def add_processor(source: str) -> str:
    return edit(source, ("- Sentry — Error", "- Mailgun — Transactional email\n- Sentry — Error"))


def remove_processor(source: str) -> str:
    return "".join(line for line in source.splitlines(keepends=True) if not line.startswith("- Postmark"))


def change_processor(source: str) -> str:
    return edit(source, ("- Postmark — Transactional email", "- Postmark — All email"))


def children(source: str) -> str:
    return edit(source, ("under 18", "under 16"))


GOOD = {"--change": "material", "--summary": "Sixteen.", "--released-at": "2027-05-01T00:00:00Z"}
EDITORIAL = {"--change": "editorial"}


@pytest.mark.parametrize(
    ("edited", "options", "code", "message"),
    [
        (
            children,
            {"--change": None, "--summary": None},
            2,
            "does not say how it differs from the one before it: material or ed",
        ),
        (
            children,
            {"--change": None},
            2,
            f"version {FOURTH} does not say how it differs from the one before it: material or ed",
        ),
        (children, {"--change": "minor"}, 2, "'minor' is not one of"),
        (children, {"--summary": None}, 2, f"version {FOURTH} has no summary"),
        (children, {"--summary": ""}, 2, f"version {FOURTH} has no summary"),
        (children, {"--summary": " \t"}, 2, f"version {FOURTH} has no summary"),
        (children, {"--summary": "One.\nTwo."}, 2, "has a summary of several lines; write it in one"),
        (children, {"--summary": "One.\u2028Two."}, 2, "has a summary of several lines"),
        (children, {"--summary": "One.\x1b[31m"}, 2, "has a summary with control or invisible characters (U+001B"),
        (
            children,
            {"--summary": "One.\u202e"},
            2,
            "has a summary with control or invisible characters (U+202E RIGHT-TO-LEFT OVERRIDE",
        ),
        (add_processor, EDITORIAL, 2, "not editorial, since processors change: Mailgun (added); make it material"),
        (remove_processor, EDITORIAL, 2, "not editorial, since processors change: Postmark (removed)"),
        (change_processor, EDITORIAL, 2, "not editorial, since processors change: Postmark (changed)"),
        (None, {}, 2, f"version {FOURTH} is not material, since nothing but the date changes; make it editorial"),
        (children, {"--effective-at": "2027-06-01T00:00:00"}, 2, "has no time zone"),
        (children, {"--effective-at": "2027-06-01"}, 2, "has no time zone"),
        (children, {"--effective-at": "soon"}, 2, "'soon' is not a moment"),
        (children, {"--effective-at": "0001-01-01T00:00:00+14:00"}, 2, "is too early or too late in UTC"),
        (children, {"--effective-at": f"{THIRD}T00:00:00Z"}, 1, f"does not come after {THIRD}, in force from"),
        (lambda source: source.replace("## 3.", "## 4."), {}, 1, "section 4 is out of order"),
    ],
)
def test_build_refuses(
    cli: Run,
    opened: Path,
    edited: Callable[[str], str] | None,
    options: dict[str, str | None],
    code: int,
    message: str,
) -> None:
    """One line, the exit code, and nothing is written."""
    if edited is not None:
        change(opened / FOURTH, edited)
    before = tree(opened)
    given = [word for name, value in {**GOOD, **options}.items() if value is not None for word in (name, value)]
    result = cli("records", "build", FOURTH, *given, "--data", "data")
    assert message in one_line(result)
    assert result.returncode == code
    assert tree(opened) == before


def test_the_same_is_built_where_nothing_is_wrong(cli: Run, opened: Path) -> None:
    """What `test_build_refuses` begins with can be built, so each of its faults is the only one."""
    change(opened / FOURTH, children)
    given = [word for option in GOOD.items() for word in option]
    assert cli("records", "build", FOURTH, *given, "--data", "data").returncode == 0
    assert cli("records", "check", "--data", "data").returncode == 0


def test_the_first_version_has_neither_class_nor_summary(cli: Run, tmp_path: Path) -> None:
    """The first version does not differ from an earlier one."""
    (tmp_path / "data" / FIRST).mkdir(parents=True)
    shutil.copy(DATA / FIRST / "policy.md", tmp_path / "data" / FIRST)
    before = tree(tmp_path / "data")
    result = cli("records", "build", FIRST, "--change", "editorial", "--summary", "All is new.", "--data", "data")
    assert f"version {FIRST} is the first; it has neither change nor summary" in one_line(result)
    assert result.returncode == 2
    assert tree(tmp_path / "data") == before
    assert cli("records", "build", FIRST, "--released-at", f"{FIRST}T00:00:00Z", "--data", "data").returncode == 0
    others = ("schemas", "trust.json")  # they are not of a version
    copy_first(tmp_path / "first")
    expected = {name: content for name, content in tree(tmp_path / "first").items() if not name.startswith(others)}
    assert tree(tmp_path / "data") == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([THIRD], "a released version never changes"),
        ([SECOND, "--replace"], f"version {SECOND} is not the newest; later entries chain to it"),
        (["2027-09-09"], "records new DATE"),
        ([THIRD, "--replace", "--change", "material", "--summary", ""], "has no summary"),
    ],
)
def test_build_leaves_what_is_recorded(cli: Run, finished: Path, arguments: list[str], message: str) -> None:
    """A recorded version, one that others chain to, and a folder that is not there."""
    before = tree(finished)
    result = cli("records", "build", *arguments, "--data", "data")
    assert message in one_line(result)
    assert result.returncode == 2
    assert tree(finished) == before


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # WeasyPrint leaves one open
def test_a_full_disk_leaves_all_as_it_was(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever file no longer fits on the disk, the ledger and its records stay unchanged."""
    change(finished / THIRD, children)
    before = tree(finished)
    build = ["records", "build", THIRD, "--replace", "--data", str(finished)]
    files = len(entries_of(finished)[2]["records"])  # the source is not written, but the ledger is
    sync = os.fsync
    for failing in range(1, files + 1):
        calls = itertools.count(1)

        def full(descriptor: int, calls: Iterator[int] = calls, failing: int = failing) -> None:
            if next(calls) == failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        assert run(build, program="mailmart-privacy") == 1
        assert next(calls) == failing + 1, "nothing is written after it"
        assert "No space left on device" in capsys.readouterr().err
        assert tree(finished) == before
    monkeypatch.setattr(os, "fsync", sync)
    assert run(build, program="mailmart-privacy") == 0
    assert tree(finished) != before


def test_a_killed_build_is_made_good_by_the_next(cli: Run, opened: Path, environment: dict[str, str]) -> None:
    """A build that is killed while it writes records leaves a valid ledger; the next build cleans up."""
    change(opened / FOURTH, children)
    ledger = (opened / LEDGER).read_bytes()
    given = [word for option in GOOD.items() for word in option]
    killed = (
        "import os, signal, sys\n"
        "import mailmart_privacy._files as filing\n"
        "from mailmart_privacy.cli.app import run\n"
        "filing.os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"run(['records', 'build', '{FOURTH}', *{given!r}, '--data', {str(opened)!r}], program='mailmart-privacy')\n"
    )
    result = subprocess.run([sys.executable, "-c", killed], env=environment, capture_output=True, check=False)
    assert result.returncode == -9
    assert (opened / LEDGER).read_bytes() == ledger
    assert list(opened.rglob("*.tmp"))
    assert cli("records", "build", FOURTH, *given, "--data", "data").returncode == 0
    assert not list(opened.rglob("*.tmp"))
    assert cli("records", "check", "--data", "data").returncode == 0


def test_the_ledger_is_written_last(cli: Run, opened: Path) -> None:
    """If a record cannot be written, the ledger does not name it, and a second build repairs that."""
    change(opened / FOURTH, children)
    ledger = (opened / LEDGER).read_bytes()
    (opened / FOURTH / "policy.json").mkdir()
    given = [word for option in GOOD.items() for word in option]
    result = cli("records", "build", FOURTH, *given, "--data", "data")
    assert result.returncode == 1
    assert "Is a directory" in one_line(result)
    assert (opened / LEDGER).read_bytes() == ledger
    assert not list(opened.rglob("*.tmp"))
    (opened / FOURTH / "policy.json").rmdir()
    assert cli("records", "build", FOURTH, *given, "--data", "data").returncode == 0


def spoil(name: str, edited: Callable[[bytes], bytes]) -> Edit:
    def apply(data: Path) -> None:
        before = (data / name).read_bytes()
        (data / name).write_bytes(edited(before))
        assert (data / name).read_bytes() != before

    return apply


def reword(version: str, /, **said: object) -> Edit:
    return lambda data: rewrite(data, version, **said)


def reword_source(data: Path) -> None:
    """Put another text under an old date, with its digest in a ledger that chains."""
    source = data / SECOND / "policy.md"
    change(source.parent, children)
    digest = sha256(source.read_bytes()).hexdigest()
    rewrite(data, SECOND, records=entries_of(data)[1]["records"] | {"policy.md": digest})


def unchain(data: Path) -> None:
    entries = entries_of(data)
    entries[1]["summary"] = "Nothing that you need to know."
    (data / LEDGER).write_bytes(write_ledger(entries))


def leave_another(data: Path) -> None:
    shutil.copytree(data / THIRD, data / FOURTH)


def omit(data: Path) -> None:
    """Leave a record out of an old entry, in a ledger that chains."""
    rewrite(data, FIRST, records={k: v for k, v in entries_of(data)[0]["records"].items() if k != "form-a4.pdf"})


def remove(data: Path) -> None:
    (data / FIRST / "form-a4.pdf").unlink()


CHECKED = [
    (spoil(f"{FIRST}/form-a4.pdf", lambda form: form + b"\n"), f"{FIRST}/form-a4.pdf has changed"),
    (spoil(f"{SECOND}/form-a4.pdf", lambda pdf: pdf + b"\n"), f"{SECOND}/form-a4.pdf has changed"),
    (remove, f"{FIRST}/form-a4.pdf is missing"),
    (
        spoil(f"{FIRST}/policy.md", lambda text: text.replace(b"under 18", b"under 16")),
        f"{FIRST}/policy.md holds another text under its old date",
    ),
    (
        spoil(f"{THIRD}/policy.md", lambda text: text.replace(b"under 18", b"under 16")),
        f"{THIRD}/policy.md holds another text under its old date",
    ),
    (reword_source, f"{SECOND}/policy.md holds another text under its old date"),
    (spoil(f"{FIRST}/policy.md", lambda text: text + b"\n"), f"{FIRST}/policy.md has changed"),
    (
        reword(SECOND, version="2026-02-23"),
        f"dates of the versions are not in ascending order: {FIRST}, 2026-02-23, {THIRD}",
    ),
    (
        reword(SECOND, effective_at=f"{THIRD}T00:00:00Z"),
        f"does not come after {SECOND}, in force from {THIRD}T00:00:00Z",
    ),
    (reword(SECOND, change=None), f"the entry of {SECOND} has no change (material or editorial) or no summary"),
    (reword(THIRD, summary=None), f"the entry of {THIRD} has no change (material or editorial) or no summary"),
    (reword(THIRD, summary=5), f"the entry of {THIRD} has no change (material or editorial) or no summary"),
    (reword(SECOND, last_updated=THIRD), f"the entry of {SECOND} says that it was last updated on {THIRD}"),
    (omit, f"{FIRST}/form-a4.pdf is not recorded in {LEDGER}, and would be shipped"),
    (reword(SECOND, summary="a\nb"), f"version {SECOND} has a summary of several lines"),
    (unchain, f"the entry of {THIRD} does not chain to the one before it"),
    (reword(SECOND, change="editorial"), "not editorial, since processors change: Postmark (added)"),
    (reword(FIRST, summary="New."), f"version {FIRST} is the first; it has neither change nor summary"),
    (leave_another, f"{FOURTH}/policy.md is not recorded"),
]


@pytest.mark.parametrize(("edited", "message"), CHECKED, ids=[message for _, message in CHECKED])
def test_check_refuses(cli: Run, finished: Path, edited: Edit, message: str) -> None:
    """Each has a line of its own, and there is no other output; nothing is written."""
    edited(finished)
    before = tree(finished)
    result = cli("records", "check", "--data", "data")
    assert message in one_line(result)
    assert result.returncode == 1
    assert tree(finished) == before


def make_wheel(data: Path, place: Path) -> Path:
    """A wheel of a release, as far as it matters here."""
    with zipfile.ZipFile(place, "w") as wheel:
        for name, content in tree(data).items():
            if content is not None:
                wheel.writestr(f"mailmart_privacy/data/{name}", content)
    return place


@pytest.mark.parametrize("kind", ["wheel", "folder"])
def test_what_is_rewritten_throughout_is_found_against_a_release(
    cli: Run, story: Story, finished: Path, tmp_path: Path, kind: str
) -> None:
    """A text whose records, digests and entries were all rewritten is found only by comparison with a release."""
    against = str(make_wheel(story.finished, tmp_path / "released.whl") if kind == "wheel" else story.finished)
    assert cli("records", "check", "--data", "data", "--against", against).returncode == 0
    change(finished / THIRD, children)
    assert cli("records", "build", THIRD, "--replace", "--data", "data").returncode == 0
    assert cli("records", "check", "--data", "data").returncode == 0, "it fits in itself"
    before = tree(finished)
    result = cli("records", "check", "--data", "data", "--against", against)
    assert f"the text of {THIRD} is not the one released under that date; bring it back" in one_line(result)
    assert result.returncode == 1
    assert tree(finished) == before


def test_every_difference_from_a_release_is_named(cli: Run, story: Story, finished: Path, tmp_path: Path) -> None:
    """An entry that says something else, a record that was made again, and a version that is gone."""
    rewrite(finished, SECOND, summary="Nothing that you need to know.")
    result = cli("records", "check", "--data", "data", "--against", str(story.finished))
    assert result.returncode == 1
    first, second = result.stderr.decode().splitlines()
    assert f"version {SECOND} is not as it was released: summary; " in first
    assert f"version {THIRD} is not as it was released: previous; " in second
    form = finished / FIRST / "form-a4.pdf"
    form.write_bytes(form.read_bytes() + b"\n")
    recorded = dict(read_ledger(finished).version(FIRST).records)
    rewrite(finished, FIRST, records=recorded | {"form-a4.pdf": sha256(form.read_bytes()).hexdigest()})
    result = cli("records", "check", "--data", "data", "--against", str(story.finished))
    assert f"version {FIRST} is not as it was released: form-a4.pdf; " in result.stderr.decode().splitlines()[0]
    shutil.copytree(story.announced, tmp_path / "older")
    result = cli("records", "check", "--data", "older", "--against", str(story.finished))
    assert f"version {THIRD} was released and is gone" in one_line(result)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (None, 2, "does not exist"),
        (b"no wheel", 2, "has no ledger.json; give a wheel of this package, or a folder of versions"),
        ({}, 2, "has no ledger.json"),
        ({f"mailmart_privacy/data/{LEDGER}": b"{}"}, 1, "ledger.json cannot be read"),
    ],
)
def test_what_is_no_release_holds_nothing(
    cli: Run, finished: Path, tmp_path: Path, content: bytes | dict[str, bytes] | None, code: int, message: str
) -> None:
    """A comparison with a file that is not a release fails."""
    assert finished.is_dir()
    place = tmp_path / "released.whl"
    if isinstance(content, bytes):
        place.write_bytes(content)
    elif content is not None:
        with zipfile.ZipFile(place, "w") as wheel:
            wheel.writestr("mailmart_privacy/__init__.py", b"")
            for name, each in content.items():
                wheel.writestr(name, each)
    result = cli("records", "check", "--data", "data", "--against", "released.whl")
    assert message in one_line(result)
    assert result.returncode == code
