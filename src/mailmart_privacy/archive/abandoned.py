"""Copies that were archived, and whose file never got its name: a process was killed, or the power failed."""

import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .._files import find_abandoned
from .._limits import MAX_FILE
from .acts import withdraw
from .lookup import recipient_of
from .recipients import Details
from .register import read_register

if TYPE_CHECKING:
    from .entries import LogEntry
    from .service import ArchiveService

_REASON = "its export was interrupted before the file had its name; never sent"
_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')
_ROUNDED = 2.0  # seconds by which an entry may seem older than it is: it has whole ones, and clocks have ticks


@dataclass(frozen=True, kw_only=True, slots=True)
class Abandoned:
    """What killed exports have left in a folder.

    Attributes:
        withdrawn: the entries of the copies that were withdrawn.
        doubtful: files that were changed, or put there, after their copies were archived: no export leaves such files,
            and customers may have these copies. They are left alone.
    """

    withdrawn: "list[LogEntry]"
    doubtful: list[Path]


def withdraw_abandoned(service: "ArchiveService", folder: Path) -> Abandoned:
    """Withdraw copies that an export had archived when it was killed, before their file had its name.

    The temporary file that it left tells which ones, a copy or a ZIP file of copies; then it is removed.

    Args:
        service: the archive; a copy that is in another one, or in none, is left alone.
        folder: where the file was to be.
    """
    done = Abandoned(withdrawn=[], doubtful=[])
    for path, file in find_abandoned(folder):
        register = read_register(service.archive, _naming(_read_digests(file)))
        if not register.copies:
            continue
        waiting = [each for each in register.copies if each.number not in register.withdrawn]
        waiting = [each for each in waiting if each.entry.recipient not in register.erased]
        # An export writes the file first. Somebody who imitates one with a delivered copy can only do so later, and
        # cannot set the time at which the system says that a file was changed.
        changed_at = os.fstat(file.fileno()).st_ctime - _ROUNDED
        if any(each.entry.recorded_at.timestamp() < changed_at for each in waiting):
            done.doubtful.append(path)
            continue
        if waiting:
            with service.writing() as (session, keyring):
                for copy in waiting:
                    recipient = recipient_of(service.archive, keyring.names_key, copy)
                    withdraw(session, recipient, copy, details=Details(reason=_REASON), register=register)
        done.withdrawn.extend(waiting)
        path.unlink(missing_ok=True)
    return done


def _naming(digests: set[bytes]) -> Callable[[bytes], bool]:
    return lambda entry: not digests.isdisjoint(_DIGEST.findall(entry))


def _read_digests(file: IO[bytes]) -> set[bytes]:
    """Read the digests of the copies in a file: of one copy, or of all in a ZIP file.

    A ZIP file that is not whole gives none, for its copies are archived when it is whole.
    """
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return {_digest(file.read(MAX_FILE + 1))}
    try:
        with zipfile.ZipFile(file) as packed:
            # Only as we write them: anybody may have put a file of this name there.
            stored = [each for each in packed.infolist() if each.compress_type == zipfile.ZIP_STORED]
            return {_digest(packed.read(each)) for each in stored if each.file_size <= MAX_FILE}
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return set()


def _digest(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode()
