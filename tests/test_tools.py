"""The tools that check this repository: each finds the faults that it is for."""

import importlib.util
import io
import os
import sys
from email.message import Message
from pathlib import Path
from types import ModuleType
from urllib.error import HTTPError

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Load a tool by its name; tools import each other as scripts do."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


def test_a_leg_that_is_not_run_fails_ci_unless_it_is_listed(load, monkeypatch, tmp_path: Path) -> None:
    """A missing Python fails CI but not a developer's run; a failed leg fails everywhere."""
    legs = load("legs")
    allowed = tmp_path / "allowed.txt"
    allowed.write_text("# why\nPython 3.14\n", encoding="utf-8")
    monkeypatch.setattr(legs, "ALLOWED", allowed)

    def judge(name: str, verdict: str) -> bool:
        (leg,) = (leg for leg in legs.LEGS if leg.name == name)
        return legs.is_failure(legs.Outcome(leg=leg, verdict=verdict))

    monkeypatch.delenv("CI", raising=False)
    assert [judge("Python 3.13", verdict) for verdict in ("passed", "not run", "failed")] == [False, False, True]
    monkeypatch.setenv("CI", "true")
    assert judge("Python 3.13", "not run")
    assert not judge("Python 3.14", "not run")
    assert judge("Python 3.14", "failed")


def test_a_failed_leg_does_not_stop_the_others(load, monkeypatch, capsys) -> None:
    """All legs run, and the table names each of them with its verdict."""
    legs = load("legs")
    monkeypatch.setattr(sys, "argv", ["legs.py"])
    monkeypatch.setattr(legs, "build_wheel", lambda: Path("x.whl"))
    monkeypatch.setattr(legs, "run", lambda leg, *_, **__: legs.Outcome(leg=leg, verdict="failed", detail="1 failed"))
    assert legs.main() == 1
    table = capsys.readouterr().out.partition("Legs:")[2]
    assert [line.split("FAILED")[0].strip() for line in table.strip().splitlines()] == [leg.name for leg in legs.LEGS]


def test_files_of_tests_that_are_named_exist(load) -> None:
    """A renamed file would be left out of the order without a word."""
    files = load("legs")._FILES
    for name in (*files["PYTHONS"], *files["DEPENDENCIES"], *files["LONG"]):
        assert (ROOT / "tests" / f"{name}.py").is_file(), name


@pytest.mark.parametrize(
    ("version", "safe"), [("4.2.25", False), ("4.2.26", True), ("5.0.1", False), ("5.1.14", True), ("5.2.7", False)]
)
def test_a_fix_counts_for_its_own_series(load, version: str, safe: bool) -> None:
    """A version is safe from the fix of its series on, or from the newest fix on."""
    fixes = [Version(fix) for fix in ("4.2.26", "5.1.14", "5.2.8")]
    tool = load("check_requirements")
    assert tool.is_safe(Version(version), fixes) is safe
    assert tool.is_safe(Version("6.0"), fixes)


