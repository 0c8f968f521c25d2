"""Sheets of recipients: what is read from them, and all their faults, row by row, at once."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailmart_privacy.errors import PrivacyError, RecipientError, RowsError
from mailmart_privacy.sheets.plan import plan_rows
from mailmart_privacy.sheets.rows import Row
from mailmart_privacy.sheets.sheet import Sheet, read_sheet


def read(content: bytes | str, **options: Any) -> Sheet:
    return read_sheet(content.encode() if isinstance(content, str) else content, name="r", **options)


def values(sheet: Sheet) -> list[tuple[str, str | None]]:
    return [(row.recipient, row.reference) for row in sheet.rows]


def faults(content: bytes | str, **options: Any) -> list[tuple[int, str]]:
    with pytest.raises(RowsError) as caught:
        read(content, **options)
    return list(caught.value.faults)


def read_or_refuse(content: bytes) -> str:
    """What is read, or the words of the refusal."""
    try:
        return str(values(read(content)))
    except PrivacyError as error:
        return str(error)


def workbook(*rows: tuple[Any, ...], change: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_csv_as_spreadsheets_write_it(encoding: str, separator: str) -> None:
    """Each encoding and each separator gives the same rows; an encoding other than Unicode is reported."""
    lines = [("Firma", "Vertrag"), ("Müller & Söhne", "C-1"), ("Łódź"[1:] if encoding == "cp1252" else "Łódź", "C-2")]
    text = "\r\n".join(separator.join(line) for line in lines if encoding != "cp1252" or "ź" not in line[0])
    sheet = read(text.encode(encoding))
    assert values(sheet)[0] == ("Müller & Söhne", "C-1")
    assert any("Windows-1252" in note for note in sheet.notes) is (encoding == "cp1252")


def test_quoted_cells_empty_rows_and_a_title() -> None:
    """Quoted separators and line breaks, rows without cells, a title above the header, Excel's own first line."""
    sheet = read('sep=;\nOur customers;\nCompany;Ref\n"Acme; Ltd";1\n;\n"Beta ""B"" GmbH";"2"\n')
    assert values(sheet) == [("Acme; Ltd", "1"), ('Beta "B" GmbH', "2")]
    assert sheet.rows[0].number == 4
    assert "1 empty rows were skipped" in sheet.notes
    assert values(read("name\nAcme\n")) == [("Acme", None)]


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("Recipient,Reference", (0, 1)),
        ("Ref. No.,Company Name,Name", (1, 0)),
        ("Kundennummer,Kunde", (1, 0)),
        ("Société,N°,Référence", (0, 2)),
        ("Ονομα,Αναφορά", (0, 1)),
        ("Клиент,Номер договора", (0, 1)),
        ("公司名称,合同编号", (0, 1)),
        ("会社名,契約番号", (0, 1)),
        ("고객명,계약번호", (0, 1)),
        ("الشركة,المرجع", (0, 1)),
        ("חברה,אסמכתא", (0, 1)),
        ("कंपनी,संदर्भ", (0, 1)),
        ("บริษัท,เลขที่สัญญา", (0, 1)),
        ("Customer reference,Customer", (1, 0)),
        ("E-mail,Customer (legal name),Contract no.", (1, 2)),
        ("Khách hàng,Hợp đồng", (0, 1)),
        ("Müşteri,Sözleşme", (0, 1)),
    ],
)
def test_headers_in_any_language(header: str, taken: tuple[int, int]) -> None:
    """The columns are found by what is above them, whatever the language, and in any order."""
    cells = [f"cell {i}" for i in range(header.count(",") + 1)]
    assert values(read(f"{header}\n{','.join(cells)}\n")) == [(cells[taken[0]], cells[taken[1]])]


