"""Many rows in one run of bytes that is searched as it is: the plaintext of a search segment.

    u32 length ‖ head (codec) ‖ per row: owner 16, record 16, u64 position, 4 × u32 day ‖ per row u32 end of its text
    ‖ per row u32 end of its marks ‖ texts joined ‖ marks joined

Days are counted from 1 January of the year 1, 0 for none. Rows are sorted by the first line of their marks, then by
owner and record.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
    """What a segment says of itself.

    level     BASE, or MERGED: what lies over the base
    whole     owner to position of the journal: his rows are all told here as of then, and no earlier one counts
    The one checkpoint, which has no rows:
    upto      (position, hash): all up to there is told
    owed      owner to position: his rows are still to be made, as of then at least
    stands    the numbers of the segments that stood when it was written
    """

    form: int
    level: int
    upto: tuple[int, bytes] = (0, b"")
    whole: Noted = field(default_factory=dict)
    owed: Noted = field(default_factory=dict)
    stands: list[int] | None = None

    def encode(self) -> bytes:
        stands = [0, []] if self.stands is None else [1, self.stands]
        told = [b"".join(_NOTED.pack(*each) for each in noted.items()) for noted in (self.whole, self.owed)]
        return codec.encode([self.form, self.level, list(self.upto), *told, stands])


_SHAPE: Any = (int, int, (int, bytes), bytes, bytes, (int, [int]))


def _head(raw: bytes) -> Head:
    form, level, upto, whole, owed, stands = codec.shaped(codec.decode(raw), _SHAPE)
    if any(len(told) % _NOTED.size for told in (whole, owed)):
        raise Malformed("malformed", what="segment")
    stood = stands[1] if stands[0] else None
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

    def place(self, row: int) -> tuple[bytes, bytes, int]:
        """(owner, record, position) of a row."""
        return _PLACE.unpack_from(self._buffer, self._rows + row * _FIXED.size)

    def days(self, row: int) -> tuple[int, int, int, int]:
        """The four days of a row."""
        return _DAYS.unpack_from(self._buffer, self._rows + row * _FIXED.size + _PLACE.size)

    def entry(self, row: int) -> Entry:
        """A row taken out."""
        return Entry(*self.place(row), self.days(row), self.text(row), self.marks(row))

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

    def in_text(self, needle: bytes) -> list[int]:
        """The rows whose text holds a run of bytes."""
        return self._found(needle, self._text_at, self._marks_at, self._texts)

    def in_marks(self, needle: bytes) -> list[int]:
        """The rows whose marks hold a run of bytes."""
        return self._found(needle, self._marks_at, self._size, self._marks)

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
