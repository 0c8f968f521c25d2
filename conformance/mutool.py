"""MuPDF: can another maker's interpreter draw every page without a complaint?"""

from pathlib import Path

from .programs import run

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
