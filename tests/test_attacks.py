"""Attacks: each one is real, and each one is found and named."""

import datetime
import json
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic

import mailmart_privacy as privacy
from mailmart_privacy import _resources
from mailmart_privacy._time import format_date
from mailmart_privacy.copies.certified import certified_level
from mailmart_privacy.errors import AlteredError, ExitCode
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.policy.entries import LEDGER
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.release.records import Release, date_source, make_entry, write_ledger
from mailmart_privacy.verifying.verify import verify

from .attacks import ATTACKS, LEVELS, Attack, Given, certify_again, stream, update_plainly
from .browser import differs, expect, make_trust_list
from .browser import judge as judge_in_browser
from .conftest import NOW, PATIENCE, VERSION, Run
from .issuing import certify
from .issuing import issue_copy as issue_at_level
from .pki import Authority
from .recording import build_records_once

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # WeasyPrint leaves one open

Made = dict[tuple[str, str], bytes]
NEXT = f"{int(VERSION[:4]) + 1}-10-01"
RELEASED_AT = max(NOW, shipped().version(VERSION).released_at)  # whatever was released after the tests were written
RELEASE = Release(released_at=RELEASED_AT, change="material", summary="All data are sold.")
CASES = [pytest.param(attack, level, id=f"{attack.name}-{level}") for attack in ATTACKS for level in attack.levels]
PROVEN = [pytest.param(attack, id=attack.name) for attack in ATTACKS if attack.proof]


@pytest.fixture(scope="module")
def given(form: bytes, authority: Authority) -> dict[str, Given]:
    """What an attacker has, for each level: two copies by the trusted signer, and an identity of their own."""
    signer, stranger = authority.identity(), create_identity(created_at=NOW - datetime.timedelta(days=1))
    good = {"timestamps": authority.client(), "trust": authority.trust, "identity": signer}
    found = {}
    for level in ("B-B", "B-T", "B-LT", "B-LTA"):
        certified = certify(form, signing_time=NOW, level=certified_level(level), **good)  # type: ignore[arg-type]
        copies = [
            issue_at_level(certified, level=level, recipient=to, reference="C-1", issued_at=NOW, **good)  # type: ignore[arg-type]
            for to in ("Acme GmbH", "Evil Corp")
        ]
        found[level] = Given(
            level=level,
            form=form,
            certified=certified,
            copy=copies[0],
            other=copies[1],
            signer=signer,
            stranger=stranger,
            authority=authority,
        )
    return found


@pytest.fixture(scope="module")
def made() -> Made:
    """The files that attacks made, so that each is made once."""
    return {}


def make(attack: Attack, level: str, given: dict[str, Given], made: Made) -> bytes:
    key = (attack.name, level)
    if key not in made:
        made[key] = attack.make(given[level])
    return made[key]


@cache
def judge(pdf: bytes, authority: Authority) -> tuple[int, str]:
    """Verify, and return the exit code and the sentence."""
    try:
        privacy.verify(pdf, trust=authority.trust, at=NOW)
    except privacy.VerificationError as error:
        return int(error.exit_code), str(error)
    return 0, ""


@pytest.mark.parametrize("level", LEVELS)
def test_the_copy_itself_is_accepted(given: dict[str, Given], authority: Authority, level: str) -> None:
    """What the attacks begin with is valid: nothing but the attack is what the verifier finds."""
    for pdf in (given[level].copy, given[level].other):
        assert privacy.verify(pdf, trust=authority.trust, at=NOW).level == level


@pytest.mark.slow
@pytest.mark.parametrize(("attack", "level"), CASES)
def test_an_attack_is_found_and_named(
    given: dict[str, Given], made: Made, authority: Authority, attack: Attack, level: str
) -> None:
    """Each attack gives exit code 4 or 5, and one line that says what was found."""
    pdf = make(attack, level, given, made)
    assert pdf not in (given[level].copy, given[level].other), "an attack changes something"
    code, sentence = judge(pdf, authority)
    assert code in (ExitCode.ALTERED, ExitCode.UNDECIDED), (code, sentence)
    assert len(sentence.splitlines()) == 1
    assert re.search(attack.says, sentence), sentence


@pytest.mark.slow
@pytest.mark.parametrize("attack", PROVEN)
def test_an_attack_is_real(given: dict[str, Given], made: Made, tmp_path: Path, attack: Attack) -> None:
    """Another program shows the forgery, or calls the signatures valid: the file is not merely damaged."""
    assert attack.proof
    tool, words = attack.proof
    level = attack.levels[0]
    said = ask(tool, make(attack, level, given, made), tmp_path)
    assert re.search(words, said)
    if tool == "pdfsig":
        assert said.count("Signature is Valid") == 2  # it knows no archive timestamps
    else:
        assert not re.search(words, ask(tool, given[level].copy, tmp_path))


def ask(tool: str, pdf: bytes, folder: Path) -> str:
    """Ask a program of Poppler about a file."""
    path = folder / "asked.pdf"
    path.write_bytes(pdf)
    more = {"pdfsig": ["-nocert"]}.get(tool, [])
    command = [*tool.split(), *more, str(path), *(["-"] if tool == "pdftotext" else [])]
    result = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
    return result.stdout.decode(errors="replace")


