"""pyHanko's signers, with our keys, our moments, and what we have signature fields show."""

import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError
from ..pdf.appearance import show_lines
from ..pdf.field_font import read_field_font
from .blank import measure_field

try:
    from asn1crypto import algos, x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers.pdf_cms import Signer
    from pyhanko.sign.signers.pdf_signer import PdfSigner, PdfSigningSession
    from pyhanko_certvalidator.registry import SimpleCertificateStore
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..keys.identity import Identity, PublicKey
    from ..typesetting.subset import Embedded

_SPARE = 2048


class CmsSigner(Signer):
    """Hands pyHanko the identity's key, which is loaded once; or, where nobody gets the container, no key at all."""

    def __init__(self, identity: "Identity", *, dry: bool = False) -> None:
        self.dry = dry
        self.identity = identity
        public = identity.key.public_key
        mechanism = "sha256_rsa" if isinstance(public, rsa.RSAPublicKey) else "sha256_ecdsa"
        store = SimpleCertificateStore()
        store.register_multiple(x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in identity.chain)
        super().__init__(
            embed_roots=False,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}),
            signing_cert=x509.Certificate.load(identity.certificate.public_bytes(Encoding.DER)),
            cert_registry=store,
        )

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return _stand_in(self.identity.key.public_key) if self.dry or dry_run else self.identity.sign(data)


class DatedSigner(PdfSigner):
    """Signs at the moment that it is told, not at the clock's."""

    moment: datetime.datetime

    def init_signing_session(self, *args: Any, **kwargs: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self.moment
        return session


def show_signature(writer: IncrementalPdfFileWriter, field: Any, lines: list[tuple[str, float]]) -> None:
    """Have a signature field show some lines, each with its size in points."""
    width, height = measure_field(field)
    font = read_field_font(writer.root["/AcroForm"])
    show_content(writer, field, show_lines(lines, font, width=width, height=height))


def show_content(
    writer: IncrementalPdfFileWriter, field: Any, content: bytes, others: "Sequence[tuple[str, Embedded]]" = ()
) -> None:
    """Have a field show a content stream, on the form's font and on others that the copy brings."""
    font = read_field_font(writer.root["/AcroForm"])
    width, height = measure_field(field)
    number, generation, _ = font.resource.split()
    name = generic.NameObject
    fonts = {name(f"/{font.name}"): generic.IndirectObject(int(number), int(generation), writer)}
    fonts |= {name(f"/{label}"): _add_font(writer, font) for label, font in others}
    stream = generic.StreamObject(
        {
            name("/Type"): name("/XObject"),
            name("/Subtype"): name("/Form"),
            name("/BBox"): generic.ArrayObject(generic.FloatObject(str(n)) for n in (0, 0, width, height)),
            name("/Resources"): generic.DictionaryObject({name("/Font"): generic.DictionaryObject(fonts)}),
        },
        stream_data=content,
    )
    field["/AP"] = generic.DictionaryObject({name("/N"): writer.add_object(stream)})
    writer.update_container(field)


def _add_font(writer: IncrementalPdfFileWriter, font: "Embedded") -> Any:
    references = [writer.allocate_placeholder() for _ in font.objects]
    for reference, (source, stream) in zip(references, font.objects, strict=True):
        for index, other in enumerate(references):
            source = source.replace(f"%{index} ", f"{other.idnum} 0 R ")
        entries: Any = generic.read_object(BytesIO(source.encode("ascii")), generic.Reference(0, 0, writer))
        value = entries if stream is None else generic.StreamObject(entries, encoded_data=stream)
        writer.add_object(value, idnum=reference.idnum)
    return references[0]


def reserve_room(identity: "Identity") -> int:
    """Reserve room for the signature container, in hex digits: what it holds, and to spare."""
    certificates = (identity.certificate, *identity.chain)
    return 2 * (_SPARE + sum(len(c.public_bytes(Encoding.DER)) for c in certificates))


def _stand_in(key: "PublicKey") -> bytes:
    """Make a value of the size of a signature by a key; of ECDSA's, which differ by some bytes, the largest."""
    if isinstance(key, rsa.RSAPublicKey):
        return bytes(key.key_size // 8)
    largest = 2**key.key_size - 1
    return encode_dss_signature(largest, largest)
