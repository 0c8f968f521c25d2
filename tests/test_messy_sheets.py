"""Sheets as people keep them: titles, merged cells, several sheets, hidden rows, formulas; and the returned
workbooks."""

import datetime
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from mailmart_privacy.errors import RowsError
from mailmart_privacy.sheets import marked_workbook
from mailmart_privacy.sheets.kept import keep_rows, keep_sheets, open_kept
from mailmart_privacy.sheets.marked_workbook import mark_faults
from mailmart_privacy.sheets.outline import outline
from mailmart_privacy.sheets.rows import RowFault
from mailmart_privacy.sheets.sheet import Sheet, read_sheet
from mailmart_privacy.sheets.source import open_source

from .conftest import VERSION, Run

TITLE = "MailMart – Customers to notify"
HEADINGS = ("Company Name", "E-mail", "Contract no.")
ROWS = [
    ("Acme GmbH", "a@acme.example", "C-001"),
    ("Hidden Ltd", "h@hidden.example", "C-002"),
    ("=Formula AG", "f@formula.example", "C-003"),
    ("Żółć s.r.o.", None, "C-004"),
]


def make(*rows: tuple[Any, ...], merged: bool = True) -> bytes:
    """A workbook with a sheet of notes, then customers below a title, one of them hidden by a filter."""
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(("This list is kept by sales.",))
    page = book.create_sheet("Customers 2026")
    page.append((TITLE,))
    if merged:
        page.merge_cells("A1:C1")
    page.append(())
    for row in (HEADINGS, *(rows or ROWS)):
        page.append(row)
    for cell in page["A"]:
        cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
    page.auto_filter.ref = "A3:C7"
    page.row_dimensions[5].hidden = True
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def read(content: bytes, **options: Any) -> Sheet:
    return read_sheet(content, name="r", **options)


@pytest.mark.parametrize("merged", [True, False])
def test_a_title_is_not_taken_for_headings(merged: bool) -> None:
    """A title above the headings that mentions customers is not a heading; the note names the sheet."""
    sheet = read(make(merged=merged), hidden="include")
    assert (sheet.title, sheet.header_row) == ("Customers 2026", 3)
    assert [row.recipient for row in sheet.rows] == [row[0] for row in ROWS]
    assert "sheet 'Customers 2026', headings in row 3" in sheet.notes[0]


def test_a_title_over_one_column() -> None:
    """Of two columns, a title above them is one cell; of one column, the first cell is its heading."""
    assert [r.recipient for r in read(b"Customers to notify,\nCompany,Ref\nAcme,1\n").rows] == ["Acme"]
    assert [r.recipient for r in read(b"Company\nAcme\nBeta\n").rows] == ["Acme", "Beta"]


def test_a_heading_is_no_recipient() -> None:
    """A second row of headings is a fault, unless the user has said which row has the headings."""
    content = b"Kunde,Nr\nCompany Name,Contract\nAcme,1\n"
    with pytest.raises(RowsError, match="row 2: 'Company Name' looks like a heading"):
        read(content)
    assert [row.recipient for row in read(content, header_row=2).rows] == ["Acme"]
    assert [row.recipient for row in read(content, header_row=1).rows] == ["Company Name", "Acme"]


def test_hidden_rows_are_asked_about() -> None:
    """If a filter hides rows, the user has to say whether they get a copy."""
    with pytest.raises(RowsError, match=r"rows are hidden \(5\), perhaps by a filter") as caught:
        read(make())
    assert caught.value.argument == "hidden"
    skipped = read(make(), hidden="skip")
    assert (skipped.skipped, len(skipped.rows)) == ((5,), 3)
    assert "1 hidden rows were left out" in skipped.notes
    assert len(read(make(), hidden="include").rows) == 4


def test_a_sheet_is_named() -> None:
    """A sheet can be named, and one that is not there is told with those that are."""
    assert read(make(), sheet="customers 2026 ", hidden="skip").title == "Customers 2026"
    with pytest.raises(RowsError, match="there is no sheet 'Old'; there are: 'Read me', 'Customers 2026'"):
        read(make(), sheet="Old")
    with pytest.raises(RowsError, match="a CSV file has no named sheets"):
        read(b"Company\nAcme\n", sheet="Old")


