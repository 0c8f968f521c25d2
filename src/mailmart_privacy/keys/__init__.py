"""Keys: identities from files, PKCS#11 tokens and AWS KMS, and the protocol for keys that are kept elsewhere."""

from .._lazy import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .identity import Identity, SigningKey
    from .key_files import create_identity
    from .kms import open_kms
    from .pkcs11.key import open_pkcs11
else:
    __getattr__, __dir__ = offer(
        __name__,
        {
            ".identity": "Identity SigningKey",
            ".key_files": "create_identity",
            ".kms": "open_kms",
            ".pkcs11.key": "open_pkcs11",
        },
    )

__all__ = [
    "Identity",
    "SigningKey",
    "create_identity",
    "open_kms",
    "open_pkcs11",
]
