"""Asking an identity provider, within bounds of time and size."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx

from .problems import ProviderDownError

_SECONDS = 10.0
_PLAIN = {"accept": "application/json", "accept-encoding": "identity"}  # what is packed could become large
_LARGEST = 2**18  # bytes; documents and key sets have a few thousand


class Fetcher:
    """Asks the servers of one identity provider.

    Args:
        issuer: its address; where it is https, nothing is asked by http.
        transport: for tests.
        seconds: that an answer may take, however slowly its bytes come.
    """

    def __init__(
        self, issuer: str, *, transport: httpx.AsyncBaseTransport | None = None, seconds: float = _SECONDS
    ) -> None:
        self._issuer, self._transport, self._seconds = issuer, transport, seconds

    async def get(self, url: str, *, bearer: str = "") -> dict[str, Any]:
        """Get a JSON object.

        Raises:
            ProviderDownError: there is no answer in time, or it is something else.
        """
        status, found = await self._ask("GET", url, {"authorization": f"Bearer {bearer}"} if bearer else {})
        if status != 200:
            raise ProviderDownError(f"{url} answers with status {status}")
        return found

    async def post(
        self, url: str, fields: Mapping[str, str], *, basic: tuple[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a form: the status of the answer, and the JSON object in it.

        Raises:
            ProviderDownError: there is no answer in time, or it is something else.
        """
        headers = {}
        if basic is not None:  # RFC 6749, 2.3.1: both are encoded as in a form, first
            pair = ":".join(quote_plus(each) for each in basic)
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return await self._ask("POST", url, headers, data=dict(fields))

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], data: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.scheme != urlsplit(self._issuer).scheme:
            raise ProviderDownError(f"{url} is not an https address")
        # A client for each request: one that outlives its event loop cannot be closed, and these requests are rare.
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpx.AsyncClient(transport=self._transport, follow_redirects=False, timeout=self._seconds) as client,
                client.stream(method, url, headers=_PLAIN | headers, data=data) as answer,
            ):
                content = bytearray()
                async for some in answer.aiter_raw():
                    content += some
                    if len(content) > _LARGEST:
                        raise ProviderDownError(f"{url} answers with more than {_LARGEST} bytes")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise ProviderDownError(f"{parts.netloc} does not answer ({type(error).__name__})") from None
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ProviderDownError(
                f"{url} answers with something else than a JSON object (status {answer.status_code})"
            )
        return answer.status_code, found
