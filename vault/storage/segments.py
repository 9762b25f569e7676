"""The file of search segments: sealed bytes under numbers. No backup reads it; it is made anew where it is missing."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vault.errors import Unwritable

BUSY_SECONDS = 15.0
# A segment of the base has two megabytes: in pages of the usual size it takes twice as long to read.
PAGE_BYTES, LOG_PAGES = 32768, 128
MOST = 2**62  # no number of a segment is as high
# What is wrong with the disk or with who is at it, not with the file. Everything else it says of itself.
_NOT_OF_THE_FILE = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_MISUSE,
})  # fmt: skip
_TABLE = """
CREATE TABLE IF NOT EXISTS segments (
  compartment BLOB NOT NULL, key BLOB NOT NULL, number INTEGER NOT NULL, base INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (compartment, key, base, number)
)
"""


@dataclass(frozen=True)
class Making:
    """A segment to be sealed once its number, and those of the others that stand by then, are known.

    `base`: one of those that are read last, because the others tell what of them still counts.
    """

    seal: Callable[[int, list[int]], bytes]
    base: bool = False


class Spoiled(Unwritable):
    """The file was not what was written. It is gone, and the next one begins empty."""


class SegmentFile:
    """One connection for each thread of each process. Losing the newest rows in a power cut costs nothing but the work
    to make them again, so nothing here waits for the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    def close(self) -> None:
        """Let go of this thread's connection."""
        held = getattr(self._local, "held", None)
        if held is not None and held[0] == os.getpid():
            held[1].close()
        self._local.held = None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except OSError as error:
            raise Unwritable("unwritable", place=self.path.name) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # SQLite's message quotes what stands in the file
            held = getattr(self._local, "held", None)
            self.close()
            if not _is_of_the_file(error):
                raise Unwritable("unwritable", place=self.path.name) from error
            if held is None or held[2] == _identity(self.path):  # else somebody else has made it anew
                self._drop_file()
            raise Spoiled("unwritable", place=self.path.name) from error

    def _connection(self) -> sqlite3.Connection:
        held = getattr(self._local, "held", None)
        if held is None or held[0] != os.getpid() or held[2] != _identity(self.path):
            made = self._connect()
            held = self._local.held = (os.getpid(), made, _identity(self.path))
        found: sqlite3.Connection = held[1]
        return found

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR))
        made = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        for pragma in (
            f"page_size={PAGE_BYTES}", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "temp_store=MEMORY",
            f"wal_autocheckpoint={LOG_PAGES}", f"journal_size_limit={LOG_PAGES * PAGE_BYTES}",
        ):  # fmt: skip
            made.execute(f"PRAGMA {pragma}")
        made.execute(_TABLE)
        return made

    def _drop_file(self) -> None:
        try:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        except OSError as error:
            raise Unwritable("unwritable", place=self.path.name) from error

    # --- reading

    @contextmanager
    def reading(self, compartment: bytes, key: bytes) -> Iterator[tuple[list[int], Iterator[tuple[int, bytes]]]]:
        """What stands under a compartment's segment key as of one moment: all numbers, and (number, sealed) one after the
        other in memory, first what lies over the base, then the base. A thread reads one compartment at a time."""
        with self._open() as c:
            c.execute("BEGIN")
            query = "SELECT number, sealed FROM segments WHERE compartment=? AND key=? ORDER BY base, number"
            found = c.execute(query, (compartment, key))
            try:
                yield self._numbers(c, compartment, key), map(_row, found)
            finally:
                found.close()  # a statement that is not read to its end would keep the log from being cut
                c.execute("COMMIT")

    def numbers(self, compartment: bytes, key: bytes) -> list[int]:
        """The numbers of what stands under a compartment's segment key."""
        with self._open() as c:
            return self._numbers(c, compartment, key)

    # --- writing

    def append(self, compartment: bytes, key: bytes, made: Making) -> int:
        """One segment more; returns its number."""
        with self._writing() as c:
            number = max(self._numbers(c, compartment, key), default=0) + 1
            self._insert(c, compartment, key, number, made)
        return number

    def replace(
        self, compartment: bytes, key: bytes, gone: Sequence[int], made: Sequence[Making], whole: bool = False
    ) -> bool:
        """Others in place of some, all in one step; False, and nothing done, where one of these is gone already, or
        with `whole` where they are not all there is."""
        with self._writing() as c:
            there = set(self._numbers(c, compartment, key))
            if not there.issuperset(gone) or (whole and there != set(gone)):
                return False
            # The numbers of those that go are not given again: whoever has read them would take these for the same.
            last = max(there, default=0)
            for number in gone:
                c.execute("DELETE FROM segments WHERE compartment=? AND key=? AND number=?", (compartment, key, number))
            for number, each in enumerate(made, last + 1):
                self._insert(c, compartment, key, number, each)
        return True

    def drop_others(self, compartment: bytes, key: bytes) -> None:
        """Nothing stays of a compartment but what stands under this key, neither in free pages nor in the log."""
        with self._open() as c:
            c.execute("DELETE FROM segments WHERE compartment=? AND key<>?", (compartment, key))
            # Also where there was nothing to delete: somebody may have been killed between the two.
            c.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as c:
            c.execute("BEGIN IMMEDIATE")
            try:
                yield c
            except BaseException:
                if c.in_transaction:  # a full disk ends it by itself
                    c.execute("ROLLBACK")
                raise
            c.execute("COMMIT")

    @staticmethod
    def _numbers(c: sqlite3.Connection, compartment: bytes, key: bytes) -> list[int]:
        query = "SELECT number FROM segments WHERE compartment=? AND key=? ORDER BY number"
        return [_number(number) for (number,) in c.execute(query, (compartment, key))]

    def _insert(self, c: sqlite3.Connection, compartment: bytes, key: bytes, number: int, made: Making) -> None:
        sealed = made.seal(number, self._numbers(c, compartment, key))
        c.execute("INSERT INTO segments VALUES (?,?,?,?,?)", (compartment, key, number, int(made.base), sealed))


def _is_of_the_file(error: Exception) -> bool:
    if isinstance(error, sqlite3.DataError | UnicodeDecodeError):
        return True
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    return code & 0xFF not in _NOT_OF_THE_FILE


def _row(found: tuple[object, object]) -> tuple[int, bytes]:
    number, sealed = found
    if not isinstance(sealed, bytes):
        raise sqlite3.DataError("a segment is no bytes")
    return _number(number), sealed


def _number(found: object) -> int:
    """SQLite keeps whatever somebody puts into a column."""
    if not isinstance(found, int) or not 0 < found < MOST:
        raise sqlite3.DataError("a segment has no number")
    return found


def _identity(path: Path) -> tuple[int, int]:
    """Which file this is: another process may have put a new one in its place."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino
