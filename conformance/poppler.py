"""Poppler: what do its users see, and what does pdfsig say of the signatures?

pdfsig judges each signature over its own range, and does not see what was added later; so its word
is one about the signature container, and "Total document signed" is asked for besides.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from .programs import ValidatorError, run

_HEAD = re.compile(r"^Signature #[0-9]+:$", re.MULTILINE)
_UNSIGNED = "The signature form field is not signed."
_WHOLE = {"Total document signed": True, "Not total document signed": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What pdfsig says about one signature.

    Attributes:
        field: the name of its field.
        signer: the common name of the signer's certificate.
        kind: its sub-filter, for instance "ETSI.CAdES.detached".
        digest: its digest algorithm, for instance "SHA-256".
        whole: whether it covers the total document.
        verdict: "Signature is Valid." where it holds.
    """

    field: str
    signer: str
    kind: str
    digest: str
    whole: bool
    verdict: str


def read_signatures(path: Path) -> tuple[Signature, ...]:
    """Have pdfsig validate a file's signatures, in their order; certificates are left to OpenSSL.

    Signature fields that nobody has signed yet are passed over.

    Raises:
        MissingValidatorError: pdfsig is not installed.
        ValidatorError: it said something that cannot be read.
    """
    output = run("pdfsig", "-nocert", path)
    heading, *parts = _HEAD.split(output.stdout)
    if not parts:
        if "does not contain any signatures" in heading:
            return ()
        raise ValidatorError(f"pdfsig gave no verdict (exit status {output.status}):\n{output.stderr}{output.stdout}")
    try:
        return tuple(_read(part) for part in parts if _UNSIGNED not in part)
    except (KeyError, ValueError) as error:
        raise ValidatorError(f"pdfsig said something unknown ({error!r}):\n{output.stdout}") from None


def _read(part: str) -> Signature:
    lines = [line.strip().removeprefix("- ") for line in part.strip().splitlines()]
    (whole,) = [_WHOLE[line] for line in lines if line in _WHOLE]
    said = dict(line.split(": ", 1) for line in lines if ": " in line)
    return Signature(
        field=said["Signature Field Name"],
        signer=said["Signer Certificate Common Name"],
        kind=said["Signature Type"],
        digest=said["Signing Hash Algorithm"],
        whole=whole,
        verdict=said["Signature Validation"],
    )


def read_text(path: Path, *, page: int | None = None) -> str:
    """Read what is shown, form fields included, in reading order, as one line.

    Args:
        path: the file.
        page: one page, counted from 1, or None for all.

    Raises:
        MissingValidatorError: pdftotext is not installed.
        ValidatorError: it could not read the file, or complained.
    """
    pages = () if page is None else ("-f", str(page), "-l", str(page))
    output = run("pdftotext", *pages, path, "-")
    if output.status != 0 or output.stderr:
        raise ValidatorError(f"pdftotext failed (exit status {output.status}): {output.stderr}")
    return " ".join(output.stdout.split())
