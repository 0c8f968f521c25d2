"""Batches on the command line: a folder, a ZIP file, faults, sums, and continuing an interrupted batch."""

import datetime
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.keys.key_files import dump_identity

from .conftest import VERSION, Run, one_line
from .pki import Authority


def write_sheet(path: Path, count: int, *, header: str = "Company,Contract") -> None:
    path.write_text(f"{header}\n" + "".join(f"Acme {n} GmbH,C-{n:04}\n" for n in range(count)), encoding="utf-8")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_sheet_becomes_a_folder(cli: Run, tmp_path: Path) -> None:
    """Each row becomes a copy that verifies, listed with its reference, file, digest, size and moment."""
    write_sheet(tmp_path / "r.csv", 12)
    result = cli("export", "--recipients", "r.csv", "-d", "out", "--verify", "all")
    assert result.returncode == 0, result.stderr
    assert result.stdout == b"out\n"
    said = result.stderr.decode()
    assert "headings in row 1: recipients from column 'Company', references from column 'Contract'" in said
    assert re.search(rf"12 copies of version {VERSION}; 12 issued in [0-9.]+ s \([0-9,]+/s\); 12 verified", said)
    listed = lines(tmp_path / "out")
    assert [line["reference"] for line in listed] == [f"C-{n:04}" for n in range(12)]
    for line in listed:
        content = (tmp_path / "out" / line["file"]).read_bytes()
        assert set(line) == {"reference", "file", "digest", "size", "issued_at"}
        assert (sha256(content).hexdigest(), len(content)) == (line["digest"], line["size"])
    assert listed[3]["file"] == f"privacy-policy-{VERSION}-Acme-3-GmbH-C-0003.pdf"
    verdict = json.loads(cli("verify", f"out/{listed[3]['file']}", "--json").stdout)["files"][0]["verification"]
    assert (verdict["recipient"], verdict["reference"]) == ("Acme 3 GmbH", "C-0003")
    assert verdict["issued_at"] == listed[3]["issued_at"]


