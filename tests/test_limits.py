"""Hostile files: their cost is bounded, whatever they contain, and the verdict is one line."""

import contextlib
import datetime
import re
import resource
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

import mailmart_privacy as privacy
from mailmart_privacy import _limits as limits
from mailmart_privacy import errors
from mailmart_privacy.errors import ExitCode
from mailmart_privacy.pdf import scan
from mailmart_privacy.trust.anchors import make_trust
from mailmart_privacy.trust.path_validator import PathValidator
from mailmart_privacy.trust.purposes import NotTrustedError
from mailmart_privacy.trust.validation_data import ValidationData

from .conftest import NOW, PATIENCE
from .pki import Authority

MIB = 2**20
ROOM = 500 * MIB


def test_searching_by_pieces_finds_what_lies_across_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is found in one search of the whole file is found piece by piece, at the same place."""
    monkeypatch.setattr(scan, "_PIECE", 16)
    for before in range(40):
        for wanted in (b"/mailmart-privacy", b"/Encrypt 12 0 R", b"/ByteRange ["):
            content = b"%PDF-2.0\n" + b"x" * before + wanted + b"\nstartxref\n9\n%%EOF\n"
            assert scan.find_by_pieces(content, wanted) == content.find(wanted)
            assert scan.find_by_pieces(content, wanted, content.find(wanted) + 1) == -1
            found = scan.scan_file(content)
            assert [found.marked, found.encrypted, found.signed] == [
                wanted == each for each in (b"/mailmart-privacy", b"/Encrypt 12 0 R", b"/ByteRange [")
            ]


def write(reader: PdfFileReader, number: int) -> bytes:
    """Write an object of a file."""
    from pyhanko.pdf_utils.generic import Reference

    output = BytesIO()
    reader.get_object(Reference(number, 0, reader)).write_to_stream(output, None)
    return output.getvalue()


class Tail:
    """Makes updates of a copy by hand, since no library would write these."""

    def __init__(self, copy: bytes) -> None:
        self.copy = copy
        reader = PdfFileReader(BytesIO(copy))
        self.size = int(reader.trailer["/Size"])  # type: ignore[arg-type]
        self.root = reader.trailer.raw_get("/Root").idnum
        self.catalog = write(reader, self.root)
        self.startxref = int(re.findall(rb"startxref\n(\d+)", copy)[-1])

    def section(self, number: int, place: int, *, previous: int, entries: bytes, data: bytes) -> bytes:
        """Write a cross-reference stream and the end of an update."""
        return b"%d 0 obj\n<< /Type /XRef %s /Root %d 0 R /Prev %d /Length %d >>\nstream\n%s\nendstream\nendobj\n%s" % (
            number,
            entries,
            self.root,
            previous,
            len(data),
            data,
            b"startxref\n%d\n%%%%EOF\n" % place,
        )

    def update(self, objects: dict[int, bytes]) -> bytes:
        """Append objects, as a copy's updates are written."""
        number, body, offsets = max(self.size - 1, *objects) + 1, bytearray(), {}
        for key, content in objects.items():
            offsets[key] = len(self.copy) + len(body)
            body += b"%d 0 obj\n%s\nendobj\n" % (key, content)
        place = len(self.copy) + len(body)
        offsets[number] = place
        index = b" ".join(b"%d 1" % key for key in sorted(offsets))
        data = b"".join(b"\x01" + offsets[key].to_bytes(4, "big") + b"\0\0" for key in sorted(offsets))
        entries = b"/W [ 1 4 2 ] /Index [ %s ] /Size %d" % (index, number + 1)
        return (
            self.copy + bytes(body) + self.section(number, place, previous=self.startxref, entries=entries, data=data)
        )

    def bare(self, entries: bytes, data: bytes = b"", *, previous: int | None = None) -> bytes:
        """Append a cross-reference stream alone."""
        place = len(self.copy)
        return self.copy + self.section(
            self.size, place, previous=self.startxref if previous is None else previous, entries=entries, data=data
        )

    def catalog_with(self, entry: bytes) -> bytes:
        """Write the catalog with one more entry."""
        return self.catalog.rstrip()[:-2] + entry + b" >>"

    def catalog_with_fields(self, fields: bytes) -> bytes:
        """Write the catalog with more fields."""
        assert b"/Fields [" in self.catalog
        return self.catalog.replace(b"/Fields [", b"/Fields [ " + fields + b" ")

    def graph(self, kind: bytes, last: bytes) -> dict[int, bytes]:
        """Write objects of which each names the next one twice: 2⁴⁰ ways lead to the last one."""
        return {self.size + i: kind % (self.size + i + 1, self.size + i + 1) for i in range(40)} | {
            self.size + 40: last
        }


