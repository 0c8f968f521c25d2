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

    def fill(self, digest: bytes, sign: "Callable[[bytes], bytes]") -> bytes:
        """Make a container.

        Args:
            digest: SHA-256 of what is signed.
            sign: signs the DER of the signed attributes (RFC 5652, 5.4).

        Returns:
            The container in DER.
        """
        attributes = self.before + digest + self.after
        signature = sign(_tlv(0x31, attributes))
        signer = _tlv(0x30, self.signer + _tlv(0xA0, attributes) + self.algorithm + _tlv(0x04, signature))
        return _tlv(0x30, _SIGNED_DATA + _tlv(0xA0, _tlv(0x30, self.head + _tlv(0x31, signer))))


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


def require_canonical(written: bytes, signed_data: Any) -> None:
    """Refuse a container that could be spelled otherwise: it is the one thing that no signature covers.

    Args:
        written: what stands in the file between the signed ranges: `<`, hex digits, `>`.
        signed_data: what was read from it, as asn1crypto holds it, with its explicit tag.

    Raises:
        ValueError: it is not one string of hex digits in one case, not in DER (ITU-T X.690, 10),
            followed by other data than padding, or says in its unsigned parts anything else than
            the containers of copies do.
    """
    digits = written[1:-1]
    content = bytes.fromhex(digits.decode("ascii"))
    if written[:1] + written[-1:] != b"<>" or digits not in (content.hex().encode(), content.hex().upper().encode()):
        raise ValueError("its container is not written as one string of hex digits")
    container = _tlv(0x30, _SIGNED_DATA + signed_data.dump(force=True))
    if not content.startswith(container):
        raise ValueError("its container is not in DER")
    if any(content[len(container) :]):
        raise ValueError("its container is followed by other data")
    (signer,) = signed_data["signer_infos"]
    if signed_data["digest_algorithms"].dump() != _tlv(0x31, _SHA256) or signer["digest_algorithm"].dump() != _SHA256:
        raise ValueError("its container names another digest than SHA-256")
    if signer["signature_algorithm"].dump() not in _ALGORITHMS:
        raise ValueError("its container names another signature algorithm than RSA or ECDSA over SHA-256")
    if (signed_data["version"].native, signer["version"].native) != ("v1", "v1") or signed_data["crls"].native:
        raise ValueError("its container has another shape than a copy's")
    if signer["unsigned_attrs"].native:
        raise ValueError("its container has attributes that are not signed")


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content
