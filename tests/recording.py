"""Records made once for all processes of a run of the tests: WeasyPrint takes seconds for those of a version."""

import atexit
import os
import pickle
import shutil
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from mailmart_privacy.release.records import SOURCE, Release, build_records

_VARIABLE = "TEST_RECORDS"  # the processes that the first one starts inherit it
_PROCESS = os.getpid()


def _find_folder() -> Path:
    if _VARIABLE not in os.environ:
        os.environ[_VARIABLE] = tempfile.mkdtemp(prefix="mailmart-privacy-records-")
        atexit.register(_forget, os.environ[_VARIABLE])
    return Path(os.environ[_VARIABLE])


def _forget(folder: str) -> None:
    if os.getpid() == _PROCESS:  # not in a fork
        shutil.rmtree(folder, ignore_errors=True)


_FOLDER = _find_folder()


def build_records_once(source: bytes, release: Release, *, origin: str = SOURCE) -> dict[str, bytes]:
    """Build the records of a version, or return those that a process of this run has built of the same source."""
    name = sha256(repr((source, release)).encode()).hexdigest()
    place = _FOLDER / name
    with FileLock(f"{place}.lock"):
        if not place.exists():
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)  # WeasyPrint leaves one open
                made = build_records(source, release, origin=origin)
            place.write_bytes(pickle.dumps(made))
        kept: dict[str, bytes] = pickle.loads(place.read_bytes())
    return kept
