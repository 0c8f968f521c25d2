"""The archive on the command line: what compliance does every day, and everything that can go wrong."""

import csv
import datetime
import html
import io
import json
import shutil
import stat
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from faults.places import FIRST_COPY
from mailmart_privacy import _files
from mailmart_privacy.archive.archive import Archive
from mailmart_privacy.archive.storage.folder import Folder
from mailmart_privacy.policy.ledger import shipped

from .conftest import VERSION, Run, make_cli, make_environment, one_line, state
from .pki import Authority

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder and home directory, with an archive that contains two copies."""
    folder = tmp_path_factory.mktemp("made")
    cli = make_cli(folder, make_environment(folder / "home"))
    assert cli("archive", "init", "archive").returncode == 0
    for number, name in enumerate(("Acme GmbH", "Beta Ltd")):
        done = cli("export", "--to", name, "--reference", f"C-{number}", "-a", "archive", "-o", f"{number}.pdf")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def archive(cli: Run, made: Path, tmp_path: Path) -> Path:
    """An archive with two copies, its key and the identity that signed them; each test may change its own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "archive"


def ask(cli: Run, *arguments: str) -> dict[str, object]:
    """What a command answers in JSON."""
    result = cli("archive", *arguments, "-a", "archive", "--json")
    assert result.returncode == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    return found


def digests(cli: Run) -> list[str]:
    rows = ask(cli, "list", "--kind", "customer-copy")["entries"]
    return [row["digest"] for row in rows]  # type: ignore[attr-defined]


def find_one(cli: Run, text: str) -> dict[str, Any]:
    """The one customer that a search finds."""
    (found,) = ask(cli, "find", text)["customers"]  # type: ignore[misc]
    return found  # type: ignore[has-type,no-any-return]


def test_no_copy_leaves_without_its_entry(cli: Run, archive: Path, tmp_path: Path) -> None:
    """`export --archive` archives the copy byte for byte; if that fails, no file is written."""
    assert digests(cli) == [sha256((tmp_path / f"{n}.pdf").read_bytes()).hexdigest() for n in range(2)]
    (key,) = (state({"HOME": str(tmp_path / "home")}) / "archives").glob("*.key")
    key.rename(key.with_suffix(".away"))
    result = cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "gamma.pdf")
    assert (result.returncode, (tmp_path / "gamma.pdf").exists()) == (1, False)
    assert "the key of this archive is not here" in (line := one_line(result))
    assert "--archive-key" in line


@pytest.mark.parametrize("place", [("-d", "missing-folder"), ("-o", "nodir/x.pdf")])
def test_a_copy_that_cannot_be_written_is_not_archived(cli: Run, archive: Path, place: tuple[str, str]) -> None:
    """The file is written under a temporary name first; if that fails, the archive has no entry for it."""
    for _ in range(2):
        result = cli("export", "--to", "Gamma SA", "-a", "archive", *place)
        assert result.returncode == 1, result.stderr
    assert len(digests(cli)) == 2


def test_a_copy_that_cannot_be_put_into_its_place_is_withdrawn(cli: Run, archive: Path, tmp_path: Path) -> None:
    """If the file cannot be written after it was archived, the archive records that it was never sent."""
    place = tmp_path / "taken.pdf"

    put = _files._put

    def taken(beside: Path, path: Path, *, force: bool) -> bool:
        if path.name == place.name:
            place.write_bytes(b"somebody else's")
        return put(beside, path, force=force)

    with mock.patch("mailmart_privacy._files._put", taken):
        result = cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "taken.pdf")
    assert (result.returncode, "exists" in (line := one_line(result))) == (1, True)
    assert "the copy was archived, and the archive records that nobody received it" in line
    (copy,) = find_one(cli, "Gamma")["copies"]
    assert copy["withdrawn_because"] == "its file could not be written; never sent"
    assert place.read_bytes() == b"somebody else's"


_KILLED_BEFORE, _KILLED_AFTER = "kill()", "(put(beside, path, force=force), kill())"


def export_and_kill(folder: Path, environment: dict[str, str], put: str, *arguments: str) -> bool:
    """Kill an export when it puts its file into its place; tell whether the file got there."""
    name = arguments[-1]
    code = (
        "import os, sys; from mailmart_privacy import __main__, _files; put = _files._put; "
        "kill = lambda: os.kill(os.getpid(), 9); _files._put = lambda beside, path, *, force: "
        f"{put} if path.name == {name!r} else put(beside, path, force=force); "
        f"sys.argv[1:] = {['export', '-a', 'archive', *arguments]}; __main__.main()"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=False)
    assert killed.returncode == -9
    return (folder / name).exists()


@pytest.mark.parametrize("put", [_KILLED_BEFORE, _KILLED_AFTER], ids=["before", "after"])
def test_an_export_that_is_killed(
    cli: Run, archive: Path, tmp_path: Path, environment: dict[str, str], put: str
) -> None:
    """If it is killed before the archived copy's file has its name, the next export into the folder withdraws the copy;
    if the file has its name, the copy stands."""
    given = put == _KILLED_AFTER
    assert export_and_kill(tmp_path, environment, put, "--to", "Gamma SA", "-o", "gamma.pdf") == given
    assert len(list(tmp_path.glob(".mailmart-privacy-*.tmp"))) == 1
    done = cli("export", "--to", "Delta Inc", "-a", "archive", "-o", "delta.pdf")
    assert (done.returncode, b"withdrawn: nobody received" in done.stderr) == (0, not given), done.stderr
    (copy,) = find_one(cli, "Gamma")["copies"]
    words = "its export was interrupted before the file had its name; never sent"
    assert copy["withdrawn_because"] == ("" if given else words)
    again = cli("export", "--to", "Delta Inc", "-a", "archive", "-o", "again.pdf")
    assert (again.returncode, b"withdrawn: nobody received" in again.stderr) == (0, False)
    assert not list(tmp_path.glob(".mailmart-privacy-*.tmp"))


