"""The other end of a move: an instance made of a pack, whole or not at all, verified before it may serve."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vault.config import SETTINGS_FILE, Settings, load
from vault.crypto.directory import decode
from vault.crypto.keystore import Keystore
from vault.errors import Damaged, Refused
from vault.services import audit, backup_notes, packing_notes
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.services.packing import BACKUPS, KEYS, key_of
from vault.storage import durable, inventory, journal, packs, wiping
from vault.storage.backups import BackupFolder
from vault.storage.database import check_schema, checkpoint, reading
from vault.storage.packs import Manifest
from vault.storage.snapshots import structure_faults

RECEIPT = "unpacked.json"
UNPACKING = Origin("", "", "kura unpack")


@dataclass(frozen=True)
class Places:
    """What is different on the new server: its host name where settings name one, absolute places for replicas and
    backups where the old server had such, and where it runs and is told things under an operator."""

    host: str = ""
    replicas: tuple[Path, ...] = ()
    backups: Path | None = None
    run: Path | None = None
    told: Path | None = None


@dataclass(frozen=True)
class Unpacked:
    """The receipt for the old instance, and how many objects the old one did not have either."""

    receipt: str
    missing: int


def unpack(
    source: Path, code: str, folder: Path, places: Places | None = None,
    opened: Callable[[Settings], Instance] = Instance,
) -> Unpacked:  # fmt: skip
    """Make the instance of a pack in an empty folder; it is there whole or not at all.

    Raises WrongCredential, Refused: unpack-not-empty, unpack-places, unpack-host; Damaged; NotReady; Unwritable.
    """
    key = key_of(code)
    done = _done_before(source, folder)
    if done is not None:
        return done
    if folder.exists() and any(folder.iterdir()):
        raise Refused("unpack-not-empty", folder=folder)
    staging = folder.with_name(f".{folder.name}.unpacking")
    wiping.wipe([staging] if staging.exists() else [])
    try:
        durable.make_folder(staging)
        manifest = packs.unpack(source, key, staging)
        found = Unpacked(packing_notes.receipt_of(key, manifest.digest), len(manifest.missing))
        _settle(staging, manifest, _within(places or Places(), folder), opened)
        _note_done(staging, source, found)
        packs.sync_all(staging)
        with durable.writing_to(folder.parent):
            os.replace(staging, folder)
            durable.sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return found


def _within(places: Places, folder: Path) -> Places:
    """Replicas that are to lie in the instance are told from there: it is made under another name, and may be moved."""
    inside = (each.relative_to(folder) if each.is_relative_to(folder) else each for each in places.replicas)
    return replace(places, replicas=tuple(inside))


def _pack_id(source: Path) -> str:
    with source.open("rb") as file:
        return file.read(len(packs.MAGIC) + 32)[-16:].hex()


def _note_done(folder: Path, source: Path, found: Unpacked) -> None:
    told = f"{_pack_id(source)} {found.receipt} {found.missing}\n"
    durable.write_whole(folder / RECEIPT, told.encode())


def _done_before(source: Path, folder: Path) -> Unpacked | None:
    """The receipt of this very pack where it was unpacked already, and the terminal lost it."""
    try:
        pack, receipt, missing = (folder / RECEIPT).read_text("ascii").split()
    except (OSError, ValueError):
        return None
    return Unpacked(receipt, int(missing)) if pack == _pack_id(source) else None


def _settle(staging: Path, manifest: Manifest, places: Places, opened: Callable[[Settings], Instance]) -> None:
    """From what was packed to what can serve; everything that can be verified without a person's key is."""
    host = _write_settings(staging / SETTINGS_FILE, places)
    settings = replace(load(staging), run=staging / ".run")
    _spread_keys(staging / KEYS, settings.replicas)
    _bring_backups(staging / BACKUPS, settings.backups)
    instance = opened(settings)
    try:
        if settings.office != manifest.office:
            raise Damaged("pack-damaged")
        check_schema(instance.engine)
        keystore = _check_keys(instance, manifest)
        if host:
            _check_host(keystore)
        _check_database(instance, manifest)
        _mark_backups(instance)
        audit.record(instance, UNPACKING, Fact(Event.UNPACKED))
        checkpoint(instance.engine)
    finally:
        instance.engine.dispose()
        instance.keyring.let_go()
        shutil.rmtree(settings.run, ignore_errors=True)


