"""URIs that name a key in a PKCS#11 token (RFC 7512).

A message about such a URI never repeats a value from it, since it may contain a PIN.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from ...errors import UsageError

SCHEME = "pkcs11:"
_PATH = ("token", "manufacturer", "model", "serial", "slot-id", "object", "id", "type")
_QUERY = ("module-path", "pin-source")
_COMMON = "pkcs11:token=LABEL;object=LABEL?module-path=FILE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pkcs11Uri:
    """The parts of a URI; None for those that it does not have.

    Attributes:
        module: the path of the module, a shared library.
        pin_source: the path of the file with the PIN.
        token: the token's label.
        manufacturer: who made the token.
        model: its model.
        serial: its serial number.
        slot_id: the number of the slot that it is in.
        object: the label of the key.
        id: the identifier of the key.
    """

    module: str
    pin_source: str | None = None
    token: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    slot_id: int | None = None
    object: str | None = None
    id: bytes | None = None

    @property
    def key_name(self) -> str:
        """What the messages call the key."""
        if self.object is not None:
            return repr(self.object)
        return "any name" if self.id is None else f"id {self.id.hex(':')}"


def parse_pkcs11_uri(uri: str) -> Pkcs11Uri:
    """Parse a URI such as "pkcs11:token=office;object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so".

    Raises:
        UsageError: it is not such a URI, names no module, contains a PIN, or has an attribute that is not supported.
    """
    if not uri.startswith(SCHEME):
        raise UsageError(f"a PKCS#11 URI begins with {SCHEME!r}, as in {_COMMON}")
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    given = _read(path, ";", _PATH) | _read(query, "&", _QUERY)
    if given.get("type", "private") != "private":
        raise UsageError("the PKCS#11 URI names no private key: leave out its type, or give type=private")
    if "module-path" not in given:
        raise UsageError(f"the PKCS#11 URI does not say which module to use; add it: {_COMMON}")
    slot = given.get("slot-id")
    if slot is not None and not re.fullmatch(r"[0-9]{1,20}", slot):
        raise UsageError("the slot-id of the PKCS#11 URI is not a number")
    return Pkcs11Uri(
        module=_local_path(given["module-path"], "module-path"),
        pin_source=_pin_file(given["pin-source"]) if "pin-source" in given else None,
        token=given.get("token"),
        manufacturer=given.get("manufacturer"),
        model=given.get("model"),
        serial=given.get("serial"),
        slot_id=None if slot is None else int(slot),
        object=given.get("object"),
        id=unquote_to_bytes(given["id"]) if "id" in given else None,
    )


def _read(part: str, separator: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for attribute in filter(None, part.split(separator)):
        name, equals, value = attribute.partition("=")
        if name == "pin-value":
            raise UsageError(
                "the PKCS#11 URI holds a PIN (pin-value), which other users of this machine can read; leave it out, "
                "and give the PIN at the prompt, by pin-source=file:/PATH, or in the environment"
            )
        if not equals or name not in known:
            what = f"{name!r}" if equals and re.fullmatch(r"[a-z-]{1,30}", name) else "something"
            raise UsageError(f"the PKCS#11 URI says {what} that is not supported here; it may say: {', '.join(known)}")
        if name in found:
            raise UsageError(f"the PKCS#11 URI gives {name!r} twice")
        if re.search(r"%(?![0-9A-Fa-f]{2})", value):
            raise UsageError(f"in the PKCS#11 URI, {name!r} has a % without two hex digits")
        # An id is bytes, not text; it is decoded where it is used.
        found[name] = value if name == "id" else unquote(value, errors="replace")
    return found


def _local_path(value: str, name: str) -> str:
    split = urlsplit(value)
    path = split.path if split.scheme == "file" else value
    if not path or split.netloc not in ("", "localhost"):
        raise UsageError(f"the {name} of the PKCS#11 URI is not the path of a file on this machine")
    return path


def _pin_file(value: str) -> str:
    if not value.startswith("file:"):
        raise UsageError(
            "the pin-source of the PKCS#11 URI is not file:/PATH; programs are not run, nothing is fetched"
        )
    return _local_path(value, "pin-source")
