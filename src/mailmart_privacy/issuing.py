"""Recorded form → certified form → signed copy, each one incremental update of the one before.

`certify` is done once per identity: the publisher's signature over the form, which from then on
admits only the filling in of fields (DocMDP, ISO 32000-1, 12.8.2.2). `issue_copy` is the one step
between a certified form and a signed copy: it fills in the fields and signs them, PAdES B-B
(ETSI EN 319 142-1).
"""

import datetime
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .appearance import FieldFont, clean_value, fit_text, read_field_font, show_lines, show_text
from .errors import FormError, MissingExtraError, UsageError
from .identity import require_valid

try:
    from asn1crypto import algos, x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_cms import Signer
    from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfSigningSession
    from pyhanko.stamp import NoOpStampStyle
    from pyhanko_certvalidator.registry import SimpleCertificateStore
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from .identity import Identity

PUBLISHER = "Publisher"
DELIVERY = "Delivery"
_SPARE = 2048


def certify(form: bytes, *, identity: "Identity", signing_time: datetime.datetime) -> bytes:
    """Certify a recorded form, so that nothing but its fields may be filled in.

    Args:
        form: a recorded form.
        identity: who certifies.
        signing_time: the moment of it (aware).

    Returns:
        The certified form; it begins with the form's own bytes.

    Raises:
        IdentityError: the identity may not sign at that moment.
        FormError: these bytes are not such a form.
    """
    require_valid(identity, signing_time)
    update = _Update(form)
    update.show_signature(PUBLISHER, _signature_lines("Certified by", identity, signing_time, update.font))
    return update.sign(PUBLISHER, identity, signing_time, certify=True)


def issue_copy(
    certified: bytes, *, recipient: str, reference: str, issued_at: datetime.datetime, identity: "Identity"
) -> bytes:
    """Issue a signed copy: fill in the fields of a certified form, and sign.

    Args:
        certified: what `certify` returned.
        recipient: whom the copy is addressed to.
        reference: what the copy is called, for instance a contract's number.
        issued_at: the moment of it (aware).
        identity: who signs.

    Returns:
        The copy; it begins with the certified form's own bytes.

    Raises:
        RecipientError: the recipient or the reference cannot stand in its field.
        IdentityError: the identity may not sign at that moment.
        FormError: these bytes are not a certified form.
    """
    require_valid(identity, issued_at)
    update = _Update(certified)
    update.fill("Recipient", "recipient", recipient)
    update.fill("Reference", "reference", reference)
    update.fill("IssuedAt", "issue date", format_moment(issued_at))
    update.show_signature(DELIVERY, _signature_lines("Signed by", identity, issued_at, update.font))
    return update.sign(DELIVERY, identity, issued_at, certify=False)


def default_reference(recipient: str, issued_at: datetime.datetime) -> str:
    """Make the reference of a copy for which none was given: its day, and a digest of what sets it apart."""
    moment = issued_at.astimezone(datetime.UTC)
    digest = sha256("\n".join((recipient, moment.isoformat())).encode()).hexdigest()
    return f"{moment:%Y%m%d}-{digest[:8].upper()}"


def format_moment(moment: datetime.datetime) -> str:
    """Write a moment as the form shows it: "2026-02-24 09:00:00 UTC"."""
    if moment.utcoffset() is None:
        raise UsageError(f"{moment!r} does not name a moment: give a datetime with a time zone")
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _signature_lines(
    verb: str, identity: "Identity", moment: datetime.datetime, font: FieldFont
) -> list[tuple[str, float]]:
    digest = identity.digest
    name = "the holder of the certificate below" if font.missing(identity.name) else identity.name
    whose = "Self-signed: no certification authority vouches for this name" if identity.is_self_signed else ""
    lines = [
        (f"{verb} {name}", 9.0),
        (format_moment(moment), 8.0),
        (whose, 7.0),
        (f"Certificate SHA-256 {digest[:32]}", 7.0),
        (f"{digest[32:]}", 7.0),
    ]
    return [line for line in lines if line[0]]


