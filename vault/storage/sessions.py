"""Sessions and counters of attempts: a SQLite file on tmpfs, shared by all workers, gone with the machine's power."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vault.storage.durable import make_folder

KEPT_LOCKED = 24 * 60 * 60
CLOCK_SLACK = 60  # seconds; a clock set back further must not make sessions last longer
_TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
  id_hash BLOB PRIMARY KEY, person BLOB NOT NULL, device BLOB NOT NULL, stage TEXT NOT NULL,
  started INTEGER NOT NULL, seen INTEGER NOT NULL, expires INTEGER NOT NULL, proved INTEGER NOT NULL,
  sealed BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (name BLOB PRIMARY KEY, failures INTEGER NOT NULL, last INTEGER NOT NULL)
  WITHOUT ROWID;
"""


@dataclass(frozen=True)
class SessionRow:
    """One session. `sealed` is None while locked; `proved` is when the password was last typed (seconds)."""

    id_hash: bytes
    person: bytes
    device: bytes
    stage: str
    started: int
    seen: int
    expires: int
    proved: int
    sealed: bytes | None


class SessionStore:
    """The file, with one connection for each thread of each process."""

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._path = folder / "sessions.db"
        self._local = threading.local()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        import os

        held = getattr(self._local, "held", None)
        if held is None or held[0] != os.getpid():
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            self._path.chmod(0o600)
            connection.execute("PRAGMA journal_mode=MEMORY")
            connection.execute("PRAGMA synchronous=OFF")  # tmpfs: nothing here outlives the machine
            connection.execute("PRAGMA secure_delete=ON")
            connection.executescript(_TABLES)
            held = self._local.held = (os.getpid(), connection)
        yield held[1]

    def put(self, row: SessionRow) -> None:
        """Add or replace a session."""
        with self._open() as c:
            c.execute("REPLACE INTO sessions VALUES (?,?,?,?,?,?,?,?,?)", tuple(vars(row).values()))

    def keep(self, row: SessionRow) -> None:
        """Other contents of a session that is still open; one ended or locked meanwhile stays so."""
        with self._open() as c:
            c.execute(
                "UPDATE sessions SET started=?, expires=?, sealed=? WHERE id_hash=? AND sealed IS NOT NULL",
                (row.started, row.expires, row.sealed, row.id_hash),
            )

    def get(self, id_hash: bytes) -> SessionRow | None:
        """The session under the hash of its id."""
        with self._open() as c:
            found = c.execute("SELECT * FROM sessions WHERE id_hash=?", (id_hash,)).fetchone()
        return SessionRow(*found) if found else None

    def has(self, person: bytes, device: bytes, now: int) -> bool:
        """Whether a person has a session on a device, open or locked, that is not past its time (seconds)."""
        asked = "SELECT 1 FROM sessions WHERE person=? AND device=? AND expires>?"
        with self._open() as c:
            return c.execute(asked, (person, device, now)).fetchone() is not None

    def touch(self, id_hash: bytes, now: int) -> None:
        """Note that its person did something."""
        with self._open() as c:
            c.execute("UPDATE sessions SET seen=? WHERE id_hash=? AND seen<?", (now, id_hash, now))

    def end(self, id_hash: bytes) -> None:
        """Sign out."""
        with self._open() as c:
            c.execute("DELETE FROM sessions WHERE id_hash=?", (id_hash,))

    def end_of_person(self, person: bytes, but: bytes = b"") -> None:
        """End all sessions of a person, but for one."""
        with self._open() as c:
            c.execute("DELETE FROM sessions WHERE person=? AND id_hash<>?", (person, but))

    def end_of_device(self, device: bytes, person: bytes | None = None) -> None:
        """End all sessions on a device, or one person's there."""
        with self._open() as c:
            c.execute("DELETE FROM sessions WHERE device=? AND (? IS NULL OR person=?)", (device, person, person))

    def end_stage(self, stage: str, but: bytes = b"") -> None:
        """End all sessions in a stage, but for one."""
        with self._open() as c:
            c.execute("DELETE FROM sessions WHERE stage=? AND id_hash<>?", (stage, but))

    def lock_idle(self, now: int, idle_seconds: int) -> int:
        """Wipe the sealed bundle of every idle or expired session; says how many were locked.

        The row stays another day, so that its person, and nobody else, can go on with the form left open.
        """
        with self._open() as c:
            c.execute("DELETE FROM sessions WHERE expires<=?", (now - KEPT_LOCKED,))
            c.execute("DELETE FROM attempts WHERE last<=?", (now - KEPT_LOCKED,))
            return c.execute(
                "UPDATE sessions SET sealed=NULL WHERE sealed IS NOT NULL AND (seen<=? OR expires<=? OR seen>?)",
                (now - idle_seconds, now, now + CLOCK_SLACK),
            ).rowcount

    def any_open(self) -> bool:
        """Whether somebody is in: a session that is neither locked nor ended."""
        with self._open() as c:
            return c.execute("SELECT 1 FROM sessions WHERE sealed IS NOT NULL").fetchone() is not None

    def lock(self, id_hash: bytes) -> None:
        """Wipe one session's sealed bundle."""
        with self._open() as c:
            c.execute("UPDATE sessions SET sealed=NULL WHERE id_hash=?", (id_hash,))

    def end_all(self) -> None:
        """End every session."""
        with self._open() as c:
            c.execute("DELETE FROM sessions")

    def count(self) -> int:
        """How many sessions there are, locked ones included."""
        with self._open() as c:
            return int(c.execute("SELECT count(*) FROM sessions").fetchone()[0])

    # --- attempts

    def failures(self, name: bytes) -> tuple[int, int]:
        """(failures in a row, time of the last) under a name."""
        with self._open() as c:
            found = c.execute("SELECT failures, last FROM attempts WHERE name=?", (name,)).fetchone()
        return (found[0], found[1]) if found else (0, 0)

    def note_failure(self, name: bytes, now: int) -> None:
        """Count a failed attempt; it is counted before the password is hashed, so parallel guesses count too."""
        with self._open() as c:
            c.execute(
                "INSERT INTO attempts VALUES (?,1,?) ON CONFLICT(name) DO UPDATE SET failures=failures+1, last=?",
                (name, now, now),
            )

    def clear_failures(self, name: bytes) -> None:
        """Forget them after a success."""
        with self._open() as c:
            c.execute("DELETE FROM attempts WHERE name=?", (name,))
