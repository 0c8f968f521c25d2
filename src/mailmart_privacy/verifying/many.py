"""Many files: each verified on its own, by this process or by several, in flat memory."""

import datetime
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from .._limits import MAX_FILE, limited, read_bounded
from ..errors import PrivacyError
from ..policy.ledger import shipped
from ..trust.anchors import Trust
from .verify import verify

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from .verification import Verification

CHUNK = 32  # files that a process gets at once
_AHEAD = 4  # chunks that are handed out for each process
_Report = TypeVar("_Report")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class JudgedFile:
    """The outcome for a file.

    Attributes:
        path: of the file.
        verification: the verdict, or None where it was not accepted.
        error: why it was not accepted, or why it could not be read.
    """

    path: Path
    verification: "Verification | None"
    error: PrivacyError | OSError | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Question(Generic[_Report]):
    """What each file is verified for, and what is made of the outcome.

    Attributes:
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        version: the version that each copy has to be of, or None for any.
        report: makes of an outcome what is wanted, in the process that verified the file: a verdict has many parts, and
            to hand it over takes as long as a fifth of the verification. Other processes must be able to load it.
    """

    trust: Trust
    at: datetime.datetime
    version: str | None
    report: Callable[[JudgedFile], _Report]


def verify_files(
    paths: Iterable[Path], question: Question[_Report], *, executor: "Executor | None" = None, workers: int = 1
) -> Iterator[_Report]:
    """Verify files, one after the other or by several processes.

    Args:
        paths: the files; they are taken as they are needed.
        question: what for.
        executor: processes that work; None for this one.
        workers: how many they are.

    Yields:
        The report on each file, in their order. Memory does not grow with the number of files.
    """
    if executor is None:
        for path in paths:
            yield _judge(question, path)
        return
    remaining = iter(paths)
    waiting: deque[Future[list[_Report]]] = deque()
    try:
        while True:
            while len(waiting) < _AHEAD * workers and (chunk := list(islice(remaining, CHUNK))):
                waiting.append(executor.submit(judge_chunk, question, chunk))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def judge_chunk(question: Question[_Report], paths: list[Path]) -> list[_Report]:
    """Verify some files, in another process."""
    return [_judge(question, path) for path in paths]


def verify_content(question: Question[_Report], path: Path, read: Callable[[], bytes]) -> _Report:
    """Verify what a function reads: a file, or standard input.

    Args:
        question: what for.
        path: what it is called.
        read: reads it.
    """
    found: Verification | None = None
    fault: PrivacyError | OSError | None = None
    try:
        content = read()
        with limited():
            found = verify(content, trust=question.trust, at=question.at, ledger=shipped(), version=question.version)
    except (PrivacyError, OSError) as error:
        fault = error
    return question.report(JudgedFile(path, found, fault))


def _judge(question: Question[_Report], path: Path) -> _Report:
    return verify_content(question, path, lambda: read_copy(path))


def read_copy(path: Path) -> bytes:
    """Read a file that may be a copy.

    Raises:
        UnreadableFileError: it is larger than any copy; no more of it was read.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        return read_bounded(file, MAX_FILE)
