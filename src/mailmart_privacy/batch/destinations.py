"""Where copies are written: each file completely or not at all, and never over an existing one."""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from .._files import write_many
from ..errors import ArchiveError, MissingExtraError, PrivacyError, UsageError, one_line

if TYPE_CHECKING:
    from ..archive.storage.s3_client import Client

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def _nothing() -> None:
    """Do nothing between writing files and putting them into their places."""


class Destination(Protocol):
    """A place for files. It is sent to workers, so it contains names, but nothing that is open."""

    def put(
        self, files: Iterable[tuple[str, bytes]], *, head: bytes = b"", ready: Callable[[], None] = _nothing
    ) -> list[bool]:
        """Write files there, durably; an existing file is kept.

        Args:
            files: names and contents; they are taken one after the other.
            head: what each of them begins with, before its content.
            ready: is called before the first one is in its place; in a folder, all were written beside their places
                and synced then. Where it raises, none is put there.

        Returns:
            For each of them, whether it was written.

        Raises:
            OSError: one could not be written.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """Read a file; None if it does not exist."""
        ...

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has; None if it does not exist."""
        ...

    def measure_free(self) -> int | None:
        """Tell how many bytes there is room for; None if nobody knows."""
        ...


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A folder of this machine, or one that all workers mount.

    Attributes:
        path: the folder; it exists.
    """

    path: Path

    def put(
        self, files: Iterable[tuple[str, bytes]], *, head: bytes = b"", ready: Callable[[], None] = _nothing
    ) -> list[bool]:
        """Put files there; see `Destination.put`."""
        return write_many(self.path, files, head=head, ready=ready)

    def read(self, name: str) -> bytes | None:
        """Read a file; None if it does not exist."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has; None if it does not exist."""
        try:
            return os.stat(f"{self.path}/{name}").st_size  # asked for each row: a path object costs more than the call
        except FileNotFoundError:
            return None

    def measure_free(self) -> int | None:
        """Tell how many bytes there is room for."""
        return shutil.disk_usage(self.path).free


@dataclass(frozen=True, slots=True)
class BucketDestination:
    """A prefix of an S3 bucket. boto3's own configuration names the endpoint, the region and the credentials.

    A file is put with `If-None-Match: *`, so that an existing one is never replaced, no matter who put it.

    Attributes:
        bucket: the bucket.
        prefix: what the keys begin with, without slashes at its ends.
    """

    bucket: str
    prefix: str

    def put(
        self, files: Iterable[tuple[str, bytes]], *, head: bytes = b"", ready: Callable[[], None] = _nothing
    ) -> list[bool]:
        """Put files there; see `Destination.put`."""
        ready()
        client = _connect(self.bucket, self.prefix)
        return [_guard(client.location, client.put, name, head + content) for name, content in files]

    def read(self, name: str) -> bytes | None:
        """Read a file; None if it does not exist."""
        client = _connect(self.bucket, self.prefix)
        found = _guard(client.location, client.get, name)
        return None if found is None else found[0]

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has; None if it does not exist."""
        client = _connect(self.bucket, self.prefix)
        size: int | None = _guard(client.location, client.measure, name)
        return size

    def measure_free(self) -> int | None:
        """Nobody knows."""
        return None


@dataclass(frozen=True, slots=True)
class UrlDestination:
    """A place that fsspec reaches, for instance "gs://bucket/copies"; a file appears there when it is whole.

    Attributes:
        url: of the folder.
        options: what fsspec is given to reach it, as pairs; never a secret, for they are sent to workers.
    """

    url: str
    options: tuple[tuple[str, Any], ...] = field(default=(), repr=False)

    def put(
        self, files: Iterable[tuple[str, bytes]], *, head: bytes = b"", ready: Callable[[], None] = _nothing
    ) -> list[bool]:
        """Put files there; see `Destination.put`."""
        ready()
        system, root = self._open()
        return [_guard(self.url, _create, system, f"{root}/{name}", head + content) for name, content in files]

    def read(self, name: str) -> bytes | None:
        """Read a file; None if it does not exist."""
        system, root = self._open()
        try:
            content: bytes = _guard(self.url, system.cat_file, f"{root}/{name}")
        except FileNotFoundError:
            return None
        return content

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has; None if it does not exist."""
        system, root = self._open()
        system.invalidate_cache()
        try:
            return int(_guard(self.url, system.info, f"{root}/{name}")["size"])
        except FileNotFoundError:
            return None

    def measure_free(self) -> int | None:
        """Nobody knows."""
        return None

    def _open(self) -> tuple[Any, str]:
        return _open_file_system(self.url, self.options)


