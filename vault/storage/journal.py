"""The journal's rows: a chain of hashes, one entry after the other, written with what it tells of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, select

from vault.storage.prepared import Prepared
from vault.storage.schema import journal, journal_keys

NO_HASH = bytes(32)
HEAD_FILE = "head"


@dataclass(frozen=True)
class Columns:
    """What an entry is found by, taken out of its clear part: `at` in milliseconds, ids None where there is none."""

    at: int | None = None
    event: str | None = None
    person: bytes | None = None
    subject: bytes | None = None
    noted: bytes | None = None


@dataclass(frozen=True)
class Entry:
    """One journal entry as it lies there; `before` is the hash of the entry it follows, zeros for the first."""

    position: int
    clear: bytes
    key: bytes | None
    sealed: bytes | None
    hash: bytes
    columns: Columns
    before: bytes


def entry_hash(previous: bytes, position: int, clear: bytes, key: bytes | None, sealed: bytes | None) -> bytes:
    """SHA-256 over the previous hash, the position and both parts, each with its length."""
    digest = hashlib.sha256(b"kura journal" + previous + position.to_bytes(8, "big"))
    for part in (clear, key or b"", sealed or b""):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


_HEAD = Prepared(select(journal.c.position, journal.c.hash).order_by(journal.c.position.desc()).limit(1))
_before = journal.alias("before")
COLUMNS = (
    journal.c.position, journal.c.clear, journal.c.key, journal.c.sealed, journal.c.hash,
    journal.c.at, journal.c.event, journal.c.person, journal.c.subject, journal.c.noted,
    func.coalesce(_before.c.hash, NO_HASH),
)  # fmt: skip
_ENTRY = select(*COLUMNS).outerjoin(_before, _before.c.position == journal.c.position - 1)
_AT = Prepared(_ENTRY.where(journal.c.position == bindparam("at")))
_HASH_AT = Prepared(select(journal.c.hash).where(journal.c.position == bindparam("at")))
_NOTE_OF = Prepared(_ENTRY.where(journal.c.noted == bindparam("owner")).order_by(journal.c.position.desc()).limit(1))
_APPEND = Prepared(insert(journal))


def head(connection: Connection) -> tuple[int, bytes]:
    """(position, hash) of the last entry; (0, zeros) before the first."""
    found = _HEAD.run(connection, {}).fetchone()
    return (found[0], bytes(found[1])) if found else (0, NO_HASH)


def append(
    connection: Connection, last: tuple[int, bytes], clear: bytes, key: bytes | None, sealed: bytes | None,
    columns: Columns,
) -> tuple[int, bytes]:  # fmt: skip
    """Write the entry after `last`, inside the caller's transaction; returns the new head."""
    position = last[0] + 1
    chained = entry_hash(last[1], position, clear, key, sealed)
    row = {"position": position, "clear": clear, "key": key, "sealed": sealed, "hash": chained}
    _APPEND.run(connection, {**row, **vars(columns)})
    return position, chained


def read_entry(found: Sequence[Any]) -> Entry:
    """An entry out of the columns that `COLUMNS` names."""
    position, clear, key, sealed, hashed, *columns, before = found
    return Entry(position, clear, key, sealed, hashed, Columns(*columns), before)


def at(connection: Connection, position: int) -> Entry | None:
    """The entry at a position."""
    if not 0 < position < 2**63:
        return None
    found = _AT.run(connection, {"at": position}).fetchone()
    return read_entry(found) if found else None


def fits(connection: Connection, noted: tuple[int, bytes]) -> bool:
    """Whether the journal has an entry of this (position, hash); (0, anything) fits always."""
    position, hashed = noted
    if not position:
        return True
    if position >= 2**63:  # no journal has it, and SQLite has no such number
        return False
    found = _HASH_AT.run(connection, {"at": position}).fetchone()
    return found is not None and bytes(found[0]) == hashed


