"""What to do about an error, on the command line: the library says what is wrong, and this names the option."""

from ..errors import PrivacyError

# By the `argument` of an error. Each follows the message, after a semicolon.
HINTS = {
    "archive": "create an archive with: mailmart-privacy archive init DIR",
    "certificate": "give the certificate with --certificate FILE",
    "columns.recipient": "name it with --column recipient=HEADER",
    "columns.reference": "name it with --column reference=HEADER",
    "fonts": "name a font that has them with --font FILE",
    "force": "give another name with -o, or --force to replace it",
    "header_row": "name the row with the headings with --header-row N",
    "hidden": "give --hidden include or --hidden skip",
    "index": "make the index anew with: mailmart-privacy archive reindex",
    "key": "name the file of the archive's key with --archive-key",
    "max_rows": "split the sheet, or raise the limit with --max-rows",
    "resume": "go on with --resume",
    "sheet": "name one of these with --sheet NAME",
    "trust": "give it with --trust FILE",
    "trust_roots": "give it with --trust FILE",
    "tsa": "name a timestamp authority with --tsa URL",
}


def explain(error: PrivacyError) -> str:
    """Give the message of an error, with what to do about it; on a line of its own below several lines."""
    message, hint = str(error), HINTS.get(error.argument or "", "")
    if not hint:
        return message
    return f"{message}\n{hint}" if "\n" in message else f"{message}; {hint}"
