"""What a database has, counted and looked at from outside, without a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from vault.crypto.envelope import HEAD_BYTES, OVERHEAD
from vault.storage import journal
from vault.storage.journal import Entry
from vault.storage.manifest import Held
from vault.storage.objects import every_row
from vault.storage.records import ContentsRow
from vault.storage.schema import contents, history, metadata, records

FRAME = HEAD_BYTES + OVERHEAD
_UNCOUNTED = frozenset({"meta"})


class Frame(NamedTuple):
    """The first bytes of a sealed row, 90 at most, and where it stands."""

    table: str
    id: bytes
    owner: bytes
    folder: bytes
    start: bytes


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
        if table.name not in _UNCOUNTED
    }


def frames(connection: Connection) -> Iterator[Frame]:
    """The frame of every record, earlier version and contents list."""
    for table, name in ((records, records.c.id), (history, history.c.id), (contents, contents.c.owner)):
        start = func.substr(table.c.sealed, 1, FRAME)
        for found in connection.execute(select(name, table.c.owner, table.c.folder, start)):
            yield Frame(table.name, *found)


def noted_lists(connection: Connection) -> Iterator[tuple[ContentsRow, Entry | None]]:
    """Every contents list beside the newest entry that notes it."""
    for found in connection.execute(select(contents.c.owner, contents.c.folder, contents.c.version, contents.c.sealed)):
        yield ContentsRow(*found), journal.last_note_of(connection, found[0])


def owners_without_list(connection: Connection) -> list[bytes]:
    """Who has records and no contents list that would name them."""
    known = select(contents.c.owner)
    return list(connection.execute(select(records.c.owner).where(records.c.owner.not_in(known)).distinct()).scalars())


def held_objects(connection: Connection) -> list[Held]:
    """Every object that the rows name, with the hash kept from sealing; a file that two rows name counts once."""
    found = {row.file: Held(row.file, row.size, row.hash) for row in every_row(connection)}
    return list(found.values())
