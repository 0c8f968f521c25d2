"""`diff` as a user runs it: its arguments, its messages, its output, and what it refuses."""

import contextlib
import datetime
import functools
import json
import os
import pty
import random
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy import _limits as limits
from mailmart_privacy.diff import compare
from mailmart_privacy.diff.sequence_matcher import STEPS, Effort
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.render import read_style, render_json

from .conftest import VERSION, Run, one_line
from .versions import edit

POLICY = shipped().policy(VERSION)
KNOWN = ", ".join(version.version for version in shipped().versions)
AGE = re.findall(r"individuals under (\d+)", POLICY.text)[0]  # whichever it is in the version in force
EDITS = ((f"under {AGE}", "under 21"), ("  • Sentry", "  • Mailgun — Transactional email\n  • Sentry"))
SAME = b"The two texts are the same."


@pytest.fixture
def draft(tmp_path: Path) -> str:
    """The real text with two edits, in a file."""
    (tmp_path / "draft.txt").write_text(edit(POLICY.text, *EDITS), encoding="utf-8")
    return "draft.txt"


def test_a_draft_against_the_current_version(cli: Run, draft: str) -> None:
    """The redline is on standard output, without colour; what the file is, on standard error."""
    result = cli("diff", "current", draft)
    assert result.returncode == 0
    assert b"2 sections changed, 1 processor added." in result.stdout
    assert f"individuals under [-{AGE}-]{{+21+}}. We do".encode() in result.stdout
    assert b"\x1b" not in result.stdout
    assert one_line_of(result.stderr) == f"draft.txt: dated {VERSION}, but not the recorded text of any version"


def one_line_of(output: bytes) -> str:
    (line,) = output.decode().splitlines()
    return line


@pytest.mark.parametrize("name", ["current", VERSION, POLICY.text_id, "text", "markdown", "json", "crlf", "bullets"])
def test_every_spelling_of_a_version_is_that_version(cli: Run, tmp_path: Path, name: str) -> None:
    """Names, and files in every format that `show` writes, with the line ends and the mark of Windows too."""
    files = {
        "text": POLICY.text.encode(),
        "markdown": POLICY.markdown.encode(),
        "json": render_json(POLICY).encode(),
        "crlf": b"\xef\xbb\xbf" + POLICY.text.replace("\n", "\r\n").encode() + b"\r\n",
        "bullets": POLICY.text.replace("  •", "*").encode(),
    }
    if name in files:
        (tmp_path / name).write_bytes(files[name])
    result = cli("diff", name, "current", "--exit-code")
    assert (result.returncode, SAME in result.stdout) == (0, True), result.stderr
    expected = f"{name}: the recorded text of version {VERSION}\n" if name in files else ""
    assert result.stderr.decode() == expected


def test_what_changed_since_this_copy(cli: Run, tmp_path: Path, copy: bytes, draft: str, identity: Identity) -> None:
    """A copy is verified, and named with its recipient; by whom it is trusted is the reader's choice."""
    certificate = identity.certificate.public_bytes(Encoding.PEM)
    (tmp_path / "mailmart.pem").write_bytes(certificate)
    (tmp_path / "acme.pdf").write_bytes(copy)
    result = cli("diff", "acme.pdf", draft, "--trust", "mailmart.pem")
    assert result.returncode == 0
    assert b"2 sections changed, 1 processor added." in result.stdout
    said = result.stderr.decode().splitlines()
    assert said[0] == f"acme.pdf: valid, issued to Acme GmbH on 2026-11-23: the recorded text of version {VERSION}"
    unknown = cli("diff", "acme.pdf", "current")
    assert (unknown.returncode, SAME in unknown.stdout) == (0, True)
    line = one_line_of(unknown.stderr)
    assert line.startswith("acme.pdf: NOT VERIFIED (")
    assert "it names Acme GmbH as its recipient" in line


