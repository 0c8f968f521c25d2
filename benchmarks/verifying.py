"""Verifying: one copy at each level beside what no verifier can do without, a cold process beside pdfsig, a folder.

Times are processor time: what else the machine does hardly changes them.
"""

import datetime
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.copies.forms import RecordedForm, load_form
from mailmart_privacy.copies.issuer import Issuer
from mailmart_privacy.copies.pades import LEVELS
from mailmart_privacy.copies.reading import read_copy
from mailmart_privacy.keys.certificates import read_key
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.keys.signature import require_signature
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.trust.anchors import Trust, make_trust
from mailmart_privacy.trust.authorities import Authorities
from mailmart_privacy.verifying.verify import verify
from tests.pki import serve

from .measure import BIN, in_turns, spend, spend_process

AT = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
REPEATS = 48
DISTINCT = 24  # copies that are verified in turn: what is remembered of a copy must not help with the next one
FOLDER = 10_000
HEAD = """\

## Verifying

`python -m benchmarks --verifying`: processor time, medians. {distinct} copies of one issuer are verified in turn.

| what | to reach | measured | beside |
|---|---|---|---|
"""
BOUNDS = {"B-B": "≤ 1.5 ms", "B-LTA": "≤ 5 ms"}


def measure(folder: Path, rounds: int) -> str:
    """Measure the part on verifying and on the first issue of a process."""
    identity = create_identity(created_at=AT - datetime.timedelta(days=1))
    policy = shipped().policy(shipped().versions[0].version)
    issuer = Issuer(identity)
    (folder / "own.pem").write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    copy = issuer.issue(policy, recipient="Acme GmbH", issued_at=AT).pdf
    (folder / "copy.pdf").write_bytes(copy)
    rows = [*_warm(rounds), *_cold(folder, rounds), _first_issue(folder, rounds), _many(folder, issuer)]
    return HEAD.format(distinct=DISTINCT) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _warm(rounds: int) -> list[tuple[str, str, str, str]]:
    rows = []
    form = load_form(shipped(), shipped().versions[0].version, "a4")
    policy = shipped().policy(form.version)
    with tempfile.TemporaryDirectory() as place, serve(place, AT) as authority:
        trust, own = authority.trust, create_identity(created_at=AT - datetime.timedelta(days=1))
        for level in LEVELS:
            identity, trusted = (
                (own, make_trust([own.certificate])) if level == "B-B" else (authority.identity(), trust)
            )
            issuer = Issuer(identity, level=level, authorities=Authorities(timestamps=authority.client(), trust=trust))
            copies = [issuer.issue(policy, recipient=f"Acme {n} GmbH", issued_at=AT).pdf for n in range(DISTINCT)]
            ours, raw = _verify_in_turn(copies, trusted, form, rounds)
            beside = f"{ours / raw:.1f} × a hash of the file and its two signature checks"
            rows.append((f"verify a copy, {level}, warm", BOUNDS.get(level, ""), f"{ours:.2f} ms", beside))
    return rows


def _verify_in_turn(copies: list[bytes], trust: Trust, form: RecordedForm, rounds: int) -> tuple[float, float]:
    """Verify copies; return the processor time for each, and that of what no verifier can do without."""
    turns, read = itertools.cycle(copies), read_copy(copies[0], form)

    def judge(_: int) -> None:
        verify(next(turns), trust=trust, at=AT, ledger=shipped())

    def check(_: int) -> None:
        sha256(copies[0]).digest()
        for each in (read.publisher, read.delivery):
            require_signature(read_key(each.signatory.parsed[0]), each.signature, each.signatory.message(each.digest))

    found = in_turns({"ours": lambda: spend(judge, REPEATS), "raw": lambda: spend(check, REPEATS)}, rounds)
    return found["ours"], found["raw"]


def _cold(folder: Path, rounds: int) -> list[tuple[str, str, str, str]]:
    home = {"HOME": str(folder)}
    arguments = ("verify", "--trust", "own.pem", "copy.pdf")
    sides = {
        "ours": lambda: spend_process([str(BIN / "mailmart-privacy"), *arguments], cwd=folder, environment=home),
        "pdfsig": lambda: spend_process(["pdfsig", "-nocert", "copy.pdf"], cwd=folder, environment=home),
    }
    found = in_turns(sides, rounds)
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    command = [sys.executable, "-c", code, str(BIN / "mailmart-privacy"), *arguments]
    peak = int(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout) / 1024
    return [
        ("`mailmart-privacy verify`, cold", "≤ 250 ms", f"{found['ours']:.0f} ms", f"pdfsig {found['pdfsig']:.0f} ms"),
        ("its memory", "≤ 45 MiB", f"{peak:.0f} MiB", ""),
    ]


def _first_issue(folder: Path, rounds: int) -> tuple[str, str, str, str]:
    prepared = "import datetime, mailmart_privacy as p\nfrom mailmart_privacy.keys import create_identity\n"
    prepared += (
        "now = datetime.datetime.now(datetime.UTC)\nme = create_identity(created_at=now)\npolicy = p.current()\n"
    )
    issue = prepared + "p.issue(policy, recipient='Acme', issued_at=now, identity=me)"

    def run(code: str) -> float:
        return spend_process([sys.executable, "-I", "-c", code], cwd=folder, environment={"HOME": str(folder)})

    found = in_turns({"without": lambda: run(prepared), "with": lambda: run(issue)}, rounds)
    spent = found["with"] - found["without"]
    return "the first issue in a process, certification and all", "≤ 150 ms", f"{spent:.0f} ms", ""


def _many(folder: Path, issuer: Issuer) -> tuple[str, str, str, str]:
    policy, place = shipped().policy(shipped().versions[0].version), folder / "many"
    place.mkdir()
    for number in range(FOLDER):
        name = place / f"{number:05}.pdf"
        name.write_bytes(issuer.issue(policy, recipient=f"Customer {number}", issued_at=AT).pdf)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [str(BIN / "mailmart-privacy"), "verify", "--trust", "own.pem", "--jobs", "2", "many"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env={"HOME": str(folder)})
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (
        f"`verify FOLDER --jobs 2`, {FOLDER:,} copies, with a verdict for each",
        "≥ 600 a second and core",
        f"{FOLDER / used:,.0f} a second and core",
        f"{seconds:.0f} s in all",
    )
