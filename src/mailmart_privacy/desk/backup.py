"""Backing up a desk, and restoring it: first the archive, then the tables, then the list of erasures.

In this order the tables and the list are never older than the archive beside them: a customer who was erased while the
backup was made is in the list, and is erased again when it is restored. Keys are not in a backup: together with it they
would tell every customer's name to those who find it.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._clock import now
from .._files import make_folder, write_whole
from ..archive.acts import HeldError, erase
from ..archive.entries import LogEntry, read_entry
from ..archive.keyring import name_memory, read_memory
from ..archive.layout import CHECKPOINT
from ..archive.location import ArchiveLocation
from ..archive.recipients import Details, Person
from ..archive.register import read_log
from ..archive.service import ArchiveService
from ..errors import ArchiveError, PrivacyError, UsageError
from .web.marks import BACKUP, Marks
from .web.tables import Tables

if TYPE_CHECKING:
    from ..archive.archive import Archive
    from .settings import DeskSettings

_ARCHIVE, _TABLES, _ERASURES, _FACTS = "archive", "tables.json", "erasures.json", "backup.json"
_KEPT = ("people", "tokens", "check_days")  # sessions, links and sign-ins that were begun end with the desk
_TRIES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """What a backup has.

    Attributes:
        entries: of the archive's log.
        people: who may use the desk.
        tokens: which services may.
        erasures: customers who were erased.
    """

    entries: int
    people: int
    tokens: int
    erasures: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What was restored.

    Attributes:
        entries: of the archive's log.
        archive: whether the archive was restored; False where it was there.
        lost: how many entries were signed after the backup, and are gone.
        people: who may use the desk.
        tokens: which services may.
        erased: how many customers were erased again.
        held: the numbers of erasures that a hold prevents.
    """

    entries: int
    archive: bool
    lost: int
    people: int
    tokens: int
    erased: int
    held: tuple[int, ...]


def back_up(settings: "DeskSettings", target: Path) -> Backup:
    """Make a backup, or bring one up to date; the desk may run meanwhile.

    Args:
        settings: of the desk.
        target: a new folder, or that of an earlier backup of this desk. What was erased since is removed from it.

    Raises:
        UsageError: the folder has something else.
        ArchiveError: what was copied is not a sound archive.
    """
    location = ArchiveLocation(settings.archive, settings.archive_key or None, settings.archive_index or None)
    archive = location.open()
    _require_target(target, archive.metadata.origin)
    make_folder(target, mode=0o700)
    write_whole(target / _FACTS, _write({"origin": archive.metadata.origin}), force=True, mode=0o600)
    entries = _copy_archive(archive, location, target / _ARCHIVE)
    tables = Tables(settings.tables)
    try:
        rows = {table: _read_table(tables, table) for table in _KEPT}
    finally:
        tables.close()
    write_whole(target / _TABLES, _write(rows), force=True, mode=0o600)
    erasures = [
        {"number": each.number, "recipient": each.entry.recipient}
        for each in read_log_entries(location.open())
        if each.entry.kind == "erasure"
    ]
    write_whole(target / _ERASURES, _write(erasures), force=True, mode=0o600)
    _note_backup(settings)
    return Backup(entries=entries, people=len(rows["people"]), tokens=len(rows["tokens"]), erasures=len(erasures))


def restore(settings: "DeskSettings", source: Path, operator: Person) -> Restored:
    """Restore a desk from a backup, and repeat the erasures that the backup's archive does not know of.

    Args:
        settings: of the desk; an archive that is there is left as it is.
        source: the folder of the backup.
        operator: the person who does it; the entries of erasures that are repeated name them.

    Raises:
        UsageError: there is no backup, the desk has people already, or a bucket has no archive.
    """
    origin = _read(source / _FACTS)["origin"]
    tables = Tables(settings.tables)
    try:
        if tables.query("SELECT 1 FROM people LIMIT 1"):
            raise UsageError("this desk has people already; restore into one that was never started")
        location = ArchiveLocation(settings.archive, settings.archive_key or None, settings.archive_index or None)
        copied = _restore_archive(location, source / _ARCHIVE)
        archive = location.open()
        if archive.metadata.origin != origin:
            raise UsageError(f"{archive.storage.location} is another archive than that of the backup")
        lost = _forget_later(location, archive) if copied else 0
        rows = _read(source / _TABLES)
        with tables.changing():
            for table in _KEPT:
                for row in rows[table]:
                    _add_row(tables, table, row)
                tables.renumber(table)
    finally:
        tables.close()
    erased, held = _erase_again(location, _read(source / _ERASURES), operator)
    return Restored(
        entries=location.open().checkpoint().size,
        archive=copied,
        lost=lost,
        people=len(rows["people"]),
        tokens=len(rows["tokens"]),
        erased=erased,
        held=held,
    )


