"""What others' validators say about a copy of each level, and about a renewed one. docs/validators.md explains it."""

from pathlib import Path

import pytest

from tests.attacks import update
from tests.attacks.saving import annotate

from . import dss, mutool, openssl_cms, openssl_ts, poppler, qpdf, verapdf
from .levels import LATER, NAMES, NOW, RENEWED, LevelCopy, Levels

# What EU DSS remarks, each with the reason why it is right to leave it so (docs/validators.md).
EXPLAINED = {
    "BBB_XCV_AIA_PRES_ANS",  # the certificates of the test do not say where their issuers' can be had
    "BBB_FC_ISVAFMDPD_ANS",  # the field of an archive timestamp is a new field, after a lock on all
    "BBB_FC_ISVASFLD_ANS",  # the same, as the lock on the field says it
}


@pytest.fixture(scope="session")
def reports(levels: Levels) -> dict[Path, tuple[dss.Signature, ...]]:
    """EU DSS's verdicts on all copies, made in one go, with our roots trusted.

    Only where a copy carries no validation data may it ask the authority.
    """
    jobs = [dss.Job(path=copy.path, at=copy.at, online=name in ("B-B", "B-T")) for name, copy in levels.copies.items()]
    return dss.validate(jobs, [levels.root, levels.tsa_root])


@pytest.mark.parametrize("name", NAMES)
def test_eu_dss_passes_at_the_level_we_claim(
    name: str, levels: Levels, reports: dict[Path, tuple[dss.Signature, ...]]
) -> None:
    """Both signatures are TOTAL_PASSED, at the level and the proven time of our own verdict."""
    copy = levels.copies[name]
    publisher, delivery = reports[copy.path]
    assert (publisher.field, delivery.field) == ("Publisher", "Delivery")
    assert copy.verdict.level == ("B-LTA" if name == RENEWED else name)
    for theirs, ours in ((publisher, copy.verdict.publisher), (delivery, copy.verdict.delivery)):
        assert (theirs.indication, theirs.reason, theirs.errors, theirs.breaks) == ("TOTAL_PASSED", "", (), ())
        assert theirs.level == f"PAdES-BASELINE-{ours.level.removeprefix('B-')}"
        # Without a timestamp DSS knows no earlier proof than the moment of validation.
        assert theirs.best_time == (ours.proven_at or copy.at)
        assert set(theirs.warnings) <= EXPLAINED
        assert set(theirs.timestamps) <= {"PASSED"}
    assert len(delivery.timestamps) == (delivery.level != "PAdES-BASELINE-B") + len(copy.verdict.timestamps)


@pytest.mark.parametrize("name", NAMES)
def test_eu_dss_reads_what_was_added_as_permitted(
    name: str, levels: Levels, reports: dict[Path, tuple[dss.Signature, ...]]
) -> None:
    """Certification permits filling in and a second signature, and DSS finds nothing else that was done."""
    publisher, delivery = reports[levels.copies[name].path]
    assert publisher.permissions == "MINIMAL_CHANGES_PERMITTED"
    assert "SignatureOrFormFill" in publisher.changes
    assert publisher.changes <= {"ExtensionChange", "SignatureOrFormFill"}
    assert delivery.changes <= {"ExtensionChange"}
    assert not {warning for warning in publisher.warnings if "MDP" in warning}
    locked = {warning for warning in delivery.warnings if warning in ("BBB_FC_ISVAFMDPD_ANS", "BBB_FC_ISVASFLD_ANS")}
    assert bool(locked) == (name in ("B-LTA", RENEWED))


@pytest.fixture(scope="module")
def verdicts(levels: Levels) -> dict[tuple[Path, str], verapdf.Verdict]:
    """veraPDF's verdicts, made in one go."""
    return verapdf.validate_by_profile([each.path for each in levels.copies.values()])


@pytest.mark.parametrize("profile", verapdf.PROFILES, ids=lambda profile: profile.flavour)
@pytest.mark.parametrize("name", NAMES)
def test_verapdf_finds_no_failed_rule(
    name: str, profile: verapdf.Profile, levels: Levels, verdicts: dict[tuple[Path, str], verapdf.Verdict]
) -> None:
    """Timestamps, validation data and renewal leave a copy PDF/A-4f, PDF/UA-2 and WTPDF 1.0."""
    verdict = verdicts[levels.copies[name].path, profile.flavour]
    assert verdict.compliant, verapdf.describe(verdict)
    assert verdict.failed_rules == ()


