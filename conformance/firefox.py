"""Firefox, driven by Marionette: the protocol that its own tests use, JSON over a local socket."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .programs import ValidatorError, find_program

_TIMEOUT = 120.0  # seconds until Firefox has to be there, and to answer
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver names an element
# Nothing is fetched, asked or animated, and the PDF viewer shows a page as large as it is.
_SETTINGS = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "layout.css.devPixelsPerPx": "1.0",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "pdfjs.sidebarViewOnLoad": 0,
    "services.settings.server": "data:,",
    "toolkit.cosmeticAnimations.enabled": False,
    "toolkit.telemetry.enabled": False,
    "ui.prefersReducedMotion": 1,
}


class Firefox:
    """A Firefox that runs.

    Args:
        stream: the socket of Marionette, connected.
        replies: what comes from it.
    """

    def __init__(self, stream: socket.socket, replies: BinaryIO) -> None:
        self._stream, self._replies, self._number = stream, replies, 0
        self._receive()  # who it is
        self._call("WebDriver:NewSession", strictFileInteractability=False)
        self._call("WebDriver:SetTimeouts", script=int(_TIMEOUT * 1000), pageLoad=int(_TIMEOUT * 1000))

    def open(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self._call("WebDriver:Navigate", url=url)

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page, and return what it returns; a promise is waited for."""
        body = "const done = arguments[arguments.length - 1]; (async function () {" + script + "})"
        body += ".apply(null, Array.from(arguments).slice(0, -1)).then(v => done([v]), e => done([null, String(e)]));"
        value, *error = self._call("WebDriver:ExecuteAsyncScript", script=body, args=list(arguments))["value"]
        if error:
            raise ValidatorError(f"Firefox: {error[0]}")
        return value

    def choose_file(self, selector: str, path: Path) -> None:
        """Choose a file in the input that a CSS selector names."""
        found = self._call("WebDriver:FindElement", using="css selector", value=selector)["value"]
        self._call("WebDriver:ElementSendKeys", id=found[_ELEMENT], text=str(path))

    def _call(self, command: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._stream.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise ValidatorError(f"Firefox: {error['message']}")
        return result if isinstance(result, dict) else {"value": result}

    def _receive(self) -> Any:
        digits = b""
        while (character := self._replies.read(1)) != b":":
            if not character:
                raise ValidatorError("Firefox ended")
            digits += character
        return json.loads(self._replies.read(int(digits)))


@contextmanager
def open_firefox(*options: str, environment: dict[str, str] | None = None) -> Iterator[Firefox]:
    """Start Firefox with a profile of its own, and end it.

    Args:
        options: of its command line, for instance "--headless" or "--kiosk".
        environment: more variables, for instance DISPLAY.

    Raises:
        MissingValidatorError: it is not installed.
        ValidatorError: it did not start.
    """
    program = find_program("firefox-esr")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port = _find_port()
        settings = {**_SETTINGS, "marionette.port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
        Path(folder, "user.js").write_text("".join(lines), encoding="utf-8")
        started = subprocess.Popen(
            [program, "--marionette", "--no-remote", "--profile", folder, *options],
            env={**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with _connect(port, started) as stream, stream.makefile("rb") as replies:
                yield Firefox(stream, replies)
        finally:
            started.kill()  # its profile is thrown away, so nothing is to be saved
            started.wait()


def _find_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _connect(port: int, started: "subprocess.Popen[bytes]") -> socket.socket:
    end = time.monotonic() + _TIMEOUT
    while time.monotonic() < end and started.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), _TIMEOUT)
        except OSError:
            time.sleep(0.1)
    raise ValidatorError("Firefox did not start")
