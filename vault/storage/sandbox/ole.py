"""The container of Excel's older files: streams by name, in sectors that a table chains together. Runs in the child only."""

from __future__ import annotations

import struct

_HEAD = struct.Struct("<30xHH10xII4xIIIII")
_ENTRY = struct.Struct("<64sHB49xIQ")
_MOST = 0xFFFFFFF0  # from here on a number is no sector but says something
_IN_HEAD, _SMALL, _STREAM, _ROOT, _PIECE = 109, 4096, 2, 5, 64


class Container:
    """Raises ValueError, IndexError or struct.error for what is none. No chain is followed longer than the file is."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        shift, _, _fats, folder, _cutoff, small, _smalls, more, _count = _HEAD.unpack_from(data)
        if shift not in (9, 12):
            raise ValueError("no sector has this size")
        self._size = 1 << shift
        self._sectors = len(data) // self._size + 1
        self._next = self._table(more)
        self._root = 0
        self._streams = dict(self._entries(self._chained(folder)))
        self._small = self._chained(small)

    def stream(self, *names: str) -> bytes:
        """The first of these that is there. Raises ValueError where none is, or only a part of it."""
        found = next((self._streams[name] for name in names if name in self._streams), None)
        if found is None:
            raise ValueError("no such stream")
        first, size = found
        body = (self._chained(first) if size >= _SMALL else self._gathered(first))[:size]
        if len(body) < size:
            raise ValueError("the stream is cut off")
        return body

    def _gathered(self, number: int) -> bytes:
        """A small stream, whose pieces lie in the root's, with a table of their own."""
        within, pieces = self._chained(self._root), b""
        for _ in range(_SMALL // _PIECE):
            if number >= _MOST:
                break
            pieces += within[number * _PIECE : (number + 1) * _PIECE]
            (number,) = struct.unpack_from("<I", self._small, 4 * number)
        return pieces

    def _sector(self, number: int) -> bytes:
        at = (number + 1) * self._size
        return self._data[at : at + self._size]

    def _numbers(self, number: int) -> tuple[int, ...]:
        body = self._sector(number)
        return struct.unpack(f"<{len(body) // 4}I", body[: len(body) // 4 * 4])

    def _table(self, more: int) -> list[int]:
        """For each sector the one after it. The table's own sectors are named in the head, and in a chain behind it."""
        places = list(struct.unpack_from(f"<{_IN_HEAD}I", self._data, 76))
        for _ in range(self._sectors):
            if more >= _MOST:
                break
            *named, more = self._numbers(more)
            places += named
        found: list[int] = []
        for place in places[: self._sectors]:
            if place < _MOST:
                found += self._numbers(place)
        return found

    def _chained(self, first: int) -> bytes:
        pieces, number = [], first
        for _ in range(self._sectors):
            if number >= _MOST:
                break
            pieces.append(self._sector(number))
            number = self._next[number]
        return b"".join(pieces)

    def _entries(self, folder: bytes) -> list[tuple[str, tuple[int, int]]]:
        found = []
        for at in range(0, len(folder) - 127, 128):
            name, length, sort, first, size = _ENTRY.unpack_from(folder, at)
            self._root = first if sort == _ROOT else self._root
            if sort == _STREAM and 2 <= length <= 64:
                found.append((name[: length - 2].decode("utf-16-le", "replace"), (first, size & 0xFFFFFFFF)))
        return found