@pytest.mark.parametrize(("rows", "taken"), [(["Acme GmbH"], "Customers"), ([], "Template")])
def test_a_sheet_with_headings_alone_is_passed_over(rows: list[str], taken: str) -> None:
    """A template may have headings, too; where no sheet has rows, the first one with headings is taken."""
    book = openpyxl.Workbook()
    book.active.title = "Template"
    book.active.append(("Customer", "Note"))
    for cell in ("Firma", *rows):
        (book["Customers"] if "Customers" in book.sheetnames else book.create_sheet("Customers")).append((cell,))
    output = io.BytesIO()
    book.save(output)
    assert [each.title for each in outline(output.getvalue(), name="r") if each.chosen] == [taken]


def test_the_outline_tells_before_anything_is_taken() -> None:
    """The outline lists sheets, headings, columns and hidden rows, so that a person can choose."""
    notes, customers = outline(make(), name="r")
    assert (notes.title, notes.chosen, notes.header_row) == ("Read me", False, None)
    assert (customers.title, customers.chosen, customers.header_row) == ("Customers 2026", True, 3)
    assert customers.hidden == (5,)
    assert customers.columns is not None
    assert (customers.columns.recipient, customers.columns.reference) == (0, 2)
    assert customers.top[1] == (3, HEADINGS)
    (plain,) = outline(b"Company,Ref\nAcme,1\n", name="r")
    assert (plain.title, plain.header_row, plain.hidden) == ("", 1, ())


def test_what_was_read_is_kept() -> None:
    """Kept sheets are what the file says: titles, hidden rows, texts, numbers, dates, errors, and what is unfit."""
    book = openpyxl.load_workbook(io.BytesIO(make()))
    page = book["Customers 2026"]
    for place, value in {"D4": 117, "D5": datetime.datetime(2026, 11, 30, 7, 45), "D6": "#N/A", "D7": True}.items():
        page[place] = value
    page["D4"].number_format = "00000"
    page["E4"], page["E5"], page["E6"] = 1.5, datetime.time(7, 45), "Ärmel\nzwei"
    output = io.BytesIO()
    book.save(output)
    csv = "Kunde;Nr\nÄrmel;1E+15\n".encode("cp1252")
    for content in (output.getvalue(), csv):
        plain, kept = open_source(content, name="r"), open_kept(keep_sheets(content, name="r"), name="r")
        assert outline(kept, name="r") == outline(plain, name="r")
        for one, other in zip(kept, plain, strict=True):
            assert list(one.lines({})) == list(other.lines({}))
            assert list(one.values()) == list(other.values())
            assert (one.title, one.layout, one.notes) == (other.title, other.layout, other.notes)
    values = dict(open_kept(keep_sheets(output.getvalue(), name="r"), name="r")[1].values())
    assert values[4][3:] == (117, 1.5)
    assert values[5][3:] == (datetime.datetime(2026, 11, 30, 7, 45), datetime.time(7, 45))
    assert (values[6][3:], values[7][3]) == (("#N/A", "Ärmel\nzwei"), True)


def test_many_empty_rows_lose_nobody() -> None:
    """However many empty rows stand between them, all recipients are read."""
    book = openpyxl.Workbook()
    book.active.append(("Company",))
    book.active.cell(500, 1).value = "Acme"
    output = io.BytesIO()
    book.save(output)
    assert [row.number for row in read(output.getvalue(), max_rows=3).rows] == [500]
    assert [row.recipient for row in read(b"Company\n" + b"\n" * 400 + b"Acme\n", max_rows=3).rows] == ["Acme"]


