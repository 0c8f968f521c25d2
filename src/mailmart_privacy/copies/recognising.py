"""Whether a file is the copy that would be issued now: the same, but for its moment and its signature.

A batch that was interrupted finds files that it has written but not yet listed. Such a file is not
issued again; it is known by its bytes, all of which but the signature can be written once more.
"""

import datetime
import re
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from ..pdf.cms import encode_der, read_timestamp
from .issuing import fill_form

try:
    from asn1crypto import cms
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..keys.identity import Identity
    from ..typesetting.fonts import Typeface
    from .certified import CertifiedForm

_MOMENT = re.compile(rb"/M \(D:([0-9]{14})Z\)")


def recognise_copy(
    pdf: bytes,
    certified: "CertifiedForm",
    *,
    recipient: str,
    reference: str,
    identity: "Identity",
    level: str,
    fonts: "Sequence[Typeface]" = (),
) -> datetime.datetime | None:
    """Find out whether a file is a copy from a certified form, for a recipient, by an identity.

    What makes it B-LT or B-LTA (validation data, an archive timestamp) is not looked at.

    Args:
        pdf: the file.
        certified: the form.
        recipient: whom the copy is addressed to, as it stands in the field.
        reference: what the copy is called, as it stands in the field.
        identity: who signed.
        level: of the copy.
        fonts: those that it was issued with.

    Returns:
        When it was issued (aware), or None where it is something else.
    """
    found = _MOMENT.search(pdf, len(certified.pdf))
    if found is None or not pdf.startswith(certified.pdf):
        return None
    moment = datetime.datetime.strptime(found[1].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)
    update = fill_form(
        certified,
        recipient=recipient,
        reference=reference,
        issued_at=moment,
        identity=identity,
        stamped=level != "B-B",
        fonts=fonts,
    )
    start = update.hole
    stop = start + 2 * update.room
    body = memoryview(pdf)[len(certified.pdf) :][: len(update.body)]
    if body[:start] != update.body[:start] or body[stop:] != update.body[stop:]:
        return None
    if level in ("B-B", "B-T") and len(pdf) != len(certified.pdf) + len(update.body):
        return None
    try:
        container: Any = cms.ContentInfo.load(bytes.fromhex(bytes(body[start:stop]).decode("ascii")))
        (signer,) = container["content"]["signer_infos"]
        signature, token = signer["signature"].native, read_timestamp(container["content"])
    except (ValueError, TypeError, KeyError):
        return None
    digest = update.digest()
    whole = certified.cms.fill(digest, lambda _: signature, None if token is None else lambda _: token or b"")
    if body[start:stop] != whole.hex().encode("ascii").ljust(stop - start, b"0"):
        return None
    attributes = encode_der(0x31, certified.cms.before + digest + certified.cms.after)
    return moment if _holds(identity, signature, attributes) else None


def _holds(identity: "Identity", signature: bytes, message: bytes) -> bool:
    public = identity.key.public_key
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
