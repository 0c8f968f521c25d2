"""The documents: every command and example in them is run, and says what it says there."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(path: Path, kind: str) -> list[str]:
    return [found["body"] for found in BLOCK.finditer(path.read_text(encoding="utf-8")) if found["kind"] == kind]


def having(kind: str) -> list[Path]:
    return [path for path in DOCS if blocks(path, kind)]


@pytest.mark.parametrize("path", having("python"), ids=lambda path: path.name)
def test_python_examples(path: Path) -> None:
    """The Python examples of a document, run in order, give what stands there."""
    source = "\n".join(blocks(path, "python"))
    test = doctest.DocTestParser().get_doctest(source, {}, path.name, str(path), 0)
    assert test.examples
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("path", having("console"), ids=lambda path: path.name)
def test_console_examples(path: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """The commands of a document, run in order in one folder, print what stands there, and exit as they say."""
    (tmp_path / "src").symlink_to(ROOT / "src")
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            code = 0
            if found := re.search(r"^\[exit code (\d+)\]\n", expected, re.MULTILINE):
                code, expected = int(found[1]), expected.replace(found[0], "")
            result = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert result.returncode == code, f"$ {command}\n{result.stdout}{result.stderr}"
            shown = result.stdout if code == 0 else result.stdout + result.stderr
            checker = doctest.OutputChecker()
            if expected:
                assert checker.check_output(expected, shown, FLAGS), f"$ {command}\n{shown}"


@pytest.mark.parametrize("path", having("sh"), ids=lambda path: path.name)
def test_shell_lines(path: Path, environment: dict[str, str]) -> None:
    """Every `make` command that a document names is one of the Makefile's; other lines are run."""
    for block in blocks(path, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "make":
                targets = [word for word in words[1:] if "=" not in word]
                result = subprocess.run(["make", "-n", *targets], cwd=ROOT, capture_output=True, check=False)
            else:
                result = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, check=False)
            assert result.returncode == 0, f"{line}\n{result.stderr.decode()}"


def test_make_export(tmp_path: Path, environment: dict[str, str]) -> None:
    """`make export` leaves a verified PDF and prints its path last, whatever signs are in the name."""
    for name in ("Makefile", "tools", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    recipient = """O'Brien & "Söhne" $HOME `x`"""
    command = [
        "make",
        "export",
        f"TO={recipient}",
        f"VENV={sys.prefix}",
        "-o",
        f"{sys.prefix}/.export",
    ]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    path = tmp_path / result.stdout.splitlines()[-1]
    assert path.read_bytes().startswith(b"%PDF-")
    assert f"Issued to    {recipient}\n" in result.stderr


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a document leads to a file or folder of the repository."""
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", path.read_text(encoding="utf-8")):
        name = next(filter(None, target))
        if "://" not in name:
            assert (path.parent / name).exists(), name


def test_the_readme_fits_one_screen() -> None:
    """The README is one screen."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 50


def test_every_public_name_is_in_the_api_reference() -> None:
    """docs/api.md names everything that the package exports."""
    import mailmart_privacy as privacy

    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    missing = [name for name in privacy.__all__ if f"`{name}`" not in text and f"`{name}(" not in text]
    assert not missing
