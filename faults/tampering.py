"""Hands on an archive: every file removed, every file changed, and what is cleverer than that."""

import contextlib
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailmart_privacy.archive.layout import ANCHORS, CHECKPOINT, COMMITS, LOG
from mailmart_privacy.archive.lookup import recipient_of
from mailmart_privacy.archive.recipients import Recipient
from mailmart_privacy.archive.rotation import rotate_key
from mailmart_privacy.archive.tlog.tiles import list_partial
from mailmart_privacy.errors import PrivacyError

from .places import Place, clock, fake_copies, make_place, require_finished


@dataclass(frozen=True, slots=True)
class Grown:
    """An archive with a past.

    Attributes:
        place: where it is.
        checkpoints: all that were published, the oldest first: the number of entries, and the note.
    """

    place: Place
    checkpoints: list[tuple[int, bytes]]

    def files(self) -> dict[str, list[str]]:
        """List all files by their kinds."""
        kinds = defaultdict[str, list[str]](list)
        for path in sorted(self.place.root.rglob("*")):
            if path.is_file():
                name = str(path.relative_to(self.place.root))
                kinds[_kind(name)].append(name)
        return dict(kinds)

    def is_needed(self, name: str) -> bool:
        """Tell whether a file must be there: a partial tile of an older checkpoint need not."""
        newest = {f"{LOG}/{partial}" for partial, _ in list_partial(self.checkpoints[-1][0])}
        return _kind(name) != "partial tiles" or name in newest


def grow(path: Path, chance: random.Random, entries: int) -> Grown:
    """Make an archive with entries of all kinds, in commits of one and of many, published again and again."""
    place, checkpoints = make_place(path), list[tuple[int, bytes]]()

    def note() -> int:
        checkpoint = place.archive().checkpoint()
        checkpoints.append((checkpoint.size, checkpoint.note))
        return checkpoint.size

    forgotten = fake_copies(chance, 3, recipients=1)
    place.add(forgotten)
    _erase(place, forgotten[0].recipient)
    rotate_key(place.archive(), place.keys / "key.json", clock)
    _act(place, place.add(fake_copies(chance, 1))[0][0])
    size = note()
    while size < entries:
        many = min(entries - size, chance.choice([1, 30, 60]))
        place.add(*[fake_copies(chance, 1, recipients=60) for _ in range(many)])
        place.add(fake_copies(chance, min(20, max(1, entries - size - many)), recipients=60))
        size = note()
        if chance.random() < 0.3 or size >= entries:
            _anchor(place, size, chance)
    note()
    require_finished(place)
    return Grown(place, checkpoints)


def read_verdict(place: Place) -> str:
    """Say what an audit finds, in as many lines; anything but a clear word is an error of the audit."""
    try:
        report = place.audit()
        report.require_sound()
    except PrivacyError as error:
        return str(error)
    return ""


def harm_each(grown: Grown, names: Sequence[str], chance: random.Random) -> Counter[str]:
    """Remove files, and change one byte of each, one after the other; require that each harm is reported.

    Args:
        grown: the archive; it is as before when this returns.
        names: of the files.
        chance: says which byte, and into what.

    Returns:
        How many harms there were of each kind; those that need no report are counted apart.
    """
    tally = Counter[str]()
    for name in names:
        path = grown.place.root / name
        with _restored(path) as content:
            path.unlink()
            verdict = read_verdict(grown.place)
            assert bool(verdict) == grown.is_needed(name), f"{name} was removed: {verdict or 'no word'}"
            tally["removed" if verdict else "removed, and not needed"] += 1
            tally["removed and named"] += name in verdict
            at = chance.randrange(len(content))
            other = content[at] ^ chance.randrange(1, 256)
            path.write_bytes(content[:at] + bytes([other]) + content[at + 1 :])
            verdict = read_verdict(grown.place)
            assert verdict, f"{name} was changed at {at} from {content[at]} to {other}: no word"
            tally["changed"] += 1
            tally["changed and named"] += name in verdict
    assert not read_verdict(grown.place), "it is not as before"
    return tally


