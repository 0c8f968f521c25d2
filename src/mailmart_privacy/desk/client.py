"""A client of the desk's API for services: a copy without a key, and without anything but the standard library.

    desk = DeskClient("https://desk.example", token)
    copy = desk.issue("Acme GmbH", key=f"my-copy-{user.id}-{version}")

A Django or FastAPI view that gives a signed-in customer "my copy" needs no more. `key` makes it safe to repeat.
"""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlencode

from .._files import open_whole
from .._loopback import is_safe_url
from ..errors import DestinationExistsError, UsageError
from .client_answers import LARGEST, DeskBatch, DeskCopy, DeskError, read_batch, read_copy, read_error

__all__ = ["AsyncDeskClient", "DeskBatch", "DeskClient", "DeskCopy", "DeskError"]

_TIMEOUT = 60.0
_TRIES = 3
_PART = 2**20
_Answer = TypeVar("_Answer")


class DeskClient:
    """Asks a desk; may be used by several threads.

    Args:
        address: of the desk: "https://desk.example", or "http://127.0.0.1:8640" on the same computer.
        token: the one that the administrator was shown.
        timeout: in seconds, for each try.

    Raises:
        UsageError: the address is not one of a desk, or would send the token in the clear.
    """

    def __init__(self, address: str, token: str, *, timeout: float = _TIMEOUT) -> None:
        if not is_safe_url(address):
            raise UsageError("the address of a desk begins with https://, or with http:// on this computer")
        self._address, self._token, self._timeout = address.rstrip("/"), token, timeout
        self._opener = urllib.request.build_opener(_NoRedirects)

    def issue(self, recipient: str, *, key: str, reference: str = "", paper: str = "a4") -> DeskCopy:
        """Issue a copy, or find the one that a request of the same key has made.

        Args:
            recipient: the customer, as it should appear on the copy.
            key: chosen by you for this copy; repeating the call with it makes no second copy.
            reference: what the copy is to be called; by default it gets one of its own.
            paper: "a4" or "letter".

        Raises:
            DeskError: the desk refused, or cannot be reached; it is safe to try again with the same key.
        """
        order = {"recipient": recipient, "paper": paper} | ({"reference": reference} if reference else {})
        body = json.dumps(order).encode()
        return read_copy(self._ask_json("POST", "/api/copies", body, {"Idempotency-Key": key}))

    def fetch(self, fingerprint: str) -> bytes:
        """Fetch the file of a copy that this service issued; errors are those of `issue`."""
        return self._ask("GET", f"/api/copies/{quote(fingerprint, safe='')}", None, {"Accept": "application/pdf"})

    def find(self, *, recipient: str = "", reference: str = "") -> list[DeskCopy]:
        """Find the copies that this service issued, by exact recipient and reference; errors are those of `issue`."""
        found: list[DeskCopy] = []
        after: int | None = 0
        while after is not None:
            given = {"recipient": recipient, "reference": reference, "after": after}
            page = self._ask_json("GET", f"/api/copies?{urlencode(given)}", None, {})
            found += [read_copy(each) for each in page["copies"]]
            after = page["after"]
        return found

    def begin_batch(self, rows: Iterable[tuple[str, str]], *, key: str, paper: str = "a4") -> DeskBatch:
        """Issue a copy for each row; the desk goes on by itself, and `show_batch` tells how far it has got.

        Args:
            rows: recipients and references; an empty reference lets the copy get one of its own.
            key: chosen by you for this batch; repeating the call with it makes no second batch.
            paper: "a4" or "letter".

        Raises:
            DeskError: the desk refused, or cannot be reached; it is safe to try again with the same key.
        """
        lines = [
            json.dumps({"recipient": recipient} | ({"reference": reference} if reference else {}))
            for recipient, reference in rows
        ]
        headers = {"Idempotency-Key": key, "Content-Type": "application/jsonl"}
        found = self._ask_json(
            "POST", f"/api/batches?{urlencode({'paper': paper})}", "\n".join(lines).encode(), headers
        )
        return read_batch(found)

    def show_batch(self, batch: str) -> DeskBatch:
        """Tell how far a batch of this service has got; errors are those of `begin_batch`."""
        return read_batch(self._ask_json("GET", f"/api/batches/{quote(batch, safe='')}", None, {}))

    def save_batch(self, batch: DeskBatch, folder: Path | str) -> list[Path]:
        """Save the ZIP file and the manifest of a batch that is done, each one whole or not at all.

        Args:
            batch: as `show_batch` told it last.
            folder: an existing one.

        Returns:
            The files: "copies.zip", and "manifest.jsonl" with a line for each copy.

        Raises:
            UsageError: the batch is not done.
            DestinationExistsError: a file of that name exists and was kept.
            DeskError: the desk refused, cannot be reached, or broke off.
            OSError: a file cannot be written.
        """
        if batch.state != "done":
            raise UsageError(f"this batch is not done; its state is {batch.state!r}")
        paths = [Path(folder, name) for name in ("copies.zip", "manifest.jsonl")]
        for path in paths:  # before a large file is fetched
            if path.exists():
                raise DestinationExistsError(f"{path} exists and was kept", argument="folder")
        for path in paths:
            request = self._write("GET", f"/api/batches/{quote(batch.id, safe='')}/{path.name}", None, {})
            with open_whole(path) as file, self._try(partial(self._begin, request)) as answer:
                self._copy(answer, file)
        return paths

    def verify(self, pdf: bytes) -> str:
        """Tell what a file is: "ours", "withdrawn", "not on record", "changed" and others of the API's document."""
        found = self._ask_json("POST", "/api/verifications", pdf, {"Content-Type": "application/pdf"})
        return str(found["verdict"])

    def _ask_json(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        return json.loads(self._ask(method, path, body, {"Accept": "application/json"} | headers))

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        request = self._write(method, path, body, headers)

        def read() -> bytes:
            with self._begin(request) as answer:
                content = answer.read(LARGEST + 1)
                if len(content) > LARGEST:
                    raise DeskError(f"the desk sends more than {LARGEST >> 20} MiB", status=answer.status)
                if answer.length:
                    raise http.client.IncompleteRead(content, answer.length)
            return content

        return self._try(read)

    def _write(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> urllib.request.Request:
        own = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            own["Content-Type"] = "application/json"
        return urllib.request.Request(  # noqa: S310 - the scheme is http or https
            self._address + path, body, own | headers, method=method
        )

    def _begin(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        answer: http.client.HTTPResponse = self._opener.open(request, timeout=self._timeout)
        return answer

    def _try(self, action: Callable[[], _Answer]) -> _Answer:
        """Do something until the desk answers, three times at most; what it refuses is not tried again."""
        for left in reversed(range(_TRIES)):
            try:
                return action()
            except urllib.error.HTTPError as error:
                with error:
                    raise read_error(error) from None
            except (OSError, http.client.HTTPException) as error:
                if not left:
                    raise DeskError(f"the desk at {self._address} cannot be reached: {error}") from None
        raise AssertionError

    def _copy(self, answer: http.client.HTTPResponse, file: IO[bytes]) -> None:
        """Copy an answer into a file, part by part: it may be larger than the memory."""
        while part := self._read_part(answer):
            file.write(part)
        if answer.length:
            raise DeskError(f"the desk at {self._address} broke off, with {answer.length:,} bytes to come")

    def _read_part(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            return answer.read(_PART)
        except (OSError, http.client.HTTPException) as error:
            raise DeskError(f"the desk at {self._address} broke off: {error}") from None


class AsyncDeskClient:
    """Asks a desk from an event loop; arguments and errors are those of `DeskClient`, whose calls run in threads."""

    def __init__(self, address: str, token: str, *, timeout: float = _TIMEOUT) -> None:
        self._client = DeskClient(address, token, timeout=timeout)

    async def issue(self, recipient: str, *, key: str, reference: str = "", paper: str = "a4") -> DeskCopy:
        """Issue a copy; see `DeskClient.issue`."""
        return await asyncio.to_thread(self._client.issue, recipient, key=key, reference=reference, paper=paper)

    async def fetch(self, fingerprint: str) -> bytes:
        """Fetch the file of a copy; see `DeskClient.fetch`."""
        return await asyncio.to_thread(self._client.fetch, fingerprint)

    async def find(self, *, recipient: str = "", reference: str = "") -> list[DeskCopy]:
        """Find copies; see `DeskClient.find`."""
        return await asyncio.to_thread(self._client.find, recipient=recipient, reference=reference)

    async def begin_batch(self, rows: Iterable[tuple[str, str]], *, key: str, paper: str = "a4") -> DeskBatch:
        """Issue a copy for each row; see `DeskClient.begin_batch`."""
        return await asyncio.to_thread(self._client.begin_batch, rows, key=key, paper=paper)

    async def show_batch(self, batch: str) -> DeskBatch:
        """Tell how far a batch has got; see `DeskClient.show_batch`."""
        return await asyncio.to_thread(self._client.show_batch, batch)

    async def save_batch(self, batch: DeskBatch, folder: Path | str) -> list[Path]:
        """Save the files of a batch that is done; see `DeskClient.save_batch`."""
        return await asyncio.to_thread(self._client.save_batch, batch, folder)

    async def verify(self, pdf: bytes) -> str:
        """Tell what a file is; see `DeskClient.verify`."""
        return await asyncio.to_thread(self._client.verify, pdf)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token is for this desk alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
