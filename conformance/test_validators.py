"""Each validator refuses a sample that is known to be bad; otherwise its praise would say nothing."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailmart_privacy.keys.identity import Identity, dump_certificate

from . import browser, mutool, openssl_cms, poppler, qpdf, verapdf, vnu
from .conftest import NOW, Artefact
from .programs import MissingValidatorError, Output, ValidatorError, find_program, require_programs, run, run_java

Write = Callable[[str, bytes], Path]

# Low contrast, a missing language, an image from the network, an inline style, a link to nowhere, too wide.
_BAD_PAGE = b"""<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>Bad</title><link rel="stylesheet" href="page.css"></head>
<body>
<h1>Bad</h1>
<p id="pale">Grey on white</p>
<p style="color: red"><a href="#nowhere">Nowhere</a></p>
<img src="https://example.org/tracker.png" alt="">
<div id="wide">Wide</div>
</body>
</html>
"""
_BAD_STYLE = b"#pale { color: #bbb; } #wide { width: 900px; } html { background: #fff; }\n"


def _plain_pdf(**options: object) -> bytes:
    from weasyprint import HTML

    return bytes(HTML(string='<html lang="en"><title>Plain</title><h1>Plain</h1><p>Text</p>').write_pdf(**options))


def _flip(content: bytes, place: int) -> bytes:
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


def test_missing_program_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A validator that is not installed raises, in one line that says how to install it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MissingValidatorError, match=r"\Anot installed: mvn; run: apt-get install maven\Z"):
        find_program("mvn")
    with pytest.raises(MissingValidatorError, match=r"openssl, pdfsig, .*; run: apt-get install .* qpdf .*\Z"):
        require_programs()


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # WeasyPrint's colour profile
def test_verapdf_refuses(write: Write, artefacts: dict[str, Artefact], tmp_path: Path) -> None:
    """veraPDF refuses a plain PDF on all counts, and our form where one digit in it claims another standard."""
    plain = write("plain.pdf", _plain_pdf())
    archival = write("archival.pdf", _plain_pdf(pdf_variant="pdf/a-4f", pdf_tags=True))
    unpacked = tmp_path / "unpacked.pdf"
    run("qpdf", "--stream-data=uncompress", "--newline-before-endstream", artefacts["form-a4"].path, unpacked)
    mislabelled = write("mislabelled.pdf", re.sub(rb"(pdfuaid:part(?:>|=\"))2", rb"\g<1>1", unpacked.read_bytes()))
    verdicts = {
        (verdict.path.name, verdict.profile.flavour): verdict
        for verdict in verapdf.validate([plain, archival, unpacked, mislabelled])
    }
    compliant = {key for key, verdict in verdicts.items() if verdict.compliant}
    assert compliant == {
        *(("unpacked.pdf", profile.flavour) for profile in verapdf.PROFILES),
        *(("mislabelled.pdf", flavour) for flavour in ("4f", "wt1a", "wt1r")),
    }
    assert all(verdict.failed_rules for key, verdict in verdicts.items() if key not in compliant)
    assert [rule.clause for rule in verdicts["mislabelled.pdf", "ua2"].failed_rules] == ["ISO 14289-2:2024 5-2"]


def test_verapdf_gives_no_verdict_on_other_files(write: Write) -> None:
    """A file that is not a PDF does not pass."""
    with pytest.raises(ValidatorError, match="no verdict"):
        verapdf.validate([write("text.pdf", b"not a PDF\n")], [verapdf.PDF_A_4F])


def test_verapdf_gives_no_verdict_on_a_partial_report(
    artefacts: dict[str, Artefact], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that lacks a figure, or counts no checks or too few rules, does not pass."""
    path = artefacts["form-a4"].path
    reports: list[Output] = []

    def record(*arguments: str | Path) -> Output:
        reports.append(run_java(*arguments))
        return reports[-1]

    monkeypatch.setattr(verapdf, "run_java", record)
    (verdict,) = verapdf.validate([path], [verapdf.PDF_UA_2])
    assert verdict.compliant
    (genuine,) = reports
    for figure, value in (("passedRules", 0), ("passedRules", None), ("passedChecks", 0), ("failedRules", None)):
        report = json.loads(genuine.stdout)
        details = report["report"]["jobs"][0]["validationResult"][0]["details"]
        if value is None:
            del details[figure]
        else:
            details[figure] = value
        partial = dataclasses.replace(genuine, stdout=json.dumps(report))
        monkeypatch.setattr(verapdf, "run_java", lambda *_, partial=partial: partial)
        with pytest.raises(ValidatorError, match="no verdict"):
            verapdf.validate([path], [verapdf.PDF_UA_2])


