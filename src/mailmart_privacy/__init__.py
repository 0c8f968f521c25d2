"""MailMart's privacy policy: the canonical text, a typed API, and signed, dated copies.

Importing this package loads nothing else; each name below is loaded when it is first used. More is in `archive`,
`batch`, `errors`, `form`, `keys`, `policy`, `redline`, `testing`, `timestamps` and `verifying` (docs/api.md).
"""

from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime

    from .api.batches import issue_many
    from .api.copies import issue, verify
    from .api.loading import load_certificates, load_identity
    from .api.policies import current, in_force, resolve, upcoming, version, versions
    from .copies.issuer import IssuedCopy, Issuer
    from .errors import MissingExtraError, PrivacyError, UsageError, VerificationError
    from .keys.identity import Identity
    from .policy.blocks import Block
    from .policy.model import Changes, Policy, Processor, Section
    from .policy.versions import Version
    from .sheets.rows import Row
    from .verifying.verification import Verification

    last_updated: datetime.date
    processors: tuple[Processor, ...]
    sections: tuple[Section, ...]
else:
    from ._lazy import offer

    _load, _ = offer(
        __name__,
        {
            ".api.batches": "issue_many",
            ".api.copies": "issue verify",
            ".api.loading": "load_certificates load_identity",
            ".api.policies": "current in_force resolve upcoming version versions",
            ".copies.issuer": "IssuedCopy Issuer",
            ".errors": "MissingExtraError PrivacyError UsageError VerificationError",
            ".keys.identity": "Identity",
            ".policy.blocks": "Block",
            ".policy.model": "Changes Policy Processor Section",
            ".policy.versions": "Version",
            ".sheets.rows": "Row",
            ".verifying.verification": "Verification",
        },
    )

    def __getattr__(name):
        if name in ("last_updated", "processors", "sections"):
            # Not kept: another version may be in force the next time.
            return getattr(_load("current")(), name)
        return _load(name)

    def __dir__():
        return __all__


__all__ = [
    "Block",
    "Changes",
    "Identity",
    "IssuedCopy",
    "Issuer",
    "MissingExtraError",
    "Policy",
    "PrivacyError",
    "Processor",
    "Row",
    "Section",
    "UsageError",
    "Verification",
    "VerificationError",
    "Version",
    "__version__",
    "current",
    "in_force",
    "issue",
    "issue_many",
    "last_updated",
    "load_certificates",
    "load_identity",
    "processors",
    "resolve",
    "sections",
    "upcoming",
    "verify",
    "version",
    "versions",
]
