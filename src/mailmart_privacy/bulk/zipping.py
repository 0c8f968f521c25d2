"""Copies in one ZIP file, written as they come: nothing of it waits on the disk or in memory."""

import datetime
import zipfile
from typing import IO

from .manifest import NAME, write_line
from .results import IssuedCopy


class ZipSink:
    """A ZIP file under way, its copies stored as they are: most of their bytes are packed already.

    Args:
        stream: where it goes; it need not be seekable.
        moment: what its manifest is dated (aware).
    """

    def __init__(self, stream: IO[bytes], moment: datetime.datetime) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)
        self._lines: list[bytes] = []
        self._moment = moment

    def add(self, copy: IssuedCopy, name: str) -> None:
        """Add a copy."""
        assert copy.pdf is not None, "a copy for a ZIP file is handed back, not put into a place"
        self._write(name, copy.issued_at, copy.pdf)
        self._lines.append(write_line(copy, file=name))

    def finish(self) -> None:
        """Add the manifest, and end the file."""
        self._write(NAME, self._moment, b"".join(self._lines))
        self._zip.close()

    def _write(self, name: str, moment: datetime.datetime, content: bytes) -> None:
        info = zipfile.ZipInfo(name, moment.astimezone(datetime.UTC).timetuple()[:6])
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, content)
