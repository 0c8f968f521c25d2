"""MailMart's privacy policy: the canonical text, a typed API, and signed, dated copies.

Importing this package loads nothing else; each name below is loaded when it is first used.
"""

from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime

    from .api.batches import issue_many
    from .api.copies import issue, load_certificates, render_form, renew, verify
    from .api.policies import current, in_force, resolve, upcoming, versions
    from .batch.results import FailedCopy, IssuedCopy
    from .diff.compare import Comparison, Passage, ProcessorChange, SectionChange, compare
    from .diff.words import Span
    from .errors import (
        AlteredError,
        DestinationExistsError,
        ExitCode,
        FormError,
        IdentityError,
        LevelError,
        MissingExtraError,
        PrivacyError,
        RecipientError,
        RecordError,
        RowsError,
        SelfCheckError,
        SiteError,
        SourceError,
        TimestampError,
        UnfinishedError,
        UnknownSectionError,
        UnknownVersionError,
        UnreadableFileError,
        UnsignedError,
        UntrustedError,
        UsageError,
        VerificationError,
        VersionMismatchError,
    )
    from .keys.identity import Identity, SigningKey
    from .keys.key_files import create_identity, load_identity
    from .keys.kms import open_kms
    from .keys.pkcs11 import open_pkcs11
    from .policy.model import Block, BulletList, Heading, Paragraph, Policy, Processor, Section
    from .policy.prose import Prose
    from .policy.read_markdown import parse_policy
    from .policy.read_text import parse_text, read_prose
    from .policy.render import render_html, render_json, render_markdown, render_text
    from .policy.versions import Changes, Version
    from .redline.data import render_redline_json
    from .redline.markdown import render_redline_markdown
    from .redline.page import render_redline
    from .redline.paper import render_redline_pdf
    from .redline.text import render_redline_text
    from .sheets.rows import Row
    from .trust.timestamp_client import TimestampClient
    from .verifying.verification import SignatureSummary, TimestampSummary, Verification

    last_updated: datetime.date
    sections: tuple[Section, ...]
    processors: tuple[Processor, ...]
else:
    _HOMES = {
        "api.copies": "issue load_certificates render_form renew verify",
        "api.batches": "issue_many",
        "api.policies": "current in_force resolve upcoming versions",
        "batch.results": "FailedCopy IssuedCopy",
        "diff.compare": "Comparison Passage ProcessorChange SectionChange compare",
        "policy.prose": "Prose",
        "diff.words": "Span",
        "sheets.rows": "Row",
        "errors": "AlteredError ExitCode DestinationExistsError FormError IdentityError LevelError MissingExtraError "
        "VersionMismatchError PrivacyError RecipientError RecordError RowsError SiteError SourceError "
        "SelfCheckError TimestampError UnreadableFileError UnfinishedError UnknownSectionError UnknownVersionError "
        "UnsignedError UntrustedError UsageError VerificationError",
        "keys.identity": "Identity SigningKey",
        "keys.key_files": "create_identity load_identity",
        "keys.kms": "open_kms",
        "policy.versions": "Changes Version",
        "policy.model": "Block BulletList Heading Paragraph Policy Processor Section",
        "policy.read_markdown": "parse_policy",
        "policy.read_text": "parse_text read_prose",
        "redline.data": "render_redline_json",
        "redline.markdown": "render_redline_markdown",
        "redline.page": "render_redline",
        "redline.paper": "render_redline_pdf",
        "redline.text": "render_redline_text",
        "keys.pkcs11": "open_pkcs11",
        "policy.render": "render_html render_json render_markdown render_text",
        "trust.timestamp_client": "TimestampClient",
        "verifying.verification": "SignatureSummary TimestampSummary Verification",
    }
    _HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

    def __getattr__(name):
        import importlib

        if name in ("last_updated", "sections", "processors"):
            # Not kept: another version may be in force the next time.
            return getattr(importlib.import_module(".api.policies", __name__).current(), name)
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__():
        return __all__


__all__ = [
    "AlteredError",
    "Block",
    "BulletList",
    "Changes",
    "Comparison",
    "DestinationExistsError",
    "ExitCode",
    "FailedCopy",
    "FormError",
    "Heading",
    "Identity",
    "IdentityError",
    "IssuedCopy",
    "LevelError",
    "MissingExtraError",
    "Paragraph",
    "Passage",
    "Policy",
    "PrivacyError",
    "Processor",
    "ProcessorChange",
    "Prose",
    "RecipientError",
    "RecordError",
    "Row",
    "RowsError",
    "Section",
    "SectionChange",
    "SelfCheckError",
    "SignatureSummary",
    "SigningKey",
    "SiteError",
    "SourceError",
    "Span",
    "TimestampClient",
    "TimestampError",
    "TimestampSummary",
    "UnfinishedError",
    "UnknownSectionError",
    "UnknownVersionError",
    "UnreadableFileError",
    "UnsignedError",
    "UntrustedError",
    "UsageError",
    "Verification",
    "VerificationError",
    "Version",
    "VersionMismatchError",
    "__version__",
    "compare",
    "create_identity",
    "current",
    "in_force",
    "issue",
    "issue_many",
    "last_updated",
    "load_certificates",
    "load_identity",
    "open_kms",
    "open_pkcs11",
    "parse_policy",
    "parse_text",
    "processors",
    "read_prose",
    "render_form",
    "render_html",
    "render_json",
    "render_markdown",
    "render_redline",
    "render_redline_json",
    "render_redline_markdown",
    "render_redline_pdf",
    "render_redline_text",
    "render_text",
    "renew",
    "resolve",
    "sections",
    "upcoming",
    "verify",
    "versions",
]
