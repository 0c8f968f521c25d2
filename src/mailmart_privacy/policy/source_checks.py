"""Checks of a source before its Markdown is read: its characters, and markup that would take too long."""

import re

from .._unicode import is_normal, is_refused, name_characters

NUMBERED_LIST = r"a numbered list; use a bullet list, or write the number as `1\.`"
MARKUP = 10_000_000  # letters times marks: two seconds
_ORDERED = re.compile(r" {0,3}[0-9]+\. ")
_MARK = re.compile(r"[\\\[<&`*_!>=#]")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_BLANK = re.compile(r"\n\s*\n")


def find_excess(source: str) -> tuple[int, str] | None:
    """Find the passage where a source exceeds the amount of markup that a policy may have, as `(line, message)`.

    Python-Markdown reads a passage from many of its marks to its end, and the whole source from a tag; so its time is
    the product of both.

    Args:
        source: the text of a `policy.md`.
    """
    spent = len(source) * len(_TAG.findall(source))
    line, at = 1, 0
    for passage in _BLANK.split(source):
        spent += len(passage) * len(_MARK.findall(passage))
        if spent > MARKUP:
            return line, "more markup than a policy has; remove what is not text"
        at += len(passage)
        gap = _BLANK.match(source, at)
        line += passage.count("\n") + (gap[0].count("\n") if gap else 0)
        at += len(gap[0]) if gap else 0
    return None


def find_faults_of_characters(source: str) -> list[tuple[int, str]]:
    """List the lines that hold what a policy cannot: `(line, message)`, lines counted from 1.

    Args:
        source: the text of a `policy.md`.
    """
    faults: list[tuple[int, str]] = []
    if "\r" in source:
        number = source[: source.index("\r")].count("\n") + 1
        faults.append((number, "line endings other than LF; save the file with Unix line endings"))
        source = source.replace("\r", "")
    for number, line in enumerate(source.split("\n"), 1):
        if _ORDERED.match(line):
            faults.append((number, NUMBERED_LIST))  # below a bullet list Python-Markdown makes a bullet of it
        refused = [c for c in line if is_refused(c)]
        if refused:
            faults.append((number, f"control or invisible characters ({name_characters(refused)}); remove them"))
        if not is_normal(line):
            faults.append((number, "the text is not in Unicode's normalization form C (NFC); normalise it"))
    return faults
