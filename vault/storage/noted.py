"""Contents lists beside what the journal noted of them last, in one statement: for one owner, or for every client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from vault.storage import journal
from vault.storage.journal import Entry
from vault.storage.prepared import Prepared
from vault.storage.records import ContentsRow, Row
from vault.storage.schema import contents, records

_LIST = (contents.c.owner, contents.c.folder, contents.c.version, contents.c.sealed)
_RECORD = (records.c.id, records.c.owner, records.c.folder, records.c.kind, records.c.version, records.c.changed,
           records.c.sealed)  # fmt: skip
_ONE = Prepared(journal.with_note(
    select(*_LIST, *journal.COLUMNS).where(contents.c.owner == bindparam("owner")).select_from(contents),
    contents.c.owner,
))  # fmt: skip
# A client's own record has the client's id.
_EVERY = Prepared(journal.with_note(
    select(*_LIST, *journal.COLUMNS, *_RECORD).select_from(contents).join(records, records.c.id == contents.c.owner),
    contents.c.owner,
))  # fmt: skip
_SINCE = Prepared(
    select(journal.journal.c.position, journal.journal.c.noted)
    .where(journal.journal.c.position > bindparam("since"), journal.journal.c.noted.is_not(None))
    .order_by(journal.journal.c.position)
)
_N, _J = len(_LIST), len(_LIST) + len(journal.COLUMNS)
AT_ONCE = 200


def contents_of(connection: Connection, owner: bytes) -> tuple[ContentsRow, Entry | None] | None:
    """An owner's sealed contents list and the newest entry that notes it; None without a list."""
    found = _ONE.run(connection, {"owner": owner}).fetchone()
    return (ContentsRow(*found[:_N]), _entry(found[_N:_J])) if found else None


def every_client(connection: Connection) -> Iterator[tuple[ContentsRow, Entry | None, Row]]:
    """The same of every owner that has a record of his own id, with that record; a few hundred in memory at a time."""
    cursor = _EVERY.run(connection, {})
    while some := cursor.fetchmany(AT_ONCE):
        yield from (_client(found) for found in some)


def changes_since(connection: Connection, position: int) -> list[tuple[int, bytes]]:
    """(position, owner) of every note of a changed contents list behind a position of the journal."""
    return [(at, bytes(owner)) for at, owner in _SINCE.run(connection, {"since": position}).fetchall()]


def _client(found: Sequence[Any]) -> tuple[ContentsRow, Entry | None, Row]:
    return ContentsRow(*found[:_N]), _entry(found[_N:_J]), Row(*found[_J:])


def _entry(columns: Sequence[Any]) -> Entry | None:
    return journal.read_entry(columns) if columns[0] is not None else None
