"""The paths from a certificate to a trust root (RFC 4158), few and short whatever the certificates are.

Certificates in a file come from strangers. A few hundred that issued each other form more paths than anybody can
follow; so each holder is visited once, and the search ends after a number of paths.
"""

from collections import deque
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from ..keys.certificates import has_issued, issuer_der, key_der, subject_der

try:
    from cryptography import x509
except ImportError:
    raise MissingExtraError("pdf", "cryptography") from None

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_PATHS = 16
MAX_LENGTH = 8  # certificates on a way
_MAX_STEPS = 2_000  # signatures that are verified


def find_paths(
    certificate: x509.Certificate, pool: "Iterable[x509.Certificate]", roots: "Sequence[x509.Certificate]"
) -> "Iterator[tuple[x509.Certificate, ...]]":
    """Find the paths from a certificate to a trust root, the shortest first.

    Only names and signatures are compared, not dates or extensions. No holder (the same name and key) appears twice on
    one path (RFC 4158, 5.2).

    Args:
        certificate: whose.
        pool: certificates that may be on the path.
        roots: the certificates where a path may end.

    Returns:
        The paths, at most `MAX_PATHS`, each beginning with the certificate and ending with a root.
    """
    if certificate in roots:
        yield (certificate,)
    others = [other for other in dict.fromkeys(pool) if other not in roots]
    waiting: deque[tuple[x509.Certificate, ...]] = deque([(certificate,)])
    found = steps = 0
    while waiting:
        path = waiting.popleft()
        passed = set(map(_holder, path))
        for issuer in (*roots, *others):
            if subject_der(issuer) != issuer_der(path[-1]) or _holder(issuer) in passed:
                continue
            steps += 1
            if steps > _MAX_STEPS:
                return
            if not has_issued(issuer, path[-1]):
                continue
            if issuer in roots:
                yield (*path, issuer)
                found += 1
                if found == MAX_PATHS:
                    return
            elif len(path) < MAX_LENGTH - 1:
                waiting.append((*path, issuer))


def _holder(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    return subject_der(certificate), key_der(certificate)