def last_note_of(connection: Connection, owner: bytes) -> Entry | None:
    """The newest entry that notes this owner's contents list."""
    found = _NOTE_OF.run(connection, {"owner": owner}).fetchone()
    return read_entry(found) if found else None


def with_note(statement: Select[Any], owner: ColumnElement[Any]) -> Select[Any]:
    """A statement that has `COLUMNS`, each row of it beside the newest entry that notes `owner`'s contents list."""
    other = journal.alias("other")
    newest_note = select(func.max(other.c.position)).where(other.c.noted == owner).scalar_subquery()
    noted = statement.outerjoin(journal, journal.c.position == newest_note)
    return noted.outerjoin(_before, _before.c.position == journal.c.position - 1)


def newest(connection: Connection, limit: int) -> list[Entry]:
    """The newest entries, newest first."""
    return [read_entry(found) for found in connection.execute(_ENTRY.order_by(journal.c.position.desc()).limit(limit))]


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for: all that is given must fit. Times in milliseconds, `until` not included."""

    since: int | None = None
    until: int | None = None
    person: bytes | None = None
    subject: bytes | None = None
    events: tuple[str, ...] = ()
    before: int | None = None  # position


def found(connection: Connection, wanted: Wanted, limit: int) -> list[Entry]:
    """The entries looked for, newest first, at most `limit`."""
    query, c = _ENTRY, journal.c
    bounds: list[tuple[object, Callable[[Any], ColumnElement[bool]]]] = [
        (wanted.since, c.at.__ge__),
        (wanted.until, c.at.__lt__),
        (wanted.person, c.person.__eq__),
        (wanted.subject, c.subject.__eq__),
        (wanted.events or None, c.event.in_),
        (wanted.before, c.position.__lt__),
    ]
    for given, bound in bounds:
        if given is not None:
            query = query.where(bound(given))
    return [read_entry(row) for row in connection.execute(query.order_by(journal.c.position.desc()).limit(limit))]


def add_key(connection: Connection, key: bytes, day: int, sealed: bytes) -> None:
    """A journal key, sealed to the audit key."""
    connection.execute(insert(journal_keys).values(id=key, day=day, sealed=sealed))


def drop_keys_before(connection: Connection, day: int) -> int:
    """Forget the journal keys of days before `day` (20261121): what they sealed is told no longer. Returns how many."""
    return connection.execute(delete(journal_keys).where(journal_keys.c.day < day)).rowcount


def sealed_keys(connection: Connection) -> dict[bytes, tuple[int, bytes]]:
    """Every sealed journal key by id, with its day."""
    query = select(journal_keys.c.id, journal_keys.c.day, journal_keys.c.sealed)
    return {bytes(i): (day, bytes(sealed)) for i, day, sealed in connection.execute(query)}


def remember_head(folder: Path, last: tuple[int, bytes]) -> None:
    """Note the head outside the database, so that a database put back alone is noticed.

    Not synced: after a power cut the note may be older than the journal, which is no alarm, but never newer.
    """
    with suppress(OSError):  # the entry itself is durable; an older note is no alarm
        handle = os.open(folder / HEAD_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(handle, last[0].to_bytes(8, "big") + last[1], 0)
        finally:
            os.close(handle)


def put_back(connection: Connection, folder: Path, last: tuple[int, bytes]) -> tuple[int, bytes] | None:
    """The head noted outside, if the journal, whose head is `last`, is not the one it was noted of.

    Then somebody put the database back.
    """
    noted = remembered_head(folder)
    while noted is not None and noted != last and not fits(connection, noted):
        again = remembered_head(folder)
        if again == noted:
            return noted
        noted = again  # read while another worker was writing it
    return None


def remembered_head(folder: Path) -> tuple[int, bytes] | None:
    """The head noted outside the database, if there is a whole one."""
    try:
        handle = os.open(folder / HEAD_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        raw = os.read(handle, 41)
    finally:
        os.close(handle)
    return (int.from_bytes(raw[:8], "big"), raw[8:]) if len(raw) == 40 else None
