"""The tools that check this repository: each finds the faults that it is for."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

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
