"""The manifest of a batch: one line for each issued copy, appended and synced, and the order.

A copy is written before it is listed. So an interrupted batch may leave files that are not listed (the next run
recognises and lists them), but never a line without its file.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .._files import write_whole
from .._sync import sync_file, sync_folder
from .._time import format_iso, parse_moment
from ..errors import DestinationExistsError, MissingExtraError, RecordError, UsageError
from ..sheets.rows import Planned
from .results import IssuedRow

try:
    from filelock import FileLock, Timeout
except ImportError:
    raise MissingExtraError("pdf", "filelock") from None

NAME = "manifest.jsonl"
_KEYS = {"reference", "file", "digest", "size", "issued_at"}


@contextlib.contextmanager
def open_manifest(path: Path, facts: dict[str, Any], *, resume: bool) -> "Iterator[Manifest]":
    """Open the manifest of a batch, for one process at a time.

    Args:
        path: its file. What was ordered is kept beside it, as `*.batch.json`.
        facts: the order; "begun_at" is that of the first run.
        resume: whether to continue a batch that was begun.

    Raises:
        DestinationExistsError: a batch was begun there, and `resume` is not set.
        UsageError: a different batch was begun there, or another process is working on it.
        RecordError: the manifest is damaged.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(f"another process is working on the batch of {path}; wait for it") from None
    manifest = None
    try:
        manifest = Manifest(path, facts, resume=resume)
        yield manifest
    finally:
        if manifest is not None:
            manifest.close()
        lock.release()


def read_begun(path: Path) -> dict[str, Any] | None:
    """Read the order of a batch that was begun; None if there is none.

    Raises:
        RecordError: it cannot be read.
    """
    place = _facts_path(path)
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        parse_moment(found["begun_at"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, UsageError):
        raise RecordError(f"{place} does not say what was ordered; it was changed") from None
    return dict(found)


class Manifest:
    """The manifest of a batch, open for appending.

    Attributes:
        path: its file.
        references: of the copies that are listed.
    """

    def __init__(self, path: Path, facts: dict[str, Any], *, resume: bool) -> None:
        self.path = path
        begun = read_begun(path)
        if not resume and (begun is not None or path.exists()):
            words = f"a batch was begun in {path.parent} before; name another place, or continue that batch"
            raise DestinationExistsError(words, argument="resume")
        if begun is None:
            if path.exists():
                raise RecordError(f"{path} exists without {_facts_path(path).name}, which says what was ordered")
            write_whole(_facts_path(path), (json.dumps(facts, indent=2) + "\n").encode("ascii"))
        else:
            _require_same(path, begun, facts)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        try:
            self.references = self._recover()
        except BaseException:
            self.close()
            raise
        sync_folder(path.parent)

    def append(self, copies: Sequence[IssuedRow]) -> None:
        """List copies, durably.

        Raises:
            OSError: they could not be written; then none of them is listed.
        """
        lines = b"".join(write_line(copy) for copy in copies)
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            sync_file(self._descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, end)
            raise OSError(error.errno, error.strerror, str(self.path)) from error
        self.references.update(copy.reference for copy in copies)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Read the lines, one after the other."""
        yield from read_lines(self.path)

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def _recover(self) -> set[str]:
        """Read which copies are listed, and cut off a last line that was not written to its end."""
        with self.path.open("rb") as file:
            whole = 0
            found: set[str] = set()
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    os.ftruncate(self._descriptor, whole)
                    sync_file(self._descriptor)
                    break
                whole += len(line)
                reference = _read_line(line, self.path, number)["reference"]
                if reference in found:
                    raise RecordError(f"{self.path}: line {number} lists {reference!r} for the second time")
                found.add(reference)
        return found


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the lines of a manifest, one after the other.

    Raises:
        RecordError: one is not a manifest entry.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            yield _read_line(line, path, number)


def write_line(copy: IssuedRow, *, file: str | None = None) -> bytes:
    """Write the line of a copy, under the name of its file."""
    facts = {
        "reference": copy.reference,
        "file": file or copy.file,
        "digest": copy.digest,
        "size": copy.size,
        "issued_at": format_iso(copy.issued_at),
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_copy(line: dict[str, Any], row: "Planned") -> IssuedRow:
    """Read a line back as the copy of its row."""
    return IssuedRow(
        number=row.number,
        recipient=row.recipient,
        reference=row.reference,
        issued_at=parse_moment(line["issued_at"]),
        digest=line["digest"],
        size=line["size"],
        file=line["file"],
    )


def _read_line(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        facts = json.loads(line)
        if not isinstance(facts, dict) or set(facts) != _KEYS:
            raise ValueError
    except ValueError:
        raise RecordError(f"{path}: line {number} is not a manifest entry; the file was changed") from None
    return facts


def _facts_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}.batch.json")


def _require_same(path: Path, begun: dict[str, Any], facts: dict[str, Any]) -> None:
    for key in sorted(begun.keys() | facts.keys()):
        if key != "begun_at" and begun.get(key) != facts.get(key):
            raise UsageError(
                f"the batch in {path.parent} was begun with another {key.replace('_', ' ')} "
                f"({begun.get(key)}, now {facts.get(key)}); give the same again, or name another place"
            )
