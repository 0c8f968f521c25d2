"""MuPDF: can another maker's interpreter draw every page, and what does it say of the signatures?"""

import re
from pathlib import Path

from .programs import ValidatorError, run

_HEAD = re.compile(r"^Verifying signature [0-9]+:$", re.MULTILINE)

# About Debian's build of MuPDF, not about the file: colours are converted without profiles.
_BUILD = "warning: ICC support is not available"


def find_faults(path: Path, folder: Path) -> tuple[str, ...]:
    """Draw every page of a file.

    Args:
        path: the file.
        folder: where the pictures may go.

    Returns:
        What MuPDF complains about; nothing where it drew all pages in silence.

    Raises:
        MissingValidatorError: mutool is not installed.
    """
    output = run("mutool", "draw", "-q", "-r", "36", "-o", folder / "page-%d.png", path)
    faults = [line for line in output.stderr.splitlines() if line != _BUILD]
    if output.status != 0:
        faults.append(f"exit status {output.status}")
    if not any(folder.glob("page-*.png")):
        faults.append("no page was drawn")
    return tuple(faults)


def verify_signatures(path: Path) -> tuple[tuple[str, ...], ...]:
    """Have MuPDF verify a file's signatures.

    Args:
        path: the file.

    Returns:
        What it says of each signature field, line by line, in the order of the fields.

    Raises:
        MissingValidatorError: mutool is not installed.
        ValidatorError: it said something that cannot be read.
    """
    output = run("mutool", "sign", "-v", path)
    heads = [line for line in output.stdout.splitlines() if line.startswith("Verifying signature ")]
    _, *parts = _HEAD.split(output.stdout)
    if output.status != 0 or not heads or len(parts) != len(heads):
        raise ValidatorError(f"mutool gave no verdict (exit status {output.status}):\n{output.stderr}{output.stdout}")
    return tuple(tuple(line.strip() for line in part.strip().splitlines()) for part in parts)
