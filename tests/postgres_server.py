"""A PostgreSQL server for tests: a real one, in a folder of its own, that listens on a socket in that folder only."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

USER = "tester"


def find_program(name: str) -> str:
    """Find a program of the server; Debian keeps them beside the PATH."""
    found = shutil.which(name) or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))), None)
    assert found is not None, f"{name} is missing; install Debian's package postgresql"
    return found


@contextlib.contextmanager
def serve_postgres() -> Iterator[str]:
    """Run a server, and return its URL, to which the name of a database has to be appended."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    account: str | None = None
    if os.geteuid() == 0:  # which the server refuses to run as
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = "postgres" if "postgres" in names else "nobody"
        shutil.chown(folder, account)
    data = folder / "data"
    prepare = [find_program("initdb"), "--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8", str(data)]
    result = subprocess.run(prepare, user=account, cwd=folder, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    command = [
        find_program("postgres"),
        "-D",
        str(data),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
    ]
    url = f"postgresql://{USER}@{quote(str(folder), safe='')}/"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, user=account, cwd=folder, stdout=log, stderr=log)
        try:
            for _ in range(6000):  # at least five minutes: it ends what hangs
                assert server.poll() is None, (folder / "log").read_text()
                with contextlib.suppress(psycopg.OperationalError), psycopg.connect(f"{url}postgres"):
                    break
                time.sleep(0.05)
            yield url
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            server.wait(30)
            shutil.rmtree(folder, ignore_errors=True)