def test_every_attack_says_what_it_is() -> None:
    """Each attack has a name of its own and one sentence; a keyword is asked for of each."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    for attack in ATTACKS:
        assert attack.about.endswith("."), attack.name
        assert attack.says, attack.name


def test_the_documents_say_what_is_said(given: dict[str, Given], made: Made, authority: Authority) -> None:
    """docs/attacks.md has a row for each family, with a sentence that the verifier says of an attack of it."""
    text = Path(__file__).parents[1].joinpath("docs", "attacks.md").read_text(encoding="utf-8")
    named = {attack.name: attack for attack in ATTACKS}
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"][2:]
    found = set()
    for family, count, _, _, code, name, sentence in rows:
        if name == "":
            continue  # a test of its own, below
        attack = named[name.strip("`")]
        found.add(attack.family)
        assert family.partition(" [")[0] == attack.family
        assert int(count) == sum(len(each.levels) for each in ATTACKS if each.family == attack.family), family
        got, said = judge(make(attack, attack.levels[0], given, made), authority)
        assert str(got) in code.split(", "), (name, said)
        shown = re.escape(sentence).replace("…", ".*")
        assert re.fullmatch(re.sub(r"\d+", r"\\d+", shown), said), (sentence, said)
    assert found == {attack.family for attack in ATTACKS}


# --- versions ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def newer() -> dict[str, bytes]:
    """The records of a next version: what this package makes of a changed text."""
    source = _resources.read_data(f"{VERSION}/policy.md")
    changed = source.replace(b"## 2.", b"All data are sold.\n\n## 2.")
    return build_records_once(date_source(changed, datetime.date.fromisoformat(NEXT)), RELEASE)


@pytest.fixture(scope="module")
def ledger(newer: dict[str, bytes]) -> Ledger:
    """A ledger in which that version follows the one in force."""
    entries = json.loads(_resources.read_data(LEDGER))["entries"]
    earlier = [entry for entry in entries if entry["version"] <= VERSION]
    second = make_entry(newer, RELEASE, earlier)

    def read(path: str) -> bytes:
        if path == LEDGER:
            return write_ledger([*earlier, second])
        folder, _, file = path.partition("/")
        return newer[file] if folder == second["version"] else _resources.read_data(path)

    return Ledger(read)


def issue(form: bytes, given: Given) -> bytes:
    """Let the trusted signer certify a form, and issue a copy of it."""
    return given.issue(given.certify(form))


def test_a_changed_copy_is_named_after_its_own_version(
    given: dict[str, Given], newer: dict[str, bytes], ledger: Ledger
) -> None:
    """With two versions, a changed copy of either is said to come from that one, though they share most bytes."""
    old, new = (
        given["B-B"].copy,
        given["B-B"].issue(certify(newer["form-a4.pdf"], identity=given["B-B"].signer, signing_time=NOW)),
    )
    for pdf, version in ((old, VERSION), (new, NEXT)):
        place = len(newer["form-a4.pdf"]) - 3000
        changed = pdf[:place] + bytes((pdf[place] ^ 1,)) + pdf[place + 1 :]
        with pytest.raises(AlteredError, match=f"comes from the form of version {version}"):
            verify(changed, trust=given["B-B"].authority.trust, at=NOW, ledger=ledger)


def test_a_copy_in_a_later_format_asks_for_an_upgrade(given: dict[str, Given], authority: Authority) -> None:
    """A format that this release does not know is not called altered; nor is it said that a newer release issued it,
    which a changed digit does not show."""
    code, sentence = judge(given["B-B"].copy.replace(b"/R 1 >>", b"/R 2 >>"), authority)
    assert (code, "format 2" in sentence) == (ExitCode.UNDECIDED, True), sentence
    assert "if it is genuine, it was issued by a newer release; upgrade" in sentence


def test_a_form_that_is_not_in_the_ledger(given: dict[str, Given], newer: dict[str, bytes], ledger: Ledger) -> None:
    """What the trusted signer issued from a form that nobody recorded yet is refused, until it is recorded."""
    form = certify(newer["form-a4.pdf"], identity=given["B-B"].signer, signing_time=NOW)
    pdf = given["B-B"].issue(form)
    code, sentence = judge(pdf, given["B-B"].authority)
    assert (code, "if it is genuine, it was issued by a newer release; upgrade" in sentence) == (
        ExitCode.UNDECIDED,
        True,
    ), sentence
    changed = pdf.replace(b"Acme GmbH".hex().encode(), b"Evil Corp".hex().encode())
    place = len(form.form.pdf) - 5000
    for altered in (changed, pdf[:place] + b"?" + pdf[place + 1 :]):
        assert judge(altered, given["B-B"].authority)[0] in (ExitCode.ALTERED, ExitCode.UNDECIDED)
    verdict = verify(pdf, trust=given["B-B"].authority.trust, at=NOW, ledger=ledger)
    assert (verdict.version, verdict.effective_until) == (NEXT, None)


def test_an_older_copy_says_until_when_it_held(given: dict[str, Given], ledger: Ledger) -> None:
    """A copy of a version that is no longer in force names the moment at which the next one began."""
    verdict = verify(given["B-LTA"].copy, trust=given["B-LTA"].authority.trust, at=NOW, ledger=ledger)
    assert (verdict.version, verdict.effective_until) == (VERSION, ledger.version(NEXT).effective_at)
    assert format_date(datetime.date.fromisoformat(NEXT)) in verdict.describe()


def _attach(content: bytes) -> Callable[[Any], None]:
    def change(writer: Any) -> None:
        names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
        names[1].get_object()["/EF"]["/F"] = writer.add_object(
            stream(content, Type=generic.NameObject("/EmbeddedFile"))
        )
        writer.update_container(names[1].get_object()["/EF"])

    return change


def _retitle(writer: Any) -> None:
    metadata = writer.root["/Metadata"]
    metadata._data = metadata.data.replace(VERSION.encode(), NEXT.encode())
    metadata._encoded_data = None
    writer.update_container(metadata)


def test_an_older_form_passed_off_as_current(given: dict[str, Given], newer: dict[str, bytes], ledger: Ledger) -> None:
    """A copy of the first version with the second one's attachment or title, or with a part of its form, is altered."""
    old, new, trusted = given["B-B"], newer["form-a4.pdf"], given["B-B"].authority.trust
    changes = {"attachment": _attach(newer["policy.json"]), r"\(XMP\)": _retitle}
    for words, change in changes.items():
        form = old.certify(old.form)
        files = {
            "before": issue(update_plainly(old.form, change), old),
            "between": old.issue(certify_again(update_plainly(form.pdf, change), form)),
            "after": update_plainly(old.copy, change),
        }
        for when, pdf in files.items():
            with pytest.raises(AlteredError, match=f"{when}.*{words}"):
                verify(pdf, trust=trusted, at=NOW, ledger=ledger)
    spliced = {
        "form of version": new[: len(new) // 2] + old.copy[len(new) // 2 :],
        "signature Publisher was made for something else|not what issuing writes": new + old.copy[len(old.form) :],
        "comes from the form of version ....-..-..": old.copy.replace(VERSION.encode(), NEXT.encode()),
    }
    for words, pdf in spliced.items():
        with pytest.raises(AlteredError, match=words):
            verify(pdf, trust=trusted, at=NOW, ledger=ledger)


# --- the command line -------------------------------------------------------------------------


def test_the_command_line_says_what_was_found(
    given: dict[str, Given], made: Made, authority: Authority, cli: Run, tmp_path: Path
) -> None:
    """Each file has one line on the error stream, the exit code is the highest, and no traceback is shown."""
    (tmp_path / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))
    named = {attack.name: attack for attack in ATTACKS}
    chosen = ["overlay-stamped", "swa_moved_range", "poison_rubbish_stamped", "truncated_end"]
    for name in chosen:
        (tmp_path / f"{name}.pdf").write_bytes(make(named[name], named[name].levels[0], given, made))
    (tmp_path / "copy.pdf").write_bytes(given["B-LTA"].copy)
    result = cli("verify", "--trust", "roots.pem", "copy.pdf", *(f"{name}.pdf" for name in chosen))
    said = result.stderr.decode().splitlines()
    assert (result.returncode, len(said)) == (5, len(chosen)), said
    for name, line in zip(chosen, said, strict=True):
        assert line.startswith(f"{name}.pdf: "), line
        assert re.search(named[name].says, line), line
    result = cli("verify", "--trust", "roots.pem", "--json", "overlay-stamped.pdf")
    assert (result.returncode, result.stderr.count(b"Traceback")) == (4, 0)
    assert json.loads(result.stdout)["files"][0]["exit_code"] == 4


@pytest.mark.slow
def test_the_browser_judges_attacks_alike(
    given: dict[str, Given], made: Made, authority: Authority, tmp_path: Path
) -> None:
    """The scripts of the checking page say of each file what Python says, in the same words."""
    signer = authority.identity().certificate
    trust_list = make_trust_list([signer], [authority.certificate("tsa-root")], since=NOW - datetime.timedelta(days=9))
    cases = [(attack, level) for attack in ATTACKS for level in attack.levels]
    files = [make(attack, level, given, made) for attack, level in cases]
    bases = [each for level in LEVELS for each in (given[level].copy, given[level].other)]
    found = judge_in_browser(files, bases=bases, trust_list=trust_list, at=NOW, folder=tmp_path)
    differing = []
    for (attack, level), pdf, judged in zip(cases, files, found, strict=True):
        expected, sentence = expect(pdf, trust_list.trust(), NOW)
        if judged.verdict != expected or (expected != "unknown signer" and differs(judged.found, sentence)):
            differing.append(
                f"{attack.name} at {level}: {judged.verdict} ({judged.found}), not {expected} ({sentence})"
            )
    assert differing == []
