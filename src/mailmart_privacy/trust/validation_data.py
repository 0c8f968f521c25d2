"""Validation data: what certificates are judged by, in the form that copies carry.

Anybody can add validation data to a B-LT copy: no signature of the copy covers them. So each piece has to be signed by
the issuer that it names, has to concern a signer of the file, and has only one form: the parts of an OCSP response or a
list that no signature covers are written again from their values.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from ..keys.certificates import X509_ERRORS, has_issued, load_certificate, read_key, remember, to_der
from .purposes import may_answer
from .revocation_data import (
    MAX_REMEMBERED,
    load_list,
    load_response,
    normalize_list,
    normalize_response,
    read_responders,
    signs_list,
    signs_response,
)

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationData:
    """What certificates are judged by, each in DER; sorted by content, each once.

    Attributes:
        certificates: the certificates; being here does not make them trusted.
        ocsps: OCSP responses (RFC 6960).
        crls: certificate revocation lists (RFC 5280).
    """

    certificates: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        for name in ("certificates", "ocsps", "crls"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))

    def __bool__(self) -> bool:
        return bool(self.certificates or self.ocsps or self.crls)

    def __add__(self, other: "ValidationData") -> "ValidationData":
        return ValidationData(
            certificates=self.certificates + other.certificates,
            ocsps=self.ocsps + other.ocsps,
            crls=self.crls + other.crls,
        )


def require_genuine(data: ValidationData, others: "Iterable[x509.Certificate]") -> None:
    """Refuse validation data that none of their certificates signed, or that concern nobody in the file.

    Args:
        data: the data.
        others: the certificates of the signers and of the authorities, as they are elsewhere in the file.

    Raises:
        ValueError: a certificate, an OCSP response or a list is not signed by any, belongs to none of them, or is not
            written as copies carry it.
    """
    related = {to_der(each): each for each in others}.values()
    size = sum(map(len, (*data.certificates, *data.ocsps, *data.crls)))
    (_require_genuine_once if size <= MAX_REMEMBERED else _require_genuine)(data, *related)


def _require_genuine(data: ValidationData, *others: x509.Certificate) -> None:
    try:
        certificates = [load_certificate(content) for content in data.certificates]
        for content in data.crls:
            load_list(content)
        for content in data.ocsps:
            load_response(content)
    except (ValueError, *X509_ERRORS):
        raise ValueError("its validation data cannot be read") from None
    pool = _find_related(certificates, list(others))
    for certificate in pool:
        if not any(has_issued(issuer, certificate) for issuer in pool):
            raise ValueError("a certificate among its validation data is not signed by any other")
    for content in data.crls:
        signer = next((c for c in pool if signs_list(c, content)), None)
        if signer is None:
            raise ValueError("a revocation list among its validation data does not hold")
        if not _is_spelt(normalize_list, content, signer):
            raise ValueError("a revocation list among its validation data is not written as copies carry it")
    for content in data.ocsps:
        _require_response(content, pool)


def _find_related(certificates: list[x509.Certificate], related: list[x509.Certificate]) -> list[x509.Certificate]:
    """Go from the certificates in the file's signatures to their issuers and OCSP responders."""
    waiting = [certificate for certificate in certificates if certificate not in related]
    while waiting:
        found = [
            c
            for c in waiting
            if any(has_issued(c, other) for other in related)
            or (may_answer(c) and any(has_issued(o, c) for o in related))
        ]
        if not found:
            raise ValueError("a certificate among its validation data has nothing to do with its signers")
        related += found
        waiting = [certificate for certificate in waiting if certificate not in found]
    return related


def _require_response(content: bytes, pool: list[x509.Certificate]) -> None:
    for certificate in read_responders(content):
        if certificate not in pool:
            raise ValueError("an OCSP response among its validation data has a certificate of its own")
    signer = next((c for c in pool if signs_response(c, content)), None)
    if signer is None:
        raise ValueError("an OCSP response among its validation data does not hold")
    if not _is_spelt(normalize_response, content, signer):
        raise ValueError("an OCSP response among its validation data is not written as copies carry it")


@remember(256, largest=MAX_REMEMBERED)
def _is_spelt(normalize: "Callable[[bytes, object], bytes]", content: bytes, signer: x509.Certificate) -> bool:
    try:
        return normalize(content, read_key(signer)) == content
    except ValueError:
        return False


_require_genuine_once = remember(64)(_require_genuine)
