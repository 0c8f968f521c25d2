"""Differences on Windows, tested here by replacing its calls and its encodings."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailmart_privacy import _files, _sync
from mailmart_privacy.archive.storage import folder_writer
from mailmart_privacy.batch.file_names import name_file

from .conftest import Run, one_line, state

NAME = "Żółć s.r.o."


def test_output_in_windows_1252(process: Run, environment: dict[str, str]) -> None:
    """If output is redirected on Windows, characters that its encoding lacks stop nothing, and JSON stays JSON."""
    redirected = environment | {"PYTHONIOENCODING": "cp1252"}
    assert process("export", "--to", NAME, "-o", "x.pdf", env=redirected).returncode == 0
    text = process("verify", "x.pdf", env=redirected)
    assert text.returncode == 0, text.stderr
    assert "Issued to    \\u017bó\\u0142\\u0107 s.r.o." in text.stdout.decode("cp1252")
    document = json.loads(process("verify", "--json", "x.pdf", env=redirected).stdout)
    assert document["files"][0]["verification"]["recipient"] == NAME


def test_only_closed_files_are_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows moves and links no file that is open: files are closed before they are put into their places."""
    put = _files._put

    def look(beside: Path, path: Path, *, force: bool) -> bool:
        named = set()
        for descriptor in os.listdir("/proc/self/fd"):
            try:
                named.add(os.readlink(f"/proc/self/fd/{descriptor}"))
            except OSError:  # that of the listing itself
                continue
        assert str(beside) not in named
        return put(beside, path, force=force)

    monkeypatch.setattr(_files, "_put", look)
    assert _files.write_many(tmp_path, [("a", b"1"), ("b", b"2")]) == [True, True]
    _files.write_whole(tmp_path / "a", b"3", force=True)
    assert (tmp_path / "a").read_bytes() == b"3"


def test_names_of_files_fit_into_windows() -> None:
    """A file's name leaves room for its folder in 260 characters; two long recipients keep different names."""
    longest = name_file("2026-02-24", "Ä" * 200, "R" * 200)
    assert len(longest.encode()) <= 160
    assert name_file("2026-02-24", "A" * 80 + "1") != name_file("2026-02-24", "A" * 80 + "2")
    assert name_file("2026-02-24", "Acme: <GmbH>/..", "C|1") == "privacy-policy-2026-02-24-Acme-GmbH-C-1.pdf"


def test_a_certificate_is_written_to_a_file(cli: Run, tmp_path: Path) -> None:
    """PowerShell redirects as UTF-16; with -o the certificate is plain PEM."""
    cli("identity", "create")
    assert cli("identity", "show", "-o", "ours.pem").stdout == b""
    assert (tmp_path / "ours.pem").read_bytes() == cli("identity", "show", "--pem").stdout
    assert cli("identity", "show", "-o", "ours.pem").returncode == 1


def test_folders_that_cannot_be_opened_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows opens no folders: files are written all the same."""
    open_any = os.open

    def open_file(path: os.PathLike[str] | str, flags: int, mode: int = 0o777) -> int:
        if os.path.isdir(path):
            raise PermissionError(13, "Permission denied", str(path))
        return open_any(path, flags, mode)

    monkeypatch.setattr(os, "open", open_file)
    _files.make_folder(tmp_path / "new" / "folder")
    _files.write_whole(tmp_path / "new" / "folder" / "a", b"1")
    assert _files.write_many(tmp_path, [("b", b"2")]) == [True]
    assert (tmp_path / "new" / "folder" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("refused", [False, True])
def test_macos_syncs_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool) -> None:
    """On macOS files and folders are synced by F_FULLFSYNC, and by fsync where the file system does not have it."""
    calls = []

    def fcntl(descriptor: int, command: int) -> int:
        calls.append(command)
        if refused:
            raise OSError(45, "Operation not supported")
        return 0

    monkeypatch.setattr(_sync, "fcntl", SimpleNamespace(fcntl=fcntl))
    monkeypatch.setattr(_sync, "_FULL_SYNC", 51)
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append("fsync"))
    _files.write_whole(tmp_path / "a", b"1")
    assert calls == ([51, "fsync", 51, "fsync"] if refused else [51, 51])


def test_an_archive_in_a_folder_is_refused_at_once(
    cli: Run, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no POSIX locks: no folder and no key is made, and nothing is written to an archive that is there."""
    assert cli("archive", "init", "there").returncode == 0
    before = sorted((tmp_path / "there").rglob("*"))
    monkeypatch.setattr(folder_writer, "fcntl", None)
    assert "needs POSIX locks" in one_line(cli("archive", "init", "new"))
    refused = cli("export", "--to", "Acme GmbH", "-o", "a.pdf", "--archive", "there")
    assert refused.stderr.decode().endswith("keep the archive in S3\n")
    assert sorted((tmp_path / "there").rglob("*")) == before
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "a.pdf").exists()
    assert len(list(state(environment).rglob("*.key"))) == 1
