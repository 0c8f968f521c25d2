"""The API as frameworks and tools see it: no extra installed, types at run time, short reprs, wrong types."""

import datetime
import inspect
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

import mailmart_privacy as privacy
from mailmart_privacy.batch import Row
from mailmart_privacy.errors import (
    IdentityError,
    NewerVersionError,
    PrivacyError,
    UnknownVersionError,
    UsageError,
    WrongTypeError,
)
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import dump_identity
from mailmart_privacy.policy import parse_policy, parse_text, read_prose
from mailmart_privacy.policy.kinds import CHANGE_KINDS, Change
from mailmart_privacy.policy.ledger import Ledger, shipped
from mailmart_privacy.policy.model import Policy
from mailmart_privacy.policy.papers import PAPERS, Paper
from mailmart_privacy.policy.versions import Version
from mailmart_privacy.redline import compare

from .conftest import NOW
from .versions import FIRST, SECOND, SECOND_SUMMARY, THIRD, THIRD_EFFECTIVE, three_version_ledger

FACES = ("archive", "batch", "errors", "form", "keys", "policy", "redline", "testing", "timestamps", "verifying")
EXTRAS = (
    "asn1crypto", "bidi", "boto3", "botocore", "click", "cryptography", "distributed", "django", "filelock", "flask",
    "fontTools", "fsspec", "openpyxl", "pkcs11", "platformdirs", "psycopg", "pyhanko", "pyhanko_certvalidator",
    "starlette", "uharfbuzz", "weasyprint",
)  # fmt: skip
WITHOUT_EXTRAS = f"""
import inspect, pydoc, sys
from unittest import mock
for name in {EXTRAS!r}:
    sys.modules[name] = None
from importlib import import_module
for name in ("mailmart_privacy", *("mailmart_privacy." + face for face in {FACES!r})):
    module = import_module(name)
    pydoc.render_doc(module)
    exec(f"from {{name}} import *", {{}})
    found = dict(inspect.getmembers(module))
    assert set(getattr(module, "__all__", ())) <= set(found), name
    mock.create_autospec(module)
    assert all(hasattr(module, each) for each in getattr(module, '__all__', ()))
    assert not hasattr(module, "no_such_name")
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """Three versions."""
    return three_version_ledger()


@pytest.fixture
def newest(ledger: Ledger) -> Policy:
    """The newest of three versions."""
    return ledger.policy(THIRD)


def test_the_root_has_at_most_thirty_names() -> None:
    """A service sees what it needs; the rest is in submodules."""
    assert len(privacy.__all__) <= 30
    needed = (
        "current version versions in_force upcoming resolve sections last_updated processors issue issue_many verify"
    )
    assert set(needed.split()) | {"load_identity", "Policy", "Version", "PrivacyError"} <= set(privacy.__all__)


def test_the_archive_has_an_api() -> None:
    """A service opens an archive, and asks it everything that the command line can ask."""
    from mailmart_privacy import archive

    assert callable(archive.open)
    for name in ("add", "find", "prove", "evidence", "erase", "hold", "verify", "anchor", "renew", "in_force", "fetch"):
        assert getattr(archive.ArchiveService, name).__doc__, name


def test_without_extras_every_tool_works() -> None:
    """help(), import *, getmembers, autospecs and hasattr ask for every name, and need no extra."""
    result = run(WITHOUT_EXTRAS)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ("privacy.load_identity(b'')", "pdf"),
        ("privacy.Identity()", "pdf"),
        ("keys.create_identity(created_at=None)", "pdf"),
        ("form.render_form(privacy.current())", "form"),
    ],
)
def test_a_missing_extra_is_told_on_the_call(call: str, extra: str) -> None:
    """Naming a function needs no extra; calling it says which extra it needs, without a pip command that may not
    apply."""
    code = f"import sys\nfor name in {EXTRAS!r}:\n    sys.modules[name] = None\n"
    result = run(f"{code}import mailmart_privacy as privacy\nfrom mailmart_privacy import form, keys\n{call}")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("mailmart_privacy.errors.MissingExtraError: ")
    assert f"needs the extra `{extra}`; see Installing" in last
    assert "pip" not in last


def test_type_hints_resolve() -> None:
    """Frameworks evaluate annotations at run time: of every model, function and method of the root."""
    for name in privacy.__all__:
        value = getattr(privacy, name)
        if inspect.isclass(value):
            typing.get_type_hints(value)
            for _, method in inspect.getmembers(value, inspect.isfunction):
                if method.__module__.startswith("mailmart_privacy") and not method.__name__.startswith("_"):
                    typing.get_type_hints(method)
        elif isinstance(value, types.FunctionType):
            hints = typing.get_type_hints(value)
            assert "return" in hints, name


def test_reading_the_policy_loads_no_typing() -> None:
    """The types of its words are made when a framework asks for them: importing `typing` costs a fifth of a page."""
    code = "import sys; known = 'typing' in sys.modules\nimport mailmart_privacy as privacy\nprivacy.sections\n"
    result = run(f"{code}print(known or 'typing' not in sys.modules)")
    assert result.stdout == "True\n", result.stderr


def test_levels_papers_and_changes_are_literals() -> None:
    """Type checkers, schemas and forms know the possible values."""
    from mailmart_privacy.copies.pades import LEVELS, Level

    assert typing.get_args(Change) == CHANGE_KINDS
    assert typing.get_args(Paper) == PAPERS
    assert typing.get_args(Level) == LEVELS == ("B-B", "B-T", "B-LT", "B-LTA")
    hints = typing.get_type_hints(privacy.issue)
    assert (hints["level"], hints["paper"]) == (Level, Paper)
    assert typing.get_type_hints(privacy.Issuer.issue)["paper"] == Paper
    assert typing.get_type_hints(Version)["change"] == Change | None


def test_pydantic_takes_a_policy_and_its_versions(newest: Policy) -> None:
    """FastAPI's response models are these."""
    whole = pydantic.TypeAdapter(Policy)
    again = whole.validate_json(whole.dump_json(newest))
    assert (again, again.history) == (newest, newest.history)
    many = pydantic.TypeAdapter(list[Version])
    assert tuple(many.validate_json(many.dump_json(list(newest.history)))) == newest.history
    assert many.json_schema()["$defs"]["Version"]["properties"]["change"]["anyOf"][0]["enum"] == list(CHANGE_KINDS)


