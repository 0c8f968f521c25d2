"""Identities and certificates for Python callers, from bytes or from a file's path."""

from os import PathLike

from .._limits import MAX_SMALL
from ..errors import IdentityError, WrongTypeError, one_line
from .optional import Certificate, Identity

Source = bytes | str | PathLike[str]


def load_identity(source: Source, *, passphrase: bytes | None = None) -> Identity:
    """Load an identity from PEM (key and certificates in one file) or PKCS#12 (RFC 7292).

    Args:
        source: the content as bytes, or the path of a file. It holds the key, its certificate and the certificates of
            all issuers, in any order.
        passphrase: what the key is encrypted with, or None.

    Returns:
        The identity.

    Raises:
        IdentityError: the file cannot be read, or holds no key or no certificate; the passphrase is wrong; the key is
            too weak or does not belong to the certificate; or the chain is incomplete.
        WrongTypeError: `source` is neither bytes nor a path, or `passphrase` is not bytes.
        MissingExtraError: the extra `pdf` is not installed.
    """
    from ..keys.key_files import load_identity

    if passphrase is not None and not isinstance(passphrase, bytes):
        raise WrongTypeError("passphrase", "bytes", passphrase)
    content, origin = _read(source, "the identity")
    return load_identity(content, passphrase=passphrase, origin=origin)


def load_certificates(source: Source) -> tuple[Certificate, ...]:
    """Load certificates to trust, from PEM (one or more) or DER (one).

    Args:
        source: the content as bytes, or the path of a file.

    Returns:
        The certificates, in the order of the file.

    Raises:
        IdentityError: the file cannot be read, or holds no certificate.
        WrongTypeError: `source` is neither bytes nor a path.
        MissingExtraError: the extra `pdf` is not installed.
    """
    from ..keys.certificates import load_certificates

    content, origin = _read(source, "this file")
    return load_certificates(content, origin=origin)


def _read(source: object, otherwise: str) -> tuple[bytes, str]:
    """Return the content, and what messages call it."""
    if isinstance(source, bytes):
        return source, otherwise
    if not isinstance(source, str | PathLike):
        raise WrongTypeError("source", "bytes, or the path of a file", source)
    try:
        with open(source, "rb") as file:
            content: bytes = file.read(MAX_SMALL + 1)
    except (OSError, ValueError) as error:
        raise IdentityError(f"{source} cannot be read: {getattr(error, 'strerror', None) or one_line(error)}") from None
    if len(content) > MAX_SMALL:
        raise IdentityError(
            f"{source} cannot be read: it has more than {MAX_SMALL:,} bytes, as no key or certificate has"
        )
    return content, str(source)
