"""Where copies are put: each file whole or not at all, and never over one that is there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from .._files import write_many
from ..errors import MissingExtraError, PrivacyError, UsageError, one_line


class Place(Protocol):
    """A place for files. It travels to workers, so it holds names, and nothing that is open."""

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put files there, durably; a file that is there already is kept.

        Args:
            files: names and contents; they are taken one after the other.

        Returns:
            For each of them, whether it was put there.

        Raises:
            OSError: one could not be written.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """Read a file, or None where there is none."""
        ...

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has, or None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, or of one that all workers see.

    Attributes:
        path: the folder; it is there.
    """

    path: Path

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put files there; see `Place.put`."""
        return write_many(self.path, files)

    def read(self, name: str) -> bytes | None:
        """Read a file, or None where there is none."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has, or None where there is none."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return None


@dataclass(frozen=True, slots=True)
class Store:
    """A place that fsspec reaches, for instance "s3://bucket/copies"; a file appears there when it is whole.

    Attributes:
        url: of the folder.
        options: what fsspec is given to reach it, as pairs; never a secret, for they travel to workers.
    """

    url: str
    options: tuple[tuple[str, Any], ...] = field(default=(), repr=False)

    def put(self, files: Iterable[tuple[str, bytes]]) -> list[bool]:
        """Put files there; see `Place.put`."""
        system, root = self._open()
        return [_guard(self.url, _create, system, f"{root}/{name}", content) for name, content in files]

    def read(self, name: str) -> bytes | None:
        """Read a file, or None where there is none."""
        system, root = self._open()
        try:
            content: bytes = _guard(self.url, system.cat_file, f"{root}/{name}")
        except FileNotFoundError:
            return None
        return content

    def measure(self, name: str) -> int | None:
        """Tell how many bytes a file has, or None where there is none."""
        system, root = self._open()
        system.invalidate_cache()
        try:
            return int(_guard(self.url, system.info, f"{root}/{name}")["size"])
        except FileNotFoundError:
            return None

    def _open(self) -> tuple[Any, str]:
        return _open_store(self.url, self.options)


def find_place(name: str) -> Place:
    """Find the place that a name stands for: a folder's path, or a URL.

    Raises:
        UsageError: nothing can be put there.
        MissingExtraError: fsspec, or what it needs for such a URL, is not installed.
    """
    if "://" not in name:
        return Folder(Path(name))
    if name.startswith("file://"):
        return Folder(Path(name.removeprefix("file://")))
    store = Store(name.rstrip("/"))
    store._open()
    return store


@cache
def _open_store(url: str, options: tuple[tuple[str, Any], ...]) -> tuple[Any, str]:
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
    """Call a store; of the many classes that its library raises, make one."""
    try:
        return call(*arguments)
    except (PrivacyError, FileNotFoundError):
        raise
    except Exception as error:
        raise OSError(getattr(error, "errno", None) or 5, one_line(error), url) from error
