"""Sentences of the library as the desk says them: to people who sell, and know nothing of code points and fonts."""

import re

_CODE_POINT = re.compile(r"(?<=') \(U\+[^)]*\)|(?<=[(\s][^\s(,]) U\+[0-9A-F]{4,6}(?: [A-Z][A-Z0-9-]*(?: [A-Z0-9-]+)*)?")
_QUOTED = re.compile(r"""(?<!\w)(['"])((?:(?!\1).)+)\1(?!\w)""")
_SAID = (
    (
        re.compile(r"holds control or invisible characters \((?:U\+00(?:09|0A|0D)(?:, )?)+\); remove them"),
        "has a line break or a tab in it; write it on one line, with plain spaces",
    ),
    (
        re.compile(r"holds control or invisible characters \([^)]*\); remove them"),
        "has characters that nobody can see; type it instead of pasting it",
    ),
    (
        re.compile(r"holds characters that the form's font does not have (\(.*\)); it has Latin"),
        r"has characters for which this desk has no font \1; the administrator can add one. It has Latin",
    ),
    (
        re.compile(r"is too long for its field: ([\d,]+) characters, room for about"),
        r"is too long: it has \1 characters, and there is room for about",
    ),
    (re.compile(r"is empty; say to whom or what the copy belongs"), "is missing"),
    (re.compile(r"not like a recipient\b"), "not like a customer"),
    (re.compile(r"the recipient\b"), "the customer’s name"),
)


def plainly(words: str) -> str:
    """Say a sentence of the library as sales does: signs without their numbers, a customer instead of a recipient."""
    for pattern, said in _SAID:
        words = pattern.sub(said, words)
    return _QUOTED.sub(r"“\2”", _CODE_POINT.sub("", words)).replace("'", "’")


def stop(words: str) -> str:
    """End words with a full stop, unless they have an end, as "Muster e. V." has."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def sentence(words: str) -> str:
    """Make a sentence of words: a capital letter, and a full stop."""
    return stop(words[:1].upper() + words[1:]) if words else ""
