"""DER: written values are read back, a general library reads them alike, and any other encoding is refused."""

import datetime

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from mailmart_privacy import _der as der


@given(st.integers(-(2**70), 2**70))
def test_integers(value: int) -> None:
    """An integer is written as asn1crypto writes it, and read again."""
    written = der.encode_integer(value)
    assert written == core.Integer(value).dump()
    assert der.Reader(written).integer() == value


@given(
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**40), max_size=8),
)
def test_object_identifiers(first: int, second: int, rest: list[int]) -> None:
    """An object identifier is written as asn1crypto writes it, and read again."""
    dotted = ".".join(map(str, (first, second, *rest)))
    written = der.encode_oid(dotted)
    assert written == core.ObjectIdentifier(dotted).dump()
    assert der.Reader(written).oid() == dotted


@given(st.binary(max_size=70_000))
def test_lengths(content: bytes) -> None:
    """Contents of any length are written as asn1crypto writes them, and read again."""
    written = der.encode(der.OCTET_STRING, content)
    assert written == core.OctetString(content).dump()
    reader = der.Reader(written)
    assert reader.read(der.OCTET_STRING) == content
    reader.end()


@given(st.binary(max_size=40))
def test_nothing_but_errors_of_its_own(content: bytes) -> None:
    """Any bytes are either read or refused with the module's error; a value that was read encodes to the same bytes."""
    for read in (
        der.Reader.take,
        der.Reader.integer,
        der.Reader.oid,
        der.Reader.boolean,
        der.Reader.moment,
        der.Reader.enter,
    ):
        reader = der.Reader(content)
        try:
            read(reader)
        except der.DerError:
            continue
    reader = der.Reader(content)
    try:
        taken = reader.take()
    except der.DerError:
        return
    assert content.startswith(taken)
    tag, body = taken[0], der.Reader(taken).read(taken[0])
    assert der.encode(tag, body) == taken  # canonical form


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "04",
        "0480",  # no definite length
        "040161" + "00",  # followed by more
        "04810161",  # a long form where the short one does
        "0482000161",
        "048200",
        "0402 61",
        "04856100000000",
        "1f0161",
    ],
)
def test_other_spellings_of_lengths_are_refused(spelling: str) -> None:
    """A length that is not the shortest, is indefinite or does not fit is refused, and so is what follows a value."""
    with pytest.raises(der.DerError):
        der.read_only(bytes.fromhex(spelling), der.OCTET_STRING)


@pytest.mark.parametrize("spelling", ["0200", "02020001", "0202ffff", "0202007f"])
def test_other_spellings_of_integers_are_refused(spelling: str) -> None:
    """An integer with a needless octet, or without any, is refused."""
    with pytest.raises(der.DerError):
        der.Reader(bytes.fromhex(spelling)).integer()


@pytest.mark.parametrize("spelling", ["0600", "060180", "06028001", "06022a80"])
def test_other_spellings_of_identifiers_are_refused(spelling: str) -> None:
    """An object identifier with a needless octet, or that is cut off, is refused."""
    with pytest.raises(der.DerError):
        der.Reader(bytes.fromhex(spelling)).oid()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261123123000Z", datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)),
        ("20261123123000.25Z", datetime.datetime(2026, 11, 23, 12, 30, 0, 250_000, tzinfo=datetime.UTC)),
        ("20261123123000.5000001Z", datetime.datetime(2026, 11, 23, 12, 30, 0, 500_000, tzinfo=datetime.UTC)),
    ],
)
def test_moments(text: str, moment: datetime.datetime) -> None:
    """A moment is read, with a fraction of a second or without."""
    assert der.Reader(der.encode(der.GENERALIZED_TIME, text.encode())).moment() == moment


@pytest.mark.parametrize(
    "text",
    [
        "20261123123000",
        "20261123123000+0000Z",
        "202611231230Z",
        "20261123123000.Z",
        "20261123123000.50Z",
        "20261323123000Z",
        "２0261123123000Z",
    ],
)
def test_other_spellings_of_moments_are_refused(text: str) -> None:
    """A moment in another form than DER's is refused."""
    with pytest.raises(der.DerError):
        der.Reader(der.encode(der.GENERALIZED_TIME, text.encode())).moment()


def test_sets_are_sorted() -> None:
    """A SET OF is written in the order of its values' bytes, as asn1crypto writes it."""
    values = [core.OctetString(bytes([n])) for n in (3, 1, 2)]
    written = der.encode_set([value.dump() for value in values])

    class Octets(core.SetOf):  # type: ignore[misc]
        _child_spec = core.OctetString

    assert written == Octets(values).dump(force=True)
