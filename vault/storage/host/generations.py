"""A small file in two generations: the newest, and the one before it, for who finds that he has spoiled something.

What leaves is overwritten before its name goes, as far as a file system does what it is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vault.errors import Unwritable
from vault.storage import durable

NEWEST, EARLIER = "newest", "earlier"
_GONE = ("gone-a", "gone-b")


class Generations:
    """The two files in a folder of their own (0700, each 0600). Killed anywhere, a newest one stands there, whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest = folder / NEWEST
        self.earlier = folder / EARLIER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One at a time; what one who was killed had begun to take away is taken away. Raises Unwritable("busy")."""
        durable.make_folder(self.folder)
        with durable.locked(self.folder / "lock"):
            self._sweep()
            yield

    def read(self, path: Path) -> bytes | None:
        """One of the two; None where there is none."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unwritable("unwritable", place=path) from error

    def write(self, data: bytes) -> None:
        """A new newest one; the one before becomes the earlier one, and that is gone."""
        with durable.writing_to(self.folder):
            self._rename(self.earlier, _GONE[0])
            with suppress(FileNotFoundError):
                os.link(self.newest, self.earlier)
        durable.write_whole(self.newest, data)
        self._sweep()

    def write_alone(self, data: bytes) -> None:
        """The same for both: nothing that stood in either is left."""
        with durable.writing_to(self.folder):
            self._rename(self.earlier, _GONE[0])
            with suppress(FileNotFoundError):
                os.link(self.newest, self.folder / _GONE[1])
        durable.write_whole(self.newest, data)
        durable.write_whole(self.earlier, data)
        self._sweep()

    def _rename(self, path: Path, name: str) -> None:
        with suppress(FileNotFoundError):
            os.replace(path, self.folder / name)

    def _sweep(self) -> None:
        for path in (*(self.folder / name for name in _GONE), *self.folder.glob(".*.part")):
            if path.exists():
                # Under two names it is one that stays: killed between the link and the new file.
                (durable.destroy if path.stat().st_nlink == 1 else durable.remove)(path)
