"""A copy looks designed, not fillable, in the programs that people have: real windows of Chromium and Firefox (PDFium
and pdf.js), MuPDF and Ghostscript show page 1 as Poppler does, which is also what evince and Okular draw with.

Pictures of the first page at 96 dpi are compared in grey, smoothed by two pixels, so that how edges are drawn does not
matter. The page's outermost pixels are left out. What is allowed was set by what the programs show of genuine copies:
of 255 levels, a field differs by at most 5 on average and by at most 44 anywhere, the page's large title by at most 70;
the most frequent colour in a field is Poppler's but for one level, since colours are rounded. A tint, a box, another
font or another name is far beyond that, as the last tests show.
"""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from mailmart_privacy.copies.forms import load_form
from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.pdf.field_names import DELIVERY, ISSUED_AT, PUBLISHER, RECIPIENT, REFERENCE
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.policy.model import Policy
from tests.names import NAMES as SCRIPTS
from tests.names import typefaces

from .conftest import NOW
from .windows import RESOLUTION, WINDOWS, Screen, draw

Box = tuple[float, float, float, float]

NAMES = {
    "one line": "Acme GmbH",
    "two lines": "Internationale Vereinigung der Verbände zur Förderung des Handels mit Waren aller Art e. V.",
    **{script: SCRIPTS[script] for script in ("Arabic", "Hebrew", "Chinese", "Thai")},
}
FIELDS = (RECIPIENT, REFERENCE, ISSUED_AT)
TYPED = "Milavo"  # none of its letters is a command of pdf.js, and a blank would scroll
_EDGE = 4  # pixels
_MEAN, _PAGE_MEAN, _MOST, _PAGE_MOST = 7.0, 2.0, 60, 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("viewers")


@pytest.fixture(scope="module")
def copies(policy: Policy, folder: Path) -> dict[str, Path]:
    """A copy to each of the names; and one that is fillable, as no copy is, to show that a difference is seen."""
    issuer = Issuer(create_identity(created_at=NOW - datetime.timedelta(days=1)), fonts=typefaces())
    made = {}
    for name, recipient in NAMES.items():
        made[name] = folder / f"{name.replace(' ', '-')}.pdf"
        made[name].write_bytes(issuer.issue(policy, recipient=recipient, reference="C-1", issued_at=NOW).pdf)
    made["fillable"] = folder / "fillable.pdf"
    made["fillable"].write_bytes(re.sub(rb"/Ff 1\b", b"/Ff 0", made["one line"].read_bytes()))
    return made


@pytest.fixture(scope="module")
def expected(copies: dict[str, Path], folder: Path) -> dict[str, Image.Image]:
    """What Poppler shows of each."""
    return {name: draw("poppler", path, folder) for name, path in copies.items()}


@pytest.fixture(scope="module")
def boxes(policy: Policy, expected: dict[str, Image.Image]) -> dict[str, Box]:
    """Where the fields are on page 1, in pixels from its upper left corner, as the form's notes say."""
    fields, height, scale = load_form(shipped(), policy.version, "a4").notes.fields, 0, RESOLUTION / 72
    height = expected["one line"].height
    found = {}
    for name in (*FIELDS, PUBLISHER, DELIVERY):
        place = re.search(r"/Rect \[ ?([^\]]*?) ?\]", fields[name].entries)
        assert place, name
        left, low, right, high = (float(number) * scale for number in place[1].split())
        found[name] = (left, height - high, right, height - low)
    return found


@pytest.fixture(scope="module", params=WINDOWS)
def screen(request: pytest.FixtureRequest) -> Iterator[Screen]:
    """A window of each browser."""
    with WINDOWS[request.param]() as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_browsers_show_what_poppler_shows(
    name: str, screen: Screen, copies: dict[str, Path], expected: dict[str, Image.Image], boxes: dict[str, Box]
) -> None:
    """No tint, no box, no other font; names of two lines and in other scripts as they were set."""
    page = screen.show(copies[name], expected[name])
    picture = page.wait_for(lambda picture: not find_differences(picture, expected[name], boxes))
    assert find_differences(picture, expected[name], boxes) == []


