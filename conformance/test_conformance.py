"""What others' validators say about what we make. `test_validators.py` shows that they can say no."""

from pathlib import Path

import pytest

from mailmart_privacy.policy.model import Policy

from . import browser, mutool, openssl_cms, poppler, qpdf, verapdf, vnu
from .conftest import NAMES, NOW, Artefact

# What the Nu Html Checker may say, each with the reason why it is right to leave it so. Nothing, today.
_NEW = "newer than the checker: the list of contents marks where one is, and a browser that lacks it leaves that out"
EXPLAINED: dict[str, str] = {
    "CSS: “scroll-target-group”: Property “scroll-target-group” doesn't exist.": _NEW,
    "CSS: Unknown pseudo-element or pseudo-class “:target-current”": _NEW,
}


@pytest.fixture(scope="session")
def visit(site: Path, tmp_path_factory: pytest.TempPathFactory) -> browser.Visit:
    """What Chromium saw of the page."""
    return browser.visit(site, tmp_path_factory.mktemp("prints"))


@pytest.fixture(scope="module")
def verdicts(artefacts: dict[str, Artefact]) -> dict[tuple[Path, str], verapdf.Verdict]:
    """veraPDF's verdicts, made in one go."""
    return verapdf.validate_by_profile([each.path for each in artefacts.values()])


@pytest.mark.parametrize("profile", verapdf.PROFILES, ids=lambda profile: profile.flavour)
@pytest.mark.parametrize("name", NAMES)
def test_verapdf_finds_no_failed_rule(
    name: str,
    profile: verapdf.Profile,
    artefacts: dict[str, Artefact],
    verdicts: dict[tuple[Path, str], verapdf.Verdict],
) -> None:
    """Every PDF is PDF/A-4f, PDF/UA-2 and WTPDF 1.0 before and after certification, filling and signing."""
    verdict = verdicts[artefacts[name].path, profile.flavour]
    assert verdict.compliant, verapdf.describe(verdict)
    assert verdict.failed_rules == ()


@pytest.mark.parametrize("name", NAMES)
def test_qpdf_finds_no_fault(name: str, artefacts: dict[str, Artefact]) -> None:
    """Every PDF's syntax is sound: no error, no warning."""
    assert qpdf.find_faults(artefacts[name].path) == ()


@pytest.mark.parametrize("name", NAMES)
def test_mupdf_draws_without_complaint(name: str, artefacts: dict[str, Artefact], tmp_path: Path) -> None:
    """Another maker's interpreter draws every page in silence."""
    assert mutool.find_faults(artefacts[name].path, tmp_path) == ()


@pytest.mark.parametrize("name", NAMES)
def test_poppler_shows_what_was_filled_in(name: str, artefacts: dict[str, Artefact]) -> None:
    """Recipient, reference, issue date and signer are read on page 1 as they were given."""
    text = poppler.read_text(artefacts[name].path, page=1)
    assert [shown for shown in artefacts[name].shown if shown not in text] == [], text


@pytest.mark.parametrize("name", NAMES)
def test_pdfsig_finds_the_signatures_valid(name: str, artefacts: dict[str, Artefact]) -> None:
    """pdfsig finds just our signatures, each valid, the last of them over the total document."""
    artefact = artefacts[name]
    signatures = poppler.read_signatures(artefact.path)
    assert tuple(signature.field for signature in signatures) == artefact.signatures
    assert [signature.whole for signature in signatures] == [
        number == len(signatures) for number in range(1, len(signatures) + 1)
    ]
    for signature in signatures:
        assert signature.verdict == "Signature is Valid."
        assert (signature.kind, signature.digest) == ("ETSI.CAdES.detached", "SHA-256")
        assert signature.signer in artefact.shown


@pytest.mark.parametrize("name", NAMES)
def test_openssl_verifies_every_signature(name: str, artefacts: dict[str, Artefact]) -> None:
    """OpenSSL verifies each container over its byte range, with the signer's certificate as the only anchor."""
    artefact = artefacts[name]
    ranges = openssl_cms.read_ranges(artefact.content)
    assert len(ranges) == len(artefact.signatures)
    assert not ranges or ranges[-1].end == len(artefact.content)
    for signed in ranges:
        assert openssl_cms.verify(signed, artefact.certificate, at=int(NOW.timestamp())) == ()


def test_nu_html_checker_says_nothing(site: Path) -> None:
    """The page, its style sheet, and a service's page around the fragment give neither errors nor warnings."""
    messages = vnu.validate([site / name for name in ("page.html", "page.css", "service.html")])
    assert [message for message in messages if message.text not in EXPLAINED] == []


def test_axe_finds_no_violation(visit: browser.Visit) -> None:
    """axe refuses nothing and leaves nothing undecided, in both colour schemes, from 320 px to a desktop."""
    assert [view.name for view in visit.views] == list(browser.VIEWS)
    for view in visit.views:
        assert view.violations == (), view.name
        assert view.incomplete == (), view.name
        # It really looked: these rules apply to any such page.
        assert {"color-contrast", "html-has-lang", "document-title", "heading-order", "list"} <= view.passes, view.name


def test_page_is_sound_in_a_browser(visit: browser.Visit) -> None:
    """Under a strict Content-Security-Policy the page is styled, fits 320 px, and loads nothing but its style sheet."""
    for view in visit.views:
        assert view.complaints == (), view.name
        assert view.requests == ("/page.html", "/page.css"), view.name
        assert (view.stylesheets, view.scripts) == (1, 0), view.name
        assert (view.overflow, view.outside) == (0, ()), view.name
        assert view.broken_links == (), view.name
    assert visit.served == ("/page.css", "/page.html")


def test_page_links_to_every_section(visit: browser.Visit, policy: Policy) -> None:
    """The table of contents leads to each section, and no link leads nowhere."""
    assert all(view.links >= len(policy.sections) for view in visit.views)


def test_colour_schemes_differ(visit: browser.Visit) -> None:
    """A reader who asks for dark gets it; so the verdicts on both are about two things."""
    light, dark = ({view.background for view in visit.views if scheme in view.name} for scheme in ("light", "dark"))
    assert light
    assert dark
    assert not light & dark


def test_page_prints(visit: browser.Visit, policy: Policy) -> None:
    """Printed from either colour scheme, the whole text is there, dark on white."""
    assert {found.scheme for found in visit.prints} == {"light", "dark"}
    for found in visit.prints:
        assert found.contrast
        assert {name: ratio for name, ratio in found.contrast.items() if ratio < 7} == {}
        assert set(found.files) == {"A4", "Letter"}
        for path in found.files.values():
            assert qpdf.find_faults(path) == ()
            text = poppler.read_text(path)
            for section in policy.sections:
                assert section.title in text
            assert policy.digest in text.replace(" ", "")
        last = poppler.read_text(found.files["A4"], page=2)  # no page of paper for the imprint alone
        assert policy.sections[-1].title in last
        assert policy.digest in last.replace(" ", "")
