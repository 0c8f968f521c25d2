"""An identity by the name of its key: a file, a key in a PKCS#11 token, or a key in AWS KMS."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..errors import IdentityError, UsageError

if TYPE_CHECKING:
    from .identity import Identity

TOKEN, KMS = "pkcs11:", "awskms:"
Ask: TypeAlias = Callable[[str], bytes | None]


def is_uri(name: str) -> bool:
    """Tell whether a name is that of a key in a token or in AWS KMS, not of a file."""
    return name.startswith((TOKEN, KMS))


def open_identity(
    name: str,
    *,
    passphrase: bytes | None = None,
    certificate: bytes | None = None,
    ask: Ask = lambda what: None,
    read: Callable[[str], bytes] = lambda name: Path(name).read_bytes(),
) -> "Identity":
    """Open an identity, wherever its key is kept.

    Args:
        name: a file (PEM or PKCS#12), "pkcs11:…" (RFC 7512), or "awskms:…".
        passphrase: that of the file, or the PIN of the token; None if there is none, or to be asked.
        certificate: the certificates of the key and its issuers (PEM), for a key that is not in a file.
        ask: is called where a passphrase or PIN is needed and was not given, with what it is for; it returns None if
            nobody can be asked.
        read: reads the file.

    Raises:
        UsageError: something was given that this kind of key does not have, or the URI cannot be used.
        IdentityError: the key cannot be used; the message never shows the passphrase.
        OSError: the file cannot be read.
        MissingExtraError: the library for this kind of key is not installed.
    """
    if name.startswith(TOKEN):
        return _open_token(name, passphrase, certificate, ask)
    if name.startswith(KMS):
        return _open_kms(name, passphrase, certificate)
    if certificate is not None:
        raise UsageError(
            "separate certificates are for a key in a token or in AWS KMS; put the certificates into the key's file",
            argument="no_certificate",
        )
    return _load_file(name, read(name), passphrase, ask)


def _load_file(name: str, content: bytes, passphrase: bytes | None, ask: Ask) -> "Identity":
    from .key_files import load_identity

    try:
        return load_identity(content, passphrase=passphrase, origin=name)
    except IdentityError as error:
        asked = ask(f"Passphrase of {name}") if passphrase is None and error.argument == "passphrase" else None
        if asked is None:
            raise
    return load_identity(content, passphrase=asked, origin=name)


def _open_token(uri: str, pin: bytes | None, certificate: bytes | None, ask: Ask) -> "Identity":
    from .pkcs11.uri import parse_pkcs11_uri

    parsed = parse_pkcs11_uri(uri)  # before anything is asked
    from .pkcs11.key import open_pkcs11
    from .pkcs11.token import find_token, needs_pin

    if pin is None and parsed.pin_source is None and needs_pin(find_token(parsed)):
        pin = ask("PIN of the token" if parsed.token is None else f"PIN of the token {parsed.token!r}")
        if pin is None:
            raise IdentityError("the token needs its PIN", argument="pin")
    return open_pkcs11(uri, pin=pin, certificate=certificate)


def _open_kms(name: str, passphrase: bytes | None, certificate: bytes | None) -> "Identity":
    if passphrase is not None:
        raise UsageError(
            "a key in AWS KMS has no passphrase; AWS identifies you by your profile", argument="no_passphrase"
        )
    if certificate is None:
        raise UsageError(
            "AWS KMS stores no certificates; that of the key and those of its issuers are missing",
            argument="certificate",
        )
    from .kms import open_kms

    return open_kms(name, certificate=certificate)