def find_destination(name: str) -> Destination:
    """Find the place that a path or a URL names.

    Args:
        name: a path, "file:///PATH", "s3://BUCKET/PREFIX", or another URL that fsspec knows.

    Raises:
        UsageError: nothing can be written there.
        MissingExtraError: boto3 (for s3://), fsspec, or what fsspec needs for such a URL, is not installed.
    """
    if "://" not in name:
        return FolderDestination(Path(name))
    if name.startswith("file://"):
        return FolderDestination(Path(read_file_url(name)))
    if name.startswith("s3://"):
        return _find_bucket(name)
    found = UrlDestination(name.rstrip("/"))
    found._open()
    return found


def read_file_url(url: str, *, windows: bool = os.name == "nt") -> PurePath:
    """Read the path in a file URL (RFC 8089): "file:///srv/copies", on Windows "file:///C:/copies".

    Raises:
        UsageError: it names another machine, or no absolute path.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if windows and re.match("/[A-Za-z]:/", path):
        path = path[1:]
    absolute = PureWindowsPath(path).is_absolute() if windows else path.startswith("/")
    if parts.netloc not in ("", "localhost") or not absolute:
        example = "file:///C:/FOLDER" if windows else "file:///FOLDER"
        raise UsageError(f"{url} does not name a folder of this machine; write {example}")
    return PureWindowsPath(path) if windows else PurePosixPath(path)


def _find_bucket(url: str) -> BucketDestination:
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    if not _BUCKET.fullmatch(bucket) or (prefix and any(part in ("", ".", "..") for part in prefix.split("/"))):
        raise UsageError(f"{url} does not name a place in a bucket; write s3://BUCKET/PREFIX")
    client = _connect(bucket, prefix)
    if not _guard(url, client.exists):
        raise UsageError(f"{url}: there is no bucket {bucket}; create it first")
    return BucketDestination(bucket, prefix)


@cache
def _connect(bucket: str, prefix: str) -> "Client":
    from ..archive.storage.s3_client import connect

    return connect(bucket, prefix)


@cache
def _open_file_system(url: str, options: tuple[tuple[str, Any], ...]) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError("cluster", "fsspec") from None
    try:
        system, root = url_to_fs(url, **dict(options))
    except ImportError as error:
        raise MissingExtraError("cluster", one_line(error)) from None
    except ValueError as error:
        raise UsageError(f"{url}: {one_line(error)}") from None
    return system, root.rstrip("/")


def _create(system: Any, path: str, content: bytes) -> bool:
    try:
        system.pipe_file(path, content, mode="create")
    except FileExistsError:
        return False
    return True


def _guard(url: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a store, and translate the many classes of errors of its library into one."""
    try:
        return call(*arguments)
    except ArchiveError as error:  # the client belongs to the archive; here its errors are those of a write
        raise OSError(5, one_line(error), url) from error
    except (PrivacyError, FileNotFoundError):
        raise
    except OSError as error:
        raise OSError(error.errno or 5, error.strerror or one_line(error), error.filename or url) from error
    except Exception as error:
        raise OSError(getattr(error, "errno", None) or 5, one_line(error), url) from error
