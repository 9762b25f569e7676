"""Backups, made without a key while people work; kept by rule; tried after each. What another room calls:

    make(instance)           a backup of this moment, e.g. right after a client was re-keyed
    copy_keystore(instance)  after a change of the keystore's epoch: its newest file into the folder of backups
    drill(instance)          the newest one tried in a scratch folder
    state(instance)          what the office's page and `kura status` tell

Whether the newest opens with today's keys is tried at an administrator's sign-in (backup_trial).
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vault.config import SECRET_FILE, SETTINGS_FILE, VERSION
from vault.crypto.keystore_form import digest
from vault.domain import retention_of_backups as retention
from vault.errors import Damaged, KuraError, Refused, Unwritable
from vault.services import audit, backup_notes, backup_room
from vault.services.audit import Event, Fact
from vault.services.backup_notes import State
from vault.services.drilling import Drill, Progress, quiet
from vault.services.drilling import drill as drill_backup
from vault.services.instance import Instance, Origin
from vault.storage import inventory, journal
from vault.storage.backups import DATABASE, BackupFolder, is_full
from vault.storage.database import reading
from vault.storage.durable import make_folder, remove, write_whole
from vault.storage.manifest import Manifest, packed
from vault.storage.snapshots import copy_into, looking_into, revision_of

KEYSTORES = "keystores"
COMMAND = Origin("", "", "kura backup")


@dataclass(frozen=True)
class Made:
    """A new backup: its name, size in bytes, how many objects were not there to be copied although the rows name them,
    and the names of those that went to make room or by rule."""

    name: str
    size: int
    lost: int
    dropped: tuple[str, ...]


def folder_of(instance: Instance) -> BackupFolder:
    """The instance's folder of backups."""
    return BackupFolder(instance.settings.backups)


def make(
    instance: Instance, progress: Progress = quiet, force: str = "", seconds: float = 0.0, keep: bool = False
) -> Made:
    """A backup of this moment; older ones go by rule. `force` names a folder that would be refused, `seconds` is how
    long to wait for another backup to end, `keep` keeps it from being thinned out.

    Raises Refused("backup-running", "backup-place-removable", "backup-place-other"), and Unwritable, after which every
    backup that was there before is still whole.
    """
    folder = folder_of(instance)
    backup_room.check_place(instance, folder, force)
    with suppress(KuraError, OSError):  # it stays owed, and is no reason to go without a backup
        instance.settle_owed()
    with folder.alone(seconds):
        return make_alone(instance, folder, progress, keep)


def make_alone(instance: Instance, folder: BackupFolder, progress: Progress = quiet, keep: bool = False) -> Made:
    """The same for whoever has the folder to himself already."""
    try:
        return _made(instance, folder, progress, keep)
    except KuraError as error:
        _note_failure(instance, error)
        raise


def _made(instance: Instance, folder: BackupFolder, progress: Progress, keep: bool) -> Made:
    backup_room.mark_place(instance, folder)
    backup_room.drop_suspects(instance, folder)
    dropped = backup_room.thin(instance, folder)
    while True:
        try:
            dropped += backup_room.make_room(instance, folder)
            written = _write(instance, folder, progress)
            break
        except Unwritable as error:
            if not is_full(error):
                raise
            gone = backup_room.drop_oldest(folder)
            if not gone:
                raise backup_room.full(instance, folder) from error
            dropped += gone
    if keep:
        folder.keep(written.name)
    dropped += backup_room.thin(instance, folder)
    backup_room.sweep_strangers(instance)
    made = Made(written.name, written.size(), _lost(instance, written), tuple(dropped))
    _note_success(instance, made)
    return made


# --- writing one


def _write(instance: Instance, folder: BackupFolder, progress: Progress) -> Manifest:
    with reading(instance.engine) as connection:
        early = inventory.held_objects(connection)
    # Before the database too: what is erased between the two is not missed then.
    folder.take_objects(instance.objects, early, lambda n: progress("objects", n, len(early)))
    with folder.making() as making:
        size = instance.settings.database.stat().st_size
        progress("database", 0, size)
        database = copy_into(instance.engine, making / DATABASE, lambda n: progress("database", n, size))
        with looking_into(making / DATABASE) as connection:
            head, counts, schema = journal.head(connection), inventory.counts(connection), revision_of(connection)
            objects = inventory.held_objects(connection)
        missing = folder.take_objects(instance.objects, objects, lambda n: progress("objects", n, len(objects)))
        keystore = _copy_small_files(instance, making)
        progress("files", 0, 1)
        name = retention.name_at(instance.now(), folder.names())
        written = Manifest(
            program=VERSION, schema=schema, office=instance.office, name=name, made=instance.now(), head=head,
            keystore=keystore, files=_hashes(making, database), objects=packed(objects), missing=frozenset(missing), counts=counts,
        )  # fmt: skip
        folder.finish(making, written)
    return written


