"""What the updates behind a recorded form hold and touch, held without any other tool's analysis.

A signature says that nothing changed *since*; it says nothing about what stood behind the form
before it was certified. And much of what others let pass as long-term validation data (a new
description of the document, another version, objects that nothing uses) is none in a copy. So each
update is held to the one shape that issuing gives it:

1. Certification, the first one, changes the catalog and the publisher's field. At most one update
   follows before the delivery: it adds validation data.
2. Delivery changes the four other fields, each in its value and what it shows.
3. Later updates add validation data, or a timestamp with its invisible field.
4. Each object of an update is in use. That there is nothing between them, `revisions` has seen.
"""

from typing import TYPE_CHECKING, Any

from ..errors import AlteredError, MissingExtraError, VerificationError, one_line
from ..pdf.brought import is_brought
from ..pdf.objects import (
    Number,
    find_changes,
    name_key,
    name_object,
    number_of,
    numbers_of,
    reach,
    read_numbers,
    refer,
    write_entry,
)
from ..pdf.revisions import open_pdf

try:
    from pyhanko.pdf_utils.reader import PdfFileReader
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

    from .origin import Origin

_PUBLISHER = "Publisher"
_SET_IN_OTHERS = ("Recipient", "Reference")
_FILLED = ("/V", "/AP")
_CERTIFIED = ("/Extensions", "/Perms", "/Version")
_STORE = {"/Type", "/Certs", "/OCSPs", "/CRLs"}
_APPEARANCE = {"/Type", "/Subtype", "/BBox", "/Resources", "/Length", "/Filter"}
_TRAILER = {"/Type", "/W", "/Index", "/Size", "/Root", "/Info", "/ID", "/Prev", "/Length", "/Filter", "/DecodeParms"}
_STAMP = {"/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/TU", "/V"}


def require_permitted(reader: PdfFileReader, origin: "Origin", signatures: "Sequence[EmbeddedPdfSignature]") -> None:
    """Refuse a file in which an update holds or touches anything else than a copy's does.

    Args:
        reader: the file, whose updates were held to their shape (see `require_revisions`).
        origin: the recorded form that it begins with.
        signatures: the publisher's, the delivery's, then the archive timestamps.

    Raises:
        AlteredError: the message names what was changed, and when.
    """
    try:
        updates = _Updates(reader, origin, [signature.signed_revision for signature in signatures])
        updates.require_order()
        for revision in range(1, reader.xrefs.total_revisions):
            updates.require_revision(revision)
    except VerificationError:
        raise
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
        raise AlteredError(f"its updates are not such as a copy has ({one_line(error)})") from None


class _Updates:
    """The updates of a file, beside the form that they belong to."""

    def __init__(self, reader: PdfFileReader, origin: "Origin", signed: list[int]) -> None:
        self.reader = reader
        self.form = open_pdf(origin.form)
        self.known = numbers_of(self.form.xrefs.explicit_refs_in_revision(0))
        self.root = number_of(self.form.trailer.raw_get("/Root"))
        acroform: Any = self.form.root["/AcroForm"]
        self.fields = {str(self.old(number)["/T"]): number for number in read_numbers(acroform, "/Fields")}
        self.fonts: Any = acroform["/DR"]["/Font"]
        self.page = read_numbers(self.form.root["/Pages"], "/Kids")[0]
        self.publisher, self.delivery, *self.stamps = signed

    def old(self, number: Number) -> Any:
        return self.form.get_object(refer(number, self.form))

    def require_order(self) -> None:
        """Refuse an update where no copy has one, and another catalog or description for the whole file."""
        for revision in range(self.reader.xrefs.total_revisions):
            trailer: Any = self.reader.trailer.flatten(revision)
            for key in ("/Root", "/Info"):
                if write_entry(trailer, key) != write_entry(self.form.trailer, key):
                    raise AlteredError(f"{self._when(revision)}, {name_key(key)} was replaced in the trailer")
            identifier: Any = self.form.trailer
            if set(trailer) - _TRAILER or trailer["/ID"][0] != identifier["/ID"][0]:
                raise AlteredError(f"{self._when(revision)}, the trailer was given other entries than a copy's")
        if self.publisher != 1:
            raise AlteredError(f"before the form was certified, {self._name_changes(1)}")
        if self.delivery > 3:
            raise AlteredError(f"between certification and delivery, {self._name_changes(3)}")
        if self.delivery < 2 or sorted({self.delivery, *self.stamps}) != [self.delivery, *self.stamps]:
            raise AlteredError("the signatures of the file do not follow one another")

    def require_revision(self, revision: int) -> None:
        """Hold one update to what it may change, and refuse objects in it that nothing uses."""
        xrefs, when = self.reader.xrefs, self._when(revision)
        now = self.reader.get_historical_resolver(revision)
        before = {n for earlier in range(revision) for n in numbers_of(xrefs.explicit_refs_in_revision(earlier))}
        changed = numbers_of(xrefs.explicit_refs_in_revision(revision))
        freed = numbers_of(xrefs.refs_freed_in_revision(revision))
        signed = {self.publisher: {_PUBLISHER}, self.delivery: self.fields.keys() - {_PUBLISHER}}.get(revision, set())
        permitted = {self.fields[name] for name in signed}
        if revision != self.delivery:
            permitted.add(self.root)
        if revision in self.stamps:
            permitted.add(self.page)
        stored = [now.root.raw_get("/DSS")] if "/DSS" in now.root else []
        for number in sorted((changed & before) | freed):
            if number in freed or number not in permitted | numbers_of(stored):
                raise AlteredError(f"{when}, {self._name(number)} was changed{self._name_keys(number, now)}")
        values = [*stored, *(v for number in changed & self.known for v in self._find_values(number, now, revision))]
        self._require_store(now.root, revision)
        for name in signed:
            self._require_appearance(name, now(refer(self.fields[name], self.reader)))
        used = reach(values, lambda number: now(refer(number, self.reader)), self.known)
        used.add(number_of(xrefs.get_xref_container_info(revision).stream_ref))
        for number in sorted(changed - before - used):
            raise AlteredError(f"{when}, object {number[0]} was hidden in the file: nothing uses it")

    def _find_values(self, number: Number, now: Any, revision: int) -> list[Any]:
        """Hold an object of the form against what an update made of it, and find the values that are new."""
        old, new, when = self.old(number), now(refer(number, self.reader)), self._when(revision)
        if number == self.root:
            self._require_catalog(old, new, revision)
            added = self._require_added(old["/AcroForm"], new["/AcroForm"], "/Fields", revision)
            return [new.raw_get("/Perms"), *added]
        if number == self.page:
            return self._require_added(old, new, "/Annots", revision)
        changes = find_changes(old, new)
        if unlike := set(changes) - set(_FILLED):
            raise AlteredError(f"{when}, {self._name(number)} was changed: {', '.join(sorted(unlike))}")
        return [new.raw_get(key) for key in changes]

    def _require_catalog(self, old: Any, new: Any, revision: int) -> None:
        when = self._when(revision)
        for key in find_changes(old, new):
            if key not in ("/AcroForm", "/DSS", *_CERTIFIED):
                raise AlteredError(f"{when}, {name_key(key)} was changed in the catalog")
        certified: Any = self.reader.get_historical_resolver(self.publisher).root
        for key in _CERTIFIED:
            if write_entry(certified, key) != write_entry(new, key):
                raise AlteredError(f"{when}, {key} was changed in the catalog")
        if set(new["/Perms"]) != {"/DocMDP"} or new.get("/Version", "/2.0") not in ("/1.7", "/2.0"):
            raise AlteredError(f"{when}, the catalog was given other permissions, or another version")

    def _require_store(self, root: Any, revision: int) -> None:
        """Hold validation data to what copies have, and to growing: what was there stays there."""
        when = self._when(revision)
        former = self.reader.get_historical_resolver(revision - 1).root
        if "/DSS" in former and write_entry(former, "/DSS") != write_entry(root, "/DSS"):
            raise AlteredError(f"{when}, the validation data were replaced")
        if "/DSS" in root and set(root["/DSS"]) - _STORE:
            raise AlteredError(f"{when}, the validation data were given entries that a copy's do not have")
        for key in ("/Certs", "/OCSPs", "/CRLs"):
            held = read_numbers(former["/DSS"], key) if "/DSS" in former else []
            if held and read_numbers(root["/DSS"], key)[: len(held)] != held:
                raise AlteredError(f"{when}, validation data were taken away")

    def _require_added(self, old: Any, new: Any, listing: str, revision: int) -> list[Any]:
        """Refuse other changes than the fields of timestamps at the end of a list, as many as there are by then."""
        when = self._when(revision)
        for key in find_changes(old, new):
            if key != listing:
                raise AlteredError(f"{when}, the form or its first page was changed: {name_key(key)}")
        before, after = read_numbers(old, listing), read_numbers(new, listing)
        stamps = sum(stamp <= revision for stamp in self.stamps)
        if after[: len(before)] != before or len(after) != len(before) + stamps:
            raise AlteredError(f"{when}, {name_key(listing)} was changed")
        for index in range(len(before), len(after)):
            if set(new[listing][index]) - _STAMP:
                raise AlteredError(f"{when}, a field was added that is more than a timestamp's")
        return [new[listing].raw_get(index) for index in range(len(before), len(after))]

    def _require_appearance(self, name: str, field: Any) -> None:
        """Refuse what is shown in another place, size or font than the form's own: it shows something else."""
        shown, used = field["/AP"]["/N"], field["/AP"]["/N"]["/Resources"]
        left, bottom, right, top = (float(n) for n in field["/Rect"])
        box = zip((float(n) for n in shown["/BBox"]), (0, 0, right - left, top - bottom), strict=True)
        if set(field["/AP"]) != {"/N"} or set(shown) - _APPEARANCE or any(abs(a - b) > 0.01 for a, b in box):
            raise AlteredError(f"the field {name} does not show what it holds: it is shown in another way")
        own = {f for f in used["/Font"] if write_entry(used["/Font"], f) == write_entry(self.fonts, f)}
        others = [f for f in used["/Font"] if f not in own]
        allowed = name in _SET_IN_OTHERS and all(is_brought(f, used["/Font"][f]) for f in others)
        if set(used) != {"/Font"} or not own or not (allowed or not others):
            raise AlteredError(f"the field {name} does not show what it holds: it is shown in another font")

    def _when(self, revision: int) -> str:
        if revision < self.delivery:
            moments = ("before the form was certified", "when the form was certified")
            return (
                "between certification and delivery"
                if revision > self.publisher
                else moments[revision // self.publisher]
            )
        return "when the copy was signed" if revision == self.delivery else "after the delivery was signed"

    def _name_changes(self, revision: int) -> str:
        now = self.reader.get_historical_resolver(revision)
        numbers = sorted(numbers_of(self.reader.xrefs.explicit_refs_in_revision(revision)) & self.known)
        named = [f"{self._name(number)} was changed{self._name_keys(number, now)}" for number in numbers]
        return named[0] if named else "something was added that is no part of a copy"

    def _name(self, number: Number) -> str:
        """Name an object of the form by what it is, or by what it is to another."""
        if number not in self.known:
            return f"object {number[0]} of an earlier update"
        for name, field in self.fields.items():
            if field == number:
                return f"the field {name}"
        trailer: Any = self.form.trailer
        own = {number_of(trailer.raw_get(key)): key for key in ("/Root", "/Info") if key in trailer}
        what = name_key(own[number]) if number in own else name_object(number, self.form, self.known)
        return f"{what} (object {number[0]} of the recorded form)"

    def _name_keys(self, number: Number, now: Any) -> str:
        new = now(refer(number, self.reader)) if number in self.known else None
        keys = find_changes(self.old(number), new) if hasattr(new, "keys") and hasattr(self.old(number), "keys") else []
        return f": {', '.join(map(name_key, keys[:5]))}" if keys else ""
