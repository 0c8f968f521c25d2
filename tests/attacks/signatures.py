"""Attacks on the signatures themselves.

Universal signature forgery (USF) and signature wrapping (SWA) are those of Mladenov et al., CCS
2019; the others take the container (CMS) apart, which is what no signature covers.
"""

import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any

from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from .making import ATTACKS, Attack, Given, attack, write_update

USF = "Universal signature forgery (USF)"
SWA = "Signature wrapping (SWA)"
RANGES = "ByteRange overlap and gaps"
CONTAINER = "Signature container"
FOREIGN = "Signatures by others, and of other files"
P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RANGE = re.compile(rb"/ByteRange (\[0 \d{10} \d{10} \d{10}\])\n/Contents (<[0-9a-f]+>)")
_VALID = ("pdfsig", "Signature is Valid")


def find_delivery(pdf: bytes) -> re.Match[bytes]:
    """Find what the delivery signature says it covers (1), and its container (2)."""
    return list(_RANGE.finditer(pdf))[1]  # the first one is the publisher's


def forge(pdf: bytes) -> bytes:
    """Change the recipient in place, in what the field holds and in what it shows."""
    value = pdf.replace(b"Acme GmbH".hex().encode(), b"Evil Corp".hex().encode())
    assert value != pdf
    return value


def put(pdf: bytes, group: int, content: bytes) -> bytes:
    """Put something else in the place of a part of the delivery signature, filled up with blanks."""
    found = find_delivery(pdf)
    room = found.end(group) - found.start(group)
    assert len(content) <= room
    return pdf[: found.start(group)] + content.ljust(room) + pdf[found.end(group) :]


def read_container(pdf: bytes) -> Any:
    """Read the delivery's container."""
    return cms.ContentInfo.load(bytes.fromhex(find_delivery(pdf)[2][1:-1].decode()))


def put_container(pdf: bytes, container: bytes) -> bytes:
    """Write another container in the delivery's place, as copies write it."""
    room = len(find_delivery(pdf)[2]) - 2
    digits = container.hex().encode()
    assert len(digits) <= room
    return put(pdf, 2, b"<" + digits.ljust(room, b"0") + b">")


USF_VARIANTS: list[tuple[str, str, int, bytes]] = [
    ("contents_null", "The signature's container is null.", 2, b"null"),
    ("contents_empty", "The signature's container is empty.", 2, b"<>"),
    ("contents_zero", "The signature's container is one zero.", 2, b"<00>"),
    ("contents_string", "The signature's container is text.", 2, b"(signed)"),
    ("contents_name", "The signature's container is a name.", 2, b"/Signed"),
    ("contents_reference", "The signature's container is an object that is not there.", 2, b"999 0 R"),
    ("contents_loop", "The signature's container is the catalog.", 2, b"2 0 R"),
    ("range_null", "The signed range is null.", 1, b"null"),
    ("range_empty", "The signed range is an empty list.", 1, b"[]"),
    ("range_zero", "The signed range is nothing, four times.", 1, b"[0 0 0 0]"),
    ("range_one", "The signed range is one number.", 1, b"[0]"),
    ("range_short", "The signed range lacks its last number.", 1, b"[0 100 200]"),
    ("range_long", "The signed range has six numbers.", 1, b"[0 10 20 10 40 10]"),
    ("range_negative", "The signed range has negative numbers.", 1, b"[0 -1 -1 -1]"),
    ("range_huge", "The signed range ends far behind the file.", 1, b"[0 10 20 999999999999]"),
    ("range_names", "The signed range is made of names.", 1, b"[/a /b /c /d]"),
    ("range_real", "The signed range is made of fractions.", 1, b"[0.5 1.5 2.5 3.5]"),
    ("range_nested", "The signed range is a list in a list.", 1, b"[[0 10 20 10]]"),
    ("range_strings", "The signed range is made of strings.", 1, b"[(0)(9)(9)(9)]"),
    ("range_reference", "The signed range is an object that is not there.", 1, b"999 0 R"),
]


def _usf(group: int, content: bytes, given: Given) -> bytes:
    return put(forge(given.copy), group, content)


