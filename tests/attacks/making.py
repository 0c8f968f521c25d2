"""What attacks are made of: what an attacker is given, and the register that they are entered in."""

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from mailmart_privacy.copies.certified import CertifiedForm, certify
from mailmart_privacy.copies.forms import RecordedForm
from mailmart_privacy.keys.identity import Identity

from ..conftest import NOW
from ..issuing import issue_copy as issue_at_level
from ..pki import Authority
from .stamping import UndatedWriter, add_timestamp

name = generic.NameObject
LEVELS = ("B-B", "B-LTA")
FORGED = "All data are sold to anyone who asks"


_CERTIFIED: dict[tuple[bytes, str], CertifiedForm] = {}  # each form is certified once


@dataclass(frozen=True, kw_only=True)
class Given:
    """What an attacker has.

    Attributes:
        level: of the copy.
        form: the recorded form.
        certified: the form, certified by the trusted signer for that level.
        copy: the copy.
        other: another copy by the same signer.
        signer: the trusted signer; if an attack uses this key, the victim signs unknowingly.
        stranger: an identity of the attacker's own, which nobody trusts.
        authority: whose timestamps are trusted; anybody may ask for them.
    """

    level: str
    form: bytes
    certified: CertifiedForm
    copy: bytes
    other: bytes
    signer: Identity
    stranger: Identity
    authority: Authority

    @property
    def end(self) -> int:
        """Where the delivery's update ends."""
        return end_of(self.copy, "Delivery")

    def certify(self, form: bytes, identity: Identity | None = None) -> CertifiedForm:
        """Let someone certify a form, by default the victim."""
        who = identity or self.signer
        key = (form, who.digest)
        if key not in _CERTIFIED:
            _CERTIFIED[key] = certify(note_as(form, self.certified.form), identity=who, signing_time=NOW)
        return _CERTIFIED[key]

    def issue(self, certified: CertifiedForm, recipient: str = "Acme GmbH", identity: Identity | None = None) -> bytes:
        """Let someone issue a copy of a certified form, by default the victim."""
        return issue_at_level(
            certified,
            level="B-B",
            recipient=recipient,
            reference="C-1",
            issued_at=NOW,
            identity=identity or self.signer,
            timestamps=self.authority.client(),
            trust=self.authority.trust,
        )

    def stamp(self, pdf: bytes) -> bytes:
        """Put a trusted archive timestamp on a file, as anybody may."""
        return add_timestamp(pdf, self.authority.client(), number=9)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One way to make a file from a fresh copy that could pass for a copy.

    Attributes:
        family: as the literature names it.
        name: of the attack.
        make: makes the file.
        says: what the verifier's message has to contain, as a regular expression.
        levels: the levels of the copies that it is made from.
        proof: somebody else's program, and what it says of the file, but not of the copy (signatures aside).
        about: what it is, in one sentence.
    """

    family: str
    name: str
    make: Callable[[Given], bytes]
    says: str
    levels: tuple[str, ...] = LEVELS
    proof: tuple[str, str] | None = None
    about: str = ""


ATTACKS: list[Attack] = []
Make = Callable[[Given], bytes]


def attack(family: str, says: str, **more: Any) -> Callable[[Make], Make]:
    """Enter a function into the register."""

    def enter(make: Make) -> Make:
        about = (make.__doc__ or "").strip()
        ATTACKS.append(Attack(family=family, name=make.__name__, make=make, says=says, about=about, **more))
        return make

    return enter


def update(pdf: bytes, change: Callable[[Any], None]) -> bytes:
    """Append an incremental update that changes something."""
    return write(IncrementalPdfFileWriter(BytesIO(pdf)), change)


def update_plainly(pdf: bytes, change: Callable[[Any], None]) -> bytes:
    """Append an incremental update that changes nothing but what it is told to."""
    return write(UndatedWriter(BytesIO(pdf)), change)


def write(writer: IncrementalPdfFileWriter, change: Callable[[Any], None]) -> bytes:
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def rewrite(pdf: bytes, *arguments: str) -> bytes:
    """Write the file again with qpdf."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.pdf"), Path(folder, "out.pdf")
        source.write_bytes(pdf)
        subprocess.run(["qpdf", "--warning-exit-0", source, *arguments, target], capture_output=True, check=True)
        return target.read_bytes()


