"""The signature container of a copy, assembled from a template (CMS, RFC 5652).

All containers that one identity makes are alike, but for the message digest and the signature. So
the first one, made by pyHanko, is taken apart, and the others are put together from its parts.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
TOKEN_ROOM = 12288  # bytes for a timestamp token; those of public authorities have 4,000 to 7,000
_TIMESTAMP = bytes.fromhex("060b2a864886f70d010910020e")  # id-aa-timeStampToken
_ALGORITHMS = (
    bytes.fromhex("300a06082a8648ce3d040302"),  # ecdsa-with-SHA256 (RFC 5758)
    bytes.fromhex("300d06092a864886f70d01010b0500"),  # sha256WithRSAEncryption (RFC 4055)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CmsTemplate:
    """The parts of a container that stay, each in DER.

    Attributes:
        head: version, digest algorithms, content type and certificates.
        signer: version, signer identifier and digest algorithm.
        before: the signed attributes up to the message digest.
        after: the signed attributes behind it.
        algorithm: the signature algorithm.
        size: the most bytes that a container can have.
    """

    head: bytes
    signer: bytes
    before: bytes
    after: bytes
    algorithm: bytes
    size: int

    def fill(
        self, digest: bytes, sign: "Callable[[bytes], bytes]", stamp: "Callable[[bytes], bytes] | None" = None
    ) -> bytes:
        """Make a container.

        Args:
            digest: SHA-256 of what is signed.
            sign: signs the DER of the signed attributes (RFC 5652, 5.4).
            stamp: gets a timestamp token for the signature (RFC 3161, appendix A), or None for a
                container without one.

        Returns:
            The container in DER.
        """
        attributes = self.before + digest + self.after
        signature = sign(encode_der(0x31, attributes))
        unsigned = b""
        if stamp is not None:
            unsigned = encode_der(0xA1, encode_der(0x30, _TIMESTAMP + encode_der(0x31, stamp(signature))))
        signed = encode_der(0xA0, attributes) + self.algorithm + encode_der(0x04, signature)
        signer = encode_der(0x30, self.signer + signed + unsigned)
        return encode_der(0x30, _SIGNED_DATA + encode_der(0xA0, encode_der(0x30, self.head + encode_der(0x31, signer))))


def take_apart(container: Any, digest: bytes) -> CmsTemplate:
    """Take a container apart.

    Args:
        container: a ContentInfo with one signer and no unsigned attributes, as asn1crypto holds it.
        digest: the message digest in it.

    Returns:
        The template; filled with the same digest and signature, it gives the same bytes.
    """
    data = container["content"]
    (signer,) = data["signer_infos"]
    before, found, after = signer["signed_attrs"].untag().contents.partition(digest)
    assert found, "the message digest stands in the signed attributes"
    names = ("version", "digest_algorithms", "encap_content_info", "certificates")
    template = CmsTemplate(
        head=b"".join(data[name].dump() for name in names),
        signer=b"".join(signer[name].dump() for name in ("version", "sid", "digest_algorithm")),
        before=before,
        after=after,
        algorithm=signer["signature_algorithm"].dump(),
        size=len(container.dump()) + 16,  # ECDSA signatures differ in length by some bytes
    )
    signature = signer["signature"].native
    assert template.fill(digest, lambda _: signature) == container.dump(), "the template gives the container back"
    return template


def require_canonical(written: bytes, signed_data: Any, *, upper: bool) -> None:
    """Refuse a container that could be spelled otherwise: it is the one thing that no signature covers.

    Args:
        written: what stands in the file between the signed ranges: `<`, hex digits, `>`.
        signed_data: what was read from it, as asn1crypto holds it, with its explicit tag.
        upper: whether its digits are upper-case.

    Raises:
        ValueError: it is not one string of hex digits in one case, not in DER (ITU-T X.690, 10),
            followed by other data than padding, or says in its unsigned parts anything else than
            the containers of copies do.
    """
    (signer,) = signed_data["signer_infos"]
    token = read_timestamp(signed_data)
    unsigned = b"" if token is None else encode_der(0xA1, encode_der(0x30, _TIMESTAMP + encode_der(0x31, token)))
    names = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    signed = encode_der(0x30, b"".join(signer[name].dump(force=True) for name in names) + unsigned)
    parts = ("version", "digest_algorithms", "encap_content_info", "certificates", "crls")
    head = b"".join(signed_data[name].dump(force=True) for name in parts)
    data = encode_der(0xA0, encode_der(0x30, head + encode_der(0x31, signed)))
    require_content(written, encode_der(0x30, _SIGNED_DATA + data), upper=upper)
    if (
        signed_data["digest_algorithms"].dump() != encode_der(0x31, _SHA256)
        or signer["digest_algorithm"].dump() != _SHA256
    ):
        raise ValueError("its container names another digest than SHA-256")
    if signer["signature_algorithm"].dump() not in _ALGORITHMS:
        raise ValueError("its container names another signature algorithm than RSA or ECDSA over SHA-256")
    if (signed_data["version"].native, signer["version"].native) != ("v1", "v1") or signed_data["crls"].native:
        raise ValueError("its container has another shape than a copy's")


def require_content(written: bytes, container: bytes, *, upper: bool) -> None:
    """Refuse a place in a file that holds anything else than a container.

    Args:
        written: what stands there: `<`, hex digits, `>`.
        container: what it is to hold, in DER.
        upper: whether its digits are upper-case, as pyHanko writes them, or lower-case, as we do.

    Raises:
        ValueError: it is not one string of hex digits in one case, or not that container followed by padding.
    """
    digits = written[1:-1]
    content = bytes.fromhex(digits.decode("ascii"))
    spelled = content.hex().upper() if upper else content.hex()
    if written[:1] + written[-1:] != b"<>" or digits != spelled.encode():
        raise ValueError("its container is not written as one string of hex digits")
    if not content.startswith(container):
        raise ValueError("its container is not in DER")
    if any(content[len(container) :]):
        raise ValueError("its container is followed by other data")


def read_timestamp(signed_data: Any) -> bytes | None:
    """Read the timestamp token of a signature, in DER, or None where it has none.

    Raises:
        ValueError: it has several, or other attributes that are not signed.
    """
    (signer,) = signed_data["signer_infos"]
    if not signer["unsigned_attrs"]:
        return None
    attribute = signer["unsigned_attrs"][0]
    if len(signer["unsigned_attrs"]) != 1 or attribute["type"].dump() != _TIMESTAMP or len(attribute["values"]) != 1:
        raise ValueError("its container has attributes that are not signed, and are no timestamp")
    token: bytes = attribute["values"][0].dump()
    return token


def encode_der(tag: int, content: bytes) -> bytes:
    """Write a value in DER (ITU-T X.690, 8.1): its tag, its length, its content."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content
