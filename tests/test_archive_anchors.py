"""What anchors expose: an archive that was rewritten by somebody who has its storage, and even its key."""

import datetime
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.places import FIRST_COPY, VERSION, Place, clock, fake_copies, make_place
from mailmart_privacy.archive.anchors import Anchor, anchor, verify_anchors
from mailmart_privacy.archive.commits import write_commit
from mailmart_privacy.archive.evidence import gather_evidence, read_script
from mailmart_privacy.archive.layout import CHECKPOINT, LOG, name_commit
from mailmart_privacy.archive.proofs import read_proof, write_proof
from mailmart_privacy.archive.tlog.merkle import hash_leaves, hash_range
from mailmart_privacy.archive.tlog.notes import sign_checkpoint
from mailmart_privacy.archive.tlog.tiles import TreeFrontier
from mailmart_privacy.errors import ArchiveError, TamperedError

from .conftest import NOW
from .pki import Authority


@pytest.fixture
def place(tmp_path: Path, authority: Authority) -> Iterator[Place]:
    """An archive with two copies, an anchor over them, and a copy after it; its first checkpoint is kept beside it."""
    place = make_place(tmp_path / "place")
    (place.path / "older").write_bytes((place.root / CHECKPOINT).read_bytes())
    chance = random.Random(7)
    place.add(fake_copies(chance, 2))
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        anchor(session, timestamps=authority.client(), trust=authority.trust, at=NOW)
    place.add(fake_copies(chance, 1))
    return place


def judge(place: Place, authority: Authority) -> list[Anchor]:
    """Audit an archive, which finds nothing, and verify its anchors."""
    report = place.audit()
    report.require_sound()
    return verify_anchors(place.archive(), report.anchors, trust=authority.trust, at=NOW)


def rewrite(place: Place, old: bytes, new: bytes) -> None:
    """Replace words of entries, and sign the log again, as somebody would who has stolen the archive and its key."""
    archive = place.archive()
    keyring = place.keyring(archive)
    frontier, tiles = TreeFrontier(), list[tuple[str, bytes]]()
    for start, contents in list(archive.log.commits()):
        changed = [content.replace(old, new) for content in contents]
        (place.root / name_commit(start)).write_bytes(write_commit(keyring.log_key, keyring.origin, start, changed))
        tiles += frontier.append(changed, hash_leaves(changed))
    shutil.rmtree(place.root / LOG)
    for name, content in (*tiles, *frontier.partial()):
        path = place.root / LOG / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    root = hash_range(0, frontier.size, frontier.subtree)
    signed = sign_checkpoint(keyring.log_key, archive.metadata.origin, frontier.size, root)
    (place.root / CHECKPOINT).write_bytes(signed.note)


def test_an_anchor_holds_the_log(place: Place, authority: Authority) -> None:
    """The stamped state is the beginning of the log, also after the log has grown."""
    (found,) = judge(place, authority)
    assert (found.checkpoint.size, found.entry.number) == (FIRST_COPY + 2, FIRST_COPY + 2)


def test_an_anchor_exposes_who_has_the_key(place: Place, authority: Authority) -> None:
    """An entry before an anchor that was changed, and the log signed again, passes every check but that anchor."""
    rewrite(place, b'"level":"B-B"', b'"level":"B-T"')
    with pytest.raises(TamperedError, match=rf"stamped over other entries: those before no\. {FIRST_COPY + 2}"):
        judge(place, authority)
    (place.path / "verify_archive.py").write_bytes(read_script())
    command = [sys.executable, "-I", str(place.path / "verify_archive.py"), str(place.root)]
    result = subprocess.run(command, capture_output=True, check=False)
    assert (result.returncode, b"is of other entries than those that are here" in result.stdout) == (4, True)


def test_an_anchor_is_of_the_state_that_its_entry_names(place: Place, authority: Authority) -> None:
    """An entry that claims an anchor to cover more or less than was stamped is refused."""
    size = FIRST_COPY + 2
    rewrite(place, b'"size":%d' % size, b'"size":%d' % (size + 1))
    with pytest.raises(TamperedError, match="not stamped over a state of the log from before its own entry"):
        judge(place, authority)


def test_an_older_checkpoint_before_an_anchor(place: Place, authority: Authority) -> None:
    """An older checkpoint in place of the newer one looks like an interrupted writer; an anchor reveals it."""
    (place.root / CHECKPOINT).write_bytes((place.path / "older").read_bytes())
    with pytest.raises(TamperedError, match="an older one was put in its place"):
        judge(place, authority)


def test_what_is_not_published_has_no_proof_yet(place: Place) -> None:
    """An entry that an interrupted writer has committed but not published is not reported as damaged."""
    (place.root / CHECKPOINT).write_bytes((place.path / "older").read_bytes())
    archive = place.archive()
    for read in (lambda: archive.read_entry(FIRST_COPY), lambda: write_proof(archive, FIRST_COPY)):
        with pytest.raises(ArchiveError, match="not published yet") as caught:
            read()
        assert not isinstance(caught.value, TamperedError)


def test_proofs_need_no_tiles_of_older_states(place: Place, authority: Authority) -> None:
    """A proof to an anchored state is made from the tiles of the published one; others are not required to be kept."""
    (found,) = judge(place, authority)
    for path in (place.root / LOG / "tile").rglob(f"*.p/{FIRST_COPY + 2}"):
        path.unlink()
    judge(place, authority)
    archive = place.archive()
    proof = read_proof(write_proof(archive, FIRST_COPY, found.checkpoint), archive.keys.read_checkpoint)
    assert (proof.number, proof.checkpoint.size) == (FIRST_COPY, FIRST_COPY + 2)


def test_evidence_has_timestamps_that_still_hold(place: Place, authority: Authority) -> None:
    """Evidence has the first timestamp over an entry and, after that one has expired, the one that extends it."""
    later = datetime.datetime(2031, 6, 1, tzinfo=datetime.UTC)
    archive = place.archive()
    with authority.at(later), archive.writing(place.keyring(archive), lambda: later) as session:
        anchor(session, timestamps=authority.client("tsa-2040"), trust=authority.trust, at=later)
    found = archive.read_entry(FIRST_COPY)
    policy = archive.read_entry(1).entry.files
    for year, stamped in ((2028, [2026]), (2035, [2026, 2031])):
        at = datetime.datetime(year, 1, 1, tzinfo=datetime.UTC)
        anchors = verify_anchors(archive, place.audit().anchors, trust=authority.trust, at=max(at, later))
        files = gather_evidence(archive, found, found.entry.files[0], policy=policy, anchors=anchors, at=at)
        assert "archived before 2026-" in files["data/READ-ME-FIRST.html"].decode()
        held = [content for name, content in sorted(files.items()) if name.endswith(".checkpoint")]
        notes = {each.moment.year: each.checkpoint.note for each in anchors}
        assert set(held) == {notes[moment] for moment in stamped}


def test_evidence_holds_the_policy_as_it_was_archived(place: Place) -> None:
    """A policy text that was changed in the archive is not used as evidence."""
    archive = place.archive()
    found, policy = archive.read_entry(FIRST_COPY), archive.read_entry(1).entry.files
    text = place.root / "versions" / VERSION / "policy.txt"
    text.write_bytes(text.read_bytes() + b"x")
    with pytest.raises(TamperedError, match=r"policy\.txt was changed"):
        gather_evidence(archive, found, found.entry.files[0], policy=policy, anchors=(), at=NOW)
