"""Outside programs: found, or named with the line that installs them; run, never through a shell."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "conformance"
CACHE = ROOT / ".cache" / "conformance"

_TIMEOUT = 300

_PACKAGES = {
    "chromium": "chromium",
    "java": "default-jdk-headless",
    "mutool": "mupdf-tools",
    "mvn": "maven",
    "node": "nodejs",
    "npm": "npm",
    "openssl": "openssl",
    "pdfsig": "poppler-utils",
    "pdftotext": "poppler-utils",
    "qpdf": "qpdf",
}


class MissingValidatorError(Exception):
    """A validator is not there; this fails the run, it never skips."""


class ValidatorError(Exception):
    """A validator did not do its work, so there is no verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """What a program left behind.

    Attributes:
        status: its exit status.
        stdout: its standard output, as UTF-8; bytes that are none are replaced.
        stderr: its standard error, likewise.
    """

    status: int
    stdout: str
    stderr: str


def find_program(name: str) -> str:
    """Find a program on the path, or where an environment variable of its name in capitals says.

    Raises:
        MissingValidatorError: it is not installed; the message says how to install it.
    """
    found = shutil.which(os.environ.get(name.upper(), "") or name)
    if found is None:
        raise MissingValidatorError(f"{name} is not installed; run: apt-get install {_PACKAGES[name]}")
    return found


def run(name: str, *arguments: str | Path, cwd: Path | None = None) -> Output:
    """Run a program to its end.

    Raises:
        MissingValidatorError: it is not installed.
        ValidatorError: it did not end in time.
    """
    command: Sequence[str] = [find_program(name), *map(str, arguments)]
    # Messages are read below, so they must not be translated.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, env=environment, cwd=cwd, check=False)
    except subprocess.TimeoutExpired:
        raise ValidatorError(f"{name} did not end within {_TIMEOUT} seconds") from None
    return Output(
        status=done.returncode,
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
    )