@pytest.mark.parametrize("put", [_KILLED_BEFORE, _KILLED_AFTER], ids=["before", "after"])
def test_a_zip_file_whose_export_is_killed(
    cli: Run, archive: Path, tmp_path: Path, environment: dict[str, str], put: str
) -> None:
    """If it is killed before the ZIP file has its name, the next export into the folder withdraws its copies."""
    (tmp_path / "r.csv").write_text("recipient\nGamma SA\nEpsilon KG\n")
    given = put == _KILLED_AFTER
    assert export_and_kill(tmp_path, environment, put, "--recipients", "r.csv", "-o", "all.zip") == given
    assert find_one(cli, "Gamma")["copies"][0]["withdrawn_at"] is None
    done = cli("export", "--recipients", "r.csv", "-a", "archive", "-o", "again.zip")
    assert (done.returncode, b"its 2 copies are withdrawn" in done.stderr) == (0, not given), done.stderr
    for name in ("Gamma", "Epsilon"):
        withdrawn = [copy["withdrawn_at"] is not None for copy in find_one(cli, name)["copies"]]
        assert sorted(withdrawn) == [False, not given], name
    assert not list(tmp_path.glob(".mailmart-privacy-*.tmp"))


def test_a_foreign_zip_file_in_the_place_of_an_abandoned_one(cli: Run, archive: Path, tmp_path: Path) -> None:
    """A ZIP file that is not whole, or packed by others, withdraws nothing and stops nobody."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("copy.pdf", bytes(1 << 20))
    for number, some in enumerate((content.getvalue(), content.getvalue()[:-30], content.getvalue()[:-1] + b"x")):
        (tmp_path / f".mailmart-privacy-claimed-{number:016}.tmp").write_bytes(some)
    done = cli("export", "--to", "Delta Inc", "-a", "archive", "-o", "delta.pdf")
    assert (done.returncode, b"withdrawn" in done.stderr) == (0, False), done.stderr
    assert len(list(tmp_path.glob(".mailmart-privacy-*.tmp"))) == 3


def test_a_delivered_copy_in_the_place_of_an_abandoned_one(cli: Run, archive: Path, tmp_path: Path) -> None:
    """Somebody who puts a delivered copy there does not make the archive say that nobody received it."""
    imitated = tmp_path / ".mailmart-privacy-claimed-0000000000000000.tmp"
    imitated.write_bytes((tmp_path / "0.pdf").read_bytes())
    with mock.patch("mailmart_privacy.archive.abandoned._ROUNDED", 0.0):  # else the test would have to wait for this
        done = cli("export", "--to", "Delta Inc", "-a", "archive", "-o", "delta.pdf")
    assert (done.returncode, b"newer than the entries of its copies" in done.stderr) == (0, True), done.stderr
    assert find_one(cli, "Acme")["copies"][0]["withdrawn_at"] is None
    assert imitated.exists()


def test_a_pipe_is_told_before_it_is_written(cli: Run, archive: Path, tmp_path: Path) -> None:
    """The command that withdraws a copy is printed before the pipe has the copy."""
    command = "mailmart-privacy archive withdraw "
    with mock.patch("mailmart_privacy.archive.delivery.write_to", side_effect=KeyboardInterrupt):
        done = cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "-")
    assert command.encode() in done.stderr
    digest = done.stderr.decode().partition(command)[2].partition(" ")[0]
    assert find_one(cli, "Gamma")["copies"][0]["digest"] == digest


def test_an_export_that_runs_is_left_alone(cli: Run, archive: Path, tmp_path: Path) -> None:
    """An export withdraws nothing of another one that is under way in the same folder."""
    put = _files._put

    def meanwhile(beside: Path, path: Path, *, force: bool) -> bool:
        if path.name == "gamma.pdf":
            done = cli("export", "--to", "Delta Inc", "-a", "archive", "-o", "delta.pdf")
            assert (done.returncode, b"withdrawn: nobody received" in done.stderr) == (0, False), done.stderr
        return put(beside, path, force=force)

    with mock.patch("mailmart_privacy._files._put", meanwhile):
        assert cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "gamma.pdf").returncode == 0
    assert find_one(cli, "Gamma")["copies"][0]["withdrawn_at"] is None


def test_one_reference_for_two_customers(cli: Run, archive: Path, tmp_path: Path) -> None:
    """A reference that another customer has is refused unless it is confirmed; the customer's next version may have
    it."""
    command = ("export", "--reference", "C-0", "-a", "archive", "-o", "x.pdf", "--to")
    result = cli(*command, "Gamma SA")
    assert (result.returncode, "Acme GmbH has a copy with the reference 'C-0'" in one_line(result)) == (2, True)
    assert not (tmp_path / "x.pdf").exists()
    assert cli(*command, "ACME GmbH").returncode == 0
    (tmp_path / "x.pdf").unlink()
    assert cli(*command, "Gamma SA", "--same-reference").returncode == 0


def test_a_batch_with_a_reference_of_another_customer(cli: Run, archive: Path, tmp_path: Path) -> None:
    """It is refused before anything is issued, unless that is confirmed; the customer's next version may have it."""
    (tmp_path / "rows.csv").write_text("recipient,reference\nGamma SA,G-1\nDelta Inc,C-0\n")
    command = ("export", "--recipients", "rows.csv", "-a", "archive", "--jobs", "1")
    for place in (("-d", "sent"), ("-o", "sent.zip")):
        result = cli(*command, *place)
        words = result.stderr.decode()
        assert (result.returncode, "Acme GmbH has a copy with the reference 'C-0'" in words) == (2, True)
        assert "--same-reference" in words
    assert (len(digests(cli)), list((tmp_path / "sent").glob("*")), (tmp_path / "sent.zip").exists()) == (2, [], False)
    assert cli(*command, "-d", "sent", "--same-reference").returncode == 0
    (tmp_path / "rows.csv").write_text("recipient,reference\nGAMMA sa,G-1\n")
    assert cli(*command, "-d", "next").returncode == 0


