"""Fonts for names that the form's own font has no characters for: files, or families that are installed."""

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_RESTRICTED = 0x0002  # OS/2 fsType: the licence does not allow embedding
_NOT_OUTLINES = 0x0200  # only bitmaps may be embedded


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font, named by its file; each process opens it when needed.

    Attributes:
        path: its file.
        index: which one, in a collection.
    """

    path: str
    index: int = 0

    @property
    def name(self) -> str:
        """The name of its file."""
        return Path(self.path).name


def find_typeface(name: str) -> Typeface:
    """Find a font by the name of its file, or that of its family where it is installed.

    Raises:
        UsageError: there is no such font, or it cannot be used: it is damaged, has no outlines, or its
            licence does not allow that it is embedded.
        MissingExtraError: the libraries that fonts need are not installed.
    """
    if name.lower().endswith(_SUFFIXES) or os.sep in name:
        typeface = Typeface(str(Path(name).absolute()))
        if not Path(name).is_file():
            raise UsageError(f"there is no font file {name}")
    else:
        found = _find_installed(name)
        if found is None:
            raise UsageError(f"no font {name!r} is installed; install it, or give its file")
        typeface = found
    open_typeface(typeface)
    return typeface


@lru_cache(maxsize=16)
def open_typeface(typeface: Typeface) -> "tuple[Any, Any]":
    """Open a font, once in a process.

    Returns:
        The font for shaping (uharfbuzz), and the same for its outlines (fontTools).

    Raises:
        UsageError: it cannot be used.
        MissingExtraError: the libraries that fonts need are not installed.
    """
    uharfbuzz, ttlib = _libraries()
    try:
        content = Path(typeface.path).read_bytes()
        outlines = ttlib.TTFont(BytesIO(content), fontNumber=typeface.index, lazy=True)
        shaping = uharfbuzz.Font(uharfbuzz.Face(content, typeface.index))
        tables = set(outlines.keys())
        rights = outlines["OS/2"].fsType if "OS/2" in tables else 0
        usable = outlines.getBestCmap() and outlines["head"].unitsPerEm and outlines["hmtx"].metrics
    except MissingExtraError:
        raise
    except Exception as error:  # noqa: BLE001 - fontTools raises many classes on damaged files
        raise UsageError(f"{typeface.name} cannot be read as a font ({one_line(error)[:120]})") from None
    if not tables & {"glyf", "CFF ", "CFF2"}:
        raise UsageError(f"{typeface.name} has no outlines, only pictures; give another font, without colours")
    if not usable:
        raise UsageError(f"{typeface.name} has no characters")
    if rights & _NOT_OUTLINES or rights & 0x000F == _RESTRICTED:
        raise UsageError(f"the licence of {typeface.name} does not allow that it is embedded; give another font")
    return shaping, outlines


def _libraries() -> tuple[Any, Any]:
    try:
        import uharfbuzz
        from fontTools import ttLib
    except ImportError as error:
        raise MissingExtraError("names", error.name or "uharfbuzz") from None
    return uharfbuzz, ttLib


def _find_installed(family: str) -> Typeface | None:
    """Find an installed font by its family's name, its full name or its file's, the upright one of the family."""
    _, ttlib = _libraries()
    wanted = family.casefold().strip()
    others: list[Typeface] = []
    for path in _installed_files():
        if wanted.replace(" ", "")[:4] not in path.name.casefold().replace("-", "").replace(" ", ""):
            others.append(Typeface(str(path)))  # a file may be called otherwise; it is looked into later
            continue
        if found := _match(ttlib, Typeface(str(path)), wanted):
            return found
    return next((found for each in others if (found := _match(ttlib, each, wanted))), None)


def _match(ttlib: Any, typeface: Typeface, wanted: str) -> Typeface | None:
    try:
        count = 1
        if typeface.path.lower().endswith((".ttc", ".otc")):
            with ttlib.TTCollection(typeface.path, lazy=True) as collection:
                count = len(collection.fonts)
        for index in range(count):
            with ttlib.TTFont(typeface.path, fontNumber=index, lazy=True) as font:
                names = {
                    (r.nameID, str(r.toUnicode()).casefold()) for r in font["name"].names if r.nameID in (1, 2, 4, 16)
                }
            upright = {text for kind, text in names if kind == 2} & {"regular", "book", "normal", "medium", "roman"}
            if (4, wanted) in names or (upright and {(1, wanted), (16, wanted)} & names):
                return Typeface(typeface.path, index)
    except Exception:  # noqa: BLE001 - whatever is wrong with a font that nobody asked for
        return None
    return None


def _installed_files() -> "Iterator[Path]":
    home = Path.home()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        folders = [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", Path(local) / "Microsoft/Windows/Fonts"]
    elif sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    else:
        shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        own = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
        folders = [home / ".fonts", *(Path(each) / "fonts" for each in (own, *shared.split(":")))]
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
