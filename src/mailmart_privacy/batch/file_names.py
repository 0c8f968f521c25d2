"""What the files of copies are called."""

import re

_LONGEST = 100  # bytes of a name or a reference; file systems take 255 in all


def name_file(version: str, recipient: str, *marks: str) -> str:
    """Name the file of a copy after its version, its recipient and what else tells it from others.

    No sign is in it that a file system minds.
    """
    parts = ("privacy-policy", version, *map(_simplify, (recipient, *marks)))
    return "-".join(filter(None, parts)) + ".pdf"


def _simplify(text: str) -> str:
    words = re.sub(r"[^\w]+", "-", text).strip("-_")
    return words.encode()[:_LONGEST].decode(errors="ignore").strip("-_")