def test_a_batch_that_cannot_be_written_is_not_archived(cli: Run, archive: Path, tmp_path: Path) -> None:
    """The copies are written under temporary names first; if that fails, the archive has no entries for them."""
    (tmp_path / "rows.csv").write_text("recipient,reference\nGamma SA,G-1\nDelta Inc,D-1\n")
    command = ("export", "--recipients", "rows.csv", "-a", "archive", "--jobs", "1", "-d", "sent")
    full = OSError(28, "No space left on device")
    with mock.patch("mailmart_privacy._files.sync_files", side_effect=full):
        assert cli(*command).returncode == 1
    assert (len(digests(cli)), list((tmp_path / "sent").glob("*.pdf"))) == (2, [])
    assert cli(*command, "--resume").returncode == 0
    assert len(digests(cli)) == 4


ZIPPED = ("export", "--recipients", "rows.csv", "-a", "archive", "--jobs", "1", "-o")


@pytest.fixture
def rows(tmp_path: Path) -> None:
    """A sheet of two customers."""
    (tmp_path / "rows.csv").write_text("recipient,reference\nGamma SA,G-1\nDelta Inc,D-1\n")


@pytest.mark.usefixtures("archive", "rows")
def test_a_zip_file_that_cannot_be_written_is_not_archived(cli: Run, tmp_path: Path) -> None:
    """A ZIP file is written whole beside its place before its copies are archived."""
    with mock.patch("mailmart_privacy.batch.zip_file.ZipSink.finish", side_effect=OSError(28, "No space left")):
        result = cli(*ZIPPED, "sent.zip")
    assert (result.returncode, (tmp_path / "sent.zip").exists(), len(digests(cli))) == (1, False, 2)


@pytest.mark.usefixtures("archive", "rows")
@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ("_files._put", "sent.zip"),  # when it is put into its place
        ("batch.zip_file.ZipSink.finish", "-"),  # into a pipe, which cannot be taken back
    ],
)
def test_a_batch_whose_zip_file_fails_is_withdrawn(cli: Run, tmp_path: Path, broken: str, place: str) -> None:
    """If the ZIP file fails after its copies were archived, they are withdrawn, and the person is told."""

    def fail(*arguments: object, **named: object) -> bool:
        if place == "-" or str(arguments[1]).endswith(place):
            raise OSError(28, "No space left on device")
        return put(*arguments, **named)  # type: ignore[arg-type]

    put = _files._put
    with mock.patch(f"mailmart_privacy.{broken}", fail):
        result = cli(*ZIPPED, place)
    assert (result.returncode, (tmp_path / "sent.zip").exists()) == (1, False)
    words = result.stderr.decode()
    assert "No space left on device; no file was written" in words
    assert "2 copies were archived, and the archive records that nobody received them" in words
    for name in ("Gamma", "Delta"):
        (copy,) = find_one(cli, name)["copies"]
        assert copy["withdrawn_because"] == "their ZIP file was not finished; never sent"
    assert cli("archive", "verify", "-a", "archive").returncode == 0


@pytest.mark.usefixtures("archive", "rows")
def test_copies_that_cannot_be_withdrawn(cli: Run) -> None:
    """If that cannot be recorded either, the person is told that the archive still lists them as issued."""
    full = OSError(28, "No space left on device")
    with (
        mock.patch("mailmart_privacy.batch.zip_file.ZipSink.finish", side_effect=full),
        mock.patch("mailmart_privacy.archive.session.Session.withdraw_copies", side_effect=full),
    ):
        result = cli(*ZIPPED, "-")
    words = result.stderr.decode()
    assert "2 copies were archived, and the archive still lists them as issued" in words
    assert "archive withdraw DIGEST" in words


@pytest.mark.usefixtures("archive", "rows")
@pytest.mark.parametrize("place", [("-o", "sent.zip"), ("-d", "sent")])
def test_an_authority_that_fails_in_the_end(cli: Run, tmp_path: Path, place: tuple[str, str]) -> None:
    """The copies are handed out before the log is anchored, and the person is told that this failed."""
    nobody = ("--tsa", "http://127.0.0.1:1/")
    result = cli(*ZIPPED[:-1], *place, *nobody)
    assert (result.returncode, (tmp_path / place[1]).exists(), len(digests(cli))) == (1, True, 4)
    words = result.stderr.decode()
    assert "2 issued" in words
    assert "all copies are archived, but the log was not anchored after that: no timestamp" in words


@pytest.mark.usefixtures("archive")
def test_an_authority_that_fails_after_copies_were_added(cli: Run) -> None:
    """What was added is listed, also in JSON, and the person is told that the log was not anchored."""
    assert cli("export", "--to", "Epsilon BV", "-o", "e.pdf").returncode == 0
    added = cli("archive", "add", "e.pdf", "-a", "archive", "--json", "--tsa", "http://127.0.0.1:1/")
    assert (added.returncode, [file["added"] for file in json.loads(added.stdout)["files"]]) == (1, [True])
    assert b"all copies are archived, but the log was not anchored" in added.stderr


@pytest.mark.usefixtures("archive")
def test_a_pipe_that_breaks(cli: Run) -> None:
    """A copy that was archived and could not be written to its pipe is withdrawn."""
    broken = mock.patch("mailmart_privacy.archive.delivery.write_to", side_effect=BrokenPipeError(32, "Broken pipe"))
    with broken:
        result = cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "-")
    told, line = result.stderr.decode().splitlines()
    assert (result.returncode, "nobody received it" in line) == (1, True)
    assert "archived as entry" in told
    assert find_one(cli, "Gamma")["copies"][0]["withdrawn_at"]


def test_an_archive_that_cannot_be_used_leaves_no_identity_behind(cli: Run, tmp_path: Path) -> None:
    """If the archive does not exist, the first use creates nothing."""
    result = cli("export", "--to", "Gamma SA", "-a", "nowhere", "-o", "x.pdf")
    assert (result.returncode, (tmp_path / "x.pdf").exists()) == (1, False)
    assert not (state({"HOME": str(tmp_path / "home")}) / "identity.pem").exists()