def read_log_entries(archive: "Archive") -> "list[LogEntry]":
    """Read all entries of the log."""
    return [LogEntry(number, content, read_entry(content)) for number, content in read_log(archive)]


def _require_target(target: Path, origin: str) -> None:
    if not target.exists() or not any(target.iterdir()):
        return
    if not (target / _FACTS).is_file():
        raise UsageError(f"{target} has something else in it; name a new folder")
    if _read(target / _FACTS)["origin"] != origin:
        raise UsageError(f"{target} is the backup of another archive; name a new folder")


def _copy_archive(archive: "Archive", location: ArchiveLocation, target: Path) -> int:
    """Copy what is new, remove what is gone, and verify the copy. Others may write meanwhile: then it is done again."""
    for left in reversed(range(_TRIES)):
        names = set()
        for name, size in archive.storage.find():
            names.add(name)
            path = target / name
            # Files never change, but for those that are small, and the log's checkpoint.
            if not path.is_file() or path.stat().st_size != size or size < _SMALL:
                content = archive.storage.read(name)
                if content is not None:
                    make_folder(path.parent, mode=0o700)
                    write_whole(path, content, force=True, mode=0o600)
        for path in [each for each in target.rglob("*") if each.is_file()]:
            if path.relative_to(target).as_posix() not in names:
                path.unlink()
        try:
            copy = ArchiveService(ArchiveLocation(str(target), location.key, ":memory:"), clock=now)
            report = copy.verify()
            report.require_sound()
        except PrivacyError:
            if not left:
                raise
            continue
        return copy.archive.checkpoint().size
    raise AssertionError


_SMALL = 64 * 2**10


def _restore_archive(location: ArchiveLocation, source: Path) -> bool:
    if location.storage().read(CHECKPOINT) is not None:
        return False
    if "://" in location.name:
        raise UsageError(
            f"{location.name} has no archive; copy {source} there first, for instance with: aws s3 cp --recursive"
        )
    target = Path(location.name)
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"{target} has something else in it; name a new folder")
    location.make_folder()
    shutil.copytree(source, target, dirs_exist_ok=True)
    return True


def _forget_later(location: ArchiveLocation, archive: "Archive") -> int:
    """Put aside the memory of what was signed after the backup: the log goes on from the backup."""
    key = location.key_path(archive.metadata.origin)
    lost = read_memory(key).size - archive.checkpoint().size
    if lost <= 0:
        return 0
    memory = name_memory(key)
    memory.rename(memory.with_name(f"{memory.name}-before-{now():%Y%m%dT%H%M%SZ}"))
    return lost


def _erase_again(
    location: ArchiveLocation, erasures: list[dict[str, Any]], operator: Person
) -> tuple[int, tuple[int, ...]]:
    """Erase the customers whom a later erasure had removed, and who are back with the backup."""
    archive = location.open()
    keyring = location.keyring(archive)
    wanted = {each["recipient"]: each["number"] for each in erasures}
    records = [record for record in archive.recipients(keyring.names_key) if record.pseudonym in wanted]
    held = []
    for record in records:
        try:
            with archive.writing(keyring, now, operator) as session:
                details = Details(reason="erased before; repeated after a backup was restored")
                erase(session, keyring.names_key, record, at=now(), details=details)
        except HeldError:
            held.append(wanted[record.pseudonym])
    return len(records) - len(held), tuple(held)


def _note_backup(settings: "DeskSettings") -> None:
    """Let the page of what is due tell of it."""
    tables = Tables(settings.tables)
    try:
        Marks(tables, lambda: now().timestamp()).write(BACKUP)
    finally:
        tables.close()


def _read_table(tables: Tables, table: str) -> list[dict[str, Any]]:
    columns = tables.list_columns(table)
    rows = tables.query(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id")  # noqa: S608 - our own names
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _add_row(tables: Tables, table: str, row: dict[str, Any]) -> None:
    known = [each for each in tables.list_columns(table) if each in row]
    places = ", ".join("?" for _ in known)
    tables.change(f"INSERT INTO {table} ({', '.join(known)}) VALUES ({places})", [row[each] for each in known])  # noqa: S608


def _write(document: object) -> bytes:
    return json.dumps(document, indent=1).encode() + b"\n"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{path.parent} is not the backup of a desk: it has no {path.name}") from None
    except ValueError:
        raise ArchiveError(f"{path} was damaged; take an earlier backup") from None
