"""The validators of the page that come from npm: installed once, as the lock file pins them."""

import fcntl
from hashlib import sha256
from pathlib import Path

from .programs import CACHE, HERE, MissingValidatorError, find_program, run_fetching

FOLDER = HERE / "web"
_MODULES = FOLDER / "node_modules"


def install() -> Path:
    """Install what package-lock.json pins, if that was not done yet.

    Returns:
        The folder of the installed packages.

    Raises:
        MissingValidatorError: Node.js or npm is not installed, or npm could not install the packages.
    """
    find_program("node")
    locked = sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = _MODULES / ".installed"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != locked:
            output = run_fetching("npm", "ci", cwd=FOLDER)
            if output.status != 0:
                raise MissingValidatorError(f"npm could not install the page's validators:\n{output.stderr}")
            stamp.write_text(locked)
    return _MODULES