for _name, _about, _group, _content in USF_VARIANTS:
    ATTACKS.append(
        Attack(
            family=USF,
            name=f"usf_{_name}",
            make=partial(_usf, _group, _content),
            says="what the field Recipient shows is not|signature Delivery|container of Delivery",
            levels=("B-B",) if _name not in ("contents_null", "range_null") else ("B-B", "B-LTA"),
            about=_about,
        )
    )


@attack(USF, says="Delivery cannot be read .it has no container")
def usf_contents_missing(given: Given) -> bytes:
    """The signature has no container."""
    place = find_delivery(given.copy).start(2) - len(b"/Contents ")
    pdf = forge(given.copy)
    return pdf[:place] + pdf[place:].replace(b"/Contents ", b"/Xontents ", 1)


@attack(USF, says="what the field Recipient shows is not what issuing writes")
def usf_range_missing(given: Given) -> bytes:
    """The signature does not say what it covers."""
    place = find_delivery(given.copy).start()
    pdf = forge(given.copy)
    return pdf[:place] + pdf[place:].replace(b"/ByteRange ", b"/XyteRange ", 1)


@attack(USF, says="before its certification, the file was changed")
def usf_filter_unknown(given: Given) -> bytes:
    """The signature names a format that nobody knows, so that nobody looks at it."""
    return forge(given.copy).replace(b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /ETSI.CAdES.attached")


@attack(USF, says="after the delivery was signed, the file was changed: the signature Delivery")
def usf_value_is_text(given: Given) -> bytes:
    """The signature field holds a text in place of a signature."""
    reader = PdfFileReader(BytesIO(given.copy))
    (signature,) = (s for s in reader.embedded_signatures if s.field_name == "Delivery")
    number = signature.sig_field.raw_get("/V").idnum
    return write_update(given.copy, {number: b"(signed)"})


@attack(
    SWA,
    says="the signature Delivery is not what issuing writes",
    levels=("B-T",),
    proof=("pdftotext", "Evil Corp"),
)
def swa_moved_range(given: Given) -> bytes:
    """The second signed part moves to the end; another range, other objects and their table fill the gap."""
    pdf, found = given.copy, find_delivery(given.copy)
    reader = PdfFileReader(BytesIO(pdf))
    old, last = int(reader.last_startxref or 0), reader.xrefs.total_revisions - 1
    numbers = {r.idnum: reader.xrefs.get_historical_ref(r, last) for r in reader.xrefs.explicit_refs_in_revision(last)}
    start, stop, rest = found.start(2), found.end(2), pdf[found.end(2) :]
    container = read_container(pdf).dump().hex().encode()
    head = b"<" + container + b"> /ByteRange [0 %010d %010d %010d] >>\nendobj\n"
    shown = numbers[9] and _find_appearance(pdf)
    glyphs = _find_glyphs(given.other)
    evil = b"9 0 obj\n" + _fill(pdf, 9, b"Evil Corp").replace(b"/N %d 0 R" % shown, b"/N 900 0 R") + b"\nendobj\n"
    content = re.sub(rb"<[0-9a-f]+> Tj", glyphs, _find_object(pdf, shown))
    gap = head % (start, 0, len(rest))
    numbers[9] = start + len(gap)
    numbers[900] = numbers[9] + len(evil)
    gap += evil + b"900 0 obj\n" + content + b"\nendobj\n"
    assert start + len(gap) < old
    gap = gap.ljust(old - start)
    table = b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % entry for entry in sorted(numbers.items()))
    trailer: Any = reader.trailer
    identifier = trailer["/ID"][0].original_bytes.hex().encode()
    table += b"trailer\n<< /Size 901 /Root 2 0 R /Prev %d /ID [ <%s> <%s> ] >>\n" % (
        int(trailer["/Prev"]),
        identifier,
        identifier,
    )
    moved = old + len(table)
    gap = gap.replace(b"%010d %010d %010d" % (start, 0, len(rest)), b"%010d %010d %010d" % (start, moved, len(rest)))
    assert stop < moved
    return pdf[:start] + gap + table + rest