def test_adding(cli: Run, archive: Path, tmp_path: Path) -> None:
    """Copies are verified first; an archived copy is not added again; a copy that does not verify is refused."""
    assert cli("export", "--to", "Gamma SA", "-o", "gamma.pdf").returncode == 0
    copy = (tmp_path / "gamma.pdf").read_bytes()
    (tmp_path / "changed.pdf").write_bytes(copy[:60_000] + bytes([copy[60_000] ^ 1]) + copy[60_001:])
    (tmp_path / "text.pdf").write_bytes(b"no PDF")
    result = cli("archive", "add", "gamma.pdf", "gamma.pdf", "changed.pdf", "text.pdf", "0.pdf", "-a", "archive")
    assert result.returncode == 5
    lines = result.stdout.decode().splitlines()
    assert [line.split(": ")[1].split(" entry")[0] for line in lines] == [
        "archived as",
        "is archived already",
        "is archived already",
    ]
    assert result.stderr.decode().count(": refused: ") == 2
    assert len(digests(cli)) == 3


def test_answers(cli: Run, archive: Path, tmp_path: Path) -> None:
    """`list`, `find`, `in-force` and `fetch` answer from an index that can be deleted."""
    first, second = digests(cli)
    for _ in range(2):
        customer = find_one(cli, " acme  GMBH")
        assert customer["name"] == "Acme GmbH"
        (copy,) = customer["copies"]
        assert (copy["reference"], copy["digest"], copy["version"]) == ("C-0", first, VERSION)
        shown = ask(cli, "in-force", "2026-06-01T12:00:00Z")
        assert (shown["version"], shown["proven_archived_before"], shown["provably_in_force"]) == (
            "2026-02-24",
            None,
            None,
        )
        for path in (state({"HOME": str(tmp_path / "home")}) / "archives").glob("*.sqlite*"):
            path.unlink()
    result = cli("archive", "fetch", second[:12], "-a", "archive")
    assert result.stdout == (tmp_path / "1.pdf").read_bytes()
    result = cli("archive", "fetch", second[:12], "-a", "archive", "--format", "text")
    assert result.stdout.decode().startswith("Privacy Policy")
    shown = cli("archive", "list", "-a", "archive").stdout.decode().splitlines()
    assert shown[0].split() == ["Entry", "Recorded", "(UTC)", "Policy", "SHA-256", "What"]
    assert max(map(len, shown)) <= 80, "a list fits a terminal"
    rows = list(csv.DictReader(io.StringIO(cli("archive", "list", "-a", "archive", "--csv").stdout.decode())))
    assert [row["kind"] for row in rows].count("customer-copy") == 2
    signer = rows[-1]["signer"].upper()
    listed = ask(cli, "list", "--signer", ":".join(signer[at : at + 2] for at in range(0, 64, 2)))["entries"]
    assert [row["digest"] for row in listed] == [first, second]  # type: ignore[attr-defined]
    assert set(rows[-1]) == set(listed[-1])  # type: ignore[index]
    assert cli("archive", "reindex", "-a", "archive").stdout == b"indexed: %d entries\n" % (FIRST_COPY + 2)
    assert len(ask(cli, "list", "--recipient", "Beta Ltd")["entries"]) == 1  # type: ignore[arg-type]
    assert ask(cli, "list", "--recipient", "Nobody")["entries"] == []
    assert ask(cli, "list", "--limit", "9" * 30) == ask(cli, "list")


def test_every_answer_says_that_a_copy_was_withdrawn(cli: Run, archive: Path, tmp_path: Path) -> None:
    """What is listed, fetched, proven and packed as evidence is told to be withdrawn, also where the key is missing."""
    first, second = digests(cli)
    cli("archive", "withdraw", first, "--reason", "wrong company", "-a", "archive")
    copy = find_one(cli, "Acme")["copies"][0]
    words = f"WITHDRAWN on {copy['withdrawn_at'][:10]}"
    assert f"{words}: wrong company\n" in cli("archive", "find", "Acme", "-a", "archive").stdout.decode()
    for key in (state({"HOME": str(tmp_path / "home")}) / "archives").glob("*.json"):
        key.rename(key.with_suffix(".kept-elsewhere"))  # answers about one copy need no key
    shown = {row["digest"]: row["withdrawn_at"] for row in ask(cli, "list", "--kind", "customer-copy")["entries"]}  # type: ignore[attr-defined]
    assert shown == {first: copy["withdrawn_at"], second: None}
    rows = csv.DictReader(io.StringIO(cli("archive", "list", "-a", "archive", "--csv").stdout.decode()))
    assert [row["digest"] for row in rows if row["withdrawn_at"]] == [first]
    listed = cli("archive", "list", "-a", "archive").stdout.decode().splitlines()
    assert [first[:16] in line for line in listed if line.endswith(f", {words}")] == [True]
    for command in (
        ("fetch",),
        ("fetch", "--format", "text"),
        ("prove", "-o", "-"),
        ("evidence", "-d", "bag"),
    ):
        note = cli("archive", command[0], first, *command[1:], "-a", "archive").stderr.decode()
        assert note == f"note: this copy was {words}\n", command
        shutil.rmtree(tmp_path / "bag", ignore_errors=True)
        assert not cli("archive", command[0], second, *command[1:], "-a", "archive").stderr, command
        shutil.rmtree(tmp_path / "bag", ignore_errors=True)


