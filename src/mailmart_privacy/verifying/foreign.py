"""What a file is that does not begin with a recorded form: told from its bytes, without following its objects.

Whatever it is, it is no copy. A stranger's file may be built to keep a PDF reader busy for ever, so
only what a signature needs is looked at: the bytes that it covers, and its container.
"""

import re
from hashlib import new
from typing import Any

from ..errors import (
    AlteredError,
    MissingExtraError,
    UnreadableFileError,
    UnsignedError,
    UntrustedError,
    VerificationError,
    one_line,
)

try:
    from asn1crypto import cms
    from pyhanko.sign.general import extract_certificate_info, extract_signer_info
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

MAX_SIGNATURES = 32
_RANGES = re.compile(
    rb"/ByteRange\s{0,8}\[\s{0,8}(\d{1,10})\s{1,8}(\d{1,10})\s{1,8}(\d{1,10})\s{1,8}(\d{1,10})\s{0,99}\]"
)
_CONTAINER = re.compile(rb"<([0-9a-fA-F\s]+)>")
_ENCRYPTED = re.compile(rb"/Encrypt\s{0,8}(?:\d{1,10}\s{1,8}\d{1,5}\s{1,8}R|<<)")


def judge_foreign(pdf: bytes) -> VerificationError:
    """Say what a PDF is that is no copy of a recorded policy.

    Args:
        pdf: the bytes of the file.

    Returns:
        Why it is not accepted: not signed, changed after it was signed, signed but none of ours, or not readable.
    """
    if _ENCRYPTED.search(pdf):
        return UnreadableFileError("the file is encrypted; remove the encryption, which also breaks any signature")
    found = [tuple(map(int, ranges.groups())) for ranges in _RANGES.finditer(pdf)]
    if not found:
        if b"%%EOF" not in pdf[-2048:] or b"startxref" not in pdf[-2048:]:
            return UnreadableFileError("the file cannot be read as a PDF; it is damaged or cut short")
        return UnsignedError("the file is not signed, and is not a copy of a recorded policy")
    if len(found) > MAX_SIGNATURES:
        return UnreadableFileError(f"the file has more than {MAX_SIGNATURES} signatures; it is no copy of ours")
    for number, ranges in enumerate(found, start=1):
        which = f"signature {number} of {len(found)}"
        try:
            whole = _holds(pdf, *ranges)
        except Exception as error:  # noqa: BLE001 - asn1crypto and pyHanko raise many classes on damaged containers
            return UnreadableFileError(
                f"the file is not a copy of a recorded policy, and {which} cannot be read ({one_line(error)})"
            )
        if not whole:
            return AlteredError(
                f"the file was changed after it was signed ({which} does not hold); "
                "it is not a copy of a recorded policy"
            )
    return UntrustedError(
        "the file is signed, but is not a copy of a recorded policy; this package cannot vouch for it"
    )


def _holds(pdf: bytes, start: int, length: int, second: int, rest: int) -> bool:
    """Tell whether a signature's container fits the bytes that it says to cover."""
    if start or not length < second <= second + rest <= len(pdf):
        return False
    gap = _CONTAINER.fullmatch(pdf, length, second)
    if gap is None:  # written anew, so that it stands elsewhere
        return False
    content: Any = cms.ContentInfo.load(bytes.fromhex(gap[1].decode("ascii")))["content"]
    signer: Any = extract_signer_info(content)
    own = extract_certificate_info(content).signer_cert
    kind = content["encap_content_info"]["content_type"].native
    covered = pdf[:length] + pdf[second : second + rest]
    if kind == "tst_info":
        stamped = content["encap_content_info"]["content"]
        imprint = stamped.parsed["message_imprint"]
        if new(imprint["hash_algorithm"]["algorithm"].native, covered).digest() != imprint["hashed_message"].native:
            return False
        covered = bytes(stamped)
    digest = new(signer["digest_algorithm"]["algorithm"].native, covered).digest()
    intact, valid = validate_sig_integrity(signer, own, expected_content_type=kind, actual_digest=digest)
    return bool(intact and valid)