def fields_in_circles(tail: Tail) -> bytes:
    """Fields whose children are shared."""
    objects = tail.graph(b"<< /T (a) /Kids [ %d 0 R %d 0 R ] >>", b"<< /T (b) /FT /Sig >>")
    return tail.update(objects | {tail.root: tail.catalog_with_fields(b"%d 0 R" % tail.size)})


def pages_in_circles(tail: Tail) -> bytes:
    """A page tree whose branches are shared."""
    objects = tail.graph(b"<< /Type /Pages /Count 3 /Kids [ %d 0 R %d 0 R ] >>", b"<< /Type /Page >>")
    return tail.update(objects | {tail.root: re.sub(rb"/Pages \d+", b"/Pages %d" % tail.size, tail.catalog)})


def names_in_circles(tail: Tail) -> bytes:
    """A tree of attachments whose branches are shared."""
    objects = tail.graph(b"<< /Kids [ %d 0 R %d 0 R ] >>", b"<< /Names [ ] >>")
    return tail.update(objects | {tail.root: tail.catalog_with(b"/Names << /EmbeddedFiles %d 0 R >>" % tail.size)})


def structure_in_circles(tail: Tail) -> bytes:
    """A structure tree whose branches are shared."""
    objects = tail.graph(b"<< /K [ %d 0 R %d 0 R ] >>", b"<< >>")
    catalog = re.sub(rb"/StructTreeRoot \d+", b"/StructTreeRoot %d" % tail.size, tail.catalog)
    return tail.update(objects | {tail.root: catalog})


def packed_cross_references(tail: Tail) -> bytes:
    """Cross-references that unpack to 600 MiB."""
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(MIB)) for _ in range(600)) + packer.flush()
    return tail.bare(b"/W [ 1 8 2 ] /Filter /FlateDecode /Index [ 0 1 ] /Size %d" % tail.size, data)


def packed_stream(tail: Tail) -> bytes:
    """Validation data that unpack to 600 MiB."""
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(bytes(MIB)) for _ in range(600)) + packer.flush()
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(data), data)
    store = b"<< /Certs [ %d 0 R ] >>" % tail.size
    return tail.update(
        {
            tail.size: stream,
            tail.size + 1: store,
            tail.root: re.sub(rb"/DSS \d+", b"/DSS %d" % (tail.size + 1), tail.catalog),
        }
    )


def columns_of_nothing(tail: Tail) -> bytes:
    """Two thousand million entries in no bytes."""
    return tail.bare(b"/W [ 0 0 0 ] /Index [ 0 2000000000 ] /Size 2000000000")


def its_own_predecessor(tail: Tail) -> bytes:
    """Cross-references that name themselves as the ones before."""
    return tail.bare(b"/W [ 1 4 2 ] /Index [ 0 0 ] /Size %d" % tail.size, previous=len(tail.copy))


def thousands_of_updates(tail: Tail) -> bytes:
    """As many updates as there is room for."""
    out, previous = bytearray(tail.copy), tail.startxref
    entries = b"/W [ 1 4 2 ] /Index [ 0 0 ] /Size %d" % tail.size
    while len(out) < len(tail.copy) + MIB:
        place = len(out)
        out += tail.section(tail.size, place, previous=previous, entries=entries, data=b"")
        previous = place
    return bytes(out)


