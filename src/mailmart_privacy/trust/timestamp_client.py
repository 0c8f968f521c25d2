"""Timestamps from an authority, by HTTP or HTTPS (RFC 3161, 3.4).

Several authorities are asked in order of preference; each answer is held to the request (nonce and
imprint), to its own signature and, where a certificate is pinned, to that certificate.
"""

import hashlib
import http.client
import secrets
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError, TimestampError, UsageError, one_line
from ..keys.certificates import certificate_digest
from .timestamp_token import Token, read_token

try:
    from asn1crypto import algos, tsp
except ImportError:
    raise MissingExtraError("pdf", "asn1crypto") from None

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 16 * 1024 * 1024


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampClient:
    """Whom to ask for timestamps, and how.

    Attributes:
        urls: the authorities, the preferred one first.
        pins: SHA-256 digests (lowercase hex) of certificates of authorities; where there are any,
            no other certificate is accepted.
        timeout: seconds to wait for one answer.
        attempts: how often one authority is asked before the next one is.
        pause: seconds before the second attempt; doubled for each one after it.
        sleep: waits for some seconds.
    """

    urls: tuple[str, ...]
    pins: frozenset[str] = frozenset()
    timeout: float = 15.0
    attempts: int = 3
    pause: float = 0.5
    sleep: "Callable[[float], object]" = field(default=_pause, repr=False, compare=False)

    def __post_init__(self) -> None:
        for url in self.urls:
            if not url.lower().startswith(("http://", "https://")):
                raise UsageError(f"{url!r} is no address of a timestamp authority: give one with https:// or http://")

    def stamp(self, digest: bytes) -> Token:
        """Have a SHA-256 digest stamped.

        Args:
            digest: what is stamped.

        Returns:
            The token of the first authority that gave a usable answer.

        Raises:
            TimestampError: none did; it says what each one answered.
        """
        answers: list[tuple[str, str]] = []
        for url in self.urls:
            words = ""
            for attempt in range(self.attempts):
                if attempt:
                    self.sleep(self.pause * 2 ** (attempt - 1))
                try:
                    return self._ask(url, digest)
                except _RefusedError as error:  # it will not change its mind
                    answers.append((url, one_line(error)))
                    break
                except OSError as error:
                    words = str(getattr(error, "reason", None) or error) or type(error).__name__
            else:
                answers.append((url, f"no answer in {self.attempts} attempts ({words})"))
        raise TimestampError(tuple(answers))

    def stamp_message(self, message: bytes) -> bytes:
        """Have a message stamped; return the token in DER."""
        return self.stamp(hashlib.sha256(message).digest()).content

    def _ask(self, url: str, digest: bytes) -> Token:
        nonce = secrets.randbits(63) | 1 << 62  # always eight octets
        imprint = tsp.MessageImprint(
            {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
        )
        request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
        answer = _post(url, request.dump(), self.timeout)
        try:
            response: Any = tsp.TimeStampResp.load(answer, strict=True)
            status = response["status"]
            granted = status["status"].native in ("granted", "granted_with_mods")
            said = "; ".join([*(status["status_string"].native or ()), *sorted(status["fail_info"].native or ())])
            content = response["time_stamp_token"].dump() if granted else b""
        except (ValueError, TypeError, KeyError) as error:
            raise _RefusedError(f"its answer is not one of RFC 3161 ({one_line(error)})") from None
        if not granted:
            raise _RefusedError(f"it refused: {status['status'].native}{f' ({said})' if said else ''}")
        try:
            token = read_token(content)
        except (ValueError, TypeError, KeyError) as error:
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
    """An authority gave an answer that asking again will not better."""


def _post(url: str, content: bytes, timeout: float) -> bytes:
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    return fetch(url, content, headers, timeout)


def fetch(url: str, content: bytes | None, headers: dict[str, str], timeout: float) -> bytes:
    """Send a request by HTTP or HTTPS and read the whole answer.

    Raises:
        OSError: there is no answer, or not one of success.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise OSError(f"{url} is not an address by HTTP")
    request = urllib.request.Request(url, data=content, headers=headers)  # noqa: S310 - looked at above
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            body: bytes = answer.read(_LIMIT + 1)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code < 500 and error.code not in (408, 429):
            raise _RefusedAnswerError(f"HTTP {error.code} {error.reason}") from None
        raise OSError(f"HTTP {error.code} {error.reason}") from None
    except (ValueError, http.client.HTTPException) as error:
        raise OSError(str(error) or type(error).__name__) from None
    if len(body) > _LIMIT:
        raise OSError(f"its answer has more than {_LIMIT:,} bytes")
    return body


class _RefusedAnswerError(OSError, _RefusedError):
    """An answer by HTTP that asking again will not better."""
