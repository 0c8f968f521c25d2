"""Makes the fonts in templates/fonts from PyPI's font packages; run it when a character set changes.

    pip install font-source-sans-pro font-source-serif-pro fonttools brotli
    python tools/make_fonts.py

The subsets hold Latin, Greek, Cyrillic and Vietnamese. They are renamed, since the licence reserves
the originals' name ("Source"), and lose the tables that would make their bytes depend on the machine.
All but the font of the form's fields draw straight quotation marks as curly ones, on glyphs of their own: the text that
is read out of a PDF keeps the straight ones.
The web pages' fonts (WOFF2) are made of these and hold Western and Central European Latin only, so that a page stays
small; a browser takes any other letter from its own fonts.
"""

import copy
import importlib
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.ttLib import TTFont

TARGET = Path(__file__).parents[1] / "templates" / "fonts"
FACES = [
    ("font_source_serif_pro", "SourceSerifPro-Regular.ttf", "MailMart Serif", "Regular"),
    ("font_source_serif_pro", "SourceSerifPro-Semibold.ttf", "MailMart Serif", "Semibold"),
    ("font_source_sans_pro", "SourceSansPro-Regular.ttf", "MailMart Sans", "Regular"),
    ("font_source_sans_pro", "SourceSansPro-Semibold.ttf", "MailMart Sans", "Semibold"),
]
RANGES = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x024F),  # Latin-1, Latin Extended-A and -B
    (0x02B9, 0x02DD),  # modifier letters and accents that stand alone
    (0x0370, 0x03FF),  # Greek
    (0x0400, 0x052F),  # Cyrillic
    (0x1E00, 0x1EFF),  # Latin Extended Additional: Vietnamese
    (0x1F00, 0x1FFF),  # Greek Extended
    (0x2010, 0x2044),  # dashes, quotation marks, bullets
    (0x2070, 0x209F),  # superscripts and subscripts
    (0x20A0, 0x20BF),  # currencies
    (0x2100, 0x214F),  # letterlike: number sign, trade mark
    (0x2190, 0x2193),  # arrows
    (0x2212, 0x2212),  # minus
    (0xFB00, 0xFB04),  # ligatures: without them their glyphs would have no Unicode value in a form's font
]
FIELDS = "MailMartSans-Regular"  # fields may hold any text, and a glyph without a character would stand for nothing
# What a straight mark is drawn as: an opening one at the start of a run of text and behind these, else a closing one.
CURLY = {"quotedbl": ("quotedblleft", "quotedblright"), "quotesingle": ("quoteleft", "quoteright")}
OPENING = "space uni00A0 parenleft bracketleft braceleft slash endash emdash hyphen"
WEB_RANGES = [
    (0x0020, 0x007E),  # Basic Latin
    (0x00A0, 0x017F),  # Latin-1, Latin Extended-A
    (0x2010, 0x2044),  # dashes, quotation marks, bullets
    (0x20AC, 0x20AC),  # euro
    (0x2122, 0x2122),  # trade mark
    (0x2190, 0x2193),  # arrows
    (0x2212, 0x2212),  # minus
]


def main() -> None:
    wanted = {code for first, last in RANGES for code in range(first, last + 1)} - {0x00AD}
    for package, file, family, style in FACES:
        (source,) = Path(importlib.import_module(package).__path__[0]).rglob(file)
        font = TTFont(source, recalcTimestamp=False)  # else the fonts, and every form, would carry the hour of this run
        options = subset.Options()
        options.hinting = False
        options.layout_features = ["kern", "liga", "lnum", "tnum", "pnum", "onum", "ccmp", "locl", "mark", "mkmk"]
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
        options.drop_tables += ["FFTM", "DSIG"]
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        rename(font, family, style)
        if f"{family.replace(' ', '')}-{style}" != FIELDS:
            draw_quotes_curly(font)
        target = TARGET / f"{family.replace(' ', '')}-{style}.ttf"
        font.save(target)
        print(target.name, len(font.getBestCmap()), "characters", target.stat().st_size, "bytes")
        make_web_font(target)


def draw_quotes_curly(font: TTFont) -> None:
    """Draw straight quotation marks as curly ones, by the context (OpenType's `calt`, which is on by default)."""
    glyphs, order = font["glyf"], list(font.getGlyphOrder())
    before = [name for name in OPENING.split() if name in glyphs.glyphs]
    rules = []
    for straight, sides in CURLY.items():
        for side, curly in zip(("open", "close"), sides, strict=True):
            order.append(f"{straight}.{side}")
            glyphs.glyphs[order[-1]] = copy.deepcopy(glyphs[curly])
            font["hmtx"].metrics[order[-1]] = font["hmtx"].metrics[curly]
        others = f"[@others {straight}.open]"  # behind the other opening mark it opens, too
        rules += [f"sub {others} {straight}' by {straight}.close;", f"sub {straight}' by {straight}.open;"]
    others = [name for name in order if name not in before and not name.endswith(".open")]
    font.setGlyphOrder(order)
    glyphs.glyphOrder = order
    font["maxp"].numGlyphs = len(order)
    had = font["GSUB"].table
    source = f"@others = [{' '.join(others)}];\nfeature calt {{ {' '.join(rules)} }} calt;"
    addOpenTypeFeaturesFromString(font, source, tables=["GSUB"])  # it replaces the table
    made, font["GSUB"].table = font["GSUB"].table, had
    add_lookups(had, made)


def add_lookups(had: Any, made: Any) -> None:
    """Add the lookups and the one feature of a table of substitutions to another one, for all scripts and languages."""
    start = len(had.LookupList.Lookup)
    for lookup in made.LookupList.Lookup:
        for table in lookup.SubTable:
            for record in getattr(table, "SubstLookupRecord", ()):
                record.LookupListIndex += start
    had.LookupList.Lookup += made.LookupList.Lookup
    (record,) = made.FeatureList.FeatureRecord
    record.Feature.LookupListIndex = [start + index for index in record.Feature.LookupListIndex]
    index = len(had.FeatureList.FeatureRecord)
    had.FeatureList.FeatureRecord.append(record)
    for script in had.ScriptList.ScriptRecord:
        languages = [script.Script.DefaultLangSys, *(each.LangSys for each in script.Script.LangSysRecord)]
        for language in filter(None, languages):
            language.FeatureIndex.append(index)
            language.FeatureCount = len(language.FeatureIndex)


def make_web_font(source: Path) -> None:
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options()
    options.flavor = "woff2"
    options.hinting = False
    options.layout_features = ["calt", "kern", "liga", "lnum", "tnum", "ccmp", "locl"]
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes={code for first, last in WEB_RANGES for code in range(first, last + 1)} - {0x00AD})
    subsetter.subset(font)
    font.flavor = "woff2"
    target = source.with_suffix(".woff2")
    font.save(target)
    print(target.name, len(font.getBestCmap()), "characters", target.stat().st_size, "bytes")


def rename(font: TTFont, family: str, style: str) -> None:
    full = f"{family} {style}"
    names = {1: family if style == "Regular" else full, 2: "Regular", 3: full, 4: full, 6: full.replace(" ", "")}
    for record in list(font["name"].names):
        if record.nameID in names:
            record.string = names[record.nameID]
        elif record.nameID in (16, 17, 18, 21, 22):
            font["name"].names.remove(record)
    font["head"].fontRevision = round(font["head"].fontRevision, 3)


if __name__ == "__main__":
    main()