def test_qpdf_and_mupdf_refuse_a_truncated_file(write: Write, artefacts: dict[str, Artefact], tmp_path: Path) -> None:
    """A file that was cut short is refused, even though readers repair it."""
    cut = write("cut.pdf", artefacts["form-a4"].content[:-400])
    assert qpdf.find_faults(cut)
    assert mutool.find_faults(cut, tmp_path)


def test_pdfsig_refuses_a_changed_file(write: Write, artefacts: dict[str, Artefact]) -> None:
    """One flipped bit breaks both signatures; something added afterwards is not covered."""
    copy = artefacts["copy-a4"].content
    flipped = poppler.read_signatures(write("flipped.pdf", _flip(copy, copy.index(b"%PDF") + 12)))
    assert len(flipped) == 2
    assert all(signature.verdict != "Signature is Valid." for signature in flipped)
    assert not poppler.read_signatures(write("longer.pdf", copy + b"% more\n"))[-1].whole


def test_pdfsig_gives_no_verdict_on_other_files(write: Write) -> None:
    """A file that is not a PDF is not reported as a PDF without signatures."""
    with pytest.raises(ValidatorError, match="no verdict"):
        poppler.read_signatures(write("text.pdf", b"not a PDF\n"))


@pytest.mark.parametrize("name", ["copy-a4", "copy-letter"])
def test_openssl_refuses_a_changed_file(name: str, artefacts: dict[str, Artefact]) -> None:
    """A flipped bit in the content, and one in the signature, are refused, with either kind of key."""
    artefact = artefacts[name]
    (_, delivery) = openssl_cms.read_ranges(artefact.content)
    for content, container in (
        (_flip(delivery.content, 100), delivery.container),
        (delivery.content, _flip(delivery.container, len(delivery.container) - 1)),
    ):
        changed = openssl_cms.SignedRange(content=content, container=container, end=delivery.end)
        assert openssl_cms.verify(changed, artefact.certificate, at=int(NOW.timestamp()))


def test_openssl_refuses_other_anchors(artefacts: dict[str, Artefact], identities: dict[str, Identity]) -> None:
    """A signer who is not the anchor is refused, and so is the right one when the certificate has expired."""
    (_, delivery) = openssl_cms.read_ranges(artefacts["copy-a4"].content)
    assert openssl_cms.verify(delivery, dump_certificate(identities["letter"]), at=int(NOW.timestamp()))
    (said, *_) = [
        line
        for line in openssl_cms.verify(delivery, artefacts["copy-a4"].certificate, at=int(NOW.timestamp()) + 2**29)
        if "expired" in line
    ]
    assert said


def test_nu_html_checker_refuses(write: Write) -> None:
    """It finds an unclosed element, warns of a missing language, and knows no made-up property."""
    page = write("bad.html", b"<!DOCTYPE html><html><title>x</title><p><div>a</p></html>")
    style = write("bad.css", b"p { colr: red }\n")
    messages = vnu.validate([page, style])
    assert {(message.path, message.kind) for message in messages} == {(page, "error"), (page, "info"), (style, "error")}


def test_nu_html_checker_gives_no_verdict_on_missing_files(tmp_path: Path) -> None:
    """A file that does not exist does not pass."""
    with pytest.raises(ValidatorError, match="not read"):
        vnu.validate([tmp_path / "nothing.html"])


def test_chromium_and_axe_refuse(write: Write, tmp_path: Path) -> None:
    """A bad page is refused on every count, in every window."""
    write("page.css", _BAD_STYLE)
    visit = browser.visit(write("page.html", _BAD_PAGE).parent, tmp_path)
    for view in visit.views:
        assert {"color-contrast", "html-has-lang"} <= {finding.rule for finding in view.violations}
        assert any("Content Security Policy" in complaint for complaint in view.complaints)
        assert view.broken_links == ("#nowhere",)
    narrow = [view for view in visit.views if view.name.startswith("narrow")]
    assert all(view.overflow > 0 and "div#wide" in view.outside for view in narrow)
    assert any("tracker.png" in found for view in visit.views for found in (*view.complaints, *view.requests))
    assert all(min(found.contrast.values()) < 3 for found in visit.prints)
