"""What others say of our copies and of pyHanko's for the same rows, in every script: the same, and no fault."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from mailmart_privacy.copies.certifying import certify
from mailmart_privacy.copies.issuing import issue_copy
from mailmart_privacy.copies.reference import issue_by_pyhanko
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.model import Policy
from tests.names import NAMES, typefaces

from . import mutool, poppler, qpdf, verapdf
from .conftest import NOW

ORDINARY = {
    "plain": "Acme GmbH",
    "one letter": "Å",
    "Greek": "Ελληνικά Ταχυδρομεία ΑΕ",
    "Cyrillic": "ТОВ «Київські листи»",
    "Vietnamese": "Công ty Cổ phần Thư Việt",
    "Polish": "Spółka Łącznościowa „Żółw” s.r.o.",
    "ligatures": "Office ffi fl ff Affine",
    "signs": "A&B <C> (D) [E] \\F/ #7 № 8 “9” — ‘10’",
    "two lines": "Internationale Gesellschaft für elektronische Postdienstleistungen und Adressverwaltung mbH & Co. KG",
}
ALL = ORDINARY | NAMES
MAKERS = {"ours": issue_copy, "pyHanko's": issue_by_pyhanko}


@pytest.fixture(scope="module")
def copies(
    policy: Policy, identities: dict[str, Identity], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """A copy for each name, by each maker."""
    folder = tmp_path_factory.mktemp("equivalence")
    made = {}
    for paper, identity in identities.items():
        form = certify(shipped().record(policy.version, f"form-{paper}.pdf"), identity=identity, signing_time=NOW)
        for number, (name, recipient) in enumerate(ALL.items()):
            if (number % 2 == 0) is (paper == "a4"):
                values: dict[str, Any] = {"recipient": recipient.strip(), "reference": f"C-{number}"}
                values |= {"issued_at": NOW + datetime.timedelta(minutes=1), "identity": identity}
                for maker, make in MAKERS.items():
                    made[name, maker] = folder / f"{number}-{maker[0]}.pdf"
                    made[name, maker].write_bytes(make(form, **values, fonts=typefaces()))
    return made


@pytest.fixture(scope="module")
def judged(copies: dict[tuple[str, str], Path]) -> dict[tuple[Path, str], verapdf.Verdict]:
    """veraPDF's verdicts on all of them, made in one go."""
    return {(v.path, v.profile.flavour): v for v in verapdf.validate(list(copies.values()))}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("name", ALL)
def test_verapdf_finds_no_failed_rule(
    name: str,
    maker: str,
    copies: dict[tuple[str, str], Path],
    judged: dict[tuple[Path, str], verapdf.Verdict],
) -> None:
    """In whatever script the name is, and whoever wrote the update, the copy is PDF/A-3a and PDF/UA-1."""
    for profile in verapdf.PROFILES:
        verdict = judged[copies[name, maker], profile.flavour]
        assert verdict.compliant, verapdf.describe(verdict)
        assert verdict.failed_rules == ()


@pytest.mark.parametrize("name", ALL)
def test_others_say_the_same_of_both(name: str, copies: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    """qpdf and MuPDF find no fault in either; poppler reads the same text and the same signatures in both."""
    texts, signatures = [], []
    for maker in MAKERS:
        path = copies[name, maker]
        assert qpdf.find_faults(path) == ()
        assert mutool.find_faults(path, tmp_path) == ()
        texts.append(poppler.read_text(path))
        signatures.append([(s.field, s.whole, s.verdict) for s in poppler.read_signatures(path)])
    assert texts[0] == texts[1]
    assert signatures[0] == signatures[1]