def _write_settings(path: Path, places: Places) -> bool:
    """The settings as they are to be on the new server; says whether its host name is another."""
    text = path.read_text("utf-8")
    raw = tomllib.loads(text)
    absolute = [each for each in raw.get("replicas", []) if Path(each).is_absolute()]
    if (absolute and not places.replicas) or (Path(raw.get("backups", "")).is_absolute() and places.backups is None):
        raise Refused("unpack-places")
    if places.replicas:
        text = _set(text, "replicas", "[" + ", ".join(f'"{replica}"' for replica in places.replicas) + "]")
    if places.backups is not None:
        text = _set(text, "backups", f'"{places.backups}"')
    for name, place in (("run", places.run), ("told", places.told)):
        text = _set(text, name, f'"{place}"') if place is not None else text
    other = bool(places.host) and raw.get("host", places.host) != places.host
    if places.host:
        text = _set(text, "host", f'"{places.host}"')
    durable.write_whole(path, text.encode())
    return other


def _set(text: str, name: str, value: str) -> str:
    line = f"{name} = {value}"
    changed, count = re.subn(rf"^{name}\s*=.*$", lambda _: line, text, flags=re.MULTILINE)
    return changed if count else f"{text.rstrip()}\n{line}\n"


def _spread_keys(source: Path, replicas: tuple[Path, ...]) -> None:
    """Keystore and shred key to every replica, the noted head to the first."""
    files = {path.name: path.read_bytes() for path in source.iterdir() if path.is_file()}
    for replica in replicas:
        if any(path.name not in files or path.read_bytes() != files[path.name] for path in wiping.of_replica(replica)):
            raise Refused("unpack-not-empty", folder=replica)
        durable.make_folder(replica)
        for name, raw in files.items():
            if name != journal.HEAD_FILE or replica == replicas[0]:
                durable.write_whole(replica / name, raw)
    for name in files if source not in replicas else ():
        durable.destroy(source / name)


def _bring_backups(source: Path, target: Path) -> None:
    """Backups lie in the pack under one name, wherever they are to lie."""
    if source == target or not source.is_dir():
        return
    if wiping.of_backups(target):
        raise Refused("unpack-not-empty", folder=target)
    with durable.writing_to(target):
        shutil.copytree(source, target, dirs_exist_ok=True)
        packs.sync_all(target)
        shutil.rmtree(source)


def _check_keys(instance: Instance, manifest: Manifest) -> Keystore:
    stored = instance.files.read()
    if (*stored.place, stored.digest) != manifest.keystore or stored.keystore.office != manifest.office:
        raise Damaged("pack-damaged")
    return stored.keystore


def _check_host(keystore: Keystore) -> None:
    """Under another name no browser has its cookie any more: every administrator needs a code on paper."""
    pending = {code for device in keystore.devices.values() for code in device.pending.values()}
    spare = {c.person for i, c in keystore.codes.items() if not c.expires and not c.initial and i not in pending}
    if not set(decode(keystore.directory.document).administrators()) <= spare:
        raise Refused("unpack-host")


def _check_database(instance: Instance, manifest: Manifest) -> None:
    with reading(instance.engine) as connection:
        whole = not structure_faults(connection) and audit.verify_chain(connection) is None
        if not whole or journal.head(connection) != manifest.head:
            raise Damaged("pack-damaged")
        named = {each.file: (each.size, each.hash) for each in inventory.held_objects(connection)}
    for file, found in named.items():
        path = instance.objects.path_of(file)
        if file not in manifest.missing and manifest.files.get(f"objects/{path.parent.name}/{path.name}") != found:
            raise Damaged("pack-damaged")


def _mark_backups(instance: Instance) -> None:
    """The folder of backups on the new server is the office's own."""
    mark, folder = backup_notes.read_place(instance), BackupFolder(instance.settings.backups)
    if mark is not None and folder.place() is None:
        folder.mark_place(mark)
