"""Starts the three processes of a desk, starts again what was killed, and leaves none behind.

The sockets belong to the launcher. So a process that was killed loses no connection that waits, and the one that is
started in its place finds them. Every child has a pipe from the launcher as its standard input, and ends when it is
closed: the launcher may be killed, too.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TypedDict

from ..errors import PrivacyError
from ..release import named_data
from .child import READY
from .codec import encode
from .settings import ChildSettings, DeskSettings

NAMES = ("checker", "keeper", "web")  # they end in the other order
_MOST_STARTS, _WITHIN = 5, 60.0  # a process that dies more often than that has a fault
_PATIENCE = 15  # seconds to end in
_BACKLOG = 128
# What a process inherits of the environment. Names of AWS settings are those of the keeper, which signs and stores.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")
_OUTWARD = ("SSL_", "NO_PROXY", "HTTPS_PROXY", "HTTP_PROXY")
_ALSO_KEPT = {
    "keeper": ("AWS_", "MAILMART_PRIVACY_", "PG", "XDG_", "SOFTHSM2_", *_OUTWARD),
    "web": (*_OUTWARD, "PG"),  # it asks the identity provider and the database
}
# `web` has these from its settings, and nobody else needs them.
_NEVER_KEPT = ("MAILMART_PRIVACY_DESK_OIDC_", "MAILMART_PRIVACY_DESK_SMTP_")


class DeskFailedError(PrivacyError):
    """A process of the desk could not start, or died repeatedly."""


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    lifeline: IO[bytes]
    ready: threading.Event


class Launcher:
    """The processes of a desk.

    Args:
        settings: of the desk.
        listener: the listening socket that browsers connect to.
        clock: counts seconds, from any beginning.
        report: is told in a line what happened to a process.
    """

    def __init__(
        self,
        settings: DeskSettings,
        listener: socket.socket,
        *,
        clock: Callable[[], float],
        report: Callable[[str], None],
    ) -> None:
        self._settings, self._clock, self._report = settings, clock, report
        self._folder = tempfile.mkdtemp(prefix="mailmart-desk-")  # this user alone can enter it
        self._listeners = {"web": listener, **{name: _listen(Path(self._folder, name)) for name in NAMES[:2]}}
        self._give_away()
        self._children: dict[str, _Child] = {}
        self._starts: dict[str, deque[float]] = {name: deque(maxlen=_MOST_STARTS) for name in NAMES}
        self._woken = threading.Event()
        self._ending = False

    @property
    def pids(self) -> dict[str, int]:
        """The process ids, by name."""
        return {name: child.process.pid for name, child in self._children.items()}

    def start(self) -> bool:
        """Start the processes, and wait until requests are answered; a large archive is read first.

        Returns:
            Whether they are answered; False where `stop` was called before.

        Raises:
            DeskFailedError: one of them ended at once; it has reported why.
        """
        for name in NAMES:
            self._start(name)
        for name, child in self._children.items():
            while not child.ready.wait(0.05):
                if self._ending:
                    return False
                if child.process.poll() is not None:
                    raise DeskFailedError(f"the desk could not start: its process {name} ended", process=name)
        return True

    def run(self) -> None:
        """Start again what ends, until `stop` is called.

        Raises:
            DeskFailedError: a process died repeatedly.
        """
        while not self._ending:
            self._woken.wait(0.2)
            self._woken.clear()
            for name in NAMES:
                child = self._children[name]
                if self._ending or child.process.poll() is None:
                    continue
                self._report(f"{name} ended ({_describe(child.process.returncode)}), and is started again")
                child.lifeline.close()
                self._start(name)

    def stop(self) -> None:
        """Let `run` return."""
        self._ending = True
        self._woken.set()

    def close(self) -> None:
        """End the processes, wait for them, and remove their sockets."""
        self._ending = True
        for name in reversed(NAMES):
            child = self._children.get(name)
            if child is None:
                continue
            child.lifeline.close()
            try:
                child.process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        for listener in self._listeners.values():
            listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, name: str) -> None:
        starts = self._starts[name]
        now = self._clock()
        if len(starts) == _MOST_STARTS and now - starts[0] < _WITHIN:
            raise DeskFailedError(f"the desk ends: its process {name} died {_MOST_STARTS} times in a minute")
        starts.append(now)
        listener = self._listeners[name].fileno()
        process = subprocess.Popen(  # noqa: S603 - this very Python, and a module of this package
            [sys.executable, "-m", f"{__package__}.{name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[listener],
            env=_choose_environment(name, self._settings.folder if self._settings.user else ""),
            cwd=self._settings.folder if self._settings.user else None,
            start_new_session=True,  # a terminal's Ctrl-C is for the launcher
            **_choose_user(self._settings, name),
        )
        assert process.stdin is not None
        assert process.stdout is not None
        child = _Child(process, process.stdin, threading.Event())
        self._children[name] = child
        threading.Thread(target=self._listen_to, args=(child, process.stdout), daemon=True).start()
        settings = ChildSettings(desk=_limit(self._settings, name), listener=listener, sockets=self._folder)
        try:
            process.stdin.write(json.dumps(encode(settings, [])).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended already; `run` or `start` sees that

    def _give_away(self) -> None:
        """Let the user of the desk reach its sockets; the checker has its own handed in, and can enter no folder."""
        if self._settings.user:
            for name in ("", *NAMES[:2]):
                shutil.chown(Path(self._folder, name), self._settings.user)

    def _listen_to(self, child: _Child, output: IO[bytes]) -> None:
        with output:
            for line in output:
                if line == READY:
                    child.ready.set()
        self._woken.set()


def _limit(settings: DeskSettings, name: str) -> DeskSettings:
    """Tell each process no more than it needs: `web` and `checker` have nothing to do with keys."""
    if name == "keeper":
        oidc = replace(settings.oidc, client_secret="") if settings.oidc else None  # it logs who signs people in
        return replace(settings, token_digest="", oidc=oidc, mail=None)
    limited = replace(
        settings,
        archive="",
        archive_key="",
        archive_index="",
        identity="",
        certificate="",
        passphrase_file="",
        authorities=(),
        trusted=(),
        trusted_timestamps=(),
    )
    if name == "web":
        return limited
    return replace(limited, token_digest="", folder="", database="", proxies=(), oidc=None, mail=None)


def _choose_environment(name: str, home: str = "") -> dict[str, str]:
    """Choose what a process inherits; one that runs as another user has the desk's folder as its home."""
    begun = _ALSO_KEPT.get(name, ())
    kept = {each: value for each, value in os.environ.items() if each in _KEPT or each.startswith(begun)}
    kept = {each: value for each, value in kept.items() if not each.startswith(_NEVER_KEPT)}
    data = os.environ.get(named_data.VARIABLE)  # all processes use the same data; one of them works in another folder
    own = {named_data.VARIABLE: os.path.abspath(data)} if data else {}
    return kept | own | ({"HOME": home} if home else {})


def _choose_user(settings: DeskSettings, name: str) -> "_User":
    """Choose as whom a process runs: `checker` gives up root by itself, after it has left the network."""
    if not settings.user or name == "checker":
        return {}
    entry = pwd.getpwnam(settings.user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(settings.user, entry.pw_gid)}


class _User(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(_BACKLOG)
    return listener


def _describe(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"
