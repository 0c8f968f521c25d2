"""Names in any script: shaped, embedded, shown, read back, verified; names that cannot be shown are refused."""

import datetime
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mailmart_privacy as privacy
from mailmart_privacy._unicode import find_refused
from mailmart_privacy.copies.certified import CertifiedForm
from mailmart_privacy.copies.issuing import fill_values
from mailmart_privacy.errors import AlteredError, RecipientError, UntrustedError, UsageError
from mailmart_privacy.keys.identity import Identity
from mailmart_privacy.policy.ledger import shipped
from mailmart_privacy.typesetting.clusters import split_clusters
from mailmart_privacy.typesetting.fonts import find_typeface
from mailmart_privacy.typesetting.shaping import shape_line
from mailmart_privacy.verifying.verify import verify

from .conftest import NOW, Run, one_line
from .issuing import issue_copy
from .names import FONTS, NAMES, typefaces
from .oracle import ask_pyhanko


def issue(certified: CertifiedForm, identity: Identity, name: str) -> bytes:
    """A copy for a name, with the fonts at hand."""
    values: dict[str, Any] = {"reference": "C-1", "issued_at": NOW, "identity": identity, "fonts": typefaces()}
    return issue_copy(certified, recipient=name, **values)


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_any_script(certified: CertifiedForm, identity: Identity, script: str) -> None:
    """The copy verifies and shows the name as it was given; with the fonts, the drawing is also compared."""
    name = NAMES[script].strip()
    pdf = issue(certified, identity, name)
    verdict = verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped())
    assert verdict.recipient == name
    assert verdict.remarks == ("the recipient is drawn with the issuer's own font, which was not compared",)
    compared = verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped(), fonts=typefaces())
    assert (compared.recipient, compared.remarks) == (name, ())


@pytest.mark.parametrize("script", sorted(NAMES.keys() - {"Arabic", "Persian", "long"}))
def test_others_read_the_name(certified: CertifiedForm, identity: Identity, tmp_path: Path, script: str) -> None:
    """pdftotext gives the name back as it was given, from right to left, too; its marks of direction apart."""
    path = tmp_path / "copy.pdf"
    path.write_bytes(issue(certified, identity, NAMES[script]))
    text = subprocess.run(["pdftotext", "-layout", "-l", "1", str(path), "-"], capture_output=True, check=True).stdout
    words = re.sub("[\u202a-\u202e\u200b]", "", text.decode())
    for word in re.split(r"[ ()0-9]+", NAMES[script]):
        assert word in words


def test_pyhanko_accepts_it_as_filling_in(certified: CertifiedForm, identity: Identity) -> None:
    """pyHanko's analysis accepts an embedded font of a field as part of filling in."""
    from pyhanko.sign.diff_analysis import ModificationLevel

    publisher, delivery = ask_pyhanko(issue(certified, identity, NAMES["mixed"]), [identity.certificate], NOW)
    assert publisher.bottom_line
    assert delivery.bottom_line
    assert publisher.modification_level is ModificationLevel.FORM_FILLING


def test_a_name_is_shaped(certified: CertifiedForm) -> None:
    """Letters join, marks sit on their bases, and right-to-left text runs from right to left."""
    font = certified.form.notes.font
    (word,) = shape_line("recipient", "النور", font, typefaces())
    assert word.backwards
    alone = {shape_line("recipient", c, font, typefaces())[0].glyphs[0].number for c in "النور"}
    assert {glyph.number for glyph in word.glyphs} - alone, "letters within a word have other forms than alone"
    (conjunct,) = shape_line("recipient", "क्ष", font, typefaces())
    assert len(conjunct.glyphs) == 1
    runs = shape_line("recipient", "A (שלום) B", font, typefaces())
    assert "".join(run.text for run in runs) == "A (שלום) B"
    assert min(runs, key=lambda run: run.rank).text.startswith("A")


