"""The user's own identity: a file that the user alone can read."""

import datetime
from pathlib import Path

from .._files import make_folder, write_whole
from ..errors import DestinationExistsError
from .identity import Identity
from .key_files import create_identity, dump_identity, load_identity


def keep_identity(identity: Identity, path: Path, *, force: bool = False) -> None:
    """Keep an identity in a file that the user alone can read.

    Raises:
        DestinationExistsError: the file exists, and `force` is not set.
    """
    make_folder(path.parent, mode=0o700)
    write_whole(path, dump_identity(identity), force=force, mode=0o600)


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
