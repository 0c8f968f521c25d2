"""Which characters a text may hold, and how the others are named to whoever has to remove them."""

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_REFUSED = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def is_refused(character: str) -> bool:
    """Tell whether a character is a control, invisible, private or not assigned (Unicode, 4.5)."""
    return unicodedata.category(character) in _REFUSED


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
