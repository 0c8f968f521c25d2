"""The command line as a process: what it prints and where, its exit codes, and that no file is incomplete."""

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import mailmart_privacy as privacy
from mailmart_privacy import _resources
from mailmart_privacy.cli.archive.group import archive as archive_group
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.render import read_style, render_html

from .conftest import VERSION, Run, one_line, state

DATA = str(Path(privacy.__file__ or "").parent / "data")


def schema(name: str) -> dict[str, object]:
    return json.loads(_resources.read_data(f"schemas/{name}.schema.json"))  # type: ignore[no-any-return]


def test_show_prints_each_format_as_recorded(cli: Run) -> None:
    """Every format on standard output is the recorded one; the text gets the newline that a terminal wants."""
    policy = shipped().policy(VERSION)
    assert cli("show").stdout.decode() == f"{policy.text}\n"
    assert cli("show", "--format", "markdown").stdout.decode() == policy.markdown
    assert cli("show", "--format", "html").stdout.decode() == render_html(policy)
    for form, name in (("json", "policy.json"), ("pdf", "reading-a4.pdf")):
        assert cli("show", "--format", form).stdout == shipped().record(VERSION, name)
    assert cli("show", "--format", "pdf", "--paper", "letter").stdout == shipped().record(VERSION, "reading-letter.pdf")


def test_show_writes_the_text_byte_for_byte(cli: Run, tmp_path: Path) -> None:
    """In a file the text is the canonical one, with no newline at its end."""
    assert cli("show", "-o", "policy.txt").returncode == 0
    assert (tmp_path / "policy.txt").read_bytes() == shipped().record(VERSION, "policy.txt")


def test_show_puts_the_style_sheet_beside_a_page(cli: Run, tmp_path: Path) -> None:
    """A page written to a file looks as it should, since its style sheet is there too."""
    assert cli("show", "--format", "html", "-o", "policy.html").returncode == 0
    assert (tmp_path / "page.css").read_bytes() == read_style("page")
    assert b'href="page.css"' in (tmp_path / "policy.html").read_bytes()


def test_versions_and_processors_as_json(cli: Run) -> None:
    """`--json` prints exactly one document."""
    listed = json.loads(cli("versions", "--json").stdout)
    assert [version["version"] for version in listed] == [version.version for version in shipped().versions]
    assert [version["effective_until"] is None for version in listed] == [False] * (len(listed) - 1) + [True]
    listed = json.loads(cli("processors", "--json").stdout)
    assert [p["name"] for p in listed][-2:] == ["Instantly", "SmartLead"]