def test_a_customer_whose_name_looks_like_a_digest_is_held(cli: Run, archive: Path) -> None:
    """A name of hexadecimal digits is a name; where a copy's digest begins so as well, nothing is held."""
    first, _ = digests(cli)
    for name, reference in (("Deadbeef", "C-7"), (first[:8].upper(), "C-8")):
        done = cli("export", "--to", name, "--reference", reference, "-a", "archive", "-o", f"{reference}.pdf")
        assert done.returncode == 0, done.stderr

    def held() -> list[object]:
        return [(each["customer"], each["copy_entry"]) for each in ask(cli, "holds")["holds"]]  # type: ignore[attr-defined]

    done = cli("archive", "hold", "deadbeef", "-a", "archive")
    assert (done.returncode, done.stdout[:15], held()) == (0, b"held: deadbeef;", [("Deadbeef", None)])
    done = cli("archive", "hold", first[:8], "-a", "archive")
    assert (done.returncode, "is the name of a customer and the beginning" in one_line(done)) == (2, True)
    assert "--as customer, or --as copy" in one_line(done)
    assert len(held()) == 1
    assert cli("archive", "hold", first[:8], "--as", "customer", "-a", "archive").returncode == 0
    assert cli("archive", "hold", first[:8], "--as", "copy", "-a", "archive").stdout.startswith(
        b"held: the copy of entry"
    )
    assert cli("archive", "hold", first[:9], "-a", "archive").stdout.startswith(b"held: the copy of entry")
    assert held()[1:] == [(first[:8].upper(), None), *[("Acme GmbH", FIRST_COPY)] * 2]


def test_a_reason_does_not_write_lines_of_its_own(cli: Run, archive: Path) -> None:
    """What a person typed as reason or matter stays in its line, and no terminal obeys it."""
    first, _ = digests(cli)
    typed = ("--reason", "x\x1b[31m\nBeta Ltd  (held)", "--matter", "M\u202e1\r\n2", "-a", "archive")
    assert cli("archive", "hold", "Acme GmbH", *typed).returncode == 0
    assert cli("archive", "withdraw", first, *typed).returncode == 0
    shown = [cli("archive", command, *more, "-a", "archive") for command, *more in (("find", "Acme"), ("holds",))]
    assert [len(each.stdout.decode().splitlines()) for each in shown] == [2, 1]
    assert all("x\\x1b[31m\\nBeta Ltd" in each.stdout.decode() for each in shown)
    refused = cli("archive", "erase", "Acme GmbH", "--yes", "-a", "archive")
    assert "(matter M\\u202e1\\r\\n2)" in one_line(refused)


def test_a_relation_that_ends_in_the_last_year(cli: Run, archive: Path) -> None:
    """A day after which no period ends that can be written stops no proposal, of this customer or of others."""
    assert cli("archive", "ended", "Acme GmbH", "--on", "9999-12-31", "-a", "archive").returncode == 0
    done = cli("archive", "proposals", "--retention", "1095", "-a", "archive")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert cli("archive", "due", "--retention", "1095", "-a", "archive").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("fetch", "00000000"), 2, "no file with the digest"),
        (("hold", "00000000"), 2, "No customer is called exactly '00000000', and the archive has no file"),
        (("hold", "00000000", "--as", "copy"), 2, "no file with the digest"),
        (("hold", "00000000", "--as", "customer"), 2, "No customer is called exactly '00000000'. "),
        (("hold", "0000000"), 2, "No customer is called exactly '0000000'. "),
        (("withdraw", "00000000", "--reason", "wrong name"), 2, "no file with the digest"),
        (("withdraw", "00000000"), 2, "say why"),
        (("release",), 2, "give the number of a hold's entry"),
        (("find", " "), 2, "give a part of a name"),
        (("prove", "00000000"), 2, "no file with the digest"),
        (("erase", "Nobody", "--yes"), 2, "No customer is called exactly 'Nobody'"),
        (("erase", "Acme", "--yes"), 2, "Similar: Acme GmbH"),
        (("in-force", "2020-01-01T00:00:00Z"), 0, "no archived version claims to have been in force"),
        (("in-force", "2026-06-01"), 2, "has no time zone"),
        (("in-force", "0001-01-01T00:00:00+14:00"), 2, "is too early or too late in UTC"),
        (("in-force", "9999-12-31T23:59:59-14:00"), 2, "is too early or too late in UTC"),
        (("report", "--from", "2026-01-01", "--to", "9999-12-31", "--format", "csv"), 2, "give an earlier one"),
        (("list", "--csv", "--json"), 2, "not both"),
        (("list", "--archive-index", "0.pdf"), 2, "is not an index but another file"),
        (("list", "--signer", "zz"), 2, "is not the SHA-256 of a certificate"),
        (("add", "archive/log"), 2, "there is no PDF file in archive/log"),
        (("evidence", "85591b98", "-d", "nowhere/bag"), 2, "make it first"),
        (("anchor",), 2, "name a timestamp authority"),
        (("renew",), 2, "name a timestamp authority"),
    ],
)
def test_wrong_questions(
    cli: Run, archive: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """A question that cannot be answered gets one line, and the documented exit code."""
    copy = (tmp_path / "0.pdf").read_bytes()
    result = cli("archive", *arguments, "-a", "archive")
    assert (result.returncode, words in one_line(result)) == (code, True), result.stderr
    assert (tmp_path / "0.pdf").read_bytes() == copy


def test_a_file_is_in_the_way_of_a_new_archive(cli: Run, tmp_path: Path) -> None:
    """The message names the file, also one in a folder above."""
    (tmp_path / "file").touch()
    for place in ("file", "file/archive"):
        result = cli("archive", "init", place)
        assert (result.returncode, one_line(result)) == (
            2,
            "mailmart-privacy: file is a file; an archive needs a folder",
        )


def test_places_that_are_no_archive(cli: Run, archive: Path, tmp_path: Path) -> None:
    """A foreign folder, a newer format, an incomplete copy and another archive's key each get one line."""
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "letter.txt").write_text("mine")
    assert "is not an archive; create an archive with" in one_line(cli("archive", "list", "-a", "foreign"))
    assert "is not empty (letter.txt)" in one_line(cli("archive", "init", "foreign"))
    assert "is an archive already" in one_line(cli("archive", "init", "archive"))
    assert "name the archive with --archive" in one_line(cli("archive", "list"))
    assert "is a file" in one_line(cli("archive", "init", "0.pdf"))
    metadata = json.loads((archive / "archive.json").read_text())
    shutil.copytree(archive, tmp_path / "newer")
    (tmp_path / "newer" / "archive.json").write_text(json.dumps(metadata | {"version": 9}))
    assert "format 9, and this package reads format 1; upgrade" in one_line(cli("archive", "verify", "-a", "newer"))
    for missing in ("archive.json", "log.vkey", "log/checkpoint"):
        shutil.copytree(archive, tmp_path / "half", dirs_exist_ok=True)
        (tmp_path / "half" / missing).unlink()
        result = cli("archive", "verify", "-a", "half")
        assert (result.returncode, f"{missing} is missing" in one_line(result)) == (4, True)
        shutil.rmtree(tmp_path / "half")
    assert cli("archive", "init", "second").returncode == 0
    origin = json.loads((tmp_path / "second" / "archive.json").read_text())["key"].partition("+")[0].replace("/", "-")
    key = state({"HOME": str(tmp_path / "home")}) / "archives" / f"{origin}.key"
    result = cli("archive", "add", "0.pdf", "-a", "archive", "--archive-key", str(key))
    assert (result.returncode, "is the key of another archive" in one_line(result)) == (1, True)
    result = cli("archive", "init", "third", "--archive-key", str(key))
    assert (result.returncode, "each archive has its own key" in one_line(result)) == (1, True)


