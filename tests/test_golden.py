"""Golden copies: copies that were issued once verify, and are read correctly, on every system and Python."""

import datetime
from hashlib import sha256
from itertools import product

import pytest

import mailmart_privacy as privacy
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.errors import AlteredError
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.papers import form_name

from .golden import FOLDER, Golden, load_golden

# SHA-256 over the names and digests of all files of golden copies. They are frozen: what issuing writes later is
# another format, with a number and golden copies of its own.
FROZEN = "dcb20ad796648a461e44cf905db111a1879c0e49d4c2a6364d1068f7d5754dae"
AT, GOLDEN = load_golden()


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_golden_copy_verifies(golden: Golden) -> None:
    """Each one is genuine, of its level, and says whom it is addressed to."""
    pdf = golden.pdf
    assert sha256(pdf).hexdigest() == golden.digest, (
        "the recorded form, or the golden copy, is not the one that was frozen"
    )
    verdict = privacy.verify(pdf, trust=golden.trust, at=datetime.datetime.fromisoformat(AT))
    assert (verdict.version, verdict.paper, verdict.level) == (golden.version, golden.paper, golden.level)
    assert (verdict.recipient, verdict.reference) == (golden.recipient, golden.reference)
    drawn = any("own font" in remark for remark in verdict.remarks)
    assert drawn == golden.name.startswith("name-")


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
def test_a_golden_copy_is_not_to_be_changed(golden: Golden) -> None:
    """A bit that is flipped in it, anywhere after the form, is found."""
    pdf, at = golden.pdf, datetime.datetime.fromisoformat(AT)
    start = len(shipped().record(golden.version, form_name(golden.paper)))
    for place in range(start, len(pdf), (len(pdf) - start) // 9):
        changed = bytearray(pdf)
        changed[place] ^= 4
        with pytest.raises(privacy.VerificationError):
            privacy.verify(bytes(changed), trust=golden.trust, at=at)


def test_golden_copies_are_of_every_kind() -> None:
    """Each level by each kind of key, both papers, names in other scripts, and one that was renewed; none is large."""
    names = {golden.name for golden in GOLDEN}
    for signer, level in product(("chain", "p256", "p384", "rsa3072"), LEVELS):
        assert f"{signer}-{level.lower()}-a4" in names
    assert {f"p256-{level.lower()}-letter" for level in LEVELS} <= names
    assert "chain-renewed-a4" in names
    assert sum(name.startswith("name-") for name in names) >= 10
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 1_000_000


def test_golden_copies_are_frozen() -> None:
    """No golden copy is changed, removed or added, and neither is the list of them."""
    state = sha256()
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in (".gz", ".json"):
            state.update(f"{path.name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    assert state.hexdigest() == FROZEN


def test_a_harmed_list_of_validation_data_is_named() -> None:
    """Incomplete references are reported as altered, like everything else, and never cause a traceback."""
    golden = next(golden for golden in GOLDEN if golden.name == "p256-b-lt-a4")
    for old, new in ((b" 0 R ", b" 0 "), (b" 0 R ", b" 0 X "), (b"[ ", b"[")):
        place = golden.pdf.rindex(b"/Certs [")
        changed = golden.pdf[:place] + golden.pdf[place:].replace(old, new, 1)
        with pytest.raises(AlteredError):
            privacy.verify(changed, trust=golden.trust, at=datetime.datetime.fromisoformat(AT))
