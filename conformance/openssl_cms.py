"""OpenSSL: is each signature container valid for what it signs (RFC 5652, CAdES of ETSI EN 319 122-1)?

The containers are cut out of the bytes of the file, without any PDF library.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .programs import ValidatorError, run

_RANGE = re.compile(rb"/ByteRange\s*\[\s*([0-9]+)\s+([0-9]+)\s+([0-9]+)\s+([0-9]+)\s*\]")
_SUCCESS = "CAdES Verification successful"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRange:
    """A signature, as it is in the file.

    Attributes:
        content: the bytes that it signs.
        container: the signature container, in DER.
        end: where the signed bytes end in the file.
    """

    content: bytes
    container: bytes
    end: int


def read_ranges(pdf: bytes) -> tuple[SignedRange, ...]:
    """Cut out the signatures of a file, in their order.

    Raises:
        ValidatorError: a byte range or a container is not as ISO 32000-1, 12.8.1 has it.
    """
    return tuple(_cut(pdf, *map(int, match.groups())) for match in _RANGE.finditer(pdf))


def verify(signed: SignedRange, certificate: bytes, *, at: int) -> tuple[str, ...]:
    """Verify a container against its content, the certificate being the only one that is trusted.

    Args:
        signed: the signature.
        certificate: the trust anchor, in PEM.
        at: the moment for which the certificate is validated, in seconds since 1970.

    Returns:
        Why OpenSSL refuses it; nothing where it accepts it.

    Raises:
        MissingValidatorError: openssl is not installed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"content": signed.content, "container.der": signed.container, "anchor.pem": certificate}
        for file, content in files.items():
            (folder / file).write_bytes(content)
        output = run(
            "openssl",
            "cms",
            "-verify",
            # With the attribute that binds the signer's certificate (ESS signing-certificate-v2), as PAdES demands.
            "-cades",
            "-binary",
            "-inform",
            "DER",
            "-in",
            folder / "container.der",
            "-content",
            folder / "content",
            "-CAfile",
            folder / "anchor.pem",
            # The machine's own trust store has no say.
            "-no-CApath",
            "-no-CAstore",
            # The certificate signs documents, not mail: S/MIME's key purpose does not apply.
            "-purpose",
            "any",
            "-attime",
            str(at),
            "-out",
            folder / "verified",
        )
        said = output.stderr.strip().splitlines()
        if output.status == 0 and said[-1:] == [_SUCCESS] and (folder / "verified").read_bytes() == signed.content:
            return ()
        return (f"exit status {output.status}", *said)


def _cut(pdf: bytes, start: int, first: int, second: int, last: int) -> SignedRange:
    gap = pdf[start + first : second]
    if start != 0 or gap[:1] != b"<" or gap[-1:] != b">" or second + last > len(pdf):
        raise ValidatorError(f"a byte range leaves out more than a signature container: {start} {first} {second}")
    padded = bytes.fromhex(gap[1:-1].decode("ascii"))
    length = _der_length(padded)
    if padded[length:].strip(b"\0"):
        raise ValidatorError("something follows a signature container, in the room reserved for it")
    return SignedRange(content=pdf[:first] + pdf[second : second + last], container=padded[:length], end=second + last)


def _der_length(der: bytes) -> int:
    if der[0] != 0x30:
        raise ValidatorError("a signature container is not a DER sequence")
    if der[1] < 0x80:
        return 2 + der[1]
    count = der[1] & 0x7F
    return 2 + count + int.from_bytes(der[2 : 2 + count], "big")
