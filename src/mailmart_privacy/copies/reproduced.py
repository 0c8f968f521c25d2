"""Our copy held against pyHanko's copy of the same inputs: do the two updates say the same?

Compared is what they say, not how it is spelled. These things differ, and are free to:

1. Objects stand in another order and have other numbers (pyHanko leaves one out), so references are
   followed: what two of them lead to has to be the same, and the same from everywhere.
2. Strings are hex here and escaped there, numbers are written at other lengths, and the
   cross-reference stream is plain here and packed there. Each is read.
3. The second part of the file identifier is the update's own (ISO 32000-1, 14.4).
4. The container has other room, and our copy's may hold a timestamp, which is the authority's.

What only our copy can show is held besides: its byte range, digest and signature.
"""

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import MissingExtraError, SelfCheckError, one_line
from ..keys.ecdsa import normalize_low_s
from ..pdf.cms import require_canonical
from ..pdf.objects import number_of, numbers_of, refer
from ..pdf.revisions import open_pdf, require_revisions
from .issuing import DELIVERY

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from pyhanko.pdf_utils import generic
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import AnyStr

    from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

    from ..keys.identity import Identity
    from ..pdf.objects import Number
    from .certified import CertifiedForm

_END = re.compile(rb"\nstartxref\n[0-9]{1,10}\n%%EOF\n")
# An update's objects, to the letter: of ">>", pyHanko reads but the first byte (ISO 32000-1, 7.2 and 7.3).
_WORDS = (
    rb"(?>[\0\t\n\f\r ]++|<<|>>|[\[\]]|<[0-9A-Fa-f]*+>|[-+]?[0-9]+(?:\.[0-9]+)?(?![^\0-\x20/<>\[\]()])"
    rb"|/[A-Za-z0-9._+-]++|\((?:[^()\\]|\\.)*+\)|(?:R|true|false|null)\b)*+"
)
_OBJECT = re.compile(rb"[0-9]+ 0 obj\n" + _WORDS + rb"(?:stream\n.*?\nendstream\n)?endobj\n", re.DOTALL)
_PACKING = {"/Length", "/Filter", "/DecodeParms"}
_TABLE = {*_PACKING, "/Type", "/W", "/Index", "/Size", "/ID"}  # these, but for the last two, are the table's own
_PLACED = {"/ByteRange", "/Contents"}
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (generic.IndirectObject, "a reference"),
    (generic.StreamObject, "a stream"),
    (generic.DictionaryObject, "a dictionary"),
    (generic.ArrayObject, "a list"),
    (generic.NameObject, "a name"),
    ((generic.TextStringObject, generic.ByteStringObject), "a string"),
    ((generic.NumberObject, generic.FloatObject), "a number"),
)


def require_reproduced(certified: "CertifiedForm", ours: bytes, theirs: bytes, identity: "Identity") -> None:
    """Hold a copy against pyHanko's copy of the same inputs, and its signature against the identity.

    Args:
        certified: the form that both are copies of.
        ours: a copy that `issue_copy` made; what levels add to it later is passed over.
        theirs: what `issue_by_pyhanko` made of the same inputs, dry or not.
        identity: who signed.

    Raises:
        SelfCheckError: they differ; the message names the first thing that does. No copy may be given out.
    """
    own, other = _Update(certified, ours, "our copy"), _Update(certified, theirs, "pyHanko's copy")
    try:
        _require_plain(own, len(certified.pdf))
        comparison = _Comparison(certified, own, other)
        comparison.hold_trailers()
        comparison.hold_objects()
        _hold_containers(own.signature, other.signature)
        _require_signed(own, identity)
    except SelfCheckError:
        raise
    except Exception as error:  # noqa: BLE001 - as below
        raise SelfCheckError(f"our copy cannot be read as it has to be: {one_line(error)}") from None


def _differ(where: str, ours: object, theirs: object) -> NoReturn:
    said = [" ".join(str(value).split()) for value in (ours, theirs)]
    shown = [text if len(text) <= 80 else f"{text[:77]}..." for text in said]
    if shown[0] == shown[1]:  # another blank, or far behind
        shown = [ascii(text) for text in _find_unlike(str(ours), str(theirs))]
    _refuse(f"{where}: ours has {shown[0]}, pyHanko's {shown[1]}")


def _refuse(what: str) -> NoReturn:
    raise SelfCheckError(f"our copy is not what pyHanko makes of the same inputs: {what}")


def _find_unlike(ours: "AnyStr", theirs: "AnyStr") -> "tuple[AnyStr, AnyStr]":
    """Cut two values to where they part, and a little before."""
    place = next((i for i in range(min(len(ours), len(theirs))) if ours[i] != theirs[i]), min(len(ours), len(theirs)))
    return ours[max(0, place - 10) : place + 30], theirs[max(0, place - 10) : place + 30]