@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack])
def test_msgspec_decodes_what_it_encoded(newest: Policy, codec: Any) -> None:
    """Caches and queues of services do so."""
    again = codec.decode(codec.encode(newest), type=Policy)
    assert (again, again.history) == (newest, newest.history)


def test_a_policy_knows_what_the_ledger_says_of_it(ledger: Ledger) -> None:
    """A policy knows its effective date and its change; a text that is not recorded has neither."""
    first, second, third = (ledger.policy(name) for name in (FIRST, SECOND, THIRD))
    assert (first.change, first.summary) == (None, None)
    assert (second.change, second.summary) == ("editorial", SECOND_SUMMARY)
    assert (third.change, third.effective_at) == ("material", THIRD_EFFECTIVE)
    draft = privacy.Policy(
        title=third.title, last_updated=third.last_updated, sections=(), processors=(), history=third.history
    )
    assert (draft.effective_at, draft.change, draft.summary) == (None, None, None)


def test_reprs_are_short(newest: Policy, ledger: Ledger) -> None:
    """A log line or a failing assertion shows which value it is, not the whole text."""
    comparison = compare(ledger.policy(FIRST), newest)
    values: list[object] = [
        newest,
        *newest.history,
        *newest.sections,
        *newest.processors,
        newest.changes_since(ledger.policy(FIRST).text_id),
    ]
    values += [block for section in newest.sections for block in section.blocks]
    values += [comparison, *comparison.sections, *comparison.processors]
    values += [
        each for section in comparison.sections for passage in section.passages for each in (passage, *passage.spans)
    ]
    values += [Row(recipient="Acme GmbH", reference="C-1")]
    for value in values:
        assert len(repr(value)) <= 200, value