def _find_object(pdf: bytes, number: int) -> bytes:
    start = pdf.rindex(b"\n%d 0 obj" % number)
    return pdf[start : pdf.index(b"endobj", start)].partition(b"obj\n")[2].strip()


def _find_appearance(pdf: bytes) -> int:
    found = re.search(rb"/AP << /N (\d+) 0 R", _find_object(pdf, 9))
    assert found
    return int(found[1])


def _find_glyphs(pdf: bytes) -> bytes:
    found = re.search(rb"<[0-9a-f]+> Tj", _find_object(pdf, _find_appearance(pdf)))
    assert found
    return found[0]


@attack(
    SWA,
    says="after the delivery was signed.*: the signature Delivery, the field Recipient",
    levels=("B-B",),
)
def swa_updated_range(given: Given) -> bytes:
    """An update defines the signature again: the same container, the same ranges, put where they still fit."""
    found = find_delivery(given.copy)
    reader = PdfFileReader(BytesIO(given.copy))
    (signature,) = (s for s in reader.embedded_signatures if s.field_name == "Delivery")
    number = signature.sig_field.raw_get("/V").idnum
    start = given.copy.rindex(b"%d 0 obj" % number, 0, found.start())
    content = given.copy[start : given.copy.index(b"endobj", start)].partition(b"obj\n")[2]
    return write_update(given.copy, {number: content.strip(), 9: _fill(given.copy, 9, b"Evil Corp")})


def _fill(pdf: bytes, number: int, value: bytes) -> bytes:
    return re.sub(rb"/V <[0-9a-f]+>", b"/V <%s>" % value.hex().encode(), _find_object(pdf, number))


@attack(SWA, says="after the delivery was signed.*: the field Recipient", levels=("B-B",), proof=_VALID)
def swa_later_field(given: Given) -> bytes:
    """The signed part stays as it is, and a field with another recipient follows it."""
    return write_update(given.copy, {9: _fill(given.copy, 9, b"Evil Corp")})


def _ranges(edit: Callable[[int, int, int], tuple[int, int, int, int]], given: Given) -> bytes:
    found = find_delivery(given.copy)
    numbers = edit(found.start(2), found.end(2), len(given.copy))
    return put(forge(given.copy), 1, b"[%d %d %d %d]" % numbers)


RANGE_VARIANTS: list[tuple[str, str, Callable[[int, int, int], tuple[int, int, int, int]]]] = [
    ("overlap", "The two ranges overlap.", lambda a, b, n: (0, b, a, n - a)),
    ("same", "Both ranges are the first one.", lambda a, b, n: (0, a, 0, a)),
    ("swapped", "The second range comes before the first.", lambda a, b, n: (b, n - b, 0, a)),
    ("late_start", "The first range begins behind the start of the file.", lambda a, b, n: (9, a - 9, b, n - b)),
    ("gap_before", "The gap begins before the container.", lambda a, b, n: (0, a - 900, b, n - b)),
    ("gap_behind", "The gap ends behind the container.", lambda a, b, n: (0, a, b + 90, n - b - 90)),
    ("gap_within", "The ranges reach into the container.", lambda a, b, n: (0, a + 100, b - 100, n - b + 100)),
    ("short_end", "The second range ends before the file does.", lambda a, b, n: (0, a, b, n - b - 200)),
    ("long_end", "The second range ends behind the file.", lambda a, b, n: (0, a, b, n - b + 200)),
    ("no_second", "The second range is empty.", lambda a, b, n: (0, a, b, 0)),
    ("whole", "One range is the whole file, container and all.", lambda a, b, n: (0, n, n, 0)),
]
for _name, _about, _edit in RANGE_VARIANTS:
    ATTACKS.append(
        Attack(
            family=RANGES,
            name=f"range_{_name}",
            make=partial(_ranges, _edit),
            says="what the field Recipient shows is not what issuing writes",
            levels=("B-B",),
            about=_about,
        )
    )


@attack(CONTAINER, says="the signature Delivery is not in canonical form", levels=("B-B", "B-LT"), proof=_VALID)
def container_other_s(given: Given) -> bytes:
    """The ECDSA signature (r, s) is written as (r, n - s), which holds as well."""
    container = read_container(given.copy)
    (signer,) = container["content"]["signer_infos"]
    r, s = decode_dss_signature(signer["signature"].native)
    signer["signature"] = encode_dss_signature(r, P256 - s)
    return put_container(given.copy, container.dump(force=True))


