"""Copies at a level of PAdES (ETSI EN 319 142-1, 6): issued at it, and kept at it.

B-B is a signature; B-T adds a timestamp for it; B-LT all that it is to be judged by; B-LTA a
timestamp over everything, which is renewed before it expires. A level is reached, or an error
says which answer was missing; it is never lowered.
"""

import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from ..errors import LevelError, MissingExtraError, TimestampError
from ..pdf.cms import read_timestamp
from ..trust.dss import extend_store, read_store
from ..trust.revocation import Evidence, gather_for_token
from ..trust.stamping import add_timestamp
from ..trust.timestamp_token import Token, read_token
from .certified import certified_level
from .issuing import issue_copy
from .pades import LEVELS

try:
    from asn1crypto import cms
    from pyhanko.pdf_utils.reader import PdfFileReader
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate

    from ..keys.identity import Identity
    from ..trust.timestamp_client import TimestampClient
    from ..typesetting.fonts import Typeface
    from .certified import CertifiedForm


def issue_at_level(
    certified: "CertifiedForm",
    *,
    level: str,
    recipient: str,
    reference: str,
    issued_at: datetime.datetime,
    identity: "Identity",
    timestamps: "TimestampClient",
    trust_roots: "Sequence[Certificate]",
    evidence: "Evidence | None" = None,
    fonts: "Sequence[Typeface]" = (),
) -> bytes:
    """Issue a signed copy at a level.

    Args:
        certified: a form, certified at that level (see `certified_level`) by the same identity.
        level: "B-B", "B-T", "B-LT" or "B-LTA".
        recipient: whom the copy is addressed to.
        reference: what the copy is called.
        issued_at: the moment of it (aware).
        identity: who signs.
        timestamps: whom to ask for timestamps.
        trust_roots: where the certificates of the signer and of the authorities lead to.
        evidence: what copies of the same minute share, or None to gather it anew.
        fonts: for characters that the form's font does not have.

    Returns:
        The copy.

    Raises:
        LevelError: the level cannot be reached.
        RecipientError: the recipient or the reference cannot stand in its field.
        IdentityError: the identity may not sign at that moment, or did not certify the form.
    """
    needed = certified_level(level)
    if LEVELS.index(certified.level) < LEVELS.index(needed):
        raise LevelError(f"level {level} cannot be reached: the form was certified at {certified.level}, not {needed}")
    tokens: list[Token] = []

    def stamp(signature: bytes) -> bytes:
        tokens.append(read_token(timestamps.stamp_message(signature)))
        return tokens[0].content

    copy = issue_copy(
        certified,
        recipient=recipient,
        reference=reference,
        issued_at=issued_at,
        identity=identity,
        stamp=None if level == "B-B" else stamp,
        fonts=fonts,
    )
    if level in ("B-B", "B-T"):
        return copy
    if evidence is None:
        evidence = Evidence(trust_roots, at=issued_at, level=level, timeout=timestamps.timeout)
    copy = extend_store(copy, evidence.for_signer(identity) + evidence.for_token(tokens[0]))
    return copy if level == "B-LT" else add_timestamp(copy, timestamps, number=1)


def add_archive_timestamp(
    pdf: bytes, *, timestamps: "TimestampClient", trust_roots: "Sequence[Certificate]", at: datetime.datetime
) -> bytes:
    """Add the next archive timestamp to a copy, and before it all that the last one is to be judged by.

    Args:
        pdf: a copy that was verified; that is not done here.
        timestamps: whom to ask.
        trust_roots: where the certificates of the authorities lead to.
        at: now (aware).

    Returns:
        The copy, which begins with the bytes of the old one.

    Raises:
        LevelError: the copy carries no validation data, or an answer was missing.
    """
    if read_store(pdf) is None:
        raise LevelError("the copy carries no validation data (it is below B-LT); there is nothing to be renewed")
    if not timestamps.urls:
        raise TimestampError(())
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    found = reader.embedded_timestamp_signatures
    if found:
        content = cms.ContentInfo.load(found[-1].pkcs7_content).dump()
    else:  # that of the delivery, which the new one is to cover
        content = read_timestamp(reader.embedded_signatures[-1].signed_data)
    if content is None:
        raise LevelError("the copy carries no timestamp (it is below B-T); there is nothing to be renewed")
    data = gather_for_token(read_token(content), roots=trust_roots, at=at, level="B-LTA", timeout=timestamps.timeout)
    pdf = extend_store(pdf, data)
    return add_timestamp(pdf, timestamps, number=len(found) + 1)
