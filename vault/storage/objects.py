"""Sealed objects: large things, each a file of its own whose name says nothing. Written once, never changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select

from vault.errors import Damaged, NotFound, Unwritable
from vault.storage.durable import make_folder, remove, sync_folder, writing_to
from vault.storage.schema import objects

PIECE = 1024 * 1024
_NAME = 32  # hex digits


@dataclass(frozen=True)
class ObjectRow:
    """What the database knows of an object: whose it is, the name, sealed size in bytes and SHA-256 of its file."""

    id: bytes
    owner: bytes
    folder: bytes
    file: bytes
    size: int
    hash: bytes
    created: int


class ObjectFiles:
    """The folder of objects: `ab/ab12…`, so that no folder holds too many."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, name: bytes) -> Path:
        """Where an object lies."""
        return self.folder / name.hex()[:2] / name.hex()

    def put(self, name: bytes, pieces: Iterable[bytes]) -> tuple[int, bytes]:
        """Write an object, whole or not at all: (size in bytes, SHA-256). Durable when it returns."""
        path = self.path_of(name)
        make_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            size, digest = _written(temporary, pieces)
            os.replace(temporary, path)
            sync_folder(path.parent)
            sync_folder(self.folder)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise Unwritable("unwritable", place=path.parent) from error
        return size, digest

    def read(self, name: bytes) -> Iterator[bytes]:
        """An object's bytes, a piece at a time; raises Damaged when it is not there."""
        try:
            with self.path_of(name).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except OSError as error:
            raise Damaged("object-missing", object=name.hex()) from error

    def remove(self, name: bytes) -> None:
        """Unlink an object; nothing to do when it is gone already."""
        if self.path_of(name).parent.is_dir():
            remove(self.path_of(name))

    def names(self) -> Iterator[bytes]:
        """The names of all objects that lie there."""
        for shelf in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(shelf.iterdir()):
                if len(path.name) == _NAME and not path.name.startswith("."):
                    yield bytes.fromhex(path.name)

    def sweep(self, known: set[bytes], before: float) -> int:
        """Remove what no row knows and was written before a moment (seconds): a kill between file and row."""
        swept = 0
        for path in [p for shelf in self.folder.glob("[0-9a-f][0-9a-f]") for p in shelf.iterdir()]:
            stranger = path.name.startswith(".") or bytes.fromhex(path.name) not in known
            with writing_to(path.parent):
                if stranger and path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
        return swept


def _written(path: Path, pieces: Iterable[bytes]) -> tuple[int, bytes]:
    size, digest = 0, hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            view = memoryview(piece)
            while view:
                view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    return size, digest.digest()


# --- rows


def add_row(connection: Connection, row: ObjectRow) -> None:
    """Note an object whose file is durable."""
    connection.execute(insert(objects).values(**vars(row)))


def row_of(connection: Connection, name: bytes) -> ObjectRow:
    """An object's row; raises NotFound."""
    found = connection.execute(select(objects).where(objects.c.id == name)).fetchone()
    if found is None:
        raise NotFound("not-found")
    return ObjectRow(*found)


def rows_of(connection: Connection, owner: bytes) -> list[ObjectRow]:
    """An owner's objects, the oldest first."""
    query = select(objects).where(objects.c.owner == owner).order_by(objects.c.created, objects.c.id)
    return [ObjectRow(*found) for found in connection.execute(query)]


def every_row(connection: Connection) -> Iterator[ObjectRow]:
    """All of them, by name."""
    for found in connection.execute(select(objects).order_by(objects.c.id)):
        yield ObjectRow(*found)


def drop_files(connection: Connection, files: Iterable[bytes]) -> None:
    """Forget objects by the names of their files, which go when that has committed."""
    for file in files:
        connection.execute(delete(objects).where(objects.c.file == file))


def largest(connection: Connection, most: int) -> list[tuple[bytes, int, int]]:
    """(owner, how many objects, their bytes on disk) of those with the most bytes, the largest first."""
    taken = func.sum(objects.c.size)
    query = select(objects.c.owner, func.count(), taken).group_by(objects.c.owner)
    found = connection.execute(query.order_by(taken.desc(), objects.c.owner).limit(most))
    return [(owner, int(count), int(size)) for owner, count, size in found]


def owner_count(connection: Connection) -> int:
    """How many owners have any."""
    return int(connection.execute(select(func.count(objects.c.owner.distinct()))).scalar_one())


def totals(connection: Connection) -> tuple[int, int]:
    """(how many objects, their bytes on disk)."""
    found = connection.execute(select(func.count(), func.coalesce(func.sum(objects.c.size), 0)).select_from(objects))
    count, size = found.one()
    return int(count), int(size)
