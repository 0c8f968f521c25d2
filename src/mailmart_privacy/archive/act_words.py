"""What reports call the acts in the log."""

from .entries import Entry

_ACTS = {
    "hold": "hold placed",
    "release": "hold lifted",
    "withdrawn": "copy withdrawn",
    "erase-waiting": "erasure waits",
    "erase-asked": "erasure asked for",
    "erase-refused": "erasure refused",
    "evidence": "evidence pack made",
    "people": "people of the desk changed",
    "token": "access for services changed",
    "download": "copies downloaded together",
    "report": "report made",
    "desk-opened": "desk started",
    "settings": "desk set up",
    "key": "key that signs set up",
    "erase-certified": "erasure certificate handed over",
    "relation-ended": "customer relation ended",
}


def describe_act(entry: Entry) -> str:
    """Describe an act; one that a newer release has logged by the word in its entry."""
    return _ACTS.get(entry.act or "", entry.act or "")


def is_one_download(entry: Entry) -> bool:
    """Tell whether somebody downloaded one copy, of which there are too many to list them."""
    return entry.act == "download" and entry.about is not None
