"""The command line over a folder that locks its files, as a store may: python -m faults.locked ARGUMENTS."""

import contextlib
import datetime
from unittest import mock

from mailmart_privacy.archive.storage.base import Lock
from mailmart_privacy.archive.storage.folder import Folder

UNTIL = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


def locked() -> contextlib.AbstractContextManager[object]:
    """Say of every file in a folder that it is locked for a long time."""
    return mock.patch.object(Folder, "lock", return_value=Lock(until=UNTIL))


if __name__ == "__main__":
    from mailmart_privacy.__main__ import main

    with locked():
        main()