def test_an_altered_copy_is_said_to_be_one(cli: Run, tmp_path: Path, copy: bytes, form: bytes) -> None:
    """Its attached text is compared, and a clear message says that it is not valid; a form names nobody."""
    (tmp_path / "bad.pdf").write_bytes(copy.replace(b"/Reason", b"/Raison"))
    (tmp_path / "form.pdf").write_bytes(form)
    altered = cli("diff", "bad.pdf", "current")
    assert altered.returncode == 0
    assert "NOT VERIFIED (the file was changed" in one_line_of(altered.stderr)
    unsigned = cli("diff", "form.pdf", "current")
    assert SAME in unsigned.stdout
    line = one_line_of(unsigned.stderr)
    assert "it is not signed" in line
    assert "as its recipient" not in line


@pytest.mark.parametrize("form", ["text", "html", "markdown", "json", "pdf"])
def test_every_format_goes_to_a_file(cli: Run, tmp_path: Path, draft: str, form: str) -> None:
    """It is written whole, kept unless --force, and a page gets its style sheet."""
    result = cli("diff", "current", draft, "--format", form, "-o", "out")
    assert (result.returncode, result.stdout) == (0, b""), result.stderr
    content = (tmp_path / "out").read_bytes()
    assert len(content) > 1000
    assert content.startswith(b"%PDF-") == (form == "pdf")
    sheet = tmp_path / "redline.css"
    assert sheet.exists() == (form == "html")
    if form == "html":
        assert sheet.read_bytes() == read_style("redline")
        assert b'<link rel="stylesheet" href="redline.css">' in content
    kept = cli("diff", "current", draft, "--format", form, "-o", "out")
    assert kept.returncode == 1
    assert b"out exists and was kept" in kept.stderr
    assert cli("diff", "current", draft, "--format", form, "-o", "out", "--force").returncode == 0
    assert (tmp_path / "out").read_bytes() == content


def test_json_is_one_document(cli: Run, draft: str) -> None:
    """It follows the schema that `schema redline` prints."""
    printed = json.loads(cli("schema", "redline").stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    document = json.loads(cli("diff", "current", draft, "--json").stdout)
    jsonschema.validate(document, printed)
    assert document["same"] is False
    assert document["old"]["text_id"] == POLICY.text_id
    assert [each["name"] for each in document["processors"] if each["status"] == "added"] == ["Mailgun"]


def test_the_exit_code_tells_when_asked(cli: Run, draft: str) -> None:
    """The exit code is 0 in any case; with --exit-code it is 1 if the texts differ."""
    assert cli("diff", "current", draft).returncode == 0
    assert cli("diff", "current", draft, "--exit-code").returncode == 1
    assert cli("diff", draft, draft, "--exit-code").returncode == 0


def run_on_a_terminal(folder: Path, environment: dict[str, str], *arguments: str) -> bytes:
    """Run with a terminal as standard output, and give what it was sent."""
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "mailmart_privacy", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=inner, stderr=subprocess.DEVNULL) as process:
        os.close(inner)
        found = b""
        with contextlib.suppress(OSError):  # the last reader of a terminal is told so by an error
            while part := os.read(outer, 65536):
                found += part
        os.close(outer)
    assert process.returncode == 0
    return found


@pytest.mark.parametrize(
    ("options", "variables", "colored"),
    [
        ((), {"TERM": "xterm"}, True),
        ((), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {"TERM": "xterm"}, False),
        (("--color", "always"), {"TERM": "xterm", "NO_COLOR": "1"}, True),
    ],
)
def test_colour_is_for_terminals(
    tmp_path: Path,
    environment: dict[str, str],
    draft: str,
    options: tuple[str, ...],
    variables: dict[str, str],
    *,
    colored: bool,
) -> None:
    """On a terminal unless NO_COLOR is set; a flag wins over both."""
    own = {name: value for name, value in environment.items() if name not in ("NO_COLOR", "TERM")}
    shown = run_on_a_terminal(tmp_path, own | variables, "diff", "current", draft, *options)
    assert (f"\x1b[31m[-{AGE}-]\x1b[0m".encode() in shown) == colored
    assert (b"\x1b" in shown) == colored
    assert f"[-{AGE}-]".encode() in shown


def test_colour_can_be_had_without_a_terminal(cli: Run, draft: str) -> None:
    """`--color always` paints into a pipe, for a pager."""
    assert f"\x1b[31m[-{AGE}-]\x1b[0m".encode() in cli("diff", "current", draft, "--color", "always").stdout


