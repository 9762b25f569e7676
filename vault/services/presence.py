"""Whether a server stands on an instance: a lock on its folder, shared by all that serve, alone for who ends or moves it.

A server hides its memory from others of its own user, and with it which files it has open: what the kernel shows of
processes is not enough to know that nobody is there. The lock goes with the last process, however that dies.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vault.errors import NotReady, Refused
from vault.services import ending_notes
from vault.storage.durable import take_lock, writing_to

# A server that was stopped a moment ago has workers that end after what they are doing.
WAIT_SECONDS = 5.0


def _open(folder: Path) -> int:
    with writing_to(folder):
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def stand_on(folder: Path) -> int:
    """For whoever serves, for as long as he and his children live, across an exec; returns the handle.

    Raises NotReady while the instance is being ended or moved.
    """
    handle = _open(folder)
    if not take_lock(handle, exclusive=False, seconds=0) or (folder / ending_notes.STATE_FILE).exists():
        os.close(handle)
        raise NotReady("ending-begun", folder=folder)
    os.set_inheritable(handle, True)
    return handle


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While nobody serves and nobody can begin to; raises Refused("ending-running")."""
    handle = _open(folder)
    try:
        if not take_lock(handle, exclusive=True, seconds=WAIT_SECONDS):
            raise Refused("ending-running", processes="kura serve")
        yield
    finally:
        os.close(handle)
