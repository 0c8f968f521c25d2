"""Rows that are nobody's: the sums at the end of a list, as "Total" or "Summe 512". A company may be called Total, too.

A row counts as a sum if all of this is so:

1. Its name is nothing but a word for a sum, perhaps with a number, or with what is counted: "TOTAL", "Total 512",
   "Summe (EUR)"; not "TotalEnergies SE". Or it is a number, and another column has such a word.
2. It is at the end of the list: of the rows below it, none has anything but a name.
3. Unlike the others it has a formula that adds up rows. Or nobody wrote words into it, as references or addresses are,
   and it has no reference, but numbers, or nothing where the others have something.

So a customer called Total who has a reference or an address is a customer, and one of whom nothing but the name is
known is one among others of whom nothing else is known.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .cells import Line, text
from .columns import Columns, simplify
from .rows import RowFault

TAIL = 20  # rows at the end of a list among which sums are searched

_WORDS = (
    "total|totals|grand total|sub total|subtotal|subtotals|sum|sums|sum total|overall|count|"
    "summe|summen|gesamt|gesamtsumme|gesamtzahl|gesamtergebnis|ergebnis|teilergebnis|zwischensumme|endsumme|"
    "insgesamt|anzahl|somme|total general|sous total|totale|totale generale|totale complessivo|subtotale|"
    "somma|suma|suma total|total geral|soma|totaal|eindtotaal|subtotaal|som|razem|lacznie|ogolem|"
    "suma koncowa|suma czesciowa|summa|totalt|totalsumma|delsumma|i alt|ialt|totalsum|yhteensa|loppusumma|toplam|"
    "genel toplam|ara toplam|tong|tong cong|συνολο|γενικο συνολο|итого|всего|общий итог|сумма|разом|всього|"
    "总计|總計|合计|合計|小计|小計|总和|総計|합계|총계|총합계|소계|الإجمالي|المجموع|الإجمالي الكلي|סה כ|סך הכל|"
    "कुल|योग|कुल योग|รวม|รวมทั้งหมด"
)
_BESIDE = (  # what may stand beside them: what is counted, and currencies
    "customers|clients|companies|rows|of|in|kunden|firmen|zeilen|der|clientes|empresas|clienti|klanten|entreprises|de|"
    "eur|usd|gbp|chf|pln|sek|dkk|nok|kr"
)
_SUMS, _COUNTED = (frozenset(map(simplify, words.split("|"))) for words in (_WORDS, _BESIDE))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A row as it is judged.

    Attributes:
        number: the row's.
        label: the words by which it may be a sum, or empty.
        counts: whether a number is part of these words.
        filled: the columns, besides that of the name, that are filled.
        worded: those of them with words.
        reference: its reference.
    """

    number: int
    label: str
    counts: bool
    filled: frozenset[int]
    worded: frozenset[int]
    reference: str


def find_totals(lines: Sequence[Line], columns: Columns, *, count: int, summed: Collection[int]) -> list[RowFault]:
    """Find the sums at the end of a list.

    Args:
        lines: its last rows, up to `TAIL` of them.
        columns: of the sheet.
        count: how many rows name a recipient.
        summed: the numbers of rows with a formula that adds up rows.

    Returns:
        What is wrong with these rows.
    """
    rows = [_describe(line, columns) for line in lines]
    others = [row for row in rows if not row.label]
    filled, worded = _find_usual(row.filled for row in others), _find_usual(row.worded for row in others)
    if 2 * sum(row.number in summed for row in others) > len(others):
        summed = ()  # every row has its running sum
    found: list[RowFault] = []
    for row in reversed(rows):
        if not row.label:
            if row.filled or not filled:
                break
            continue  # a remark below the list
        if row.number in summed:
            found.append(_complain(row, "write its numbers without formulas"))
        elif _is_bare(row, columns, worded, count - len(found)) and (row.filled or filled or row.counts):
            found.append(_complain(row, "give it a reference"))
        else:
            break
    return found


def _is_bare(row: _Row, columns: Columns, worded: Collection[int], count: int) -> bool:
    """Tell whether a row has no words and no reference; how many rows there are above it is not one."""
    counted = columns.reference in worded and row.reference == str(count - 1)
    return not row.worded and (counted or not row.reference)


def _describe(line: Line, columns: Columns) -> _Row:
    number, cells = line
    texts = [text(cell).strip() for cell in cells]
    name = texts[columns.recipient] if columns.recipient < len(texts) else ""
    sums = [place for place, words in enumerate(texts) if _is_sum(words)]
    label = name if _is_sum(name) else texts[sums[0]] if sums and _is_amount(name) else ""
    places = set(range(len(cells))) - {columns.recipient}
    filled = {place for place in places if texts[place] or not isinstance(cells[place], str)}
    worded = {place for place in filled if texts[place] and not _is_amount(texts[place])}
    if label:  # words of a sum in other columns say no more
        filled, worded = filled.difference(sums), worded.difference(sums)
    reference = "" if columns.reference is None or columns.reference not in filled else texts[columns.reference]
    return _Row(
        number=number,
        label=label,
        counts=bool(re.search(r"\d", label)),
        filled=frozenset(filled),
        worded=frozenset(worded),
        reference=reference,
    )


def _find_usual(sets: Iterable[frozenset[int]]) -> set[int]:
    """Find what is in more than half of some sets."""
    rows = list(sets)
    return {each for each in frozenset().union(*rows) if 2 * sum(each in row for row in rows) > len(rows)}


def _is_sum(words: str) -> bool:
    parts = [part for part in simplify(words).split() if not part.isdecimal() and part not in _COUNTED]
    return " ".join(parts) in _SUMS


def _is_amount(words: str) -> bool:
    """Tell whether a text is a number, perhaps with a currency."""
    return all(part.isdecimal() or part in _COUNTED for part in simplify(words).split())


def _complain(row: _Row, remedy: str) -> RowFault:
    words = f"{row.label!r} looks like a sum at the end of the list, not like a recipient; if it is one, {remedy}"
    return RowFault(row=row.number, message=words)