@pytest.mark.parametrize("name", ["policy", "redline", "verification"])
def test_schemas_are_published(cli: Run, name: str) -> None:
    """Each schema can be printed, and is one."""
    printed = json.loads(cli("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert printed == schema(name)


def test_export_and_verify(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """The main job: a copy is issued, its path printed, and it verifies, in words and as JSON."""
    made = cli("export", "--to", "Acme GmbH", "--reference", "C-7", "-o", "acme.pdf")
    assert (made.returncode, made.stdout) == (0, b"acme.pdf\n")
    assert made.stderr.decode().splitlines()[0] == (
        "Signed with a key made on this computer; MailMart has not published it."
    )
    assert b"made on this computer" not in cli("export", "--to", "Acme GmbH", "-o", "again.pdf").stderr
    said = cli("verify", "acme.pdf")
    assert said.returncode == 0
    for words in (f"version {VERSION}", "Acme GmbH", "C-7", "In force", "local identity"):
        assert words.lower() in said.stdout.decode().lower()
    document = json.loads(cli("verify", "--json", "acme.pdf").stdout)
    jsonschema.validate(document, schema("verification"))
    assert document["files"][0]["verification"]["recipient"] == "Acme GmbH"
    again = cli("export", "--to", "Acme GmbH", "-d", ".")
    assert again.stderr == b""
    assert re.fullmatch(rf"\./privacy-policy-{VERSION}-Acme-GmbH-\d{{8}}T\d{{6}}Z\.pdf", again.stdout.decode().strip())
    assert len(list((state(environment) / "certified").glob("[!.]*"))) == 1


def test_the_key_is_readable_by_its_user_alone(process: Run, environment: dict[str, str]) -> None:
    """The local identity's file has mode 0600, and its folder 0700, whatever the mask."""
    process("identity", "create", preexec_fn=lambda: os.umask(0))
    path = state(environment) / "identity.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_verdicts_of_several_files_are_one_document(cli: Run, tmp_path: Path) -> None:
    """Each file has its verdict; the exit code is the highest, and the JSON follows its schema."""
    cli("export", "--to", "Acme", "-o", "good.pdf")
    good = (tmp_path / "good.pdf").read_bytes()
    (tmp_path / "altered.pdf").write_bytes(good.replace(b"Reason", b"Raison", 1))
    (tmp_path / "text.pdf").write_text("hello", encoding="utf-8")
    names = ["good.pdf", "altered.pdf", "text.pdf", "missing.pdf"]
    result = cli("verify", "--json", *names)
    document = json.loads(result.stdout)
    jsonschema.validate(document, schema("verification"))
    assert [(f["file"], f["exit_code"]) for f in document["files"]] == list(zip(names, (0, 4, 5, 1), strict=True))
    assert result.returncode == 5
    words = cli("verify", *names)
    assert words.returncode == 5
    assert len(words.stderr.splitlines()) == 3


def test_someone_elses_identity_is_not_trusted(cli: Run, environment: dict[str, str]) -> None:
    """Another user does not trust the copy until they have its certificate."""
    cli("export", "--to", "Acme", "-o", "acme.pdf")
    pem = cli("identity", "show", "--pem").stdout
    other = {**environment, "MAILMART_PRIVACY_STATE_DIR": environment["HOME"] + "/other"}
    assert cli("verify", "acme.pdf", env=other).returncode == 5
    cli("identity", "create", env=other)
    result = cli("verify", "acme.pdf", env=other)
    assert result.returncode == 5
    assert "--trust" in one_line(result)
    Path(environment["HOME"], "cert.pem").write_bytes(pem)
    trust = environment["HOME"] + "/cert.pem"
    assert cli("verify", "--trust", trust, "acme.pdf", env=other).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "--policy", "2020-01-01"], 2, "there are: 2026-02-24"),
        (["show", "--at", "yesterday"], 2, "ISO 8601"),
        (["show", "--at", "2026-03-01"], 2, "time zone"),
        (["show", "--at", "2026-01-01T00:00:00Z"], 2, "the first, 2026-02-24"),
        (["show", "--at", "2026-03-01T00:00:00Z", "--policy", VERSION], 2, "one of them"),
        (["show", "-o", "no/such/folder/policy.txt"], 1, "No such file"),
        (["export", "--to", "", "-o", "x.pdf"], 2, "empty"),
        (["export", "--to", "   ", "-o", "x.pdf"], 2, "empty"),
        (["export", "--to", "a\tb", "-o", "x.pdf"], 2, "U+0009"),
        (["export", "--to", "株式会社", "-o", "x.pdf"], 2, "株 U+682A"),
        (["export", "--to", "x" * 200, "-o", "x.pdf"], 2, "too long"),
        (["export", "--to", "Acme", "--reference", "y" * 300, "-o", "x.pdf"], 2, "reference is too long"),
        (["export", "--to", "Acme", "--level", "B-T", "-o", "x.pdf"], 2, "B-T cannot be reached"),
        (["export", "--to", "Acme", "--identity", "missing.pem", "-o", "x.pdf"], 1, "missing.pem: No such file"),
        (["export", "--to", "Acme", "-o", "x.pdf", "-d", "."], 2, "one of them"),
        (["export", "--to", "Acme", "-o", "-", "--json"], 2, "leave out --json"),
        (["verify", "missing.pdf"], 1, "missing.pdf"),
        (["verify", "--trust", "missing.pem", "x.pdf"], 1, "missing.pem"),
        (["identity", "show"], 1, "identity create"),
        (["identity", "import", "missing.pem"], 1, "missing.pem"),
        (["records", "build", "2020-01-01", "--data", DATA], 2, "policy.md"),
        (["records", "build", VERSION, "--data", DATA], 2, "never changes"),
        (["records", "check", "--data", "nowhere"], 2, "nowhere"),
        (["--config", "missing.toml", "show"], 2, "missing.toml"),
    ],
)
def test_errors_are_one_line_and_write_nothing(
    cli: Run, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    """Bad input gets one line that says what is wrong, its exit code, and leaves no file behind."""
    result = cli(*arguments)
    line = result.stderr.decode().splitlines()[-1]
    assert (result.returncode, words in line) == (code, True), result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
    assert result.stdout == b""
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verfy", "x.pdf"], "No such command 'verfy'. Did you mean 'verify'? See mailmart-privacy --help"),
        (["archive", "fnd"], "No such command 'fnd'. Did you mean 'find'? See mailmart-privacy archive --help"),
        (["nonsense"], "No such command 'nonsense'; see mailmart-privacy --help"),
        (["verify", "--ful", "x.pdf"], "No such option --ful. Did you mean --full? See mailmart-privacy verify --help"),
        (
            ["export", "--too", "x"],
            "No such option --too. Did you mean --at, --to or --tsa? See mailmart-privacy export --help",
        ),
        (["show", "--zzzzzz"], "No such option --zzzzzz; see mailmart-privacy show --help"),
        (["show", "--format", "docx"], "'docx' is not one of"),
        (["export"], "name the recipient with --to NAME, or give a sheet of recipients with --recipients FILE"),
        (["verify"], "Missing argument 'FILE|FOLDER...'"),
        (["--nonsense"], "No such option"),
    ],
)
def test_usage_errors(cli: Run, arguments: list[str], words: str) -> None:
    """Errors of Click also take one line, with exit code 2."""
    result = cli(*arguments)
    assert result.returncode == 2
    assert words in one_line(result)


