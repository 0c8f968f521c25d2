"""Errors of the policy's text, its records and its pages."""

from .base import ExitCode, PrivacyError, UsageError


class SourceError(PrivacyError):
    """A `policy.md` is not a policy. All of its faults are collected and raised together.

    Attributes:
        faults: each fault as `(line, message)`; lines count from 1.
        origin: what the text was read from, as the messages name it.
    """

    origin: str
    faults: tuple[tuple[int, str], ...]

    def __init__(self, origin: str, faults: tuple[tuple[int, str], ...]) -> None:
        message = "\n".join(f"{origin}:{line}: {words}" for line, words in faults)
        super().__init__(message, origin=origin, faults=faults)


class RecordError(PrivacyError):
    """A recorded file or the ledger is missing, or is not what the ledger says."""


class UnknownVersionError(UsageError):
    """No version of the policy has that name, or none was in force at that time."""


class UnknownTextError(PrivacyError):
    """A text id names a text that never existed: it was mistyped or changed, or does not come from this package.

    Attributes:
        text_id: what was asked for, for instance "2026-02-24.0123456789abcdef".
        known: the versions of the ledger, oldest first, for instance ("2026-02-24",).
    """

    exit_code = ExitCode.ALTERED
    text_id: str
    known: tuple[str, ...]

    def __init__(self, text_id: str, known: tuple[str, ...]) -> None:
        version = text_id.partition(".")[0]
        if version in known:
            message = f"{text_id} names a text that the policy of {version} never had"
        else:
            message = f"{text_id} names a version that never existed; there are: {', '.join(known) or 'none'}"
        super().__init__(message, text_id=text_id, known=known)


class NewerVersionError(PrivacyError):
    """A text or a copy is of a version that a later release of this package may know, and this one does not.

    Attributes:
        version: the version that was asked for, for instance "2027-03-01".
        newest: the newest version that this release knows.
    """

    exit_code = ExitCode.UNDECIDED
    version: str
    newest: str

    def __init__(self, version: str, newest: str) -> None:
        message = f"this release knows no version after {newest}, so not {version}; upgrade mailmart-privacy"
        super().__init__(message, version=version, newest=newest)


class UnknownSectionError(UsageError, KeyError):
    """The policy has no section with that id.

    Attributes:
        section: what was asked for.
        version: the version of the policy.
        known: the ids of its sections, in order.
    """

    section: str
    version: str
    known: tuple[str, ...]

    def __init__(self, section: str, version: str, known: tuple[str, ...]) -> None:
        from difflib import get_close_matches

        near = get_close_matches(section, known, n=3, cutoff=0.4) or known
        message = f"no section {section!r} in the policy of {version}; did you mean {', '.join(near)}?"
        super().__init__(message, section=section, version=version, known=known)

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show it in quotes


class SiteError(PrivacyError):
    """A link of the static site leads nowhere; the message names each."""
