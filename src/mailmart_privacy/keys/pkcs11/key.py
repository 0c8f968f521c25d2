"""Keys in a PKCS#11 token: a smart card, a USB token, an HSM. The key never leaves it.

Sessions and logins are in `token`; how a key is named is in `uri`.
"""

import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ...errors import IdentityError, MissingExtraError
from ..certificates import load_certificates
from ..identity import Identity, assemble
from .token import explain, find_token, lock, open_session, read_attribute, read_pin, token_name
from .uri import Pkcs11Uri, parse_pkcs11_uri

try:
    import pkcs11
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from pkcs11 import Attribute, Mechanism, ObjectClass
except ImportError:
    raise MissingExtraError("pkcs11", "python-pkcs11") from None

if TYPE_CHECKING:
    from ..identity import PublicKey

_PROBE = b"mailmart-privacy: does this key belong to this certificate?"
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo (RFC 8017, 9.2, note 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Handle:
    """A key that was found in a token.

    Attributes:
        key: as the module knows it.
        token: what the messages call its token.
        mechanism: how it signs.
        pin: for a key that asks for it at each signature, else None; never shown.
        process: the process that found it.
    """

    key: Any = field(repr=False)
    token: str
    mechanism: Mechanism
    pin: str | None = field(repr=False)
    process: int

    def sign(self, message: bytes) -> bytes:
        if os.getpid() != self.process:
            raise IdentityError(f"{self.token} was opened by another process; open the identity in the one that signs")
        digest = sha256(message).digest()
        data = {Mechanism.ECDSA: digest, Mechanism.RSA_PKCS: _SHA256_INFO + digest}.get(self.mechanism, message)
        options = {} if self.pin is None else {"pin": self.pin}
        try:
            with lock:
                signature = bytes(self.key.sign(data, mechanism=self.mechanism, **options))
        except pkcs11.PKCS11Error as error:
            raise IdentityError(explain(error, self.token)) from None
        if self.mechanism != Mechanism.ECDSA:
            return signature
        half = len(signature) // 2
        return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pkcs11Key:
    """A private key in a token.

    Attributes:
        public_key: its public half.
    """

    public_key: "PublicKey"
    handle: _Handle = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Sign a message: ECDSA (DER) or RSASSA-PKCS1-v1_5, each over SHA-256.

        Raises:
            IdentityError: the token was removed, or refused.
        """
        return self.handle.sign(message)


def open_pkcs11(uri: str, *, pin: str | bytes | None = None, certificate: bytes | None = None) -> Identity:
    """Open an identity whose key is in a PKCS#11 token; its session stays open as long as the process.

    The key signs once, so that an identity that cannot sign, or has another's certificate, is refused here.

    Args:
        uri: which key (RFC 7512), as in
            "pkcs11:token=office;object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so".
        pin: the token's PIN; None for that in the URI's `pin-source`, for a token that asks for it
            on its own keypad, and for one that needs none. A wrong one is never tried again.
        certificate: certificates in PEM or DER: the key's own, unless the token holds it, and its issuers.

    Returns:
        The identity. `require_valid` says whether it may sign at a moment.

    Raises:
        UsageError: the URI cannot be used.
        OSError: the file with the PIN cannot be read.
        IdentityError: the module, token, key or certificate is missing or unfit, or the PIN is wrong.
    """
    wanted = parse_pkcs11_uri(uri)
    if pin is None and wanted.pin_source is not None:
        pin = read_pin(wanted.pin_source)
    if isinstance(pin, bytes):
        try:
            pin = pin.decode("utf-8")
        except UnicodeDecodeError:
            raise IdentityError("the PIN is not text in UTF-8") from None
    token = find_token(wanted)
    name = token_name(token)
    try:
        with lock:
            session = open_session(wanted.module, token, pin)
            key = _find_key(session, wanted, name)
            certificates = _read_certificates(session)
            matching = [c for c, label, number in certificates if _same(key, label, number)]
            always = read_attribute(key, Attribute.ALWAYS_AUTHENTICATE, default=False)
            mechanism = _choose(key, token)
    except pkcs11.PKCS11Error as error:
        raise IdentityError(explain(error, name)) from None
    handle = _Handle(key=key, token=name, mechanism=mechanism, pin=pin if always else None, process=os.getpid())
    given = load_certificates(certificate, origin="the file of certificates") if certificate is not None else ()
    candidates = (*given, *matching)
    origin = f"the key {wanted.key_name} in {name}"
    if not candidates:
        raise IdentityError(f"{name} holds no certificate for its key {wanted.key_name}", argument="certificate")
    signature = handle.sign(_PROBE)
    own = next((c for c in candidates if _verifies(c, signature)), None)
    if own is None:
        raise IdentityError(f"{origin}: none of its certificates belongs to its key")
    public: Any = own.public_key()
    signer = Pkcs11Key(public_key=public, handle=handle)
    return assemble(signer, given, origin=origin, pool=(own, *(c for c, _, _ in certificates)))


def _find_key(session: pkcs11.Session, wanted: Pkcs11Uri, name: str) -> Any:
    template: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
    if wanted.object is not None:
        template[Attribute.LABEL] = wanted.object
    if wanted.id is not None:
        template[Attribute.ID] = wanted.id
    found = list(session.get_objects(template))
    if not found:
        others = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        there = ", ".join(repr(read_attribute(key, Attribute.LABEL, default="")) for key in others) or "none at all"
        raise IdentityError(f"{name} holds no private key of {wanted.key_name}; it holds: {there}")
    if len(found) > 1:
        raise IdentityError(f"{name} holds {len(found)} private keys of {wanted.key_name}; name one by object or id")
    return found[0]


def _read_certificates(session: pkcs11.Session) -> list[tuple[x509.Certificate, str, bytes]]:
    """Read all certificates that a token holds, each with its label and identifier."""
    found = []
    for entry in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})):
        try:
            certificate = x509.load_der_x509_certificate(bytes(entry[Attribute.VALUE]))
        except (ValueError, pkcs11.PKCS11Error):  # of another kind, or not readable
            continue
        label = read_attribute(entry, Attribute.LABEL, default="")
        found.append((certificate, label, bytes(read_attribute(entry, Attribute.ID, default=b""))))
    return found


def _same(key: Any, label: str, number: bytes) -> bool:
    """Tell whether a certificate is a key's: by their identifiers, else by their labels."""
    own = bytes(read_attribute(key, Attribute.ID, default=b""))
    if own and number:
        return own == number
    return bool(label) and label == read_attribute(key, Attribute.LABEL, default="")


def _choose(key: Any, token: pkcs11.Token) -> Mechanism:
    if not read_attribute(key, Attribute.SIGN, default=True):
        raise IdentityError(
            f"the key {read_attribute(key, Attribute.LABEL, default='')!r} may not sign (CKA_SIGN); use another"
        )
    kind = read_attribute(key, Attribute.KEY_TYPE, default=None)
    if kind == pkcs11.KeyType.EC:
        return Mechanism.ECDSA
    if kind != pkcs11.KeyType.RSA:
        raise IdentityError("the key is neither RSA nor elliptic-curve; use RSA-3072 or P-256")
    known = token.slot.get_mechanisms()
    return Mechanism.SHA256_RSA_PKCS if Mechanism.SHA256_RSA_PKCS in known else Mechanism.RSA_PKCS


def _verifies(certificate: x509.Certificate, signature: bytes) -> bool:
    try:
        public = certificate.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, _PROBE, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, _PROBE, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True
