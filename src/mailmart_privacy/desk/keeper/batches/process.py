"""The process that issues a batch: into a ZIP file, archived portion by portion. It can be killed at any moment, and
the next one goes on where it was.
"""

import contextlib
import datetime
import fcntl
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from ...._clock import now
from ...._files import make_folder
from ...._time import parse_moment
from ....batch.archiving import open_archiving
from ....batch.job import BatchJob, OpenIdentity
from ....batch.manifest import read_begun
from ....batch.order import BatchOrder
from ....batch.runner import BatchRunner
from ....copies.form_cache import FormCache
from ....copies.forms import load_form
from ....errors import PrivacyError, UnfinishedError
from ....policy.ledger import shipped
from ....policy.papers import Paper
from ....release.named_data import use_named_data
from ....sheets.rows import Planned
from ...codec import decode
from ...connections import Connection
from ...messages import RefusedError
from ...settings import DeskSettings
from ..desk import find_location, make_person
from ..signing import open_signing
from .folder import COPIES, MANIFEST, Batch, BatchFolder
from .packing import pack_batch
from .queue import TAKEN, BatchOrderSettings
from .zipped import zip_copies

_STOPPED = 3  # exit status of a batch that was stopped, or whose keeper ended
_CHECK_PATIENCE = 150
_LIFELINE = 0  # standard input
_NICE = 10  # those who search meanwhile come first; where nobody does, a batch takes no longer
_PROBE = 2.0  # seconds


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _let_others_pass()
    settings = _read_settings()
    try:
        use_named_data()
        with _open_folder(settings) as folder:
            issue_batch(settings.desk, folder, folder.read(), follow=True)
            checker = Connection(settings.checker, patience=_CHECK_PATIENCE)
            pack_batch(settings.desk, folder, folder.read(), checker)
            folder.share_manifest()
    except RefusedError:
        raise SystemExit(_STOPPED) from None  # the batch was removed meanwhile
    except UnfinishedError as error:
        raise SystemExit(_end(error, _STOPPED if str(error).startswith("stopped") else 1)) from None
    except (PrivacyError, OSError) as error:
        raise SystemExit(_end(error, 1)) from None


def _let_others_pass() -> None:
    """Let the other processes run first, also those of other sessions, among which Linux does not weigh niceness."""
    os.nice(_NICE)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # not allowed here: then niceness has to do
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@contextlib.contextmanager
def _open_folder(settings: BatchOrderSettings) -> Iterator[BatchFolder]:
    """Open the folder of the batch. Of all desks that share it, one process works on it at a time."""
    path = Path(settings.folder)
    if not settings.desk.database:
        with _locked(path):
            yield BatchFolder(path)
        return
    from .shared import SharedBatches

    location = find_location(settings.desk)
    shared = SharedBatches(settings.desk.database, location.keyring(location.open()).names_key)
    with contextlib.closing(shared), shared.working(path.name) as probe:
        if probe is None:
            raise SystemExit(TAKEN)
        make_folder(path, mode=0o700)
        threading.Thread(target=_watch, args=(probe,), daemon=True).start()
        yield BatchFolder(path, shared)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a folder: the process of a keeper that was killed goes on until the copies that are under way are issued."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(TAKEN) from None
        yield
    finally:
        os.close(descriptor)


def _watch(probe: Callable[[], None]) -> None:
    """End this process at once when its lock is lost: another desk may be working on the batch by then."""
    while True:
        try:
            probe()
        except PrivacyError:
            os._exit(_STOPPED)
        time.sleep(_PROBE)


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
    """Issue what is not issued yet, and put the ZIP file of all copies into the folder.

    Args:
        settings: of the desk.
        folder: of the batch.
        batch: what is known of it.
        follow: whether to stop when standard input is closed.

    Raises:
        UnfinishedError: it was stopped, or failed, and some copies are issued.
    """
    if (folder.path / COPIES).is_file():
        return  # a process that was killed afterwards has done all of it
    manifest = folder.path / MANIFEST
    begun = read_begun(manifest)
    before = folder.shared is not None and folder.shared.count_run(folder.id) > 0
    begun_at = batch.begun_at if begun is None else parse_moment(begun["begun_at"])
    with (
        ThreadPoolExecutor(1) as executor,  # signs the next copies while the last ones are synced
        zip_copies(folder.path / COPIES, begun_at) as copies,
    ):
        runner = _open_runner(settings, folder, batch, begun_at, executor)
        if follow:
            threading.Thread(target=_follow, args=(runner,), daemon=True).start()
        runner.into_destination(copies, manifest=manifest, resume=begun is not None or before, restore=True)


def _open_runner(
    settings: DeskSettings, folder: BatchFolder, batch: Batch, begun_at: datetime.datetime, executor: Executor
) -> BatchRunner:
    signing, location = open_signing(settings), find_location(settings)
    paper: Paper = "letter" if batch.paper == "letter" else "a4"
    job = BatchJob(
        id=secrets.token_hex(8),
        form=load_form(shipped(), batch.version, paper),
        open_identity=OpenIdentity(signing.identity),
        level=signing.issuer.level,
        timestamps=signing.authorities.timestamps,
        trust=signing.trust,
        fonts=signing.issuer.fonts,
    )
    rows = [
        Planned(number=row.number, recipient=row.recipient, reference=row.reference, file=row.file)
        for row in folder.read_plan().rows
    ]
    return BatchRunner(
        BatchOrder(job=job, version=batch.version, paper=paper, plan=rows, begun_at=begun_at),
        clock=lambda: now().replace(microsecond=0),
        forms=FormCache(Path(settings.folder, "certified")),
        executor=executor,
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


def _follow(runner: BatchRunner) -> None:
    """Stop when the keeper says so, or has ended."""
    while os.read(_LIFELINE, 1024):
        pass
    runner.stop()


if __name__ == "__main__":
    main()
