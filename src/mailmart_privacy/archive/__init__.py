"""The archive: what was published and what each customer received, provable by others.

`open` gives an `ArchiveService`: find, fetch, prove, evidence, verify, hold, release, withdraw, erase, anchor.
`deliver` issues and archives in one step; `add_files` archives what was issued elsewhere (docs/archive.md).
"""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .acts import Erasure, HeldError, Hold
    from .adding import Added, add_files
    from .anchoring import Anchoring
    from .certificate import CertifiedError, ErasureCertificate
    from .delivery import ArchivedCopy, deliver
    from .finding import Customer, Found, FoundCopy
    from .in_force import InForce
    from .keyring import KeyMissingError
    from .location import ArchiveLocation
    from .lookup import NoSuchCustomerError, NoSuchFileError
    from .opening import create, open
    from .recipients import Details, Person
    from .references import ReferenceConflictError
    from .retention import Proposal
    from .service import ArchiveService
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".acts": "Erasure HeldError Hold",
            ".adding": "Added add_files",
            ".anchoring": "Anchoring",
            ".certificate": "CertifiedError ErasureCertificate",
            ".delivery": "ArchivedCopy deliver",
            ".finding": "Customer Found FoundCopy",
            ".in_force": "InForce",
            ".keyring": "KeyMissingError",
            ".location": "ArchiveLocation",
            ".lookup": "NoSuchCustomerError NoSuchFileError",
            ".opening": "create open",
            ".recipients": "Details Person",
            ".references": "ReferenceConflictError",
            ".retention": "Proposal",
            ".service": "ArchiveService",
        },
    )

__all__ = [
    "Added",
    "Anchoring",
    "ArchiveLocation",
    "ArchiveService",
    "ArchivedCopy",
    "CertifiedError",
    "Customer",
    "Details",
    "Erasure",
    "ErasureCertificate",
    "Found",
    "FoundCopy",
    "HeldError",
    "Hold",
    "InForce",
    "KeyMissingError",
    "NoSuchCustomerError",
    "NoSuchFileError",
    "Person",
    "Proposal",
    "ReferenceConflictError",
    "add_files",
    "create",
    "deliver",
    "open",
]