def test_columns_that_are_named() -> None:
    """A column can be named by its header or its letter; what cannot be told apart is asked for."""
    text = "Empfänger;Kunde;Nr\nA;B;C\n"
    assert values(read(text, columns={"recipient": "Kunde", "reference": "Nr"})) == [("B", "C")]
    assert values(read(text, columns={"recipient": "B", "reference": "A"})) == [("B", "A")]
    ((row, words),) = faults("Kunde;Firma\nA;B\n")
    assert row == 1
    assert "'Kunde' and 'Firma' may both be that of the recipient" in words
    ((_, words),) = faults("Foo,Bar\n1,2\n")
    assert words == ("none of the headers names the recipient (headers: 'Foo', 'Bar')")
    assert (
        "no column is headed 'Baz'; there are: 'Foo', 'Bar'"
        in faults("Foo,Bar\n1,2\n", columns={"recipient": "Baz"})[0][1]
    )


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        (b"", 0, "it is empty"),
        (b"name\n", 0, "it names no recipient"),
        (b'name\nA\n"B\nC\nD\n', 3, "a quotation mark opens here and is never closed"),
        (b'name\nA\n"B"x\n', 3, "a quotation mark ends before its cell does"),
        (b"name\nA,B\n", 2, "more cells than the header"),
        (b"name\nA\0B\n", 0, "zero bytes"),
        (b"name\n\x81\x8d\n", 2, "neither UTF-8 nor Windows-1252"),
        (b"\xff\xfen\0a", 0, "begins like UTF-16"),
        (b"name,ref\nA,1.23E+11\n", 2, "a number that a spreadsheet has shortened"),
        (b"name\n" + b"x" * 200_000, 2, "more than 131,072 characters"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "old or an encrypted Excel file"),
        (b"%PDF-1.7", 0, "it is a PDF"),
        (b"<html><table>", 0, "HTML or XML"),
        (b"PK\x03\x04 but no more", 0, "cannot be read as a workbook"),
    ],
)
def test_a_file_that_cannot_be_read(content: bytes, row: int, words: str) -> None:
    """A file that is not a sheet, or is a damaged one, has one fault that says where it is and what to do."""
    ((number, said),) = faults(content)
    assert number == row
    assert words in said
    assert "\n" not in said


def test_numbers_that_lost_their_zeros() -> None:
    """If references begin with zeros and have one length, a shorter number has lost them; each is reported."""
    assert faults("name,ref\nA,00117\nB,118\nC,00119\nD,1190\n") == [
        (3, "the reference 118 seems to have lost its zeros (row 2 has 00117); type it as text"),
        (5, "the reference 1190 seems to have lost its zeros (row 2 has 00117); type it as text"),
    ]
    assert len(read("name,ref\nA,007\nB,00042\nC,8\n").rows) == 3  # of several lengths: nothing can be told


def test_xlsx_as_it_is_shown() -> None:
    """A number is taken as it is shown, with the zeros of its format; what would not be is a fault by row."""

    def shape(book: Any) -> None:
        book.active["B2"].number_format = "00000"
        book.active["B3"].number_format = "@"
        for cell, pattern in {"B5": "0.00", "B6": "#,##0", "B7": "yyyy-mm-dd"}.items():
            book.active[cell].number_format = pattern

    rows = [("Name", "Ref"), ("A", 117), ("B", 11800), ("C", "00119")]
    assert values(read(workbook(*rows, change=shape))) == [("A", "00117"), ("B", "11800"), ("C", "00119")]
    more = [("D", 12), ("E", 1234), ("F", 45000), ("G", True), ("H", 1.5), ("I", 12345678901234567), ("J", "#N/A")]
    found = dict(faults(workbook(*rows, *more, change=shape)))
    assert set(found) == {5, 6, 7, 8, 9, 10, 11}
    for row, words in {5: "format '0.00'", 7: "date", 8: "TRUE", 9: "1.5", 10: "digits", 11: "error"}.items():
        assert words in found[row], found[row]


def test_xlsx_with_several_sheets() -> None:
    """The first sheet that can be seen and has the columns is read, and named."""

    def add(book: Any) -> None:
        book.active.title = "Notes"
        hidden = book.create_sheet("Old")
        hidden.sheet_state = "hidden"
        hidden.append(("Name",))
        hidden.append(("Hidden",))
        there = book.create_sheet("Customers")
        there.append(("Customer", "Contract"))
        there.append(("Acme", "C-1"))

    sheet = read(workbook(("Just", "text"), change=add))
    assert values(sheet) == [("Acme", "C-1")]
    assert sheet.title == "Customers"
    assert sheet.notes[0].startswith("sheet 'Customers', headings in row 1: recipients from column 'Customer'")


def _replace_part(content: bytes, part: str, new: bytes) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as book:
        for name in old.namelist():
            book.writestr(name, new if name == part else old.read(name))
    return output.getvalue()


