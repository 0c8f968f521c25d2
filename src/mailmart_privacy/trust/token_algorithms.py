"""Algorithms as timestamp tokens name them (AlgorithmIdentifier, RFC 5280, 4.1.1.2): written in one way."""

from dataclasses import dataclass

from .. import _der as der

_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_DIGEST_NAMES = {name: dotted for dotted, name in _DIGESTS.items()}
_RSA = "1.2.840.113549.1.1.1"
_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
_SIGNATURES = {
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
}
_SIGNATURE_NAMES = {kind: dotted for dotted, kind in _SIGNATURES.items()}
_NULL = der.encode(der.NULL)
SHA256_WITH_NULL = der.encode(der.SEQUENCE, der.encode_oid(_DIGEST_NAMES["sha256"]), _NULL)


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How a token is signed.

    Attributes:
        kind: "rsa" or "ecdsa".
        digest: for instance "sha256".
        pss_salt: how many bytes of salt an RSASSA-PSS signature has, or None for any other signature.
    """

    kind: str
    digest: str
    pss_salt: int | None = None


def read_digest_algorithm(reader: der.Reader) -> str:
    """Read the content of a digest's AlgorithmIdentifier; NULL and no parameters mean the same (RFC 5754, 2)."""
    dotted = reader.oid()
    _read_no_parameters(reader)
    if dotted not in _DIGESTS:
        raise ValueError("it is made with another digest than SHA-256, SHA-384 or SHA-512")
    return _DIGESTS[dotted]


def write_digest_algorithm(name: str) -> bytes:
    """Write a digest's AlgorithmIdentifier without parameters (RFC 5754, 2)."""
    return der.encode(der.SEQUENCE, der.encode_oid(_DIGEST_NAMES[name]))


def read_signature_algorithm(reader: der.Reader, digest: str) -> SignatureAlgorithm:
    """Read the content of a signature's AlgorithmIdentifier.

    Args:
        reader: of the content.
        digest: the digest that the signer names beside it; the two must agree.

    Raises:
        ValueError: the algorithm is unknown, or is over another digest.
    """
    dotted = reader.oid()
    if dotted == _PSS:
        return _read_pss(reader.enter(), digest)
    _read_no_parameters(reader)
    kind, named = ("rsa", digest) if dotted == _RSA else _SIGNATURES.get(dotted, ("", ""))
    if named != digest:
        raise ValueError("its signature algorithm is unknown here, or does not fit its digest")
    return SignatureAlgorithm(kind, digest)


def write_signature_algorithm(algorithm: SignatureAlgorithm) -> bytes:
    """Write a signature's AlgorithmIdentifier (RFC 4055, 5, with NULL; RFC 5758, 3.2, without parameters)."""
    if algorithm.pss_salt is not None:
        digest = der.encode(der.SEQUENCE, der.encode_oid(_DIGEST_NAMES[algorithm.digest]), _NULL)
        parameters = der.encode(
            der.SEQUENCE,
            der.encode(der.tagged(0), digest),
            der.encode(der.tagged(1), der.encode(der.SEQUENCE, der.encode_oid(_MGF1), digest)),
            der.encode(der.tagged(2), der.encode_integer(algorithm.pss_salt)),
        )
        return der.encode(der.SEQUENCE, der.encode_oid(_PSS), parameters)
    dotted = der.encode_oid(_SIGNATURE_NAMES[algorithm.kind, algorithm.digest])
    return der.encode(der.SEQUENCE, dotted, _NULL if algorithm.kind == "rsa" else b"")


def _read_pss(parameters: der.Reader, digest: str) -> SignatureAlgorithm:
    """Read RSASSA-PSS-params (RFC 4055, 3.1); the mask is made with the same digest."""
    named = read_digest_algorithm(parameters.enter(der.tagged(0)).enter())
    mask = parameters.enter(der.tagged(1)).enter()
    if mask.oid() != _MGF1 or read_digest_algorithm(mask.enter()) != named or named != digest:
        raise ValueError("its signature algorithm does not fit its digest")
    salt = 20
    if parameters.next_tag() == der.tagged(2):
        salt = parameters.enter(der.tagged(2)).integer()
    parameters.end()
    if not 0 <= salt <= 64 or salt == 20:  # 20 is the default, which DER leaves out; nobody uses it with SHA-256
        raise ValueError("its signature algorithm has a salt that is not known here")
    return SignatureAlgorithm("rsa", digest, salt)


def _read_no_parameters(reader: der.Reader) -> None:
    if reader.next_tag() == der.NULL and reader.read(der.NULL):
        raise ValueError("its algorithm has parameters")
    reader.end()
