"""Many files: each verified on its own, by this process or by several, in flat memory."""

import datetime
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from .._limits import limited
from ..errors import PrivacyError, UnreadableFileError
from ..pdf.scan import MAX_SIZE
from ..policy.ledger import shipped
from ..trust.anchors import Trust
from .verify import verify

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from .verification import Verification

CHUNK = 32  # files that a process gets at once
_AHEAD = 4  # chunks that are handed out for each process


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What each file is verified for.

    Attributes:
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        version: the version that each copy has to be of, or None for any.
    """

    trust: Trust
    at: datetime.datetime
    version: str | None


def verify_files(
    paths: Iterable[Path],
    *,
    trust: Trust,
    at: datetime.datetime,
    version: str | None = None,
    executor: "Executor | None" = None,
    workers: int = 1,
) -> Iterator[JudgedFile]:
    """Verify files, one after the other or by several processes.

    Args:
        paths: the files; they are taken as they are needed.
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        version: the version that each copy has to be of, or None for any.
        executor: processes that work; None for this one.
        workers: how many they are.

    Yields:
        The outcome for each file, in their order. Memory does not grow with the number of files.
    """
    question = Question(trust=trust, at=at, version=version)
    if executor is None:
        for path in paths:
            yield _judge(question, path)
        return
    remaining = iter(paths)
    waiting: deque[Future[list[JudgedFile]]] = deque()
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


def judge_chunk(question: Question, paths: list[Path]) -> list[JudgedFile]:
    """Verify some files, in another process."""
    return [_judge(question, path) for path in paths]


def verify_content(
    path: Path, read: Callable[[], bytes], trust: Trust, at: datetime.datetime, version: str | None = None
) -> JudgedFile:
    """Verify what a function reads: a file, or standard input.

    Args:
        path: what it is called.
        read: reads it.
        trust: whom to trust for what.
        at: the moment for which certificates are validated (aware).
        version: the version that the copy has to be of, or None for any.
    """
    try:
        content = read()
        with limited():
            found = verify(content, trust=trust, at=at, ledger=shipped(), version=version)
    except (PrivacyError, OSError) as error:
        return JudgedFile(path, None, error)
    return JudgedFile(path, found, None)


def _judge(question: Question, path: Path) -> JudgedFile:
    return verify_content(path, lambda: read_copy(path), question.trust, question.at, question.version)


def read_copy(path: Path) -> bytes:
    """Read a file that may be a copy.

    Raises:
        UnreadableFileError: it is larger than any copy; no more of it was read.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read(MAX_SIZE + 1)
    if len(content) > MAX_SIZE:
        raise UnreadableFileError(f"the file has more than {MAX_SIZE:,} bytes; larger files are not read")
    return content
