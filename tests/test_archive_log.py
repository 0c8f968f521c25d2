"""The log: its tree against RFC 6962 spelt out, its notes, its tiles, its proofs; and what each of them refuses."""

import base64
import datetime
import json
import random
from collections.abc import Callable
from hashlib import sha256

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from mailmart_privacy.archive.entries import Entry, File, read_entry, write_entry
from mailmart_privacy.archive.tlog import merkle, notes, tiles
from mailmart_privacy.errors import TamperedError

SIZES = (*range(1, 40), 255, 256, 257, 511, 512, 513, 700)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as it is written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_subtree(leaves: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda height, number: naive_root(leaves[number << height : (number + 1) << height])


def make_leaves(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def write_tiles(leaves: list[bytes]) -> tuple[tiles.TreeFrontier, dict[str, bytes]]:
    """All tiles of a tree."""
    frontier, files = tiles.TreeFrontier(), dict[str, bytes]()
    for start in range(0, len(leaves), 600):  # tiles begin and end within commits, and are within them
        some = leaves[start : start + 600]
        files.update(frontier.append(some, merkle.hash_leaves(some)))
    files.update(frontier.partial())
    return frontier, files


@pytest.mark.parametrize("size", [0, *SIZES])
def test_the_tree_is_that_of_rfc_6962(size: int) -> None:
    """The roots from the growing frontier and from the tiles equal the root by the RFC's own definition."""
    leaves = make_leaves(size)
    frontier, files = write_tiles(leaves)
    expected = naive_root(leaves)
    assert merkle.hash_range(0, size, frontier.subtree) == expected
    read = tiles.Tiles(size, files.get)
    assert merkle.hash_range(0, size, read.subtree) == expected
    again = tiles.TreeFrontier.read(read)
    assert merkle.hash_range(0, size, again.subtree) == expected
    assert dict(again.partial()) == dict(frontier.partial())
    assert [read.entry(number) for number in range(size)] == leaves


def test_a_large_tree_has_the_tiles_that_the_standard_names() -> None:
    """The example of C2SP tlog-tiles: 70,000 entries."""
    _, files = write_tiles(make_leaves(70_000))
    names = [name for name in files if not name.startswith("tile/entries/")]
    assert sum(name.startswith("tile/0/") and ".p/" not in name for name in names) == 273
    assert {name for name in names if ".p/" in name} == {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert sum(name.startswith("tile/1/") and ".p/" not in name for name in names) == 1
    assert tiles.name_tile(0, 1234067) == "tile/0/x001/x234/067"


@pytest.mark.parametrize("tile", [(None, 0, 256), (0, 999, 1), (1, 1000, 255), (63, 1234067, 256), (None, 10**9, 7)])
def test_a_tile_has_one_name(tile: tuple[int | None, int, int]) -> None:
    """The name of a tile is read as it is written."""
    assert tiles.parse_tile(tiles.name_tile(*tile)) == tile


@pytest.mark.parametrize(
    "name",
    [
        *("tile/0/000.p/256", "tile/0/000.p/0", "tile/0/000.p/05", "tile/0/x000/001", "tile/0/001/000", "tile/0/1000"),
        *("tile/00/000", "tile/-1/000", "tile/entries/x1/000", "tile/0/x001", "tile/0/000.p", "tile/0/000\n", "0/000"),
    ],
)
def test_what_is_no_name_of_a_tile(name: str) -> None:
    """Another spelling of a tile's name is not one."""
    assert tiles.parse_tile(name) is None


@pytest.mark.parametrize("size", SIZES)
def test_proofs_hold_and_others_do_not(size: int) -> None:
    """Proofs of inclusion and of consistency lead to the root; any other hash, number or size does not."""
    leaves = make_leaves(size)
    root, subtree = naive_root(leaves), naive_subtree(leaves)
    chance = random.Random(size)
    for index in {0, size - 1, chance.randrange(size)}:
        path = merkle.prove_inclusion(index, size, subtree)
        leaf = merkle.hash_leaf(leaves[index])
        assert merkle.root_of_inclusion(index, size, leaf, path) == root
        for wrong in _change(path):
            with pytest.raises(ValueError, match="hashes") if len(wrong) != len(path) else _differs(root):
                assert merkle.root_of_inclusion(index, size, leaf, wrong) == root
    old = chance.randint(1, size)
    path = merkle.prove_consistency(old, size, subtree)
    before = naive_root(leaves[:old])
    assert merkle.is_consistent(old, size, before, root, path)
    assert not merkle.is_consistent(old, size, root if old != size else b"\0" * 32, root, path)
    for wrong in _change(path):
        assert not merkle.is_consistent(old, size, before, root, wrong)


def _change(path: list[bytes]) -> list[list[bytes]]:
    changed = [[*path[:i], bytes(32), *path[i + 1 :]] for i in range(len(path))]
    return [*changed, path[:-1], [*path, bytes(32)]] if path else [[bytes(32)]]


def _differs(root: bytes) -> "pytest.RaisesExc[AssertionError]":
    return pytest.raises(AssertionError)


def test_a_note_is_the_one_of_the_standard() -> None:
    """The key and the signed note that C2SP signed-note shows are read as it says."""
    note = (
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
        "— quasimodo.example/salvatore "
        "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    ).encode()
    text, ((name, raw),) = notes._split(note)
    assert text.endswith("ed è subito sera.\n".encode())
    assert (name, len(raw)) == ("quasimodo.example/salvatore", 68)


def test_checkpoints_are_held_to_their_key() -> None:
    """A checkpoint is read with its own log's key; with another, of another log, or changed, it is refused."""
    key = Ed25519PrivateKey.generate()
    made = notes.sign_checkpoint(key, "example.com/log", 7, bytes(32))
    public = notes.log_key(key, "example.com/log")
    assert notes.parse_key(str(public)) == public
    assert notes.read_checkpoint(made.note, public) == made
    for wrong in (
        notes.log_key(Ed25519PrivateKey.generate(), "example.com/log"),
        notes.log_key(key, "example.com/other"),
    ):
        with pytest.raises(TamperedError):
            notes.read_checkpoint(made.note, wrong)
    for at in range(len(made.note)):
        changed = made.note[:at] + bytes([made.note[at] ^ 1]) + made.note[at + 1 :]
        with pytest.raises(TamperedError):
            notes.read_checkpoint(changed, public)


def test_cosignatures_carry_their_time() -> None:
    """A witness's signature counts with its time, and not for another text, time or witness."""
    log, witness = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made = notes.sign_checkpoint(log, "example.com/log", 7, bytes(32))
    text = made.note.partition(b"\n\n")[0] + b"\n"
    public = notes.NoteKey("witness.example", 4, witness.public_key().public_bytes_raw())
    moment = 1_700_000_000

    def sign(time: int, signed: int) -> bytes:
        signature = witness.sign(b"cosignature/v1\ntime %d\n" % signed + text)
        raw = public.id + time.to_bytes(8) + signature
        return made.note + f"— witness.example {base64.b64encode(raw).decode()}\n".encode()

    (found,) = notes.read_cosignatures(sign(moment, moment), (public,))
    assert found.moment == datetime.datetime.fromtimestamp(moment, datetime.UTC)
    assert notes.read_cosignatures(sign(moment, moment + 1), (public,)) == []
    assert notes.read_cosignatures(made.note, (public,)) == []
    assert notes.read_cosignatures(sign(2**62, 2**62), (public,)) == [], "a time that no calendar has"
    assert notes.read_checkpoint(sign(moment, moment), notes.log_key(log, "example.com/log")).size == 7


@pytest.mark.parametrize(
    "text", ["", "a", "a+b", "a+00000000+AQ==", "log+0+", "log+00000000+", "a b+00000000+AAAA", "x" * 5000]
)
def test_what_is_no_key(text: str) -> None:
    """What is not a key of a log is refused as such, also where it has no bytes at all."""
    with pytest.raises(ValueError):  # noqa: PT011 - whichever: callers tell their own words
        notes.parse_key(text)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_as_a_checkpoint(content: bytes) -> None:
    """Any file is either a checkpoint or refused."""
    public = notes.log_key(Ed25519PrivateKey.generate(), "example.com/log")
    with pytest.raises(TamperedError):
        notes.read_checkpoint(content, public)


MOMENTS = st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(datetime.UTC))
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@settings(max_examples=200)
@given(TEXTS, st.integers(0, 2**40), MOMENTS, st.none() | TEXTS)
def test_entries_are_spelt_as_rfc_8785_says(text: str, size: int, moment: datetime.datetime, level: str | None) -> None:
    """An entry is read back unchanged, and is written as the RFC 8785 library writes it."""
    file = File(name=text, digest="0" * 64, size=size)
    entry = Entry(kind="customer-copy", files=(file,), recorded_at=moment, issued_at=moment, version=text, level=level)
    content = write_entry(entry)
    assert read_entry(content) == entry
    assert content == rfc8785.dumps(json.loads(content))
    assert b"\n" not in content


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner)).map(json.dumps))
def test_any_bytes_as_an_entry(content: bytes | str) -> None:
    """Any line of the log is either an entry or refused."""
    with pytest.raises(TamperedError):
        read_entry(content if isinstance(content, bytes) else content.encode())


def test_signatures_of_kinds_that_are_not_known_are_ignored() -> None:
    """A checkpoint may carry lines of other keys, an ML-DSA-44 cosignature for instance (C2SP tlog-checkpoint)."""
    key = Ed25519PrivateKey.generate()
    made = notes.sign_checkpoint(key, "mailmart-privacy/archive/1", 3, sha256(b"root").digest())
    ml_dsa_44 = base64.b64encode(b"\x01\x02\x03\x04" + random.Random(1).randbytes(8 + 2420)).decode()
    public = notes.log_key(key, made.origin)
    for more in (f"\u2014 witness.example/w1 {ml_dsa_44}\n", f"\u2014 {made.origin} {ml_dsa_44}\n"):
        for note in (made.note + more.encode(), made.note.replace(b"\n\n", f"\n\n{more}".encode())):
            read = notes.read_checkpoint(note, public)
            assert (read.size, read.root) == (3, made.root)
            assert notes.read_cosignatures(note, (notes.NoteKey("witness.example/w1", 4, b"\0" * 32),)) == []
