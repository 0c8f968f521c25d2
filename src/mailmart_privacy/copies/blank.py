"""What a form has for what is filled in: enough to tell, without a key, whether a name fits."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from ..errors import FormError, MissingExtraError
from ..pdf.field_font import FieldFont, read_field_font
from .certified import FormField

try:
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader
except ImportError as error:
    raise MissingExtraError("pdf", error.name or "pyHanko") from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Blank:
    """What a form has for what is filled in.

    Attributes:
        fields: the fields by name.
        font: the font of its fields.
    """

    fields: dict[str, FormField]
    font: FieldFont


def read_blank(form: bytes) -> Blank:
    """Read what a form has for what is filled in.

    Raises:
        FormError: these bytes are not a form.
    """
    try:
        root = PdfFileReader(BytesIO(form)).root
        return Blank(fields=note_fields(root), font=read_field_font(root["/AcroForm"]))
    except FormError:
        raise
    except Exception as error:  # noqa: BLE001 - pyHanko raises many classes on what is no PDF
        raise FormError(f"this is not a form of the policy ({error})") from None


def note_fields(root: Any) -> dict[str, FormField]:
    """Note where the fields stand in a form, and what is in their dictionaries."""
    fields = {}
    for name, dictionary in find_fields(root).items():
        width, height = measure_field(dictionary)
        kept = generic.DictionaryObject(
            {key: dictionary.raw_get(key) for key in dictionary if key not in ("/V", "/AP")}
        )
        source = BytesIO()
        kept.write_to_stream(source, None)
        fields[name] = FormField(
            number=dictionary.container_ref.idnum,
            entries=source.getvalue().decode("ascii").strip().removeprefix("<<").removesuffix(">>").strip(),
            width=width,
            height=height,
        )
    return fields


def find_fields(root: Any) -> dict[str, Any]:
    """Find the fields of a form, by name."""
    return {str(f.get_object()["/T"]): f.get_object() for f in root["/AcroForm"]["/Fields"]}


def measure_field(field: Any) -> tuple[float, float]:
    """Measure a field: its width and its height, in points."""
    left, bottom, right, top = (float(n) for n in field["/Rect"])
    return round(right - left, 4), round(top - bottom, 4)
