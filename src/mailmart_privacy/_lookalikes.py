"""Names that look like others: mixed scripts and letters that only look Latin (Unicode Technical Standard #39).

A copy addressed to "Аcme" with a Cyrillic А reads as one addressed to Acme. Nothing is refused for it, since real names
do mix scripts; issuing and verifying warn of it.

The scripts of a word are found by the names of its letters, and may be mixed as in UTS #39, 5.2, "Highly Restrictive".
Which letters look Latin is a small part of the data of UTS #39 (confusables.txt, Unicode 15.1, whose terms allow that):
single letters of scripts that resemble Latin, beside one ASCII letter each.
"""

import re
import unicodedata

_LATIN = "LATIN"
_ALLOWED = (  # beside Latin
    {"CJK", "HIRAGANA", "KATAKANA"},
    {"CJK", "BOPOMOFO"},
    {"CJK", "HANGUL"},
)
_NO_SCRIPTS = ("MICRO", "FEMININE", "MASCULINE", "IDEOGRAPHIC", "SCRIPT", "DOUBLE-STRUCK", "BLACK-LETTER")
LATIN_LOOKALIKES = (
    "ЅSІlЈJАAВBЕEКKМMНHОOРPСCТTУYХXЬbаaгrеeоoрpсcуyхxѕsіiјjѡwѴVѵvҮYүyһhҽeӀlӏiԁdԌGԛqԜWԝwꙇi"
    "ͿJΑAΒBΕEΖZΗHΙlΚKΜMΝNΟOΡPΤTΥYΧXαaγyιiνvοoρpσoυuϜFϳjϺMᴦr"
    "ՍUՏSՕOաwգqզqհhոnռnսuցgքfօo"
    "ⲅrⲎHⲒlⲔKⲘMⲚNⲞOⲟoⲢPⲣpⲤCⲥcⲦTⲨYⲬXⳐL"
    "ᎠDᎡRᎢTᎥiᎩYᎪAᎫJᎬEᎳWᎷMᎻHᎽYᏀGᏂhᏃZᏏbᏒRᏔWᏕSᏙVᏚSᏞLᏟCᏢPᏦKᏧdᏳGᏴBꭵiꮁrꮃwꮓzꮩvꮪsꮯc"
    "ყyჿo"
    "ꓐBꓑPꓒdꓓDꓔTꓖGꓗKꓙJꓚCꓜZꓝFꓟMꓠNꓡLꓢSꓣRꓦVꓧHꓪWꓫXꓬYꓮAꓰEꓲlꓳOꓴU"
    "ƄbƍgƖlƦRƽsǀlɑaɡgɣyɩiɪiɯwʋuʏyᴄcᴏoᴑoᴜuᴠvᴡwᴢzᶃgᶌyẝfỿyꜱsꞘFꞙfꞟuꞲJꞳXꞴBꬲeꬵfꬽoꭇrꭈrꭎuꭒuꭚy"
)
_LATIN_TWINS = dict(zip(LATIN_LOOKALIKES[::2], LATIN_LOOKALIKES[1::2], strict=True))
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u200c\u200d'’.-])*")


def find_lookalikes(name: str) -> str | None:
    """Say how a name may be taken for another one.

    Args:
        name: a name as it is on a copy, in Unicode's form C.

    Returns:
        A sentence for people, without a full stop; or None if there is nothing to say.
    """
    if name.isascii():
        return None
    words = _WORD.findall(name)
    for word in words:
        if remark := _describe_styled(word) or _describe_mixture(word):
            return remark
    return _describe_disguise(words)


def _describe_styled(word: str) -> str | None:
    """Name letters that are another letter's shape: full width, mathematical, in circles (UAX #15, compatibility)."""
    for character in word:
        plain = unicodedata.normalize("NFKC", character)
        styled = len(plain) == 1 and plain != character and plain.isascii()
        if styled or (character in _LATIN_TWINS and _script(character) == _LATIN):
            twin = plain if styled else _LATIN_TWINS[character]
            return f"In {word!r}, {_name(character)} looks like the letter {twin!r}"
    return None


def _describe_mixture(word: str) -> str | None:
    scripts = {script: character for character in word if (script := _script(character))}
    others = set(scripts) - {_LATIN}
    if len(scripts) < 2 or any(others <= allowed for allowed in _ALLOWED):
        return None
    rare = next((c for c in word if c in _LATIN_TWINS and _script(c) != _LATIN), None)
    looks = f"; {_name(rare)} looks like {_LATIN_TWINS[rare]!r}" if rare and _LATIN in scripts else ""
    kinds = " and ".join(sorted(script.capitalize() for script in scripts))
    return f"{word!r} mixes {kinds} letters{looks}"


def _describe_disguise(words: list[str]) -> str | None:
    """Name a name without one Latin letter all of whose letters look Latin (UTS #39, 4, whole-script confusable)."""
    letters = [c for word in words for c in word if _script(c)]
    if len(letters) < 2 or not all(c in _LATIN_TWINS for c in letters):
        return None
    text = " ".join(words)
    read = "".join(_LATIN_TWINS.get(c, c) for c in text)
    return f"{text!r} looks like {read!r}, but all its letters are {_script(letters[0]).capitalize()}"


def _script(character: str) -> str:
    """Name the script of a letter, as the name of the letter begins; empty for what all scripts share."""
    if unicodedata.category(character) not in ("Lu", "Ll", "Lt", "Lo"):  # letters that modify others have no script
        return ""
    named = unicodedata.name(character, "").split(" ")
    first = named[0].partition("-")[0]
    if first in ("FULLWIDTH", "HALFWIDTH") and len(named) > 1:
        first = named[1].partition("-")[0]
    return "" if first in _NO_SCRIPTS else first


def _name(character: str) -> str:
    return f"{character!r} (U+{ord(character):04X} {unicodedata.name(character, '')})"
