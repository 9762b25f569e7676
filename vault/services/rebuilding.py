"""The main folder of an instance is gone: made again from a folder of backups and a replica of the keys, on other disks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from vault.config import SECRET_FILE, SETTINGS_FILE, Settings, load
from vault.errors import Damaged, Refused
from vault.services import audit
from vault.services.audit import Event, Fact
from vault.services.drilling import Progress, quiet, take_apart
from vault.services.instance import Instance
from vault.services.restoring import COMMAND, chosen
from vault.storage import durable, journal
from vault.storage.backups import DATABASE, BackupFolder, link_or_copy, sync_disk
from vault.storage.database import transaction
from vault.storage.manifest import Manifest
from vault.storage.objects import ObjectFiles

# Stands in the folder until all of it is there: the command run again goes on with what a killed one has left.
MARK = "rebuilding"
# The folders of other disks may be mounted there already.
MOUNTED = frozenset({"keys", "backups"})


def rebuild(folder: Path, backups: Path, at: str, keys: Path | None = None, progress: Progress = quiet) -> Settings:
    """Make an instance in an empty `folder` from the newest backup not later than `at`, and bring its keys together.

    `keys` is a replica of the keys that is left, where the settings do not name it. What is still to do is `finish`'s.
    Raises Refused("rebuild-not-empty", "backup-none", "backup-damaged", "restore-at-unreadable").
    """
    if not _is_free(folder):
        raise Refused("rebuild-not-empty", folder=folder)
    source = BackupFolder(backups)
    with source.alone(), source.scratch() as scratch:
        name = chosen(source, at)
        held = _tried(source, name, scratch, progress)
        place = source.path_of(name)
        durable.make_folder(folder)
        durable.write_whole(folder / MARK, b"")
        for part in ("data", "objects"):
            durable.make_folder(folder / part)
        _bring_objects(source, held, ObjectFiles(folder / "objects"), progress)
        _put_database(place / DATABASE, folder / "data" / DATABASE)
        durable.write_whole(folder / SECRET_FILE, (place / SECRET_FILE).read_bytes())
        durable.write_whole(folder / SETTINGS_FILE, (place / SETTINGS_FILE).read_bytes())
    settings = load(folder)
    _bring_keys(settings, keys)
    return settings


def _is_free(folder: Path) -> bool:
    if not folder.exists() or (folder / MARK).exists():
        return True
    return all(path.name in MOUNTED or path.name.startswith(f".{MARK}.") for path in folder.iterdir())


def _tried(source: BackupFolder, name: str, scratch: Path, progress: Progress) -> Manifest:
    try:
        office = source.manifest_of(name).office
    except Damaged as error:
        raise Refused("backup-damaged", name=name, number=1, file="manifest") from error
    found = take_apart(source, name, office, scratch, progress)
    if not found.usable:
        raise Refused("backup-damaged", name=name, number=len(found.faults), file=found.faults[0].file)
    return source.manifest_of(name)


def _bring_objects(source: BackupFolder, held: Manifest, target: ObjectFiles, progress: Progress) -> None:
    of = len(held.names())
    with durable.writing_to(target.folder):
        for number, each in enumerate(held.held(), 1):
            progress("objects", number, of)
            path = target.path_of(each.file)
            if each.file in held.missing or path.exists():
                continue
            durable.make_folder(path.parent)
            copy = path.with_name(f".{path.name}.{os.getpid()}.part")
            if link_or_copy(source.store.path_of(each.file), path, copy) == "copied":
                os.replace(copy, path)
        sync_disk(target.folder)


def _put_database(source: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    with durable.writing_to(target.parent):
        shutil.copyfile(source, part)
        part.chmod(0o600)
        sync_disk(target.parent)
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        os.replace(part, target)
        durable.sync_folder(target.parent)


def _bring_keys(settings: Settings, keys: Path | None) -> None:
    """Keystore and shred key, byte for byte, from where they are left onto every replica that lacks them.

    The same bytes: the journal has noted the hash of the sealed keystore.
    """
    left = [place for place in ([keys] if keys is not None else []) + list(settings.replicas) if place.is_dir()]
    for replica in settings.replicas:
        durable.make_folder(replica)
        for path in [path for place in left for path in [*place.glob("shred.*"), *place.glob("keystore.*")]]:
            if not (replica / path.name).exists():
                durable.write_whole(replica / path.name, path.read_bytes())


def finish(instance: Instance) -> None:
    """Bring the keys together and tell the journal; raises Refused("rebuild-no-keys") as long as there are none."""
    if instance.has_begun():
        if instance.files.newest() is None:
            raise Refused("rebuild-no-keys", folder=instance.settings.replicas[-1])
        instance.files.finish()
    with transaction(instance.engine) as connection:
        last = audit.write(instance, connection, COMMAND, Fact(Event.RESTORED))
    journal.remember_head(instance.settings.replicas[0], last)
    durable.remove(instance.settings.folder / MARK)
