"""Attacks: each one is real, and each one is found and named."""

import datetime
import re
import subprocess
from pathlib import Path

import pytest

import mailmart_privacy as privacy
from mailmart_privacy.certifying import certify
from mailmart_privacy.errors import ExitCode
from mailmart_privacy.keyfiles import create_identity
from mailmart_privacy.levels import certified_level, issue_at_level

from .attacks import ATTACKS, LEVELS, Attack, Given
from .conftest import NOW
from .pki import Authority

Made = dict[tuple[str, str], bytes]
CASES = [pytest.param(attack, level, id=f"{attack.name}-{level}") for attack in ATTACKS for level in attack.levels]
PROVEN = [pytest.param(attack, id=attack.name) for attack in ATTACKS if attack.proof]


@pytest.fixture(scope="module")
def given(form: bytes, authority: Authority) -> dict[str, Given]:
    """What an attacker has, for each level: two copies by the trusted signer, and an identity of their own."""
    signer, stranger = authority.identity(), create_identity(created_at=NOW - datetime.timedelta(days=1))
    good = {"timestamps": authority.client(), "trust_roots": authority.roots, "identity": signer}
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


def judge(pdf: bytes, authority: Authority, at: datetime.datetime = NOW) -> tuple[int, str]:
    """Verify, and return the exit code and the sentence."""
    try:
        privacy.verify(pdf, trust_roots=authority.roots, at=at)
    except privacy.VerificationError as error:
        return int(error.exit_code), str(error)
    return 0, ""


@pytest.mark.parametrize("level", LEVELS)
def test_the_copy_itself_is_accepted(given: dict[str, Given], authority: Authority, level: str) -> None:
    """What the attacks begin with is valid: nothing but the attack is what the verifier finds."""
    for pdf in (given[level].copy, given[level].other):
        assert privacy.verify(pdf, trust_roots=authority.roots, at=NOW).level == level


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


@pytest.mark.parametrize("attack", PROVEN)
def test_an_attack_is_real(given: dict[str, Given], made: Made, tmp_path: Path, attack: Attack) -> None:
    """A program of others shows the forgery, or calls the signatures valid: the file is not merely damaged."""
    assert attack.proof
    tool, words = attack.proof
    level = attack.levels[0]
    assert re.search(words, ask(tool, make(attack, level, given, made), tmp_path))
    if tool != "pdfsig":
        assert not re.search(words, ask(tool, given[level].copy, tmp_path))


def ask(tool: str, pdf: bytes, folder: Path) -> str:
    """Ask a program of Poppler about a file."""
    path = folder / "asked.pdf"
    path.write_bytes(pdf)
    more = {"pdfsig": ["-nocert"]}.get(tool, [])
    command = [*tool.split(), *more, str(path), *(["-"] if tool == "pdftotext" else [])]
    result = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return result.stdout.decode(errors="replace")


def test_every_attack_says_what_it_is() -> None:
    """Each attack has a name of its own and one sentence; a keyword is asked for of each."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    for attack in ATTACKS:
        assert attack.about.endswith("."), attack.name
        assert attack.says, attack.name
