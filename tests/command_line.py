"""The command line, called in this process as a shell would call it in a new one.

A process for each command took most of the suite's time: 0.2 to 1 s each, nearly all of it for imports. Here a command
gets what a process would have had: arguments, environment, folder, standard streams with file descriptors behind them,
the default handlers of signals, the default mask for new files, and empty caches. Two things differ, and both are
stricter or harmless: a warning is an error, as everywhere in this suite, and the limit of memory is not set, because
it would count the tests' own memory. Tests of signals, kills, memory, cold starts, closed pipes and
terminals start a real process.
"""

import contextlib
import functools
import io
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

Run = Callable[..., subprocess.CompletedProcess[bytes]]

TIMEOUT = 120  # seconds
PACKAGE = "mailmart_privacy"
# What a PKCS#11 module and its logins are to a process outlives every call: C_Initialize is called once (v2.40, 5.4).
# The shipped ledger is read from the package, which is the same for all calls.
_KEPT = {f"{PACKAGE}.keys.pkcs11.token", f"{PACKAGE}.keys.pkcs11.key", f"{PACKAGE}.policy.ledger"}
_CACHED = type(functools.cache(len))
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGPROF") if hasattr(signal, name)
)


def run_in_process(
    arguments: tuple[str, ...],
    *,
    cwd: Path | str,
    env: dict[str, str],
    stdin: int | None = subprocess.DEVNULL,
    input: bytes | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Call the command line as `subprocess.run` would run it.

    Args:
        arguments: without the program's name.
        cwd: the folder that it works in.
        env: all of its environment.
        stdin: nothing can be read but `input`; accepted for its likeness to `subprocess.run`.
        input: what can be read from standard input.

    Returns:
        Its exit code, and what it wrote to standard output and to standard error.
    """
    assert stdin in (None, subprocess.DEVNULL), "a command with another standard input needs a process"
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(input or b"")
        given.seek(0)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_descriptors(given.fileno(), out.fileno(), err.fileno()))
            stack.enter_context(_environment(env))
            stack.enter_context(contextlib.chdir(cwd))
            stack.enter_context(_handlers())
            stack.enter_context(_fresh_caches())
            stack.enter_context(warnings.catch_warnings())
            # WeasyPrint 70 leaves its colour profile open.
            warnings.filterwarnings("ignore", "unclosed file .*sRGB", ResourceWarning)
            stack.enter_context(_no_logging_of_tests())
            stack.enter_context(mock.patch.object(sys, "argv", [PACKAGE, *arguments]))
            stack.enter_context(_no_limit_of_memory())
            code = _call()
        written = []
        for file in (out, err):
            file.seek(0)
            written.append(file.read())
    return subprocess.CompletedProcess(arguments, code, *written)


def _call() -> int:
    from mailmart_privacy.cli import main

    with _streams():
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        except BaseException:  # noqa: BLE001 - as the interpreter does at its end
            traceback.print_exc()
            code = 1
        else:
            code = 0
        sys.stdout.flush()
    return code if isinstance(code, int) else int(code is not None)


@contextlib.contextmanager
def _streams() -> Iterator[None]:
    """Open the standard streams again upon their descriptors, as an interpreter does when it starts."""
    given, out, err = (io.FileIO(number, mode, closefd=False) for number, mode in ((0, "r"), (1, "w"), (2, "w")))
    texts = [
        io.TextIOWrapper(io.BufferedReader(given), encoding="utf-8"),
        io.TextIOWrapper(io.BufferedWriter(out), encoding="utf-8"),
        io.TextIOWrapper(io.BufferedWriter(err), encoding="utf-8", errors="backslashreplace", line_buffering=True),
    ]
    with contextlib.ExitStack() as stack:
        for name, text in zip(("stdin", "stdout", "stderr"), texts, strict=True):
            stack.enter_context(mock.patch.object(sys, name, text))
        yield
    for text in texts:
        text.close()


@contextlib.contextmanager
def _descriptors(*given: int) -> Iterator[None]:
    """Put files in the places of descriptors 0, 1 and 2: processes that a command starts inherit these."""
    kept = [os.dup(number) for number in range(3)]
    try:
        for number, descriptor in enumerate(given):
            os.dup2(descriptor, number)
        yield
    finally:
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
            os.close(descriptor)


@contextlib.contextmanager
def _environment(env: dict[str, str]) -> Iterator[None]:
    folder, tempfile.tempdir = tempfile.tempdir, None  # it is looked up once, in the environment
    with mock.patch.dict(os.environ, env, clear=True):
        time.tzset()
        yield
    time.tzset()
    tempfile.tempdir = folder


@contextlib.contextmanager
def _handlers() -> Iterator[None]:
    """Keep the handlers of signals and the mask of new files, and give up a command that takes too long."""
    assert threading.current_thread() is threading.main_thread(), "signals come to the main thread"

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"the command took more than {TIMEOUT} seconds")

    kept = {number: signal.getsignal(number) for number in _SIGNALS}
    mask = os.umask(0o022)
    alarm = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, TIMEOUT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        os.umask(mask)
        changed = [number for number, handler in kept.items() if signal.getsignal(number) is not handler]
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert not changed, f"the command left other handlers of signals {changed} behind"


@contextlib.contextmanager
def _fresh_caches() -> Iterator[None]:
    """Empty what the package keeps as long as a process lives, before a call and after it."""
    _empty_caches()
    try:
        yield
    finally:
        _empty_caches()


def _empty_caches() -> None:
    """Empty cached functions, and the collections that modules fill: those whose names are not those of constants."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != PACKAGE or name in _KEPT or module is None:
            continue
        for key, value in list(vars(module).items()):
            if type(value) is _CACHED and value.__module__ not in _KEPT:
                value.cache_clear()
            elif key.startswith("_") and key.islower() and not key.startswith("__") and type(value) in (dict, list):
                value.clear()


@contextlib.contextmanager
def _no_logging_of_tests() -> Iterator[None]:
    """Let a warning that somebody logs go to standard error, as it does where nobody has configured logging."""
    logger = logging.getLogger()
    kept, logger.handlers = logger.handlers, []
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers = kept
        logger.setLevel(level)


@contextlib.contextmanager
def _no_limit_of_memory() -> Iterator[None]:
    try:
        import resource
    except ImportError:
        yield
        return
    with mock.patch.object(resource, "setrlimit", return_value=None):
        yield
