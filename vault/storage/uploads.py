"""Files on their way in: sealed pieces of an upload, and sealed pages that are held. Never part of a backup.

    <client>/<upload>/order, 1, 2, 3 …     what it is to become, and its pieces as far as they have come
    <client>/<document>/held-4             a page that waits for a number to be blacked out
    <person>/<import>/table-cells          a spreadsheet that is being imported, and what was said of it
    <client>/<record>/typed-<person>       what somebody has typed and not saved yet; of a new client <person>/…
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vault.errors import NotFound, Throttled, Unwritable
from vault.storage.durable import make_folder, remove, sync_folder, take_lock, write_whole, writing_to

ORDER, HELD, TABLES, TYPED = "order", "held-", "table-", "typed-"
DAYS, HELD_DAYS, TABLE_DAYS, TYPED_DAYS = 1, 30, 7, 30  # without anybody touching them
_DAY, _TRIES = 24 * 60 * 60, 20


class UploadFiles:
    """The folder of what is on its way in. Names are ids and numbers; every file is sealed by whoever writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _place(self, client: bytes, upload: bytes) -> Path:
        return self.folder / client.hex() / upload.hex()

    def write(self, client: bytes, upload: bytes, name: str, sealed: bytes) -> None:
        """Write a file, whole or not at all; the same name again takes its place. Raises Unwritable."""
        place = self._place(client, upload)
        if not place.is_dir():
            self._make(place)
        write_whole(place / name, sealed)

    def _make(self, place: Path) -> None:
        """Durable by its name too: a row will say that a page is held here."""
        for folder in (self.folder, place.parent, place):
            make_folder(folder)
            with writing_to(folder):
                sync_folder(folder.parent)

    @contextmanager
    def alone(self, client: bytes, upload: bytes, name: str) -> Iterator[None]:
        """One at a time over all processes at an upload that has this file. Raises NotFound, Throttled, Unwritable."""
        path = self._place(client, upload) / name
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound("not-found") from error
        except OSError as error:
            raise Unwritable("unwritable", place=path.parent) from error
        try:
            if not take_lock(handle, exclusive=True, seconds=0):
                raise Throttled("busy", seconds=30)
            if not path.exists():  # whoever was before has ended it
                raise NotFound("not-found")
            yield
        finally:
            os.close(handle)

    def read(self, client: bytes, upload: bytes, name: str) -> bytes:
        """A file's bytes; raises NotFound."""
        try:
            return (self._place(client, upload) / name).read_bytes()
        except OSError as error:
            raise NotFound("not-found") from error

    def names(self, client: bytes, upload: bytes) -> set[str]:
        """The names of an upload's files; none where there is no such upload."""
        try:
            return {path.name for path in self._place(client, upload).iterdir() if not path.name.startswith(".")}
        except OSError:
            return set()

    def of_client(self, client: bytes) -> Iterator[tuple[bytes, set[str]]]:
        """Every upload and document of a client that has files here, with their names."""
        with suppress(OSError):
            for path in sorted((self.folder / client.hex()).iterdir()):
                with suppress(ValueError):
                    upload = bytes.fromhex(path.name)
                    yield upload, self.names(client, upload)

    def typed_by(self, person: bytes) -> Iterator[tuple[bytes, bytes, float]]:
        """(client or person, record, when in seconds since 1970) of all that a person has typed and not saved."""
        for path in self.folder.glob(f"*/*/{TYPED}{person.hex()}"):
            with suppress(OSError, ValueError):
                yield bytes.fromhex(path.parent.parent.name), bytes.fromhex(path.parent.name), path.stat().st_mtime

    def arriving(self) -> int:
        """Bytes of all pieces that are here; pages that are held do not count."""
        return self._size(held=False)

    def held(self) -> int:
        """Bytes of all pages that are held."""
        return self._size(held=True)

    def _size(self, held: bool) -> int:
        found = 0
        for path in self.folder.glob("*/*/*"):
            with suppress(OSError):
                found += path.stat().st_size if path.name.startswith(HELD) is held else 0
        return found

    def remove(self, client: bytes, upload: bytes, name: str) -> None:
        """Unlink a file; nothing to do when it is gone."""
        place = self._place(client, upload)
        if place.is_dir():
            remove(place / name)
            self._tidy(place)

    def drop(self, client: bytes, upload: bytes) -> None:
        """Remove an upload with all that it has here."""
        place = self._place(client, upload)
        self._rmtree(place)
        with suppress(OSError):  # not empty, or not there
            place.parent.rmdir()

    def drop_client(self, client: bytes) -> None:
        """Remove all that is on its way in for a client."""
        self._rmtree(self.folder / client.hex())

    def _tidy(self, place: Path) -> None:
        with suppress(OSError):  # not empty
            place.rmdir()
            place.parent.rmdir()

    def _rmtree(self, place: Path) -> None:
        for _ in range(_TRIES):  # a piece may be arriving at this very moment
            shutil.rmtree(place, ignore_errors=True)
            if not place.exists():
                return
        raise Unwritable("unwritable", place=place)

    def sweep(self, now: float) -> None:
        """Remove what nobody has touched for so long, `now` in seconds since 1970: given up, or left by a kill."""
        for path in [p for p in self.folder.glob("*/*/*") if p.is_file()]:
            with suppress(OSError, Unwritable):
                if path.stat().st_mtime < now - _days(path.name) * _DAY:
                    path.unlink()
                    self._tidy(path.parent)


def _days(name: str) -> int:
    longer = {HELD: HELD_DAYS, TABLES: TABLE_DAYS, TYPED: TYPED_DAYS}
    return next((days for prefix, days in longer.items() if name.startswith(prefix)), DAYS)