@attack(
    CONTAINER,
    says="certified by one signer|its container",
    levels=("B-T", "B-LT"),
    proof=_VALID,
)
def container_more_certificates(given: Given) -> bytes:
    """A certificate that has nothing to do with the signer is put into the container."""
    container = read_container(given.copy)
    stranger = cms.Certificate.load(given.stranger.certificate.public_bytes(Encoding.DER))
    container["content"]["certificates"].append(cms.CertificateChoices({"certificate": stranger}))
    return put_container(given.copy, container.dump(force=True))


@attack(
    CONTAINER,
    says="certified by one signer",
    levels=("B-T", "B-LT"),
    proof=_VALID,
)
def container_fewer_certificates(given: Given) -> bytes:
    """The issuer's certificate is taken out of the container; the publisher's still has it."""
    container = read_container(given.copy)
    own = given.signer.certificate.serial_number
    kept = [c for c in container["content"]["certificates"] if c.chosen.serial_number == own]
    container["content"]["certificates"] = cms.CertificateSet(kept)
    return put_container(given.copy, container.dump(force=True))


@attack(CONTAINER, says="its container. is not what issuing writes", levels=("B-T", "B-LT"))
def container_repeated_certificate(given: Given) -> bytes:
    """A certificate is in the container twice."""
    container = read_container(given.copy)
    certificates = container["content"]["certificates"]
    certificates.append(certificates[0])
    return put_container(given.copy, container.dump(force=True))


@attack(CONTAINER, says="its container. is not what issuing writes", levels=("B-T", "B-LT"))
def container_reordered_certificates(given: Given) -> bytes:
    """The certificates in the container are in another order."""
    container = read_container(given.copy)
    content = container.dump()
    one, other = (c.dump() for c in container["content"]["certificates"])
    assert one + other in content
    return put_container(given.copy, content.replace(one + other, other + one))


@attack(CONTAINER, says="what the field Recipient shows is not what issuing writes", levels=("B-LTA",))
def container_with_content(given: Given) -> bytes:
    """The container brings along the content that was signed, in place of the file's."""
    container = read_container(given.copy)
    container["content"]["encap_content_info"] = {"content_type": "data", "content": b"x"}
    return put_container(forge(given.copy), container.dump(force=True))


@attack(CONTAINER, says="what the field Recipient shows is not what issuing writes", levels=("B-T", "B-LTA"))
def container_two_signers(given: Given) -> bytes:
    """The container has the publisher's signer beside the delivery's."""
    container = read_container(given.copy)
    reader = PdfFileReader(BytesIO(given.copy))
    other = reader.embedded_signatures[0].signed_data["signer_infos"][0]
    container["content"]["signer_infos"].append(other.copy())
    return put_container(forge(given.copy), container.dump(force=True))


@attack(CONTAINER, says="the signature Delivery cannot be read")
def container_no_signer(given: Given) -> bytes:
    """The container has certificates, and no signer."""
    container = read_container(given.copy)
    container["content"]["signer_infos"] = cms.SignerInfos([])
    return put_container(forge(given.copy), container.dump(force=True))


@attack(CONTAINER, says="the signature Delivery cannot be read")
def container_no_attributes(given: Given) -> bytes:
    """The signed attributes are left out, so that the signature would be over the file alone."""
    container = read_container(given.copy)
    (signer,) = container["content"]["signer_infos"]
    signer["signed_attrs"] = None
    return put_container(forge(given.copy), container.dump(force=True))