def test_clusters_stay_together() -> None:
    """A mark, a joiner, a modifier and a flag's second letter are never separated from their letter."""
    for text in ("e\u0301", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪", "क्ष", "ก็"):
        assert len(split_clusters(text)) == 1
    assert len(split_clusters("🇩🇪🇫🇷")) == 2


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("می\u200cخواهم", ""),
        ("क्\u200dष", ""),
        ("👩\u200d👧", ""),
        ("❤\ufe0f\u200d🔥", ""),
        ("Ac\u200cme", "\u200c"),
        ("Ac\u200dme", "\u200d"),
        ("\u200dAcme", "\u200d"),
        ("Acme\u200d", "\u200d"),
        ("\u202eemcA", "\u202e"),
        ("Acme\u200b", "\u200b"),
        ("शर\u200d \u200d", "\u200d\u200d"),
    ],
)
def test_joiners_have_their_places(text: str, refused: str) -> None:
    """A joiner is allowed where it changes what is shown; anywhere else it would be hidden in a name."""
    assert "".join(find_refused(text)) == refused


def test_without_a_font_the_characters_are_named(certified: CertifiedForm, identity: Identity) -> None:
    """The refusal says which characters, and what to do; with a font that lacks them as well."""
    for fonts in ((), typefaces()[:1]):
        with pytest.raises(RecipientError, match=r"U\+682A CJK UNIFIED IDEOGRAPH-682A"):
            fill_values(certified.form.notes, "株 Acme", "C-1", NOW, fonts)


def test_a_font_that_cannot_be_used(tmp_path: Path) -> None:
    """A missing file, a missing family, a file that is not a font, a damaged font and one without rights get one line
    each."""
    good = Path(typefaces()[0].path).read_bytes()
    (tmp_path / "text.ttf").write_bytes(b"This is not a font.")
    (tmp_path / "cut.ttf").write_bytes(good[:3000])
    (tmp_path / "bad.ttf").write_bytes(good[:12] + b"\xff" * 400 + good[412:])
    (tmp_path / "empty.otf").write_bytes(b"")
    _restrict(Path(typefaces()[0].path), tmp_path / "mine.ttf")
    for name, words in {
        str(tmp_path / "none.ttf"): "no font file",
        "No Such Family": "no font 'No Such Family' is installed",
        str(tmp_path / "text.ttf"): "cannot be read",
        str(tmp_path / "cut.ttf"): "cannot be read",
        str(tmp_path / "bad.ttf"): "has no outlines|cannot be read",  # as HarfBuzz reads what is left of it
        str(tmp_path / "empty.otf"): "cannot be read",
        str(tmp_path / "mine.ttf"): "licence",
    }.items():
        with pytest.raises(UsageError, match=words) as caught:
            find_typeface(name)
        assert len(str(caught.value).splitlines()) == 1


def test_a_font_of_pictures_is_refused(tmp_path: Path) -> None:
    """A font whose signs are bitmaps cannot be embedded; the message says what can."""
    from fontTools.ttLib import TTFont

    font = TTFont(typefaces()[0].path)
    for table in ("glyf", "loca", "gvar"):
        if table in font:
            del font[table]
    font["maxp"].tableVersion = 0x00005000
    font.save(tmp_path / "pictures.ttf")
    with pytest.raises(UsageError, match="only pictures"):
        find_typeface(str(tmp_path / "pictures.ttf"))


def _restrict(source: Path, target: Path) -> None:
    from fontTools.ttLib import TTFont

    font = TTFont(str(source))
    font["OS/2"].fsType = 2
    font.save(target)


