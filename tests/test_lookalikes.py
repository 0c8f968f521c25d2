"""Names that look like other names are remarked on; ordinary names in any script are not."""

import json
import unicodedata

import pytest

from mailmart_privacy._lookalikes import _LATIN_TWINS, LATIN_LOOKALIKES, find_lookalikes

from .conftest import Run


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Аcme GmbH", "'Аcme' mixes Cyrillic and Latin letters; 'А' .U.0410 CYRILLIC CAPITAL LETTER A. looks like 'A'"),
        ("Acme Ηolding", "mixes Greek and Latin"),
        ("Асе", "'Асе' looks like 'Ace', but all its letters are Cyrillic"),
        ("РЕХ ОНЕ", "looks like 'PEX OHE'"),
        ("Ａcme", "FULLWIDTH"),
        ("𝐀cme", "MATHEMATICAL"),
        ("Exɑmple", "LATIN SMALL LETTER ALPHA"),
        ("Acmе株式会社", "mixes Cjk and Cyrillic and Latin"),
        ("מcme", "mixes Hebrew and Latin"),
    ],
)
def test_lookalikes(name: str, words: str) -> None:
    """A name that may be taken for another one is remarked on."""
    remark = find_lookalikes(unicodedata.normalize("NFC", name))
    assert remark is not None
    assert __import__("re").search(words, remark)


@pytest.mark.parametrize(
    "name",
    [
        "Acme GmbH",
        "ООО «Ромашка»",
        "ООО Acme Россия",
        "Ελληνικά Πετρέλαια ΑΕ",
        "Müller & Söhne",
        "Işık Yayınları A.Ş.",
        "Łódź O'Brien-Nuñez",
        "株式会社ソニーSony",
        "楽天ＬＬＣ"[:2],
        "삼성전자 Samsung",
        "ソニーのカメラ",
        "بنك الرياض",
        "בנק לאומי",
        "ธนาคารกรุงเทพ",
        "Công ty Trách nhiệm Hữu hạn",
        "3M 7-Eleven",
        "µTorrent",
        "",
        "X",
    ],
)
def test_names_of_the_world(name: str) -> None:
    """A name in one script, or in scripts that belong together, is not remarked on."""
    assert find_lookalikes(unicodedata.normalize("NFC", name)) is None


def test_the_table() -> None:
    """Each letter of the table occurs once, beside an ASCII letter."""
    assert all(twin.isascii() and twin.isalpha() and not each.isascii() for each, twin in _LATIN_TWINS.items())
    assert 2 * len(_LATIN_TWINS) == len(LATIN_LOOKALIKES)


def test_both_issuing_and_verifying_warn(cli: Run) -> None:
    """A copy for a look-alike is issued and genuine; both commands say what its recipient looks like."""
    made = cli("export", "--to", "Аcme GmbH", "-o", "x.pdf")
    assert made.returncode == 0
    assert "note: 'Аcme' mixes Cyrillic and Latin letters" in made.stderr.decode()
    checked = cli("verify", "x.pdf")
    assert checked.returncode == 0
    assert "mixes Cyrillic and Latin letters" in " ".join(checked.stdout.decode().split())
    (file,) = json.loads(cli("verify", "--json", "x.pdf").stdout)["files"]
    assert file["verification"]["remarks"][0].startswith("'Аcme' mixes")
    assert b"note:" not in cli("export", "--to", "Acme GmbH", "-o", "y.pdf").stderr
