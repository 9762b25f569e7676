"""A query held against opened segments: no row of them is taken apart unless it answers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from vault.domain.search import Needles
from vault.domain.search.texts import in_age
from vault.services.search.rows import DAYS
from vault.services.search.state import State
from vault.storage.packed import Packed

_CLIENT = b"0"  # the first letter of a client's marks


class Found(NamedTuple):
    """A row that answers, by its place among others."""

    order: bytes
    owner: bytes
    record: bytes


@dataclass
class Scan:
    """What a compartment's segments answer: how many rows, how many of them clients, and the first few in order."""

    total: int = 0
    clients: int = 0
    first: list[Found] = field(default_factory=list)

    def add(self, other: Scan, limit: int) -> None:
        """Another answer to the same query."""
        self.total += other.total
        self.clients += other.clients
        self.first = sorted(self.first + other.first)[:limit]


def scan(state: State, wanted: Needles, limit: int) -> Scan:
    """Search all that a compartment's segments hold; the base is read while it goes on."""
    found = Scan()
    for part in state.bases():
        found.add(_scanned(state, part, wanted, limit), limit)
    for part in state.small:
        found.add(_scanned(state, part, wanted, limit), limit)
    return found


def _scanned(state: State, part: Packed, wanted: Needles, limit: int) -> Scan:
    rows = _answering(part, wanted)
    if state.whole:
        rows = [row for row in rows if state.alive(part, row)]
    # Rows lie in order, clients before all others.
    clients = bisect_left(rows, True, key=lambda row: not part.marks(row).startswith(_CLIENT))
    return Scan(len(rows), clients, [_place(part, row) for row in rows[:limit]])


def _place(part: Packed, row: int) -> Found:
    owner, record, _ = part.place(row)
    return Found(part.marks(row).partition(b"\n")[0], owner, record)


def _answering(part: Packed, wanted: Needles) -> list[int]:
    rows: list[int] | None = None
    for needle in wanted.texts:
        rows = part.in_text(needle) if rows is None else [row for row in rows if needle in part.text(row)]
    for needle in wanted.marks:
        rows = part.in_marks(needle) if rows is None else [row for row in rows if needle in part.marks(row)]
    if rows is None:
        rows = list(range(part.count))
    for index, since, until in _days(wanted):
        rows = [row for row in rows if since <= part.days(row)[index] <= until]
    if wanted.limits.age_until is not None:
        rows = [row for row in rows if in_age(part.marks(row), wanted.limits)]
    return rows


def _days(wanted: Needles) -> Iterator[tuple[int, int, int]]:
    for name, since, until in wanted.limits.days:
        # No day is 0, and nobody asks for that.
        yield DAYS.index(name), max(since, date.min).toordinal(), until.toordinal()
