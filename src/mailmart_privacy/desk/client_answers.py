"""What the client of the desk's API gives: copies, batches, and errors."""

import datetime
import json
import re
import urllib.error
from dataclasses import dataclass
from typing import Any

from .._time import parse_moment
from ..errors import PrivacyError

LARGEST = 64 * 2**20  # bytes of an answer that is kept in memory


class DeskError(PrivacyError):
    """The desk refused, or could not be reached.

    Attributes:
        status: of the answer; 0 where there was none.
        code: the last part of the problem's type, for instance "unfit-name"; empty where there was no answer.
        retry_after: after how many seconds to try again, where the desk says so; otherwise None.
    """

    status: int
    code: str
    retry_after: int | None

    def __init__(self, message: str, *, status: int = 0, code: str = "", retry_after: int | None = None) -> None:
        super().__init__(message, status=status, code=code, retry_after=retry_after)


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


def read_copy(found: dict[str, Any]) -> DeskCopy:
    """Read a copy, as the API describes it."""
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


def read_batch(found: dict[str, Any]) -> DeskBatch:
    """Read a batch, as the API describes it."""
    return DeskBatch(
        id=found["id"],
        state=found["state"],
        done=found["done"],
        total=found["total"],
        problems=tuple((each["line"], each["message"]) for each in found["problems"]),
        links=dict(found["links"]),
    )


def read_error(error: urllib.error.HTTPError) -> DeskError:
    """Read a refusal, which is a problem of RFC 9457 unless a proxy answers in the place of the desk."""
    wait = error.headers.get("retry-after", "")
    more: dict[str, Any] = {
        "status": error.code,
        "retry_after": int(wait) if re.fullmatch("[0-9]{1,6}", wait) else None,
    }
    try:
        problem = json.loads(error.read(LARGEST))
        words = f"{problem['title']}: {problem['detail']}" if "detail" in problem else str(problem["title"])
        return DeskError(words, code=str(problem["type"]).rpartition(":")[2], **more)
    except (ValueError, KeyError, TypeError):
        return DeskError(f"the desk answered with status {error.code}", **more)
