"""Giving out files: what counts as giving out, and files that may be large, part by part."""

from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.requests import Request

from ..answers import Actor
from ..batch_calls import Chunk, ReadBatchFile
from ..connections import AsyncConnection


def is_taken(request: Request) -> bool:
    """Tell whether the answer is taken: HEAD asks only what there would be, so nothing is logged or used up by it."""
    return request.method != "HEAD"


async def stream_file(
    keeper: AsyncConnection, actor: Actor, batch: str, name: str, *, logged: bool
) -> tuple[int, AsyncIterator[bytes]]:
    """Ask for a file of a batch; `logged` where it is given out.

    Returns:
        How long it is, in bytes, and its parts.

    Raises:
        RefusedError: there is no such file, or not yet.
    """
    call = ReadBatchFile(actor=actor, batch=batch, name=name, offset=0, logged=logged)
    first = await keeper.ask(call)
    return first.total, _stream(keeper, call, first)


async def _stream(keeper: AsyncConnection, call: ReadBatchFile, chunk: Chunk) -> AsyncIterator[bytes]:
    sent = 0
    while True:
        yield chunk.content
        sent += len(chunk.content)
        if sent >= chunk.total or not chunk.content:
            return
        chunk = await keeper.ask(replace(call, offset=sent))
