"""What the command line keeps for its user, also where several processes come first."""

import contextlib
import datetime
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from mailmart_privacy import _user_dirs
from mailmart_privacy.keys.key_files import dump_identity

from .conftest import PATIENCE, Run, state
from .pki import Authority


def test_a_folder_that_keeps_nothing_hinders_no_copy(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """With a given identity, a copy is issued even if the certified form cannot be kept; a message says so."""
    cli("identity", "create")
    given = {**environment, "MAILMART_PRIVACY_STATE_DIR": "/dev/null/state"}
    result = cli(
        "export", "--to", "Acme", "--identity", str(state(environment) / "identity.pem"), "-o", "x.pdf", env=given
    )
    assert result.returncode == 0
    assert "could not be kept" in result.stderr.decode()


def test_each_system_has_its_own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and state are where programs keep them on Windows, on macOS and on Linux."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "MAILMART_PRIVACY_STATE_DIR", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    home = Path.home()
    expected = {
        "linux": (home / ".config", home / ".local/state"),
        "darwin": (home / "Library/Application Support",) * 2,
        "win32": (home / "AppData/Roaming", home / "AppData/Local"),
    }
    for platform, (settings, kept) in expected.items():
        monkeypatch.setattr("sys.platform", platform)
        assert _user_dirs.config_path() == settings / "mailmart-privacy" / "config.toml"
        assert _user_dirs.state_path() == kept / "mailmart-privacy"
    monkeypatch.setenv("APPDATA", "/a")
    monkeypatch.setenv("LOCALAPPDATA", "/b")
    assert (_user_dirs.config_path().parts[1], _user_dirs.state_path().parts[1]) == ("a", "b")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_STATE_HOME", "/c")
    assert _user_dirs.state_path() == Path("/c/mailmart-privacy")


@pytest.mark.slow
def test_a_damaged_certified_form_is_made_anew(cli: Run, environment: dict[str, str]) -> None:
    """A kept form is used only if it can be read, even if its name carries its digest."""
    cli("export", "--to", "Acme", "-o", "x.pdf")
    (kept,) = (state(environment) / "certified").glob("[!.]*")
    for content in (b"garbage", b"{}", b"[]\n%PDF-", kept.read_bytes()[:500]):
        stem = kept.name.rpartition("-")[0]
        kept.unlink(missing_ok=True)
        (kept.parent / f"{stem}-{sha256(content).hexdigest()}").write_bytes(content)
        assert cli("export", "--to", "Acme", "-o", "x.pdf", "--force").returncode == 0
        assert cli("verify", "x.pdf").returncode == 0


def test_two_first_uses_at_once_share_one_identity(cli: Run, environment: dict[str, str], tmp_path: Path) -> None:
    """Processes that start together end up with one identity, and all of their copies verify."""
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "mailmart_privacy", "export", "--to", f"Acme {n}", "-o", f"{n}.pdf"],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            for n in range(4)
        ]
        assert [process.wait(PATIENCE) for process in processes] == [0] * 4
    assert cli("verify", *(f"{n}.pdf" for n in range(4))).returncode == 0


@pytest.mark.slow
def test_many_processes_certify_once(tmp_path: Path, environment: dict[str, str], authority: Authority) -> None:
    """Of several processes that start at once on a new level, one asks the authority to certify; all issue copies."""
    (tmp_path / "signer.pem").write_bytes(dump_identity(authority.identity()))
    (tmp_path / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))
    command = [sys.executable, "-m", "mailmart_privacy", "export", "--to", "Acme", "--level", "B-LT"]
    command += ["--identity", "signer.pem"]
    real = datetime.datetime.now(datetime.UTC)
    with authority.at(real):
        asked = len(authority.requests)
        processes = [
            subprocess.Popen(
                [*command, "--tsa", authority.tsa(), "--trust", "roots.pem", "-o", f"{number}.pdf"],
                cwd=tmp_path,
                env=environment,
            )
            for number in range(4)
        ]
        assert [process.wait(PATIENCE) for process in processes] == [0] * 4
        stamps = [path for path in authority.requests[asked:] if "/tsa/" in path]
    assert len(list((state(environment) / "certified").glob("*-B-LT-*"))) == 1
    assert len(stamps) == 1 + 4  # one for the form, one for each copy
    copies = [(tmp_path / f"{number}.pdf").read_bytes() for number in range(4)]
    verdicts = [privacy.verify(copy, trust=authority.trust) for copy in copies]
    assert {verdict.publisher.covered_bytes for verdict in verdicts} == {verdicts[0].publisher.covered_bytes}
    assert {verdict.level for verdict in verdicts} == {"B-LT"}
