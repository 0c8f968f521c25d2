"""Keycloak, an identity provider for the desk: fetched from Maven Central, started with a realm of its own."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.error import URLError

from .programs import CACHE, HERE, MissingValidatorError, ValidatorError, find_program, run

VERSION = "26.4.0"
ZIP = CACHE / f"keycloak-{VERSION}.zip"
_ZIP_DIGEST = "1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a"
_PATIENCE = 600  # seconds; it starts in 22 on an idle machine


def fetch() -> None:
    """Have Maven fetch it, once.

    Raises:
        MissingValidatorError: Maven is not installed, or got something else than the pinned file.
    """
    find_program("java")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "keycloak.lock").open("w") as lock, tempfile.TemporaryDirectory(dir=CACHE) as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ZIP.is_file() and _digest(ZIP) == _ZIP_DIGEST:
            return
        output = run(
            "mvn",
            "--batch-mode",
            "--quiet",
            f"--file={HERE / 'java' / 'verapdf' / 'pom.xml'}",  # it pins the plugin
            "dependency:copy",
            f"-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip",
            f"-DoutputDirectory={folder}",
        )
        fetched = Path(folder, f"keycloak-quarkus-dist-{VERSION}.zip")
        if output.status != 0 or not fetched.is_file():
            raise MissingValidatorError(f"Maven could not fetch Keycloak {VERSION}:\n{output.stdout}{output.stderr}")
        if _digest(fetched) != _ZIP_DIGEST:
            raise MissingValidatorError(f"Maven fetched something else than the pinned Keycloak {VERSION}")
        fetched.rename(ZIP)


@contextlib.contextmanager
def serve(folder: Path, port: int, realm: dict[str, object]) -> Iterator[None]:
    """Run it with one realm.

    Args:
        folder: an empty one, for its files.
        port: where it answers, on this computer.
        realm: as Keycloak imports it.

    Raises:
        ValidatorError: it did not start.
    """
    fetch()
    with zipfile.ZipFile(ZIP) as packed:
        packed.extractall(folder)
    home = folder / f"keycloak-{VERSION}"
    (home / "data" / "import").mkdir(parents=True)
    (home / "data" / "import" / "realm.json").write_text(json.dumps(realm), encoding="utf-8")
    command = ["sh", str(home / "bin" / "kc.sh"), "start-dev", "--import-realm"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, f"--http-port={port}", "--http-host=127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"},
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/realms/{realm['realm']}", folder / "log")
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # kc.sh and the Java below it
        process.wait()
        shutil.rmtree(home)


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(URLError, OSError), urllib.request.urlopen(url):
            return
        time.sleep(1)
    raise ValidatorError(f"Keycloak did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while some := file.read(2**20):
            digest.update(some)
    return digest.hexdigest()
