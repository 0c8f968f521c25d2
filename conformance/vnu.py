"""The Nu Html Checker: do pages and style sheets conform to HTML and CSS as the WHATWG and the W3C have them?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .programs import ValidatorError, run_java
from .web import install


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Something that the checker says about a file.

    Attributes:
        path: the file.
        line: where, or None where it is about the whole file.
        kind: "error", or "info" with which warnings come.
        text: what it says.
    """

    path: Path
    line: int | None
    kind: str
    text: str


def validate(paths: Sequence[Path]) -> tuple[Message, ...]:
    """Validate pages (.html) and style sheets (.css), in one JVM.

    Returns:
        Errors and warnings; nothing if there are none.

    Raises:
        MissingValidatorError: Java, Node.js or npm is not installed.
        ValidatorError: the checker did not read every file.
    """
    jar = install() / "vnu-jar" / "build" / "dist" / "vnu.jar"
    absolute = [path.resolve() for path in paths]
    output = run_java("-jar", jar, "--also-check-css", "--format", "json", "--stdout", "--verbose", *absolute)
    try:
        messages = json.loads(output.stdout)["messages"]
        # A file that is not there would pass without a word; the list of files read is on standard error.
        unread = {str(path) for path in absolute} - set(output.stderr.splitlines())
        if unread:
            raise ValueError(f"not read: {sorted(unread)}")
        if output.status != int(any(message["type"] != "info" for message in messages)):
            raise ValueError("the exit status and the messages do not agree")
        return tuple(_read(message) for message in messages)
    except (KeyError, ValueError, TypeError) as error:
        raise ValidatorError(
            f"the Nu Html Checker gave no verdict (exit status {output.status}, {error!r}):\n{output.stderr}"
        ) from None


def _read(message: dict[str, object]) -> Message:
    line = message.get("lastLine")  # not every message is about a line
    if not (line is None or isinstance(line, int)):
        raise TypeError(f"a line is {line!r}")
    return Message(
        path=Path(str(message["url"]).removeprefix("file:")),
        line=line,
        kind=str(message["type"]),
        text=str(message["message"]),
    )
