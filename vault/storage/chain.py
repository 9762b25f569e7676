"""The journal's chain walked from its first entry: where it stops being what was written, and how that looks.

Rows are taken as the driver gives them, whatever somebody has put into them, and none is kept: a journal of
millions of entries is read once, in order. Only where it breaks are all rows read once more, to tell how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from vault.storage.journal import NO_HASH, Columns, entry_hash

# So many entries may be gone in one place for a renumbered journal to be told from an edited one.
_GONE_AT_MOST = 20_000
_QUERY = 'SELECT position, clear, "key", sealed, hash, "at", event, person, subject, noted FROM journal'
_HASH_BYTES = 32


class Kind(StrEnum):
    """What a fault looks like. Whoever rewrites everything that follows, notes included, leaves none."""

    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"  # or put where it does not belong
    CUT = "cut"
    REPLACED = "replaced"  # whole in itself, and not what was noted outside


@dataclass(frozen=True)
class Fault:
    """The first entry that is not right: its position, and what it looks like."""

    position: int
    kind: Kind


@dataclass(frozen=True)
class Walk:
    """What a walk over the chain has found; `last` is the (position, hash) at which it was still right."""

    last: tuple[int, bytes]
    fault: Fault | None


class _Row(NamedTuple):
    position: int
    clear: Any
    key: Any
    sealed: Any
    hash: Any
    columns: tuple[Any, ...]

    def follows(self, before: bytes, position: int) -> bool:
        """Whether this is the entry of this position behind an entry of this hash."""
        if not self.readable or position < 1:
            return False
        return self.hash == entry_hash(before, position, self.clear, self.key, self.sealed)

    @property
    def readable(self) -> bool:
        parts = (self.key or b"", self.sealed or b"", self.clear, self.hash)
        return all(type(part) is bytes for part in parts) and len(self.hash) == _HASH_BYTES


def walk(
    connection: Connection, columns_of: Callable[[bytes], Columns], notes: Iterable[tuple[int, bytes]] = ()
) -> Walk:
    """Walk the chain. `columns_of` says what the columns beside a clear part have to be.

    It may raise whatever it likes for a clear part that is none. `notes` are (position, hash) noted outside, read
    before the transaction began, for the journal only grows.
    """
    noted, last = _noted(notes), (0, NO_HASH)
    before = NO_HASH  # of the entry before the last
    for row in _rows(connection):
        if row.position != last[0] + 1:
            return Walk(last, _gap(row, last[0] + 1))
        if not row.follows(last[1], row.position):
            return Walk(last, _misfit(connection, row, last, before))
        if not noted.get(row.position, {row.hash}) <= {row.hash}:
            return Walk(last, Fault(row.position, Kind.REPLACED))
        if not _columns_right(row, columns_of):
            return Walk(last, Fault(row.position, Kind.EDITED))
        before, last = last[1], (row.position, row.hash)
    if any(position > last[0] for position in noted):
        return Walk(last, Fault(last[0] + 1, Kind.CUT))
    return Walk(last, None)


def count(connection: Connection) -> int:
    """How many entries lie there, right or not."""
    return int(connection.exec_driver_sql("SELECT count(*) FROM journal").scalar_one())


def _noted(notes: Iterable[tuple[int, bytes]]) -> dict[int, set[bytes]]:
    found: dict[int, set[bytes]] = {}
    for position, hashed in notes:
        found.setdefault(position, set()).add(hashed)
    return found


def _rows(connection: Connection, after: int | None = None) -> Iterator[_Row]:
    where = "" if after is None else f" WHERE position > {after:d}"
    for row in connection.exec_driver_sql(f"{_QUERY}{where} ORDER BY position"):
        yield _row(row)


def _row(found: Sequence[Any]) -> _Row:
    position, clear, key, sealed, hashed, *columns = found
    return _Row(position, clear, key, sealed, hashed, tuple(columns))


def _columns_right(row: _Row, columns_of: Callable[[bytes], Columns]) -> bool:
    try:
        told = columns_of(row.clear)
    except Exception:  # noqa: BLE001 - a clear part that is none may fail in any way, and none is right
        return False
    return row.columns == (told.at, told.event, told.person, told.subject, told.noted)


def _gap(row: _Row, expected: int) -> Fault:
    if row.position < expected:  # before the first
        return Fault(row.position, Kind.INSERTED)
    return Fault(expected, Kind.MISSING)


def _misfit(connection: Connection, row: _Row, last: tuple[int, bytes], before: bytes) -> Fault:
    """What became of the first entry that does not fit the one before it."""
    if row.hash != last[1] and row.follows(before, last[0]):
        # This is the entry of the place before, and what stands there was made to fit.
        return Fault(last[0], Kind.INSERTED)
    if _displaced(connection, row, last[1]):
        return Fault(row.position, Kind.INSERTED)
    if _moved_up(connection, row):
        return Fault(row.position, Kind.MISSING)
    return Fault(row.position, Kind.EDITED)


def _displaced(connection: Connection, row: _Row, before: bytes) -> bool:
    """Whether this entry belongs behind another one, or another one belongs here."""
    for other in _rows(connection):
        if other.position != row.position and other.follows(before, row.position):
            return True
        if row.readable and other.readable and row.follows(other.hash, other.position + 1):
            return True
    return False


def _moved_up(connection: Connection, row: _Row) -> bool:
    """Whether this entry and the next were further on: those before them are gone, the rest renumbered."""
    following = list(islice(_rows(connection, row.position), 1))
    if not following or not row.readable:
        return False
    first = following[0].position
    return any(following[0].follows(row.hash, place) for place in range(first + 1, first + _GONE_AT_MOST))