def certify_again(pdf: bytes, certified: CertifiedForm) -> CertifiedForm:
    """Note a changed form as if it were the certified one, so that the victim fills it in and signs it."""
    reader = PdfFileReader(BytesIO(pdf))
    assert reader.last_startxref is not None
    trailer: Any = reader.trailer
    progress = replace(certified.progress, length=len(pdf), size=int(trailer["/Size"]), startxref=reader.last_startxref)
    return replace(certified, pdf=pdf, progress=progress, state=sha256(pdf))


def note_as(pdf: bytes, form: RecordedForm) -> RecordedForm:
    """Note a changed form as if it were the recorded one, so that the victim certifies it."""
    reader = PdfFileReader(BytesIO(pdf))
    assert reader.last_startxref is not None
    notes = replace(form.notes, size=int(reader.trailer["/Size"]), startxref=reader.last_startxref)
    return RecordedForm(version=form.version, paper=form.paper, pdf=pdf, notes=notes)


def end_of(pdf: bytes, wanted: str) -> int:
    """Find where the update of a signature ends."""
    found = next(s for s in PdfFileReader(BytesIO(pdf)).embedded_signatures if s.field_name == wanted)
    ranges: Any = found.byte_range
    return int(ranges[2]) + int(ranges[3])


def field(writer: Any, wanted: str) -> Any:
    """Find a field of the form."""
    fields: Any = writer.root["/AcroForm"]["/Fields"]
    return next(f.get_object() for f in fields if f.get_object()["/T"] == wanted)


def stream(content: bytes, **entries: Any) -> generic.StreamObject:
    """Make a stream object."""
    return generic.StreamObject({name(f"/{key}"): value for key, value in entries.items()}, stream_data=content)


def dictionary(**entries: Any) -> generic.DictionaryObject:
    """Make a dictionary."""
    return generic.DictionaryObject({name(f"/{key}"): value for key, value in entries.items()})


def array(*numbers: float) -> generic.ArrayObject:
    """Make an array of numbers."""
    return generic.ArrayObject(generic.FloatObject(str(n)) for n in numbers)


def write_update(pdf: bytes, objects: dict[int, bytes], elsewhere: dict[int, int] | None = None) -> bytes:
    """Write an update by hand.

    Args:
        pdf: the file.
        objects: what is between `obj` and `endobj`, by number.
        elsewhere: the places of other objects, which the cross-references name, too.
    """
    reader = PdfFileReader(BytesIO(pdf))
    trailer: Any = reader.trailer
    places = dict(elsewhere or {})
    number = max(int(trailer["/Size"]), *objects, *places) + 1 if objects or places else int(trailer["/Size"])
    body = bytearray()
    for key, content in objects.items():
        places[key] = len(pdf) + len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (key, content)
    place = places[number] = len(pdf) + len(body)
    table = b"".join(b"\x01" + places[n].to_bytes(4, "big") + b"\0\0" for n in sorted(places))
    index = " ".join(f"{n} 1" for n in sorted(places))
    head = (
        f"<< /Type /XRef /W [ 1 4 2 ] /Size {number + 1} /Root {trailer.raw_get('/Root').idnum} 0 R "
        f"/Prev {reader.last_startxref} "
        f"/ID [ <{trailer['/ID'][0].original_bytes.hex()}> <{'00' * 16}> ] "
        f"/Index [ {index} ] /Length {len(table)} >>"
    )
    body += b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, head.encode(), table)
    return pdf + bytes(body) + b"startxref\n%d\n%%%%EOF\n" % place
