"""qpdf: is the file's syntax sound (ISO 32000-1, 7)?"""

from pathlib import Path

from .programs import run

_CLEAN = "No syntax or stream encoding errors found"


def find_faults(path: Path) -> tuple[str, ...]:
    """Validate a file's syntax; errors and warnings count alike.

    Args:
        path: the file.

    Returns:
        What is wrong, as qpdf says it; nothing where it found the file sound.

    Raises:
        MissingValidatorError: qpdf is not installed.
    """
    output = run("qpdf", "--check", path)
    if output.status == 0 and _CLEAN in output.stdout and not output.stderr:
        return ()
    return (f"exit status {output.status}", *(output.stderr or output.stdout).splitlines())
