"""What is asked for when a batch is asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..archive.location import ArchiveLocation
    from ..typesetting.fonts import Typeface
    from .authorities import Authorities
    from .keys import KeyName


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What is asked for; each attribute is an option of `export`."""

    recipients: str
    columns: dict[str, str]
    max_rows: int
    version: str
    paper: str
    level: str
    authorities: "Authorities"
    archive: "ArchiveLocation | None"
    key: "KeyName"
    fonts: "tuple[Typeface, ...]"
    directory: str | None
    output: str | None
    manifest: str | None
    force: bool
    resume: bool
    dry_run: bool
    verify: str
    jobs: int | None
    dask: str | None
    as_json: bool


def manifest_path(batch: Batch) -> Path:
    """Name the file that lists the copies of a batch."""
    from ..batch.manifest import NAME

    return Path(batch.manifest) if batch.manifest is not None else Path(batch.directory or "") / NAME
