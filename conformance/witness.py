"""A witness that others wrote and run: the transparency-dev project's omniwitness."""

import base64
import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailmart_privacy.archive.tlog.notes import NoteKey
from mailmart_privacy.archive.witnesses import Witness

from . import go

NAME = "witness.example/omni"
_START = 300.0  # seconds


@contextlib.contextmanager
def serve_witness(log: NoteKey, folder: Path) -> Iterator[Witness]:
    """Run a witness of one log, which remembers in a database what it saw.

    Args:
        log: the key of the log.
        folder: where its key, its database and its settings are put.
    """
    key = Ed25519PrivateKey.generate()
    seed = base64.b64encode(b"\x01" + key.private_bytes_raw()).decode()
    public = key.public_key().public_bytes_raw()
    # A signer's own key is written as one of type 1, and signs as the witness of type 4.
    (folder / "key").write_text(f"PRIVATE+KEY+{NAME}+{NoteKey(NAME, 1, public).id.hex()}+{seed}")
    logs = f"Logs:\n  - Origin: {log.name}\n    URL: https://{log.name}\n    PublicKey: {log}\n    Feeder: none\n"
    (folder / "logs.yaml").write_text(logs)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [go.program("omniwitness"), f"--private_key_path={folder / 'key'}", f"--listen=127.0.0.1:{port}"]
    command += [f"--additional_logs={folder / 'logs.yaml'}", f"--db_file={folder / 'seen.db'}", "--metrics_listen="]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            _wait_for(process, port)
            yield Witness(NoteKey(NAME, 4, public), f"http://127.0.0.1:{port}")
        finally:
            process.terminate()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until:
        if process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read().decode())
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("the witness does not answer")
