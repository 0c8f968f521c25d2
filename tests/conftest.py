"""What the tests share: an identity, copies made with it, and the command line, in this process or as one."""

import datetime
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.keys.key_files import create_identity
from mailmart_privacy.policy.ledger import shipped

from . import recording  # noqa: F401 - before the processes of a parallel run begin, which share its folder
from .command_line import Run, run_in_process
from .examples import bounded
from .issuing import certify, issue_copy
from .legs import LONG
from .pki import Authority, serve
from .world import VARIABLE

NOW = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)
PATIENCE = 300  # seconds for what others do: it ends what hangs, and nothing on a machine that is ten times slower
VERSION = shipped().version_in_force(datetime.datetime.now(datetime.UTC)).version  # whichever that is today

settings.register_profile("tests", bounded())
settings.load_profile("tests")

# Where a shell started the tests in the background, they and all that they start would never hear a Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; the others stay in their order."""
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONG)))


def state(environment: dict[str, str]) -> Path:
    return Path(environment["HOME"]) / ".local" / "state" / "mailmart-privacy"


def one_line(result: subprocess.CompletedProcess[bytes]) -> str:
    """The one line that an error takes, with nothing on standard output."""
    assert result.stdout == b""
    (line,) = result.stderr.decode().splitlines()
    assert "Traceback" not in line
    return line


@pytest.fixture(scope="session")
def identity() -> Identity:
    """A local identity, valid from the day before the copies are made."""
    return create_identity(created_at=NOW - datetime.timedelta(days=1))


@pytest.fixture(scope="session")
def form() -> bytes:
    """The recorded A4 form."""
    return shipped().record(VERSION, "form-a4.pdf")


@pytest.fixture(scope="session")
def certified(form: bytes, identity: Identity) -> CertifiedForm:
    """That form, certified by the identity."""
    return certify(form, identity=identity, signing_time=NOW)


@pytest.fixture(scope="session")
def copy(certified: CertifiedForm, identity: Identity) -> bytes:
    """A copy for Acme GmbH."""
    return issue_copy(certified, recipient="Acme GmbH", reference="C-1", issued_at=NOW, identity=identity)


def make_environment(home: Path) -> dict[str, str]:
    """The environment of a user with that home, and with no settings of their own."""
    home.mkdir()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAILMART", "MAKE", "XDG", "PYTHON"))
    }
    world = {"PYTHONPATH": os.environ["PYTHONPATH"]} if os.environ.get(VARIABLE) else {}
    return kept | world | {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def make_cli(folder: Path, environment: dict[str, str]) -> Run:
    """Make what calls the command line in a folder, in this process; see `command_line`."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        given: dict[str, object] = {"cwd": folder, "env": environment}
        return run_in_process(arguments, **given | options)  # type: ignore[arg-type]

    return run


def make_process(folder: Path, environment: dict[str, str]) -> Run:
    """Make what runs the command line as a process in a folder."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "mailmart_privacy", *arguments]
        given: dict[str, object] = {"cwd": folder, "env": environment, "stdin": subprocess.DEVNULL}
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False, **given | options)  # type: ignore[call-overload, no-any-return]

    return run


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has a home of their own and nothing in it."""
    return make_environment(tmp_path / "home")


@pytest.fixture
def cli(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Call the command line, in a folder of its own."""
    return make_cli(tmp_path, environment)


@pytest.fixture
def process(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run the command line as a process, in the same folder: for tests of what only a process has."""
    return make_process(tmp_path, environment)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """A certification authority with its services, at the time of the copies."""
    with serve(str(tmp_path_factory.mktemp("authority")), NOW) as authority:
        yield authority
