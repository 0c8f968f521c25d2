"""The archive's key as a page to print, and to type in again."""

import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from ..policy.render import environment

if TYPE_CHECKING:
    from .keyring import Keyring


def render_key_page(keyring: "Keyring", *, created_at: datetime.datetime, made_at: datetime.datetime) -> bytes:
    """Write the file of a key as a page; the page is as secret as the key.

    Args:
        keyring: the archive's secrets.
        created_at: when the archive was made (aware).
        made_at: now (aware).
    """
    content = keyring.path.read_bytes()
    page = environment().get_template("archive-key.html")
    written: str = page.render(
        origin=keyring.origin,
        created_at=created_at,
        made_at=made_at,
        content=content.decode(),
        digest=sha256(content).hexdigest()[:16],
    )
    return written.encode()
