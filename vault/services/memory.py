"""Memory given back to the machine: a list of all clients needs a lot for a second, and then nothing."""

from __future__ import annotations

import ctypes
import gc
import os
from pathlib import Path

GROWN, CHANGED = 4 * 1024 * 1024, 512 * 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE


def give_back() -> None:
    """Let go of what the allocator keeps at hand for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
    if trim is not None:
        trim(0)


class Tidy:
    """Gives memory back when it has grown, and again when it has changed since: what was in use then may be free now."""

    def __init__(self) -> None:
        self._least = self._last = resident()

    def now(self) -> None:
        """To be called once in a while by a thread that has time."""
        has = resident()
        if has > self._least + GROWN and abs(has - self._last) > CHANGED:
            give_back()
            has = self._last = resident()
        self._least = min(self._least, has)

    def grown(self) -> bool:
        """Whether more is held than at first, for all that was given back."""
        return resident() > self._least + 2 * GROWN