def nested_arrays(tail: Tail) -> bytes:
    """An array in an array, 400,000 deep."""
    return tail.update({tail.root: tail.catalog_with(b"/Deep " + b"[" * 400_000 + b"]" * 400_000)})


def thousands_of_signatures(tail: Tail) -> bytes:
    """As many signature fields as there is room for."""
    count, value = 3000, tail.size + 3000
    objects = {tail.size + i: b"<< /FT /Sig /T (s%d) /V %d 0 R >>" % (i, value) for i in range(count)}
    objects[value] = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Contents <3000> "
        b"/ByteRange [ 0 100 200 300 ] >>"
    )
    named = b" ".join(b"%d 0 R" % (tail.size + i) for i in range(count))
    return tail.update(objects | {tail.root: tail.catalog_with_fields(named)})


def thousands_of_objects(tail: Tail) -> bytes:
    """As many objects as there is room for, each naming the next."""
    objects = {tail.size + i: b"<< /Next %d 0 R >>" % (tail.size + i + 1) for i in range(30_000)}
    return tail.update(objects | {tail.root: tail.catalog_with(b"/Chain %d 0 R" % tail.size)})


def a_million_dictionaries(tail: Tail) -> bytes:
    """An object that takes a hundred times its room in memory."""
    return tail.update({tail.root: tail.catalog_with(b"/Many [ " + b"<<>>" * 1_000_000 + b" ]")})


def many_dictionaries(tail: Tail) -> bytes:
    """The same, as large as it may be."""
    return tail.update({tail.root: tail.catalog_with(b"/Many [ " + b"<<>>" * 240_000 + b" ]")})


def an_object_within_another(tail: Tail) -> bytes:
    """A large object that looks small, because another one claims to be in the middle of it."""
    inner = b"%d 0 obj\n<< >>\nendobj\n" % (tail.size + 1)
    outer = b"[ %s %s ]" % (inner, b"<<>>" * 500_000)
    place = len(tail.copy) + len(b"%d 0 obj\n[ " % tail.size)
    body = b"%d 0 obj\n%s\nendobj\n" % (tail.size, outer)
    end = len(tail.copy) + len(body)
    data = b"".join(b"\x01" + offset.to_bytes(4, "big") + b"\0\0" for offset in (len(tail.copy), place, end))
    entries = b"/W [ 1 4 2 ] /Index [ %d 3 ] /Size %d" % (tail.size, tail.size + 3)
    return tail.copy + body + tail.section(tail.size + 2, end, previous=tail.startxref, entries=entries, data=data)


HOSTILE = [
    fields_in_circles,
    pages_in_circles,
    names_in_circles,
    structure_in_circles,
    packed_cross_references,
    packed_stream,
    columns_of_nothing,
    its_own_predecessor,
    thousands_of_updates,
    nested_arrays,
    thousands_of_signatures,
    thousands_of_objects,
    a_million_dictionaries,
    many_dictionaries,
    an_object_within_another,
]


@pytest.fixture(scope="module")
def archived(authority: Authority) -> bytes:
    """A copy of level B-LTA."""
    return privacy.issue(
        privacy.current(),
        recipient="Acme",
        reference="C-1",
        issued_at=NOW,
        identity=authority.identity(),
        level="B-LTA",
        tsa=authority.client(),
        trust=authority.trust,
    )


# Of this program alone: what getrusage says begins with the memory of the process that started it.
MEASURE = """
import re, runpy, sys
sys.argv = ["mailmart-privacy", "verify", *sys.argv[1:]]
try:
    runpy.run_module("mailmart_privacy", run_name="__main__")
finally:
    with open("/proc/self/status") as status:
        print(re.search(r"VmHWM:\\s+([0-9]+) kB", status.read())[1], file=sys.stderr)
"""


