"""Keys in AWS KMS: moto's server, whose keys sign for real; and a server that only refuses."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

import mailmart_privacy as privacy
from mailmart_privacy import keys
from mailmart_privacy.cli.app import run
from mailmart_privacy.errors import IdentityError, UsageError

from .chains import NOW, Authority, to_pem
from .conftest import PATIENCE, Run

ROOT = Authority("Test Root")
MIDDLE = Authority("Test Middle", ROOT)
REGION = "eu-central-1"


def configure(patch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Configure boto3 by the environment alone, as a user would; nothing of this machine's is read."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "s3cret-access-key",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in settings.items():
        patch.setenv(name, value)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A KMS on the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("kms_server.py")), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(10 * PATIENCE):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, "moto's server did not start"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def kms(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of it, to make keys with."""
    configure(monkeypatch, server)
    client = boto3.Session().client("kms")
    yield client
    client.close()


def make(kms: Any, spec: str, usage: str = "SIGN_VERIFY") -> tuple[str, bytes]:
    """Make a key, and certificates for it."""
    arn = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
    public = load_der_public_key(kms.get_public_key(KeyId=arn)["PublicKey"])
    return arn, to_pem(ROOT.certificate, MIDDLE.issue(f"Signer {spec}", public), MIDDLE.certificate)


@pytest.mark.parametrize("spec", ["RSA_3072", "ECC_NIST_P256"])
def test_copies_signed_in_kms_verify(kms: Any, spec: str) -> None:
    """A copy that a key in KMS signed verifies; the key is looked up once, and each copy is one request."""
    arn, certificates = make(kms, spec)
    kms.create_alias(AliasName=f"alias/{spec}", TargetKeyId=arn)
    identity = keys.open_kms(f"awskms:alias/{spec}", certificate=certificates)
    assert identity.chain == (MIDDLE.certificate, ROOT.certificate)
    key: Any = identity.key
    assert key.arn == arn
    asked: list[str] = []
    key.client.meta.events.register("before-call.kms", lambda model, **_: asked.append(model.name))
    certified = [
        privacy.issue(privacy.current(), recipient=f"Acme {number}", issued_at=NOW, identity=identity)
        for number in range(3)
    ]
    for number, copy in enumerate(certified):
        verdict = privacy.verify(copy, trust=[ROOT.certificate], at=NOW)
        assert verdict.recipient == f"Acme {number}"
    assert set(asked) == {"Sign"}
    assert len(asked) == len(certified) + 1  # the form's signature; none for the template of the copies'
    key.client.close()


def test_an_alias_is_followed_once(kms: Any) -> None:
    """An alias that is pointed to another key during a batch does not change the batch's signer."""
    first, certificates = make(kms, "ECC_NIST_P256")
    second, _ = make(kms, "ECC_NIST_P256")
    kms.create_alias(AliasName="alias/moving", TargetKeyId=first)
    identity = keys.open_kms("alias/moving", certificate=certificates)
    kms.update_alias(AliasName="alias/moving", TargetKeyId=second)
    copy = privacy.issue(privacy.current(), recipient="Acme", issued_at=NOW, identity=identity)
    assert privacy.verify(copy, trust=[ROOT.certificate], at=NOW)
    with pytest.raises(IdentityError, match="none of its certificates belongs to its key"):
        keys.open_kms("alias/moving", certificate=certificates)


