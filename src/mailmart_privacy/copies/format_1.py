"""Format 1 of copies: every byte that follows a recorded form, as a function of values.

A copy is the form, then updates (ISO 32000-1, 7.5.6), one after the other:

1. the certification: the publisher's signature, after which nothing but fields may be filled in (12.8.2.2);
2. validation data for it, at B-LT and above (ETSI EN 319 142-1, 5.4.2);
3. the delivery: the three fields, and the signature that locks them;
4. validation data for it, at B-LT and above; all of it again where nothing in it is new;
5. archive timestamps, each over all that comes before it (5.4.3), and before each the validation data for the last.

Issuing and verifying use the same functions. Once released, this module never changes again: a change to a copy's
bytes is a new format, with a number and a module of its own. `docs/format.md` says the same in words.
"""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ..pdf.appearance import BOX_PADDING, PADDING, BoxLine, delivery_lines, publisher_lines, show_box
from ..pdf.field_names import ARCHIVE_TIMESTAMP, DELIVERY, PUBLISHER
from .update import Draft, Progress, Update, refer, write_string

if TYPE_CHECKING:
    from ..pdf.notes import FieldNote, FormNotes, ListNote
    from ..trust.validation_data import ValidationData
    from ..typesetting.embedded import Embedded
    from ..typesetting.fields import FilledField
    from .container import Signatory

NUMBER = 1
STAMP_ROOM = 16384  # bytes for the token of an archive timestamp
MARK = b"<< /Type /Sig /Prop_Build << /App << /Name /mailmart-privacy /R %d >> >> "
_PUBLICATION = "Publication of the privacy policy"
_DELIVERED = "Delivery of the privacy policy"
_DOC_MDP = b"<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /V /1.2 /P 2 >> >>"
_FIELD_MDP = (
    b"<< /Type /SigRef /TransformMethod /FieldMDP /Data %d 0 R "
    b"/TransformParams << /Type /TransformParams /V /1.2 /Action /All /P 1 >> >>"
)


def begin(notes: "FormNotes", length: int) -> Progress:
    """Begin behind a form that has some length in bytes."""
    return Progress(length=length, size=notes.size, startxref=notes.startxref)


def write_certification(
    notes: "FormNotes", progress: Progress, *, signatory: "Signatory", moment: datetime.datetime, stamped: bool
) -> Draft:
    """Write the certification.

    Args:
        notes: of the form.
        progress: after the form.
        signatory: who certifies.
        moment: of the signature (aware).
        stamped: whether the container is to hold a timestamp.
    """
    update = _Update(notes, replace(progress, publisher=progress.size))
    update.add_signature(PUBLISHER, signatory, moment, _PUBLICATION, _DOC_MDP, signatory.room(stamped=stamped))
    box = _show_box(notes, PUBLISHER, publisher_lines(signatory.title, signatory.vouching), PADDING)
    update.add_field(
        PUBLISHER, notes.fields[PUBLISHER], b"%d 0 R" % progress.size, update.add_appearance(PUBLISHER, box)
    )
    update.add_catalog()
    return update.close()


def write_delivery(
    notes: "FormNotes",
    progress: Progress,
    *,
    fields: "Sequence[FilledField]",
    signatory: "Signatory",
    moment: datetime.datetime,
    stamped: bool,
) -> Draft:
    """Write the delivery.

    Args:
        notes: of the form.
        progress: behind the certified form.
        fields: `Recipient`, `Reference` and `IssuedAt`, in this order.
        signatory: who signs; the one who certified.
        moment: of the signature (aware), as `IssuedAt` shows it.
        stamped: whether the container is to hold a timestamp.
    """
    update = _Update(notes, progress)
    number = progress.size
    reference = _FIELD_MDP % notes.catalog.number
    update.add_signature(DELIVERY, signatory, moment, _DELIVERED, reference, signatory.room(stamped=stamped))
    for filled in fields:
        update.add_text_field(filled)
    box = _show_delivery(notes, signatory.digest, moment.astimezone(datetime.UTC))
    update.add_field(DELIVERY, notes.fields[DELIVERY], b"%d 0 R" % number, update.add_appearance(DELIVERY, box))
    return update.close()


def write_validation_data(notes: "FormNotes", progress: Progress, data: "ValidationData") -> Draft:
    """Write validation data: what is new, each kind sorted by content; then the dictionary that lists all.

    Args:
        notes: of the form.
        progress: behind the last update.
        data: what the file does not hold yet; behind the delivery, all that it needs where nothing is new. Not empty.
    """
    update = _Update(notes, progress)
    numbers = [
        tuple(update.add_stream(b"", content, "its validation data") for content in sorted(set(contents)))
        for contents in (data.certificates, data.ocsps, data.crls)
    ]
    first = not progress.store
    store = progress.store or update.take_number()
    update.progress = replace(
        update.progress,
        store=store,
        certificates=progress.certificates + numbers[0],
        ocsps=progress.ocsps + numbers[1],
        crls=progress.crls + numbers[2],
    )
    update.add_store()
    if first:
        update.add_catalog()
    return update.close()