@attack(CONTAINER, says="the timestamp of the signature Delivery does not hold", levels=("B-T", "B-LTA"))
def container_more_attributes(given: Given) -> bytes:
    """An attribute that nobody signed is put beside the signature."""
    container = read_container(given.copy)
    (signer,) = container["content"]["signer_infos"]
    values = [cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": "300101000000Z"})]})]
    signer["unsigned_attrs"] = cms.CMSAttributes([*(signer["unsigned_attrs"] or []), *values])
    return put_container(given.copy, container.dump(force=True))


@attack(CONTAINER, says="what the field Recipient shows is not what issuing writes", levels=("B-B",))
def container_other_digest(given: Given) -> bytes:
    """The message digest is made to fit the changed file; the signature over it is the old one."""
    import hashlib

    pdf, found = forge(given.copy), find_delivery(given.copy)
    end = given.end
    container = read_container(pdf)
    digest = hashlib.sha256(pdf[: found.start(2)] + pdf[found.end(2) : end]).digest()
    (signer,) = container["content"]["signer_infos"]
    old = next(a for a in signer["signed_attrs"] if a["type"].native == "message_digest")["values"][0].native
    return put_container(pdf, container.dump().replace(old, digest))


@attack(CONTAINER, says="its container. is not what issuing writes|timestamp of the signature Delivery")
def container_other_algorithm(given: Given) -> bytes:
    """The container names SHA-1, for which other contents with the same digest can be made."""
    found = find_delivery(given.copy)
    sha256, sha1 = bytes.fromhex("0609608648016503040201"), bytes.fromhex("06092b0e03021a00000000")
    return put_container(given.copy, bytes.fromhex(found[2][1:-1].decode()).rstrip(b"\0").replace(sha256, sha1))


@attack(CONTAINER, says="the signature Delivery .its container. is not what issuing writes", levels=("B-B",))
def container_padding(given: Given) -> bytes:
    """Something is written into the unused end of the container, where no signature looks."""
    found = find_delivery(given.copy)
    return put(given.copy, 2, found[2][:-21] + b"41" * 10 + b">")


@attack(CONTAINER, says="not in DER|cannot be accepted", levels=("B-B",))
def container_in_ber(given: Given) -> bytes:
    """The container is written with an indefinite length (BER), which says the same."""
    der = read_container(given.copy).dump()
    header = 4
    return put_container(given.copy, b"\x30\x80" + der[header:] + b"\0\0")


@attack(FOREIGN, says="leads to none of the certificates trusted here", levels=("B-B",))
def signed_by_a_stranger(given: Given) -> bytes:
    """Someone else certifies the recorded form, and issues a copy of it."""
    form = given.certify(given.form, given.stranger)
    return given.issue(form, identity=given.stranger)


@attack(FOREIGN, says="certified by one signer, and the copy was issued by another", levels=("B-B",))
def delivered_by_a_stranger(given: Given) -> bytes:
    """Someone else issues a copy of the form that the trusted signer certified."""
    from dataclasses import replace

    theirs = given.certify(given.form, given.stranger)
    mixed = replace(given.certified, signatory=theirs.signatory)
    return given.issue(mixed, "Evil Corp", identity=given.stranger)


@attack(FOREIGN, says="the signature Delivery was made for something else")
def signature_of_another_copy(given: Given) -> bytes:
    """The container of another copy by the same signer is put in the place of this one's."""
    return put_container(given.copy, read_container(given.other).dump())


@attack(FOREIGN, says="the signature Delivery was made for something else")
def fields_of_another_copy(given: Given) -> bytes:
    """The fields of another copy come before the signature of this one."""
    start = given.copy.index(b"> >>\nendobj", len(given.certified.pdf))
    other = given.other.index(b"> >>\nendobj", len(given.certified.pdf))
    return given.copy[:start] + given.other[other:]


@attack(FOREIGN, says="between certification and delivery.*: the field Delivery, the field Recipient")
def publisher_as_delivery(given: Given) -> bytes:
    """The field of the delivery holds the publisher's signature."""
    number = PdfFileReader(BytesIO(given.certified.pdf)).embedded_signatures[0].sig_field.raw_get("/V").idnum
    form = given.certified
    field = form.form.notes.fields["Delivery"]
    content = f"<< {field.entries} /V {number} 0 R >>".encode()
    return write_update(form.pdf, {field.number: content, 9: _value(given, "Recipient", "Evil Corp")})


def _value(given: Given, wanted: str, value: str) -> bytes:
    return f"<< {given.certified.form.notes.fields[wanted].entries} /V ({value}) >>".encode()
