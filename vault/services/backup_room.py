"""Where backups may lie, how long they are kept, and what goes when the disk gets full."""

from __future__ import annotations

import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

from vault.domain import retention_of_backups as retention
from vault.domain.values.moments import DAY, day_of
from vault.errors import Refused, Unwritable
from vault.services import backup_notes
from vault.services.instance import Instance
from vault.storage import inventory, places
from vault.storage.backups import BackupFolder
from vault.storage.database import reading
from vault.storage.manifest import Held
from vault.storage.places import Place

MARGIN = 64 * 1024 * 1024  # bytes that stay free on the disk of the backups

# --- where


def one_disk(instance: Instance) -> bool:
    """Whether the disk that holds the data holds the backups too."""
    return _place(instance.settings.backups).shares_disk(_place(instance.settings.database.parent))


def _place(folder: Path) -> Place:
    return places.place_of(folder)


def check_place(instance: Instance, folder: BackupFolder, force: str = "") -> None:
    """Raises Refused for a folder on something that can be carried away, or that is not the one of the last backup.

    Where the data lies a backup may lie too, whatever that is.
    """
    if force and Path(force) == folder.folder:
        return
    place, data = _place(folder.folder), _place(instance.settings.database.parent)
    if place.device != data.device and (place.removable or place.foreign):
        raise Refused("backup-place-removable", folder=folder.folder)
    marked, there = backup_notes.read_place(instance), folder.place()
    ours = there is None or there.startswith(instance.office)
    if not ours or (marked is not None and there != marked):
        raise Refused("backup-place-other", folder=folder.folder)


def mark_place(instance: Instance, folder: BackupFolder) -> None:
    """Let the folder and the database know of each other."""
    mark = folder.place()
    if mark is None or not mark.startswith(instance.office):
        mark = instance.office + secrets.token_bytes(16)
        folder.mark_place(mark)
    backup_notes.write_place(instance, mark)


# --- room and age


def drop_suspects(instance: Instance, folder: BackupFolder) -> None:
    """What the last drill found changed is taken anew from where it was sealed."""
    held = backup_notes.read(instance, backup_notes.DRILL)
    suspects = [bytes.fromhex(file) for kind, file in held.get("faults", []) if kind == "object-changed"]
    folder.drop_objects([file for file in suspects if instance.objects.path_of(file).exists()])


def thin(instance: Instance, folder: BackupFolder) -> list[str]:
    """Drop what the rule does not keep, and the objects that nobody names any more."""
    names = folder.names()
    today = day_of(instance.now())
    days = [(name, retention.day_of(name)) for name in names]
    kept = retention.kept(days, today, instance.settings.keep_days) | folder.kept()
    gone = [name for name in names if name not in kept]
    for name in gone:
        folder.drop(name)
    folder.sweep()
    return gone


def sweep_strangers(instance: Instance) -> None:
    """Objects that no row knows, a day after they were written: what a killed save or a restore has left. And uploads
    that nobody has gone on with."""
    with reading(instance.engine) as connection:
        known = {each.file for each in inventory.held_objects(connection)}
    with suppress(ValueError):  # a name that is none of ours is nobody's to remove
        instance.objects.sweep(known, time.time() - DAY)
    instance.uploads.sweep(time.time())


def drop_oldest(folder: BackupFolder) -> list[str]:
    """Drop the oldest backup to make room; never the newest, nor one that is kept."""
    for name in folder.names()[:-1]:
        if name not in folder.kept():
            folder.drop(name)
            folder.sweep()
            return [name]
    return []


def make_room(instance: Instance, folder: BackupFolder) -> list[str]:
    """Drop the oldest until a backup fits; raises Unwritable("backup-disk-full") when none is left to go."""
    gone: list[str] = []
    while shutil.disk_usage(folder.folder).free < _needed(instance, folder):
        dropped = drop_oldest(folder)
        if not dropped:
            raise full(instance, folder)
        gone += dropped
    return gone


def full(instance: Instance, folder: BackupFolder) -> Unwritable:
    """That no backup fits any more, with the megabytes that have to be free for one."""
    megabytes = -(-_needed(instance, folder) // 1_000_000)
    return Unwritable("backup-disk-full", place=folder.folder, megabytes=f"{megabytes:,}")


def _needed(instance: Instance, folder: BackupFolder) -> int:
    """Bytes that have to be free for another backup: what it takes at most, and what stays free."""
    size = instance.settings.database.stat().st_size + MARGIN
    if _place(folder.folder).device == _place(instance.settings.folder).device:
        return size  # objects are linked
    with reading(instance.engine) as connection:
        new: list[Held] = [each for each in inventory.held_objects(connection) if not folder.has(each)]
    return size + sum(each.size for each in new)
