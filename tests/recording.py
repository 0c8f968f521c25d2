"""Records made once for all processes of a run of the tests: WeasyPrint takes seconds for those of a version."""

import os
import pickle
import shutil
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from mailmart_privacy.release.records import SOURCE, Release, build_records

_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
_FOLDER = Path(tempfile.gettempdir(), f"mailmart-privacy-records-{_RUN}")


def build_records_once(source: bytes, release: Release, *, origin: str = SOURCE) -> dict[str, bytes]:
    """Build the records of a version, or return those that a process of this run has built of the same source."""
    name = sha256(repr((source, release)).encode()).hexdigest()
    _FOLDER.mkdir(exist_ok=True)
    place = _FOLDER / name
    with FileLock(f"{place}.lock"):
        if not place.exists():
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "unclosed file", ResourceWarning)  # WeasyPrint leaves one open
                made = build_records(source, release, origin=origin)
            place.write_bytes(pickle.dumps(made))
        kept: dict[str, bytes] = pickle.loads(place.read_bytes())
    return kept


def forget_records() -> None:
    """Remove what this run has built, at its end."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
