"""Proofs that certificates were not revoked, fetched from where the certificates say (OCSP, RFC 6960; CRL, RFC 5280).

The proofs are embedded in a copy, and are all that a verifier will have. So they are judged at once by the verifier's
own rules, and an insufficient proof is an error.
"""

import datetime
from typing import TYPE_CHECKING

from ..errors import LevelError, MissingExtraError, one_line
from ..keys.certificates import find_extension, has_issued, is_self_signed, read_key, subject_name, to_der
from .anchors import as_trust, make_trust
from .fetching import Deadline, fetch
from .path_validator import PathValidator, describe_certificate
from .purposes import NotTrustedError, may_answer
from .revocation_data import load_response, normalize_list, normalize_response, signs_list, signs_response
from .validation_data import ValidationData

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp
    from cryptography.x509.oid import AuthorityInformationAccessOID
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..keys.identity import Identity
    from .anchors import Trusted
    from .timestamp_token import Token

_DEPTH = 10
_IN_ALL = 60.0  # seconds


def gather(
    certificate: x509.Certificate,
    others: "Iterable[x509.Certificate]",
    *,
    roots: "Sequence[x509.Certificate]",
    at: datetime.datetime,
    purpose: str,
    level: str,
    timeout: float,
    deadline: Deadline | None = None,
) -> ValidationData:
    """Gather everything that a certificate is judged by: the certificates between it and its root, and a proof for
    each.

    It continues to the root even if a certificate below it is trusted here: others may trust only the root.

    Args:
        certificate: whose.
        others: certificates that may be on the way.
        roots: the certificates to trust.
        at: now (aware).
        purpose: "sign" or "stamp".
        level: what it is for, as the messages name it.
        timeout: seconds until one whole answer has to be there.
        deadline: until when all of them have to be there; 60 seconds if it is None.

    Returns:
        The data; with it, the certificate is found valid without asking anybody.

    Raises:
        LevelError: an answer is missing; the message says for which certificate, and what was said.
    """
    path, pool, deadline = [certificate], [*others, *roots], deadline or Deadline(_IN_ALL)
    data = ValidationData()
    while not is_self_signed(path[-1]):
        issuer = next((c for c in pool if c != path[-1] and has_issued(c, path[-1])), None)
        if issuer is None and path[-1] in roots:
            break
        if issuer is None or len(path) == _DEPTH:
            raise LevelError(
                f"level {level} cannot be reached: {describe_certificate(path[-1])} leads to no certificate that is "
                f"trusted here; get the certificate of its root ({path[-1].issuer.rfc4514_string()})",
                argument="trust" if purpose == "sign" else "trust_timestamps",
            )
        data += _prove(path[-1], issuer, level=level, timeout=timeout, deadline=deadline)
        path.append(issuer)
    if not any(c in roots for c in path):
        raise LevelError(
            f"level {level} cannot be reached: {describe_certificate(certificate)} leads to no certificate that is "
            f"trusted here; get the certificate of its root ({path[-1].subject.rfc4514_string()})",
            argument="trust" if purpose == "sign" else "trust_timestamps",
        )
    data += ValidationData(certificates=tuple(map(to_der, path)))
    try:
        PathValidator(trust=make_trust(path[-1:], path[-1:]), data=data).find_path(
            certificate, at=at, purpose=purpose, proven=True
        )
    except NotTrustedError as error:
        raise LevelError(
            f"level {level} cannot be reached: {describe_certificate(certificate)} {one_line(error)}"
        ) from None
    return data


class Evidence:
    """What certificates are to be judged by, gathered once for each of them: many copies share it.

    Attributes:
        at: when it is gathered (aware); it is to be used for a minute or so, no longer.
    """

    def __init__(self, trust: "Trusted", *, at: datetime.datetime, level: str, timeout: float):
        self.at = at
        self._trust, self._level, self._timeout = as_trust(trust), level, timeout
        self._found: dict[tuple[bytes, ...], ValidationData] = {}  # by certificates

    def for_signer(self, identity: "Identity") -> ValidationData:
        """Gather what an identity's certificate is to be judged by; see `gather_for_signer`."""
        key = (to_der(identity.certificate), *map(to_der, identity.chain))
        if key not in self._found:
            self._found[key] = gather_for_signer(
                identity, trust=self._trust, at=self.at, level=self._level, timeout=self._timeout
            )
        return self._found[key]

    def for_token(self, token: "Token") -> ValidationData:
        """Gather what a timestamp authority's certificate is to be judged by; see `gather_for_token`."""
        key = tuple(map(to_der, token.certificates))
        if key not in self._found:
            self._found[key] = gather_for_token(
                token, trust=self._trust, at=self.at, level=self._level, timeout=self._timeout
            )
        return self._found[key]


