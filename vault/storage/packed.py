"""Many rows in one run of bytes that is searched as it is: the plaintext of a search segment.

    u32 length ‖ head (codec) ‖ per row: owner 16, record 16, u64 position, 4 × u32 day ‖ per row u32 end of its text
    ‖ per row u32 end of its marks ‖ texts joined ‖ marks joined

Days are counted from 1 January of the year 1, 0 for none. Rows are sorted by the first line of their marks, then by
owner and record. A row without text and marks says that its record is gone.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from struct import Struct
from typing import Any, NamedTuple

from vault.crypto import codec
from vault.errors import Malformed

_FIXED = Struct(">16s16sQIIII")
_PLACE = Struct(">16s16sQ")
_DAYS = Struct(">IIII")
_ID = 16
# From so many hits on in one segment, looking into every further row costs less than finding the next one.
_DENSE = 256
BASE, MERGED, DELTA = 2, 1, 0


class Entry(NamedTuple):
    """One row. `position` is that of the journal at which the record said this."""

    owner: bytes
    record: bytes
    position: int
    days: tuple[int, int, int, int]
    text: bytes
    marks: bytes

    @property
    def place(self) -> tuple[bytes, bytes, bytes]:
        """By what rows are sorted."""
        return self.marks.partition(b"\n")[0], self.owner, self.record


Noted = dict[bytes, int]


@dataclass
class Head:
    """What a segment says of itself. Owners to positions of the journal:

    covered   whose change at just this position its rows tell
    whole     whose rows are all told anew as of this position, whatever others say of earlier ones
    owed      whose rows are still to be made, as of this position at least
    upto      (position, hash): all up to there is told by the segments in `stands`
    stands    of the one checkpoint, which has no rows: the numbers of the segments that stood when it was written
    """

    form: int
    level: int
    upto: tuple[int, bytes] = (0, b"")
    covered: Noted = field(default_factory=dict)
    whole: Noted = field(default_factory=dict)
    owed: Noted = field(default_factory=dict)
    stands: list[int] | None = None

    def encode(self) -> bytes:
        stands = [0, []] if self.stands is None else [1, self.stands]
        told = [list(map(list, noted.items())) for noted in (self.covered, self.whole, self.owed)]
        return codec.encode([self.form, self.level, list(self.upto), *told, stands])


_SHAPE: Any = (int, int, (int, bytes), [(bytes, int)], [(bytes, int)], [(bytes, int)], (int, [int]))


def _head(raw: bytes) -> Head:
    form, level, upto, covered, whole, owed, stands = codec.shaped(codec.decode(raw), _SHAPE)
    stood = stands[1] if stands[0] else None
    return Head(form, level, (upto[0], upto[1]), dict(covered), dict(whole), dict(owed), stood)


def pack(head: Head, entries: Iterable[Entry]) -> bytes:
    """The plaintext of a segment."""
    rows = sorted(entries, key=lambda entry: entry.place)
    told = head.encode()
    return b"".join((
        len(told).to_bytes(4, "big"), told,
        len(rows).to_bytes(4, "big"), *(_FIXED.pack(*row[:3], *row.days) for row in rows),
        _ends(len(row.text) for row in rows), _ends(len(row.marks) for row in rows),
        *(row.text for row in rows), *(row.marks for row in rows),
    ))  # fmt: skip


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
        if self._marks_at + (self._marks[-1] if self.count else 0) != size:
            raise Malformed("malformed", what="segment")

    def _numbers(self, at: int) -> array[int]:
        found = array("I")
        found.frombytes(self._buffer[at : at + 4 * self.count])
        if len(found) != self.count:
            raise Malformed("malformed", what="segment")
        return _turned(found)

    def wipe(self) -> None:
        """Leave nothing of it in memory, as far as this buffer goes."""
        self._buffer[:] = bytes(len(self._buffer))

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

    def place(self, row: int) -> tuple[bytes, bytes, int]:
        """(owner, record, position) of a row."""
        return _PLACE.unpack_from(self._buffer, self._rows + row * _FIXED.size)

    def days(self, row: int) -> tuple[int, int, int, int]:
        """The four days of a row."""
        return _DAYS.unpack_from(self._buffer, self._rows + row * _FIXED.size + _PLACE.size)

    def is_gone(self, row: int) -> bool:
        """Whether a row says that its record is gone."""
        return _start(self._marks, row) == self._marks[row]

    def entry(self, row: int) -> Entry:
        """A row taken out."""
        return Entry(*self.place(row), self.days(row), self.text(row), self.marks(row))

    def entries(self) -> Iterator[Entry]:
        """All rows, taken out."""
        return map(self.entry, range(self.count))

    def has_owner(self, owner: bytes) -> bool:
        """Whether an owner has a row here, or is named in the head."""
        if owner in self.head.covered or owner in self.head.whole or owner in self.head.owed:
            return True
        at, end = self._rows, self._rows + self.count * _FIXED.size
        while (at := self._buffer.find(owner, at, end)) >= 0:
            if (at - self._rows) % _FIXED.size == 0:
                return True
            at += 1
        return False

    # --- finding

    def in_text(self, needle: bytes) -> list[int]:
        """The rows whose text holds a run of bytes."""
        return self._found(needle, self._text_at, self._marks_at, self._texts)

    def in_marks(self, needle: bytes) -> list[int]:
        """The rows whose marks hold a run of bytes."""
        return self._found(needle, self._marks_at, self._size, self._marks)

    def _found(self, needle: bytes, base: int, end: int, ends: Sequence[int]) -> list[int]:
        found: list[int] = []
        find, at = self._buffer.find, base
        while len(found) < _DENSE:
            at = find(needle, at, end)
            if at < 0:
                return found
            row = bisect_right(ends, at - base)
            found.append(row)
            at = base + ends[row]
        rest = range(found[-1] + 1, self.count)
        text = self.text if ends is self._texts else self.marks
        return found + [row for row in rest if needle in text(row)]

    def first_without(self, rows: Sequence[int], holds: Callable[[int], bool]) -> int:
        """How many of some rows, all at the beginning, fulfil something."""
        return bisect_left(rows, True, key=lambda row: not holds(row))


def _start(ends: Sequence[int], row: int) -> int:
    return ends[row - 1] if row else 0
