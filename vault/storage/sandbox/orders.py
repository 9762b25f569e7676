"""What the parent tells its child, through a file in memory: a password in the arguments would stand in every `ps`."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from vault.domain.scans import Area
from vault.storage.sandbox.limits import LIMITS, Limits

_HEAD = struct.Struct(">??IddQII")
_AREA = struct.Struct(">IIII")


class Order(NamedTuple):
    """Redraw a file, or paint areas of one page black."""

    limits: Limits = LIMITS
    password: str = ""
    read: bool = False
    blacken: bool = False
    areas: tuple[Area, ...] = ()

    def packed(self) -> bytes:
        """As bytes."""
        password = self.password.encode("utf-8", "replace")
        head = _HEAD.pack(self.read, self.blacken, *self.limits, len(password), len(self.areas))
        return head + password + b"".join(_AREA.pack(*area) for area in self.areas)


def unpacked(data: bytes) -> Order:
    """An order from its bytes, which come from our own parent and are therefore as they should be."""
    read, blacken, pages, page_seconds, seconds, memory, letters, count = _HEAD.unpack_from(data)
    end = _HEAD.size + letters
    password = data[_HEAD.size : end].decode("utf-8")
    return Order(Limits(pages, page_seconds, seconds, memory), password, read, blacken, _areas(data[end:], count))


def _areas(data: bytes, count: int) -> tuple[Area, ...]:
    places: Sequence[tuple[int, ...]] = list(_AREA.iter_unpack(data[: count * _AREA.size]))
    return tuple(Area(*place) for place in places)
