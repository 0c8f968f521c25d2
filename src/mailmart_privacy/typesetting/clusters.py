"""Where a text may be split: a letter and its marks, the parts of an emoji, the letters of a flag stay together."""

import unicodedata

IGNORED = "\u200c\u200d\ufe0e\ufe0f"  # a font need not have these; HarfBuzz knows what they are for


def split_clusters(text: str) -> list[str]:
    """Split a text where it may be split: marks, joiners, modifiers and pairs of flags stay together."""
    clusters: list[str] = []
    for c in text:
        last = clusters[-1] if clusters else ""
        joined = last and (
            unicodedata.category(c).startswith("M")
            or c in IGNORED
            or last.endswith("\u200d")
            or "\U0001f3fb" <= c <= "\U0001f3ff"
            or (_is_flag(c) and len(last) == 1 and _is_flag(last))
            or unicodedata.combining(last[-1]) == 9
        )
        if joined:
            clusters[-1] += c
        else:
            clusters.append(c)
    return clusters


def _is_flag(c: str) -> bool:
    return "\U0001f1e6" <= c <= "\U0001f1ff"
