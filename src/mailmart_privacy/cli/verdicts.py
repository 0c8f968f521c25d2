"""What `verify` says of a file, for people or for programs; written by the process that checked the file.

With many files several processes check, and what they send to the one that prints is text: no Click is needed for it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._time import format_date
from .._unicode import spell_out
from ..errors import ExitCode, UntrustedError
from .hints import explain_file, find_code, name_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..verifying.many import JudgedFile
    from ..verifying.verification import Verification

_COLUMN = 15  # where the values of facts begin
_VERDICTS = {ExitCode.UNSIGNED: "not signed", ExitCode.ALTERED: "ALTERED", ExitCode.UNDECIDED: "not accepted"}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class VerdictWriter:
    """Writes verdicts.

    Attributes:
        reliance: whom the verdict relies on where nobody was named to trust, or None.
        full: whether signatures, certificates, timestamps and digests are shown, too.
        as_json: whether programs read it.
        width: of the terminal, in characters; None where lines are not wrapped.
        colours: whether standard output and the error stream show colours.
    """

    reliance: str | None = None
    full: bool = False
    as_json: bool = False
    width: int | None = None
    colours: tuple[bool, bool] = (False, False)

    def write(self, found: "JudgedFile") -> tuple[int, str | dict[str, Any]]:
        """Write the verdict on a file.

        Returns:
            The exit code for it; and a document for programs, or text for people, which belongs on standard output
            where the code is 0, and on the error stream otherwise.
        """
        error, code = found.error, int(find_code(found.error))
        if self.as_json:
            return code, _describe(found, code)
        if found.verification is not None:
            return code, self.write_genuine(str(found.path), found.verification)
        assert error is not None
        words = explain_file(error)
        words += f"; {self.reliance}" if self.reliance and isinstance(error, UntrustedError) else ""
        headline = f"{spell_out(str(found.path))}: {_VERDICTS.get(ExitCode(code), 'failed')}:"
        colour = "yellow" if code == ExitCode.UNDECIDED else "red"
        return code, f"{_paint(headline, colour) if self.colours[1] else headline} {spell_out(words)}"

    def write_genuine(self, name: str, verdict: "Verification") -> str:
        """Write what a genuine copy says."""
        said, colour = "genuine: signed, unchanged, and issued from the recorded policy", "green"
        if verdict.withdrawn_at is not None:
            said, colour = "genuine; this version was withdrawn before it took effect", "yellow"
        headline = f"{spell_out(name)}: {said}"
        if self.full:
            lines = verdict.describe().split("\n")
        else:
            lines = [f"  {label:<12} {value}" for label, value in _facts(verdict, self.reliance)]
        if self.reliance and self.full:
            lines.append(f"  {'Note':<12} {self.reliance}")
        fitted = (self._fit(spell_out(line)) for line in lines)
        return "\n".join([_paint(headline, colour) if self.colours[0] else headline, *fitted])

    def _fit(self, line: str) -> str:
        """Wrap a line within its column on a terminal; a long digest continues on the next line."""
        if self.width is None:
            return line
        from textwrap import wrap

        width = max(_COLUMN + 20, self.width)
        wrapped = wrap(line[_COLUMN:], width - _COLUMN, break_on_hyphens=False) or [""]
        return f"\n{' ' * _COLUMN}".join([line[:_COLUMN] + wrapped[0], *wrapped[1:]])


def _paint(text: str, colour: str) -> str:
    from click import style

    return style(text, fg=colour, bold=True)


def _describe(found: "JudgedFile", code: int) -> dict[str, Any]:
    """Describe the result for a file, for programs."""
    verification = None if found.verification is None else found.verification.to_json()
    message = None if found.error is None else name_error(found.error)
    return {"file": str(found.path), "exit_code": code, "error": message, "verification": verification}


def _facts(verdict: "Verification", reliance: str | None) -> "Iterator[tuple[str, str]]":
    signer = verdict.delivery.signer
    if verdict.delivery.self_signed and "self-signed" not in signer.lower():
        signer += " (self-signed)"
    if reliance:
        signer += ", which is your own identity and the only one trusted here"
    yield "Issued to", verdict.recipient
    yield "Reference", verdict.reference
    yield "Issued on", f"{format_date(verdict.issued_at.date())}, {verdict.issued_at:%H:%M} UTC"
    force = f"in force from {format_date(verdict.effective_at.date())}"
    if verdict.withdrawn_at is not None:
        force = f"withdrawn on {format_date(verdict.withdrawn_at.date())}, never in force"
    elif verdict.effective_until is not None:
        force += f" to {format_date(verdict.effective_until.date())}"
    yield "Policy", f"version {verdict.version}, {force}"
    yield "Signed by", f"{signer}; can be checked until {format_date(verdict.valid_until.date())}"
    for remark in verdict.remarks:
        yield "Note", remark