def test_two_archives_with_one_key(cli: Run, archive: Path, tmp_path: Path) -> None:
    """The next writer stops at a forked copy of the archive, or at an older state of it, and writes nothing."""
    shutil.copytree(archive, tmp_path / "older")
    assert cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "gamma.pdf").returncode == 0
    result = cli("archive", "add", "gamma.pdf", "-a", "older")
    assert result.returncode == 4
    assert f"this key has signed a log of {FIRST_COPY + 3} entries, and here are {FIRST_COPY + 2}" in one_line(result)
    assert not any((tmp_path / "older" / "incoming").iterdir())
    assert cli("archive", "verify", "-a", "archive", "--checkpoint", "older/log/checkpoint").returncode == 0


def test_what_was_cut_is_found(cli: Run, archive: Path, tmp_path: Path) -> None:
    """The memory beside the key reveals an older state of an archive; elsewhere a proof that was kept apart does."""
    shutil.copytree(archive, tmp_path / "older")
    assert cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "gamma.pdf").returncode == 0
    result = cli("archive", "verify", "-a", "older")
    assert (result.returncode, f"here are {FIRST_COPY + 2}: it was cut, or is an older copy" in one_line(result)) == (
        4,
        True,
    )
    result = cli("archive", "verify", "-a", "older", "--json")
    answer = json.loads(result.stdout)
    assert (result.returncode, answer["whole"], len(answer["faults"]), result.stderr) == (4, False, 1, b"")
    state({"HOME": str(tmp_path / "home")}).rename(tmp_path / "another's")
    result = cli("archive", "verify", "-a", "older")
    assert (result.returncode, "complete   not checked" in result.stdout.decode()) == (0, True)
    result = cli("archive", "verify", "-a", "older", "--checkpoint", "archive/log/checkpoint")
    assert (result.returncode, "it was cut" in one_line(result)) == (4, True)


def test_an_archive_that_was_copied_in_part(cli: Run, archive: Path, tmp_path: Path) -> None:
    """For an incomplete archive, the first message says what is missing, and asks whether it was copied in part."""
    for folder, words in (("commits", "000000000000.jsonl is missing"), ("copies", "2 files are missing")):
        (archive / folder).rename(tmp_path / "aside")
        result = cli("archive", "verify", "-a", "archive")
        first = result.stderr.decode().splitlines()[0]
        assert (result.returncode, f"{words}; was the archive copied in part?" in first) == (4, True), first
        (tmp_path / "aside").rename(archive / folder)


def test_a_read_only_medium(cli: Run, archive: Path, tmp_path: Path) -> None:
    """Verifying and querying lock nothing, and write nothing into the archive."""
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*")}
    for path in before:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    try:
        assert cli("archive", "verify", "-a", "archive").returncode == 0
        assert find_one(cli, "Acme GmbH")["name"] == "Acme GmbH"
        assert {path: path.stat().st_mtime_ns for path in archive.rglob("*")} == before
    finally:
        for path in before:
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o200)


def test_a_link_out_of_the_archive(cli: Run, archive: Path, tmp_path: Path) -> None:
    """A link in an archive is refused, be it a file or a folder, wherever it leads."""
    (copy,) = list(archive.glob(f"copies/*/*/{digests(cli)[0]}.pdf"))
    copy.rename(tmp_path / "outside.pdf")
    copy.symlink_to(tmp_path / "outside.pdf")
    result = cli("archive", "verify", "-a", "archive")
    assert (result.returncode, "an archive holds files only" in one_line(result)) == (4, True)
    copy.unlink()
    (tmp_path / "outside.pdf").rename(copy)
    (archive / "copies").rename(tmp_path / "elsewhere")
    (archive / "copies").symlink_to(tmp_path / "elsewhere")
    assert cli("archive", "verify", "-a", "archive").returncode == 4
    assert cli("archive", "fetch", digests(cli)[0], "-a", "archive").returncode == 4


def test_commits_that_are_not_those_of_the_log(cli: Run, archive: Path, tmp_path: Path) -> None:
    """An entry from an index that was built from forged commits is compared with the log before a proof is made."""
    first, second = digests(cli)
    (commit,) = (path for path in archive.glob("commits/*/*") if first in path.read_text())
    commit.write_text(commit.read_text().replace(first, "0" * 64))
    for path in (state({"HOME": str(tmp_path / "home")}) / "archives").glob("*.sqlite*"):
        path.unlink()
    for command in ("prove", "evidence"):
        result = cli("archive", command, "0" * 64, "-a", "archive")
        assert (result.returncode, "differs between the log" in one_line(result)) == (4, True)
    assert cli("archive", "prove", second, "-a", "archive").returncode == 0


