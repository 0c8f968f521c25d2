"""Style sheet, fonts, script and icon: at addresses that change with their content, so that browsers may keep them."""

import re
from hashlib import sha256

from ..._resources import read_template
from ...policy.render import read_style

_FONTS = ("MailMartSans-Regular.woff2", "MailMartSans-Semibold.woff2", "MailMartSerif-Semibold.woff2")
_FACE = re.compile(rb"@font-face \{[^}]*\}\s*")
_KINDS = {"css": "text/css; charset=utf-8", "woff2": "font/woff2", "js": "text/javascript", "svg": "image/svg+xml"}


class Assets:
    """What pages load beside themselves, read once."""

    def __init__(self) -> None:
        self.files = {
            "desk.css": _drop_fonts(read_style("desk/desk", fonts=True)),
            "desk.js": read_template("desk/desk.js"),
            "icon.svg": read_template("desk/icon.svg"),
            **{f"fonts/{name}": read_template(f"fonts/{name}") for name in _FONTS},
        }
        whole = sha256(b"".join(self.files[name] for name in sorted(self.files)))
        self.folder = f"/static/{whole.hexdigest()[:12]}"

    def at(self, name: str) -> str:
        """Tell the address of a file."""
        return f"{self.folder}/{name}"

    def find(self, path: str) -> tuple[bytes, str] | None:
        """Find a file by its address: the content and its media type; None if there is none."""
        name = path.removeprefix(self.folder + "/")
        if name == path or name not in self.files:
            return None
        return self.files[name], _KINDS[name.rpartition(".")[2]]


def _drop_fonts(style: bytes) -> bytes:
    """Leave out the fonts that no page of the desk shows: browsers would ask for them."""
    shown = tuple(name.encode() for name in _FONTS)
    return _FACE.sub(lambda face: face[0] if any(name in face[0] for name in shown) else b"", style)