def test_reprs_of_copies_are_short(identity: Identity) -> None:
    """What is issued, refused and verified; no key and no bytes are shown."""
    name = "Acme " * 20
    issuer = privacy.Issuer(identity)
    copy = issuer.issue(privacy.current(), recipient="Acme GmbH", issued_at=NOW)
    verdict = privacy.verify(copy.pdf, trust=[identity.certificate], at=NOW)
    rows = privacy.issue_many([Row(recipient=name), Row(recipient="A\u202eB")], identity=identity, issued_at=NOW)
    for value in (identity, issuer, copy, verdict, verdict.delivery, *rows):
        assert len(repr(value)) <= 200, value
        assert repr(value)[1:].startswith(type(value).__name__)


def test_a_version_by_its_date() -> None:
    """By its name or by a date; what is newer than this release is not what never existed."""
    assert privacy.version(FIRST) == privacy.version(datetime.date.fromisoformat(FIRST)) == shipped().policy(FIRST)
    with pytest.raises(NewerVersionError) as newer:
        privacy.version("2999-01-01")
    assert newer.value.newest == shipped().versions[-1].version
    for never in ("2020-01-01", "2999-99-99", "newest", ""):
        with pytest.raises(UnknownVersionError):
            privacy.version(never)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda identity: privacy.current().section(8), "id: expected a string, got int"),  # type: ignore[arg-type]
        (lambda identity: privacy.current().section(None), "id: expected a string, got None"),  # type: ignore[arg-type]
        (lambda identity: privacy.version(20260224), "name: expected a date, as a string"),  # type: ignore[arg-type]
        (lambda identity: privacy.version(NOW), "name: expected a date, as a string"),
        (lambda identity: privacy.resolve(None), "text_id: expected a string, got None"),  # type: ignore[arg-type]
        (
            lambda identity: privacy.issue(privacy.current(), recipient=None, issued_at=NOW, identity=identity),  # type: ignore[arg-type]
            "recipient: expected a string, got None",
        ),
        (
            lambda identity: privacy.Issuer(identity).issue(privacy.current(), recipient=b"A", issued_at=NOW),
            "recipient: expected a string, got bytes",
        ),
        (
            lambda identity: privacy.issue("2026-02-24", recipient="A", issued_at=NOW, identity=identity),  # type: ignore[arg-type]
            "policy: expected a Policy, got str",
        ),
        (lambda identity: parse_policy(b"# A"), "source: expected a string, got bytes"),  # type: ignore[arg-type]
        (lambda identity: parse_text(None), "source: expected a string, got None"),  # type: ignore[arg-type]
        (lambda identity: read_prose(b"A", name="a"), "source: expected a string, got bytes"),  # type: ignore[arg-type]
        (lambda identity: compare(privacy.current(), "text"), "new: expected a Policy or Prose, got str"),  # type: ignore[arg-type]
        (lambda identity: privacy.verify(Path("a.pdf"), trust=[]), "pdf: expected bytes, got "),  # type: ignore[arg-type]
        (lambda identity: privacy.verify("a.pdf", trust=[]), "pdf: expected bytes, got str"),  # type: ignore[arg-type]
        (lambda identity: privacy.load_identity(7), "source: expected bytes, or the path of a file, got int"),  # type: ignore[arg-type]
        (lambda identity: privacy.load_identity(b"", passphrase="x"), "passphrase: expected bytes, got str"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_type_is_named(identity: Identity, call: Any, expected: str) -> None:
    """The error says which argument, and what was expected; it is both a PrivacyError and a TypeError."""
    with pytest.raises(WrongTypeError, match=expected) as caught:
        call(identity)
    assert isinstance(caught.value, PrivacyError)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, UsageError)


def test_an_identity_is_loaded_from_bytes_or_from_a_path(identity: Identity, tmp_path: Path) -> None:
    """Functions that load files also take paths."""
    path = tmp_path / "me.pem"
    path.write_bytes(dump_identity(identity))
    for source in (path, str(path), path.read_bytes()):
        assert privacy.load_identity(source).digest == identity.digest
        assert privacy.load_certificates(source) == (identity.certificate,)
    with pytest.raises(IdentityError, match=r"nowhere\.pem cannot be read: No such file"):
        privacy.load_identity(tmp_path / "nowhere.pem")
    with pytest.raises(IdentityError, match="cannot be read"):
        privacy.load_certificates("a\0b")
