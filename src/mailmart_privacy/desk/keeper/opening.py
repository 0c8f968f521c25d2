"""What the log says of the desk itself: that it was started, and with which settings and key where those are others."""

import socket
from typing import TYPE_CHECKING

from ...archive.recipients import Details, derive_acts_key, open_details
from ...errors import PrivacyError
from ...keys.certificates import subject_name
from ..answers import Actor
from ..lines import write_line

if TYPE_CHECKING:
    from .desk import Desk

_ITSELF = Actor(issuer="desk-itself", subject="starting", name="The desk, by itself")
_LEVELS = {
    "B-B": "carry no confirmed time",
    "B-T": "carry a confirmed time",
    "B-LT": "carry a confirmed time, and what is needed to check them later",
    "B-LTA": "are made to last",
}


def log_start(desk: "Desk") -> None:
    """Log that the desk was started, and its settings and the key that signs where they are not those logged last.

    Where nothing can be logged, people still find and check copies; whatever else they do is refused for the same
    reason.
    """
    settings = desk.settings
    known = Actor(issuer="os", subject=settings.operator_subject, name=settings.operator)
    try:
        last = {act: _read_last(desk, act) for act in ("settings", "key")}
        with desk.writing(known if settings.operator_subject else _ITSELF) as session:
            session.add_act("desk-opened", details=Details(reason=f"on {socket.gethostname()}"))
            for act, words in (("settings", describe_settings(desk)), ("key", _describe_key(desk))):
                if words != last[act]:
                    session.add_act(act, details=Details(reason=words))
    except (PrivacyError, OSError) as error:
        write_line("keeper", "the start of the desk could not be logged", error=type(error).__name__)


def describe_settings(desk: "Desk") -> str:
    """Describe, for people, the settings that decide what is signed and who may come in."""
    settings = desk.settings
    parts = [f"copies {_LEVELS[desk.signing.issuer.level]}"]
    for words, values in (
        ("times are confirmed by", settings.authorities),
        ("signers are trusted by", settings.trusted),
        ("confirmed times are trusted by", settings.trusted_timestamps),
    ):
        if values:
            parts.append(f"{words} {', '.join(values)}")
    parts.append(f"for a team, at {settings.origin}" if settings.for_team else "for this computer alone")
    if settings.oidc is not None:
        parts.append(f"people sign in at {settings.oidc.issuer}")
        if settings.oidc.roles_claim:
            parts.append(f"which gives roles by {settings.oidc.roles_claim}")
        if settings.oidc.audience:
            parts.append(f"and lets services in for {settings.oidc.audience}")
    return "; ".join(parts)


def _describe_key(desk: "Desk") -> str:
    identity = desk.signing.identity
    until = identity.certificate.not_valid_after_utc
    return f"{subject_name(identity.certificate)}, until {until:%Y-%m-%d}, fingerprint {identity.digest}"


def _read_last(desk: "Desk", act: str) -> str:
    """Read what was logged last of a kind; empty where nothing was."""
    for each in reversed(desk.directory.acts):
        if each.entry.act == act and each.entry.recipient is None and each.entry.sealed:
            return open_details(derive_acts_key(desk.keyring.names_key), each.entry.sealed).reason
    return ""
