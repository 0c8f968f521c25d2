"""DSS poisoning: validation data that nobody trusted made, or that say something else than they seem to."""

import datetime
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic

from mailmart_privacy.trust.validation_data import ValidationData

from ..conftest import NOW
from .dss import extend_store, read_store
from .making import Given, Make, attack, name, stream, update_plainly
from .stamping import create_store

POISON = "DSS poisoning"
DAY = datetime.timedelta(days=1)
_LEVELS = ("B-LT", "B-LTA")
_KEY = ec.generate_private_key(ec.SECP256R1())


def _certificate(subject: x509.Name, issuer: x509.Name, key: Any = None) -> x509.Certificate:
    """Make a certificate, signed by the attacker."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key or _KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 9000 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(_KEY, hashes.SHA256())
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _issuer(given: Given) -> x509.Certificate:
    return given.signer.chain[0]


def poison_rubbish(given: Given) -> ValidationData:
    """Bytes that are not a certificate."""
    return ValidationData(certificates=(b"poison",))


def poison_stranger(given: Given) -> ValidationData:
    """A self-signed certificate that is unrelated to everybody in the file."""
    return ValidationData(certificates=(_der(given.stranger.certificate),))


def poison_namesake(given: Given) -> ValidationData:
    """A certificate that bears the name of the signer's issuer, and signed itself."""
    subject = _issuer(given).subject
    return ValidationData(certificates=(_der(_certificate(subject, subject)),))


def poison_crl(given: Given) -> ValidationData:
    """A revocation list in the name of the signer's issuer, which the attacker signed: nobody is revoked."""
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_issuer(given).subject)
        .last_update(NOW)
        .next_update(NOW + 9000 * DAY)
        .sign(_KEY, hashes.SHA256())
    )
    return ValidationData(crls=(listed.public_bytes(Encoding.DER),))


def poison_own_crl(given: Given) -> ValidationData:
    """A revocation list of an authority of the attacker's own, with its certificate, which are true of themselves."""
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of nobody")])
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(own)
        .last_update(NOW)
        .next_update(NOW + 9000 * DAY)
        .sign(_KEY, hashes.SHA256())
    )
    return ValidationData(certificates=(_der(_certificate(own, own)),), crls=(listed.public_bytes(Encoding.DER),))


def poison_ocsp(given: Given) -> ValidationData:
    """An answer that the signer's certificate is good, which the attacker signed as its issuer."""
    subject = _issuer(given).subject
    fake = _certificate(subject, subject)
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=given.signer.certificate,
            issuer=_issuer(given),
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=NOW,
            next_update=NOW + 9000 * DAY,
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, fake)
        .sign(_KEY, hashes.SHA256())
    )
    return ValidationData(ocsps=(answer.public_bytes(Encoding.DER),))


@attack(
    POISON,
    says="after the delivery was signed|validation data",
    levels=("B-LTA",),
)
def poison_behind_the_timestamp(given: Given) -> bytes:
    """A certificate that is unrelated to everybody in the file follows the last timestamp."""
    return extend_store(given.copy, poison_stranger(given))


def _enter(make_data: Any) -> None:
    def after(given: Given) -> bytes:
        held = read_store(given.copy)  # written as a copy writes it, in the place of the honest data alone
        assert held is not None
        return extend_store(given.copy[: given.end], held + make_data(given))

    def stamped(given: Given) -> bytes:
        return given.stamp(extend_store(given.copy, make_data(given)))

    for make, more, levels in ((after, "", ("B-LT",)), (stamped, "_stamped", ("B-LTA",))):
        make.__name__ = make_data.__name__ + more
        make.__doc__ = make_data.__doc__
        made: Make = make
        if not more or make_data not in (poison_stranger, poison_namesake, poison_ocsp):  # as the others, and slow
            attack(POISON, says="validation data|after the delivery was signed", levels=levels)(made)


for _make in (poison_rubbish, poison_stranger, poison_namesake, poison_crl, poison_own_crl, poison_ocsp):
    _enter(_make)


def _store(writer: Any) -> Any:
    return writer.root["/DSS"]


@attack(POISON, says="after the delivery was signed, the file was changed: its validation data", levels=_LEVELS)
def poison_entries(given: Given) -> bytes:
    """The store gets data for single signatures (VRI), which say that there is nothing to judge by."""

    def change(writer: Any) -> None:
        _store(writer)[name("/VRI")] = generic.DictionaryObject()
        writer.update_container(_store(writer))

    return update_plainly(given.copy, change)


@attack(POISON, says="after the delivery was signed, the file was changed: its validation data", levels=("B-LTA",))
def poison_entries_stamped(given: Given) -> bytes:
    """The same, under a trusted timestamp."""
    return given.stamp(poison_entries(given))


@attack(POISON, says="after the delivery was signed, the file was changed: its validation data", levels=_LEVELS)
def store_emptied(given: Given) -> bytes:
    """The validation data are taken out of the store."""

    def change(writer: Any) -> None:
        for key in ("/Certs", "/OCSPs", "/CRLs"):
            if key in _store(writer):
                _store(writer)[name(key)] = generic.ArrayObject()
        writer.update_container(_store(writer))

    return update_plainly(given.copy, change)


@attack(POISON, says="after the delivery was signed, the file was changed: its validation data", levels=("B-LTA",))
def store_emptied_stamped(given: Given) -> bytes:
    """The same, under a trusted timestamp: what would say that somebody was revoked is gone."""
    return given.stamp(store_emptied(given))


@attack(POISON, says="after the delivery was signed, the file was changed: the catalog", levels=_LEVELS)
def store_removed(given: Given) -> bytes:
    """The catalog no longer names the store."""

    def change(writer: Any) -> None:
        del writer.root["/DSS"]
        writer.update_root()

    return update_plainly(given.copy, change)


@attack(POISON, says="after the delivery was signed, the file was changed: its validation data", levels=_LEVELS)
def store_overwritten(given: Given) -> bytes:
    """An update defines the first certificate in the store again."""

    def change(writer: Any) -> None:
        reference = _store(writer)["/Certs"].raw_get(0).reference
        writer.objects[(reference.generation, reference.idnum)] = stream(_der(given.stranger.certificate))

    return update_plainly(given.copy, change)


@attack(POISON, says="after the delivery was signed, the file was changed", levels=("B-B", "B-T"))
def store_where_none_was(given: Given) -> bytes:
    """A copy without validation data is given some that complete nothing."""
    return create_store(given.copy, poison_own_crl(given))


@attack(POISON, says="has nothing to do with its signers", levels=("B-LT",))
def store_of_useless_data(given: Given) -> bytes:
    """The store is written again with nothing but the certificates."""
    held = read_store(given.copy)
    assert held is not None
    return extend_store(given.copy[: given.end], replace(held, ocsps=(), crls=()) + poison_stranger(given))
