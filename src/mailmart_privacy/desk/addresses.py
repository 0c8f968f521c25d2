"""E-mail addresses, as far as the desk puts them into headers of mails and drafts."""

import re

_LONGEST = 254  # characters (RFC 5321, 4.5.3.1.3)
# As browsers check <input type="email"> (HTML, 4.10.5.1.5). No line break, no comma, no quoted name: with such an
# address nobody adds a header or a further recipient.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


def is_address(text: str) -> bool:
    """Tell whether a text is one e-mail address in plain characters, and nothing else."""
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None
