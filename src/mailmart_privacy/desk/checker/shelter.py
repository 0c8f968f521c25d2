"""Taking from the process what it does not need: the network, memory, time, files of its own."""

import contextlib
import ctypes
import os
import resource
import sys

from .calls import Shelter

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET of Linux
_OPEN_FILES = 64
_LARGEST_FILE = 256 * 2**20


def enter_shelter() -> Shelter:
    """Give up the network, where the system lets a process do that without help.

    On Linux an unprivileged process may enter a network namespace of its own, which is empty, unless the
    administrator forbids user namespaces. Elsewhere nothing of that kind exists; the page of what is due says so.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))  # openpyxl packs in a temporary one
        resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    return Shelter(no_network=_leave_network(), own_user=False)


def _leave_network() -> bool:
    if sys.platform != "linux":
        return False
    unshare = getattr(ctypes.CDLL(None, use_errno=True), "unshare", None)
    if unshare is None:
        return False
    wanted = _NEW_NETWORK if os.geteuid() == 0 else _NEW_USER | _NEW_NETWORK
    return bool(unshare(wanted) == 0)