@pytest.mark.slow
def test_hostile_workbooks() -> None:
    """Bombs, entities, parts that are missing or lie: one line each, in bounded time and memory."""
    good = workbook(("Name",), ("Acme",))
    many = b"<row><c t='inlineStr'><is><t>Acme</t></is></c></row>" * 300_000
    head = b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
    name = b"<row><c t='inlineStr'><is><t>Name</t></is></c></row>"
    wide = _replace_part(good, "xl/worksheets/sheet1.xml", head + name + many + b"</sheetData></worksheet>")
    assert len(wide) < 2_000_000
    assert "more than 100,000 recipients" in faults(wide)[0][1]
    zeros = io.BytesIO(good)
    with zipfile.ZipFile(zeros, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/zeros.bin", bytes(200 * 2**20))
    assert "it unpacks to 200 MiB" in faults(zeros.getvalue())[0][1]
    laughs = b"<!DOCTYPE x [<!ENTITY a0 'ha'>" + b"".join(
        f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>".encode() for i in range(1, 12)
    )
    bomb = laughs + b"]>" + head + b"<row><c t='inlineStr'><is><t>&a11;</t></is></c></row></sheetData></worksheet>"
    assert "cannot be read as a workbook" in faults(_replace_part(good, "xl/worksheets/sheet1.xml", bomb))[0][1]
    outside = b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + head
    outside += name + b"<row><c t='inlineStr'><is><t>&e;</t></is></c></row></sheetData></worksheet>"
    assert "root" not in read_or_refuse(_replace_part(good, "xl/worksheets/sheet1.xml", outside))
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"):
        assert len(faults(_replace_part(good, part, b"<broken"))) == 1
    assert len(faults(good[: len(good) // 2])) == 1


def test_too_many_rows_and_bytes() -> None:
    """Limits on rows and bytes apply before anything is signed; the message says how to continue."""
    text = "name\n" + "Acme\n" * 11
    assert len(read(text, max_rows=11).rows) == 11
    assert "more than 10 recipients" in faults(text, max_rows=10)[0][1]
    assert "bytes; more than 20 are not read" in faults(text, max_size=20)[0][1]


def test_all_faults_of_a_plan_at_once() -> None:
    """Values that are refused, references and files that are twice there: all are listed, each with its row."""
    rows = [
        Row(number=2, recipient="Acme", reference="C-1"),
        Row(number=3, recipient="", reference="C-2"),
        Row(number=4, recipient="Beta", reference="C-1"),
        Row(number=5, recipient="ACME", reference="c-1"),
        Row(number=6, recipient="Gamma", reference=None),
        Row(number=7, recipient="Gamma", reference=None),
    ]

    def complete(row: Row) -> tuple[str, str]:
        if not row.recipient:
            raise RecipientError("the recipient is empty")
        return row.recipient, row.reference or f"auto-{row.recipient}"

    with pytest.raises(RowsError) as caught:
        plan_rows(rows, complete=complete, name_file=lambda a, b: f"{a}-{b}.pdf").require_faultless("r.csv")
    assert str(caught.value).splitlines() == [
        "r.csv: row 3: the recipient is empty",
        "r.csv: row 4: the reference 'C-1' is in row 2, too; each copy needs one of its own",
        "r.csv: row 5: its file would be called ACME-c-1.pdf, as that of row 2; change one",
        "r.csv: row 7: 'Gamma' without a reference is in row 6, too; each copy needs one of its own",
    ]
    assert caught.value.exit_code == 2


def test_a_long_list_of_faults_is_cut() -> None:
    """A sheet with thousands of faults gives a hundred lines, and the number of the others; the error has all."""
    error = RowsError("r", tuple((n, "bad") for n in range(5000)))
    assert len(str(error).splitlines()) == 101
    assert str(error).endswith("and 4,900 more faults")
    assert len(error.faults) == 5000


@given(
    rows=st.lists(
        st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=10)).filter(
            lambda r: r[0].strip() and "\0" not in "".join(r)
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=60)
def test_what_csv_holds_is_read_back(rows: list[tuple[str, str]]) -> None:
    """Whatever text is in the cells, what Python's writer quotes is read back, or refused as a row's fault."""
    import csv

    output = io.StringIO()
    csv.writer(output).writerows([("Recipient", "Reference"), *rows])
    try:
        found = read(output.getvalue().encode("utf-8", errors="surrogatepass"))
    except RowsError:
        return
    assert [r.recipient for r in found.rows] == [recipient.strip() for recipient, _ in rows]


@given(content=st.binary(max_size=300) | st.text(max_size=200).map(lambda t: ("name," + t).encode("utf-8", "ignore")))
@settings(max_examples=150)
def test_rubbish_is_refused_in_words(content: bytes) -> None:
    """Any bytes raise only this package's own errors."""
    assert read_or_refuse(content)


@given(place=st.integers(0, 4000), byte=st.integers(0, 255))
@settings(max_examples=60)
def test_a_damaged_workbook_is_refused_in_words(place: int, byte: int) -> None:
    """A workbook with any byte changed is read, or refused in words."""
    content = bytearray(workbook(("Name", "Ref"), ("Acme", 1), ("Beta", 2)))
    content[place % len(content)] = byte
    assert read_or_refuse(bytes(content))
