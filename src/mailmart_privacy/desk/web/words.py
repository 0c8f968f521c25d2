"""How pages say things: days, moments, numbers, and why something was refused. No page of sales has a term of
cryptography.
"""

import datetime

from ..._time import format_cell, is_short_cell
from ..messages import RefusedError
from ..sentences import plainly, sentence, stop

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def day(moment: datetime.datetime | datetime.date) -> str:
    """Write a day: "24 February 2026"."""
    if isinstance(moment, datetime.datetime):
        moment = moment.astimezone(datetime.UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def moment(at: datetime.datetime) -> str:
    """Write a moment: "29 November 2026, 22:05 UTC"."""
    at = at.astimezone(datetime.UTC)
    return f"{day(at)}, {at:%H:%M} UTC"


def iso(at: datetime.datetime) -> str:
    """Write a moment for `<time datetime>`."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def version(name: str) -> str:
    """Write the name of a version: "Version of 24 February 2026"."""
    return f"Version of {day(datetime.date.fromisoformat(name))}" if name else "No version"


def version_inside(name: str) -> str:
    """Write the name of a version within a sentence: "version of 24 February 2026"."""
    return version(name).replace("Version", "version").replace("No ", "no ")


def number(value: int) -> str:
    """Write a number: "1,479"."""
    return f"{value:,}"


def count(value: int, one: str, many: str) -> str:
    """Write how many there are: "1 copy", "3 copies"."""
    return f"{value:,} {one if value == 1 else many}"


FILTERS = {
    "day": day,
    "moment": moment,
    "iso": iso,
    "version": version,
    "version_inside": version_inside,
    "number": number,
    "count": count,
    "plainly": plainly,
    "stop": stop,
    "sentence": sentence,
    "cell": format_cell,
    "short": is_short_cell,
}

# By the code of a refusal: the status of the answer, and the sentence. {about} is what it is about.
_REFUSALS = {
    "unfit-name": (422, "This name cannot be put on a copy. {words}"),
    "unfit-reference": (422, "This reference cannot be put on a copy. {words}"),
    "reference-taken": (422, "{about} already has a copy with this reference. Each customer needs a different one."),
    "request-reused": (
        409,
        "This form was already sent, with different entries. Open the page again to issue another copy.",
    ),
    "under-way": (
        409,
        "This copy is being issued right now. In a moment you will find it under “Recently issued by you”.",
    ),
    "no-authority": (
        503,
        "The authority that dates our copies does not answer, so nothing was issued. Try again in a few minutes.",
    ),
    "no-such-copy": (404, "There is no such copy on record. Its customer may have been erased."),
    "erased": (404, "There is no such copy on record any more. Its customer was erased."),
    "no-such-customer": (404, "There is no such customer on record. They may have been erased."),
    "nothing-to-find": (422, "Type part of the name or of a reference."),
    "not-yours": (403, "Somebody else issued this copy. Ask compliance to withdraw it."),
    "reason-missing": (422, "Say why. The reason goes on record."),
    "held": (409, "A hold is in place on this customer, so nobody can erase them. Matter: {about}."),
    "erasure-waits": (409, "The erasure is already confirmed, and waits until the store’s lock ends."),
    "nobody-asked": (409, "This erasure is no longer requested. Open the page again."),
    "needs-second": (403, "You asked for this yourself. A second person has to confirm it."),
    "name-differs": (422, "That is a different name. Type the name exactly as it is shown above."),
    "batch-under-way": (
        409,
        "Copies for a spreadsheet that names this customer are being issued right now, so nothing was erased. Wait "
        "until they are ready, or have them stopped, and confirm again.",
    ),
    "names-customer": (
        422,
        "The matter and the reason must not name the customer, because they stay readable after an erasure.",
    ),
    "cannot-seal": (409, "No independent authority is set up, so the record cannot be sealed."),
    "cannot-print": (
        503,
        "This desk cannot make PDF files, because the part that sets pages is not installed. Print the page, or take "
        "the Excel file. The administrator can install mailmart-privacy with the extra “form”.",
    ),
    "unreadable-sheet": (422, "This spreadsheet cannot be used as it is. {words}"),
    "no-such-batch": (404, "There is no spreadsheet of yours at this address, or it was removed after 30 days."),
    "batch-reading": (409, "This spreadsheet is still being read. Open the page again in a moment."),
    "existing-undecided": (422, "Choose what to do about customers who already have a copy."),
    "batch-began": (409, "The copies for this spreadsheet are already being issued, or have been."),
    "batch-not-planned": (409, "First choose the rows and columns."),
    "batch-empty": (422, "There are no rows left to issue, so nothing was issued."),
    "tampered": (
        503,
        "The record was changed from outside this desk, so nothing can be done here until that is understood. "
        "Tell compliance and the administrator at once.",
    ),
    "failed": (
        500,
        "That did not work, and nothing was changed. Try again; if it fails again, tell the administrator.",
    ),
}


def explain(refusal: RefusedError) -> tuple[int, str]:
    """Say why something was refused: the status of the answer, and a sentence."""
    status, said = _REFUSALS.get(refusal.code, _REFUSALS["failed"])
    words = sentence(plainly(refusal.words))
    return status, said.format(words=words, about=refusal.about).strip()
