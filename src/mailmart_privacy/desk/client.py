"""A client of the desk's API for services: a copy without a key, and without anything but the standard library.

    desk = DeskClient("https://desk.example", token)
    copy = desk.issue("Acme GmbH", key=f"my-copy-{user.id}-{version}")

A Django or FastAPI view that gives a signed-in customer "my copy" needs no more. `key` makes it safe to repeat.
"""

import asyncio
import datetime
import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from .._loopback import is_safe_url
from .._time import parse_moment
from ..errors import PrivacyError, UsageError

_TIMEOUT = 60.0
_TRIES = 3
_LARGEST = 64 * 2**20


class DeskError(PrivacyError):
    """The desk refused, or could not be reached.

    Attributes:
        status: of the answer; 0 where there was none.
        code: the last part of the problem's type, for instance "unfit-name"; empty where there was no answer.
    """

    status: int
    code: str

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message, status=status, code=code)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskCopy:
    """A copy on record.

    Attributes:
        fingerprint: lowercase hex SHA-256 of the file.
        record: its number on record.
        recipient: whom it is made out to.
        reference: what it is called.
        version: of the policy.
        issued_at: the moment that it shows (aware, UTC).
        withdrawn_at: when it was withdrawn (aware, UTC), or None.
        size: of the file, in bytes.
    """

    fingerprint: str
    record: int
    recipient: str
    reference: str
    version: str
    issued_at: datetime.datetime
    withdrawn_at: datetime.datetime | None
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskBatch:
    """A batch.

    Attributes:
        id: the desk's name of it.
        state: "planning", "refused", "waiting", "running", "done", "stopped" or "failed".
        done: how many copies are issued.
        total: how many it is to issue; 0 until that is known.
        problems: the lines that have problems, numbered from 1, and what is wrong; nothing was issued then.
        links: paths below the desk's address: "self"; when it is done, "copies" (a ZIP) and "manifest" (JSON lines).
    """

    id: str
    state: str
    done: int
    total: int
    problems: tuple[tuple[int, str], ...]
    links: dict[str, str]


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
        return _read_copy(self._ask_json("POST", "/api/copies", body, {"Idempotency-Key": key}))

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
            found += [_read_copy(each) for each in page["copies"]]
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
        return _read_batch(found)

    def show_batch(self, batch: str) -> DeskBatch:
        """Tell how far a batch of this service has got; errors are those of `begin_batch`."""
        return _read_batch(self._ask_json("GET", f"/api/batches/{quote(batch, safe='')}", None, {}))

    def verify(self, pdf: bytes) -> str:
        """Tell what a file is: "ours", "withdrawn", "not on record", "changed" and others of the API's document."""
        found = self._ask_json("POST", "/api/verifications", pdf, {"Content-Type": "application/pdf"})
        return str(found["verdict"])

    def _ask_json(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        return json.loads(self._ask(method, path, body, {"Accept": "application/json"} | headers))

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        own = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            own["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 - the scheme is http or https
            self._address + path, body, own | headers, method=method
        )
        for left in reversed(range(_TRIES)):
            try:
                with self._opener.open(request, timeout=self._timeout) as answer:
                    content: bytes = answer.read(_LARGEST)
                    return content
            except urllib.error.HTTPError as error:
                with error:
                    raise _read_error(error.code, error.read(_LARGEST)) from None
            except (urllib.error.URLError, OSError) as error:
                if not left:
                    raise DeskError(f"the desk at {self._address} cannot be reached: {error}") from None
        raise AssertionError


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

    async def verify(self, pdf: bytes) -> str:
        """Tell what a file is; see `DeskClient.verify`."""
        return await asyncio.to_thread(self._client.verify, pdf)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token is for this desk alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _read_copy(found: dict[str, Any]) -> DeskCopy:
    return DeskCopy(
        fingerprint=found["fingerprint"],
        record=found["record"],
        recipient=found["recipient"],
        reference=found["reference"],
        version=found["version"],
        issued_at=parse_moment(found["issued_at"]),
        withdrawn_at=parse_moment(found["withdrawn_at"]) if found["withdrawn_at"] else None,
        size=found["size"],
    )


def _read_batch(found: dict[str, Any]) -> DeskBatch:
    return DeskBatch(
        id=found["id"],
        state=found["state"],
        done=found["done"],
        total=found["total"],
        problems=tuple((each["line"], each["message"]) for each in found["problems"]),
        links=dict(found["links"]),
    )


def _read_error(status: int, content: bytes) -> DeskError:
    try:
        problem = json.loads(content)
        words = f"{problem['title']}: {problem['detail']}" if "detail" in problem else str(problem["title"])
        return DeskError(words, status=status, code=str(problem["type"]).rpartition(":")[2])
    except (ValueError, KeyError, TypeError):
        return DeskError(f"the desk answered with status {status}", status=status)