class _Update:
    """One incremental update of a form: fields to fill in, then one signature."""

    def __init__(self, pdf: bytes) -> None:
        try:
            self.writer = IncrementalPdfFileWriter(BytesIO(pdf))
            acroform: Any = self.writer.root["/AcroForm"]
            self.fields: dict[str, Any] = {str(f.get_object()["/T"]): f.get_object() for f in acroform["/Fields"]}
        except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on what is no PDF
            raise FormError(f"this is not a form of the policy ({error})") from None
        self.font: FieldFont = read_field_font(acroform)

    def fill(self, name: str, what: str, value: str) -> None:
        """Fill in a text field, value and appearance."""
        field = self._field(name)
        width, height = _extent(field)
        value = clean_value(what, value, self.font)
        size = fit_text(what, value, self.font, width)
        field["/V"] = generic.pdf_string(value)
        self._show(field, show_text(value, self.font, size=size, height=height))

    def show_signature(self, name: str, lines: list[tuple[str, float]]) -> None:
        """Write what a signature field shows."""
        field = self._field(name)
        width, height = _extent(field)
        self._show(field, show_lines(lines, self.font, width=width, height=height))

    def sign(self, name: str, identity: "Identity", moment: datetime.datetime, *, certify: bool) -> bytes:
        """Sign and write: the bytes given, and the update behind them."""
        if "/V" in self._field(name):
            raise FormError(f"the form is signed already ({name})")
        metadata = PdfSignatureMetadata(
            field_name=name,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=certify,
            docmdp_permissions=MDPPerm.FILL_FORMS,
            name=identity.name,
            reason="Publication of the privacy policy" if certify else "Delivery of the privacy policy",
        )
        signer = _DatedSigner(metadata, signer=_CmsSigner(identity), stamp_style=NoOpStampStyle())
        signer.moment = moment.astimezone(datetime.UTC).replace(microsecond=0)
        output = signer.sign_pdf(self.writer, existing_fields_only=True, bytes_reserved=_reserve(identity))
        return bytes(output.getvalue())

    def _field(self, name: str) -> Any:
        try:
            return self.fields[name]
        except KeyError:
            raise FormError(f"the form has no field {name!r}") from None

    def _show(self, field: Any, content: bytes) -> None:
        width, height = _extent(field)
        resources = {"/Font": generic.DictionaryObject({generic.NameObject(f"/{self.font.name}"): self.font.resource})}
        stream = generic.StreamObject(
            {
                generic.NameObject("/Type"): generic.NameObject("/XObject"),
                generic.NameObject("/Subtype"): generic.NameObject("/Form"),
                generic.NameObject("/BBox"): generic.ArrayObject(generic.FloatObject(n) for n in (0, 0, width, height)),
                generic.NameObject("/Resources"): generic.DictionaryObject(
                    {generic.NameObject(key): value for key, value in resources.items()}
                ),
            },
            stream_data=content,
        )
        field["/AP"] = generic.DictionaryObject({generic.NameObject("/N"): self.writer.add_object(stream)})
        self.writer.update_container(field)


class _CmsSigner(Signer):
    """Hands pyHanko the identity's key, which is loaded once."""

    def __init__(self, identity: "Identity") -> None:
        mechanism = "sha256_rsa" if isinstance(identity.key, rsa.RSAPrivateKey) else "sha256_ecdsa"
        store = SimpleCertificateStore()
        store.register_multiple(x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in identity.chain)
        super().__init__(
            embed_roots=False,
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}),
            signing_cert=x509.Certificate.load(identity.certificate.public_bytes(Encoding.DER)),
            cert_registry=store,
        )
        self.identity = identity

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self.identity.sign(data)


class _DatedSigner(PdfSigner):
    """Signs at the moment that it is told, not at the clock's."""

    moment: datetime.datetime

    def init_signing_session(self, *args: Any, **kwargs: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self.moment
        return session


def _extent(field: Any) -> tuple[float, float]:
    left, bottom, right, top = (float(n) for n in field["/Rect"])
    return right - left, top - bottom


def _reserve(identity: "Identity") -> int:
    """Reserve room for the signature container, in hex digits: what it holds, and to spare."""
    certificates = (identity.certificate, *identity.chain)
    return 2 * (_SPARE + sum(len(c.public_bytes(Encoding.DER)) for c in certificates))