def _copy_small_files(instance: Instance, making: Path) -> tuple[int, int, bytes]:
    for name in (SETTINGS_FILE, SECRET_FILE):
        write_whole(making / name, (instance.settings.folder / name).read_bytes())
    found = _newest_keystore(instance)
    if found is None:
        return 0, 0, b""
    epoch, generation, sealed = found
    write_whole(making / f"keystore.{epoch}.{generation}", sealed)
    return epoch, generation, digest(sealed)


def _newest_keystore(instance: Instance) -> tuple[int, int, bytes] | None:
    """(epoch, generation, sealed bytes) of the newest keystore, not to be opened; None before the beginning."""
    for _ in range(5):
        place = instance.files.newest()
        if place is None:
            return None
        for replica in instance.files.replicas:
            with suppress(OSError):
                return *place, (replica / f"keystore.{place[0]}.{place[1]}").read_bytes()
    raise Damaged("keystore-missing")


def _hashes(making: Path, database: bytes) -> dict[str, tuple[int, bytes]]:
    """Size and hash of every file; the database, whose hash is known, is not read a second time."""
    return {
        path.name: (path.stat().st_size, database if path.name == DATABASE else hashlib.sha256(path.read_bytes()).digest())
        for path in sorted(making.iterdir())
    }


def _lost(instance: Instance, written: Manifest) -> int:
    """How many objects could not be copied although the office still has them: a file of the vault is gone."""
    if not written.missing:
        return 0
    with reading(instance.engine) as connection:
        return len({each.file for each in inventory.held_objects(connection)} & written.missing)


def copy_keystore(instance: Instance) -> None:
    """Put the newest keystore, sealed as it is, into the folder of backups, where it takes the place of an older one.

    To be called after every change of the keystore's epoch. A folder of backups that is away gets it with the next
    backup: what went is gone without it.
    """
    folder = folder_of(instance)
    if folder.place() is None:
        return
    with suppress(KuraError, OSError):
        found = _newest_keystore(instance)
        if found is not None:
            target = folder.folder / KEYSTORES / f"keystore.{found[0]}.{found[1]}"
            make_folder(target.parent)
            write_whole(target, found[2])
            for path in [p for p in target.parent.iterdir() if p != target]:
                remove(path)


# --- notes


def state(instance: Instance) -> State:
    """What is known of the backups."""
    return backup_notes.state(instance, backup_room.one_disk(instance))


def _note_success(instance: Instance, made: Made) -> None:
    told = {"name": made.name, "at": instance.now(), "size": made.size, "lost": made.lost}
    backup_notes.write(instance, backup_notes.BACKUP, told)
    backup_notes.write(instance, backup_notes.FAILED, {})
    audit.record(instance, COMMAND, Fact(Event.BACKUP_MADE, 409 if made.lost else 200))


def _note_failure(instance: Instance, error: KuraError) -> None:
    with suppress(KuraError):  # the disk that is full may be this one
        backup_notes.write(instance, backup_notes.FAILED, {"at": instance.now(), "code": error.code})
        audit.record(instance, COMMAND, Fact(Event.BACKUP_MADE, 507))


# --- the drill


def drill(instance: Instance, name: str = "", progress: Progress = quiet, seconds: float = 0.0) -> Drill:
    """Try a backup, the newest unless it is named, and note the result; raises Refused("backup-unknown", "backup-none-yet")."""
    folder = folder_of(instance)
    with folder.alone(seconds):
        names = folder.names()
        if name and name not in names:
            raise Refused("backup-unknown", name=name)
        if not names:
            raise Refused("backup-none-yet")
        found = drill_backup(folder, name or names[-1], instance.office, progress)
    told = {"name": found.name, "at": instance.now(), "number": len(found.faults), "rows": found.rows,
            "objects": found.objects, "faults": [[f.kind, f.file] for f in found.faults[: backup_notes.MOST]]}  # fmt: skip
    backup_notes.write(instance, backup_notes.DRILL, told)
    origin = Origin("", "", "kura drill")
    audit.record(instance, origin, Fact(Event.DRILL_DONE, 409 if found.faults else 200))
    return found