def test_forgetting(cli: Run, archive: Path, tmp_path: Path) -> None:
    """A recipient is erased with their name and copies; the rest stays provable."""
    first, second = digests(cli)
    assert cli("archive", "prove", second, "-a", "archive", "-o", "beta.tlog-proof").returncode == 0
    result = cli("archive", "erase", "ACME gmbh", "-a", "archive")
    assert result.returncode == 130, "without --yes it asks, and nobody answers"
    assert cli("archive", "erase", "ACME gmbh", "-a", "archive", "--yes").returncode == 0
    report = ask(cli, "verify", "--proof", "beta.tlog-proof")
    assert (report["erased"], report["known_elsewhere"]) == (1, FIRST_COPY + 3)
    assert all(b"Acme" not in path.read_bytes() for path in archive.rglob("*") if path.is_file())
    assert cli("archive", "fetch", first, "-a", "archive", "-o", "x.pdf").returncode == 2
    assert (answer := ask(cli, "find", "Acme GmbH"))["customers"] == []
    assert answer["erasures"] == 1
    rows = ask(cli, "list", "--kind", "customer-copy")["entries"]
    assert [row["erased"] for row in rows] == [True, False]  # type: ignore[attr-defined]
    result = cli("archive", "add", "0.pdf", "-a", "archive")
    assert (result.returncode, "was erased from the archive with its recipient" in one_line(result)) == (1, True)
    assert cli("export", "--to", "Acme GmbH", "-a", "archive", "-o", "again.pdf").returncode == 0
    assert len(find_one(cli, "Acme GmbH")["copies"]) == 1


@pytest.mark.usefixtures("archive")
def test_a_list_for_somebody_unknown(cli: Run) -> None:
    """A name that nobody has exactly gives an empty list, and the answer says what that does not show."""
    result = cli("archive", "list", "--recipient", "Acme", "-a", "archive")
    assert (result.returncode, result.stdout) == (0, b"")
    assert b"No customer is called exactly 'Acme'; `archive find` looks for parts of names" in result.stderr
    assert b"No customer was erased; an erased customer cannot be told from an unknown one" in result.stderr


def test_report_and_due(cli: Run, archive: Path, tmp_path: Path) -> None:
    """The report comes in every format; what is due includes the signing certificate."""
    command = ("archive", "report", "--from", "2020-01-01", "--to", "2099-12-31", "-a", "archive")
    for form, begins in (
        ("html", b"<!DOCTYPE"),
        ("pdf", b"%PDF-"),
        ("xlsx", b"PK"),
        ("csv", b"table,"),
        ("json", b"{"),
    ):
        done = cli(*command, "--format", form, "-o", f"report.{form}")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"report.{form}").read_bytes().lstrip().startswith(begins)
    made = json.loads((tmp_path / "report.json").read_text())
    assert sum(row["copies"] for row in made["issued"]) == 2
    assert any("renew the signing certificate" in row["what"] for row in made["due"])
    found = ask(cli, "due")["due"]
    assert {each["what"] for each in found} >= {"certificate", "unanchored"}  # type: ignore[attr-defined]


def test_a_key_that_is_printed_can_be_typed_again(cli: Run, archive: Path, tmp_path: Path) -> None:
    """The page shows the key as a file that works after it was typed in; only its owner can read the page."""
    assert cli("archive", "key", "backup", "-a", "archive", "-o", "key.html").stdout == b"key.html\n"
    page = tmp_path / "key.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    typed = html.unescape(page.read_text().partition("<pre>")[2].partition("</pre>")[0])
    (tmp_path / "typed.key").write_text(typed)
    shutil.rmtree(state({"HOME": str(tmp_path / "home")}) / "archives")
    assert "the key of this archive is not here" in one_line(cli("archive", "find", "Acme", "-a", "archive"))
    found = ask(cli, "find", "Acme", "--archive-key", "typed.key")
    assert len(found["customers"]) == 1  # type: ignore[arg-type]
    assert cli("archive", "key", "backup", "-a", "archive", "-o", "-").returncode == 2


def test_a_key_that_is_replaced(cli: Run, archive: Path) -> None:
    """The command asks first, then prints the new public key; the archive continues with it."""
    assert cli("archive", "key", "rotate", "-a", "archive").returncode == 130
    done = cli("archive", "key", "rotate", "-a", "archive", "--yes")
    assert done.returncode == 0, done.stderr
    newest = Archive(Folder(archive)).keys.newest
    assert done.stdout.decode() == f"{newest}\n" != (archive / "log.vkey").read_text()
    assert b"The former key is kept in" in done.stderr
    assert cli("export", "--to", "Gamma SA", "-a", "archive", "-o", "gamma.pdf").returncode == 0
    assert ask(cli, "verify")["whole"]


def test_a_batch(cli: Run, archive: Path, tmp_path: Path, authority: Authority) -> None:
    """Every copy of a batch is archived before it is written, to a folder or a ZIP file; then the log is anchored."""
    (tmp_path / "rows.csv").write_text("recipient,reference\n" + "".join(f"Row {n},R-{n}\n" for n in range(40)))
    (tmp_path / "tsa.pem").write_bytes(_pem(authority))
    with authority.at(None):
        arguments = (
            "export",
            "--recipients",
            "rows.csv",
            "-a",
            "archive",
            "--tsa",
            authority.tsa(),
            "--trust",
            "tsa.pem",
        )
        done = cli(*arguments, "-d", "sent")
        assert done.returncode == 0, done.stderr
        done = cli(*arguments, "-o", "sent.zip")
        assert done.returncode == 0, done.stderr
        report = ask(cli, "verify", "--trust", "tsa.pem")
    archived = set(digests(cli))
    sent = {sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "sent").glob("*.pdf")}
    with zipfile.ZipFile(tmp_path / "sent.zip") as file:
        zipped = {sha256(file.read(name)).hexdigest() for name in file.namelist() if name.endswith(".pdf")}
    assert (len(sent), len(zipped), len(archived)) == (40, 40, 82)
    assert sent | zipped < archived
    assert (report["anchors"], report["anchored_entries"]) == (2, FIRST_COPY + 2 + 40 + 1 + 40)


