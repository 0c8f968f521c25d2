"""Who signs the desk's copies, at which level, and whom the desk trusts; opened once, when it starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..._clock import now
from ..._user_dirs import identity_path
from ...copies.form_cache import FormCache
from ...copies.issuer import Issuer
from ...copies.pades import LEVELS, Level
from ...errors import UsageError
from ...keys.certificates import is_self_signed, load_certificates
from ...keys.local_identity import open_or_create
from ...keys.opening import open_identity
from ...trust.anchors import Trust, choose_trust
from ...trust.authorities import Authorities
from ...trust.timestamp_client import TimestampClient
from ...trust.trust_list import shipped_trust_list
from ..settings import DeskSettings

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ...keys.identity import Identity
    from ...typesetting.fonts import Typeface


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """Who signs, and how.

    Attributes:
        identity: the key and its certificates.
        issuer: issues copies with it.
        authorities: whom to ask for timestamps.
        trust: whom checks of files trust: those who were given, those who are published, and this identity.
    """

    identity: "Identity"
    issuer: Issuer
    authorities: Authorities
    trust: Trust


def open_signing(settings: DeskSettings) -> Signing:
    """Open the key.

    Raises:
        IdentityError: it cannot be used.
        UsageError: a setting does not fit.
        OSError: a file cannot be read.
    """
    identity = _open_identity(settings)
    if settings.for_team and is_self_signed(identity.certificate) and not settings.allow_self_signed:
        raise UsageError(
            "the certificate that signs is self-signed, so nobody outside can tell whose it is; get one from an "
            "authority, or allow this with --allow-self-signed"
        )
    trust = choose_trust(
        signers=_read_certificates(settings.trusted),
        authorities=_read_certificates(settings.trusted_timestamps),
        own=(identity.certificate,),
        published=shipped_trust_list().trust(),
    )
    authorities = Authorities(timestamps=TimestampClient(urls=settings.authorities), trust=trust)
    if settings.level not in LEVELS:
        raise UsageError(f"{settings.level} is not a level; those are {', '.join(LEVELS)}")
    level: Level = settings.level
    issuer = Issuer(
        identity,
        level=level,
        authorities=authorities,
        fonts=_find_fonts(settings.fonts),
        cache=FormCache(Path(settings.folder, "certified")),
        clock=now,
    )
    return Signing(identity=identity, issuer=issuer, authorities=authorities, trust=trust)


def _open_identity(settings: DeskSettings) -> "Identity":
    if not settings.identity:
        return open_or_create(identity_path(), now().replace(microsecond=0))[0]
    passphrase, certificate = settings.passphrase_file, settings.certificate
    return open_identity(
        settings.identity,
        passphrase=Path(passphrase).read_bytes().partition(b"\n")[0].rstrip(b"\r") if passphrase else None,
        certificate=Path(certificate).read_bytes() if certificate else None,
    )


def _read_certificates(names: tuple[str, ...]) -> "tuple[Certificate, ...]":
    return tuple(each for name in names for each in load_certificates(Path(name).read_bytes(), origin=name))


def _find_fonts(names: tuple[str, ...]) -> "tuple[Typeface, ...]":
    if not names:
        return ()
    from ...typesetting.fonts import find_typeface

    return tuple(map(find_typeface, names))
