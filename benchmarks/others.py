"""The same work as others do it: their command lines, and their libraries as their documentation shows them."""

import datetime
from io import BytesIO
from pathlib import Path

from mailmart_privacy.policy.model import Policy


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
    """WeasyPrint and pyHanko for each copy, as their documentation shows it: lay the page out, sign it."""
    from weasyprint import HTML

    sign = _signer(folder)
    page = (folder / "page.html").read_text(encoding="utf-8")

    def make(number: int) -> None:
        html = page.replace("Privacy Policy", f"Privacy Policy for Acme {number}", 1)
        sign(HTML(string=html, base_url=str(folder)).write_pdf(pdf_variant="pdf/a-3a", pdf_tags=True))

    return make


def typeset_and_sign(folder: Path, policy: Policy):
    """Typst and pyHanko for each copy, as their documentation shows it: compile with an input, sign it."""
    import typst

    sign = _signer(folder)
    source = folder / "policy.typ"
    source.write_text(_typst_source(policy), encoding="utf-8")
    compiler = typst.Compiler(str(source))

    def make(number: int) -> None:
        inputs = {"recipient": f"Acme {number} GmbH"}
        sign(compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["a-3a"]))

    return make


def _signer(folder: Path):
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko.sign.fields import SigSeedSubFilter

    signer = SimpleSigner.load(str(folder / "key.pem"), str(folder / "cert.pem"))
    meta = PdfSignatureMetadata(field_name="Signature", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")

    def sign(pdf: bytes) -> None:
        with (folder / "theirs.pdf").open("wb") as file:
            sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), meta, signer=signer, output=file)

    return sign


def _typst_source(policy: Policy) -> str:
    """The policy in Typst's language, each character that it could mind escaped."""

    def plain(text: str) -> str:
        return "".join(f"\\u{{{ord(c):x}}}" if not (c.isalnum() or c == " ") else c for c in text)

    lines = [
        '#set document(title: "Privacy Policy", date: datetime(year: 2026, month: 2, day: 24))',
        '#set text(lang: "en")',
        f"= {plain(policy.title)}",
        "Issued to #sys.inputs.recipient",
    ]
    for section in policy.sections:
        lines += [f"== {plain(section.title)}", *(plain(line) for line in section.text.splitlines()[1:])]
    return "\n\n".join(lines)
