"""What the command line keeps for its user: settings, the local identity, certified forms."""

import contextlib
import datetime
import os
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._files import make_folder, write_whole
from ..errors import DestinationExistsError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..copies.certified import CertifiedForm
    from ..keys.identity import Identity
    from ..trust.timestamp_client import TimestampClient

APPLICATION = "mailmart-privacy"
STATE_VARIABLE = "MAILMART_PRIVACY_STATE_DIR"
_PATIENCE = 300  # seconds; an authority that does not answer is asked several times


def config_path() -> Path:
    """Find the user's settings file, which need not exist."""
    return Path(click.get_app_dir(APPLICATION)) / "config.toml"


def state_path() -> Path:
    """Find the user's state folder, which need not exist."""
    if given := os.environ.get(STATE_VARIABLE):
        return Path(given)
    from platformdirs import user_state_path

    return user_state_path(APPLICATION, appauthor=False)


def identity_path() -> Path:
    """Find the file of the user's own identity, which need not exist."""
    return state_path() / "identity.pem"


def keep_identity(identity: "Identity", *, force: bool = False) -> Path:
    """Keep an identity as the user's own, readable by the user alone.

    Raises:
        DestinationExistsError: there is one already, and `force` is not set.
    """
    from ..keys.key_files import dump_identity

    path = identity_path()
    make_folder(path.parent, mode=0o700)
    write_whole(path, dump_identity(identity), force=force, mode=0o600)
    return path


def local_identity(now: datetime.datetime) -> tuple["Identity", bool]:
    """Load the user's own identity, or make one.

    Returns:
        The identity, and whether it was made just now.
    """
    from ..keys.key_files import create_identity, load_identity

    path = identity_path()
    created = False
    if not path.exists():
        try:
            keep_identity(create_identity(created_at=now))
            created = True
        except DestinationExistsError:  # another process was first; its identity is the one
            pass
    return load_identity(path.read_bytes(), origin=str(path)), created


def certified_form(
    form: bytes,
    identity: "Identity",
    now: datetime.datetime,
    *,
    level: str = "B-B",
    timestamps: "TimestampClient | None" = None,
    trust_roots: "tuple[Certificate, ...]" = (),
) -> "CertifiedForm":
    """Load the form as certified by an identity at a level, or certify it, once."""

    def certify() -> "CertifiedForm":
        from ..copies.certifying import certify

        return certify(
            form, identity=identity, signing_time=now, level=level, timestamps=timestamps, trust_roots=trust_roots
        )

    return kept_form(form, identity.digest, now, level, certify)


def kept_form(
    form: bytes, signer: str, now: datetime.datetime, level: str, certify: "Callable[[], CertifiedForm]"
) -> "CertifiedForm":
    """Load the form as certified at a level by the holder of a certificate, or have it certified, once.

    The file's name carries its digest, so that a damaged one is not used. Of several processes one certifies,
    and the others wait for it; its signing time may then be a little after `now`. Where the form cannot
    be kept, the next copy certifies again.
    """
    started = time.monotonic()
    folder = state_path() / "certified"
    stem = f"{sha256(form).hexdigest()[:16]}-{signer[:16]}-{level}"
    found = _find_certified(folder, stem, form, signer, now, level)
    if found is not None:
        return found
    with _locked(folder / f".{stem}.lock"):
        waited = datetime.timedelta(seconds=time.monotonic() - started)
        found = _find_certified(folder, stem, form, signer, now + waited, level)
        if found is not None:  # another process was first
            return found
        made = certify()
        content = made.to_bytes()
        try:
            make_folder(folder, mode=0o700)
            write_whole(folder / f"{stem}-{sha256(content).hexdigest()}", content, force=True, mode=0o600)
        except OSError as error:
            click.echo(f"The certified form could not be kept in {folder} ({error.strerror or error})", err=True)
    return made


def _find_certified(
    folder: Path, stem: str, form: bytes, signer: str, now: datetime.datetime, level: str
) -> "CertifiedForm | None":
    from ..copies.certified import CertifiedForm

    for path in sorted(folder.glob(f"{stem}-*")):
        content = path.read_bytes() if path.is_file() else b""
        if path.name == f"{stem}-{sha256(content).hexdigest()}":
            found = CertifiedForm.from_bytes(content)
            wanted = (signer, level)
            if found is None or not found.pdf.startswith(form) or (found.identity, found.level) != wanted:
                continue
            if found.signing_time <= now:  # a clock that was set back must not make copies older than their form
                return found
    return None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait until no other process certifies; where files cannot be locked, each does it for itself."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=_PATIENCE, mode=0o600)
    try:
        make_folder(path.parent, mode=0o700)
        lock.acquire()
    except (OSError, NotImplementedError, Timeout):
        yield
        return
    try:
        yield
    finally:
        lock.release()
