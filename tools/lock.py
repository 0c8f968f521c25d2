"""Write the lock files in locks/: what `make` installs, with hashes and without addresses, for every system and Python.

lock.py          take the newest versions that pyproject.toml accepts
lock.py --keep   keep the versions that still fit, for instance after a line was added to pyproject.toml
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from installing import find_uv, uv_environment
from requirements import LOCKS, ROOT, Lock, Requirements, read_requirements

# The newest cryptography with wheels for Macs with Intel processors is 48; other machines get the newest of all.
INTEL_MAC = "sys_platform == 'darwin' and platform_machine == 'x86_64'"
OTHERS = "sys_platform != 'darwin' or platform_machine != 'x86_64'"
CONSTRAINTS = [f"cryptography<49; {INTEL_MAC}", f"cryptography>=49; {OTHERS}"]
# Certomancer, a server for tests, asks for cryptography 49 and works with 48.
OVERRIDES = ["cryptography>=48.0.1"]
HEADER = "# Written by `make lock` from pyproject.toml. Do not edit.\n"


def main() -> None:
    keep = "--keep" in sys.argv[1:]
    requirements = read_requirements()
    (ROOT / "locks").mkdir(exist_ok=True)
    for lock in LOCKS:
        write(lock, requirements, keep=keep)
        print(lock.path.relative_to(ROOT))


def write(lock: Lock, requirements: Requirements, *, keep: bool) -> None:
    """Write one lock file."""
    constraints = [f"{name}=={version}" for name, version in requirements.floors().items()]
    with tempfile.TemporaryDirectory() as folder:
        needed, limits, overrides, target = (Path(folder, name) for name in ("needed", "limits", "overrides", "lock"))
        overrides.write_text("\n".join(OVERRIDES), encoding="utf-8")
        needed.write_text("\n".join(map(str, requirements.of(lock.extras, lock.groups))), encoding="utf-8")
        limits.write_text("\n".join(constraints if lock.oldest else CONSTRAINTS), encoding="utf-8")
        command = [str(find_uv()), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-header"]
        command += ["--python", sys.executable, "--python-version", "3.11"]
        command += ["--constraint", str(limits), "--override", str(overrides)]
        command += ["--output-file", str(target), str(needed)]
        if keep and lock.path.exists():
            target.write_text(lock.path.read_text(encoding="utf-8"), encoding="utf-8")
        else:
            # The other locks take the versions that the lock for the tests has.
            base = ROOT / "locks" / "test.txt"
            if lock.name in ("conformance", "bench", "audit", "server"):
                target.write_text(base.read_text(encoding="utf-8"), encoding="utf-8")
        subprocess.run(command, check=True, env=uv_environment())
        lock.path.write_text(HEADER + target.read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