def test_no_arguments_are_a_question(cli: Run) -> None:
    """Without a command, the help is shown."""
    result = cli()
    assert result.returncode == 2
    assert b"Signed copies:" in result.stderr


def test_an_existing_file_is_kept(cli: Run, tmp_path: Path) -> None:
    """An existing file is kept, unless --force is given."""
    (tmp_path / "x.pdf").write_bytes(b"mine")
    result = cli("export", "--to", "Acme", "-o", "x.pdf")
    assert result.returncode == 1
    assert "kept" in one_line(result)
    assert (tmp_path / "x.pdf").read_bytes() == b"mine"
    assert cli("export", "--to", "Acme", "-o", "x.pdf", "--force").returncode == 0
    assert cli("verify", "x.pdf").returncode == 0


def test_an_identity_is_kept(cli: Run) -> None:
    """A second identity does not silently replace the first."""
    cli("identity", "create")
    before = cli("identity", "show", "--json").stdout
    result = cli("identity", "create")
    assert result.returncode == 1
    assert "--force" in one_line(result)
    assert cli("identity", "show", "--json").stdout == before
    result = cli("identity", "create", "--force", "--name", "Ours")
    assert result.returncode == 0
    assert json.loads(cli("identity", "show", "--json").stdout)["name"] == "Ours"
    (said,) = [line for line in result.stderr.decode().splitlines() if "the former identity is kept in " in line]
    former = Path(said.rpartition(" kept in ")[2])
    shown = json.loads(cli("identity", "show", "--identity", str(former), "--json").stdout)
    assert shown["certificate_digest"] == json.loads(before)["certificate_digest"]


