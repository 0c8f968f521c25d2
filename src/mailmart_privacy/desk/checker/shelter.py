"""Taking from the process what it does not need: the network, its user, memory, time, files of its own."""

import contextlib
import ctypes
import os
import resource
import sys

from ...errors import PrivacyError
from .calls import Shelter

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET of Linux
_NO_NEW_PRIVILEGES = 38  # PR_SET_NO_NEW_PRIVS of Linux
_OPEN_FILES = 64
_LARGEST_FILE = 256 * 2**20


class ShelterError(PrivacyError):
    """The process that reads files of strangers cannot be kept apart in the way that a desk for a team asks for."""


def enter_shelter(user: str = "", *, required: bool = False) -> Shelter:
    """Give up the network, where the system lets a process do that without help, and its user, where one is named.

    On Linux an unprivileged process may enter a network namespace of its own, which is empty, unless the
    administrator forbids user namespaces. Elsewhere nothing of that kind exists; the page of what is due says so.

    Args:
        user: the user to become, which root alone can do; empty to stay as it is.
        required: whether to refuse where the network or the user remain, as for a team.

    Raises:
        ShelterError: something that is required cannot be given up.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))  # openpyxl packs in a temporary one
        resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    no_network = _leave_network()  # while it is still root
    if required and not no_network:
        raise ShelterError(
            "strangers' files would be read with a network: this system does not let the desk make an empty network "
            "namespace; give it CAP_SYS_ADMIN (in a container: --cap-add SYS_ADMIN)"
        )
    own_user = _become(user) if user else False
    if required and not own_user:
        raise ShelterError("strangers' files would be read by the user who has the keys; give --checker-user NAME")
    return Shelter(no_network=no_network, own_user=own_user)


def _leave_network() -> bool:
    if sys.platform != "linux":
        return False
    unshare = getattr(ctypes.CDLL(None, use_errno=True), "unshare", None)
    if unshare is None:
        return False
    wanted = _NEW_NETWORK if os.geteuid() == 0 else _NEW_USER | _NEW_NETWORK
    return bool(unshare(wanted) == 0)


def _become(name: str) -> bool:
    """Become another user for good, without any group but its own.

    Raises:
        ShelterError: there is no such user, or this process may not become it.
    """
    import pwd

    try:
        entry = pwd.getpwnam(name)
        os.setgroups([])
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    except KeyError:
        raise ShelterError(
            f"there is no user {name} to read strangers' files; make it with: useradd --system {name}"
        ) from None
    except PermissionError:
        raise ShelterError(f"only root can read strangers' files as the user {name}; start the desk as root") from None
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if prctl is not None:
        prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)  # no program that it could start gives it back
    return os.getresuid() == (entry.pw_uid,) * 3 and entry.pw_uid != 0
