"""A database laid aside before a new release migrates it, put back when that release does not work, destroyed in the end.

All of it while nobody serves; each step may be cut off and done again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vault.errors import Damaged, NotReady, Unwritable
from vault.storage import durable, journal
from vault.storage.database import checkpoint, open_database, reading, revision
from vault.storage.snapshots import copy_into


@dataclass(frozen=True)
class Look:
    """What stands in a database: its schema, and the position of the journal's last entry, 0 where there is none."""

    revision: str
    position: int


def look(database: Path) -> Look:
    """Without changing anything; raises NotReady for a database that is missing, broken or of another program."""
    if not database.is_file():
        raise NotReady("database-missing", file=database)
    engine = open_database(database)
    try:
        with reading(engine) as connection:
            position, _hash = journal.head(connection)
        return Look(revision(engine), position)
    except (Damaged, Unwritable) as error:
        raise NotReady("database-unreadable", file=database) from error
    finally:
        engine.dispose()


def lay(database: Path) -> None:
    """A copy of this moment beside the database, synced, in the place of an earlier one; raises Unwritable, Damaged."""
    drop(database)
    half = _half(database)
    engine = open_database(database)
    try:
        copy_into(engine, half)
    finally:
        engine.dispose()
    with durable.writing_to(database.parent):
        os.replace(half, _aside(database))
        durable.sync_folder(database.parent)


def back(database: Path) -> bool:
    """Put the copy in the database's place and destroy what stood there; says whether there was one.

    Raises Unwritable.
    """
    aside, gone = _aside(database), _gone(database)
    if not aside.is_file():
        durable.destroy(gone)
        return False
    _settle(database)
    durable.destroy(gone)
    with durable.writing_to(database.parent):
        os.link(database, gone)  # or its bytes would stay on the disk, out of reach of what is deleted later
        os.replace(aside, database)
        durable.sync_folder(database.parent)
    durable.destroy(gone)
    return True


def _settle(database: Path) -> None:
    """Leave no write-ahead log: SQLite would read it into whatever file has the name."""
    engine = open_database(database)
    with suppress(Exception):  # a database that the new release has broken is not worth saving
        checkpoint(engine)
    engine.dispose()
    for ending in ("-wal", "-shm"):
        durable.remove(database.with_name(database.name + ending))


def drop(database: Path) -> None:
    """Destroy the copy, and what is left of one that was cut off."""
    for path in (_aside(database), _half(database), _gone(database)):
        durable.destroy(path)


def _aside(database: Path) -> Path:
    return database.with_name("kura.db.aside")


def _half(database: Path) -> Path:
    return database.with_name("kura.db.aside.part")


def _gone(database: Path) -> Path:
    return database.with_name("kura.db.gone")
