"""The suite in a world with three versions: `MAILMART_PRIVACY_TEST_WORLD=three python -m pytest`.

The package that is tested is copied as it is installed, with the data of `versions.build_world`: in "three" one version
is superseded, one in force and one announced; in "today" the third one took effect at midnight. All tests, and all
processes that they start, import that copy. So a test that believes the first version to be the newest fails here, and
not on the day when the second one is released.
"""

import datetime
import fcntl
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

VARIABLE = "MAILMART_PRIVACY_TEST_WORLD"
WORLDS = ("one", "three", "today")
_ROOT = Path(__file__).parents[1]
_BUILD = """
import sys
from pathlib import Path
from tests.versions import build_world
for name, content in build_world(sys.argv[2]).items():
    path = Path(sys.argv[1], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
"""


def enter() -> None:
    """Put the copy that the environment asks for in the place of the package; call this before anything imports it."""
    world = os.environ.get(VARIABLE)
    if not world:
        return
    if world not in WORLDS:
        sys.exit(f"{VARIABLE} is {world!r}; there are: {', '.join(WORLDS)}")
    loaded = sys.modules.get("mailmart_privacy")
    if loaded is not None:  # a process that a test has started finds the copy on its path
        assert ".cache/worlds" in Path(str(loaded.__file__)).as_posix(), "it is too late for another world"
        return
    folder = copy_package(world)
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)


def copy_package(world: str) -> Path:
    """Copy the package with the data of a world, once for each state of it; give the folder to import it from."""
    spec = find_spec("mailmart_privacy")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    today = datetime.datetime.now(datetime.UTC).date()
    cache = _ROOT / ".cache" / "worlds"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{world}-{today}-{_digest(package)[:16]}" / "src"
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # each process of a parallel run comes here
        if not folder.exists():
            made = folder.parent / "making"
            shutil.rmtree(made, ignore_errors=True)
            copy = made / "mailmart_privacy"
            shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__", "[0-9]*-[0-9]*-[0-9]*"))
            if not (package / "templates").is_dir():  # a checkout keeps them beside its src
                shutil.copytree(package.parents[1] / "templates", folder.parent / "templates", dirs_exist_ok=True)
            environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
            command = [sys.executable, "-c", _BUILD, str(copy / "data"), world]
            subprocess.run(command, cwd=_ROOT, env=environment, check=True)
            made.rename(folder)
    return folder


def _digest(package: Path) -> str:
    """Take a digest of all that the copy is made of."""
    digest = sha256()
    versions = Path(__file__).with_name("versions.py")
    for path in sorted([*package.rglob("*"), *(_ROOT / "templates").rglob("*"), versions]):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(f"{path}\0".encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()
