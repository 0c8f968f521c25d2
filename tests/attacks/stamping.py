"""What pyHanko writes of timestamps and validation data: an attacker's tools, and an oracle beside our own writer."""

import asyncio
from io import BytesIO
from typing import TYPE_CHECKING, Any

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from mailmart_privacy.trust.timestamp_token import Token

if TYPE_CHECKING:
    from mailmart_privacy.trust.timestamp_client import TimestampClient
    from mailmart_privacy.trust.validation_data import ValidationData

ARCHIVE_TIMESTAMP = "ArchiveTimestamp"
_ROOM = 16384


class UndatedWriter(IncrementalPdfFileWriter):
    """Leaves the document's metadata as recorded; pyHanko would date them by the clock."""

    def _update_meta(self) -> None:
        pass


class Stamper(TimeStamper):
    """Hands pyHanko the tokens that our client gets.

    Attributes:
        tokens: those that it got.
    """

    def __init__(self, client: "TimestampClient") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.client = client
        self.tokens: list[Token] = []

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        assert md_algorithm == "sha256"
        token = await asyncio.to_thread(self.client.stamp, message_digest)
        self.tokens.append(token)
        return cms.ContentInfo.load(token.content)

    async def async_dummy_response(self, md_algorithm: str) -> Any:
        """Give pyHanko what it estimates sizes with; no authority is asked for that."""
        return cms.ContentInfo({"content_type": "data", "content": bytes(_ROOM // 2)})


def add_timestamp(pdf: bytes, client: "TimestampClient", *, number: int) -> bytes:
    """Add a document timestamp, which covers the entire file (ETSI EN 319 142-1, 5.4.3).

    Args:
        pdf: the file.
        client: asks the authorities.
        number: its index, from 1; the name of its field contains it.

    Returns:
        The file, with one more incremental update.

    Raises:
        TimestampError: no authority gave a usable answer.
    """
    stamper = PdfTimeStamper(
        Stamper(client), field_name=f"{ARCHIVE_TIMESTAMP}{number}", readable_field_name="Archive timestamp"
    )
    writer = UndatedWriter(BytesIO(pdf))
    output: BytesIO = stamper.timestamp_pdf(writer, "sha256", bytes_reserved=2 * _ROOM)
    return output.getvalue()


def create_store(pdf: bytes, data: "ValidationData") -> bytes:
    """Set out a document security store in a file that has none."""
    writer = UndatedWriter(BytesIO(pdf))
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        None,
        certs=[x509.Certificate.load(content) for content in data.certificates],
        ocsps=[ocsp.OCSPResponse.load(content) for content in data.ocsps],
        crls=[crl.CertificateList.load(content) for content in data.crls],
    )
    output = BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()