def test_a_strangers_text_is_compared_by_its_words(cli: Run, tmp_path: Path) -> None:
    """It has no layout of ours; what would move the cursor is spelt out, in its text and in its name."""
    paragraph = POLICY.section("cookies").blocks[0].text  # type: ignore[union-attr]
    name = "their\x1b[2Jnotes.md"
    (tmp_path / name).write_text(f"\x1b[35mCookies\n\n{paragraph.replace('advertising', 'any')}\n", encoding="utf-8")
    for options in ((), ("--color", "always"), ("--json",), ("--format", "markdown"), ("--format", "html")):
        result = cli("diff", name, "current", *options)
        assert result.returncode == 0, result.stderr
        said = re.sub(rb"\x1b\[(?:31|32|1|0)m", b"", result.stdout + result.stderr)
        assert b"\x1b" not in said
    assert b"compared by its words alone" in cli("diff", name, "current").stderr
    assert rb"their\x1b[2Jnotes.md" in cli("diff", name, "current").stdout
    assert b"[-any-]{+advertising+}" in cli("diff", name, "current").stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "neither a PDF nor text in UTF-8 (byte 0)"),
        (b"text\0text", "it contains zero bytes"),
        ("Grüße".encode("latin-1"), "save it as UTF-8"),
        (b"x" * (256 * 1024 + 1), "262,144 at most"),
        (b"<!DOCTYPE html><p>x", "is an HTML page"),
        (b"{}", "contains JSON, but not a policy"),
        (b"[" * 100_000, "words alone"),
        (b"{" + b'"a":{' * 50_000, "contains JSON, but not a policy"),
        (render_json(POLICY).replace('"number": 1,', '"number": 7,').encode(), "contains JSON, but not a policy"),
        (render_json(POLICY).replace('"title": "Cookies"', '"title": 5').encode(), "contains JSON, but not a policy"),
        (b"%PDF-1.7\n", "carries no policy"),
        (b"%PDF-1.7\n" + b"\0" * (16 * 1024 * 1024), "larger files are not read"),
    ],
    ids=range(14),
)
def test_files_that_hold_no_text(cli: Run, tmp_path: Path, content: bytes, words: str) -> None:
    """One line says what is wrong, whatever the file is; brackets are text, too."""
    (tmp_path / "file").write_bytes(content)
    result = cli("diff", "file", "current")
    if words == "words alone":
        assert result.returncode == 0
        assert words in one_line_of(result.stderr)
    else:
        assert result.returncode == 2
        assert words in one_line(result)


def test_a_pdf_without_a_policy(cli: Run, tmp_path: Path, draft: str) -> None:
    """Somebody else's PDF: it says what to do."""
    assert cli("diff", "current", draft, "--format", "pdf", "-o", "other.pdf").returncode == 0
    assert (tmp_path / "other.pdf").exists()
    result = cli("diff", "other.pdf", "current")
    assert result.returncode == 2
    assert "carries no policy (policy.json); save its text" in one_line(result)


def test_what_is_announced(cli: Run) -> None:
    """`upcoming` is the announced version that takes effect first; if there is none, one line says so."""
    result = cli("diff", "current", "upcoming")
    announced = shipped().upcoming(datetime.datetime.now(datetime.UTC))
    if announced:
        assert result.returncode == 0
        assert announced[0].version in result.stdout.decode()
    else:
        assert (result.returncode, "no version is announced" in one_line(result)) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["nowhere", "current"],
            2,
            f"nowhere is neither a file nor a version ({KNOWN}, current, upcoming) nor a text id",
        ),
        (["2020-01-01", "current"], 2, "there is no version '2020-01-01'"),
        (["2026-02-24.0000000000000000", "current"], 4, "never had"),
        (["2999-02-24.0000000000000000", "current"], 5, "upgrade"),
        ([".", "current"], 1, "Is a directory"),
        (["current", "current", "--json", "--format", "html"], 2, "both choose the format"),
        (["current", "current", "--format", "html", "-o", "redline.css"], 2, "redline.css is the style sheet"),
        (["current"], 2, "Missing argument 'NEW'"),
        (["current", "current", "--trust", "none.pem"], 0, ""),
    ],
)
def test_what_it_refuses(cli: Run, arguments: list[str], code: int, words: str) -> None:
    """One line, and the exit code; without a copy, nobody is asked whom to trust."""
    result = cli("diff", *arguments)
    assert result.returncode == code
    if code:
        assert words in one_line(result)


