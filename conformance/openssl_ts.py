"""OpenSSL: does each timestamp token hold over what it stamps (RFC 3161)?"""

import tempfile
from pathlib import Path

from asn1crypto import cms

from .programs import run

_STAMP = "1.2.840.113549.1.9.16.2.14"  # id-aa-timeStampToken


def read_token(container: bytes) -> tuple[bytes, bytes] | None:
    """Take the timestamp out of a signature container.

    Args:
        container: the container, in DER.

    Returns:
        The token and the signature value that it stamps, or None if there is none.
    """
    (signer,) = cms.ContentInfo.load(container)["content"]["signer_infos"]
    for attribute in signer["unsigned_attrs"] or ():
        if attribute["type"].dotted == _STAMP:
            (token,) = attribute["values"]
            return token.dump(), signer["signature"].native
    return None


def verify(token: bytes, stamped: bytes, root: bytes, *, at: int) -> tuple[str, ...]:
    """Verify a token against what it stamps, one certificate being the only one that is trusted.

    Args:
        token: a ContentInfo, in DER.
        stamped: the bytes that it is to stamp.
        root: the trust anchor, in PEM.
        at: the moment for which certificates are validated, in seconds since 1970.

    Returns:
        Why OpenSSL refuses it; nothing where it accepts it.

    Raises:
        MissingValidatorError: openssl is not installed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in {"token.der": token, "stamped": stamped, "anchor.pem": root}.items():
            (folder / file).write_bytes(content)
        output = run(
            "openssl",
            "ts",
            "-verify",
            "-token_in",
            "-in",
            folder / "token.der",
            "-data",
            folder / "stamped",
            "-CAfile",
            folder / "anchor.pem",
            "-attime",
            str(at),
        )
    said = (output.stdout + output.stderr).strip().splitlines()
    if output.status == 0 and "Verification: OK" in said:
        return ()
    return (f"exit status {output.status}", *said)