def test_a_full_disk_leaves_nothing(cli: Run, tmp_path: Path) -> None:
    """When a file cannot be written whole, it is not written."""
    cli("identity", "create")
    limit = (
        "import resource, signal, runpy, sys;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "sys.argv = ['mailmart-privacy', 'show', '-o', 'policy.txt'];"
        "runpy.run_module('mailmart_privacy', run_name='__main__')"
    )
    result = subprocess.run([sys.executable, "-c", limit], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 1
    assert "File too large" in one_line(result)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_pdf_is_not_dumped_on_a_terminal(cli: Run) -> None:
    """Binary data goes to a file or another program, never to a terminal."""
    ours, theirs = pty.openpty()
    try:
        command = [sys.executable, "-m", "mailmart_privacy", "show", "--format", "pdf"]
        result = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(theirs)
        os.close(ours)
    assert result.returncode == 2
    assert b"-o FILE" in result.stderr


@pytest.mark.parametrize(
    ("variables", "painted"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]
)
def test_a_refusal_is_coloured_where_it_is_shown(
    environment: dict[str, str], tmp_path: Path, variables: dict[str, str], painted: bool
) -> None:
    """What is wrong stands out on a terminal, though its stream is standard error; not where NO_COLOR is set."""
    (tmp_path / "x.pdf").write_bytes(b"not a PDF")
    ours, theirs = pty.openpty()
    try:
        command = [sys.executable, "-m", "mailmart_privacy", "verify", "x.pdf"]
        given = {"env": environment | variables, "cwd": tmp_path}
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=False, **given)  # type: ignore[call-overload]
        shown = os.read(ours, 4096).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert (result.returncode, result.stdout) == (5, b"")
    assert shown.startswith("\x1b[33m\x1b[1mx.pdf: not accepted:\x1b[0m " if painted else "x.pdf: not accepted: ")


def test_a_reader_that_goes_away_is_no_traceback(environment: dict[str, str]) -> None:
    """`mailmart-privacy show | head -1` ends quietly."""
    command = [sys.executable, "-m", "mailmart_privacy", "show", "--format", "pdf"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_standard_input_and_output(cli: Run, tmp_path: Path) -> None:
    """`-` stands for standard output when exporting, and for standard input when verifying."""
    made = cli("export", "--to", "Acme", "-o", "-")
    assert made.stdout.startswith(b"%PDF-")
    result = cli("verify", "-", stdin=None, input=made.stdout)
    assert result.returncode == 0


def test_verify_at_a_time_and_against_a_version(cli: Run, tmp_path: Path) -> None:
    """`--at` verifies as of a moment, `--policy` requires a version; other values are usage errors."""
    assert cli("export", "--to", "Acme", "-o", "copy.pdf").returncode == 0
    for arguments, code, words in (
        (["--policy", "current"], 0, ""),
        (["--policy", VERSION], 0, ""),
        (["--policy", "1999-01-01"], 2, "1999-01-01"),
        (["--at", "2020-01-01T00:00:00Z"], 5, "is not valid before"),
        (["--at", "2020-01-01T00:00:00Z", "--policy", "current"], 2, "no version"),
        (["--at", "2020-01-01"], 2, "time zone"),
        (["--at", "then"], 2, "ISO 8601"),
    ):
        result = cli("verify", "copy.pdf", *arguments)
        assert (result.returncode, words in result.stderr.decode()) == (code, True), result.stderr


def test_a_value_is_never_taken_for_a_flag(cli: Run) -> None:
    """A recipient called --debug is a recipient."""
    assert cli("export", "--to", "--debug", "-o", "x.pdf").returncode == 0
    assert "kept" in one_line(cli("export", "--to", "--debug", "-o", "x.pdf"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("home", "home is a folder"),
        ("/dev/null", "is a device"),
        ("", "-o is empty"),
        ("no/x.pdf", "no/x.pdf: No such"),
    ],
)
def test_a_place_that_takes_no_file_is_named(cli: Run, tmp_path: Path, target: str, words: str) -> None:
    """Neither a folder nor a device is replaced, even with --force, and the message names the place itself."""
    cli("identity", "create")
    result = cli("export", "--to", "Acme", "-o", target, "--force")
    assert result.returncode == (1 if "No such" in words else 2)
    assert words in one_line(result)
    assert not Path("/dev/null").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_closed_standard_output_is_no_traceback(environment: dict[str, str]) -> None:
    """If standard output is closed, nothing is done, and a message says so."""
    command = [sys.executable, "-m", "mailmart_privacy", "show"]
    result = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command], env=environment, stderr=subprocess.PIPE, check=False
    )
    assert result.returncode == 1
    assert result.stderr.decode() == "mailmart-privacy: standard output is closed; nothing was done\n"


def test_what_is_printed_is_what_the_copy_says(cli: Run) -> None:
    """The document of `export --json` holds the recipient as filled in: in NFC, without blanks around it."""
    document = json.loads(cli("export", "--to", " Cafe\u0301 ", "-o", "x.pdf", "--json").stdout)
    verdict = json.loads(cli("verify", "x.pdf", "--json").stdout)["files"][0]["verification"]
    assert document["recipient"] == verdict["recipient"] == "Café"
    assert document["reference"] == verdict["reference"]