def in_a_policy(text: str) -> str:
    return POLICY.markdown.rpartition("\n<!--")[0].replace("## 2. Inf", f"{text}\n\n## 2. Inf")


def scattered(seed: int, count: int, size: int) -> str:
    chance = random.Random(seed)
    words = [f"w{number}" for number in range(400)]
    return "\n\n".join(" ".join(chance.choices(words, k=size)) for _ in range(count))


SHAPES = {
    "brackets": (in_a_policy("[" * 250_000), 0, "more markup than a policy has"),
    "images": (in_a_policy("!" * 99 + "[" * 999 + "a" * 200_000), 0, "more markup than a policy has"),
    "tags": (in_a_policy("<a word\n\n" * 4900), 0, "more markup than a policy has"),
    "escapes": (in_a_policy("\\[" * 120_000), 0, "more markup than a policy has"),
    "rules": (in_a_policy("=\n" * 4900), 0, "more markup than a policy has"),
    "words": ("a b " * 65_000, 0, "words alone"),
    "lines": ("a\n" * 130_000, 2, "130,000 lines; a text has 10,000 at most"),
    "json": (
        json.dumps(json.loads(render_json(POLICY)) | {"title": "[" * 100_000}),
        2,
        "contains JSON, but not a policy",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_take_parsers_for_ever_are_bounded(process: Run, tmp_path: Path, shape: str) -> None:
    """Texts that would keep Markdown or a comparison busy are refused within seconds, by their structure."""
    content, code, said = SHAPES[shape]
    (tmp_path / "file").write_text(content, encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = process("diff", "file", "current")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.returncode == code
    assert said in one_line_of(result.stderr)
    assert after.ru_utime - before.ru_utime < limits.SECONDS / 3


LONG = {
    "scattered": (scattered(1, 4500, 6), scattered(2, 4500, 6)),
    "repeated": ("a b " * 60_000, "b a " * 60_000),
    "items": ("\n".join(f"- a{i}" for i in range(9000)), "\n".join(f"- b{i}" for i in range(9000))),
    "between": (
        " ".join(f"w{i} u{i}" for i in range(14_000)),
        " ".join(f"w{i} v{i}" for i in range(14_000)),
    ),
}


def write_both(folder: Path, shape: str) -> None:
    for name, text in zip(("one", "other"), LONG[shape], strict=True):
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_texts_that_would_take_for_ever_are_refused(process: Run, tmp_path: Path) -> None:
    """Two long texts with little in common: one line, after as many steps on any machine."""
    write_both(tmp_path, "scattered")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = process("diff", "one", "other")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"too long and have too little in common" in result.stderr.splitlines()[-1]
    assert after.ru_utime - before.ru_utime < 4 * limits.SECONDS  # some 10 seconds on an idle machine of 2026


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["items", "between"])
def test_a_step_costs_much_the_same_whatever_the_shape(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    """With an eighth of the steps, texts of other shapes are refused in much the same time as one word that repeats."""
    monkeypatch.setattr(compare, "Effort", functools.partial(Effort, STEPS // 8))
    for _ in range(3):  # what else runs on the machine may make one of the two dearer, but not each time
        usual, spent = (measure_refusal(cli, tmp_path, each) for each in ("repeated", shape))
        if spent < 3 * usual:
            return
    raise AssertionError(f"{shape} took {spent:.1f} s of processor time, and words that repeat {usual:.1f} s")


def measure_refusal(cli: Run, folder: Path, shape: str) -> float:
    """Let a comparison be refused, and return the processor time that it took, in seconds."""
    write_both(folder, shape)
    before = time.process_time()
    result = cli("diff", "one", "other")
    spent = time.process_time() - before
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"too long and have too little in common" in result.stderr.splitlines()[-1]
    return spent