def verify_apart(path: Path, roots: Path, environment: dict[str, str]) -> tuple[int, str, int]:
    """Verify in a process of its own: the exit code, the line, and the most memory that it took, in bytes."""
    command = [sys.executable, "-c", MEASURE, str(path), "--trust", str(roots)]
    result = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False, env=environment)
    *lines, peak = result.stderr.decode().splitlines()
    assert len(lines) == 1, lines
    return result.returncode, lines[0], int(peak) * 1024


@pytest.mark.slow
@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_file_costs_little(
    make: Callable[[Tail], bytes],
    archived: bytes,
    authority: Authority,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    """A file that is built to take all time or memory is found altered by its structure, within the limits."""
    path, roots = tmp_path / "hostile.pdf", tmp_path / "roots.pem"
    path.write_bytes(make(Tail(archived)))
    roots.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in authority.roots))
    code, line, peak = verify_apart(path, roots, environment)
    assert (code, peak < ROOM) == (ExitCode.ALTERED, True), (line, peak)
    assert "given up" not in line, line


def test_a_foreign_file_is_not_followed(archived: bytes) -> None:
    """The same content in a stranger's file, which may be hostile throughout, is not even read."""
    for make in (fields_in_circles, columns_of_nothing, nested_arrays):
        foreign = b"%PDF-1.7\n" + make(Tail(archived))[len(archived) :]
        with pytest.raises(errors.UnsignedError):
            privacy.verify(foreign, trust=[], at=NOW)


def test_time_and_memory_have_an_end() -> None:
    """Any other work that takes too much time or memory is stopped, and the limits are removed afterwards."""
    with pytest.raises(errors.UnreadableFileError, match="was stopped after"):
        swallow_errors_for_ever()
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(errors.UnreadableFileError, match="MiB of memory"):
        take_memory(1000)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(bytearray(600 * MIB)) == 600 * MIB


def test_another_thread_does_not_bound_the_whole_process() -> None:
    """The bounds are those of the process: a thread that begins while they hold could die of them."""
    before = resource.getrlimit(resource.RLIMIT_DATA)

    def read() -> tuple[int, int]:
        with limits.limited(mebibytes=1):
            return resource.getrlimit(resource.RLIMIT_DATA)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(read).result() == before


@limits.limited(seconds=0.05)
def swallow_errors_for_ever() -> None:
    while True:
        with contextlib.suppress(Exception):
            sum(range(1000))


@limits.limited()
def take_memory(mebibytes: int) -> None:
    bytearray(mebibytes * MIB)


def make_certificate(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (subject, issuer)]
    return (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


@pytest.mark.parametrize("names", [1, 9])
def test_certificates_that_issued_each_other_are_no_maze(names: int) -> None:
    """Among certificates with more paths than anybody can follow, the search ends at once without a path."""
    key = ec.generate_private_key(ec.SECP256R1())
    if names == 1:
        maze = [make_certificate("0", "0", key) for _ in range(60)]
    else:
        maze = [make_certificate(str(i), str(j), key) for i in range(names) for j in range(names) if i != j]
    data = ValidationData(certificates=tuple(c.public_bytes(Encoding.DER) for c in maze))
    root = make_certificate("root", "root", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(NotTrustedError, match="leads to none"):
        PathValidator(trust=make_trust([root]), data=data).find_path(maze[0], at=NOW, proven=False)


def test_a_foreign_file_full_of_our_marks_is_told_apart_at_once() -> None:
    """Half a million places at which a copy's certification might begin: only the first few are read."""
    foreign = b"%PDF-2.0\n" + b"/Name /mailmart-privacy /R 1 >> " * 400_000
    start = time.process_time()
    with pytest.raises(errors.AlteredError):
        privacy.verify(foreign, trust=[], at=NOW)
    assert time.process_time() - start < 5
