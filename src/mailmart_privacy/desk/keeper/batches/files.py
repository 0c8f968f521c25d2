"""Giving out the files of a batch, part by part."""

from pathlib import Path
from typing import TYPE_CHECKING

from ...._files import make_folder, write_whole
from ....archive.recipients import Details
from ....batch.manifest import read_lines
from ...batch_calls import Chunk, ReadBatchFile
from ...checker.sheet_calls import MarkSheet
from ...messages import RefusedError
from .folder import COPIES, MANIFEST, Batch, BatchFolder, open_batch
from .packing import pack_batch
from .reading import ask_checker
from .zipped import zip_copies

if TYPE_CHECKING:
    from ..desk import Desk

_PART = 4 * 2**20
_MADE = (COPIES, "issued.xlsx", "drafts.zip", MANIFEST)  # when the batch is done
_MARKED = "marked.xlsx"


def read_file(desk: "Desk", call: ReadBatchFile) -> Chunk:
    """Give a part of a file of a batch.

    Raises:
        RefusedError: there is no such file, or not yet.
    """
    folder, batch = open_batch(desk, call.actor, call.batch)
    path = folder.path / call.name
    if call.name == _MARKED and batch.choice is not None:
        if call.offset <= 0 or not path.is_file():  # made once for all of its parts
            make_folder(folder.path, mode=0o700)
            write_whole(path, _mark(desk, folder, batch), force=True, mode=0o600)
        return _read_part(path, call.offset)
    if call.name in _MADE and batch.state == "done" and not path.is_file() and folder.shared is not None:
        _make_again(desk, folder, batch)
    if call.name not in _MADE or batch.state != "done" or not path.is_file():
        raise RefusedError("no-such-batch")
    if call.logged and call.offset <= 0:  # its first part
        with desk.writing(call.actor) as session:
            # Not with the name of the spreadsheet, which may name a customer who is erased later.
            session.add_act("download", details=Details(reason=f"{call.name}, {batch.total:,} copies"))
    return _read_part(path, call.offset)


def _make_again(desk: "Desk", folder: BatchFolder, batch: Batch) -> None:
    """Make the files to download of a batch that another desk has issued; the copies are in the archive."""
    with desk.claim(batch.owner, f"files of {batch.id}"):
        folder.fetch_manifest()
        desk.directory.refresh()
        with zip_copies(folder.path / COPIES, batch.begun_at) as copies:
            for line in read_lines(folder.path / MANIFEST):
                known = desk.directory.by_digest.get(str(line["digest"]))
                content = desk.archive.read_file(known[1].logged.entry.files[0]) if known else None
                if content is None:  # erased meanwhile; the batch goes with the customer
                    raise RefusedError("no-such-batch")
                copies.put([(str(line["file"]), content)])
        pack_batch(desk.settings, folder, batch, desk.checker)


def _mark(desk: "Desk", folder: BatchFolder, batch: Batch) -> bytes:
    assert batch.choice is not None
    faults = folder.read_plan().faults
    call = MarkSheet(content=folder.sheet, kept=folder.kept, name=batch.name, choice=batch.choice, faults=faults)
    return ask_checker(desk, call).content


def _read_part(path: Path, offset: int) -> Chunk:
    with path.open("rb") as file:
        total = file.seek(0, 2)
        file.seek(max(0, offset))
        return Chunk(content=file.read(_PART), total=total)
