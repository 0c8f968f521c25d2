"""Copies in one ZIP file, written as they come; nothing is collected on the disk or in memory."""

import contextlib
import datetime
import itertools
import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from .manifest import NAME, read_copy, write_line
from .results import IssuedRow

if TYPE_CHECKING:
    from ..sheets.rows import Planned


@contextlib.contextmanager
def open_sink(stream: IO[bytes], moment: datetime.datetime, *, seekable: bool) -> "Iterator[ZipSink]":
    """Open a ZIP file to be written; if something is raised within, it is not finished. Arguments: see `ZipSink`."""
    sink = ZipSink(stream, moment, seekable=seekable)
    try:
        yield sink
    except BaseException:
        sink.abandon()
        raise


def read_zip(stream: IO[bytes], plan: "Sequence[Planned]", count: int) -> "Iterator[list[IssuedRow]]":
    """Read the copies of a finished ZIP file, some at a time.

    Args:
        stream: the file, open to be read.
        plan: the rows that it was made for.
        count: how many copies at a time.
    """
    rows = {row.reference: row for row in plan}
    with zipfile.ZipFile(stream) as packed, packed.open(NAME) as listed:
        lines = (json.loads(line) for line in listed)
        while some := list(itertools.islice(lines, count)):
            yield [replace(read_copy(each, rows[each["reference"]]), pdf=packed.read(each["file"])) for each in some]


class _Forward:
    """A stream that can only be written: some streams claim to be seekable, but are not."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.write, self.flush = stream.write, stream.flush


class ZipSink:
    """A ZIP file that is being written.

    In a file, copies are stored as they are: most of their bytes are packed already. In a pipe they are packed,
    for readers of a pipe cannot tell where an entry ends that is not.

    Args:
        stream: where it goes.
        moment: what its manifest is dated (aware).
        seekable: whether it is a file.
    """

    def __init__(self, stream: IO[bytes], moment: datetime.datetime, *, seekable: bool) -> None:
        self._forward: Any = None

        if seekable:
            self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)
        else:
            self._forward = _Forward(stream)
            self._zip = zipfile.ZipFile(self._forward, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        # The list may be long, and comes last.
        self._lines = tempfile.SpooledTemporaryFile(max_size=2**20)  # noqa: SIM115 - closed when all is written
        self._moment = moment

    def add(self, copy: IssuedRow, name: str) -> None:
        """Add a copy."""
        assert copy.pdf is not None, "a copy for a ZIP file is handed back, not put into a place"
        self._write(name, copy.issued_at, copy.pdf)
        self._lines.write(write_line(copy, file=name))

    def abandon(self) -> None:
        """Let go of a file that cannot be finished; nothing more is written to a pipe, so that it is not whole."""
        self._lines.close()
        if self._forward is not None:
            self._forward.write, self._forward.flush = len, lambda: None
        with contextlib.suppress(OSError):
            self._zip.close()

    def finish(self) -> None:
        """Add the manifest, and end the file."""
        with self._lines:
            self._lines.seek(0)
            self._write(NAME, self._moment, self._lines.read())
        self._zip.close()

    def _write(self, name: str, moment: datetime.datetime, content: bytes) -> None:
        info = zipfile.ZipInfo(name, moment.astimezone(datetime.UTC).timetuple()[:6])
        info.external_attr = 0o644 << 16
        info.compress_type = self._zip.compression
        self._zip.writestr(info, content, compresslevel=self._zip.compresslevel)
