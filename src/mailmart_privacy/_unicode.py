"""Which characters a text may contain, and how messages name the others."""

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_JOINERS = "\u200c\u200d"  # zero width non-joiner, zero width joiner
_SELECTOR = "\ufe0f"
_VIRAMA = 9  # its canonical combining class
_CURSIVE = (["ARABIC"], ["SYRIAC"], ["MANDAIC"], ["MONGOLIAN"], ["NKO"], ["ADLAM"])
_LONGEST_NAME = 256  # X.520 allows a common name 64
_REFUSED = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def is_refused(character: str) -> bool:
    """Tell whether a character is a control, invisible, private or not assigned (Unicode, 4.5)."""
    return unicodedata.category(character) in _REFUSED


def find_refused(text: str) -> list[str]:
    """List the characters of a name that it may not hold: those of `is_refused`, but for joiners in their places.

    A joiner is where it belongs after a virama, between letters that join, or between the signs of an emoji
    (RFC 5892, appendices A.1 and A.2; UTS #51, 2.3).
    """
    if text.isascii() and text.isprintable():
        return []
    return [c for i, c in enumerate(text) if is_refused(c) and not (c in _JOINERS and _joins(text, i))]


def _joins(text: str, place: int) -> bool:
    before = text[:place].rstrip(_SELECTOR)[-1:]
    after = text[place + 1 : place + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if text[place] == _JOINERS[0]:
        return all(unicodedata.name(c, "").split()[0:1] in _CURSIVE for c in (before, after))
    return all(unicodedata.category(c) in ("So", "Sk") for c in (before, after))


def spell_out(text: str) -> str:
    """Spell out the characters that a terminal would obey or that nobody sees, for instance as `\\x1b`.

    Bytes of a file name that are not UTF-8 stay as Python represents them (surrogate escapes).
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(repr(c)[1:-1] if is_refused(c) and not "\udc80" <= c <= "\udcff" else c for c in text)


def show_name(text: str) -> str:
    """Prepare a stranger's name, for instance that of a certificate, for being shown, in text or in JSON.

    Characters that a terminal would obey or that nobody sees are spelt out, line breaks and bidirectional controls
    among them; joiners stay where they belong (see `find_refused`). What is longer than any real name is cut.

    Args:
        text: the name.

    Returns:
        The name in one line, of at most some 300 characters.
    """
    cut = text[:_LONGEST_NAME]
    refused = set(find_refused(cut)) - set(_JOINERS)
    shown = "".join(
        repr(c)[1:-1] if c in refused or (c in _JOINERS and not _joins(cut, i)) else c for i, c in enumerate(cut)
    )
    shown = shown[: _LONGEST_NAME + 44]
    return shown if len(text) <= _LONGEST_NAME else f"{shown}… ({len(text):,} characters)"


def is_normal(text: str) -> bool:
    """Tell whether a text is in Unicode's normalization form C (UAX #15)."""
    return unicodedata.is_normalized("NFC", text)


def normalize(text: str) -> str:
    """Bring a text into Unicode's normalization form C."""
    return unicodedata.normalize("NFC", text)


def name_characters(characters: "Iterable[str]") -> str:
    """Name characters, each once: the sign itself where it can be seen, its code point, its name."""

    def name(c: str) -> str:
        seen = "" if is_refused(c) else f"{c} "
        return f"{seen}U+{ord(c):04X} {unicodedata.name(c, '')}".rstrip()

    return ", ".join(name(c) for c in dict.fromkeys(characters))
