"""Reads a file update by update, writes each one again and compares; `reading` has the rules."""

import datetime
import re
from typing import TYPE_CHECKING

from .._der import Reader
from ..errors import AlteredError, RecipientError, VersionMismatchError, one_line
from ..keys.certificates import subject_name
from ..pdf.field_names import ARCHIVE_TIMESTAMP, DELIVERY, PUBLISHER, RECIPIENT, REFERENCE
from ..typesetting.fields import FilledField, lay_out_field, lay_out_moment, require_clean
from . import format_1
from .causes import name_added, name_difference
from .container import ContainerValues, read_container
from .read_values import ReadCertification, ReadSignature, ReadStamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..pdf.truetype import TrueTypeFont
    from ..trust.timestamp_token import Token
    from ..trust.validation_data import ValidationData
    from ..typesetting.fonts import Typeface
    from .forms import RecordedForm
    from .update import Draft

MAX_UPDATES = 8 * 1024 * 1024  # most of it revocation lists
_MAX_HEAD = 16 * 1024  # of a signature dictionary, up to its container
_MAX_CONTAINER = 256 * 1024  # in hex digits
_MAX_ENTRIES = 256  # validation data in one update
_FORMAT = re.compile(  # what follows is for that format to say
    rb"[0-9]{1,10} 0 obj\n<< /Type /Sig /Prop_Build << /App << /Name /mailmart-privacy /R ([1-9][0-9]{0,8}) >> >> "
)
_SIGNATURE = re.compile(rb"/Filter /Adobe\.PPKLite /SubFilter /ETSI\.CAdES\.detached /M \(D:([0-9]{14})Z\)")
_STAMP = re.compile(rb"[0-9]{1,10} 0 obj\n<< /Type /DocTimeStamp ")
_STREAM = re.compile(rb"([0-9]{1,10}) 0 obj\n<< /Length ([0-9]{1,8}) >>\nstream\n")
_NUMBERS = rb"((?: [0-9]{1,10} 0 R){0,1024})"
_STORE = re.compile(
    rb"[0-9]{1,10} 0 obj\n<< (?:/Certs \[%b \])? ?(?:/OCSPs \[%b \])? ?(?:/CRLs \[%b \])? ?>>\nendobj\n"
    % (_NUMBERS, _NUMBERS, _NUMBERS)
)
_SHOWN = re.compile(rb" /AP << /N ([0-9]{1,10}) 0 R >>")
_HEX = re.compile(rb"<([0-9a-f]{0,16384})>")


