"""One moment of the database as a file of its own: made while people work, looked into, laid beside the running one."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from vault.errors import Damaged
from vault.storage.database import refusing
from vault.storage.durable import writing_to

OTHER = "other"  # what the file that is laid beside is called in statements
_STEPS = 200_000  # of SQLite's machine between two looks at how far it is


def copy_into(engine: Engine, target: Path, tick: Callable[[int], None] = lambda _: None) -> bytes:
    """Write the database as it is at this moment to a new file, synced; nobody who writes has to wait for it.

    Returns the file's SHA-256. `tick` is told from time to time how many bytes are there. Raises Unwritable.
    """
    with writing_to(target.parent):
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR))
    with refusing(engine), closing(engine.raw_connection()) as connection:  # VACUUM is no part of a transaction
        raw = connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_progress_handler(lambda: tick(target.stat().st_size), _STEPS)
        try:
            raw.execute("VACUUM INTO ?", (str(target),))
        finally:
            raw.set_progress_handler(None, 0)
    # The way to the disk is waiting, and the hash is work on what memory still holds: one hides the other.
    with ThreadPoolExecutor(1) as beside:
        synced = beside.submit(sync_file, target)
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        synced.result()
    return digest


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    with writing_to(path.parent):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def looking_into(path: Path) -> Iterator[Connection]:
    """A database file that nobody writes, as it lies there: nothing is made beside it. Raises Damaged."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    try:
        with refusing(engine), engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA trusted_schema=OFF")
            yield connection
    finally:
        engine.dispose()


def revision_of(connection: Connection) -> str:
    """The schema of a database that is looked into; empty where it is not Kura's."""
    try:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    except DatabaseError:
        return ""


def structure_faults(connection: Connection) -> list[str]:
    """What SQLite finds wrong with a database file, in its own words; empty when it is whole."""
    try:
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(10)")]
    except DatabaseError as error:
        return [type(error.orig).__name__]
    return [] if found == ["ok"] else found


@contextmanager
def beside(engine: Engine, path: Path) -> Iterator[Connection]:
    """One transaction on the running database with another file laid beside it, whose tables are `other.…`.

    The other file is only read. Raises Unwritable, Damaged.
    """
    with refusing(engine), engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(f"ATTACH DATABASE ? AS {OTHER}", (str(path),))  # before the transaction, which would forbid it
        try:
            with connection.begin():
                yield connection
        finally:
            raw.execute(f"DETACH DATABASE {OTHER}")


def forget_side_files(path: Path) -> None:
    """Bring a scratch database's write-ahead log home, so that the file alone is the database. Raises Damaged."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        try:
            raw.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.DatabaseError as error:
            raise Damaged("database-unreadable", file=path.name) from error
