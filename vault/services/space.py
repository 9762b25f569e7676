"""How much room scanned papers take, and how much there is: what no row names does not count."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vault.config import MIB
from vault.domain.access import Permission
from vault.domain.capacity import Capacity
from vault.domain.prints import client_number
from vault.errors import NotFound, Refused
from vault.services import backup_notes, capacity
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import DOCUMENT, client_of
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage import objects, records
from vault.storage.database import reading

SHOWN = 50  # clients whose papers take the most
NEARLY_FULL = 90  # per cent


@dataclass(frozen=True)
class Taken:
    """A client's papers: how many, their pages, and bytes on the disk. The name is empty for who cannot know it."""

    client: bytes
    name: str
    documents: int
    pages: int
    size: int

    @property
    def number(self) -> str:
        """What stands for a client without a name."""
        return client_number(self.client.hex())


@dataclass(frozen=True)
class Room:
    """What takes how much, in bytes on the disk.

    pages, taken    of all documents, and `limit` is what they may take at most
    arriving        of files that are on their way in
    clients         who takes the most, of `owners` in all
    database        with what has not been written into it yet
    backup          the newest backup; 0 before the first
    policies        how many the contract is for, and how many there are
    free            left on the disk of the data, `free_backups` on that of the backups
    """

    pages: int
    taken: int
    limit: int
    arriving: int
    clients: list[Taken]
    owners: int
    database: int
    backup: int
    free: int
    free_backups: int
    policies: Capacity = field(default_factory=Capacity)

    @property
    def per_cent(self) -> int:
        return _per_cent(self.taken, self.limit)

    @property
    def nearly_full(self) -> bool:
        return self.per_cent >= NEARLY_FULL


def look(desk: Desk) -> Room:
    """What takes how much. Names of clients are opened for the few that are shown, and only to who may read them."""
    instance = desk.instance
    with desk.act(Event.SPACE_OPENED, Permission.READ_SAFETY) as act:
        pages, taken = objects.totals(act.connection)
        largest = [_taken(act, *found) for found in objects.largest(act.connection, SHOWN)]
        owners, policies = objects.owner_count(act.connection), capacity.of(act)
        act.tell(count=sum(1 for each in largest if each.name))
    database = instance.settings.database
    return Room(
        pages=pages, taken=taken, limit=instance.settings.documents_bytes, arriving=instance.uploads.arriving(),
        clients=largest, owners=owners, database=_size(database) + _size(database.with_name(database.name + "-wal")),
        backup=int(backup_notes.read(instance, backup_notes.BACKUP).get("size", 0)), free=_free(database.parent),
        free_backups=_free(instance.settings.backups), policies=policies,
    )  # fmt: skip


def _taken(act: Act, owner: bytes, pages: int, size: int) -> Taken:
    name = ""
    if act.desk.may(Permission.READ_CLIENTS):
        with suppress(NotFound):  # another compartment's, or in the bin
            name = client_of(act, owner)[1].name
    return Taken(owner, name, records.count_of_kind(act.connection, owner, DOCUMENT), pages, size)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _free(folder: Path) -> int:
    """Bytes left on the disk of a folder, or of the nearest one above it that is there."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(there).free


def used(act: Act) -> int:
    """How much of the room for documents is taken, in per cent."""
    return _per_cent(objects.totals(act.connection)[1], act.desk.instance.settings.documents_bytes)


def _per_cent(taken: int, limit: int) -> int:
    if not limit:
        return 100 if taken else 0
    return taken * 100 // limit


def left(instance: Instance) -> int:
    """Bytes that the office's documents may still take; less than none where the limit was lowered."""
    with reading(instance.engine) as connection:
        return instance.settings.documents_bytes - objects.totals(connection)[1]


def check_file(instance: Instance, size: int) -> None:
    """Raises Refused("upload-too-large") for a file of more bytes than one may have."""
    if size > instance.settings.upload_bytes:
        raise Refused("upload-too-large", most=instance.settings.upload_bytes // MIB, size=-(-size // MIB))


def check_office(act: Act, size: int = 1) -> None:
    """Raises Refused("office-full") when the office's documents have no room left for so many bytes more."""
    if objects.totals(act.connection)[1] + size > act.desk.instance.settings.documents_bytes:
        raise full(act.desk.instance)


def full(instance: Instance) -> Refused:
    """What to say when there is no room left."""
    return Refused("office-full", most=instance.settings.documents_bytes // MIB)
