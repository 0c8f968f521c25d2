"""Outside programs: found, or named with the line that installs them; run, never through a shell."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "conformance"
CACHE = ROOT / ".cache" / "conformance"

# Set by `make conformance QUICK=1`, as CI does: every kind of file and every validator, but fewer files of a kind.
QUICK = bool(os.environ.get("QUICK"))
_TIMEOUT = 900  # seconds
_PAUSES = (5.0, 20.0)  # seconds between attempts to fetch something

_PACKAGES = {
    "Xvfb": "xvfb",
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "gs": "ghostscript",
    "java": "default-jdk-headless",
    "javac": "default-jdk-headless",
    "mutool": "mupdf-tools",
    "mvn": "maven",
    "node": "nodejs",
    "npm": "npm",
    "openssl": "openssl",
    "pdfsig": "poppler-utils",
    "pdftohtml": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "qpdf": "qpdf",
    "xdotool": "xdotool",
    "zbarimg": "zbar-tools",
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
    """Find a program on the path; Chromium may be elsewhere, where the variable CHROMIUM says.

    Raises:
        MissingValidatorError: it is not installed; the message says how to install it.
    """
    found = _find(name)
    if found is None:
        raise MissingValidatorError(_explain([name]))
    return found


def require_programs() -> None:
    """Demand every program before any work is done.

    Raises:
        MissingValidatorError: some are not installed; the message says how to install all of them.
    """
    missing = [name for name in _PACKAGES if _find(name) is None]
    if missing:
        raise MissingValidatorError(_explain(missing))


def _find(name: str) -> str | None:
    return shutil.which(os.environ.get("CHROMIUM") or name if name == "chromium" else name)


def _explain(missing: Sequence[str]) -> str:
    packages = " ".join(sorted({_PACKAGES[name] for name in missing}))
    return f"not installed: {', '.join(missing)}; run: apt-get install {packages}"


# The validators run for seconds each: compiling their code well takes longer than it saves. What is compiled lightly
# needs a larger stack.
_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss4m", "-Djava.awt.headless=true")


def run_java(*arguments: str | Path) -> Output:
    """Run a Java program to its end; see `run`."""
    return run("java", *_JAVA, *arguments)


def run_fetching(
    name: str, *arguments: str | Path, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> Output:
    """Run a program that fetches something, and again where it fails, at most twice: connections drop; see `run`."""
    for pause in _PAUSES:
        output = run(name, *arguments, cwd=cwd, variables=variables)
        if output.status == 0:
            return output
        time.sleep(pause)
    return run(name, *arguments, cwd=cwd, variables=variables)


def run(
    name: str, *arguments: str | Path, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> Output:
    """Run a program to its end.

    Args:
        name: of the program, or where it is.
        arguments: of its command line.
        cwd: the folder to run it in.
        variables: more variables of its environment.

    Raises:
        MissingValidatorError: it is not installed.
        ValidatorError: it did not end in time.
    """
    command: Sequence[str] = [find_program(name), *map(str, arguments)]
    # Messages are read below, so they must not be translated.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **(variables or {})}
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, env=environment, cwd=cwd, check=False)
    except subprocess.TimeoutExpired:
        raise ValidatorError(f"{name} did not end within {_TIMEOUT} seconds") from None
    return Output(
        status=done.returncode,
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
    )
