"""Tokens of PKCS#11 modules: finding them, logging in once in a process, and explaining their errors.

Only this module and `pkcs11` import python-pkcs11 (MIT), the wrapper of PKCS#11 v2.40 and v3.
"""

import os
from pathlib import Path
from threading import RLock
from typing import Any

from ...errors import IdentityError, MissingExtraError
from .uri import Pkcs11Uri

try:
    import pkcs11
    from pkcs11 import Attribute, TokenFlag
except ImportError:
    raise MissingExtraError("pkcs11", "python-pkcs11") from None

_MAX_PIN = 1024  # bytes of the line that holds one; tokens take at most 255
# Modules are initialised without locks of their own, so one thing is asked of them at a time.
lock = RLock()
# The state of a login is the process's, not a session's (PKCS#11 v2.40, 5.6): one session for each token.
_sessions: dict[tuple[str, int], pkcs11.Session] = {}
_process = os.getpid()


def find_token(wanted: Pkcs11Uri) -> pkcs11.Token:
    """Find the one token that a URI names; its module is loaded once a process.

    Raises:
        IdentityError: the module does not exist or is not one, or the URI names no token, or several.
    """
    found: list[pkcs11.Token] = []
    labels: list[str] = []
    module = _load(wanted.module)
    try:
        slots = module.get_slots(token_present=True)
    except pkcs11.PKCS11Error as error:
        raise IdentityError(explain(error, f"the PKCS#11 module {wanted.module}")) from None
    for slot in slots:
        try:
            token = slot.get_token()
            facts = (
                (wanted.token, token.label),
                (wanted.manufacturer, token.manufacturer_id),
                (wanted.model, token.model),
                (wanted.serial, bytes(token.serial).decode("utf-8", "replace").strip("\0 ")),
                (wanted.slot_id, slot.slot_id),
            )
            if not token.flags & TokenFlag.TOKEN_INITIALIZED:
                continue
        except pkcs11.PKCS11Error:  # one that was pulled out while we looked, or that nobody can read
            continue
        labels.append(repr(token.label))
        if all(want is None or want == have for want, have in facts):
            found.append(token)
    there = f"there are: {', '.join(labels)}" if labels else "there is none at all"
    if not found:
        raise IdentityError(f"no token is what the PKCS#11 URI says; {there}")
    if len(found) > 1:
        raise IdentityError(f"{len(found)} tokens are what the PKCS#11 URI says; name one by token or serial; {there}")
    return found[0]


def needs_pin(token: pkcs11.Token) -> bool:
    """Tell whether a token needs a PIN from us: it wants one, and has no keypad of its own."""
    flags = token.flags
    return bool(flags & TokenFlag.LOGIN_REQUIRED) and not flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH


def open_session(module: str, token: pkcs11.Token, pin: str | None) -> pkcs11.Session:
    """Log in to a token, or use the session that this process has with it.

    A wrong PIN is tried once; no PIN is tried if the next wrong one would lock the token.

    Raises:
        IdentityError: the PIN is missing, or the token is locked or about to be.
        PKCS11Error: the token refused; see `explain`.
    """
    name = token_name(token)
    place = (module, token.slot.slot_id)
    with lock:
        if place in _sessions:
            return _sessions[place]
        flags = token.flags
        credentials: Any = pin
        if not flags & TokenFlag.LOGIN_REQUIRED:
            credentials = None
        elif flags & TokenFlag.USER_PIN_LOCKED:
            raise IdentityError(f"{name} is locked: a wrong PIN was given too often; its administrator can unlock it")
        elif pin is None and flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
            credentials = pkcs11.PROTECTED_AUTH
        elif not pin:
            raise IdentityError(f"{name} needs its PIN; give it")
        elif flags & TokenFlag.USER_PIN_FINAL_TRY:
            raise IdentityError(
                f"one more wrong PIN would lock {name}, so none was tried; log in once with its own program first"
            )
        try:
            session = token.open(user_pin=credentials)
        except pkcs11.UserAlreadyLoggedIn:  # another part of this process did
            session = token.open()
        _sessions[place] = session
        return session


def token_name(token: pkcs11.Token) -> str:
    """Name a token as the messages do."""
    return f"the token {token.label!r}"


def read_pin(file: str) -> bytes:
    """Read a PIN from the first line of a file; raises IdentityError where that line is longer than any PIN."""
    with open(file, "rb") as content:
        line = content.readline(_MAX_PIN + 1)
    if len(line) > _MAX_PIN:
        raise IdentityError(f"the first line of {file} has more than {_MAX_PIN:,} bytes; no PIN has as many")
    return line.rstrip(b"\n").rstrip(b"\r")


def read_attribute(entry: Any, attribute: Attribute, *, default: Any) -> Any:
    """Read an attribute of an object; a token need not know every one."""
    try:
        return entry[attribute]
    except pkcs11.PKCS11Error:
        return default


def explain(error: pkcs11.PKCS11Error, name: str) -> str:
    """Explain what a token refused. The error's own words are left out: they may repeat the PIN."""
    if isinstance(error, pkcs11.PinIncorrect | pkcs11.PinInvalid | pkcs11.PinLenRange):
        return f"the PIN of {name} is wrong; it was tried once and not again, as wrong PINs lock a token"
    if isinstance(error, pkcs11.PinLocked):
        return f"{name} is locked: a wrong PIN was given too often; its administrator can unlock it"
    if isinstance(error, pkcs11.TokenNotPresent | pkcs11.DeviceRemoved | pkcs11.SessionHandleInvalid):
        return f"{name} was removed; put it back, and start again"
    if isinstance(error, pkcs11.MechanismInvalid):
        return f"{name} cannot sign in the way that copies need: RSA (PKCS#1 v1.5) or ECDSA"
    return f"{name} refused: {type(error).__name__}"


def _load(module: str) -> Any:
    global _process
    try:
        with lock:
            loaded: Any = pkcs11.lib(module)
            if _process != os.getpid():  # forked: what the parent opened is not ours (PKCS#11 v2.40, 5.4)
                _sessions.clear()
                loaded.reinitialize()
                _process = os.getpid()
            return loaded
    except pkcs11.PKCS11Error:
        why = "cannot be loaded: it is not a PKCS#11 module" if Path(module).exists() else "is not there"
        raise IdentityError(f"the PKCS#11 module {module} {why}; give its path as module-path") from None
