"""The right to run a child: two at a time over all workers of an instance, for each may take a gigabyte."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vault.errors import Throttled
from vault.storage import durable

AT_ONCE = 2
# In seconds. Who waits takes a thread of his worker from everybody: better to be told soon, and to come again.
WAIT = 2.0


@contextmanager
def permit(folder: Path | None, name: str = "redraw") -> Iterator[None]:
    """Hold one of the lock files of a name in `folder`, which the kernel gives back when a worker dies; raises Throttled.

    Without a folder nobody counts.
    """
    if folder is None:
        yield
        return
    handle = _taken(folder, name)
    try:
        yield
    finally:
        os.close(handle)


def _taken(folder: Path, name: str) -> int:
    durable.make_folder(folder)
    until = time.monotonic() + WAIT
    while True:
        for each in range(AT_ONCE):
            handle = durable.open_lock(folder / f"{name}.{each}")
            if durable.take_lock(handle, exclusive=True, seconds=0):
                return handle
            os.close(handle)
        if time.monotonic() >= until:
            raise Throttled("busy", seconds=30)
        time.sleep(0.02)
