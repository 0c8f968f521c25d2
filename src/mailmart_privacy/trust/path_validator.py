"""Which certificate could be trusted at which moment, from given data alone (RFC 5280, 6).

The rules, for the first path that fulfils them, the shortest first:

1. It ends with a certificate that is trusted for this purpose; signers' are never an authority's, nor the other way.
2. Each certificate but a trusted one above others is valid at the time that counts, has no critical extension that is
   unknown here, was not signed over MD5 or SHA-1, and was issued by an authority that may issue it.
3. The first one allows the purpose, and its key is strong.
4. None was revoked by that time; where proof is asked for, each but the trusted one is shown not to have been.
5. No key on it is known to be compromised since a time before; nor at all, where only the signer says when.
6. The trusted certificate was in use then, where the trust list says from when until when it was.
"""

import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from ..errors import MissingExtraError
from ..keys.certificates import X509_ERRORS, load_certificate, remember, subject_name, to_der
from .anchors import Trust, TrustAnchor
from .path_building import find_paths
from .purposes import NotTrustedError, require_authority, require_dates, require_purpose, require_understood

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .revocation_status import RevocationStatus, Statement
    from .validation_data import ValidationData

_Candidate: TypeAlias = (
    "tuple[tuple[x509.Certificate, ...], TrustAnchor, str | None]"  # a path, its end, what forbids it
)
_SMALL = 16  # certificates among which paths are remembered; those of a copy are fewer


class PathValidator:
    """Judges certificates by the trusted ones and by validation data.

    The certificates of one copy are judged at several moments. What is the same at each of them (the paths, what each
    certificate allows, what lists and responses say) is found once.

    Args:
        trust: whom to trust for what.
        data: the validation data; None for a copy that has no such data.
        validated_at: the moment of validation (aware); later data do not count. None means no limit.
    """

    def __init__(
        self, *, trust: Trust, data: "ValidationData | None" = None, validated_at: datetime.datetime | None = None
    ) -> None:
        self.trust, self.data, self.validated_at = trust, data, validated_at
        # By certificates in DER: to compare those that cryptography holds takes longer.
        self._candidates: dict[tuple[object, ...], tuple[_Candidate, ...]] = {}
        self._statements: dict[tuple[bytes, bytes], tuple[Statement, ...]] = {}

    def find_path(
        self,
        certificate: x509.Certificate,
        others: "Iterable[x509.Certificate]" = (),
        *,
        at: datetime.datetime,
        purpose: str = "sign",
        proven: bool,
        claimed_at: datetime.datetime | None = None,
        used_at: datetime.datetime | None = None,
    ) -> tuple[x509.Certificate, ...]:
        """Find the path from a certificate to one that is trusted.

        Args:
            certificate: whose.
            others: certificates that may be on the path.
            at: the time that counts (aware): when the signature was proven to be there, else the moment of validation.
            purpose: "sign" or "stamp".
            proven: whether each certificate but the trusted one must be shown not to be revoked; one that is itself
                trusted needs no proof (RFC 5280, 6.1). If not, existing data still count.
            claimed_at: when the signer says that it signed (aware), if nothing else shows it; else None.
            used_at: when it was proven to be used (aware), where that is earlier than the time that counts; else None.

        Returns:
            The certificates on the path, beginning with the one given, ending with the trusted one.

        Raises:
            NotTrustedError: there is no such path; the message completes "the certificate …".
        """
        if not self.trust.anchors(purpose):
            raise NotTrustedError("cannot be trusted: no certificate to trust was given")
        refusal = NotTrustedError("leads to none of the certificates trusted here")
        for path, anchor, fault in self._find_candidates(certificate, tuple(others), purpose):
            try:
                if fault:
                    raise NotTrustedError(fault)
                self._require_valid(path, anchor, at, proven, claimed_at, used_at)
            except NotTrustedError as error:
                refusal = error
            except (ValueError, *X509_ERRORS):
                refusal = NotTrustedError("cannot be read in full, or one above it cannot")
            else:
                return path
        raise refusal

    def _find_candidates(
        self, certificate: x509.Certificate, others: tuple[x509.Certificate, ...], purpose: str
    ) -> tuple[_Candidate, ...]:
        """Find the paths to trusted certificates, and for each what forbids it at any moment (rules 2 and 3)."""
        key = (purpose, to_der(certificate), *map(to_der, others))
        found = self._candidates.get(key)
        if found is None:
            pool = (*others, *map(load_certificate, self.data.certificates if self.data else ()))
            anchors: dict[bytes, TrustAnchor] = {}
            for anchor in self.trust.anchors(purpose):
                anchors.setdefault(to_der(anchor.certificate), anchor)
            roots = [anchor.certificate for anchor in anchors.values()]
            judge = _judge_paths_once if len(pool) + len(roots) <= _SMALL else _judge_paths
            found = self._candidates[key] = tuple(
                (path, anchors[to_der(path[-1])], fault)
                for path, fault in judge(purpose, len(roots), certificate, *roots, *pool)
            )
        return found

    def _find_status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime.datetime
    ) -> "RevocationStatus | None":
        """Find what the validation data show; None for a copy that has no such data."""
        if self.data is None:
            return None
        from .revocation_status import judge_statements, read_statements  # copies below B-LT have no use for them

        key = (to_der(certificate), to_der(issuer))
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = read_statements(certificate, issuer, self.data, self.validated_at)
        return judge_statements(found, certificate, at)

    def _require_valid(
        self,
        path: tuple[x509.Certificate, ...],
        anchor: TrustAnchor,
        at: datetime.datetime,
        proven: bool,
        claimed_at: datetime.datetime | None,
        used_at: datetime.datetime | None,
    ) -> None:
        """Require what depends on the moment (rules 2, 4, 5 and 6)."""
        self._require_uncompromised(path, used_at or at, claimed_at)
        at = _require_in_use(anchor, at, used_at or claimed_at or at)
        require_dates(path[0], at)
        for certificate, issuer in pairwise(path):
            if certificate is not path[0]:
                _require_dates_above(certificate, at)
            status = self._find_status(certificate, issuer, at)
            if status is not None and status.revoked_at is not None:
                raise NotTrustedError(
                    f"was revoked on {status.revoked_at:%Y-%m-%d} ({describe_certificate(certificate)} is)"
                )
            if proven and (status is None or not status.is_proven):
                raise NotTrustedError(
                    f"may have been revoked: nothing shows that {describe_certificate(certificate)} was not"
                )

    def _require_uncompromised(
        self, path: tuple[x509.Certificate, ...], at: datetime.datetime, claimed_at: datetime.datetime | None
    ) -> None:
        for certificate in path:
            since = self.trust.compromised_since(certificate)
            if since is not None and (claimed_at is not None or at >= since):
                when = "nothing shows that it was used before" if claimed_at is not None else "it was used later"
                raise NotTrustedError(
                    f"cannot be trusted: others may have had the key of {subject_name(certificate)!r} since "
                    f"{since:%Y-%m-%d}, and {when}"
                )