class CopyReader:
    """Reads a file update by update, each of which it writes again."""

    def __init__(self, pdf: bytes, form: "RecordedForm", fonts: "Sequence[Typeface]" = ()) -> None:
        self.pdf, self.form, self.notes, self.fonts = pdf, form, form.notes, fonts
        self.progress = format_1.begin(form.notes, len(form.pdf))
        self.state = form.state.copy()
        self.uncompared: list[str] = []
        self.unlike: list[str] = []
        self.delivery = 0  # the object number of its signature

    def read_publisher(self) -> ReadSignature:
        """Read the certification."""
        start = self.progress.length
        for known in tuple(self.form.certifications):
            if self.pdf.startswith(known.update, start):
                self.progress, self.state = known.progress, known.state.copy()
                return known.signature
        signature = self._read_publisher()
        update = self.pdf[start : self.progress.length]
        self.form.certifications.append(
            ReadCertification(update=update, signature=signature, progress=self.progress, state=self.state.copy())
        )
        return signature

    def _read_publisher(self) -> ReadSignature:
        moment, values, token = self._read_signature(PUBLISHER)
        draft = format_1.write_certification(
            self.notes, self.progress, signatory=values.signatory, moment=moment, stamped=token is not None
        )
        return self._accept_signature(PUBLISHER, draft, moment, values, token)

    def read_delivery(self, publisher: ReadSignature) -> tuple[ReadSignature, "Sequence[FilledField]"]:
        """Read the delivery, and what it fills in."""
        moment, values, token = self._read_signature(DELIVERY)
        if values.signatory != publisher.signatory:
            raise AlteredError(
                "the form was certified by one signer, and the copy was issued by another: "
                f"{subject_name(publisher.signatory.parsed[0])!r} certified it, "
                f"{subject_name(values.signatory.parsed[0])!r} signed"
            )
        if (token is None) != (publisher.token is None):
            raise AlteredError("one of the two signatures has a timestamp, and the other has none")
        if moment < publisher.moment:
            raise AlteredError("the copy says that it was issued before its form was certified")
        self.delivery = self.progress.size
        fields = [self._read_field(RECIPIENT), self._read_field(REFERENCE), lay_out_moment(self.notes, moment)]
        draft = format_1.write_delivery(
            self.notes,
            self.progress,
            fields=fields,
            signatory=values.signatory,
            moment=moment,
            stamped=token is not None,
        )
        return self._accept_signature(DELIVERY, draft, moment, values, token), fields

    def at_data(self) -> bool:
        """Tell whether validation data come next."""
        found = _STREAM.match(self.pdf, self.progress.length)
        return found is not None and int(found[1]) == self.progress.size

    def read_data(self) -> "ValidationData":
        """Read validation data that were added."""
        from ..trust.validation_data import ValidationData

        contents: dict[int, bytes] = {}
        place = self.progress.length
        while found := _STREAM.match(self.pdf, place):
            start, length = found.end(), int(found[2])
            contents[int(found[1])] = self.pdf[start : start + length]
            place = start + length + len(b"\nendstream\nendobj\n")
            if len(contents) > _MAX_ENTRIES:
                raise AlteredError("its validation data have more entries than those of any copy")
        lists = _STORE.match(self.pdf, place)
        if lists is None:
            raise AlteredError(f"its validation data are not those of a copy (byte {place})")
        numbers = [[int(n) for n in (listed or b"").split(b" 0 R")[:-1]] for listed in lists.groups()]
        kinds = [tuple(contents.pop(n) for n in listed if n in contents) for listed in numbers]
        data = ValidationData(certificates=kinds[0], ocsps=kinds[1], crls=kinds[2])
        self._accept(format_1.write_validation_data(self.notes, self.progress, data))
        return data

    def read_stamp(self) -> ReadStamp:
        """Read an archive timestamp."""
        if _STAMP.match(self.pdf, self.progress.length) is None:
            raise AlteredError(f"after the delivery was signed, the file was changed: {self._name_added()}")
        label = f"{ARCHIVE_TIMESTAMP}{len(self.progress.stamps) + 1}"
        token = self._read_token(self._find_container(label), label)
        draft = format_1.write_archive_timestamp(self.notes, self.progress)
        digest = self._accept(draft, lambda _: token.content)
        return ReadStamp(field=label, token=token, digest=digest, end=self.progress.length)

    def _read_signature(self, name: str) -> tuple[datetime.datetime, ContainerValues, "Token | None"]:
        number = _FORMAT.match(self.pdf, self.progress.length)
        if number is not None and int(number[1]) != format_1.NUMBER:
            raise VersionMismatchError(
                f"the copy is in format {int(number[1])}, which this release does not know: if it is genuine, it was "
                "issued by a newer release; upgrade mailmart-privacy, and verify it again"
            )
        found = None if number is None else _SIGNATURE.match(self.pdf, number.end())
        if found is None:
            where = "before its certification" if name == PUBLISHER else "between certification and delivery"
            raise AlteredError(f"{where}, the file was changed: {self._name_added()}")
        try:
            moment = _read_moment(found[1].decode("ascii"))
            values = read_container(self._find_container(name))
        except ValueError as error:
            raise AlteredError(f"the signature {name} cannot be read ({one_line(error)})") from None
        token = None if values.token is None else self._read_token(values.token, f"of the signature {name}")
        return moment, values, token

    def _name_added(self) -> str:
        return name_added(self.pdf, self.notes, self.progress, self.delivery)

    def _find_container(self, name: str) -> bytes:
        start = self.pdf.find(b"/Contents <", self.progress.length, self.progress.length + _MAX_HEAD) + 11
        stop = self.pdf.find(b">", start, start + _MAX_CONTAINER)
        if start < 11 or stop < 0:
            raise AlteredError(f"the signature container of {name} cannot be read (it has no container)")
        try:
            return bytes.fromhex(self.pdf[start:stop].decode("ascii"))
        except ValueError:
            raise AlteredError(f"the signature container of {name} cannot be read (it is not in hex digits)") from None

    def _read_token(self, content: bytes, whose: str) -> "Token":
        from ..trust.timestamp_token import parse_token

        try:
            return parse_token(Reader(content).take())  # padding may follow
        except ValueError as error:
            raise AlteredError(f"the timestamp {whose} does not hold ({one_line(error)})") from None

    def _read_field(self, name: str) -> FilledField:
        note = self.notes.fields[name]
        prefix = b"%d 0 obj\n<< %s /V " % (note.number, note.entries.encode("ascii"))
        start = self.pdf.find(prefix, self.progress.length, self.progress.length + MAX_UPDATES)
        found = None if start < 0 else _HEX.match(self.pdf, start + len(prefix))
        if found is None:
            raise AlteredError(f"the field {name} is not filled in as in a copy")
        try:
            value = _read_string(found[1].decode("ascii"))
            require_clean(name, value)
            if self.notes.font.missing(value):
                return self._read_drawn(name, value, _SHOWN.match(self.pdf, found.end()))
            return lay_out_field(self.notes, name, value)
        except (ValueError, RecipientError) as error:
            raise AlteredError(f"the field {name} is not filled in as in a copy: {one_line(error)}") from None

    def _read_drawn(self, name: str, value: str, shown: "re.Match[bytes] | None") -> FilledField:
        """Read a field that is drawn with fonts embedded in the copy, and draw it again if they are those given."""
        if shown is None:
            raise ValueError("what it shows cannot be found")
        from .drawn import read_drawn  # few copies need it

        drawn = read_drawn(self.pdf, self.progress.length, self.notes, name, value, int(shown[1]))
        if not self.fonts:
            self.uncompared.append(name)
            return drawn
        try:
            laid_out = lay_out_field(self.notes, name, value, self.fonts)
        except RecipientError:  # they lack a character
            laid_out = None
        if laid_out is None or _name_fonts(laid_out) != _name_fonts(drawn):
            self.unlike.append(name)
            return drawn
        return laid_out

    def _accept_signature(
        self, name: str, draft: "Draft", moment: datetime.datetime, values: ContainerValues, token: "Token | None"
    ) -> ReadSignature:
        content = None if token is None else token.content
        digest = self._accept(draft, lambda digest: values.signatory.container(digest, values.signature, content))
        return ReadSignature(
            field=name,
            signatory=values.signatory,
            moment=moment,
            digest=digest,
            signature=values.signature,
            token=token,
            end=self.progress.length,
        )

    def _accept(self, draft: "Draft", container: "Callable[[bytes], bytes] | None" = None) -> bytes:
        """Compare an update with the file, and move past it.

        Args:
            draft: the update.
            container: writes the signature container for the digest of what is signed.

        Returns:
            That digest: SHA-256 of all up to the update's end but its container.
        """
        digest = b""
        if container is None:
            written = bytes(draft.body)
        else:
            digest = draft.digest(self.state)
            try:
                written = draft.seal(container(digest))
            except ValueError as error:
                raise AlteredError(f"the file was changed: {one_line(error)}") from None
        if not self.pdf.startswith(written, self.progress.length):
            start = self.progress.length
            raise AlteredError(f"the file was changed: {name_difference(self.pdf, start, draft, written, digest)}")
        self.state.update(written)
        self.progress = draft.after
        return digest


def _name_fonts(field: FilledField) -> "list[tuple[str, TrueTypeFont]]":
    return [(font.name, font.font) for _, font in field.fonts]


def _read_string(digits: str) -> str:
    """Read a text string as `write_string` writes it."""
    try:
        if digits.startswith("feff"):
            return bytes.fromhex(digits[4:]).decode("utf-16-be")
        return bytes.fromhex(digits).decode("ascii")
    except ValueError:
        raise ValueError("what it holds is not a text") from None


def _read_moment(digits: str) -> datetime.datetime:
    year, *rest = int(digits[:4]), *(int(digits[place : place + 2]) for place in range(4, 14, 2))
    month, day, hour, minute, second = rest
    try:
        return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        raise ValueError("its moment does not exist") from None