def test_the_command_line_marks_and_lists(cli: Run, tmp_path: Path) -> None:
    """--check gives the workbook back with its problems; issued.xlsx has the own columns and the copies."""
    (tmp_path / "r.xlsx").write_bytes(make(*ROWS, ("Beta\u202e", None, "C-005"), ("Gamma", None, "C-001")))
    refused = cli("export", "--recipients", "r.xlsx", "-d", "out")
    assert refused.returncode == 2
    assert "give --hidden include or --hidden skip" in refused.stderr.decode()
    checked = cli("export", "--recipients", "r.xlsx", "--hidden", "skip", "--check", "marked.xlsx")
    assert checked.returncode == 2
    assert checked.stdout == b"marked.xlsx\n"
    page = openpyxl.load_workbook(tmp_path / "marked.xlsx")["Customers 2026"]
    assert "U+202E" in page["A8"].comment.text
    assert page["A8"].fill.fgColor.rgb == "FFFFE08A"
    assert "is in row 4, too" in page["C9"].comment.text
    assert [page.cell(row, 4).value is None for row in range(3, 10)] == [False, True, True, True, True, False, False]
    assert page["A6"].value == "=Formula AG"
    assert not (tmp_path / "out").exists()

    (tmp_path / "r.xlsx").write_bytes(make())
    done = cli("export", "--recipients", "r.xlsx", "-d", "out", "--hidden", "skip")
    assert done.returncode == 0, done.stderr
    assert "sheet 'Customers 2026', headings in row 3" in done.stderr.decode()
    listed = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    page = openpyxl.load_workbook(tmp_path / "out" / "issued.xlsx").active
    first, *rows = page.iter_rows(values_only=True)
    assert first[:4] == (*HEADINGS, "Copy: file")
    assert [row[0] for row in rows] == [row[0] for row in ROWS]
    assert [row[3] for row in rows] == [listed[0]["file"], None, listed[1]["file"], listed[2]["file"]]
    assert [row[7] for row in rows] == ["issued", "left out (hidden row)", "issued", "issued"]
    assert rows[0][4] == str(tmp_path / "out" / listed[0]["file"])
    assert page["A4"].data_type == "s"  # a name that begins with "=" stays a text
    assert page["A4"].quotePrefix


def test_a_sheet_in_csv_is_marked_and_listed(cli: Run, tmp_path: Path) -> None:
    """For a CSV file, the marked sheet and the list are workbooks."""
    (tmp_path / "r.csv").write_text("Company,Ref,Note\nAcme,1,x\n,2,\n", encoding="utf-8")
    assert cli("export", "--recipients", "r.csv", "--check", "marked.xlsx").returncode == 2
    page = openpyxl.load_workbook(tmp_path / "marked.xlsx").active
    assert (page["D1"].value, "is empty" in page["D3"].value) == ("Problem", True)
    (tmp_path / "r.csv").write_text("Company,Ref,Note\nAcme,1,x\n", encoding="utf-8")
    checked = cli("export", "--recipients", "r.csv", "--check", "again.xlsx")
    assert (checked.returncode, checked.stdout) == (0, b"again.xlsx\n")
    assert "1 rows have no problem; nothing was issued" in checked.stderr.decode()
    cli("export", "--recipients", "r.csv", "-d", "out", "--manifest", "list.jsonl")
    page = openpyxl.load_workbook(tmp_path / "list-issued.xlsx").active
    assert [cell.value for cell in page[2]][:4] == ["Acme", "1", "x", f"privacy-policy-{VERSION}-Acme-1.pdf"]