class _Update:
    """The update that fills in and signs a certified form, and nothing that follows it."""

    def __init__(self, certified: "CertifiedForm", pdf: bytes, whose: str) -> None:
        try:
            ended = _END.search(pdf, len(certified.pdf))
            if ended is None or not pdf.startswith(certified.pdf):
                raise ValueError("it is no update of the certified form")
            self.pdf = pdf[: ended.end()]
            require_revisions(self.pdf, certified.pdf)
            self.reader = open_pdf(self.pdf)
            revision = self.reader.xrefs.total_revisions - 1
            stream = self.reader.xrefs.get_xref_container_info(revision).stream_ref
            self.trailer: Any = self.get(number_of(stream))
            numbers = numbers_of(self.reader.xrefs.explicit_refs_in_revision(revision)) - {number_of(stream)}
            if int(self.trailer["/Size"]) != 1 + max(number for number, _ in (*numbers, number_of(stream))):
                raise ValueError("its trailer counts other objects than there are")
            self.changed = {number for number in numbers if number[0] < certified.size}
            self.added = numbers - self.changed
            for number in numbers:
                self.get(number)  # each can be read, at the place where it is looked for
            signatures = {s.field_name: s for s in self.reader.embedded_signatures}
            self.signature: EmbeddedPdfSignature = signatures[DELIVERY]
            self.signature.signed_data["signer_infos"].native  # noqa: B018 - read, as far down as it goes
        except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on damaged files
            raise SelfCheckError(f"{whose} cannot be read as it has to be: {one_line(error)}") from None

    def get(self, number: "Number") -> Any:
        return self.reader.get_object(refer(number, self.reader))


def _require_plain(update: _Update, place: int) -> None:
    """Refuse what is no PDF to the letter, and might be read in another way by others than pyHanko."""
    while not _END.fullmatch(update.pdf, place - 1):
        found = _OBJECT.match(update.pdf, place)
        if found is None:
            body = re.compile(rb"[0-9]+ 0 obj\n" + _WORDS).match(update.pdf, place)
            place = place if body is None else body.end()
            raise SelfCheckError(f"our copy is not plain PDF at byte {place}: {update.pdf[place : place + 20]!r}")
        place = found.end()


class _Comparison:
    """Two updates of one form, whose new objects are paired as they are met."""

    def __init__(self, certified: "CertifiedForm", ours: _Update, theirs: _Update) -> None:
        self.names = {field.number: f"the field {name}" for name, field in certified.fields.items()}
        self.ours, self.theirs = ours, theirs
        self.pairs: dict[Number, Number] = {}

    def hold_trailers(self) -> None:
        """Hold the trailers against each other, but for what says where objects stand."""
        ours, theirs = self.ours.trailer, self.theirs.trailer
        self._hold_entries("the trailer", ours, theirs, _TABLE)
        identifiers = [trailer.get("/ID", []) for trailer in (ours, theirs)]
        if [len(part) for part in identifiers[0]] != [len(part) for part in identifiers[1]]:
            _differ("the trailer, /ID", *(f"parts of {[len(p) for p in parts]} bytes" for parts in identifiers))
        self._hold("the trailer, /ID, its first part", identifiers[0][0], identifiers[1][0])

    def hold_objects(self) -> None:
        """Hold the objects of the form that were changed, and all that they lead to, against each other."""
        changed = [sorted(map(self._name, update.changed)) for update in (self.ours, self.theirs)]
        if changed[0] != changed[1]:
            _differ("what is changed", *map(", ".join, changed))
        for number in sorted(self.ours.changed):
            self._hold(self._name(number), self.ours.get(number), self.theirs.get(number))
        for whose, spare in (
            ("ours", self.ours.added - self.pairs.keys()),
            ("pyHanko's", self.theirs.added - set(self.pairs.values())),
        ):
            if spare:
                _refuse(f"{whose} has an object that nothing uses: {min(spare)[0]}")

    def _name(self, number: "Number") -> str:
        return self.names.get(number[0], f"object {number[0]} of the form")

    def _hold(self, where: str, ours: Any, theirs: Any) -> None:
        kinds = _kind(ours), _kind(theirs)
        if kinds[0] != kinds[1]:
            _differ(where, *kinds)
        if isinstance(ours, generic.IndirectObject):
            self._hold_references(where, number_of(ours), number_of(theirs))
        elif isinstance(ours, generic.DictionaryObject):
            self._hold_dictionaries(where, ours, theirs)
        elif isinstance(ours, generic.ArrayObject):
            if len(ours) != len(theirs):
                _differ(where, f"{len(ours)} values", len(theirs))
            for index in range(len(ours)):
                self._hold(f"{where}, its value {index + 1}", ours.raw_get(index), theirs.raw_get(index))
        elif ours != theirs:
            _differ(where, ours, theirs)

    def _hold_references(self, where: str, ours: "Number", theirs: "Number") -> None:
        new = ours in self.ours.added, theirs in self.theirs.added
        if new == (False, False):
            if ours != theirs:
                _differ(where, *(f"a reference to object {number[0]}" for number in (ours, theirs)))
        elif not all(new):
            _differ(where, *("a reference to an object of the " + ("update" if n else "form") for n in new))
        elif ours in self.pairs or theirs in self.pairs.values():
            if self.pairs.get(ours) != theirs:
                _differ(where, "an object that stands elsewhere, too", "another one")
        else:
            self.pairs[ours] = theirs
            self._hold(where, self.ours.get(ours), self.theirs.get(theirs))

    def _hold_dictionaries(self, where: str, ours: Any, theirs: Any) -> None:
        if isinstance(ours, generic.StreamObject):
            if ours.data != theirs.data:
                _differ(f"{where}, its content", *_find_unlike(ours.data, theirs.data))
            passed = _PACKING
        else:
            passed = _PLACED if ours.keys() >= _PLACED and theirs.keys() >= _PLACED else set()
        self._hold_entries(where, ours, theirs, passed)

    def _hold_entries(self, where: str, ours: Any, theirs: Any, passed: set[str]) -> None:
        keys = [sorted(set(dictionary) - passed) for dictionary in (ours, theirs)]
        if keys[0] != keys[1]:
            _differ(where, *(", ".join(set(own) - set(other)) or "no other" for own, other in (keys, keys[::-1])))
        for key in keys[0]:
            self._hold(f"{where}, {key}", ours.raw_get(key), theirs.raw_get(key))