def test_nobody_types_into_a_copy(
    screen: Screen, copies: dict[str, Path], expected: dict[str, Image.Image], boxes: dict[str, Box]
) -> None:
    """Clicking into each field and typing changes nothing on the page."""
    page = screen.show(copies["one line"], expected["one line"])
    for name in FIELDS:
        page.type_into(boxes[name], TYPED)
        picture = page.wait_for(lambda picture: not find_differences(picture, expected["one line"], boxes))
        assert find_differences(picture, expected["one line"], boxes) == [], name


def test_a_fillable_copy_is_noticed(
    screen: Screen, copies: dict[str, Path], expected: dict[str, Image.Image], boxes: dict[str, Box]
) -> None:
    """If the fields were not read-only, what is typed would be shown, and the comparison would fail."""
    page = screen.show(copies["fillable"], expected["fillable"])
    before = page.wait_for(lambda picture: bool(find_differences(picture, expected["fillable"], boxes)))
    assert {fault.split(":")[0] for fault in find_differences(before, expected["fillable"], boxes)} >= set(FIELDS)
    page.type_into(boxes[RECIPIENT], TYPED)

    def is_changed(picture: Image.Image) -> bool:
        return bool(ImageChops.difference(_crop(before, boxes[RECIPIENT]), _crop(picture, boxes[RECIPIENT])).getbbox())

    assert is_changed(page.wait_for(is_changed))


@pytest.mark.parametrize("program", ["mupdf", "ghostscript"])
@pytest.mark.parametrize("name", NAMES)
def test_other_programs_draw_what_poppler_draws(
    name: str,
    program: str,
    copies: dict[str, Path],
    expected: dict[str, Image.Image],
    boxes: dict[str, Box],
    folder: Path,
) -> None:
    """Two more interpreters draw the same page."""
    assert find_differences(draw(program, copies[name], folder), expected[name], boxes) == []


def test_another_name_is_noticed(expected: dict[str, Image.Image], boxes: dict[str, Box]) -> None:
    """The comparison tells every two of the names apart."""
    for name in NAMES:
        for other in set(NAMES) - {name}:
            faults = find_differences(expected[name], expected[other], boxes)
            assert any(fault.startswith(RECIPIENT) for fault in faults), (name, other)


def find_differences(picture: Image.Image, expected: Image.Image, boxes: dict[str, Box]) -> list[str]:
    """Say where two pictures of page 1 differ by more than is allowed, one line each."""
    assert picture.size == expected.size
    whole = (_EDGE, _EDGE, picture.width - _EDGE, picture.height - _EDGE)
    difference = ImageChops.difference(_smooth(picture), _smooth(expected))
    faults = []
    for name, box in {"page": whole, **boxes}.items():
        part = _crop(difference, box)
        mean, most = ImageStat.Stat(part).mean[0], int(part.getextrema()[1])
        colours = [_most_frequent(_crop(each, box)) for each in (picture, expected)]
        means, mosts = (_PAGE_MEAN, _PAGE_MOST) if name == "page" else (_MEAN, _MOST)
        if mean > means or most > mosts or any(abs(one - other) > 1 for one, other in zip(*colours, strict=True)):
            faults.append(f"{name}: differs by {mean:.1f}, at most {most}; {colours[0]} for {colours[1]}")
    return faults


def _smooth(picture: Image.Image) -> Image.Image:
    return picture.convert("L").filter(ImageFilter.GaussianBlur(2))


def _crop(picture: Image.Image, box: Box) -> Image.Image:
    left, top, right, bottom = box
    return picture.crop((int(left), int(top), int(right) + 1, int(bottom) + 1))


def _most_frequent(picture: Image.Image) -> tuple[int, ...]:
    colours: list[tuple[int, tuple[int, ...]]] = picture.getcolors(picture.width * picture.height) or []  # type: ignore[assignment]
    return max(colours, key=lambda found: found[0])[1]
