"""Installing what the lock files name, with nothing but the pip of a virtual environment to begin with.

installing.py LOCK…    install these locks (export, test, …) and the package itself, editable, without its dependencies
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What uv calls pip's settings.
SETTINGS = {
    "global.index-url": "UV_DEFAULT_INDEX",
    ":env:.index-url": "UV_DEFAULT_INDEX",
    "global.cert": "SSL_CERT_FILE",
    ":env:.cert": "SSL_CERT_FILE",
}


def main() -> None:
    for name in sys.argv[1:]:
        install(Path(sys.executable), "--require-hashes", "--requirement", str(ROOT / "locks" / f"{name}.txt"))
    install(Path(sys.executable), "--no-build-isolation", "--editable", str(ROOT))


def install(python: Path, *arguments: str, dependencies: bool = False) -> None:
    """Install into an environment: with uv, or with pip where there is no uv; dependencies only if asked."""
    uv = find_uv()
    if uv:
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python)]
    else:
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += [*([] if dependencies else ["--no-deps"]), *arguments]
    subprocess.run(command, check=True, cwd=ROOT, env=uv_environment())


def find_uv() -> Path | None:
    """Find the uv of this environment; install the one that locks/uv.txt names if it is missing.

    Installing everything with uv takes seconds; with the pip of Python 3.11 it takes minutes.
    """
    uv = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    if not uv.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        lock = ["--no-deps", "--require-hashes", "--requirement", str(ROOT / "locks" / "uv.txt")]
        subprocess.run([*pip, *lock], check=False)
    return uv if uv.exists() else None


def uv_environment() -> dict[str, str]:
    """Make the environment for uv: pip's index and certificates, unless uv has settings of its own."""
    environment = dict(os.environ)
    command = [sys.executable, "-m", "pip", "config", "list"]
    for line in subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines():
        name, _, value = line.partition("=")
        if name in SETTINGS:
            environment.setdefault(SETTINGS[name], value.strip("'"))
    return environment


if __name__ == "__main__":
    main()