def test_long_names_take_two_lines(certified: CertifiedForm, identity: Identity, tmp_path: Path) -> None:
    """A name too long for one line at eight points is set on two, broken at a space; a longer one is refused."""
    name = "Internationale Gesellschaft für elektronische Postdienstleistungen und Adressverwaltung mbH & Co. KG"
    pdf = issue_copy(certified, recipient=name, reference="C-1", issued_at=NOW, identity=identity)
    assert verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped()).recipient == name
    path = tmp_path / "copy.pdf"
    path.write_bytes(pdf)
    text = subprocess.run(["pdftotext", "-layout", "-l", "1", str(path), "-"], capture_output=True, check=True).stdout
    shown = [line.split("  ")[-1].strip() for line in text.decode().splitlines()]
    first = next(line for line in shown if line.startswith("Internationale"))
    assert name.startswith(first)
    assert name.removeprefix(first).strip() in shown
    with pytest.raises(RecipientError, match="too long for its field: 202 characters, room for about"):
        fill_values(certified.form.notes, f"{name} & {name}"[:202], "C-1", NOW)
    with pytest.raises(RecipientError, match="the reference is too long"):
        fill_values(certified.form.notes, "Acme", name, NOW)
    with pytest.raises(RecipientError, match="too long"):
        fill_values(certified.form.notes, "W" * 70, "C-1", NOW)  # one word is not parted


SCRIPTS = "אבגדה نوررشك हिन्दी ไทย北京株式会社메일🚀👍 ABC äöü (){}[]«»-.,&0123456789"


@pytest.mark.slow
@given(text=st.text(st.sampled_from(SCRIPTS), min_size=1, max_size=24))
@settings(max_examples=25)
def test_any_mixture_is_read_back(certified: CertifiedForm, identity: Identity, text: str) -> None:
    """Whatever scripts and directions stand side by side, the copy holds what was given, or none is made."""
    try:
        name = fill_values(certified.form.notes, text, "C-1", NOW, typefaces())[0].value
    except RecipientError:
        return
    pdf = issue(certified, identity, name)
    assert verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped()).recipient == name


def test_a_span_that_lies_is_refused(certified: CertifiedForm, identity: Identity, monkeypatch: Any) -> None:
    """A text for readers beside glyphs that show another name is found, although it was signed so."""
    from mailmart_privacy.typesetting import fields

    honest = fields._span
    monkeypatch.setattr(fields, "_span", lambda text, content: honest(text.replace("क्ष", "क्म"), content))
    pdf = issue_copy(certified, recipient="क्ष", reference="C-1", issued_at=NOW, identity=identity, fonts=typefaces())
    with pytest.raises(AlteredError, match=r"field Recipient .*: it shows another text than it says"):
        verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped())


def spoil(monkeypatch: Any, old: bytes, new: bytes) -> None:
    """Make the trusted issuer write something other than issuing does."""
    from mailmart_privacy.copies import format_1

    add = format_1._Update.add

    def spoiled(self: Any, number: int, content: bytes, words: str) -> None:
        add(self, number, content.replace(old, new), words)

    monkeypatch.setattr(format_1._Update, "add", spoiled)


def test_letters_in_another_order(certified: CertifiedForm, identity: Identity, monkeypatch: Any) -> None:
    """Hebrew letters that a trusted signer put into another order are found with the font; else a remark says so."""
    from mailmart_privacy.copies import format_1

    add = format_1._Update.add

    def reordered(self: Any, number: int, content: bytes, words: str) -> None:
        places = re.findall(rb"1 0 0 1 (\S+) \S+ Tm\n<", content) if b"/E0 " in content else []
        if len(places) > 2:
            one, other = (b"1 0 0 1 %s " % place for place in places[:2])
            content = content.replace(one, b"#").replace(other, one).replace(b"#", other)
        add(self, number, content, words)

    with monkeypatch.context() as patched:
        patched.setattr(format_1._Update, "add", reordered)
        pdf = issue_copy(
            certified, recipient="שלומית", reference="C-1", issued_at=NOW, identity=identity, fonts=typefaces()
        )
    verdict = verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped())
    assert verdict.remarks == ("the recipient is drawn with the issuer's own font, which was not compared",)
    with pytest.raises(AlteredError, match="what the field Recipient shows"):
        verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped(), fonts=typefaces())


