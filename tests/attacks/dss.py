"""The validation data in a file, read and written by pyHanko: an attacker's tools."""

from hashlib import sha256
from io import BytesIO
from typing import Any

from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader

from mailmart_privacy.trust.validation_data import ValidationData

MAX_ENTRIES = 256  # a copy renewed every ten years for a century has some 60
_NAMES = ("/Certs", "/OCSPs", "/CRLs")


def read_store(pdf: bytes) -> ValidationData | None:
    """Read the validation data in a file.

    Returns:
        The data, or None where the file has no store.

    Raises:
        ValueError: the store cannot be read, or has more entries than any copy's.
    """
    reader = PdfFileReader(BytesIO(pdf))
    if "/DSS" not in reader.root:
        return None
    lists = _read_lists(reader.root["/DSS"])
    if sum(map(len, lists)) > MAX_ENTRIES:
        raise ValueError(f"its document security store has more than {MAX_ENTRIES} entries")
    contents = [tuple(reference.get_object().data for reference in listed) for listed in lists]
    for content in contents[0]:
        x509.load_der_x509_certificate(content)
    return ValidationData(certificates=contents[0], ocsps=contents[1], crls=contents[2])


def extend_store(pdf: bytes, data: ValidationData) -> bytes:
    """Add validation data to a file that has a store, as one incremental update.

    Args:
        pdf: the file.
        data: what to add; what the file has already is not written again.

    Returns:
        The file, with all of the data; the same bytes where nothing was missing.

    Raises:
        ValueError: it has no store that can be extended.
    """
    reader = PdfFileReader(BytesIO(pdf))
    trailer: Any = reader.trailer
    if "/DSS" not in reader.root or reader.last_startxref is None:
        raise ValueError("the file has no document security store")
    store: Any = reader.root.raw_get("/DSS")
    number = store.idnum
    lists = _read_lists(reader.root["/DSS"])
    body, offsets, following = bytearray(), {}, int(trailer["/Size"])
    references = []
    for listed, wanted in zip(lists, (data.certificates, data.ocsps, data.crls), strict=True):
        held = {reference.get_object().data for reference in listed}
        numbers = [reference.idnum for reference in listed]
        for content in wanted:
            if content not in held:
                offsets[following] = len(pdf) + len(body)
                body += b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
                    following,
                    len(content),
                    content,
                )
                numbers.append(following)
                following += 1
        references.append(" ".join(f"{n} 0 R" for n in numbers))
    if not offsets:
        return pdf
    offsets[number] = len(pdf) + len(body)
    entries = " ".join(f"{name} [ {listed} ]" for name, listed in zip(_NAMES, references, strict=True) if listed)
    body += f"{number} 0 obj\n<< {entries} >>\nendobj\n".encode("ascii")
    place = len(pdf) + len(body)
    offsets[following] = place
    table = b"".join(b"\x01" + offsets[n].to_bytes(4, "big") + b"\x00\x00" for n in sorted(offsets))
    root, first = trailer.raw_get("/Root"), trailer["/ID"][0]
    info = ""
    if "/Info" in trailer:
        reference = trailer.raw_get("/Info")
        info = f"/Info {reference.idnum} {reference.generation} R "
    identifier = getattr(first, "original_bytes", None) or bytes(first)
    head = (
        f"<< /Type /XRef /W [ 1 4 2 ] /Size {following + 1} /Root {root.idnum} {root.generation} R {info}"
        f"/ID [ <{identifier.hex()}> <{sha256(identifier + body).hexdigest()[:32]}> ] /Prev {reader.last_startxref} "
        f"/Index [ {' '.join(f'{n} 1' for n in sorted(offsets))} ] /Length {len(table)} >>"
    )
    body += b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (following, head.encode("ascii"), table)
    return pdf + body + b"startxref\n%d\n%%%%EOF\n" % place


def _read_lists(store: Any) -> list[list[Any]]:
    return [[item.reference for item in _raw(store[name])] if name in store else [] for name in _NAMES]


def _raw(array: Any) -> list[Any]:
    return [array.raw_get(i) for i in range(len(array))]
