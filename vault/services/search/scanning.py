"""A query held against opened segments: no row of them is taken apart unless it answers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from vault.domain.search import Needles
from vault.domain.search.texts import in_age
from vault.services.search.rows import DAYS
from vault.services.search.state import State
from vault.storage.packed import Packed

MANY = 2000  # rows of which it is noted whose they are
_CLIENT = b"0"  # the first letter of a client's marks


class Found(NamedTuple):
    """A row that answers, by its place among others."""

    order: bytes
    owner: bytes
    record: bytes


@dataclass
class Scan:
    """What a compartment's segments answer: how many rows, how many of them clients, and the first few in order.

    `owners` says whose they are, owner to (rows, clients); None where they are too many to note.
    """

    total: int = 0
    clients: int = 0
    first: list[Found] = field(default_factory=list)
    owners: dict[bytes, tuple[int, int]] | None = field(default_factory=dict)

    def add(self, other: Scan, limit: int) -> None:
        """Another answer to the same query."""
        self.total += other.total
        self.clients += other.clients
        self.first = sorted(self.first + other.first)[:limit]
        if self.owners is not None and other.owners is not None and len(self.owners) < MANY:
            for owner, (rows, clients) in other.owners.items():
                before = self.owners.get(owner, (0, 0))
                self.owners[owner] = (before[0] + rows, before[1] + clients)
        else:
            self.owners = None

    def without(self, owners: Collection[bytes]) -> Scan | None:
        """The same less what belongs to some; None where that cannot be told without searching again."""
        if self.owners is None:
            return None
        gone = [self.owners.get(owner, (0, 0)) for owner in owners]
        first = [found for found in self.first if found.owner not in owners]
        if len(first) < len(self.first) < self.total:
            return None
        left = {owner: counts for owner, counts in self.owners.items() if owner not in owners}
        total, clients = (sum(each[at] for each in gone) for at in (0, 1))
        return Scan(self.total - total, self.clients - clients, first, left)


def scan(state: State, wanted: Needles, limit: int) -> Scan:
    """Search all that a compartment's segments hold; the base is read while it goes on."""
    found = Scan()
    for part in state.bases():
        found.add(_scanned(state, part, wanted, limit, found.owners is not None), limit)
    for part in state.small:
        found.add(_scanned(state, part, wanted, limit, found.owners is not None), limit)
    return found


def _scanned(state: State, part: Packed, wanted: Needles, limit: int, noting: bool) -> Scan:
    rows = answering(part, wanted)
    if state.whole:
        rows = [row for row in rows if part.owner(row) not in state.whole or state.alive(part, row)]
    return told(part, rows, limit, noting)


def told(part: Packed, rows: list[int], limit: int, noting: bool = True) -> Scan:
    """The rows of a segment that answer, counted, the first of them named; `noting` whose they are, if they are few."""
    # Rows lie in order, clients before all others.
    clients = bisect_left(rows, True, key=lambda row: not part.marks(row).startswith(_CLIENT))
    owners: dict[bytes, tuple[int, int]] | None = None
    if noting and len(rows) < MANY:
        owners = {}
        for at, row in enumerate(rows):
            owner = part.owner(row)
            before = owners.get(owner, (0, 0))
            owners[owner] = (before[0] + 1, before[1] + (at < clients))
    return Scan(len(rows), clients, [_place(part, row) for row in rows[:limit]], owners)


def _place(part: Packed, row: int) -> Found:
    owner, record, _ = part.place(row)
    return Found(part.marks(row).partition(b"\n")[0], owner, record)


def answering(part: Packed, wanted: Needles) -> list[int]:
    """The rows of a segment that answer, in order."""
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
