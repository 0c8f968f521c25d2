"""Ask pip and uv whether every extra of the wheel can be installed: with old pips, and from wheels on every system.

resolve.py           all extras with old pips; [pdf] and [all] on every system and Python
resolve.py --quick   [all] with the oldest pip; [all] on every system, with the oldest and the newest Python
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installing import find_uv, install, make_venv, uv_environment
from legs import CACHE, build_wheel
from requirements import read_requirements

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {
    "x86_64-manylinux_2_28": "Linux, x64",
    "aarch64-manylinux_2_28": "Linux, arm64",
    "x86_64-unknown-linux-musl": "Linux with musl, x64",
    "aarch64-unknown-linux-musl": "Linux with musl, arm64",
    "x86_64-pc-windows-msvc": "Windows, x64",
    "aarch64-apple-darwin": "macOS, Apple silicon",
    "x86_64-apple-darwin": "macOS, Intel",
    "aarch64-pc-windows-msvc": "Windows, arm64",
}
# What has no wheels; docs/install.md lists the same.
MISSING = {"aarch64-pc-windows-msvc": "cryptography"}
# The pips that came with Python 3.11.2 and 3.12.1; the first does not run on Python 3.12.
OLD_PIPS = ("23.0.1", "23.2.1") if sys.version_info < (3, 12) else ("23.2.1",)
SECONDS = 30
_SHARED = 2  # by how much the same work takes more of a processor's time where another program shares the core


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resolver said about one question."""

    question: str
    fault: str = ""


def main() -> int:
    quick = "--quick" in sys.argv[1:]
    wheel = build_wheel()
    extras = sorted(read_requirements().extras)
    answers = []
    for version in OLD_PIPS[:1] if quick else OLD_PIPS:
        answers += [ask(ask_old_pip, version, wheel, extra) for extra in (["all"] if quick else extras)]
    for system in SYSTEMS:
        for python in PYTHONS[:: len(PYTHONS) - 1] if quick else PYTHONS:
            answers += [ask(ask_uv, system, python, wheel, extra) for extra in (["all"] if quick else ["pdf", "all"])]
    for answer in answers:
        print(f"{'FAILED ' if answer.fault else 'ok     '}{answer.question}{answer.fault and ': ' + answer.fault}")
    failed = sum(1 for answer in answers if answer.fault)
    print(f"{len(answers) - failed} passed, {failed} failed")
    return 1 if failed else 0


def ask(question: Callable[..., Answer], *arguments: object) -> Answer:
    """Ask a question, and once more if the answer is a fault: it may be a connection that dropped."""
    answer = question(*arguments)
    return question(*arguments) if answer.fault else answer


def ask_old_pip(version: str, wheel: Path, extra: str) -> Answer:
    """Let an old pip resolve an extra; it has to come to an end within `SECONDS` of an idle processor's time."""
    python = CACHE / f"pip-{version}" / "bin" / "python"
    if not python.exists():
        make_venv(sys.executable, python.parents[1])
        install(python, f"pip=={version}")
    question = f"[{extra}] with pip {version}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(python), "-m", "pip", "install", "--dry-run", "--disable-pip-version-check", f"{wheel}[{extra}]"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10 * SECONDS)
    except subprocess.TimeoutExpired:
        return Answer(question, f"no answer within {10 * SECONDS} seconds")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if result.returncode:
        return Answer(question, result.stderr.strip().splitlines()[-1])
    if "is looking at multiple versions" in result.stdout:
        return Answer(question, "pip had to try several versions of a package")
    return Answer(f"{question}, {spent:.0f} s", "" if spent <= _SHARED * SECONDS else f"longer than {SECONDS} s")


def ask_uv(system: str, python: str, wheel: Path, extra: str) -> Answer:
    """Let uv resolve an extra for a system and a Python, from wheels alone."""
    question = f"[{extra}] on {SYSTEMS[system]} with Python {python}"
    with tempfile.TemporaryDirectory() as folder:
        needed = Path(folder, "needed.in")
        needed.write_text(f"mailmart-privacy[{extra}] @ {wheel.resolve().as_uri()}\n", encoding="utf-8")
        command = [str(find_uv()), "pip", "compile", "--quiet", "--python", sys.executable, "--only-binary", ":all:"]
        command += ["--python-platform", system, "--python-version", python, "--output-file", os.devnull, str(needed)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=uv_environment())
    if system in MISSING:
        if result.returncode and MISSING[system] in result.stderr:
            return Answer(f"{question}: cannot be had, as docs/install.md says ({MISSING[system]} has no wheel)")
        return Answer(question, "has wheels now: change this list and docs/install.md")
    return Answer(question, " ".join(result.stderr.split())[:300] if result.returncode else "")


if __name__ == "__main__":
    sys.exit(main())
