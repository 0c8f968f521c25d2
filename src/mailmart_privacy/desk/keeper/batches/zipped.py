"""The copies of a batch in one ZIP file, written as they are archived: no file of their own is made, synced and read
again.

The archive has every copy that is in the ZIP file, so nothing is synced before its end. What a process that was killed
leaves of it is thrown away; the next one begins with what the archive has (see `Archiving.restore`).
"""

import contextlib
import datetime
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from ...._sync import sync_file, sync_folder


class ZippedCopies:
    """A place for copies; see `Destination`. It cannot be sent to another process.

    Args:
        stream: the ZIP file, open to be written and read.
        packed: the same, as a ZIP file.
        moment: what its entries are dated (aware).
    """

    def __init__(self, stream: IO[bytes], packed: zipfile.ZipFile, moment: datetime.datetime) -> None:
        self._stream, self._packed = stream, packed
        self._date = moment.astimezone(datetime.UTC).timetuple()[:6]
        self._places: dict[str, tuple[int, int]] = {}

    def put(
        self, files: Iterable[tuple[str, bytes]], *, head: bytes = b"", ready: Callable[[], None] = lambda: None
    ) -> list[bool]:
        """Add files; see `Destination.put`."""
        ready()
        return [self._add(name, head + content) for name, content in files]

    def read(self, name: str) -> bytes | None:
        """Read a file; None if it does not exist."""
        if name not in self._places:
            return None
        self._stream.flush()
        return os.pread(self._stream.fileno(), *self._places[name])

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has; None if it does not exist."""
        return self._places[name][0] if name in self._places else None

    def measure_free(self) -> int | None:
        """Tell how many bytes there is room for."""
        return shutil.disk_usage(self._stream.fileno()).free

    def _add(self, name: str, content: bytes) -> bool:
        if name in self._places:
            return False
        self._packed.writestr(zipfile.ZipInfo(name, self._date), content)
        self._places[name] = len(content), self._stream.tell() - len(content)
        return True


@contextlib.contextmanager
def zip_copies(path: Path, moment: datetime.datetime) -> Iterator[ZippedCopies]:
    """Open a ZIP file for copies; it is in its place when all went well, and else not at all.

    It is written under one name beside its place, so that the next process writes over what a killed one has left.

    Args:
        path: its place; one process at a time writes it.
        moment: what its entries are dated (aware).
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as stream:
            with zipfile.ZipFile(stream, "w") as packed:
                yield ZippedCopies(stream, packed, moment)
            stream.flush()
            sync_file(stream.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
