"""The process that issues a batch: into a folder, archived chunk by chunk, then packed. It can be killed at any moment,
and the next one goes on where it was.
"""

import contextlib
import datetime
import json
import os
import secrets
import signal
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..._clock import now
from ..._files import open_whole
from ..._time import parse_moment
from ...archive.location import ArchiveLocation
from ...batch.archiving import open_archiving
from ...batch.destinations import FolderDestination
from ...batch.job import BatchJob, OpenIdentity
from ...batch.manifest import read_begun, read_lines
from ...batch.order import BatchOrder
from ...batch.runner import BatchRunner
from ...copies.form_cache import FormCache
from ...copies.forms import load_form
from ...errors import PrivacyError, UnfinishedError
from ...policy.ledger import shipped
from ...policy.papers import Paper
from ...release.named_data import use_named_data
from ...sheets.rows import Planned
from ..checker.sheet_calls import IssuedLine, ListIssuedRows
from ..codec import decode
from ..connections import Connection
from ..drafts import write_draft
from ..settings import DeskSettings
from .batch_folder import COPIES, MANIFEST, Batch, BatchFolder
from .desk import make_person
from .queue import BatchOrderSettings
from .signing import open_signing

_STOPPED = 3  # exit status of a batch that was stopped, or whose keeper ended
_CHECK_PATIENCE = 150
_LIFELINE = 0  # standard input


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = _read_settings()
    folder = BatchFolder(Path(settings.folder))
    batch = folder.read()
    try:
        use_named_data()
        issue_batch(settings.desk, folder, batch, follow=True)
        pack_batch(settings.desk, folder, batch, Connection(settings.checker, patience=_CHECK_PATIENCE))
    except UnfinishedError as error:
        raise SystemExit(_end(error, _STOPPED if str(error).startswith("stopped") else 1)) from None
    except (PrivacyError, OSError) as error:
        raise SystemExit(_end(error, 1)) from None


def _end(error: Exception, status: int) -> int:
    if status == 1:  # the keeper keeps it for the person whose batch it is
        print(error, flush=True)
    return status


def _read_settings() -> BatchOrderSettings:
    line = bytearray()
    while not line.endswith(b"\n"):
        some = os.read(_LIFELINE, 2**16)
        if not some:
            raise SystemExit(_STOPPED)
        line += some
    return decode(BatchOrderSettings, json.loads(line), [])


def issue_batch(settings: DeskSettings, folder: BatchFolder, batch: Batch, *, follow: bool) -> None:
    """Issue what is not issued yet.

    Args:
        settings: of the desk.
        folder: of the batch.
        batch: what is known of it.
        follow: whether to stop when standard input is closed.

    Raises:
        UnfinishedError: it was stopped, or failed, and some copies are issued.
    """
    signing = open_signing(settings)
    paper: Paper = "letter" if batch.paper == "letter" else "a4"
    rows = [
        Planned(number=row.number, recipient=row.recipient, reference=row.reference, file=row.file)
        for row in folder.read_plan().rows
    ]
    job = BatchJob(
        id=secrets.token_hex(8),
        form=load_form(shipped(), batch.version, paper),
        open_identity=OpenIdentity(signing.identity),
        level=signing.issuer.level,
        timestamps=signing.authorities.timestamps,
        trust=signing.trust,
        fonts=signing.issuer.fonts,
    )
    manifest = folder.path / MANIFEST
    begun = read_begun(manifest)
    order = BatchOrder(
        job=job,
        version=batch.version,
        paper=paper,
        plan=rows,
        begun_at=batch.begun_at if begun is None else parse_moment(begun["begun_at"]),
    )
    location = ArchiveLocation(settings.archive, settings.archive_key or None, settings.archive_index or None)
    runner = BatchRunner(
        order,
        clock=lambda: now().replace(microsecond=0),
        forms=FormCache(Path(settings.folder, "certified")),
        archive=lambda signer: open_archiving(
            location,
            None,
            clock=now,
            signer=signer,
            version=batch.version,
            level=job.level,
            actor=make_person(batch.owner),
        ),
    )
    if follow:
        threading.Thread(target=_follow, args=(runner,), daemon=True).start()
    runner.into_destination(FolderDestination(folder.path / COPIES), manifest=manifest, resume=begun is not None)


def _follow(runner: BatchRunner) -> None:
    """Stop when the keeper says so, or has ended."""
    while os.read(_LIFELINE, 1024):
        pass
    runner.stop()


def pack_batch(settings: DeskSettings, folder: BatchFolder, batch: Batch, checker: Connection) -> None:
    """Pack what is downloaded: the copies, the list for mail merge, and drafts.

    Args:
        settings: of the desk.
        folder: of the batch.
        batch: what is known of it.
        checker: reads the spreadsheet.
    """
    lines = list(read_lines(folder.path / MANIFEST))
    plan = {row.reference: row for row in folder.read_plan().rows}
    _write_list(settings, folder, batch, lines, checker)
    with _zip(folder.path / "copies.zip") as packed:
        for line in lines:
            packed.writestr(_entry(line["file"], line["issued_at"]), (folder.path / COPIES / line["file"]).read_bytes())
    if batch.choice is not None and batch.choice.email:
        with _zip(folder.path / "drafts.zip") as packed:
            for line in lines:
                row = plan[line["reference"]]
                draft = write_draft(
                    customer=row.recipient,
                    reference=row.reference,
                    version=datetime.date.fromisoformat(batch.version),
                    sender=batch.owner.name,
                    pdf=(folder.path / COPIES / line["file"]).read_bytes(),
                    file=line["file"],
                    to=row.email,
                )
                packed.writestr(_entry(line["file"].removesuffix(".pdf") + ".eml", line["issued_at"]), draft)


def _write_list(
    settings: DeskSettings, folder: BatchFolder, batch: Batch, lines: list[dict[str, object]], checker: Connection
) -> None:
    numbers = {row.reference: row.number for row in folder.read_plan().rows}
    assert batch.choice is not None
    rows = tuple(
        IssuedLine(
            number=numbers[str(line["reference"])],
            file=str(line["file"]),
            path=f"{settings.origin}/copies/{line['digest']}",
            reference=str(line["reference"]),
            issued_at=parse_moment(str(line["issued_at"])),
        )
        for line in lines
    )
    made = checker.ask(ListIssuedRows(content=folder.sheet, name=batch.name, choice=batch.choice, rows=rows))
    with open_whole(folder.path / "issued.xlsx", force=True, mode=0o600) as stream:
        stream.write(made.content)


@contextlib.contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with open_whole(path, force=True, mode=0o600) as stream, zipfile.ZipFile(stream, "w") as packed:
        yield packed


def _entry(name: str, issued_at: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, parse_moment(issued_at).timetuple()[:6])


if __name__ == "__main__":
    main()
