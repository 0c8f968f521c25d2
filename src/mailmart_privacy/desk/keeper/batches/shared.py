"""The batches of desks that share a database: what people sent and decided, and which desk works on it.

Spreadsheets have names and addresses of customers, so all content is encrypted with a key that is derived from the
archive's. A copy of the database tells nobody who the customers are.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator

from ...database import DatabaseError
from ...postgres import PostgresTables

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    from ....errors import MissingExtraError

    raise MissingExtraError("pdf", "cryptography") from None

# Each statement brings the tables one step forward; those that were released are never changed.
MIGRATIONS = (
    "CREATE TABLE batches (id TEXT PRIMARY KEY, state TEXT NOT NULL, begun_at DOUBLE PRECISION NOT NULL, "
    "runs BIGINT NOT NULL DEFAULT 0, done BIGINT NOT NULL DEFAULT 0)",
    "CREATE TABLE batch_files (batch TEXT NOT NULL REFERENCES batches ON DELETE CASCADE, name TEXT NOT NULL, "
    "content {bytes} NOT NULL, PRIMARY KEY (batch, name))",
    # Locked by what works on a batch, for as long as it lives: the process that issues it, or the thread that reads its
    # spreadsheet. A table of its own, so that what people decide about the batch need not wait for it.
    "CREATE TABLE jobs (batch TEXT PRIMARY KEY)",
)
_SCHEMA = "mailmart_privacy_desk_batches"
_NONCE = 12


class SharedBatches:
    """The batches in a database of PostgreSQL.

    Args:
        url: of the database.
        names_key: of the archive.
    """

    def __init__(self, url: str, names_key: bytes) -> None:
        self.tables = PostgresTables(url, _SCHEMA, MIGRATIONS)
        derived = HKDF(hashes.SHA256(), 32, None, b"batches of a desk of mailmart-privacy").derive(names_key)
        self._cipher = AESGCM(derived)

    def close(self) -> None:
        """Close the database."""
        self.tables.close()

    def list_ids(self) -> list[str]:
        """List all batches."""
        return [each for (each,) in self.tables.query("SELECT id FROM batches ORDER BY begun_at, id")]

    def read_state(self, batch: str) -> str | None:
        """Read the state of a batch; None where there is no such batch."""
        rows = self.tables.query("SELECT state FROM batches WHERE id = ?", [batch])
        return str(rows[0][0]) if rows else None

    def write_state(self, batch: str, state: str, begun_at: float) -> None:
        """Keep the state of a batch, which may be new."""
        with self.tables.changing():
            self.tables.change(
                "INSERT INTO batches (id, state, begun_at) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET state = excluded.state",
                [batch, state, begun_at],
            )
            self.tables.change("INSERT INTO jobs (batch) VALUES (?) ON CONFLICT DO NOTHING", [batch])

    def read(self, batch: str, name: str) -> bytes | None:
        """Read a file of a batch; None where there is no such file.

        Raises:
            DatabaseError: it was changed, or belongs to the desk of another archive.
        """
        rows = self.tables.query("SELECT content FROM batch_files WHERE batch = ? AND name = ?", [batch, name])
        if not rows:
            return None
        content = bytes(rows[0][0])
        try:
            return self._cipher.decrypt(content[:_NONCE], content[_NONCE:], f"{batch}/{name}".encode())
        except InvalidTag:
            raise DatabaseError(
                f"a batch in {self.tables.place} was changed, or belongs to the desk of another archive"
            ) from None

    def write(self, batch: str, name: str, content: bytes) -> None:
        """Keep a file of a batch."""
        nonce = secrets.token_bytes(_NONCE)
        self.tables.change(
            "INSERT INTO batch_files (batch, name, content) VALUES (?, ?, ?) "
            "ON CONFLICT (batch, name) DO UPDATE SET content = excluded.content",
            [batch, name, nonce + self._cipher.encrypt(nonce, content, f"{batch}/{name}".encode())],
        )

    def remove(self, batch: str) -> None:
        """Remove a batch with its files, without waiting for what works on it."""
        with self.tables.changing():
            self.tables.change("DELETE FROM batches WHERE id = ?", [batch])
            self.tables.change(
                "DELETE FROM jobs WHERE batch IN (SELECT j.batch FROM jobs j LEFT JOIN batches b ON b.id = j.batch "
                "WHERE b.id IS NULL FOR UPDATE OF j SKIP LOCKED)"
            )

    def find_next(self) -> str | None:
        """Find the oldest batch that waits, or whose process was killed, and that no desk works on now."""
        found = self._list_free("('waiting', 'running')")
        return found[0] if found else None

    def list_unread(self) -> list[str]:
        """List the batches whose spreadsheet is to be read, or looked through for problems, and that no desk reads."""
        return self._list_free("('reading', 'planning')")

    def _list_free(self, states: str) -> list[str]:
        rows = self.tables.query(
            f"SELECT b.id FROM jobs j JOIN batches b ON b.id = j.batch WHERE b.state IN {states} "  # noqa: S608 - our own
            "ORDER BY b.begun_at, b.id FOR UPDATE OF j SKIP LOCKED"
        )
        return [str(each) for (each,) in rows]

    def begin(self, batch: str) -> bool:
        """Note that a batch is begun; False where it was stopped or finished meanwhile."""
        change = "UPDATE batches SET state = 'running' WHERE id = ? AND state IN ('waiting', 'running')"
        return self.tables.change(change, [batch]) == 1

    def count_run(self, batch: str) -> int:
        """Count that a process works on a batch, and tell how many did before."""
        rows = self.tables.query("UPDATE batches SET runs = runs + 1 WHERE id = ? RETURNING runs", [batch])
        return int(rows[0][0]) - 1 if rows else 0

    def write_done(self, batch: str, done: int) -> None:
        """Keep how many copies are issued, for people who ask another desk."""
        self.tables.change("UPDATE batches SET done = ? WHERE id = ?", [done, batch])

    def read_done(self, batch: str) -> int:
        """Read how many copies are issued."""
        rows = self.tables.query("SELECT done FROM batches WHERE id = ?", [batch])
        return int(rows[0][0]) if rows else 0

    @contextlib.contextmanager
    def working(self, batch: str) -> Iterator[Callable[[], None] | None]:
        """Work on a batch as the only process of all desks; when the process dies, the next one may.

        Yields:
            What raises a DatabaseError when the lock was lost; None where another process works on the batch.
        """
        query = "SELECT batch FROM jobs WHERE batch = ? FOR UPDATE SKIP LOCKED"
        with self.tables.holding(query, [batch]) as (rows, probe):
            yield probe if rows else None