def _kind(value: object) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), f"a {type(value).__name__}")


def _list_parts(signature: "EmbeddedPdfSignature") -> "Iterator[tuple[str, object]]":
    """List the parts of a signature's container that are the same in all containers of an identity."""
    data = signature.signed_data
    (signer,) = data["signer_infos"]
    for name in ("version", "digest_algorithms", "encap_content_info", "certificates", "crls"):
        yield f"the container's {name}", data[name].dump()
    for name in ("version", "sid", "digest_algorithm", "signature_algorithm"):
        yield f"the signer's {name}", signer[name].dump()
    yield "the signed attributes", [attribute["type"].native for attribute in signer["signed_attrs"]]
    for attribute in signer["signed_attrs"]:
        name, values = attribute["type"].native, attribute["values"]
        yield f"the signed attribute {name}", len(values) if name == "message_digest" else values.dump()


def _hold_containers(ours: "EmbeddedPdfSignature", theirs: "EmbeddedPdfSignature") -> None:
    for (what, own), (_, other) in zip(_list_parts(ours), _list_parts(theirs), strict=True):
        if own != other:
            if isinstance(own, bytes) and isinstance(other, bytes):
                own, other = (f"{len(part)} bytes of SHA-256 {sha256(part).hexdigest()[:16]}" for part in (own, other))
            _differ(what, own, other)


def _require_signed(update: _Update, identity: "Identity") -> None:
    """Refuse a signature that covers anything else than the whole copy, or is not by the identity."""
    (signer,) = update.signature.signed_data["signer_infos"]
    ranges: Any = update.signature.byte_range
    start, length, stop, rest = map(int, ranges)
    written = update.pdf[length:stop]
    if start != 0 or stop + rest != len(update.pdf) or written[:1] + written[-1:] != b"<>":
        _refuse(f"the signature covers {[start, length, stop, rest]} of {len(update.pdf)} bytes")
    (digest,) = (a["values"][0].native for a in signer["signed_attrs"] if a["type"].native == "message_digest")
    if digest != sha256(update.pdf[:length] + update.pdf[stop:]).digest():
        _refuse("the message digest in the container is not that of what the signature covers")
    key = identity.certificate.public_key()
    value, content = signer["signature"].native, signer["signed_attrs"].untag().dump()
    try:
        require_canonical(written, update.signature.signed_data, upper=False)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, content, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, content, ec.ECDSA(hashes.SHA256()))
            if normalize_low_s(value, key) != value:
                raise ValueError("its container has the higher one of two values that hold")
        else:
            raise ValueError("a key of this kind signs no copies")
    except InvalidSignature:
        _refuse("the signature does not hold under the identity's certificate")
    except ValueError as error:
        _refuse(one_line(error))
