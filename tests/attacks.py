"""Makes, from a fresh copy, the files that someone might want to pass off as one."""

import subprocess
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

name = generic.NameObject


def update(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """Append an incremental update that changes something."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def rewrite(pdf: bytes, *arguments: str) -> bytes:
    """Write the file anew with qpdf."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.pdf"), Path(folder, "out.pdf")
        source.write_bytes(pdf)
        subprocess.run(["qpdf", "--warning-exit-0", source, *arguments, target], capture_output=True, check=True)
        return target.read_bytes()


def field(writer: IncrementalPdfFileWriter, wanted: str) -> Any:
    """Find a field of the form."""
    fields: Any = writer.root["/AcroForm"]["/Fields"]
    return next(f.get_object() for f in fields if f.get_object()["/T"] == wanted)


def stream(content: bytes, **entries: Any) -> generic.StreamObject:
    """Make a stream object."""
    return generic.StreamObject({name(f"/{key}"): value for key, value in entries.items()}, stream_data=content)


def overlay(writer: IncrementalPdfFileWriter) -> None:
    """Draw over the second page."""
    page: Any = writer.root["/Pages"]["/Kids"][1]
    extra = writer.add_object(stream(b"q 1 0 0 rg 50 50 300 300 re f Q"))
    page[name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), extra])
    writer.update_container(page)


def refill(writer: IncrementalPdfFileWriter) -> None:
    """Give the recipient's field another value."""
    recipient = field(writer, "Recipient")
    recipient[name("/V")] = generic.pdf_string("Evil Corp")
    writer.update_container(recipient)


def redraw(writer: IncrementalPdfFileWriter) -> None:
    """Let the recipient's field show something else than it holds."""
    recipient, other = field(writer, "Recipient"), field(writer, "Reference")
    recipient[name("/AP")] = other["/AP"]
    writer.update_container(recipient)


def swap_attachment(writer: IncrementalPdfFileWriter) -> None:
    """Attach another policy."""
    names: Any = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    specification = names[1].get_object()
    specification["/EF"][name("/F")] = writer.add_object(stream(b"{}", Type=name("/EmbeddedFile")))
    writer.update_container(specification["/EF"])


def annotate(writer: IncrementalPdfFileWriter) -> None:
    """Add a note to the first page."""
    page: Any = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/FreeText"),
            name("/Rect"): generic.ArrayObject(generic.NumberObject(n) for n in (50, 50, 200, 100)),
            name("/Contents"): generic.pdf_string("Approved"),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])
    writer.update_container(page)


def drop_page(writer: IncrementalPdfFileWriter) -> None:
    """Take the last page away."""
    pages: Any = writer.root["/Pages"]
    del pages["/Kids"][-1]
    pages[name("/Count")] = generic.NumberObject(int(pages["/Count"]) - 1)
    writer.update_container(pages)


def change_catalog(writer: IncrementalPdfFileWriter) -> None:
    """Open the document with an action."""
    root: Any = writer.root
    root[name("/OpenAction")] = generic.DictionaryObject(
        {name("/S"): name("/URI"), name("/URI"): generic.pdf_string("https://example.org/")}
    )
    writer.update_root()


def remove_signature(writer: IncrementalPdfFileWriter) -> None:
    """Take the delivery signature's value out of its field."""
    delivery = field(writer, "Delivery")
    del delivery["/V"]
    writer.update_container(delivery)


UPDATES = [
    overlay,
    refill,
    redraw,
    swap_attachment,
    annotate,
    drop_page,
    change_catalog,
    remove_signature,
]
