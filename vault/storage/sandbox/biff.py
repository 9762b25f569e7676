"""What the library for Excel's older files does not tell: passwords, hidden rows, how numbers are shown.

Runs in the child only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from vault.storage.sandbox.cell_texts import Show, number, shown_by
from vault.storage.sandbox.ole import Container
from vault.storage.sandbox.table_frames import COLUMNS, ROWS, refusal

_BEGIN, _BOUND, _LOCK, _FORMAT, _STYLE, _ROW, _SINCE = 0x809, 0x85, 0x2F, 0x41E, 0xE0, 0x208, 0x22
_AREA, _SHORTS = 0x200, 0xBD
# Cells that hold something: several numbers, formulas, numbers, texts of three sorts, truth values.
_VALUES = frozenset({_SHORTS, 0x06, 0x203, 0x27E, 0xFD, 0xD6, 0x204, 0x205})
_LAST_ROW, _LAST_COLUMN = 65_536, 256
_HIDDEN = 0x20
_FORMATS = 5_000


class Marks(NamedTuple):
    """Of one sheet: its hidden rows, and the style of each cell that holds something."""

    hidden: list[int]
    styles: dict[tuple[int, int], int]

    def show(self, row: int, column: int, shows: list[Show]) -> Show:
        """How the number of a cell is shown."""
        style = self.styles.get((row, column), -1)
        return shows[style] if 0 <= style < len(shows) else number


class Told(NamedTuple):
    """`sheets` in the order of their tabs; `shows` by style."""

    locked: bool
    sheets: list[Marks]
    shows: list[Show]


def told(data: bytes) -> Told:
    """Raise Refused for what is no workbook, or claims more than one may: the library would reserve the memory for it."""
    try:
        stream = Container(data).stream("Workbook", "Book")
        if stream[:2] != struct.pack("<H", _BEGIN):
            raise refusal("spreadsheet-unreadable")
        return _walked(stream)
    except (ValueError, IndexError, struct.error):
        raise refusal("spreadsheet-unreadable") from None


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + 4 <= len(stream):
        sort, length = struct.unpack_from("<HH", stream, at)
        yield at, sort, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _walked(stream: bytes) -> Told:
    """Records of the book come first; each sheet begins where the book said."""
    places: list[int] = []
    found: dict[int, Marks] = {}
    codes: dict[int, str] = {}
    styles: list[int] = []
    locked = since_1904 = False
    marks: Marks | None = None
    for at, sort, body in _records(stream):
        if sort == _BEGIN:
            marks = found.setdefault(at, Marks([], {})) if at else None
        elif marks is not None:
            _mark(marks, sort, body)
        elif sort == _BOUND and body[5] == 0:
            places.append(struct.unpack_from("<I", body)[0])
        elif sort == _FORMAT and len(codes) < _FORMATS:
            codes[struct.unpack_from("<H", body)[0]] = _code(body)
        elif sort == _STYLE and len(styles) < _FORMATS:
            styles.append(struct.unpack_from("<H", body, 2)[0])
        locked = locked or sort == _LOCK
        since_1904 = since_1904 or (sort == _SINCE and body[:1] == b"\1")
    made = {each: shown_by(each, codes.get(each, ""), since_1904) for each in set(styles)}
    return Told(locked, [found.get(place, Marks([], {})) for place in places], [made[each] for each in styles])


def _code(body: bytes) -> str:
    length, wide = struct.unpack_from("<HB", body, 2)
    return body[5:].decode("utf-16-le" if wide & 1 else "latin-1", "replace")[: min(length, 300)]


def _mark(marks: Marks, sort: int, body: bytes) -> None:
    if sort in _VALUES:
        row, column, style = struct.unpack_from("<HHH", body)
        _place(row, column if sort != _SHORTS else column + (len(body) - 6) // 6 - 1)
        marks.styles[row, column] = style
    if sort == _SHORTS:
        for n in range((len(body) - 6) // 6):
            marks.styles[row, column + n] = struct.unpack_from("<H", body, 4 + 6 * n)[0]
    elif sort == _ROW and struct.unpack_from("<I", body, 12)[0] & _HIDDEN:
        marks.hidden.append(struct.unpack_from("<H", body)[0])
    elif sort == _AREA and len(body) >= 14:
        rows, columns = struct.unpack_from("<4xI2xH", body)
        if rows > _LAST_ROW or columns > _LAST_COLUMN:
            raise refusal("spreadsheet-unreadable")


def _place(row: int, column: int) -> None:
    """The library lays out the whole area up to the last cell: so far away there may be none."""
    if row >= ROWS:
        raise refusal("spreadsheet-too-many-rows")
    if column >= COLUMNS:
        raise refusal("spreadsheet-too-many-columns")
