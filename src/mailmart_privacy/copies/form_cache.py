"""Certified forms that are kept between two runs: a form is certified once for each identity and level."""

import contextlib
import datetime
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from .._files import make_folder, write_whole
from ..errors import MissingExtraError
from .certified import CertifiedForm

if TYPE_CHECKING:
    from .forms import RecordedForm

_PATIENCE = 300  # seconds; a timestamp authority that does not answer is asked several times


class FormCache:
    """A folder of certified forms.

    A file's name carries the digest of its content, so a damaged file is not used. Of several processes one
    certifies, and the others wait for it.

    Args:
        folder: it need not exist.
        warn: called with the reason if a form could not be kept; the next copy then certifies it again.
    """

    def __init__(self, folder: Path, *, warn: Callable[[str], None] = lambda words: None) -> None:
        self._folder, self._warn = folder, warn

    def load(
        self,
        form: "RecordedForm",
        *,
        signer: str,
        level: str,
        clock: Callable[[], datetime.datetime],
        certify: Callable[[datetime.datetime], CertifiedForm],
    ) -> CertifiedForm:
        """Load the form as certified by a signer at a level, or have it certified.

        Args:
            form: the recorded form.
            signer: the digest of the signer's certificates, and of those above it; see `Signatory.identity`.
            level: of the certified form.
            clock: tells what time it is (aware).
            certify: certifies the form at a moment.

        Returns:
            The certified form. Another process may have certified it, a moment after this call began.
        """
        stem = f"{form.state.hexdigest()[:16]}-{signer[:16]}-{level}"
        found = self._find(stem, form, signer, level, clock())
        if found is not None:
            return found
        with self._locked(stem):
            found = self._find(stem, form, signer, level, clock())
            if found is None:
                found = certify(clock())
                self._keep(stem, found.pdf)
        return found

    def _find(
        self, stem: str, form: "RecordedForm", signer: str, level: str, now: datetime.datetime
    ) -> CertifiedForm | None:
        for path in sorted(self._folder.glob(f"{stem}-*")):
            content = path.read_bytes() if path.is_file() else b""
            if path.name == f"{stem}-{sha256(content).hexdigest()}":
                found = CertifiedForm.from_bytes(content, form)
                if found is None or (found.identity, found.level) != (signer, level):
                    continue
                if found.signing_time <= now:  # a clock that was set back must not make copies older than their form
                    return found
        return None

    def _keep(self, stem: str, content: bytes) -> None:
        try:
            make_folder(self._folder, mode=0o700)
            path = self._folder / f"{stem}-{sha256(content).hexdigest()}"
            write_whole(path, content, force=True, mode=0o600)
        except OSError as error:
            self._warn(f"The certified form could not be kept in {self._folder} ({error.strerror or error})")

    @contextlib.contextmanager
    def _locked(self, stem: str) -> Iterator[None]:
        """Wait until no other process certifies; where files cannot be locked, each certifies for itself."""
        try:
            from filelock import FileLock, Timeout
        except ImportError:
            raise MissingExtraError("pdf", "filelock") from None
        lock = FileLock(self._folder / f".{stem}.lock", timeout=_PATIENCE, mode=0o600)
        try:
            make_folder(self._folder, mode=0o700)
            lock.acquire()
        except (OSError, NotImplementedError, Timeout):
            yield
            return
        try:
            yield
        finally:
            lock.release()
