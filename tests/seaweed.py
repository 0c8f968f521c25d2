"""A real store of objects on the loopback: SeaweedFS, with its S3 gateway."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests-secret", "AWS_DEFAULT_REGION": "us-east-1"}
_PATIENCE = 240.0  # it starts in 15 s on a machine of its own


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[dict[str, str]]:
    """Start a store, and give the environment by which boto3 finds it."""
    ports = _free_ports(4)
    identity = {"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}
    actions = ["Admin", "Read", "Write", "List", "Tagging", "BypassGovernanceRetention"]
    (folder / "s3.json").write_text(
        json.dumps({"identities": [{"name": "tests", "credentials": [identity], "actions": actions}]})
    )
    (folder / "data").mkdir()
    command = [
        str(Path(sys.executable).parent / "weed"),
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={folder / 'data'}",
        *(f"-{name}.port={port}" for name, port in zip(("master", "volume", "filer", "s3"), ports, strict=True)),
        "-volume.max=400",
        "-master.volumeSizeLimitMB=64",
        "-s3",
        "-s3.port.iceberg=0",  # it and the next would take ports that never change
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
    ]
    environment = KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports[3]}"}
    with open(folder / "log", "wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            _wait(environment, process, folder / "log")
            yield environment
        finally:
            process.kill()  # asked politely it takes half a minute, and nothing of it is kept


def connect(environment: dict[str, str]) -> Any:
    """A client of the store."""
    return boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
        config=Config(retries={"max_attempts": 1}, connect_timeout=10, read_timeout=60),
    )


def _wait(environment: dict[str, str], process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until it takes an object."""
    client = connect(environment)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
        except (ClientError, BotoCoreError) as error:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the store does not start: {error}; {log.read_text()[-2000:]}") from None
            time.sleep(0.3)
        else:
            return


def _free_ports(count: int) -> list[int]:
    """Find ports that are free, with those that SeaweedFS takes for gRPC, 10,000 above."""
    found: list[int] = []
    while len(found) < count:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1] % 20_000 + 20_000
            try:
                for each in (port, port + 10_000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            if port not in found:
                found.append(port)
    return found


def environment_of(variables: dict[str, str]) -> dict[str, str]:
    """The environment of a process that works with the store."""
    return {**os.environ, **variables}
