"""Real windows of browsers on a screen that nobody sees (Xvfb): what a reader sees, clicks and types."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageChops, ImageGrab

from .firefox import open_firefox
from .programs import ValidatorError, find_program, run

RESOLUTION = 96  # pixels an inch: what browsers mean by 100 %
_SCREEN = (1300, 1500)
_PATIENCE = 120.0  # seconds until a page has to be drawn
_LATER = 30.0  # seconds until all that belongs to it has to be
_ZOOM = "zoom=100"
_ROUGHLY = 3  # by which the brightness of lines may differ from what is expected, of 255, on average


class Screen:
    """A screen with one browser, which fills it.

    Args:
        display: its name, for instance ":99".
        open_page: opens a file in the browser.
    """

    def __init__(self, display: str, open_page: Callable[[Path], None]) -> None:
        self._display, self._open = display, open_page

    def show(self, path: Path, expected: Image.Image) -> "Shown":
        """Open a PDF, and wait until its first page is drawn and no longer changes.

        Args:
            path: the file.
            expected: its first page, as large as it is to appear.

        Raises:
            ValidatorError: no page of that size appeared.
        """
        self._open(path)
        end, before = time.monotonic() + _PATIENCE, None
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self.grab()
            place = _find_page(now, expected)
            if place is not None and before is not None and ImageChops.difference(now, before).getbbox() is None:
                return Shown(self, place, expected.size)
            before = now
        raise ValidatorError(f"{path.name}: no page of {expected.size} pixels appeared")

    def grab(self) -> Image.Image:
        """Take a picture of the whole screen."""
        return ImageGrab.grab(xdisplay=self._display).convert("RGB")

    def use(self, *actions: str) -> None:
        """Move the mouse, click, type; see xdotool(1)."""
        done = subprocess.run(
            [find_program("xdotool"), *actions],
            env={**os.environ, "DISPLAY": self._display},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise ValidatorError(f"xdotool: {done.stderr.decode()}")


class Shown:
    """A page that is shown on a screen.

    Args:
        screen: the screen.
        place: where the page's upper left corner is, in pixels.
        size: of the page.
    """

    def __init__(self, screen: Screen, place: tuple[int, int], size: tuple[int, int]) -> None:
        self._screen, self._place, self._size = screen, place, size

    def picture(self) -> Image.Image:
        """Take a picture of the page."""
        (x, y), (width, height) = self._place, self._size
        return self._screen.grab().crop((x, y, x + width, y + height))

    def wait_for(self, is_so: Callable[[Image.Image], bool]) -> Image.Image:
        """Take pictures of the page until one is as wanted: what lies above the page, a busy machine draws later.

        Returns:
            That picture, or after half a minute the last one.
        """
        end = time.monotonic() + _LATER
        while not is_so(picture := self.picture()) and time.monotonic() < end:
            time.sleep(0.5)
        return picture

    def type_into(self, box: tuple[float, float, float, float], text: str) -> None:
        """Click into the middle of a box, type, and move the mouse away."""
        x, y = ((box[i] + box[i + 2]) / 2 + self._place[i] for i in (0, 1))
        self._screen.use("mousemove", str(round(x)), str(round(y)), "click", "1", "sleep", "0.3")
        self._screen.use("type", "--delay", "30", text)
        self._screen.use("mousemove", "1", "1", "sleep", "1")


@contextmanager
def open_chromium() -> Iterator[Screen]:
    """Open windows of Chromium, one after the other: each file gets a process and a profile of its own."""
    with contextlib.ExitStack() as last, _open_display() as display:
        environment = {**os.environ, "DISPLAY": display, "LC_ALL": "C.UTF-8"}

        def show(path: Path) -> None:
            last.close()
            folder = last.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            command = [find_program("chromium"), "--no-sandbox", "--test-type", "--no-first-run", "--disable-gpu"]
            command += ["--hide-scrollbars", "--password-store=basic", "--disable-component-update"]
            command += [f"--user-data-dir={folder}", "--force-device-scale-factor=1", "--window-position=0,0"]
            command += [f"--window-size={_SCREEN[0]},{_SCREEN[1]}", f"--app={path.as_uri()}#toolbar=0&{_ZOOM}"]
            running = subprocess.Popen(
                command, env={**environment, "HOME": folder}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            last.callback(running.wait, _PATIENCE)
            last.callback(running.terminate)

        yield Screen(display, show)


@contextmanager
def open_firefox_window() -> Iterator[Screen]:
    """Open a window of Firefox."""
    size = ("--width", str(_SCREEN[0]), "--height", str(_SCREEN[1]))
    with _open_display() as display, open_firefox("--kiosk", *size, environment={"DISPLAY": display}) as firefox:

        def show(path: Path) -> None:
            firefox.open("about:blank")  # else only the fragment changes, and nothing is loaded
            firefox.open(f"{path.as_uri()}#{_ZOOM}&pagemode=none")

        yield Screen(display, show)


WINDOWS = {"chromium": open_chromium, "firefox": open_firefox_window}


def draw(program: str, path: Path, folder: Path) -> Image.Image:
    """Draw a file's first page with a program that draws without a window.

    Args:
        program: "poppler", "mupdf" or "ghostscript".
        path: the file.
        folder: where the picture may go.
    """
    target = folder / f"{path.stem}-{program}.png"
    resolution = str(RESOLUTION)
    if program == "poppler":
        output = run("pdftoppm", "-r", resolution, "-l", "1", "-png", "-singlefile", path, target.with_suffix(""))
    elif program == "mupdf":
        output = run("mutool", "draw", "-q", "-r", resolution, "-o", target, path, "1")
    else:
        flags = ("-dSAFER", "-dBATCH", "-dNOPAUSE", "-q", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4", "-dLastPage=1")
        output = run("gs", *flags, "-sDEVICE=png16m", f"-r{resolution}", f"-sOutputFile={target}", path)
    if output.status or not target.exists():
        raise ValidatorError(f"{program} drew nothing (exit status {output.status}):\n{output.stderr}")
    return Image.open(target).convert("RGB")


@contextmanager
def _open_display() -> Iterator[str]:
    reading, writing = os.pipe()
    command = [find_program("Xvfb"), "-displayfd", str(writing), "-screen", "0", f"{_SCREEN[0]}x{_SCREEN[1]}x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as file:
            number = file.readline().strip()
        if not number:
            raise ValidatorError("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(_PATIENCE)


def _find_page(screen: Image.Image, expected: Image.Image) -> tuple[int, int] | None:
    """Find the place of a white page on a screen that is not white beside it."""
    width, height = expected.size
    white = screen.convert("L").point(lambda level: 255 if level == 255 else 0)
    columns = "".join("#" if level > 128 else " " for level in _profile(white, (screen.width, 1)))
    longest = max(columns.split(), key=len, default="")
    if abs(len(longest) - width) > 2:
        return None
    left = columns.index(longest)
    wanted = _profile(expected, (1, height))
    found = _profile(screen.crop((left, 0, left + width, screen.height)), (1, screen.height))
    off = {
        top: sum(abs(one - other) for one, other in zip(wanted, found[top:], strict=False))
        for top in range(screen.height - height)
    }
    top = min(off, key=off.__getitem__)
    return (left, top) if off[top] < _ROUGHLY * height else None


def _profile(picture: Image.Image, size: tuple[int, int]) -> list[int]:
    """Take the mean of each line or column, 0 to 255."""
    return list(picture.convert("L").resize(size, Image.Resampling.BOX).tobytes())
