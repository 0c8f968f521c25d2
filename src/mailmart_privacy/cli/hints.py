"""What to do about an error, on the command line: the library says what is wrong, and this names the option."""

from ..errors import ExitCode, PrivacyError

# By the `argument` of an error. Each follows the message, after a semicolon.
HINTS = {
    "anchor": "anchor it later with: mailmart-privacy archive anchor --tsa URL --trust CERT",
    "archive": "create an archive with: mailmart-privacy archive init DIR",
    "certificate": "give the certificate with --certificate FILE",
    "columns.recipient": "name it with --column recipient=HEADER",
    "columns.reference": "name it with --column reference=HEADER",
    "directory": "give another name with -d",
    "digest": "look it up with: mailmart-privacy archive find CUSTOMER",
    "fonts": "name a font that has them with --font FILE",
    "force": "give another name with -o, or --force to replace it",
    "header_row": "name the row with the headings with --header-row N",
    "hidden": "give --hidden include or --hidden skip",
    "index": "rebuild the index with: mailmart-privacy archive reindex",
    "key": "name the file of the archive's key with --archive-key",
    "max_rows": "split the sheet, or raise the limit with --max-rows",
    "name": "give one with --name",
    "no_certificate": "leave --certificate out",
    "no_passphrase": "leave --passphrase-file out",
    "output": "give another name with -o",
    "pin": "give it by --passphrase-file, by pin-source=file:/PATH in the URI, or in $MAILMART_PRIVACY_PASSPHRASE",
    "port": "give another --port",
    "resume": "continue with --resume",
    "newest_key": "ask the person who replaced it for the new one, and name that file with --archive-key",
    "rotation": "finish it with: mailmart-privacy archive key rotate",
    "same_reference": "if that is right, repeat it with --same-reference",
    "sheet": "name one of these with --sheet NAME",
    "site": "give another DIR",
    "site_force": "give another DIR, or --force to replace it",
    "source": "open the version with: mailmart-privacy records new DATE",
    "target": "say which one you mean with --as customer, or --as copy and more digits",
    "trust": "give it with --trust FILE",
    "trust_timestamps": "give it with --trust-timestamps FILE",
    "tsa": "name a timestamp authority with --tsa URL",
    "withdraw": "record that with: mailmart-privacy archive withdraw DIGEST --reason TEXT",
}


def explain(error: PrivacyError) -> str:
    """Give the message of an error and what to do about it; after a message of several lines, on a separate line."""
    message, hint = str(error), HINTS.get(error.argument or "", "")
    if "characters" in error.facts and (fonts := _find_fonts(str(error.facts["characters"]))):
        hint += f"; on this computer: {', '.join(fonts)}"
    if not hint:
        return message
    return f"{message}\n{hint}" if "\n" in message else f"{message}; {hint}"


def explain_file(error: PrivacyError | OSError) -> str:
    """Give the message of what is wrong with a file that is named already, and what to do about it."""
    return explain(error) if isinstance(error, PrivacyError) else name_error(error)


def _find_fonts(characters: str) -> list[str]:
    from ..typesetting.installed import find_families

    return find_families(characters)


def find_code(error: PrivacyError | OSError | None) -> ExitCode:
    """Find the exit code of the outcome for one file."""
    if error is None:
        return ExitCode.DONE
    return error.exit_code if isinstance(error, PrivacyError) else ExitCode.FAILED


def name_error(error: PrivacyError | OSError) -> str:
    """Say what is wrong with a file that is named already."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
