"""The user's own identity: a file that the user alone can read."""

import datetime
from hashlib import sha256
from pathlib import Path

from .._files import make_folder, write_whole
from ..errors import DestinationExistsError
from .identity import Identity
from .key_files import create_identity, dump_identity, load_identity


def keep_identity(identity: Identity, path: Path, *, force: bool = False) -> Path | None:
    """Keep an identity in a file that the user alone can read.

    Args:
        identity: the one to keep.
        path: its file.
        force: replace the identity that is there. That one is kept in a file beside it, named by its digest.

    Returns:
        The file that the former identity is kept in now, or None where there was none.

    Raises:
        DestinationExistsError: the file exists, and `force` is not set.
    """
    make_folder(path.parent, mode=0o700)
    aside = _keep_former(path) if force else None
    write_whole(path, dump_identity(identity), force=force, mode=0o600)
    return aside


def _keep_former(path: Path) -> Path | None:
    try:
        former = path.read_bytes()
    except FileNotFoundError:
        return None
    aside = path.with_name(f"{path.stem}-{sha256(former).hexdigest()[:16]}{path.suffix}")
    write_whole(aside, former, force=True, mode=0o600)  # of the same content, where it is there
    return aside


def open_or_create(path: Path, created_at: datetime.datetime) -> tuple[Identity, bool]:
    """Load the user's own identity, or create one.

    Args:
        path: its file.
        created_at: now (aware).

    Returns:
        The identity, and whether it was created just now.
    """
    created = False
    if not path.exists():
        try:
            keep_identity(create_identity(created_at=created_at), path)
            created = True
        except DestinationExistsError:  # another process was first; its identity is the one
            pass
    return load_identity(path.read_bytes(), origin=str(path)), created
