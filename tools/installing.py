"""Installing what the lock files name, with nothing but Python to begin with.

installing.py LOCK…    install these locks (export, test, …) and the package itself, editable, without its dependencies

What installs is uv: it takes seconds for what takes the pip of Python 3.11 minutes. The uv that locks/uv.txt names is
got with the standard library, so that neither pip nor the package that Debian keeps it in is needed. Where the index
wants more than an address, pip is asked, if this Python has it.
"""

import configparser
import hashlib
import html
import http.client
import io
import os
import platform
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What uv calls pip's settings.
SETTINGS = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
_TIMEOUT = 60.0  # seconds
_PAUSES = (1.0, 5.0)  # seconds between attempts: connections drop
# A connection that drops must not fail a run of an hour; uv's own numbers are 3 and 30.
_PATIENT = {"UV_HTTP_RETRIES": "6", "UV_HTTP_TIMEOUT": "60"}


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


def make_venv(python: str, folder: Path) -> None:
    """Make a virtual environment; it has a pip only where there is no uv to install with."""
    uv = find_uv()
    maker = [str(uv), "venv", "--quiet", "--python", python] if uv else [python, "-m", "venv"]
    subprocess.run([*maker, str(folder)], check=True, cwd=ROOT)


def find_uv() -> Path | None:
    """Find the uv of this environment, or get the one that locks/uv.txt names."""
    uv = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    if not uv.exists():
        try:
            fetch_uv(uv)
        except (OSError, LookupError, http.client.HTTPException) as error:
            print(f"uv could not be fetched ({error}); pip is asked for it", file=sys.stderr)
            ask_pip_for_uv()
    return uv if uv.exists() else None


def fetch_uv(target: Path) -> None:
    """Fetch the wheel of uv for this system from pip's index, compare its digest, and unpack the program.

    Raises:
        OSError: the index or the wheel cannot be read.
        LookupError: the index has no wheel for this system among those that the lock names.
    """
    settings = uv_environment()
    context = ssl.create_default_context(cafile=settings.get("SSL_CERT_FILE"))

    page = settings.get("UV_DEFAULT_INDEX", "https://pypi.org/simple").rstrip("/") + "/uv/"
    lock = (ROOT / "locks" / "uv.txt").read_text(encoding="utf-8")
    link, digest = choose_wheel(read(page, context).decode(), lock)
    wheel = read(urllib.parse.urljoin(page, link), context)
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise OSError(f"{link} is not the file that locks/uv.txt names")
    with zipfile.ZipFile(io.BytesIO(wheel)) as files:
        (program,) = (name for name in files.namelist() if name.endswith(f".data/scripts/{target.name}"))
        part = target.with_name(f"{target.name}.part")
        part.write_bytes(files.read(program))
    part.chmod(0o755)
    part.replace(target)


def read(address: str, context: ssl.SSLContext) -> bytes:
    """Read what is at an address; an attempt that fails is repeated, unless the server says that it will not help."""
    for pause in (*_PAUSES, None):
        try:
            request = urllib.request.Request(address, headers={"Accept": "text/html"})
            with urllib.request.urlopen(request, timeout=_TIMEOUT, context=context) as answer:
                content: bytes = answer.read()
            return content
        except (OSError, http.client.HTTPException) as error:
            if pause is None or (isinstance(error, urllib.error.HTTPError) and error.code < 500):
                raise
            time.sleep(pause)
    raise AssertionError


def choose_wheel(page: str, lock: str) -> tuple[str, str]:
    """Choose the wheel for this system from a page of the index (PEP 503); give its address and its digest."""
    system = {"linux": "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux", "darwin": "macosx"}
    for link, digest in re.findall(r'href="([^"#]+\.whl)#sha256=([0-9a-f]{64})', page):
        tag = link.rpartition("-")[2]
        known = f"sha256:{digest}" in lock
        if known and tag.startswith(system.get(sys.platform, "win")) and platform.machine().lower() in tag:
            return html.unescape(link), digest
    raise LookupError(f"the index has no uv of locks/uv.txt for {sys.platform} on {platform.machine()}")


def has_pip() -> bool:
    """Tell whether this environment has pip now; Python brings one with it where ensurepip is installed."""
    return not subprocess.run([sys.executable, "-m", "ensurepip"], capture_output=True, check=False).returncode


def ask_pip_for_uv() -> None:
    """Install uv with pip, or pip alone where there is no uv for this system."""
    if not has_pip():
        # Debian keeps this part of Python in a package of its own.
        if os.name == "posix":
            subprocess.run([str(ROOT / "tools" / "system-packages.sh"), "python3-venv"], check=False)
        if not has_pip():
            raise SystemExit("this Python has no pip either: install Python's venv (Debian: python3-venv)")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = ["--no-deps", "--require-hashes", "--requirement", str(ROOT / "locks" / "uv.txt")]
    subprocess.run([*pip, *lock], check=False)


def uv_environment() -> dict[str, str]:
    """Make the environment for uv: pip's index and certificates, and patience, unless uv has settings of its own."""
    environment = _PATIENT | os.environ
    for name, value in read_pip_settings().items():
        if name in SETTINGS:
            environment.setdefault(SETTINGS[name], value)
    return environment


def read_pip_settings() -> dict[str, str]:
    """Read pip's settings where pip does: in its files, the later before the earlier, then in the environment."""
    home = Path.home()
    chosen = os.environ.get("PIP_CONFIG_FILE", "")
    files = [
        Path("/etc/xdg/pip/pip.conf"),
        Path("/etc/pip.conf"),
        Path("/Library/Application Support/pip/pip.conf"),
        home / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config", "pip", "pip.conf"),
        home / "Library" / "Application Support" / "pip" / "pip.conf",
        Path(os.environ.get("APPDATA") or home, "pip", "pip.ini"),
        Path(sys.prefix, "pip.ini" if os.name == "nt" else "pip.conf"),
        Path(chosen or os.devnull),
    ]
    parser = configparser.RawConfigParser()
    parser.read([] if chosen == os.devnull else files, encoding="utf-8")
    settings = {}
    for section in ("global", "install"):
        settings |= dict(parser[section]) if parser.has_section(section) else {}
    prefix = "PIP_"
    given = {name: value for name, value in os.environ.items() if name.startswith(prefix) and value}
    return settings | {name.removeprefix(prefix).lower().replace("_", "-"): value for name, value in given.items()}


if __name__ == "__main__":
    main()