def _judge_paths(
    purpose: str, roots: int, certificate: x509.Certificate, *others: x509.Certificate
) -> "tuple[tuple[tuple[x509.Certificate, ...], str | None], ...]":
    """Find the paths from a certificate to one of the roots, and what forbids each; no moment matters for either.

    Args:
        purpose: "sign" or "stamp".
        roots: how many of the others are roots; they come first.
        certificate: whose.
        others: the roots, then certificates that may be on the path.
    """
    found = find_paths(certificate, others[roots:], others[:roots])
    return tuple((path, _find_fault(path, purpose)) for path in found)


_judge_paths_once = remember(64)(_judge_paths)


def _find_fault(path: tuple[x509.Certificate, ...], purpose: str) -> str | None:
    """Tell what forbids a path at any moment; None if nothing does."""
    try:
        require_purpose(path[0], purpose)
        for below, (certificate, issuer) in enumerate(pairwise(path)):
            require_understood(certificate)
            require_authority(issuer, below=below, purpose=purpose)
    except NotTrustedError as error:
        return str(error)
    except (ValueError, *X509_ERRORS):
        return "cannot be read in full, or one above it cannot"
    return None


def describe_certificate(certificate: x509.Certificate) -> str:
    """Name a certificate for a message."""
    return f"the certificate of {subject_name(certificate)!r}"


def _require_in_use(anchor: TrustAnchor, at: datetime.datetime, used: datetime.datetime) -> datetime.datetime:
    """Require that a trusted certificate was in use; return the time at which those below it are judged.

    A retired certificate whose key nobody else had stays valid for earlier signatures: the signer's own time is
    believed, and everything is judged as of the day of its retirement.
    """
    if anchor.since is not None and used < anchor.since:
        raise NotTrustedError(f"was not in use before {anchor.since:%Y-%m-%d}")
    if anchor.until is None:
        return at
    if used > anchor.until:
        raise NotTrustedError(f"was retired on {anchor.until:%Y-%m-%d}, and used later")
    return min(at, anchor.until)


def _require_dates_above(certificate: x509.Certificate, at: datetime.datetime) -> None:
    try:
        require_dates(certificate, at)
    except NotTrustedError as error:
        raise NotTrustedError(f"leads over {describe_certificate(certificate)}, which {error}") from None
