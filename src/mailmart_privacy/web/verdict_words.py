"""What people are told about a file that they check: what it is, and what to do about it.

The server and the visitor's browser say the same: these words are published with the data that the page's scripts
read. A key is a verdict, or a verdict and the reason for it; `{date}` stands for the day that belongs to it.
"""

GENUINE, WITHDRAWN = "genuine", "withdrawn"
FORMERLY_USED, COMPROMISED = "formerly used key", "compromised key"
UNKNOWN_SIGNER, ALTERED, UNSIGNED = "unknown signer", "altered", "unsigned"
NEWER, UNREADABLE, NOT_JUDGED, NOT_AVAILABLE = "newer version", "unreadable", "not judged", "not available"
NONE_PUBLISHED, NOT_PUBLISHED, OTHER_DOCUMENT = "none published", "not published", "other document"

_SAVE_AGAIN = "Is this the file that you were sent? Save the attachment again, and choose that file."
_ASK = "Ask MailMart for a new copy, and say where you received this one."
_DO_NOT_RELY = f"Do not rely on it. {_ASK}"

WORDS: dict[str, tuple[str, str]] = {
    "genuine": (
        "Genuine, and unchanged since it was issued",
        "Whether MailMart withdrew this copy later is not in the file; MailMart can tell you.",
    ),
    "withdrawn": ("Genuine, but this version was withdrawn before it took effect", ""),
    "formerly used key": (
        "Unchanged, and signed with a key that MailMart used until {date}; when it was signed is not checked here",
        "If you received it before that day, it is genuine. If you received it later, ask MailMart for a new copy.",
    ),
    "compromised key": (
        "Do not rely on this copy: others may have had the key that signed it since {date}",
        "It was not changed after it was signed, but nothing shows that it was signed before that day. " + _ASK,
    ),
    "unknown signer": (
        "We cannot confirm who signed this copy",
        "It was not changed after it was signed. But anybody can sign a copy with a key of their own, and this one is "
        "not on the list of MailMart’s certificates for that time. " + _DO_NOT_RELY,
    ),
    "unknown signer/none published": (
        "Unchanged, but this page cannot say whose key signed it",
        "It is a copy of MailMart’s privacy policy, unchanged since the holder of the key below signed it. MailMart "
        "has not published a certificate yet, so this page cannot tell whether that key is MailMart’s. Ask MailMart "
        "for the SHA-256 of its certificate, and compare.",
    ),
    "unknown signer/other document": (
        "This is not a copy of MailMart’s privacy policy",
        "The file is signed, but it is some other document, or a copy that another program saved again. " + _SAVE_AGAIN,
    ),
    "altered": ("Not genuine: this file was changed", _DO_NOT_RELY),
    "unsigned": (
        "This is the published policy, not a copy for anybody",
        "It was not issued to anybody. " + _SAVE_AGAIN,
    ),
    "unsigned/other document": (
        "This is not a signed copy of MailMart’s privacy policy",
        "It is some other PDF, and it is not signed. " + _SAVE_AGAIN,
    ),
    "newer version": (
        "This copy is of a version of the policy that is not known here",
        "It may be newer than this page. Try again in a day, or at mailmart.com.",
    ),
    "unreadable": ("This file cannot be checked", _SAVE_AGAIN),
    "not judged": (
        "This page cannot check this copy",
        "That does not mean that it is false. The name on it is set in a font that the copy contains, and a browser "
        "cannot check how its letters are drawn. Ask MailMart to check it.",
    ),
    "not judged/browser": (
        "Your browser cannot check files on this page",
        "That does not mean that the file is false. Open this page by its address that begins with https://, in a "
        "current browser, or ask MailMart to check the file.",
    ),
    "not available": (
        "This service cannot check files",
        "Check it on this page with scripts allowed, or ask the people who run this service to install "
        "mailmart-privacy[pdf].",
    ),
}

# What a verdict means at a glance, and the sign for it. What is not named here is wrong with the file.
KINDS = {
    GENUINE: "genuine",
    WITHDRAWN: "open",
    FORMERLY_USED: "open",
    UNKNOWN_SIGNER: "open",
    NEWER: "open",
    NOT_JUDGED: "open",
    NOT_AVAILABLE: "open",
}
WRONG = "wrong"
MARKS = {"genuine": "✓", "open": "?", WRONG: "✗"}


def find_words(verdict: str, reason: str | None = None, *, date: str = "") -> tuple[str, str]:
    """Find the words for a verdict: what the file is, and what to do about it.

    Args:
        verdict: for instance "altered".
        reason: what more is known, for instance "other document", or None.
        date: the day that belongs to it, in words.
    """
    headline, advice = WORDS.get(f"{verdict}/{reason}", WORDS[verdict])
    return headline.format(date=date), advice.format(date=date)
