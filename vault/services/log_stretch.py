"""A stretch of the journal from beginning to end: every entry with its marks, checked on the way."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from vault.domain.unusual import CLIENTS_SPAN, Watch
from vault.services.instance import Instance
from vault.services.log_walk import (
    AT_ONCE,
    CLOCK_SLIP,
    WINDOW_MOST,
    Marks,
    firsts_of,
    genuine,
    position_at,
    seen,
)
from vault.storage import journal
from vault.storage.database import transaction
from vault.storage.journal import Entry, Wanted


class Stretch:
    """Every entry from a time to another (milliseconds), in the order of writing, a few thousand in memory at a time;
    entries around it are checked too, for the clock may have been wrong.

    `broken`, once all were read: the first position where an entry is missing or not the one that was written; 0: none.
    """

    def __init__(self, instance: Instance, since: int, until: int) -> None:
        self._instance, self._since, self._until = instance, since, until
        with transaction(instance.engine) as connection:
            self._watch = Watch(firsts_of(connection))
            self._low = position_at(connection, since - CLOCK_SLIP)
            self._end = position_at(connection, until + CLOCK_SLIP)
            # The entries of the hour before are read for the marks of the first ones.
            hour_before = position_at(connection, since - CLOCK_SLIP - CLIENTS_SPAN)
        self._start = max(hour_before, self._low - WINDOW_MOST)
        self.broken = 0

    def __iter__(self) -> Iterator[tuple[Entry, Marks]]:
        expected = self._low
        for entry in self._entries():
            marks = self._watch.look(seen(entry))
            if entry.position < self._low:
                continue
            self._expect(entry.position == expected and genuine(entry), expected)
            expected = entry.position + 1
            if self._since <= (entry.columns.at or 0) < self._until:
                yield entry, marks
        self._expect(expected >= self._end, expected)

    def _entries(self) -> Iterator[Entry]:
        for low in range(self._start, self._end, AT_ONCE):
            with transaction(self._instance.engine) as connection:
                some = journal.found(connection, Wanted(before=min(low + AT_ONCE, self._end)), AT_ONCE)
            yield from sorted((entry for entry in some if entry.position >= low), key=attrgetter("position"))

    def _expect(self, holds: bool, position: int) -> None:
        if not holds and not self.broken:
            self.broken = position