def test_xlsx_and_processes_and_json(cli: Run, tmp_path: Path) -> None:
    """A workbook, two worker processes, one JSON document; rows without references get one each."""
    book = openpyxl.Workbook()
    for row in [("Kunde",), *((f"Firma {n}",) for n in range(30))]:
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    result = cli("export", "--recipients", "r.xlsx", "-d", "out", "--jobs", "2", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert {key: report[key] for key in ("copies", "issued", "found_before", "gone", "verified", "version")} == {
        "copies": 30,
        "issued": 30,
        "found_before": 0,
        "gone": 0,
        "verified": 10,
        "version": VERSION,
    }
    assert len({line["reference"] for line in lines(tmp_path / "out")}) == 30


def test_faults_are_listed_and_nothing_is_written(cli: Run, tmp_path: Path) -> None:
    """All faults are listed by row, whatever their kind; no key, folder or file is created."""
    rows = [
        "Company,Contract",
        "Acme,1",
        ",2",
        "株式会社,3",
        f"{'W' * 90},4",
        "Beta,1",
        "A\u200bB,6",
        "X,1E+10",
        "Y,7,8",
    ]
    (tmp_path / "r.csv").write_text("\n".join(rows), encoding="utf-8")
    result = cli("export", "--recipients", "r.csv", "-d", "out")
    assert result.returncode == 2
    said = result.stderr.decode().splitlines()
    assert [re.search(r"row ([0-9]+)", line)[1] for line in said if ": row " in line] == list("3456789")  # type: ignore[index]
    for words in (
        "the recipient is empty",
        "U+682A",
        "too long",
        "is in row 2, too",
        "U+200B",
        "shortened",
        "more cells than the header",
    ):
        assert sum(words in line for line in said) == 1, words
    assert {path.name for path in tmp_path.iterdir()} <= {"r.csv", "home"}
    assert not list((tmp_path / "home").rglob("*"))


def test_a_dry_run_shows_and_writes_nothing(cli: Run, tmp_path: Path) -> None:
    """The plan is shown as lines or as JSON; nothing is created, not even an identity."""
    write_sheet(tmp_path / "r.csv", 3)
    result = cli("export", "--recipients", "r.csv", "-d", "out", "--dry-run")
    assert (
        result.stdout.decode().splitlines()[1]
        == f"privacy-policy-{VERSION}-Acme-1-GmbH-C-0001.pdf\tAcme 1 GmbH\tC-0001"
    )
    assert "nothing was written" in result.stderr.decode()
    shown = json.loads(cli("export", "--recipients", "r.csv", "-d", "out", "--dry-run", "--json").stdout)
    assert shown["copies"][2] == {
        "row": 4,
        "recipient": "Acme 2 GmbH",
        "reference": "C-0002",
        "file": f"privacy-policy-{VERSION}-Acme-2-GmbH-C-0002.pdf",
        "remark": None,
    }
    assert {path.name for path in tmp_path.iterdir()} == {"r.csv", "home"}


def test_names_that_look_like_others_are_remarked_on(cli: Run, tmp_path: Path) -> None:
    """A name with a Cyrillic A is named before anything is signed, with its row; of many, ten are."""
    (tmp_path / "r.csv").write_text("Recipient,Reference\nAcme,C-1\n" + "".join(f"Аcme {n},D-{n}\n" for n in range(12)))
    result = cli("export", "--recipients", "r.csv", "-d", "out", "--dry-run", "--json")
    said = [line for line in result.stderr.decode().splitlines() if line.startswith("note: ")]
    assert said[0].startswith("note: row 3: 'Аcme' mixes Cyrillic and Latin letters")
    assert (len(said), said[-1]) == (11, "note: 2 more rows have such names; see --dry-run --json")
    remarks = [copy["remark"] for copy in json.loads(result.stdout)["copies"]]
    assert remarks[0] is None
    assert all("mixes" in remark for remark in remarks[1:])


@pytest.mark.slow
def test_a_zip_is_streamed(cli: Run, tmp_path: Path) -> None:
    """A ZIP file contains the copies and their list, in a file or a pipe; it is complete or does not exist."""
    write_sheet(tmp_path / "r.csv", 9)
    for arguments in (("-o", "all.zip"), ("-o", "-")):
        result = cli("export", "--recipients", "r.csv", *arguments)
        assert result.returncode == 0, result.stderr
        content = (tmp_path / "all.zip").read_bytes() if "all.zip" in arguments else result.stdout
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            listed = [json.loads(line) for line in archive.read("manifest.jsonl").splitlines()]
            assert sorted(archive.namelist()) == sorted([*(line["file"] for line in listed), "manifest.jsonl"])
            for line in listed:
                assert sha256(archive.read(line["file"])).hexdigest() == line["digest"]
            archive.extractall(tmp_path / "there")
    assert cli("verify", *(f"there/{line['file']}" for line in listed)).returncode == 0
    assert "exists and was kept" in one_line(cli("export", "--recipients", "r.csv", "-o", "all.zip"))


def test_going_on(cli: Run, tmp_path: Path) -> None:
    """A batch is neither started twice nor mixed with another one; continuing it adds the missing copies."""
    write_sheet(tmp_path / "r.csv", 20)
    cli("export", "--recipients", "r.csv", "-d", "out")
    manifest = tmp_path / "out" / "manifest.jsonl"
    whole = manifest.read_bytes()
    again = cli("export", "--recipients", "r.csv", "-d", "out")
    assert again.returncode == 1
    assert "a batch was begun in out before" in again.stderr.decode()
    # As after a kill: a line that is torn, files that are not listed, one that is missing, and a leftover.
    manifest.write_bytes(b"".join(whole.splitlines(keepends=True)[:12]) + b'{"reference":"C-00')
    missing = tmp_path / "out" / json.loads(whole.splitlines()[17])["file"]
    missing.unlink()
    gone = tmp_path / "out" / json.loads(whole.splitlines()[2])["file"]
    gone.unlink()
    (tmp_path / "out" / ".mailmart-privacy-0123.tmp").write_bytes(b"half")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.pdf")}
    result = cli("export", "--recipients", "r.csv", "-d", "out", "--resume", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["copies"], report["found_before"], report["issued"], report["gone"]) == (20, 12, 8, 1)
    assert {line["reference"] for line in lines(tmp_path / "out")} == {f"C-{n:04}" for n in range(20)}
    assert missing.exists()
    assert not gone.exists(), "a copy that was listed is not issued again"
    for name, content in before.items():
        assert (tmp_path / "out" / name).read_bytes() == content
    assert not list((tmp_path / "out").glob(".mailmart-privacy-*"))
    write_sheet(tmp_path / "r.csv", 21)
    other = cli("export", "--recipients", "r.csv", "-d", "out", "--resume")
    assert other.returncode == 2
    assert "begun with another" in other.stderr.decode()
    (tmp_path / "out" / "manifest.jsonl").write_text("rubbish\n", encoding="utf-8")
    write_sheet(tmp_path / "r.csv", 20)
    damaged = cli("export", "--recipients", "r.csv", "-d", "out", "--resume")
    assert "line 1 is not a manifest entry" in damaged.stderr.decode()


def test_a_file_that_is_in_the_way(cli: Run, tmp_path: Path) -> None:
    """Somebody else's file under a copy's name is kept, the others are issued, and the exit code says so."""
    write_sheet(tmp_path / "r.csv", 5)
    (tmp_path / "out").mkdir()
    theirs = tmp_path / "out" / f"privacy-policy-{VERSION}-Acme-2-GmbH-C-0002.pdf"
    theirs.write_bytes(b"theirs")
    result = cli("export", "--recipients", "r.csv", "-d", "out")
    assert result.returncode == 6
    assert "row 4" in result.stderr.decode()
    assert "4 of 5 copies are issued; continue with --resume" in result.stderr.decode()
    assert theirs.read_bytes() == b"theirs"
    theirs.unlink()
    assert cli("export", "--recipients", "r.csv", "-d", "out", "--resume").returncode == 0
    assert len(lines(tmp_path / "out")) == 5


@pytest.mark.slow
def test_ctrl_c_leaves_a_batch_that_goes_on(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """After Ctrl-C a batch says in one line how far it came, and can be continued."""
    write_sheet(tmp_path / "r.csv", 1500)
    cli("export", "--to", "Acme", "-o", "first.pdf")
    for jobs in ("1", "2"):
        command = [sys.executable, "-m", "mailmart_privacy", "export", "--recipients", "r.csv", "-d", f"out{jobs}"]
        with subprocess.Popen(
            [*command, "--jobs", jobs, "--verify", "none"],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            manifest = tmp_path / f"out{jobs}" / "manifest.jsonl"
            while not manifest.exists() or not manifest.stat().st_size:
                assert process.poll() is None
                time.sleep(0.001)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
            assert process.stderr is not None
            said = process.stderr.read().decode().splitlines()
        assert process.returncode == 130
        assert re.search("interrupted; [0-9,]+ of 1,500 copies are issued; continue with --resume", said[-1]), said
        assert len(said) == 2
        done = len(lines(manifest.parent))
        assert 0 < done < 1500
        report = json.loads(cli(*command[3:], "--resume", "--verify", "none", "--json").stdout)
        assert report["issued"] == 1500 - done


@pytest.mark.slow
def test_a_full_disk_stops_a_batch_that_goes_on(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """If the disk fills up, no file is incomplete; once there is room, the batch can be continued."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("only where a small disk can be mounted")
    try:
        write_sheet(tmp_path / "r.csv", 40)
        code = (
            "import shutil, sys; shutil.disk_usage = lambda path: type('Usage', (), {'free': 1 << 40});"
            "from mailmart_privacy.cli import main; sys.exit(main())"
        )  # what is free when it begins may be taken by others
        command = [sys.executable, "-c", code, "export", "--recipients", "r.csv", "-d", str(disk / "out")]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        # Before the first copy is whole, nothing is done; after it, the batch is partly done.
        listed = (disk / "out" / "manifest.jsonl").exists() and (disk / "out" / "manifest.jsonl").stat().st_size
        assert result.returncode == (6 if listed else 1), result.stderr
        assert "No space left on device" in result.stderr.decode().splitlines()[-1]
        files = {path.name: path.read_bytes() for path in (disk / "out").glob("*.pdf")}
        assert all(content.endswith(b"%%EOF\n") for content in files.values())
        assert not list((disk / "out").glob(".mailmart-privacy-*"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        result = cli("export", "--recipients", "r.csv", "-d", str(disk / "out"), "--resume")
        assert result.returncode == 0, result.stderr
        assert len(lines(disk / "out")) == 40
        for name, content in files.items():
            assert (disk / "out" / name).read_bytes() == content
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def test_no_room_is_said_before_anything_is_signed(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """A batch that does not fit on the disk is refused; the message says how much room it needs and has."""
    write_sheet(tmp_path / "r.csv", 3)
    code = (
        "import shutil, sys; shutil.disk_usage = lambda path: type('Usage', (), {'free': 1000});"
        "from mailmart_privacy.cli import main; sys.exit(main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "export", "--recipients", "r.csv", "-d", "out"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert result.returncode == 2
    assert "3 copies take some 0 MiB, and out has 0 MiB free" in result.stderr.decode()
    assert not list((tmp_path / "out").glob("*.pdf"))


@pytest.mark.slow
def test_a_key_that_fails_in_mid_run(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """If the key fails, the batch stops, lists what is done, says why, and can be continued with --resume."""
    write_sheet(tmp_path / "r.csv", 100)
    code = """
import sys
from mailmart_privacy.errors import IdentityError
from mailmart_privacy.keys import key_files
sign, count = key_files.FileKey.sign, 0
def fail(self, message):
    global count
    count += 1
    if count > 50:
        raise IdentityError("the token was removed")
    return sign(self, message)
key_files.FileKey.sign = fail
from mailmart_privacy.cli import main
sys.exit(main())
"""
    command = [sys.executable, "-c", code, "export", "--recipients", "r.csv", "-d", "out", "--jobs", "1"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert result.returncode == 6
    last = result.stderr.decode().splitlines()[-1]
    assert re.search("the token was removed; 4[0-9] of 100 copies are issued; continue with --resume", last), last
    assert cli("export", "--recipients", "r.csv", "-d", "out", "--resume").returncode == 0
    assert len(lines(tmp_path / "out")) == 100


def test_a_copy_that_does_not_verify_stops_the_report(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """Copies are verified before success is reported: a copy that was damaged on the disk is found."""
    write_sheet(tmp_path / "r.csv", 6)
    code = """
import sys
from mailmart_privacy.batch import destinations
put = destinations.FolderDestination.put
def spoil(self, files, **more):
    return put(self, [(name, pdf[:-700] + bytes([pdf[-700] ^ 1]) + pdf[-699:]) for name, pdf in files], **more)
destinations.FolderDestination.put = spoil
from mailmart_privacy.cli import main
sys.exit(main())
"""
    command = [sys.executable, "-c", code, "export", "--recipients", "r.csv", "-d", "out", "--jobs", "1"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert result.returncode != 0
    assert "a copy does not verify; send none of them" in result.stderr.decode()


@pytest.mark.slow
def test_levels_in_a_batch(cli: Run, tmp_path: Path, authority: Authority) -> None:
    """A batch at B-LT asks for a timestamp for each copy, and for validation data once."""
    write_sheet(tmp_path / "r.csv", 6)
    (tmp_path / "key.pem").write_bytes(dump_identity(authority.identity()))
    (tmp_path / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))
    arguments = ["export", "--recipients", "r.csv", "-d", "out", "--level", "B-LT", "--jobs", "1"]
    arguments += ["--tsa", authority.tsa(), "--trust", "roots.pem", "--identity", "key.pem"]
    with authority.at(datetime.datetime.now(datetime.UTC)):
        before = len(authority.requests)
        result = cli(*arguments)
        asked = [path.split("/")[2] for path in authority.requests[before:]]
    assert result.returncode == 0, result.stderr
    assert asked.count("tsa") == 7  # the form's, and one for each copy
    assert asked.count("ocsp") <= 2  # the form's, and that which the copies share
    first = lines(tmp_path / "out")[0]["file"]
    verdict = json.loads(cli("verify", "--trust", "roots.pem", "--json", f"out/{first}").stdout)
    assert verdict["files"][0]["verification"]["level"] == "B-LT"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--recipients", "r.csv"), "-d FOLDER, or -o FILE.zip"),
        (("--recipients", "r.csv", "-o", "x.pdf"), "-o names a ZIP file"),
        (("--recipients", "r.csv", "-o", "x.zip", "--resume"), "--resume is for -d"),
        (("--recipients", "r.csv", "-o", "x.zip", "-d", "out"), "leave -d and --manifest out"),
        (("--recipients", "r.csv", "-d", "out", "--force"), "never replaces a copy"),
        (("--recipients", "r.csv", "-d", "out", "--reference", "C"), "--reference is for one copy"),
        (("--recipients", "r.csv", "--to", "Acme"), "--to names one recipient, --recipients a sheet"),
        (("--recipients", "r.csv", "-d", "out", "--column", "foo=bar"), "write recipient=HEADER or reference=HEADER"),
        (("--to", "Acme", "--resume"), "--resume is for many copies"),
        (("--to", "Acme", "--jobs", "2"), "--jobs is for many copies"),
        (("--recipients", "none.csv", "-d", "out"), "none.csv: No such file"),
        (("--recipients", "r.csv", "-d", "none://x", "--manifest", "m"), "none://x"),
    ],
)
def test_options_that_do_not_go_together(cli: Run, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """Contradicting options are refused in one line, and nothing is written."""
    write_sheet(tmp_path / "r.csv", 1)
    result = cli("export", *arguments)
    assert result.returncode == (1 if "No such" in words else 2)
    assert words in result.stderr.decode().splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_two_runs_at_once_are_refused(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """While a batch is under way, another run on the same folder is told to wait."""
    from filelock import FileLock

    write_sheet(tmp_path / "r.csv", 3)
    cli("export", "--recipients", "r.csv", "-d", "out")
    with FileLock(tmp_path / "out" / ".manifest.jsonl.lock"):
        result = cli("export", "--recipients", "r.csv", "-d", "out", "--resume")
    assert result.returncode == 2
    assert "another process is working on the batch" in result.stderr.decode()


@pytest.mark.slow
def test_a_bar_on_a_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    """On a terminal, a bar shows how many of how many, how fast, and how long it will take."""
    write_sheet(tmp_path / "r.csv", 3000)
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "mailmart_privacy", "export", "--recipients", "r.csv", "-d", "out", "--jobs", "1"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment | {"COLUMNS": "100"}, stdout=subprocess.DEVNULL, stderr=child
    ) as process:
        os.close(child)
        seen = b""
        while True:
            try:
                part = os.read(parent, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
    os.close(parent)
    assert process.returncode == 0
    assert re.search(rb"issuing +\[#+", seen)
    assert re.search(rb"[0-9,]+/3,?000", seen)
    assert re.search(rb"[0-9,]+/s", seen)
