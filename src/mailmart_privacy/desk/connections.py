"""Asking another process of the desk: from threads, and from the event loop of `web`.

Every request can be repeated: it reads, or it carries a key by which the other side knows it again. So where the other
process was killed, the question is put again to the one that was started in its place.
"""

import asyncio
import socket

from .messages import Answer, Call, ClosedError, read_answer, receive, receive_async, write_call

_TRIES = 4
_PAUSE = 0.5  # seconds


class Connection:
    """Asks a process, one question at a time; each one has a connection of its own.

    Args:
        path: of its socket.
        patience: how many seconds an answer may take.
    """

    def __init__(self, path: str, *, patience: float) -> None:
        self._path, self._patience = path, patience

    def ask(self, call: Call[Answer]) -> Answer:
        """Put a question.

        Raises:
            RefusedError: it was refused.
            ClosedError: the process has gone, and did not come back.
            MessageError: its answer cannot be read.
            TimeoutError: it did not answer in time.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._patience)
            try:
                connection.connect(self._path)
                connection.sendall(write_call(call))
            except TimeoutError:
                raise
            except OSError:
                raise ClosedError("another process of the desk has gone") from None
            return read_answer(call, *receive(connection))


class AsyncConnection:
    """Asks a process from an event loop; connections are kept for the next question.

    Args:
        path: of its socket.
        patience: how many seconds an answer may take.
    """

    def __init__(self, path: str, *, patience: float = 180) -> None:
        self._path, self._patience = path, patience
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, call: Call[Answer]) -> Answer:
        """Put a question; errors are those of `Connection.ask`."""
        for left in reversed(range(_TRIES)):
            try:
                async with asyncio.timeout(self._patience):
                    return await self._ask(call)
            except ClosedError:
                if not left:
                    raise
                await asyncio.sleep(_PAUSE)
        raise AssertionError

    async def _ask(self, call: Call[Answer]) -> Answer:
        reader, writer = await self._open()
        whole = False
        try:
            writer.write(write_call(call))
            await writer.drain()
            document, parts = await receive_async(reader)
            whole = True
        except OSError:
            raise ClosedError("another process of the desk has gone") from None
        finally:
            if whole:
                self._idle.append((reader, writer))
            else:
                writer.close()
        return read_answer(call, document, parts)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        try:
            return await asyncio.open_unix_connection(self._path)
        except OSError:
            raise ClosedError("another process of the desk has gone") from None

    def close(self) -> None:
        """Close what is kept."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()