Harm = Callable[[Grown, random.Random, str], None]


def shorten(grown: Grown, chance: random.Random, name: str) -> None:
    """Cut the last bytes off a file."""
    path = grown.place.root / name
    os.truncate(path, chance.randrange(path.stat().st_size))


def lengthen(grown: Grown, chance: random.Random, name: str) -> None:
    """Append to a file."""
    with open(grown.place.root / name, "ab") as file:
        file.write(chance.randbytes(chance.randrange(1, 40)))


def empty(grown: Grown, chance: random.Random, name: str) -> None:
    """Leave a file of no bytes, as some file systems do after a loss of power."""
    os.truncate(grown.place.root / name, 0)


def link_out(grown: Grown, chance: random.Random, name: str) -> None:
    """Move a file out, and leave a link to it: all that is read is right."""
    path, outside = grown.place.root / name, grown.place.path / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def swap(grown: Grown, chance: random.Random, name: str) -> None:
    """Rename two files of one kind onto each other."""
    others = [each for each in grown.files()[_kind(name)] if each != name]
    path, other = grown.place.root / name, grown.place.root / chance.choice(others)
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


HARMS: tuple[Harm, ...] = (shorten, lengthen, empty, link_out)


def folders(place: Place) -> list[str]:
    """List all folders of an archive, but for the writers' own."""
    found = [path for path in place.root.rglob("*") if path.is_dir() and path.name != "incoming"]
    return ["", *sorted(str(path.relative_to(place.root)) for path in found)]


def cut(grown: Grown) -> tuple[int, int]:
    """Cut an archive back to an older checkpoint, leaving no trace within: commits, copies and tiles go.

    Returns:
        How many entries it had, and has.
    """
    place, (size, _) = grown.place, grown.checkpoints[-1]
    # The oldest one whose partial tiles are there yet, and whose last commit is whole.
    older, note = next(each for each in grown.checkpoints if each[0] < size and each[0] // 256 == size // 256)
    archive = place.archive()
    for numbered in list(archive.entries()):
        if numbered.number >= older:
            for file in numbered.entry.files:
                (place.root / file.name).unlink(missing_ok=True)
    for start, _ in list(archive.log.commits()):
        if start >= older:
            (place.root / f"{COMMITS}/{start // 10_000:08}/{start:012}.jsonl").unlink()
    kept = {name for name, _ in list_partial(older)} | {full for _, full in list_partial(older)}
    for name in grown.files()["partial tiles"]:
        if name.removeprefix(f"{LOG}/") not in kept:
            (place.root / name).unlink()
    (place.root / CHECKPOINT).write_bytes(note)
    return size, older


def _anchor(place: Place, size: int, chance: random.Random) -> None:
    archive = place.archive()
    with archive.writing(place.keyring(archive), clock) as session:
        session.add_anchor(size, [(f"{ANCHORS}/{size}.{kind}", chance.randbytes(200)) for kind in ("note", "tsr")])


def _act(place: Place, number: int) -> None:
    """Hold the customer of a copy, and withdraw the copy."""
    archive = place.archive()
    keyring = place.keyring(archive)
    recipient = recipient_of(archive, keyring.names_key, archive.read_entry(number))
    with archive.writing(keyring, clock) as session:
        session.add_act("hold", recipient=recipient, about=number)
        session.add_act("withdrawn", recipient=recipient, about=number)


def _erase(place: Place, name: str) -> None:
    archive = place.archive()
    keyring = place.keyring(archive)
    recipient = archive.find_recipient(keyring.names_key, name)
    assert isinstance(recipient, Recipient)
    with archive.writing(keyring, clock) as session:
        session.erase(recipient)


def _kind(name: str) -> str:
    if not name.startswith(f"{LOG}/"):
        return name.partition("/")[0]
    if name == CHECKPOINT:
        return "checkpoint"
    if ".p/" in name:
        return "partial tiles"
    return "bundles" if "/entries/" in name else "tiles"


@contextlib.contextmanager
def _restored(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    try:
        yield content
    finally:
        path.write_bytes(content)
