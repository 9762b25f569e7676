"""What there is before everything goes: keys by their names, counts, and the places that hold something of the office."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from vault.crypto.directory import decode
from vault.crypto.envelope import key_id
from vault.crypto.keystore_form import shred_key_of
from vault.errors import KuraError
from vault.services import backup_notes
from vault.services.ending_notes import EXPECTED, Ending
from vault.services.instance import Instance
from vault.storage import journal, wiping
from vault.storage.backups import BackupFolder
from vault.storage.database import reading


def survey(instance: Instance, target: Path, why: str, day: str, receipt: str) -> Ending:
    """The ending as it begins. `target` is where the certificate goes, `day` what the office asked for."""
    settings = instance.settings
    return Ending(
        office=settings.office.hex(), operator=settings.operator_public.hex(), backups=str(settings.backups),
        replicas=tuple(map(str, settings.replicas)), run=str(settings.run), target=str(target),
        why=why, begun=instance.now(), day=day, receipt=receipt, keys=_keys(instance), counts=_counts(instance),
        stores=_stores(instance),
    )  # fmt: skip


def _keys(instance: Instance) -> dict[str, str]:
    """Names of keys, never a key: the hash of a shred key's file would be that key."""
    names = {key_id(shred_key_of(path.read_bytes())).hex() for r in instance.files.replicas for path in r.glob("shred.*")}
    found = {"shred": " ".join(sorted(names))}
    with suppress(KuraError):
        stored = instance.files.read()
        directory = decode(stored.keystore.directory.document)
        found["keystore"] = f"{stored.place[0]}.{stored.place[1]} {stored.digest.hex()}"
        found["signing"] = directory.signing_public.hex()  # for the certificates of clients that the office keeps
        found["compartments"] = " ".join(sorted(each.key_id.hex() for each in directory.compartments.values()))
    with suppress(KuraError), reading(instance.engine) as connection:
        position, last = journal.head(connection)
        found["journal"] = f"{position} {last.hex()}"
    return found


def _counts(instance: Instance) -> dict[str, int]:
    settings = instance.settings
    objects, backups = wiping.size_of(settings.objects), wiping.size_of(settings.backups)
    data = wiping.size_of(settings.database.parent)
    return {
        "objects": objects[0], "object_bytes": objects[1], "database_bytes": data[1],
        "backups": len(BackupFolder(settings.backups).names()), "backup_files": backups[0], "backup_bytes": backups[1],
    }  # fmt: skip


def _stores(instance: Instance) -> dict[str, str]:
    """The places that hold something of the office, or ought to."""
    settings = instance.settings
    begun = instance.files.newest() is not None
    found = {str(replica): EXPECTED for replica in settings.replicas if begun}
    noted = None
    with suppress(KuraError):
        noted = backup_notes.read_place(instance) if settings.database.is_file() else None
    if noted is not None or has_backups(settings.backups, settings.office):
        found[str(settings.backups)] = EXPECTED
    return found


def has_backups(folder: Path, office: bytes) -> bool:
    """Whether a folder says that it is this office's."""
    return (BackupFolder(folder).place() or b"").startswith(office)
