"""The answer to a request that brings a file to be checked."""

import json
import re

from ..pdf.scan import find_by_pieces
from .checking import MAX_BODY, BusyError, check_copy
from .negotiation import choose_type
from .refusals import Response, refuse
from .representations import FORMATS, HTML, Representation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..policy.ledger import Ledger
    from ..trust.trust_list import TrustList
    from .pages import Pages

_JSON = FORMATS["json"][0]
_LONGEST = 8192  # characters of the header Accept
_MOST_PARTS = 8  # of a form; the page's has one
_LONGEST_HEAD = 4096  # bytes before a part's content
_BOUNDARY = re.compile(r"""boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+,./:=?-]{1,70}))""", re.ASCII | re.IGNORECASE)
_FILE = re.compile(rb"^content-disposition:[^\r\n]*[; ]filename\*?=", re.IGNORECASE | re.MULTILINE)
_LEFT_OUT = ("ETag", "Content-Location")


def answer_upload(
    headers: "Mapping[str, str]",
    body: bytes | None,
    *,
    ledger: "Ledger",
    trust_list: "TrustList",
    at: "datetime",
    pages: "Pages",
) -> Response:
    """Tell what the file is that a request brings: as a page, or as JSON where the client likes that better.

    Args:
        headers: those of the request, by name in any case.
        body: its body; one that is longer than `MAX_BODY` is refused. None if too many are being sent to read it.
        ledger: the versions.
        trust_list: the certificates that may sign copies.
        at: the moment of asking (aware).
        pages: renders the answer for people.

    Returns:
        200 with the verdict, whatever it is; 400 without a file, 413 for one that is too large, 503 while too many
        files are sent or checked. Nothing is kept, here or in a cache.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    if body is None:
        return _refuse_busy()
    if len(body) > MAX_BODY:
        return refuse("POST", 413, "The file has more than 16 MiB; copies are smaller.")
    pdf = read_upload(sent.get("content-type", ""), body)
    if pdf is None:
        return refuse("POST", 400, "The request contains no file; choose one, or send a body of type application/pdf.")
    try:
        verdict = check_copy(pdf, ledger=ledger, trust_list=trust_list, at=at)
    except BusyError:
        return _refuse_busy()
    accept = sent.get("accept", "")
    if len(accept) <= _LONGEST and choose_type(accept, (HTML, _JSON)) == _JSON:
        content = (json.dumps(verdict.to_json(), ensure_ascii=False, indent=2) + "\n").encode()
        made = Representation(media_type=_JSON, body=content, negotiated=True)
    else:
        made = Representation(
            media_type=HTML, body=pages.verify(verdict, can_send=True), negotiated=True, has_form=True, has_script=True
        )
    kept = tuple(header for header in made.headers if header[0] not in _LEFT_OUT)
    return Response(200, (*kept, ("Cache-Control", "no-store")), made.body)


def _refuse_busy() -> Response:
    return refuse("POST", 503, "Too many files are being checked; try again in a moment.", ("Retry-After", "5"))


def read_upload(content_type: str, body: bytes) -> bytes | None:
    """Take the file out of a request: the body itself, or the first file of a form (RFC 7578).

    The body may be built to keep a parser busy, so it is searched and never taken apart.

    Args:
        content_type: the header of the request.
        body: its body, whole.

    Returns:
        The bytes of the file, or None if there is none.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("application/pdf", "application/octet-stream"):
        return body or None
    named = _BOUNDARY.search(content_type)
    if kind != "multipart/form-data" or named is None or any(ord(character) < 32 for character in content_type):
        return None
    delimiter = b"--" + (named[1] or named[2]).encode("ascii")
    place = 0 if body.startswith(delimiter) else find_by_pieces(body, b"\r\n" + delimiter) + 2
    for _ in range(_MOST_PARTS):
        start = place + len(delimiter) + 2
        head, blank, _ = body[start : start + _LONGEST_HEAD].partition(b"\r\n\r\n")
        begin = start + len(head) + len(blank)
        end = find_by_pieces(body, b"\r\n" + delimiter, begin)
        if not body.startswith(delimiter + b"\r\n", place) or not blank or end < 0:
            return None
        if _FILE.search(head):
            return body[begin:end] or None
        place = end + 2
    return None