def test_a_large_workbook_is_marked_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the numbers of rows, what is hidden, and the formats of numbers; the marked copy can be read again."""
    book = openpyxl.load_workbook(io.BytesIO(make(*ROWS, ("Beta\u202e", None, "C-005"), ("Delta", None, 7))))
    cell = book["Customers 2026"]["C9"]
    cell.number_format = "00000"
    book["Customers 2026"]["B9"] = datetime.date(2026, 3, 31)
    output = io.BytesIO()
    book.save(output)
    content = output.getvalue()
    before = read(content, hidden="skip", keep_faults=True)
    monkeypatch.setattr(marked_workbook, "_LARGE", 0)
    faults = [RowFault(row=0, message="of the whole"), RowFault(row=12, message="further down")]
    faults.append(RowFault(row=8, message="it has U+202E in it"))
    kept = open_kept(keep_sheets(content, name="r"), name="r")
    for sources in (None, kept):
        marked = mark_faults(content, before, faults, name="r", sources=sources)
        page = openpyxl.load_workbook(io.BytesIO(marked))["Customers 2026"]
        assert page["A8"].fill.fgColor.rgb == "FFFFE08A"
        assert "U+202E" in page["A8"].comment.text
        assert [page.cell(row, 4).value is None for row in range(3, 13)] == [
            False,
            *[True] * 4,
            False,
            *[True] * 3,
            False,
        ]
        assert page["D3"].value == "Problem; of the whole"
        assert "too large to be copied" in page["D3"].comment.text
        assert (page["A6"].value, page["A6"].data_type) == ("=Formula AG", "s")
        assert (page["C9"].value, page["C9"].number_format) == (7, "00000")
        assert page["B9"].value == datetime.datetime(2026, 3, 31)
        assert page.row_dimensions[5].hidden
        after = read(marked, hidden="skip", keep_faults=True)
        assert (after.rows[:-1], after.header_row, after.skipped) == (before.rows, before.header_row, before.skipped)


def test_a_large_csv_file_is_marked_row_by_row() -> None:
    """Its rows keep their numbers, also where lines are empty."""
    content = b"Company,Ref\n\nAcme,1\n\n,2\n"
    sheet = read(content, keep_faults=True)
    faults = [RowFault(row=5, message="it is empty")]
    page = openpyxl.load_workbook(io.BytesIO(mark_faults(content, sheet, faults, name="r"))).active
    assert [cell.value for cell in page["A"]] == ["Company", None, "Acme", None, None]
    assert [page.cell(row, 3).value is None for row in range(1, 6)] == [False, True, True, True, False]


def judge(*rows: tuple[Any, ...], headings: tuple[str, ...] = HEADINGS) -> list[tuple[int, bool]]:
    """Which rows count as sums, and whether it is only a formula that says so; CSV and kept sheets agree."""
    book = openpyxl.Workbook()
    for row in (headings, *rows):
        book.active.append(row)
    output = io.BytesIO()
    book.save(output)
    sheets = [read(output.getvalue(), keep_faults=True)]
    sheets.append(read_sheet(open_kept(keep_sheets(output.getvalue(), name="r"), name="r"), name="r", keep_faults=True))
    if not any(str(cell).startswith("=") for row in rows for cell in row):
        lines = (";".join("" if cell is None else str(cell) for cell in row) for row in (headings, *rows))
        sheets.append(read("\n".join(lines).encode(), keep_faults=True))
    found = [[(each.row, "formulas" in each.message) for each in sheet.faults] for sheet in sheets]
    assert all(each == found[0] for each in found)
    for sheet in sheets:
        assert all("like a sum at the end of the list, not like a recipient" in each.message for each in sheet.faults)
        assert {row.number for row in sheet.rows} == set(range(2, len(rows) + 2)) - {each.row for each in sheet.faults}
    return found[0]


PLAIN = [(f"Kunde {n} GmbH", f"a@{n}.example", f"C-{n}") for n in range(1, 4)]
NUMBERED = [(f"Kunde {n} GmbH", n) for n in range(1001, 1004)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([*PLAIN, ("TOTAL", None, None)], [(5, False)]),
        ([*PLAIN, ("Summe", "", "")], [(5, False)]),
        ([*PLAIN, ("Total 512", None, None)], [(5, False)]),
        ([*PLAIN, ("Anzahl der Kunden: 3", None, None)], [(5, False)]),
        ([*PLAIN, ("합계", None, None)], [(5, False)]),
        ([*PLAIN, ("Total", None, 3)], [(5, False)]),  # how many there are, not a reference
        ([*PLAIN, ("Sum", None, None), ("Total", "", ""), ("As of May", None, None)], [(5, False), (6, False)]),
        ([*PLAIN, ("Total", None, '=SUBTOTAL(103,C2:C4)')], [(5, True)]),  # as a table of Excel ends
        ([*PLAIN, ("Total", "=COUNTA(B$2:B$4)&\" customers\"", None)], [(5, True)]),
        # Customers:
        ([*PLAIN, ("Total", None, "C-4")], []),
        ([*PLAIN, ("Total", None, 4711)], []),
        ([*PLAIN, ("Total", "info@total.example", None)], []),
        ([*PLAIN, ("TotalEnergies SE", None, None)], []),
        ([*PLAIN, ("Summe & Partner", None, None)], []),
        ([("Total", None, None), *PLAIN], []),
        ([*PLAIN, ("Total", None, None), ("Kunde 5 GmbH", None, "C-5")], []),
        ([("Kunde 1 GmbH", None, None), ("Kunde 2 GmbH", None, None), ("Total", None, None)], []),
        ([("Kunde 1 GmbH", None, "=SUM(A2:B2)&\"x\""), ("Total", None, "C-2")], []),
    ],
)  # fmt: skip
def test_a_sum_is_no_customer(rows: list[tuple[Any, ...]], found: list[tuple[int, bool]]) -> None:
    """At the end of a list, a word for a sum is one if nothing else says that it is a customer."""
    assert judge(*rows) == found


@pytest.mark.parametrize(
    ("headings", "rows", "found"),
    [
        (("Firma", "Umsatz"), [*NUMBERED, ("Summe", 3006)], [(5, False)]),
        (("Firma", "Nr"), [*NUMBERED, ("Summe", None)], [(5, False)]),
        (("Firma", "Nr"), [*NUMBERED, ("Summe", 1004)], []),
        (("Firma",), [("Kunde 1 GmbH",), ("Total",)], []),
        (("Firma",), [("Kunde 1 GmbH",), ("Total 1",)], [(3, False)]),
        (("Firma",), [("Total 1",), ("Kunde 1 GmbH",)], []),
        (("No.", "Firma", "Vertrag"), [(1, "Acme", "V-1"), (2, "Beta", "V-2"), ("Summe", 2, None)], [(4, False)]),
        (("No.", "Firma", "Vertrag"), [(1, "Acme", "V-1"), (2, "Beta", "V-2"), ("Summe", "Gamma", None)], []),
        (("Firma", "Soll", "Laufend"), [("A GmbH", 1, "=SUM(B$2:B2)"), ("B GmbH", 1, "=SUM(B$2:B3)")], []),
    ],
)  # fmt: skip
def test_a_sum_of_other_columns(
    headings: tuple[str, ...], rows: list[tuple[Any, ...]], found: list[tuple[int, bool]]
) -> None:
    """Whatever columns a list has, and wherever the word for its sum stands."""
    assert judge(*rows, headings=headings) == found


def test_a_service_that_names_a_total_means_it() -> None:
    """Its rows come from no list, so none of them is the sum of the others."""
    rows = keep_rows(("recipient", "reference"), [(1, ("Acme", "A-1")), (2, ("Beta", "A-2")), (3, ("Total", ""))])
    columns = {"recipient": "A", "reference": "B"}
    sheet = read_sheet(open_kept(rows, name="r"), name="r", columns=columns, header_row=0, keep_faults=True)
    assert ([row.recipient for row in sheet.rows], sheet.faults) == (["Acme", "Beta", "Total"], ())


def test_the_command_line_names_a_sum(cli: Run, tmp_path: Path) -> None:
    """Nothing is issued while one is there; a customer of that name gets a copy once they have a reference."""
    (tmp_path / "r.csv").write_text("Company,Contract\nAcme,1\nBeta,2\nTotal,\n", encoding="utf-8")
    refused = cli("export", "--recipients", "r.csv", "-d", "out")
    assert refused.returncode == 2
    assert "r.csv: row 4: 'Total' looks like a sum at the end of the list" in refused.stderr.decode()
    assert "if it is one, give it a reference" in refused.stderr.decode()
    (tmp_path / "r.csv").write_text("Company,Contract\nAcme,1\nBeta,2\nTotal,3\n", encoding="utf-8")
    assert cli("export", "--recipients", "r.csv", "-d", "out").returncode == 0