def test_locks_name_all_that_is_required(load) -> None:
    """The lock files agree with pyproject.toml; a floor above what they have is found."""
    requirements = load("requirements")
    required = requirements.read_requirements()
    assert requirements.compare_with_locks(required) == []
    required.required.append("Markdown>=999")
    assert "has Markdown" in requirements.compare_with_locks(required)[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mailmart-privacy", True),
        ("--upgrade 'mailmart-privacy[pdf]'", True),
        ('"mailmart_privacy-0.1.0-py3-none-any.whl[pdf]"', False),
        ('--index-url INDEX "mailmart-privacy[pdf]"', False),
    ],
)
def test_install_lines_that_nobody_should_follow_are_found(load, text: str, found: bool) -> None:
    """A bare install line is found; a wheel file and one index are not."""
    words = load("words")
    assert bool(list(words.find(words.PATTERNS[0], {ROOT / "x.md": "pip install " + text}))) is found


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("linux", "x86_64", "glibc", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ("linux", "aarch64", "", "musllinux_1_1_aarch64"),
        ("darwin", "arm64", "", "macosx_11_0_arm64"),
        ("win32", "AMD64", "", "win_amd64"),
        ("linux", "riscv64", "glibc", None),
        ("win32", "ARM64", "", None),
    ],
)
def test_uv_is_the_locked_one_for_this_system(load, monkeypatch, system, machine, libc, expected: str | None) -> None:
    """Of an index's page, the wheel that runs here and that the lock names by its digest; there may be none."""
    installing = load("installing")
    monkeypatch.setattr(installing.sys, "platform", system)
    monkeypatch.setattr(installing.platform, "machine", lambda: machine)
    monkeypatch.setattr(installing.platform, "libc_ver", lambda: (libc, ""))
    tags = ["manylinux_2_17_x86_64.manylinux2014_x86_64", "musllinux_1_1_aarch64", "macosx_11_0_arm64", "win_amd64"]
    names = [f"../../x/uv-0.13.9-py3-none-{tag}.whl" for tag in (*tags, "win_arm64")]
    links = {name: f"{number:064x}" for number, name in enumerate(names)}
    old = f'<a href="uv-0.1-py3-none-{expected}.whl#sha256={99:064x}">'
    page = old + "\n".join(f'<a href="{link}#sha256={digest}">' for link, digest in links.items())
    lock = "\n".join(f"--hash=sha256:{digest}" for digest in list(links.values())[: len(tags)])
    if expected is None:
        with pytest.raises(LookupError, match=machine):
            installing.choose_wheel(page, lock)
    else:
        link, digest = installing.choose_wheel(page, lock)
        assert link.endswith(f"-{expected}.whl")
        assert digest == links[link]


def test_a_uv_with_another_digest_is_refused(load, monkeypatch, tmp_path: Path) -> None:
    """What the index sends has to be the file that the lock names; nothing is left behind otherwise."""
    installing = load("installing")
    monkeypatch.setattr(installing, "choose_wheel", lambda *_: ("uv.whl", "0" * 64))
    monkeypatch.setattr(installing.urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"another"))
    with pytest.raises(OSError, match=r"uv\.whl is not the file that locks/uv\.txt names"):
        installing.fetch_uv(tmp_path / "uv")
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_drops_is_made_again(load, monkeypatch) -> None:
    """Three attempts, but one where the server says that the address is wrong."""
    installing = load("installing")
    attempts: list[OSError | None] = []

    def open_url(*_: object, **__: object) -> io.BytesIO:
        error = attempts.pop(0)
        if error is not None:
            raise error
        return io.BytesIO(b"the wheel")

    monkeypatch.setattr(installing.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(installing.urllib.request, "urlopen", open_url)
    dropped = ConnectionResetError(104, "Connection reset by peer")
    attempts[:] = [dropped, dropped, None]
    assert installing.read("https://index.example/", None) == b"the wheel"
    attempts[:] = [dropped] * 4
    with pytest.raises(ConnectionResetError):
        installing.read("https://index.example/", None)
    assert len(attempts) == 1
    attempts[:] = [HTTPError("https://index.example/", 404, "Not Found", Message(), None)] * 2
    with pytest.raises(HTTPError):
        installing.read("https://index.example/", None)
    assert len(attempts) == 1


def test_settings_of_pip_are_those_of_uv(load, monkeypatch, tmp_path: Path) -> None:
    """The index and the certificates come from pip's files and environment; what uv itself was told comes first."""
    installing = load("installing")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip.conf").write_text("[global]\nindex-url = https://a.example/simple\ncert = /a.pem\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = installing.uv_environment()
    assert (found["UV_DEFAULT_INDEX"], found["SSL_CERT_FILE"]) == ("https://a.example/simple", "/a.pem")
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example/simple")
    monkeypatch.setenv("SSL_CERT_FILE", "/uv.pem")
    found = installing.uv_environment()
    assert (found["UV_DEFAULT_INDEX"], found["SSL_CERT_FILE"]) == ("https://b.example/simple", "/uv.pem")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert "UV_DEFAULT_INDEX" not in installing.uv_environment()
