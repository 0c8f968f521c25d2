"""Messages: the library says what is wrong, and only the command line names its options."""

import ast
import os
import re
from pathlib import Path

import pytest

from mailmart_privacy.cli.hints import HINTS, explain
from mailmart_privacy.errors import PrivacyError, RecipientError

from .conftest import Run, one_line
from .test_architecture import MODULES

_COMMANDS = "archive|desk|diff|export|identity|outdated|processors|records|renew|schema|show|site|verify|versions"
_FLAG = re.compile(rf"(?<![\w-])--[a-z]|mailmart-privacy (?:{_COMMANDS})\b|(?:with: |repeat: |`)(?:{_COMMANDS}) [a-z]")


def list_messages(source: str) -> list[str]:
    """List the strings of a module, but for docstrings and texts of several paragraphs."""
    tree = ast.parse(source)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in docstrings]
    return [node.value for node in found if isinstance(node.value, str) and "\n\n" not in node.value]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith(("cli", "desk"))])
def test_no_message_of_the_library_names_an_option(name: str) -> None:
    """Pages and services show these messages, too: options are added by the command line."""
    named = [words for words in list_messages(MODULES[name].read_text(encoding="utf-8")) if _FLAG.search(words)]
    assert not named, f"{name}: give the error an `argument`, and name the option in cli/hints.py"


def test_the_command_line_adds_the_option(cli: Run) -> None:
    """An error that an option would solve ends with that option."""
    assert one_line(cli("show", "-o", "home")) == "mailmart-privacy: home is a folder; give the name of a file in it"
    cli("show", "-o", "policy.txt")
    assert one_line(cli("show", "-o", "policy.txt")).endswith(f"kept; {HINTS['force']}")


def test_a_hint_below_several_lines_stands_alone() -> None:
    """Of a list of faults, the hint is a line of its own."""
    assert explain(PrivacyError("row 2: x", argument="fonts")) == f"row 2: x; {HINTS['fonts']}"
    assert explain(PrivacyError("row 2: x\nrow 3: y", argument="fonts")).splitlines()[2] == HINTS["fonts"]
    assert explain(PrivacyError("what it is")) == "what it is"


def test_fonts_of_this_computer_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If fontconfig knows fonts with the characters, they are named; if it is not installed, no font is."""
    program = tmp_path / "fc-list"
    program.write_text(
        '#!/bin/sh\n[ "$1" = ":charset=682a 793e" ] || exit 1\nprintf "Zen,Zen Mono\\nNoto Sans CJK\\nZen\\n"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    error = RecipientError("no font has them", argument="fonts", characters="株社")
    assert explain(error) == f"no font has them; {HINTS['fonts']}; on this computer: Noto Sans CJK, Zen"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert explain(error) == f"no font has them; {HINTS['fonts']}"


def test_the_characters_that_lack_a_font_are_told(cli: Run) -> None:
    """Each character is named once."""
    line = cli("export", "--to", "株株社", "-o", "x.pdf").stderr.decode().splitlines()[-1]
    assert line.count("U+682A") == 1
    assert HINTS["fonts"] in line
