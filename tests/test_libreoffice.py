"""Workbooks as LibreOffice writes them.

LibreOffice 7.4.7 wrote `data/libreoffice.xlsx` from what `make_workbook` makes, by `convert`. It is too large for CI
(300 MB); `make long` lets it write the workbook again.
"""

import datetime
import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest

from mailmart_privacy.sheets.kept import keep_sheets, open_kept
from mailmart_privacy.sheets.outline import outline
from mailmart_privacy.sheets.sheet import read_sheet

from .conftest import PATIENCE

DATA = Path(__file__).parent / "data" / "libreoffice.xlsx"
CUSTOMERS = (
    *("Müller & Söhne GmbH", "Ärmel AG", "Žižkov s.r.o.", "Łódź Sp. z o.o."),
    *("Αθήνα Α.Ε.", "Straße und Co. KG", "Nordwind Hafen GmbH", "Café d’Été SARL"),
)


def make_workbook() -> bytes:
    """A workbook with notes first, titles, a filter, numbers with zeros, dates, umlauts, and a formula for a name."""
    book = openpyxl.Workbook()
    book.active.title = "Hinweise"
    book.active.append(("Gepflegt vom Vertrieb.",))
    page = book.create_sheet("Kunden Q4")
    page.append(("Zu benachrichtigende Kunden, November",))
    page.merge_cells("A1:F1")
    page.append(("Stand 28. November",))
    page.append(())
    page.append(("Nr.", "Firma", "Vertrag", "Ansprechpartner", "E-Mail", "Kunde seit"))
    for number, name in enumerate(CUSTOMERS, 1):
        since = datetime.date(2020, 1, number)
        page.append((number, name, number, "Frau Öz", f"office@kunde{number}.example", since))
        page.cell(4 + number, 3).number_format = "00000"
    page["B12"] = '=CONCATENATE("Café ","d’Été SARL")'
    page.auto_filter.ref = "A4:F12"
    page.row_dimensions[7].hidden = True
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def convert(content: bytes, folder: Path) -> bytes:
    """Let LibreOffice write a workbook."""
    (folder / "given.xlsx").write_bytes(content)
    program = shutil.which("soffice")
    assert program is not None, "LibreOffice is not installed: apt-get install libreoffice-calc"
    home = f"-env:UserInstallation=file://{folder}/profile"
    command = [program, home, "--headless", "--norestore", "--convert-to", "xlsx", "--outdir", folder / "out"]
    subprocess.run([*command, folder / "given.xlsx"], check=True, capture_output=True, timeout=PATIENCE)
    return (folder / "out" / "given.xlsx").read_bytes()


def require_read(content: bytes) -> None:
    """Everything in the workbook is read as it is shown, and what was hidden is asked about."""
    notes, customers = outline(content, name="r")
    assert (notes.chosen, customers.chosen, customers.header_row) == (False, True, 4)
    assert customers.hidden == (7,)
    sheet = read_sheet(content, name="r", columns={"recipient": "B", "reference": "C"}, hidden="skip")
    names = tuple(row.recipient for row in sheet.rows)
    assert names == CUSTOMERS[:2] + CUSTOMERS[3:]  # with what the formula came to
    assert [row.reference for row in sheet.rows] == ["00001", "00002", *(f"{n:05}" for n in range(4, 9))]
    values = dict(open_kept(keep_sheets(content, name="r"), name="r")[1].values())
    assert values[5] == (1, CUSTOMERS[0], 1, "Frau Öz", "office@kunde1.example", datetime.datetime(2020, 1, 1))


def test_what_libreoffice_wrote_is_read() -> None:
    """Titles, merged cells, hidden rows, zeros, dates and a formula's outcome."""
    facts = zipfile.ZipFile(DATA).read("docProps/app.xml")
    assert b"LibreOffice" in facts
    require_read(DATA.read_bytes())


@pytest.mark.slow
@pytest.mark.skipif("MAILMART_PRIVACY_LIBREOFFICE" not in os.environ, reason="only in make long")
def test_libreoffice_writes_it_now(tmp_path: Path) -> None:
    """The installed LibreOffice writes what is read."""
    require_read(convert(make_workbook(), tmp_path))