def write_archive_timestamp(notes: "FormNotes", progress: Progress) -> Draft:
    """Write an archive timestamp: a field that shows nothing, and its signature, which covers the whole file."""
    update = _Update(notes, progress)
    signature, number = update.take_number(), update.take_number()
    label = f"{ARCHIVE_TIMESTAMP}{len(progress.stamps) + 1}"
    words = f"the timestamp {label}"
    update.add_hole(
        signature, b"<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161", STAMP_ROOM, words
    )
    update.add(
        number,
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /TU (Archive timestamp) /F 132 /P %d 0 R "
        b"/Rect [ 0 0 0 0 ] /V %d 0 R >>" % (label.encode("ascii"), notes.page.number, signature),
        f"the field {label}",
    )
    update.progress = replace(update.progress, stamps=(*progress.stamps, number))
    update.add_page()
    update.add_catalog()
    return update.close()


class _Update(Update):
    """What updates of this format have in them."""

    def add_signature(
        self,
        name: str,
        signatory: "Signatory",
        moment: datetime.datetime,
        reason: str,
        reference: bytes,
        room: int,
    ) -> None:
        head = _write_head(signatory.name, moment.astimezone(datetime.UTC), reason, reference)
        self.add_hole(self.take_number(), head, room, f"the signature {name}")

    def add_text_field(self, filled: "FilledField") -> None:
        note = self.notes.fields[filled.name]
        fonts = b"".join(b" /%s %d 0 R" % (label.encode("ascii"), self._add_font(font)) for label, font in filled.fonts)
        shown = self.add_appearance(filled.name, filled.content, fonts)
        self.add_field(filled.name, note, write_string(filled.value), shown)

    def add_appearance(self, name: str, content: bytes, fonts: bytes = b"") -> int:
        entries = b"%s%s >> >> " % (_write_resources(self.notes, name), fonts)
        return self.add_stream(entries, content, f"what the field {name} shows")

    def add_field(self, name: str, note: "FieldNote", value: bytes, shown: int) -> None:
        content = b"<< %s /V %s /AP << /N %d 0 R >> >>" % (note.entries.encode("ascii"), value, shown)
        self.add(note.number, content, f"the field {name}")

    def add_catalog(self) -> None:
        progress = self.progress
        more = b" /Perms << /DocMDP %d 0 R >>" % progress.publisher
        if progress.store:
            more += b" /DSS %d 0 R" % progress.store
        self.add(self.notes.catalog.number, _write_list(self.notes.catalog, progress.stamps, more), "the catalog")

    def add_page(self) -> None:
        self.add(self.notes.page.number, _write_list(self.notes.page, self.progress.stamps, b""), "the first page")

    def add_store(self) -> None:
        progress = self.progress
        kinds = ((b"Certs", progress.certificates), (b"OCSPs", progress.ocsps), (b"CRLs", progress.crls))
        lists = b" ".join(b"/%s [%s ]" % (name, refer(numbers)) for name, numbers in kinds if numbers)
        self.add(progress.store, b"<< %s >>" % lists, "the list of its validation data")

    def _add_font(self, font: "Embedded") -> int:
        numbers = [self.take_number() for _ in font.objects]
        for number, (source, stream) in zip(numbers, font.objects, strict=True):
            for index, other in enumerate(numbers):
                source = source.replace(f"%{index} ", f"{other} 0 R ")
            content = source.encode("ascii")
            if stream is not None:
                content = b"%s\nstream\n%s\nendstream" % (content, stream)
            self.add(number, content, "the font that the name is drawn with")
        return numbers[0]


# What copies of one form, signer or moment have in common is written once.


@lru_cache(64)
def _write_head(name: str, moment: datetime.datetime, reason: str, reference: bytes) -> bytes:
    return (
        b"%s/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:%s) /Name %s /Reason %s /Reference [ %s ]"
        % (
            MARK % NUMBER,
            moment.strftime("%Y%m%d%H%M%SZ").encode("ascii"),
            write_string(name),
            write_string(reason),
            reference,
        )
    )


@lru_cache(64)
def _show_delivery(notes: "FormNotes", digest: str, moment: datetime.datetime) -> bytes:
    return _show_box(notes, DELIVERY, delivery_lines(digest, moment), BOX_PADDING)


def _show_box(notes: "FormNotes", name: str, lines: list[BoxLine], padding: float) -> bytes:
    note = notes.fields[name]
    return show_box(lines, notes.font, width=note.width, height=note.height, padding=padding)


@lru_cache(64)
def _write_resources(notes: "FormNotes", name: str) -> bytes:
    note, font = notes.fields[name], notes.font
    return (
        f"/Type /XObject /Subtype /Form /BBox [ 0 0 {note.width:.10g} {note.height:.10g} ] "
        f"/Resources << /Font << /{font.name} {font.resource}"
    ).encode("ascii")


def _write_list(note: "ListNote", numbers: tuple[int, ...], more: bytes) -> bytes:
    return b"<< %s%s%s%s >>" % (note.head.encode("ascii"), refer(numbers), note.tail.encode("ascii"), more)
