"""Timestamps from an authority, by HTTP or HTTPS (RFC 3161, 3.4).

Several authorities are asked in order of preference; each answer is compared with the request (nonce and imprint), its
signature is verified and, where certificates are pinned, so is by whose it was signed.
"""

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import TimestampError, UsageError, one_line
from ..keys.certificates import certificate_digest
from .fetching import Deadline, RefusedAnswerError, fetch
from .timestamp_response import read_response, write_request
from .timestamp_token import Token, read_token

if TYPE_CHECKING:
    from collections.abc import Callable


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampClient:
    """Whom to ask for timestamps, and how.

    Attributes:
        urls: the authorities, the preferred one first.
        pins: SHA-256 digests (lowercase hex) of certificates of authorities; where there are any,
            no other certificate is accepted.
        timeout: seconds until one whole answer has to be there.
        deadline: seconds for one timestamp in all, whatever the number of authorities and attempts.
        attempts: how often one authority is asked before the next one is.
        pause: seconds before the second attempt; doubled for each one after it.
        sleep: waits for some seconds.
    """

    urls: tuple[str, ...]
    pins: frozenset[str] = frozenset()
    timeout: float = 15.0
    deadline: float = 60.0
    attempts: int = 3
    pause: float = 0.5
    sleep: "Callable[[float], object]" = field(default=_pause, repr=False, compare=False)

    def __post_init__(self) -> None:
        for url in self.urls:
            if not url.lower().startswith(("http://", "https://")):
                raise UsageError(
                    f"{url!r} is not the address of a timestamp authority: give one with https:// or http://"
                )

    def stamp(self, digest: bytes) -> Token:
        """Have a SHA-256 digest stamped.

        Args:
            digest: what is stamped.

        Returns:
            The token of the first authority that gave a usable answer.

        Raises:
            TimestampError: no authority did; the error gives each one's answer.
        """
        answers: list[tuple[str, str]] = []
        deadline = Deadline(self.deadline)
        for url in self.urls:
            try:
                return self._ask_repeatedly(url, digest, deadline)
            except _RefusedError as error:
                answers.append((url, one_line(error)))
        raise TimestampError(tuple(answers))

    def _ask_repeatedly(self, url: str, digest: bytes, deadline: Deadline) -> Token:
        words = ""
        for attempt in range(self.attempts):
            try:
                if attempt:
                    self.sleep(min(self.pause * 2 ** (attempt - 1), deadline.remaining()))
                return self._ask(url, digest, deadline)
            except RefusedAnswerError as error:
                raise _RefusedError(str(error)) from None
            except OSError as error:
                words = str(getattr(error, "reason", None) or error) or type(error).__name__
        raise _RefusedError(f"no answer in {self.attempts} attempts ({words})")

    def _ask(self, url: str, digest: bytes, deadline: Deadline) -> Token:
        nonce = secrets.randbits(63) | 1 << 62  # always eight octets
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        answer = fetch(url, write_request(digest, nonce), headers, self.timeout, deadline)
        try:
            response = read_response(answer)
        except ValueError as error:
            raise _RefusedError(f"its answer is not one of RFC 3161 ({one_line(error)})") from None
        if not response.token:
            raise _RefusedError(f"it refused: {response.status}{f' ({response.words})' if response.words else ''}")
        try:
            token = read_token(response.token)
        except ValueError as error:
            raise _RefusedError(f"its timestamp cannot be used ({one_line(error)})") from None
        if token.nonce != nonce:
            raise _RefusedError("its answer is to another request (the nonce differs)")
        if (token.algorithm, token.imprint) != ("sha256", digest):
            raise _RefusedError("its timestamp is for something else (the imprint differs)")
        found = certificate_digest(token.certificates[0])
        if self.pins and found not in self.pins:
            raise _RefusedError(f"it signed with a certificate that is not the pinned one (SHA-256 {found})")
        return token


class _RefusedError(Exception):
    """An authority gave no answer, or one that will not change if the question is repeated."""
