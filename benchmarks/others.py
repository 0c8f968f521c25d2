"""The same work as others do it: their command lines, and their libraries as their documentation shows them."""

import datetime
from io import BytesIO
from pathlib import Path


def NOW() -> datetime.datetime:  # noqa: N802 - reads as the constant that it is within one run
    """The moment of the run."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def prepare_others(folder: Path, page: bytes, style: bytes, pem: bytes) -> None:
    """Put the page and the key where the other command lines find them."""
    start = pem.index(b"-----BEGIN CERTIFICATE")
    for name, content in (
        ("page.html", page),
        ("page.css", style),
        ("key.pem", pem[:start]),
        ("cert.pem", pem[start:]),
    ):
        (folder / name).write_bytes(content)


def render_and_sign(folder: Path):
    """WeasyPrint and pyHanko for each copy: lay the page out, sign it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko.sign.fields import SigSeedSubFilter
    from weasyprint import HTML

    signer = SimpleSigner.load(str(folder / "key.pem"), str(folder / "cert.pem"))
    meta = PdfSignatureMetadata(field_name="Signature", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    page = (folder / "page.html").read_text(encoding="utf-8")

    def make(number: int) -> None:
        html = page.replace("Privacy Policy", f"Privacy Policy for Acme {number}", 1)
        pdf = HTML(string=html, base_url=str(folder)).write_pdf(pdf_variant="pdf/a-3a", pdf_tags=True)
        with (folder / "theirs.pdf").open("wb") as file:
            sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), meta, signer=signer, output=file)

    return make
