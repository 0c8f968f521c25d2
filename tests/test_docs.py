"""The documents: every command and example in them is run, and prints what the document shows."""

import collections
import datetime
import doctest
import re
import shlex
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

import mailmart_privacy as privacy
from mailmart_privacy import (
    _resources,
    archive,
    batch,
    errors,
    form,
    keys,
    policy,
    redline,
    testing,
    timestamps,
    verifying,
)
from mailmart_privacy.copies.certified import certified_level
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity, dump_identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.anchors import make_trust
from mailmart_privacy.verifying.renewing import renew_copy

from .conftest import NOW, make_cli
from .issuing import certify, issue_copy
from .pki import LEAKED, Authority
from .versions import one_version_data
from .world import copy_package

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A block may be in a list, and is then indented as a whole.
BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
# A sheet that a document shows: the file's name stands last before it.
SHEET = re.compile(r"`([\w-]+\.csv)`[^`]*\n```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TRUST = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(path: Path, kind: str) -> list[str]:
    found = [match for match in BLOCK.finditer(path.read_text(encoding="utf-8")) if match["kind"] == kind]
    return [re.sub(f"^{match['indent']}", "", match["body"], flags=re.MULTILINE) for match in found]


@pytest.fixture
def first_only() -> Iterator[dict[str, str]]:
    """Let the documents live when there was the first version only: that is what they show, whatever ships.

    Gives the variables for the processes that they start.
    """
    if len(shipped().versions) == 1:
        yield {}
        return
    before = _resources.replace_data(one_version_data())
    shipped.cache_clear()
    yield {"PYTHONPATH": str(copy_package("one"))}
    _resources.replace_data(before)
    shipped.cache_clear()


def having(kind: str) -> list[Path]:
    return [path for path in DOCS if blocks(path, kind)]


@pytest.mark.parametrize("path", having("python"), ids=lambda path: path.name)
def test_python_examples(path: Path, first_only: dict[str, str]) -> None:
    """The Python examples of a document, run in order, print what the document shows."""
    source = "\n".join(blocks(path, "python"))
    test = doctest.DocTestParser().get_doctest(source, {}, path.name, str(path), 0)
    assert test.examples
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
    assert not report, "".join(report)


def lay_out(folder: Path, authority: Authority) -> None:
    """Put into a folder what the pages on trust name: keys, certificates, and copies that were made before."""

    def write(name: str, content: bytes) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    def issue(level: str, identity: Identity, at: datetime.datetime, tsa: str) -> bytes:
        with authority.at(at):
            return privacy.issue(
                privacy.current(),
                recipient="Acme GmbH",
                issued_at=at,
                identity=identity,
                level=level,
                tsa=authority.tsa(tsa),
                trust=authority.trust,
            )

    for name, root in zip(("root.pem", "tsa-root.pem"), authority.roots, strict=True):
        write(name, root.public_bytes(Encoding.PEM))
    signer, leaked = authority.identity(), authority.identity("leaked")
    write("organisation.pem", dump_identity(signer))
    write("leaked.pem", dump_identity(leaked))
    write("expired.pem", dump_identity(create_identity(created_at=NOW.replace(year=2014))))
    write("missed.pdf", issue("B-LTA", signer, NOW.replace(year=2025), "past-tsa"))
    for level in LEVELS:
        write(f"copies/{level.lower()}.pdf", issue(level, leaked, LEAKED.replace(month=6), "tsa"))


@pytest.mark.slow
@pytest.mark.parametrize("path", having("console"), ids=lambda path: path.name)
def test_console_examples(
    path: Path,
    tmp_path: Path,
    environment: dict[str, str],
    first_only: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    """The commands of a document, run in order in one folder, print and exit as the document shows."""
    (tmp_path / "src").symlink_to(ROOT / "src")
    for name, sheet in SHEET.findall(path.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(sheet, encoding="utf-8")
    environment |= first_only
    if "$TSA" not in path.read_text(encoding="utf-8"):
        run_console(path, tmp_path, environment)
        return
    authority = request.getfixturevalue("authority")
    lay_out(tmp_path, authority)
    environment |= {"TSA": authority.tsa(), "OTHER_TSA": authority.tsa("other-tsa")}
    with authority.at(None):
        run_console(path, tmp_path, environment)


def run_console(path: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Run the commands of a document, and compare their output with the document."""
    for block in blocks(path, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            code = 0
            if found := re.search(r"^\[exit code (\d+)\]\n", expected, re.MULTILINE):
                code, expected = int(found[1]), expected.replace(found[0], "")
            exit_code, stdout, stderr = run_line(command, tmp_path, environment)
            assert exit_code == code, f"$ {command}\n{stdout}{stderr}"
            shown = stdout if code == 0 else stdout + stderr
            checker = doctest.OutputChecker()
            if expected.strip():
                assert checker.check_output(expected, shown, FLAGS), f"$ {command}\n{shown}"


def run_line(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run a line as a shell would: in this process if it is a plain call of the program, and else in a shell."""
    words = shlex.split(command)
    if words[:1] != ["mailmart-privacy"] or set(command) & set("|&;<>*?(){}`\\~#"):
        line = ["bash", "-c", command]
        done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr
    arguments = [string.Template(word).substitute(environment) for word in words[1:]]
    called = make_cli(folder, environment)(*arguments)
    return called.returncode, called.stdout.decode(), called.stderr.decode()


@pytest.mark.parametrize("path", having("sh"), ids=lambda path: path.name)
def test_shell_lines(path: Path, environment: dict[str, str]) -> None:
    """Every `make` command that a document names is one of the Makefile's; other lines are run, in this checkout."""
    environment.pop("PYTHONPATH", None)
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
    """`make export` writes a verified PDF and prints its path last, whatever characters are in the name."""
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


@pytest.mark.parametrize("path", [*DOCS, *sorted((ROOT / "docs" / "adr").glob("*.md"))], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a document leads to a file or folder of the repository, and to a heading there."""
    for target in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", path.read_text(encoding="utf-8")):
        name, _, anchor = next(filter(None, target)).partition("#")
        if "://" not in name:
            place = path.parent / name if name else path
            assert place.exists(), name
            assert not anchor or anchor in anchors(place), f"{name}#{anchor}"


def anchors(path: Path) -> set[str]:
    """List the anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_tables_have_a_line_for_each_row() -> None:
    """No table was joined to one paragraph, as a program that wraps lines does."""
    for path in DOCS:
        assert not re.search(r"\|[^\n|]*\| \|---", path.read_text(encoding="utf-8")), path.name


def test_named_files_exist() -> None:
    """A page that sends maintainers to a file names one that exists; one in capitals stands for a new one."""
    named = 0
    for page in [ROOT / "docs" / "maintainers.md", *sorted((ROOT / "docs" / "adr").glob("*.md"))]:
        for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)*/[\w-]+\.(?:py|html|css))`", page.read_text(encoding="utf-8")):
            if not re.search("[A-Z]{4}", name):
                named += 1
                assert any((place / name).exists() for place in (ROOT, ROOT / "src" / "mailmart_privacy")), (
                    f"{page.name}: {name}"
                )
    assert named > 60


def test_each_decision_has_its_own_number() -> None:
    """Decisions are cited by number, so no two have the same one, and the title says the number of the file."""
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers) > 20
    for path in decisions:
        title = path.read_text(encoding="utf-8").partition("\n")[0]
        assert re.match(rf"# 0*{int(path.name[:4])}[.:] ", title), path.name


def test_the_readme_fits_one_screen_and_a_half() -> None:
    """The README is one screen and a half."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 75


def test_every_public_name_is_in_the_api_reference() -> None:
    """docs/api.md names everything that the package and its public submodules export."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    modules = (privacy, archive, batch, errors, form, keys, policy, redline, testing, timestamps, verifying)
    for module in modules:
        for name in set(module.__all__) - {"format_error", "one_line", "require_text"}:
            assert f"`{name}`" in text or f"`{name}(" in text, f"{module.__name__}.{name}"


def test_what_a_level_costs_is_what_trust_says(form: bytes, authority: Authority) -> None:
    """docs/trust.md gives the requests that a copy of each level makes, and the bytes that it adds."""
    found = re.findall(r"^\| (self-signed|an organisation's) \| (\S+) \|(.*)\|$", TRUST, re.MULTILINE)
    said = {(name, level): [int(n.replace(",", "")) for n in numbers.split("|")] for name, level, numbers in found}
    made = {}
    client = authority.client()
    for name, identity in (
        ("self-signed", create_identity(created_at=NOW)),
        ("an organisation's", authority.identity()),
    ):
        trust = authority.trust + make_trust([identity.certificate])
        sizes: dict[str, int] = {}
        copy = b""
        for level in (*LEVELS, "renewed"):
            if level != "renewed":
                kept = certified_level(level)
                certified = certify(
                    form, identity=identity, signing_time=NOW, level=kept, timestamps=client, trust=trust
                )
            before = len(authority.requests)
            if level == "renewed":
                copy, _ = renew_copy(copy, timestamps=client, trust=trust, at=NOW, ledger=shipped())
            else:
                copy = issue_copy(
                    certified,
                    level=level,
                    recipient="Acme GmbH",
                    reference="C-1",
                    issued_at=NOW,
                    identity=identity,
                    timestamps=client,
                    trust=trust,
                )
            asked = collections.Counter(request.split("/")[2] for request in authority.requests[before:])
            sizes[level] = len(copy)
            made[name, level] = [*(asked[kind] for kind in ("tsa", "ocsp", "crls")), len(copy) - sizes["B-B"]]
    assert {key: numbers[:3] for key, numbers in made.items()} == {key: numbers[:3] for key, numbers in said.items()}
    for key, numbers in made.items():
        assert abs(numbers[3] - said[key][3]) <= 256, key  # signatures and CRLs differ in length by some bytes
