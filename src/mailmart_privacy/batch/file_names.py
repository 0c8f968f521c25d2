"""What the files of copies are called."""

import re
from hashlib import sha256

# Bytes of a recipient or a reference in a name. With both, a name has 160 bytes at most: so it fits into the 255 of
# file systems, and with a folder of 100 characters into the 260 that Windows takes for a whole path.
_LONGEST = 60
_MARK = 8


def name_file(version: str, recipient: str, *marks: str) -> str:
    """Name the file of a copy after its version, its recipient and whatever else distinguishes it.

    The name has letters, digits and hyphens only. A part that is too long is cut, and ends with a digest of the
    whole, so that two long names stay different.
    """
    parts = ("privacy-policy", version, *map(_simplify, (recipient, *marks)))
    return "-".join(filter(None, parts)) + ".pdf"


def _simplify(text: str) -> str:
    words = re.sub(r"[^\w]+", "-", text).strip("-_")
    encoded = words.encode()
    if len(encoded) <= _LONGEST:
        return words
    room = _LONGEST - _MARK - 1
    return f"{encoded[:room].decode(errors='ignore').strip('-_')}-{sha256(encoded).hexdigest()[:_MARK]}"