def test_a_batch_that_was_stopped(cli: Run, archive: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """A continued batch hands out what it had archived, and archives nothing twice."""
    (tmp_path / "rows.csv").write_text("recipient,reference\n" + "".join(f"Row {n},R-{n}\n" for n in range(150)))
    command = ("export", "--recipients", "rows.csv", "-a", "archive", "-d", "sent", "--resume", "--jobs", "1")
    stopped = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "mailmart_privacy", *command],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        before = len(list(archive.glob("commits/*/*")))
        while process.poll() is None and len(list(archive.glob("commits/*/*"))) == before:
            pass
        process.kill()
        stopped += process.wait() == -9
        assert cli("archive", "verify", "-a", "archive").returncode == 0
    assert stopped
    done = cli(*command)
    assert done.returncode == 0, done.stderr
    sent = {sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "sent").glob("*.pdf")}
    archived = set(digests(cli))
    assert len(sent) == 150
    assert sent < archived
    assert len(archived) == 152


def test_anchors(cli: Run, archive: Path, tmp_path: Path, authority: Authority) -> None:
    """An anchor proves before when an entry existed; an anchor of an untrusted authority proves nothing, and this is
    reported."""
    (tmp_path / "tsa.pem").write_bytes(_pem(authority))
    with authority.at(None):
        trusted = ("--tsa", authority.tsa(), "--trust", "tsa.pem")
        assert cli("archive", "anchor", "-a", "archive", *trusted).returncode == 0
        shown = ask(cli, "in-force", "2026-12-01T00:00:00Z", "--trust", "tsa.pem")
        claimed = shipped().version_in_force(datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)).effective_at
        assert shown["proven_archived_before"] is not None
        assert shown["claims_effective_at"] == f"{claimed:%Y-%m-%dT%H:%M:%SZ}"
        after = ask(cli, "in-force", "2099-01-01T00:00:00Z", "--trust", "tsa.pem")
        assert after["provably_in_force"] == after["version"]
        before = ask(cli, "in-force", "2026-03-01T00:00:00Z", "--trust", "tsa.pem")
        assert (before["version"], before["provably_in_force"]) == ("2026-02-24", None), "it was stamped later"
        result = cli("archive", "verify", "-a", "archive")
        assert result.returncode == 5
        assert "no certificate to trust was given" in (line := one_line(result)), line
        result = cli("archive", "anchor", "-a", "archive", "--tsa", authority.tsa())
        assert (result.returncode, "--trust" in one_line(result)) == (1, True)
        due = ask(cli, "renew", "--trust", "tsa.pem", "--before", "2033-01-01", "--dry-run")
        assert [each["renewed"] for each in due["due"]] == [False]  # type: ignore[attr-defined]
        done = ask(cli, "renew", *trusted, "--before", "2033-01-01")
        assert [each["renewed"] for each in done["due"]] == [True]  # type: ignore[attr-defined]
        assert ask(cli, "verify", "--trust", "tsa.pem")["anchors"] == 2


def test_renewal_of_copies(cli: Run, archive: Path, tmp_path: Path, authority: Authority) -> None:
    """A copy of level B-LTA is renewed before its timestamp expires; both are kept, and the new one names the old."""
    (tmp_path / "tsa.pem").write_bytes(_pem(authority))
    with authority.at(None):
        trusted = ("--tsa", authority.tsa(), "--trust", "tsa.pem")
        done = cli("export", "--to", "Long GmbH", "--level", "B-LTA", *trusted, "-a", "archive", "-o", "long.pdf")
        assert done.returncode == 0, done.stderr
        done = cli("archive", "renew", "-a", "archive", "--before", "2033-01-01", *trusted)
        assert done.returncode == 0, done.stderr
        assert ask(cli, "renew", "--trust", "tsa.pem", "--before", "2026-12-31", "--dry-run")["due"] == []
    old, new = find_one(cli, "Long GmbH")["copies"]
    assert new["renews"] == old["digest"]


def test_evidence(cli: Run, archive: Path, tmp_path: Path, authority: Authority) -> None:
    """The bag is complete; its program accepts it, and refuses it after one byte was changed."""
    (tmp_path / "tsa.pem").write_bytes(_pem(authority))
    with authority.at(None):
        assert cli("archive", "anchor", "-a", "archive", "--tsa", authority.tsa(), "--trust", "tsa.pem").returncode == 0
        done = cli(
            "archive",
            "evidence",
            digests(cli)[0],
            "-a",
            "archive",
            "--trust",
            "tsa.pem",
            "--matter",
            "26-114",
            "-d",
            "bag",
        )
    assert (done.returncode, done.stdout) == (0, b"bag\n"), done.stderr
    assert "was kept" in one_line(
        cli("archive", "evidence", digests(cli)[0], "-a", "archive", "-d", "bag", "--trust", "tsa.pem")
    )
    data = tmp_path / "bag" / "data"
    page = (data / "READ-ME-FIRST.html").read_text()
    assert all(words in page for words in ("Acme GmbH", "C-0", "26-114", "Issued by", "/privacy/keys"))
    key = (archive / "log.vkey").read_text().strip()
    result = _check(data, "--key", key, "--roots", str(tmp_path / "tsa.pem"))
    assert (result.returncode, b"the timestamp holds" in result.stdout) == (0, True), result.stdout
    result = _check(archive, "--key", key, program=data / "verify_archive.py", environment={})
    assert (result.returncode, b"every file its entry" in result.stdout) == (5, True), result.stdout
    (archive / "copies" / "extra.pdf").write_bytes(b"planted")
    assert _check(archive, program=data / "verify_archive.py", environment={}).returncode == 4


def _check(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, program: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-I", str(program or folder / "verify_archive.py"), str(folder), *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment)


def _pem(authority: Authority) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots)