@pytest.mark.parametrize("name", NAMES)
def test_qpdf_and_mupdf_find_no_fault(name: str, levels: Levels, tmp_path: Path) -> None:
    """Every level is sound in its syntax, and is drawn without a complaint."""
    path = levels.copies[name].path
    assert qpdf.find_faults(path) == ()
    assert mutool.find_faults(path, tmp_path) == ()


@pytest.mark.parametrize("name", NAMES)
def test_pdfsig_finds_the_signatures_valid(name: str, levels: Levels) -> None:
    """pdfsig calls both signatures valid; it knows no archive timestamps, but sees that the last one covers all."""
    copy = levels.copies[name]
    publisher, delivery, *stamps = poppler.read_signatures(copy.path)
    assert {signature.verdict for signature in (publisher, delivery)} == {"Signature is Valid."}
    assert [stamp.field for stamp in stamps] == [stamp.field for stamp in copy.verdict.timestamps]
    assert {stamp.kind for stamp in stamps} <= {"unknown"}
    covered = [signature.whole for signature in (publisher, delivery, *stamps)]
    # Validation data behind the last signature are covered by no one; ours sees to it that they are nothing else.
    assert covered == [False] * (len(covered) - 1) + [name != "B-LT"]


@pytest.mark.parametrize("name", NAMES)
def test_mupdf_finds_the_signatures_valid(name: str, levels: Levels) -> None:
    """MuPDF calls both signatures valid, and says where something follows; it reads no archive timestamps."""
    copy = levels.copies[name]
    said = [lines[-1] for lines in mutool.verify_signatures(copy.path)]
    last = "The document is unchanged since signing."
    edited = "The signature is valid but there have been edits since signing."
    assert said[:2] == [edited, last if name in ("B-B", "B-T") else edited]
    assert said[2:] == ["Signature is not signed."] * len(copy.verdict.timestamps)


def seconds(copy: LevelCopy) -> int:
    return int(copy.at.timestamp())


@pytest.mark.parametrize("name", NAMES)
def test_openssl_verifies_every_signature(name: str, levels: Levels) -> None:
    """OpenSSL leads both signers to the root alone, at the time of their signatures."""
    copy = levels.copies[name]
    for signed in openssl_cms.read_ranges(copy.path.read_bytes())[:2]:
        assert openssl_cms.verify(signed, levels.root_pem, at=int(NOW.timestamp())) == ()


@pytest.mark.parametrize("name", NAMES)
def test_openssl_verifies_every_timestamp(name: str, levels: Levels) -> None:
    """OpenSSL leads every timestamp to the authority's root: those of the signatures, and those of the archive."""
    copy = levels.copies[name]
    ranges = openssl_cms.read_ranges(copy.path.read_bytes())
    found = [openssl_ts.read_token(signed.container) for signed in ranges[:2]]
    tokens = [token for token in found if token is not None]
    assert len(tokens) == (0 if name == "B-B" else 2)
    tokens += [(signed.container, signed.content) for signed in ranges[2:]]
    assert len(tokens) == (name != "B-B") * 2 + len(copy.verdict.timestamps)
    for token, stamped in tokens:
        assert openssl_ts.verify(token, stamped, levels.tsa_root_pem, at=seconds(copy)) == ()
        assert openssl_ts.verify(token, stamped + b".", levels.tsa_root_pem, at=seconds(copy))
        assert openssl_ts.verify(token, stamped, levels.root_pem, at=seconds(copy))


def test_eu_dss_refuses(levels: Levels, tmp_path: Path) -> None:
    """DSS fails a changed byte, decides nothing without our roots, and sees when time has run out."""
    copy = levels.copies["B-LTA"].path
    changed = tmp_path / "changed.pdf"
    content = copy.read_bytes()
    place = content.rindex(b"/Reason") + 10
    changed.write_bytes(content[:place] + b"X" + content[place + 1 :])
    overlaid = tmp_path / "overlaid.pdf"
    overlaid.write_bytes(update(levels.copies["B-T"].path.read_bytes(), annotate))
    jobs = [dss.Job(path=path, at=NOW) for path in (changed, overlaid)]
    jobs.append(dss.Job(path=copy, at=LATER.replace(year=2034)))
    found = dss.validate(jobs, [levels.root, levels.tsa_root])
    assert "TOTAL_PASSED" not in {signature.indication for signature in found[changed][1:]}
    assert found[overlaid][1].indication != "TOTAL_PASSED"
    (untrusted,) = dss.validate([dss.Job(path=copy, at=NOW)], []).values()
    assert {signature.indication for signature in untrusted} == {"INDETERMINATE"}
    assert {signature.indication for signature in found[copy]} == {"INDETERMINATE"}
