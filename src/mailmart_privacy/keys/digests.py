"""Digests of certificates and keys, as people and other programs write them."""

import re

_WHOLE = re.compile("[0-9a-f]{64}")


def strip_digest(text: str) -> str:
    """Write a digest, or the beginning of one, as we do: lowercase, without colons and "sha256:"."""
    return text.lower().removeprefix("sha256:").replace(":", "")


def parse_digest(text: str) -> str | None:
    """Read a whole SHA-256; None if the text is not one."""
    digits = strip_digest(text)
    return digits if _WHOLE.fullmatch(digits) else None
