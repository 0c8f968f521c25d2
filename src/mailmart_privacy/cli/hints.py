"""What to do about an error, on the command line: the library says what is wrong, and this names the option."""

from ..errors import PrivacyError

_PATIENCE = 5  # seconds
_NAMED = 3

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
    "no_certificate": "leave --certificate out",
    "no_passphrase": "leave --passphrase-file out",
    "pin": "give it by --passphrase-file, by pin-source=file:/PATH in the URI, or in $MAILMART_PRIVACY_PASSPHRASE",
    "max_rows": "split the sheet, or raise the limit with --max-rows",
    "resume": "continue with --resume",
    "site": "give another DIR",
    "site_force": "give another DIR, or --force to replace it",
    "sheet": "name one of these with --sheet NAME",
    "trust": "give it with --trust FILE",
    "trust_timestamps": "give it with --trust-timestamps FILE",
    "tsa": "name a timestamp authority with --tsa URL",
    "withdraw": "record that with: mailmart-privacy archive withdraw DIGEST --reason TEXT",
}


def explain(error: PrivacyError) -> str:
    """Give the message of an error and what to do about it; after a message of several lines, on a separate line."""
    message, hint = str(error), HINTS.get(error.argument or "", "")
    fonts = find_fonts(str(error.facts["characters"])) if "characters" in error.facts else []
    if fonts:
        hint += f"; on this computer: {', '.join(fonts)}"
    if not hint:
        return message
    return f"{message}\n{hint}" if "\n" in message else f"{message}; {hint}"


def find_fonts(characters: str) -> list[str]:
    """Find installed fonts that have characters, by fontconfig where it is installed; else none.

    Args:
        characters: all of them have to be in the font.

    Returns:
        Names of families, three at most, Noto's first.
    """
    import subprocess

    pattern = f":charset={' '.join(f'{ord(character):x}' for character in characters)}"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; of the name, code points alone go into the pattern
            ["fc-list", pattern, "family"],  # noqa: S607 - wherever the system keeps it
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    families = {line.partition(",")[0].strip() for line in done.stdout.decode("utf-8", "replace").splitlines()}
    return sorted(filter(None, families), key=lambda name: (not name.startswith("Noto"), name))[:_NAMED]
