"""The desk in Chromium with axe: every page in five views, the paths that people take, and without script.

With QUICK, two views.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_environment
from tests.test_desk_many import make_workbook
from tests.test_desk_processes import Running

from . import web
from .programs import find_program, run

ROWS = 500
# Nobody has an address, so nothing is sent; pages have what they have with a mail server.
MAIL = ("--smtp-host", "127.0.0.1", "--smtp-port", "9", "--smtp-tls", "none", "--mail-from", "desk@example.com")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What Chromium saw of a desk that was started by one command."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "customers.xlsx").write_bytes(make_workbook(ROWS))
    running = Running(make_environment(folder / "home"), folder / "desk", *MAIL, sign_in=False)
    try:
        web.install()
        script = Path(web.FOLDER, "desk.mjs")
        output = run("node", script, find_program("chromium"), running.address, folder / "customers.xlsx")
        assert output.status == 0, output.stderr
        yield json.loads(output.stdout)
    finally:
        running.close()


def test_one_copy_is_one_page_one_field_one_click(seen: dict[str, Any]) -> None:
    """After issuing comes the download; the one-time token is gone from the address."""
    one = seen["one"]
    assert (one["required"], one["typed"], one["pressed"], one["pages"]) == (1, 1, 1, 1)
    assert one["file"].endswith(".pdf")
    assert "token" not in seen["address_left"]


def test_the_messy_workbook_takes_four_pages_and_six_decisions(seen: dict[str, Any]) -> None:
    """Title rows, a sheet of notes, hidden rows, a missing name, a sum: 497 of 500 customers get a copy."""
    many = seen["many"]
    assert many["pages"] <= 4
    assert many["decided"] + many["typed"] <= 6
    assert many["heading"] == f"{ROWS - 3} copies are ready"
    assert many["file"] == "copies.zip"


def test_it_works_without_script(seen: dict[str, Any]) -> None:
    """Everything works with forms and links alone."""
    assert seen["scriptless"] == "The copy is ready"


def test_every_page_is_sound_in_every_view(seen: dict[str, Any]) -> None:
    """Light and dark, 320 to 1440 px, forced colours: axe finds nothing, nothing scrolls sideways or is inline."""
    assert len(seen["pages"]) == 27
    for page in seen["pages"]:
        for view in page["views"]:
            name = (page["path"], view["view"])
            expected = {"signed out": 1, "/nothing-here": 1}.get(page["path"], 0)  # Chromium tells of the status
            assert len(view["complaints"]) == expected, (*name, view["complaints"])
            assert view["violations"] == [], name
            assert (view["overflow"], view["inline"], view["unnamed"]) == (0, 0, 0), name


def test_pages_are_light(seen: dict[str, Any]) -> None:
    """With an empty cache, and with fonts, a page takes at most 80 KB and 7 requests."""
    for page in seen["pages"]:
        for view in page["views"]:
            assert view["requests"] <= 7, (page["path"], view["requests"])
            assert view["bytes"] <= 80_000, (page["path"], view["bytes"])
