"""Moving to another server: the whole instance in one sealed file, and only one of the two ever serves.

The old instance is closed before the first byte is packed and stays so. The new one comes to be in one rename, when
every hash, the keystore, the journal's chain and the objects are right; then it prints a receipt, without which the
old one is not destroyed as moved.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from vault.config import SECRET_FILE, SETTINGS_FILE
from vault.crypto.keys import new_id
from vault.crypto.unlock import new_code, read_code
from vault.errors import Refused, Unwritable, WrongCredential
from vault.services import audit, closing, ending_notes, packing_notes
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.storage import durable, inventory, journal, packs, wiping
from vault.storage.database import checkpoint, transaction
from vault.storage.packs import Manifest, Packer

SMALL = (SETTINGS_FILE, SECRET_FILE, "operator.key", "activation.json", "ticket.json")
DATABASE, KEYS, BACKUPS = "data/kura.db", "keys", "backups"
PACKING = Origin("", "", "kura pack")


@dataclass(frozen=True)
class Packed:
    """The transport code, to be shown once; how many files and bytes; how many objects were not there or not right."""

    code: str
    files: int
    size: int
    missing: int


def key_of(code: str) -> bytes:
    """The transport key of a code as it was typed; raises WrongCredential("pack-code") for what is none."""
    try:
        secret = read_code(code)
    except WrongCredential as error:
        raise WrongCredential("pack-code") from error
    return hashlib.sha256(b"kura transport" + secret).digest()


# --- packing


def pack(instance: Instance, target: Path, with_backups: bool = False) -> Packed:
    """Close the door and pack everything into a file that is not there yet, or is an earlier pack of this office.

    Raises Refused: closed-for-other, pack-unbegun, pack-there, pack-inside, ending-running; Unwritable, Damaged. The
    door stays closed whatever happens after.
    """
    _check_target(instance, target)
    if not instance.has_begun():
        raise Refused("pack-unbegun")
    settings = instance.settings
    instance.keyring.let_go()
    running = wiping.holders([settings.folder, *wiping.runs_of(settings.run), *settings.replicas, settings.backups])
    if running:
        raise Refused("ending-running", processes=", ".join(map(str, running)))
    closing.close(instance, closing.PACKED)
    packing_notes.drop(instance)  # an earlier pack does not have what comes now
    audit.record(instance, PACKING, Fact(Event.PACKED))
    checkpoint(instance.engine)
    with transaction(instance.engine) as connection:  # nobody writes meanwhile
        if _size(settings.database.with_name(settings.database.name + "-wal")):
            raise Unwritable("busy", place=settings.database)
        return _packed(instance, connection, target, with_backups)


def _check_target(instance: Instance, target: Path) -> None:
    settings = instance.settings
    if any(target.is_relative_to(place) for place in (settings.folder, *settings.replicas, settings.backups)):
        raise Refused("pack-inside", file=target)
    if target.exists() and packs.head_of(target) != settings.office:
        raise Refused("pack-there", file=target)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _packed(instance: Instance, connection: Connection, target: Path, with_backups: bool) -> Packed:
    code = new_code()
    key, unfinished = key_of(code), target.with_name(f".{target.name}.part")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            packer = Packer(handle, key, instance.office, new_id())
            manifest = _fill(instance, connection, packer, with_backups)
            packer.finish(manifest)
        finally:
            os.close(handle)
        packing_notes.write(instance, packing_notes.receipt_of(key, manifest.digest))
        os.replace(unfinished, target)
        durable.sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise Unwritable("unwritable", place=target.parent) from error
    sizes = [size for size, _ in manifest.files.values()]
    return Packed(code, len(sizes), sum(sizes), len(manifest.missing))


def _fill(instance: Instance, connection: Connection, packer: Packer, with_backups: bool) -> Manifest:
    settings, stored = instance.settings, instance.files.read()
    packer.add(DATABASE, packs.read_file(settings.database))
    for name in SMALL:
        if (settings.folder / name).is_file():
            packer.add(name, packs.read_file(settings.folder / name))
    for path in _key_files(settings.replicas, stored.place):
        packer.add(f"{KEYS}/{path.name}", packs.read_file(path))
    missing = list(_add_objects(instance, connection, packer))
    if with_backups:
        for path in _all_files(settings.backups):
            packer.add(f"{BACKUPS}/{path.relative_to(settings.backups)}", packs.read_file(path))
    return Manifest(
        instance.office, instance.now(), journal.head(connection), (*stored.place, stored.digest), tuple(missing),
        packer.files,
    )  # fmt: skip


def _key_files(replicas: tuple[Path, ...], place: tuple[int, int]) -> list[Path]:
    """The newest keystore, its shred key and the noted head, from whichever replica has them."""
    wanted = (f"keystore.{place[0]}.{place[1]}", f"shred.{place[0]}", journal.HEAD_FILE)
    found = [[r / name for r in replicas if _size(r / name)] for name in wanted]
    return [each[0] for each in found if each]


def _add_objects(instance: Instance, connection: Connection, packer: Packer) -> Iterator[bytes]:
    """Every object that a row names; those that are not there, or not what was sealed, are told."""
    for held in inventory.held_objects(connection):
        path = instance.objects.path_of(held.file)
        name = f"objects/{path.parent.name}/{path.name}"
        if path.is_file():
            packer.add(name, packs.read_file(path))
        if packer.files.get(name) != (held.size, held.hash):
            yield held.file


def _all_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def reopen(instance: Instance, sure: bool = False) -> bool:
    """Open the door of an instance that was to be moved and stays; says whether it was closed for that. What was packed
    counts no more: its receipt is not taken any longer.

    Raises Refused("reopen-packed") while there is a pack that somebody may have unpacked, unless one is sure.
    """
    held_for, folder = closing.closed_for(instance), instance.settings.folder
    if held_for == closing.ENDED and ending_notes.read(folder) is None:  # killed before anything was gone
        closing.reopen(instance, closing.ENDED)
        return True
    if held_for != closing.PACKED:
        return False
    if packing_notes.is_packed(folder) and not sure:
        raise Refused("reopen-packed", office=instance.office.hex())
    packing_notes.drop(instance)
    closing.reopen(instance, closing.PACKED)
    return True
