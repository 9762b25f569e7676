"""Many rows in one run of bytes that is searched as it is: the plaintext of a search segment.

    u32 length ‖ head (codec) ‖ per row: owner 16, record 16, u64 position, 4 × u32 day ‖ per row u32 end of its text
    ‖ per row u32 end of its marks ‖ texts joined ‖ marks joined ‖ per due u32 sort and day ‖ per due u32 row

Days are counted from 1 January of the year 1, 0 for none. Rows are sorted by the first line of their marks, then by
owner and record. Dues are the days on which something of a row falls due, sorted by their sort (the first 8 bits), then by
the day (the other 24).
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, chain, islice
from struct import Struct
from typing import Any, NamedTuple

from vault.crypto import codec
from vault.errors import Malformed

_FIXED = Struct(">16s16sQIIII")
_PLACE = Struct(">16s16sQ")
_DAYS = Struct(">IIII")
_NOTED = Struct(">16sQ")
_ID = 16
# From so many hits on, where every second row is one, looking into each costs less than finding the next.
_DENSE = 256
_ZEROS = memoryview(bytes(1 << 16))
BASE, MERGED = 1, 0
DAY_BITS = 24


class Entry(NamedTuple):
    """One row. `position` is that of the journal at which the record said this."""

    owner: bytes
    record: bytes
    position: int
    days: tuple[int, int, int, int]
    text: bytes
    marks: bytes
    dues: tuple[int, ...] = ()

    @property
    def place(self) -> tuple[bytes, bytes, bytes]:
        """By what rows are sorted."""
        return self.marks.partition(b"\n")[0], self.owner, self.record


Noted = dict[bytes, int]


@dataclass
class Head:
    """What a segment says of itself.

    level     BASE, or MERGED: what lies over the base
    whole     owner to position of the journal: his rows are all told here as of then, and no earlier one counts
    The one checkpoint, which has no rows:
    upto      (position, hash): all up to there is told
    owed      owner to position: his rows are still to be made, as of then at least
    stands    number to mark of each segment that stood when it was written; the mark tells it from any other of its number
    """

    form: int
    level: int
    upto: tuple[int, bytes] = (0, b"")
    whole: Noted = field(default_factory=dict)
    owed: Noted = field(default_factory=dict)
    stands: dict[int, bytes] | None = None

    def encode(self) -> bytes:
        stands = [0, []] if self.stands is None else [1, [list(each) for each in self.stands.items()]]
        told = [b"".join(_NOTED.pack(*each) for each in noted.items()) for noted in (self.whole, self.owed)]
        return codec.encode([self.form, self.level, list(self.upto), *told, stands])


_SHAPE: Any = (int, int, (int, bytes), bytes, bytes, (int, [(int, bytes)]))


def _head(raw: bytes) -> Head:
    form, level, upto, whole, owed, stands = codec.shaped(codec.decode(raw), _SHAPE)
    if any(len(told) % _NOTED.size for told in (whole, owed)):
        raise Malformed("malformed", what="segment")
    stood = dict(stands[1]) if stands[0] else None
    return Head(form, level, (upto[0], upto[1]), _noted(whole), _noted(owed), stood)


def _noted(told: bytes) -> Noted:
    return dict(_NOTED.iter_unpack(told))


def pack(head: Head, entries: Iterable[Entry]) -> bytes:
    """The plaintext of a segment."""
    rows = sorted(entries, key=lambda entry: entry.place)
    told = head.encode()
    return b"".join((
        len(told).to_bytes(4, "big"), told,
        len(rows).to_bytes(4, "big"), *(_FIXED.pack(*row[:3], *row.days) for row in rows),
        _ends(len(row.text) for row in rows), _ends(len(row.marks) for row in rows),
        *(row.text for row in rows), *(row.marks for row in rows), *_dues(rows),
    ))  # fmt: skip


def _dues(rows: Iterable[Entry]) -> tuple[bytes, bytes]:
    told = sorted((due, at) for at, row in enumerate(rows) for due in row.dues)
    days, places = array("I", (due for due, _ in told)), array("I", (at for _, at in told))
    return _turned(days).tobytes(), _turned(places).tobytes()


def due_key(sort: int, day: int) -> int:
    """A due as it is kept: its sort, and the day counted from 1 January of the year 1."""
    return sort << DAY_BITS | day


def _ends(lengths: Iterable[int]) -> bytes:
    return _turned(array("I", accumulate(lengths))).tobytes()


def _turned(numbers: array[int]) -> array[int]:
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


class Packed:
    """A segment opened for searching; `wipe` when done. `number` is its name among those of its compartment."""

    def __init__(self, number: int, buffer: bytearray, size: int) -> None:
        self.number, self._buffer, self._size = number, buffer, size
        told = 4 + int.from_bytes(buffer[:4], "big")
        self.head = _head(bytes(buffer[4:told]))
        self.count = int.from_bytes(buffer[told : told + 4], "big")
        self._rows = told + 4
        ends = self._rows + self.count * _FIXED.size
        self._texts = self._numbers(ends)
        self._marks = self._numbers(ends + 4 * self.count)
        self._text_at = ends + 8 * self.count
        self._marks_at = self._text_at + (self._texts[-1] if self.count else 0)
        self._dues_at = self._marks_at + (self._marks[-1] if self.count else 0)
        if self._dues_at > size or (size - self._dues_at) % 8:
            raise Malformed("malformed", what="segment")

    def _numbers(self, at: int, count: int | None = None) -> array[int]:
        wanted = self.count if count is None else count
        found = array("I")
        found.frombytes(self._buffer[at : at + 4 * wanted])
        if len(found) != wanted:
            raise Malformed("malformed", what="segment")
        return _turned(found)

    @cached_property
    def _dues(self) -> tuple[array[int], array[int]]:
        """The dues, and the row of each; a search never asks for them."""
        count = (self._size - self._dues_at) // 8
        days, rows = self._numbers(self._dues_at, count), self._numbers(self._dues_at + 4 * count, count)
        if rows and max(rows) >= self.count:
            raise Malformed("malformed", what="segment")
        return days, rows

    @cached_property
    def _dues_of(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for due, row in zip(*self._dues, strict=True):
            found.setdefault(row, []).append(due)
        return found

    def wipe(self) -> None:
        """Leave nothing of it in memory, as far as this buffer goes."""
        whole = memoryview(self._buffer)
        for at in range(0, len(whole), len(_ZEROS)):
            part = whole[at : at + len(_ZEROS)]
            part[:] = _ZEROS[: len(part)]

    def plain(self) -> bytes:
        """The plaintext as it was packed."""
        return bytes(self._buffer[: self._size])

    # --- rows

    def text(self, row: int) -> bytes:
        """The searched text of a row."""
        return bytes(self._buffer[self._text_at + _start(self._texts, row) : self._text_at + self._texts[row]])

    def marks(self, row: int) -> bytes:
        """The marks of a row."""
        return bytes(self._buffer[self._marks_at + _start(self._marks, row) : self._marks_at + self._marks[row]])

    def owner(self, row: int) -> bytes:
        """Whose a row is."""
        at = self._rows + row * _FIXED.size
        return bytes(self._buffer[at : at + _ID])

    def record(self, row: int) -> bytes:
        """Which record a row tells of."""
        at = self._rows + row * _FIXED.size + _ID
        return bytes(self._buffer[at : at + _ID])

    def place(self, row: int) -> tuple[bytes, bytes, int]:
        """(owner, record, position) of a row."""
        return _PLACE.unpack_from(self._buffer, self._rows + row * _FIXED.size)

    def days(self, row: int) -> tuple[int, int, int, int]:
        """The four days of a row."""
        return _DAYS.unpack_from(self._buffer, self._rows + row * _FIXED.size + _PLACE.size)

    def entry(self, row: int) -> Entry:
        """A row taken out."""
        dues = tuple(self._dues_of.get(row, ()))
        return Entry(*self.place(row), self.days(row), self.text(row), self.marks(row), dues)

    def entries(self) -> Iterator[Entry]:
        """All rows, taken out."""
        return map(self.entry, range(self.count))

    def has_owner(self, owner: bytes) -> bool:
        """Whether an owner has a row here, or is named in the head."""
        if owner in self.head.whole or owner in self.head.owed:
            return True
        at, end = self._rows, self._rows + self.count * _FIXED.size
        while (at := self._buffer.find(owner, at, end)) >= 0:
            if (at - self._rows) % _FIXED.size == 0:
                return True
            at += 1
        return False

    # --- finding

    def due(self, sort: int, since: int, until: int) -> tuple[list[int], array[int]]:
        """(days, rows) of what falls due between two days, both included, by the day."""
        days, rows = self._dues
        first, last = bisect_left(days, due_key(sort, since)), bisect_right(days, due_key(sort, until))
        return [day & (1 << DAY_BITS) - 1 for day in days[first:last]], rows[first:last]

    def in_text(self, needle: bytes) -> list[int]:
        """The rows whose text holds a run of bytes."""
        return self._found(needle, self._text_at, self._marks_at, self._texts)

    def in_marks(self, needle: bytes) -> list[int]:
        """The rows whose marks hold a run of bytes."""
        return self._found(needle, self._marks_at, self._dues_at, self._marks)

    def _found(self, needle: bytes, base: int, end: int, ends: Sequence[int]) -> list[int]:
        found: list[int] = []
        find, at, row = self._buffer.find, base, -1
        while len(found) < _DENSE or row > 2 * len(found):
            at = find(needle, at, end)
            if at < 0:
                return found
            row = bisect_right(ends, at - base, row + 1)
            found.append(row)
            at = base + ends[row]
        starts = chain((ends[row],), islice(ends, row + 1, None))
        rest = zip(range(row + 1, self.count), starts, islice(ends, row + 1, None), strict=False)
        return found + [row for row, start, stop in rest if find(needle, base + start, base + stop) >= 0]


def _start(ends: Sequence[int], row: int) -> int:
    return ends[row - 1] if row else 0
