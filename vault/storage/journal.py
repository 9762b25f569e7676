"""The journal's rows: a chain of hashes, one entry after the other, written with what it tells of."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select

from vault.storage.schema import journal, journal_keys

NO_HASH = bytes(32)
HEAD_FILE = "head"


@dataclass(frozen=True)
class Entry:
    """One journal entry as it lies there."""

    position: int
    clear: bytes
    key: bytes | None
    sealed: bytes | None
    hash: bytes


def entry_hash(previous: bytes, position: int, clear: bytes, key: bytes | None, sealed: bytes | None) -> bytes:
    """SHA-256 over the previous hash, the position and both parts, each with its length."""
    digest = hashlib.sha256(b"kura journal" + previous + position.to_bytes(8, "big"))
    for part in (clear, key or b"", sealed or b""):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


_HEAD = select(journal.c.position, journal.c.hash).order_by(journal.c.position.desc()).limit(1)
_ENTRY = select(journal.c.position, journal.c.clear, journal.c.key, journal.c.sealed, journal.c.hash)


def head(connection: Connection) -> tuple[int, bytes]:
    """(position, hash) of the last entry; (0, zeros) before the first."""
    found = connection.execute(_HEAD).first()
    return (found[0], bytes(found[1])) if found else (0, NO_HASH)


def append(
    connection: Connection, last: tuple[int, bytes], clear: bytes, key: bytes | None, sealed: bytes | None,
    noted: bytes | None,
) -> tuple[int, bytes]:  # fmt: skip
    """Write the entry after `last`, inside the caller's transaction; returns the new head."""
    position = last[0] + 1
    chained = entry_hash(last[1], position, clear, key, sealed)
    connection.execute(
        insert(journal).values(position=position, clear=clear, key=key, sealed=sealed, hash=chained, noted=noted)
    )
    return position, chained


def at(connection: Connection, position: int) -> Entry | None:
    """The entry at a position."""
    found = connection.execute(_ENTRY.where(journal.c.position == position)).first()
    return Entry(*found) if found else None


def last_note_of(connection: Connection, owner: bytes) -> Entry | None:
    """The newest entry that notes this owner's contents list."""
    query = _ENTRY.where(journal.c.noted == owner).order_by(journal.c.position.desc()).limit(1)
    found = connection.execute(query).first()
    return Entry(*found) if found else None


def newest(connection: Connection, limit: int) -> list[Entry]:
    """The newest entries, newest first."""
    return [Entry(*found) for found in connection.execute(_ENTRY.order_by(journal.c.position.desc()).limit(limit))]


def all_entries(connection: Connection) -> list[Entry]:
    """Every entry from the first."""
    return [Entry(*found) for found in connection.execute(_ENTRY.order_by(journal.c.position))]


def add_key(connection: Connection, key: bytes, day: int, sealed: bytes) -> None:
    """A journal key, sealed to the audit key."""
    connection.execute(insert(journal_keys).values(id=key, day=day, sealed=sealed))


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


def remembered_head(folder: Path) -> tuple[int, bytes] | None:
    """The head noted outside the database, if there is a whole one."""
    try:
        raw = (folder / HEAD_FILE).read_bytes()
    except OSError:
        return None
    return (int.from_bytes(raw[:8], "big"), raw[8:]) if len(raw) == 40 else None