@pytest.mark.parametrize(
    ("script", "families"),
    [
        ("Chinese", ("Symbola",)),
        ("Hebrew", ("Noto Sans Arabic",)),
        ("Thai", ("WenQuanYi Zen Hei",)),
        ("mixed", FONTS[:1]),
    ],
)
def test_other_fonts_than_the_issuers(
    certified: CertifiedForm, identity: Identity, script: str, families: tuple[str, ...]
) -> None:
    """A verifier with other fonts, or another release of them, cannot compare; the copy is not altered by that."""
    pdf = issue(certified, identity, NAMES[script])
    fonts = tuple(map(find_typeface, families))
    with pytest.raises(UntrustedError, match="the recipient is drawn with other fonts than those given"):
        verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped(), fonts=fonts)
    place = pdf.rindex(b"glyf") + 500
    changed = pdf[:place] + bytes((pdf[place] ^ 1,)) + pdf[place + 1 :]
    with pytest.raises(AlteredError):
        verify(changed, trust=(identity.certificate,), at=NOW, ledger=shipped(), fonts=fonts)


# What is read of a font before it is written again.
UNLIKE = {b"+NotoSansHebrew": "its font is not that of a copy", b"glyf": "the font has other tables"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/CIDToGIDMap /Identity", b"/CIDToGIDMap /Identitz"),
        (b"/Flags 4 ", b"/Flags 5 "),
        (b"/Encoding /Identity-H", b"/Encoding /Identity-V"),
        (b"/DW 0 ", b"/DW 9 "),
        (b"/StemV 80 /FontFile2", b"/StemV 80 /FontFilf2"),
        (b"+NotoSansHebrew", b"-NotoSansHebrew"),
        (b"/W [ 1 [ ", b"/W [ 1 [ 0 "),
        (b"beginbfchar", b"beginbfrange"),
        (b"glyf", b"glyg"),
        (b"endbfchar", b"endbfchar\n1 beginbfrange <0001> <0002> <0041> endbfrange"),
    ],
)
def test_a_font_of_another_shape_is_refused(
    certified: CertifiedForm, identity: Identity, monkeypatch: Any, old: bytes, new: bytes
) -> None:
    """A font that is embedded in another way than in a copy makes the file altered."""
    with monkeypatch.context() as patched:
        spoil(patched, old, new)
        pdf = issue_copy(
            certified, recipient="שלום", reference="C-1", issued_at=NOW, identity=identity, fonts=typefaces()
        )
    assert new in pdf
    with pytest.raises(
        AlteredError, match=UNLIKE.get(old, "the font that the name is drawn with is not what issuing writes")
    ):
        verify(pdf, trust=(identity.certificate,), at=NOW, ledger=shipped())


def test_by_the_api_and_the_command_line(cli: Run, tmp_path: Path, identity: Identity) -> None:
    """A font is named by its file or its family, and the copy verifies."""
    pdf = privacy.issue(
        privacy.current(),
        recipient=NAMES["Japanese"],
        issued_at=datetime.datetime.now(datetime.UTC),
        identity=identity,
        fonts=FONTS,
    )
    assert privacy.verify(pdf, trust=[identity.certificate]).recipient == NAMES["Japanese"]
    compared = privacy.verify(pdf, trust=[identity.certificate], fonts=FONTS)
    assert not any("not compared" in remark for remark in compared.remarks)
    result = cli("export", "--to", NAMES["Hebrew"], "--font", FONTS[0], "-o", "copy.pdf")
    assert result.returncode == 0, result.stderr
    assert NAMES["Hebrew"] in cli("verify", "copy.pdf").stdout.decode()
    assert "no font 'None such' is installed" in one_line(cli("export", "--to", "Acme", "--font", "None such"))


def test_ordinary_names_need_none_of_it(process: Run, environment: dict[str, str]) -> None:
    """Without a font named, nothing of fonts or shaping is loaded."""
    process("export", "--to", "Acme", "-o", "first.pdf")
    result = process("export", "--to", "Ärzte Ελλάς", "-o", "x.pdf", env=environment | {"PYTHONPROFILEIMPORTTIME": "1"})
    assert result.returncode == 0
    loaded = result.stderr.decode()
    for name in ("uharfbuzz", "bidi", "fontTools"):
        assert f" {name}" not in loaded
