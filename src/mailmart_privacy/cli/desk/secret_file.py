"""Secrets of the desk: the first line of a file, or a variable of the environment."""

import os
from pathlib import Path

from ...errors import UsageError


def read_secret(file: Path | None, *, variable: str, what: str) -> str:
    """Read a secret from its file, or from the environment if no file is named; empty if neither has it.

    Args:
        file: its first line is the secret.
        variable: of the environment.
        what: what the message calls the secret.

    Raises:
        UsageError: the file cannot be read.
    """
    if file is None:
        return os.environ.get(variable, "")
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} cannot be read from {file}: {error}") from None
