"""Replacing the key of an archive's log. What was signed with the former key stays valid."""

import datetime
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import write_whole
from .._sync import sync_folder
from .keyring import make_keyring, name_next, read_keyring, require_key, write_keyring

if TYPE_CHECKING:
    from .archive import Archive
    from .recipients import Person


def rotate_key(
    archive: "Archive", path: Path, clock: Callable[[], datetime.datetime], actor: "Person | None" = None
) -> Path:
    """Replace the key of an archive's log by a new one; where this was interrupted, call it again.

    The former key signs the entry that names the new one, and nothing after that. Names stay encrypted as they are:
    entries refer to the digests of their records.

    Args:
        archive: which.
        path: the file of its key. It holds the new one afterwards.
        clock: tells what time it is (aware).
        actor: the person who does it.

    Returns:
        The file that the former key is kept in now.

    Raises:
        ArchiveError: the key is not here, was replaced before, or is not of this archive.
        TamperedError: the log is not that of its checkpoint.
    """
    former = read_keyring(path)
    archive.keys.reload()
    beside = name_next(path)
    if beside.exists():
        following = read_keyring(beside)
    else:
        require_key(former, archive.keys.newest)
        following = make_keyring(path, former.origin, former.names_key)
        write_whole(beside, write_keyring(following), mode=0o600)  # durable before an entry names it
    if archive.keys.newest != following.public:
        require_key(former, archive.keys.newest)
        with archive.writing(former, clock, actor, successor=following) as session:
            session.rotate_key(following)
        archive.keys.reload()
    content = path.read_bytes()
    aside = path.with_name(f"{path.stem}-{sha256(content).hexdigest()[:16]}{path.suffix}")
    write_whole(aside, content, force=True, mode=0o600)
    os.replace(beside, path)
    sync_folder(path.parent)
    return aside