def test_only_the_own_certificate_is_trusted_unasked(cli: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """An imported identity includes its authority's certificate; other certificates of that authority are not
    trusted."""
    from .test_identity import authority_and_two

    (tmp_path / "ours.pem").write_bytes(authority_and_two()[0])
    (tmp_path / "other.pem").write_bytes(authority_and_two()[1])
    assert cli("identity", "import", "ours.pem").returncode == 0
    assert cli("export", "--to", "Acme", "-o", "ours.pdf").returncode == 0
    assert cli("export", "--to", "Acme", "--identity", "other.pem", "-o", "other.pdf").returncode == 0
    assert cli("verify", "ours.pdf").returncode == 0
    assert cli("verify", "other.pdf").returncode == 5
    assert cli("verify", "--trust", "ours.pem", "other.pdf").returncode == 0  # now the authority is given


def test_a_terminal_is_not_given_orders(cli: Run, tmp_path: Path) -> None:
    """Names of files are printed with their control characters spelled out."""
    (tmp_path / "\x1b[2Jx.pdf").write_bytes(b"hello")
    result = cli("verify", "\x1b[2Jx.pdf")
    assert b"\x1b" not in result.stderr
    assert b"\\x1b[2Jx.pdf: not accepted" in result.stderr


def test_a_large_file_is_not_read_whole(cli: Run, tmp_path: Path) -> None:
    """A file above the limit is undecidable, and costs no memory."""
    with open(tmp_path / "huge.pdf", "wb") as file:
        file.truncate(1 << 32)
    result = cli("verify", "huge.pdf")
    assert result.returncode == 5
    assert "more than 16,777,216 bytes" in one_line(result)


def test_records_are_held_against_their_folder(cli: Run, tmp_path: Path) -> None:
    """A folder named after another date, one that is not recorded, and a source that no longer parses are named."""
    newest = shipped().versions[-1].version
    data = tmp_path / "data"
    shutil.copytree(Path(_resources.__file__).parent / "data", data)
    (data / "2126-11-23").mkdir()
    source = (data / newest / "policy.md").read_text(encoding="utf-8")
    (data / "2126-11-23" / "policy.md").write_text(source, encoding="utf-8")
    built = cli("records", "build", "--data", "data", "2126-11-23")
    assert f"was last updated on {newest}; its folder is named 2126-11-23" in one_line(built)
    checked = cli("records", "check", "--data", "data")
    assert checked.returncode == 1
    assert "2126-11-23/policy.md is not recorded" in one_line(checked)
    (data / newest / "policy.md").write_text("broken", encoding="utf-8")
    said = cli("records", "check", "--data", "data").stderr.decode()
    assert f"{newest}/policy.md has changed" in said
    assert "cannot be built again" in said


def test_a_passphrase_comes_from_a_file_or_the_environment(
    cli: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    """An encrypted key is used with its passphrase, and the passphrase is never printed."""
    from .test_identity import KEY, certificate_pem, pem

    (tmp_path / "key.pem").write_bytes(pem(KEY, b"s3cret") + certificate_pem(KEY, digital_signature=True))
    (tmp_path / "pass.txt").write_bytes(b"s3cret\n")
    base = ["identity", "import", "key.pem", "--force"]
    refused = cli(*base)
    assert refused.returncode == 1
    assert "passphrase" in one_line(refused)
    wrong = cli(*base, env={**environment, "MAILMART_PRIVACY_PASSPHRASE": "n0t it"})
    assert wrong.returncode == 1
    assert "n0t it" not in one_line(wrong)
    right = cli(*base, "--passphrase-file", "pass.txt")
    assert b"s3cret" not in right.stdout + right.stderr


def test_help_is_complete(cli: Run) -> None:
    """Every command and option has its help, and the exit codes are told."""
    text = cli("--help").stdout.decode()
    for name in ("show", "versions", "processors", "diff", "schema", "export", "verify", "identity", "records"):
        assert f"\n  {name} " in text
        assert cli(name, "--help").returncode == 0
    assert "5 signer not trusted" in " ".join(text.split())
    assert cli("--version").stdout.startswith(b"mailmart-privacy ")


def test_completion_is_there(cli: Run, environment: dict[str, str]) -> None:
    """The shell's completion knows the commands without importing them."""
    given = {
        **environment,
        "_MAILMART_PRIVACY_COMPLETE": "bash_complete",
        "COMP_WORDS": "mailmart-privacy ve",
        "COMP_CWORD": "1",
    }
    script = Path(sys.executable).with_name("mailmart-privacy")
    result = subprocess.run([script], env=given, capture_output=True, check=False)
    assert result.stdout.decode().split() == ["plain,versions", "plain,verify"]


def test_help_is_grouped(cli: Run) -> None:
    """The help of a large command lists its options in groups; each option is in one of them."""
    text = cli("export", "--help").stdout.decode()
    headings = [line[:-1] for line in text.splitlines() if re.fullmatch(r"[A-Z][a-z ]+:", line)]
    assert headings == ["Basics", "Many customers", "Signing", "Archive"]
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE)
    assert len(options) == len(set(options))
    assert text.index("--recipients") < text.index("Signing:") < text.index("--tsa ") < text.index("--archive-key")
    text = cli("desk", "--help").stdout.decode()
    headings = ["Basics:", "A desk for a team:", "How people sign in:", "Mail to staff:", "Signing:", "Archive:"]
    assert [line for line in text.splitlines() if line in headings] == headings
    assert "  link " in text.partition("Commands:")[2]


def test_commands_are_described_in_whole_sentences(cli: Run) -> None:
    """A command with commands below it lists each of them, in groups if there are many; no sentence is cut off."""
    text = cli("archive", "--help").stdout.decode()
    assert re.findall(r"^([A-Z][a-z, ]+):$", text, re.MULTILINE)[1:] == [
        "Put copies in",
        "Find",
        "Prove",
        "Withdraw, hold and erase",
        "Look after it",
    ]
    listed = re.findall(r"^  ([a-z-]+)  ", text, re.MULTILINE)
    assert sorted(listed) == sorted(archive_group.commands)
    for group in ("archive", "desk", "identity", "records", "site"):
        assert "..." not in cli(group, "--help").stdout.decode().partition("\n\n")[2]


def test_verify_answers_in_five_facts(cli: Run) -> None:
    """One line of verdict and five facts; --full adds the signatures and digests."""
    cli("export", "--to", "Acme GmbH", "--reference", "C-1", "-o", "x.pdf")
    first, *facts = cli("verify", "x.pdf").stdout.decode().splitlines()
    assert first == "x.pdf: genuine: signed, unchanged, and issued from the recorded policy"
    assert [line[2:15].strip() for line in facts] == ["Issued to", "Reference", "Issued on", "Policy", "Signed by"]
    full = cli("verify", "--full", "x.pdf").stdout.decode()
    assert "certificate SHA-256" in full
    assert "\x1b" not in full


def test_the_policy_needs_no_extra_but_the_command(tmp_path: Path, environment: dict[str, str]) -> None:
    """Without the extra for PDFs, texts are shown and compared and the website is built; all else names the extra."""
    blocked = "('cryptography', 'pyhanko', 'asn1crypto', 'filelock', 'weasyprint', 'openpyxl')"
    code = f"import sys\nfor name in {blocked}: sys.modules[name] = None\nfrom mailmart_privacy.cli import main; main()"
    (tmp_path / "text.txt").write_text(shipped().policy(VERSION).text, encoding="utf-8")
    for arguments, exit_code in (
        (["show"], 0),
        (["versions", "--json"], 0),
        (["processors"], 0),
        (["diff", "text.txt", VERSION], 0),
        (["site", "build", "site"], 0),
        (["export", "--to", "Acme"], 1),
        (["verify", "text.txt"], 1),
    ):
        command = [sys.executable, "-c", code, *arguments]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert result.returncode == exit_code, result.stderr
        if exit_code:
            (line,) = result.stderr.decode().splitlines()
            assert "needs the extra `pdf`; see Installing" in line
