"""A certified form, with all that is needed to issue copies from it without reading it again."""

import datetime
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ..pdf.cms import CmsTemplate
from ..pdf.field_font import FieldFont
from .pades import require_level

if TYPE_CHECKING:
    from hashlib import _Hash

FORMAT = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class FormField:
    """One field of the form.

    Attributes:
        number: its object number.
        entries: its dictionary as PDF source, without its value and its appearance.
        width: in points.
        height: in points.
    """

    number: int
    entries: str
    width: float
    height: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CertifiedForm:
    """A form that its publisher has certified.

    Attributes:
        pdf: its bytes.
        fields: the fields by name.
        font: the font of its fields.
        root: the reference to its catalog, for instance "2 0 R".
        info: the reference to its document information, or None.
        id: the first part of its file identifier (ISO 32000-1, 14.4).
        size: one more than its highest object number.
        startxref: where its last cross-reference section begins.
        cms: the template of the signature container.
        identity: the digest of the certificate that certified it.
        signing_time: when it was certified (aware, UTC); a copy of it cannot be older.
        level: the level of its certification; copies up to that one can be issued from it, and of
            "B-LT" those of "B-LTA", too.
        state: SHA-256 over `pdf`, ready to go on with what follows.
    """

    pdf: bytes
    fields: dict[str, FormField]
    font: FieldFont
    root: str
    info: str | None
    id: bytes
    size: int
    startxref: int
    cms: CmsTemplate
    identity: str
    signing_time: datetime.datetime
    level: str = "B-B"
    state: "_Hash" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", sha256(self.pdf))

    def to_bytes(self) -> bytes:
        """Write the form so that `from_bytes` reads it: one line of JSON, then the PDF."""
        facts: dict[str, Any] = {
            "format": FORMAT,
            "fields": {name: [f.number, f.entries, f.width, f.height] for name, f in self.fields.items()},
            "font": [self.font.name, self.font.size, self.font.resource],
            "glyphs": [[ord(c), glyph, self.font.widths[glyph]] for c, glyph in self.font.glyphs.items()],
            "root": self.root,
            "info": self.info,
            "id": self.id.hex(),
            "size": self.size,
            "startxref": self.startxref,
            "cms": [
                *(part.hex() for part in (self.cms.head, self.cms.signer, self.cms.before, self.cms.after)),
                self.cms.algorithm.hex(),
                self.cms.size,
            ],
            "identity": self.identity,
            "signing_time": self.signing_time.isoformat(),
            "level": self.level,
        }
        return json.dumps(facts, separators=(",", ":")).encode("ascii") + b"\n" + self.pdf

    @classmethod
    def from_bytes(cls, content: bytes) -> "CertifiedForm | None":
        """Read what `to_bytes` wrote.

        Returns:
            The form, or None where another version of this package wrote it, or something else.
        """
        line, _, pdf = content.partition(b"\n")
        try:
            facts = json.loads(line)
            return cls._from_facts(facts, pdf) if facts["format"] == FORMAT else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    @classmethod
    def _from_facts(cls, facts: dict[str, Any], pdf: bytes) -> "CertifiedForm":
        name, size, resource = facts["font"]
        head, signer, before, after, algorithm = (bytes.fromhex(part) for part in facts["cms"][:-1])
        return cls(
            pdf=pdf,
            fields={
                name: FormField(number=number, entries=entries, width=width, height=height)
                for name, (number, entries, width, height) in facts["fields"].items()
            },
            font=FieldFont(
                name=name,
                size=size,
                resource=resource,
                glyphs={chr(code): glyph for code, glyph, _ in facts["glyphs"]},
                widths={glyph: width for _, glyph, width in facts["glyphs"]},
            ),
            root=facts["root"],
            info=facts["info"],
            id=bytes.fromhex(facts["id"]),
            size=facts["size"],
            startxref=facts["startxref"],
            cms=CmsTemplate(
                head=head, signer=signer, before=before, after=after, algorithm=algorithm, size=facts["cms"][-1]
            ),
            identity=facts["identity"],
            signing_time=datetime.datetime.fromisoformat(facts["signing_time"]),
            level=facts["level"],
        )


def certified_level(level: str) -> str:
    """Name the level that a form is certified at for copies of a level: an archive timestamp is the copy's own.

    Raises:
        UsageError: there is no such level.
    """
    require_level(level)
    return "B-LT" if level == "B-LTA" else level
