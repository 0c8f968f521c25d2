"""Real frameworks at two ages, each in a folder of its own, under their real servers."""

import contextlib
import http.client
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

import mailmart_privacy

ROOT = Path(__file__).parents[1]
PACKAGE = Path(str(mailmart_privacy.__file__)).parents[1]
# The oldest are what pyproject.toml allows, with a server of their time; the newest are what pip finds.
RELEASES = {
    ("django", "oldest"): ("Django==4.2.26", "gunicorn==22.0.0"),
    ("django", "newest"): ("Django", "gunicorn"),
    ("django-asgi", "oldest"): ("Django==4.2.26", "uvicorn==0.26.0"),
    ("django-asgi", "newest"): ("Django", "uvicorn", "httptools", "uvloop"),
    ("flask", "oldest"): ("Flask==3.0.0", "Werkzeug==3.0.0", "gunicorn==22.0.0"),
    ("flask", "newest"): ("Flask", "gunicorn", "SQLAlchemy"),
    ("starlette", "oldest"): ("starlette==1.0.1", "uvicorn==0.26.0"),
    ("starlette", "newest"): ("starlette", "uvicorn", "httptools", "uvloop"),
    ("fastapi", "oldest"): ("fastapi==0.133.0", "starlette==1.0.1", "uvicorn==0.26.0"),
    ("fastapi", "newest"): ("fastapi", "uvicorn", "httptools", "uvloop", "SQLAlchemy", "httpx"),
}
PREFIX = "/app"
_SERVICES = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
_PATIENCE = 300.0


class Answer(NamedTuple):
    """What came over the wire."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def install(framework: str, age: str) -> Path:
    """Install a framework into a folder, once for all workers, and again when pyproject.toml changes."""
    python = ".".join(str(part) for part in sys.version_info[:2])
    folder = ROOT / ".cache" / "frameworks" / f"{python}-{framework}-{age}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready"
    with FileLock(f"{folder}.lock"):
        if not ready.exists() or ready.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
            shutil.rmtree(folder, ignore_errors=True)
            install_into(folder, *RELEASES[framework, age])
            ready.touch()
    return folder


def install_into(folder: Path, *packages: str) -> None:
    """Install packages into a folder, with the uv of the checkout if it is there: it takes a tenth of pip's time."""
    uv = ROOT / ".venv" / "bin" / "uv"
    if uv.exists():
        command = [str(uv), "pip", "install", "--python", sys.executable]
    else:
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--quiet", "--target", str(folder), *packages]
    variables = runpy.run_path(str(ROOT / "tools" / "installing.py"))["uv_environment"]()
    result = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert result.returncode == 0, result.stderr


def documented(heading: str) -> list[str]:
    """Read the blocks below a heading of docs/services.md."""
    found = re.search(rf"^### {heading}\n(.*?)^##", _SERVICES, re.MULTILINE | re.DOTALL)
    assert found, heading
    return re.findall(r"^```\w+\n(.*?)^```$", found[1], re.MULTILINE | re.DOTALL)


def write_documented(page: str, *headings: str, folder: Path) -> Path:
    """Write the files shown below headings of a page of docs/; each block begins with its name in a comment."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for heading in headings:
        part = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        block = r"^```(?:py|html)\n(?:# |<!-- )(\S+\.\w+)(?: -->)?\n(.*?)^```$"
        found = re.findall(block, part, re.MULTILINE | re.DOTALL)
        assert found, heading
        for name, content in found:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
    return folder


def environment(installed: Path, project: Path, **more: str) -> dict[str, str]:
    """The environment in which a project finds its framework, itself and this package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO", "GUNICORN"))}
    paths = os.pathsep.join(str(path) for path in (installed, project, PACKAGE))
    return kept | {"PYTHONPATH": paths, **more}


@contextlib.contextmanager
def serve(framework: str, age: str, project: Path, *, app: str, below: bool = False) -> Iterator[int]:
    """Start a project under its server, and give the port.

    Args:
        framework: its name.
        age: "oldest" or "newest".
        project: its folder.
        app: the application, as the server wants it named: "module:name".
        below: whether the server says that the application is below `PREFIX`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment(install(framework, age), project)
    if framework in ("django", "flask"):
        command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--graceful-timeout", "1", app]
        variables |= {"SCRIPT_NAME": PREFIX} if below else {}
    else:
        command = ["uvicorn", "--port", str(port), app, *(["--root-path", PREFIX] if below else [])]
    command = [sys.executable, "-m", *command]
    log = project / "log"
    with (
        open(log, "wb") as out,
        subprocess.Popen(command, cwd=project, env=variables, stdout=out, stderr=out) as process,
    ):
        try:
            _wait(port, process, log)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
    assert "Traceback" not in log.read_text(), log.read_text()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def ask(port: int, target: str, method: str = "GET", *headers: tuple[str, str]) -> Answer:
    """Send a request exactly as it stands, and read the answer; no redirect is followed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    with contextlib.closing(connection):
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