def gather_for_signer(
    identity: "Identity", *, trust: "Trusted", at: datetime.datetime, level: str, timeout: float
) -> ValidationData:
    """Gather what an identity's certificate is to be judged by; a self-signed one is its own root, and needs nothing.

    Raises:
        LevelError: an answer is missing.
    """
    own = [c for c in (identity.certificate, *identity.chain) if is_self_signed(c)]
    return gather(
        identity.certificate,
        identity.chain,
        roots=[*(anchor.certificate for anchor in as_trust(trust).signers), *own],
        at=at,
        purpose="sign",
        level=level,
        timeout=timeout,
    )


def gather_for_token(
    token: "Token", *, trust: "Trusted", at: datetime.datetime, level: str, timeout: float
) -> ValidationData:
    """Gather what a timestamp authority's certificate is to be judged by.

    Raises:
        LevelError: an answer is missing.
    """
    own, *others = token.certificates
    trusted = [anchor.certificate for anchor in as_trust(trust).authorities]
    return gather(own, others, roots=trusted, at=at, purpose="stamp", level=level, timeout=timeout)


def _prove(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    *,
    level: str,
    timeout: float,
    deadline: Deadline,
    delegated: bool = True,
) -> ValidationData:
    """Gather one proof for one certificate: an OCSP response, else a list."""
    answers: list[str] = []
    for url in _ocsp_urls(certificate) if delegated else ():
        try:
            content, responder = _ask_ocsp(url, certificate, issuer, timeout, deadline, level)
        except (OSError, ValueError) as error:
            answers.append(f"OCSP at {url}: {error}")
            continue
        proof = ValidationData(ocsps=(content,))
        if responder != issuer:
            proof += ValidationData(certificates=(to_der(responder),))
            if find_extension(responder, x509.OCSPNoCheck) is None:
                proof += _prove(responder, issuer, level=level, timeout=timeout, deadline=deadline, delegated=False)
        return proof
    for url in _crl_urls(certificate):
        try:
            return ValidationData(crls=(_fetch_crl(url, issuer, timeout, deadline),))
        except (OSError, ValueError) as error:
            answers.append(f"CRL at {url}: {error}")
    said = "; ".join(answers) or "it names no place to ask"
    raise LevelError(
        f"level {level} cannot be reached: there is no OCSP answer and no CRL for {describe_certificate(certificate)} "
        f"({said})"
    )


def _ask_ocsp(
    url: str, certificate: x509.Certificate, issuer: x509.Certificate, timeout: float, deadline: Deadline, level: str
) -> tuple[bytes, x509.Certificate]:
    """Ask for a certificate; return the answer as copies carry it, and who signed it."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303 - RFC 6960
    headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
    content = fetch(url, request.public_bytes(Encoding.DER), headers, timeout, deadline)
    response = load_response(content)
    if response.serial_number != certificate.serial_number:
        raise ValueError("it answered for another certificate")
    if response.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        raise LevelError(
            f"level {level} cannot be reached: {describe_certificate(certificate)} was revoked, says {url}"
        )
    if response.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise ValueError(f"the certificate is {response.certificate_status.name.lower()}")
    others = [c for c in response.certificates if may_answer(c) and has_issued(issuer, c)]
    responder = next((c for c in (issuer, *others) if signs_response(c, content)), None)
    if responder is None:
        raise ValueError(f"it is signed neither by {subject_name(issuer)!r} nor by a responder of its")
    return normalize_response(content, read_key(responder)), responder


def _fetch_crl(url: str, issuer: x509.Certificate, timeout: float, deadline: Deadline) -> bytes:
    content = fetch(url, None, {}, timeout, deadline)
    if content.startswith(b"-----"):
        content = x509.load_pem_x509_crl(content).public_bytes(Encoding.DER)
    try:
        listed = normalize_list(content, read_key(issuer))
    except ValueError as error:
        raise ValueError(f"it is not a list that {subject_name(issuer)!r} signed ({one_line(error)})") from None
    if not signs_list(issuer, listed):
        raise ValueError(f"it is not signed by {subject_name(issuer)!r}")
    return listed


def _ocsp_urls(certificate: x509.Certificate) -> list[str]:
    listed = find_extension(certificate, x509.AuthorityInformationAccess) or ()
    wanted = AuthorityInformationAccessOID.OCSP
    return [d.access_location.value for d in listed if d.access_method == wanted]


def _crl_urls(certificate: x509.Certificate) -> list[str]:
    points = find_extension(certificate, x509.CRLDistributionPoints) or ()
    names = [name for point in points for name in point.full_name or ()]
    return [str(name.value) for name in names if isinstance(name, x509.UniformResourceIdentifier)]