def test_a_key_that_cannot_sign_is_refused(kms: Any) -> None:
    """Each possible fault of a key in KMS has its own message, in one line."""
    _, certificates = make(kms, "ECC_NIST_P256")
    disabled, _ = make(kms, "ECC_NIST_P256")
    kms.disable_key(KeyId=disabled.rpartition("/")[2])
    doomed, _ = make(kms, "ECC_NIST_P256")
    kms.schedule_key_deletion(KeyId=doomed.rpartition("/")[2])
    encrypting = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    for key, message in (
        (disabled, "the key is disabled"),
        (doomed, "its state is PendingDeletion"),
        (encrypting, r"not for signing \(SIGN_VERIFY\)"),
        (make(kms, "RSA_2048")[0], "is RSA_2048; copies are signed with RSA_3072, RSA_4096, ECC_NIST_P256"),
        (make(kms, "ECC_NIST_P384")[0], "is ECC_NIST_P384; copies are signed with"),
        (make(kms, "ECC_NIST_P256")[0], "none of its certificates belongs"),
        ("alias/none", "there is no such key in this account and region"),
    ):
        with pytest.raises(IdentityError, match=message) as caught:
            keys.open_kms(key, certificate=certificates)
        assert f"AWS KMS key {key}" in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(IdentityError, match="holds no certificate"):
        keys.open_kms(disabled, certificate=b"")
    with pytest.raises(UsageError, match="name the key: awskms:KEY-ID"):
        keys.open_kms("awskms:", certificate=certificates)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", r"access denied; needed are kms:DescribeKey, kms:GetPublicKey and kms:Sign \(No way"),
        ("UnrecognizedClientException", "AWS does not know these credentials"),
        ("ExpiredTokenException", "the credentials have expired"),
        ("ThrottlingException", "limits how often"),
        ("DisabledException", "the key is disabled"),
        ("KMSInvalidStateException", "cannot sign in its present state"),
        ("SomethingNewException", "SomethingNewException: No way for you"),
    ],
)
def test_what_aws_refuses_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    """Each refusal of AWS becomes one line; the credentials are not in it."""

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"__type": code, "message": "No way\nfor you"}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refuse) as refusing:
        thread = threading.Thread(target=refusing.serve_forever)
        thread.start()
        try:
            configure(monkeypatch, f"http://127.0.0.1:{refusing.server_port}")
            with pytest.raises(IdentityError, match=message) as caught:
                keys.open_kms("alias/x", certificate=to_pem(ROOT.certificate))
        finally:
            refusing.shutdown()
            thread.join()
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_what_boto3_lacks_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no region, no credentials, no such profile: each has its own line."""
    certificates = to_pem(ROOT.certificate)

    def refused(key: str = "alias/x") -> str:
        with pytest.raises(IdentityError) as caught:
            keys.open_kms(key, certificate=certificates)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    configure(monkeypatch, "http://127.0.0.1:9")
    assert "AWS cannot be reached (EndpointConnectionError)" in refused()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "no region is set" in refused()
    assert "AWS cannot be reached" in refused("arn:aws:kms:eu-west-1:123456789012:key/1")  # an ARN names its region
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "there are no AWS credentials" in refused()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in refused()


def test_the_command_line_signs_in_kms(kms: Any, cli: Run, environment: dict[str, str], tmp_path: Path) -> None:
    """`export` and `identity show` take a key in KMS, with its certificates in a file."""
    arn, certificates = make(kms, "ECC_NIST_P256")
    (tmp_path / "chain.pem").write_bytes(certificates)
    (tmp_path / "root.pem").write_bytes(to_pem(ROOT.certificate))
    own = environment | {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "NO_PROXY"))}
    named = ("--identity", f"awskms:{arn}", "--certificate", "chain.pem")
    assert json.loads(cli("identity", "show", "--json", *named, env=own).stdout)["key"] == f"awskms:{arn}"
    made = cli("export", "--to", "Acme", "-o", "acme.pdf", *named, env=own)
    assert (made.returncode, made.stderr) == (0, b"")
    assert cli("verify", "--trust", "root.pem", "acme.pdf", env=own).returncode == 0


def test_options_that_do_not_fit_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key in KMS has a certificate in a file and no passphrase; a key in a file has its certificates with it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chain.pem").write_bytes(to_pem(ROOT.certificate))
    kms, file, certificate = ("--identity", "awskms:x"), ("--identity", "chain.pem"), ("--certificate", "chain.pem")
    for arguments, message in (
        (kms, "AWS KMS stores no certificates"),
        ((*kms, *certificate, "--passphrase-file", "chain.pem"), "has no passphrase"),
        (certificate, "--identity names; give both"),
        ((*file, *certificate), "put the certificates into the key's file"),
    ):
        assert run(["export", "--to", "Acme", "-o", "x.pdf", *arguments], program="mailmart-privacy") == 2
        shown = capsys.readouterr().err
        assert message in shown
        assert shown.count("\n") == 1
    assert not (tmp_path / "x.pdf").exists()
