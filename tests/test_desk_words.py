"""What pages of sales say: sentences with one full stop, and no numbers of characters."""

import pytest

from mailmart_privacy._lookalikes import find_lookalikes
from mailmart_privacy._time import format_cell, is_short_cell
from mailmart_privacy.desk.messages import RefusedError
from mailmart_privacy.desk.sentences import plainly, sentence, stop
from mailmart_privacy.desk.web.words import explain


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (
            "the recipient holds characters that the form's font does not have (ह U+0939 DEVANAGARI LETTER HA, "
            "् U+094D DEVANAGARI SIGN VIRAMA, 北 U+5317 CJK UNIFIED IDEOGRAPH-5317); it has Latin",
            "the customer’s name has characters for which this desk has no font (ह, ्, 北); the administrator can add "
            "one. It has Latin",
        ),
        (
            "the recipient holds control or invisible characters (U+1FAE8, U+200B ZERO WIDTH SPACE); remove them",
            "the customer’s name has characters that nobody can see; type it instead of pasting it",
        ),
        (
            "the reference holds control or invisible characters (U+000A, U+0009); remove them",
            "the reference has a line break or a tab in it; write it on one line, with plain spaces",
        ),
        (
            "the recipient is too long for its field: 247 characters, room for about 181",
            "the customer’s name is too long: it has 247 characters, and there is room for about 181",
        ),
        ("the recipient is empty; say to whom or what the copy belongs", "the customer’s name is missing"),
        (
            find_lookalikes("Аcme GmbH"),
            "“Аcme” mixes Cyrillic and Latin letters; “А” looks like “A”",
        ),
        ("the reference 'R-7' is in row 3, too", "the reference “R-7” is in row 3, too"),
        ('"O\'Brien" mixes letters', "“O’Brien” mixes letters"),
    ],
)
def test_the_librarys_sentences_are_said_plainly(words: str, plain: str) -> None:
    """A sign stands for itself, without its number; what is wrong comes with what to do."""
    assert plainly(words) == plain


def test_a_sentence_has_one_full_stop() -> None:
    """Also where a name or a reason ends in one."""
    assert stop("Muster e. V.") == "Muster e. V."
    assert stop("Acme GmbH") == "Acme GmbH."
    assert (sentence("it is damaged"), sentence("")) == ("It is damaged.", "")
    assert explain(RefusedError("unreadable-sheet", "it is a PDF."))[1].endswith("as it is. It is a PDF.")


def test_moments_in_tables_can_be_read() -> None:
    """Fractions of seconds are for machines; other cells stay."""
    assert format_cell("2026-11-30T13:00:28.559533Z") == "2026-11-30 13:00:28 UTC"
    assert format_cell("2026-11-30T13:00:28Z") == "2026-11-30 13:00:28 UTC"
    assert format_cell("Acme 2026-11-30T13:00:28Z") == "Acme 2026-11-30T13:00:28Z"
    assert format_cell(3) == "3"


def test_only_short_cells_of_reports_stay_on_one_line() -> None:
    """Seven columns of cells that do not break were wider than a page, and what was beyond its edge was lost."""
    assert [is_short_cell(each) for each in ("2026-11-30 13:00:28 UTC", "Beta Ltd", "1,479")] == [True] * 3
    assert not is_short_cell("people of the desk changed")
    assert not is_short_cell("copies downloaded together")
