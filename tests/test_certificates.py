"""What is remembered of certificates belongs to the very one that was asked about."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailmart_privacy.keys.certificates import remember

from .chains import Authority


def test_what_is_remembered_is_told_apart() -> None:
    """Certificates that take each other's place in memory are told apart."""
    asked: list[str] = []

    @remember(8)
    def name(certificate: x509.Certificate, mark: str) -> str:
        asked.append(mark)
        return certificate.subject.rfc4514_string() + mark

    contents = [Authority(f"Root {number}").certificate.public_bytes(Encoding.DER) for number in range(4)]
    for number in range(40):
        loaded = x509.load_der_x509_certificate(contents[number % 4])
        for mark in ("a", "b", "a", "b"):
            assert name(loaded, mark) == f"CN=Root {number % 4}{mark}"
    kept = x509.load_der_x509_certificate(contents[0])
    del asked[:]
    assert [name(kept, mark) for mark in ("c", "c", "d", "c")] == [
        "CN=Root 0c",
        "CN=Root 0c",
        "CN=Root 0d",
        "CN=Root 0c",
    ]
    assert asked == ["c", "d"]
    assert name(kept, mark="c") == name(certificate=kept, mark="c") == "CN=Root 0c"


def test_what_is_large_is_not_remembered() -> None:
    """A result for more bytes than are to be kept is worked out again."""
    asked: list[int] = []

    @remember(3, largest=4)
    def measure(content: bytes) -> int:
        asked.append(len(content))
        return len(content)

    assert [measure(bytes(size)) for size in (4, 4, 5, 5)] == [4, 4, 5, 5]
    assert asked == [4, 5, 5]
