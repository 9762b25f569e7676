"""The restore drill: a backup is taken apart in a scratch folder as a restore would, and every fault has a name.

No key is needed: hashes, the frames of envelopes, the chain of the journal and what it notes of contents lists tell
whether these are the bytes that were backed up. Whether today's keys open them is tried at an administrator's sign-in.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from vault.crypto import codec
from vault.crypto.envelope import parse_head
from vault.errors import Damaged, KuraError, NotReady, SealBroken
from vault.services import audit
from vault.services.confirming import SET_ASIDE
from vault.storage import chain, inventory
from vault.storage.backups import DATABASE, MANIFEST, BackupFolder
from vault.storage.database import upgrade
from vault.storage.durable import writing_to
from vault.storage.manifest import Held, Manifest
from vault.storage.schema import HEAD
from vault.storage.snapshots import forget_side_files, looking_into, revision_of, structure_faults

Progress = Callable[[str, int, int], None]
# What may be wrong of a client alone: the rest of the backup is right, and that client is refused when it is read.
OF_ONE_CLIENT = frozenset({"list-not-noted", "list-missing"})


@dataclass(frozen=True)
class Defect:
    """Something wrong with a backup: what kind, and the file, table or row it is in."""

    kind: str
    file: str


@dataclass(frozen=True)
class Drill:
    """What a drill has found: the backup, its faults, how many files, objects and sealed rows were looked at."""

    name: str
    faults: tuple[Defect, ...]
    files: int = 0
    objects: int = 0
    rows: int = 0

    @property
    def usable(self) -> bool:
        """Whether it can be restored from."""
        return all(fault.kind in OF_ONE_CLIENT for fault in self.faults)


def quiet(step: str, done: int, of: int) -> None:
    """Progress that nobody watches."""


def drill(folder: BackupFolder, name: str, office: bytes, progress: Progress = quiet) -> Drill:
    """Try a backup in a scratch folder beside it; changes nothing. Raises Unwritable when there is no room to try."""
    with folder.scratch() as scratch:
        return take_apart(folder, name, office, scratch, progress)


def take_apart(folder: BackupFolder, name: str, office: bytes, scratch: Path, progress: Progress = quiet) -> Drill:
    """The same, leaving in `scratch` the database, `kura.db`, brought to the newest schema, if it is whole."""
    try:
        held = folder.manifest_of(name)
    except Damaged:
        return Drill(name, (Defect("manifest-unreadable", MANIFEST),))
    faults = [*_of_manifest(held, name, office), *_of_files(folder, held, name, scratch, progress)]
    faults += _of_objects(folder, held, progress)
    rows = 0
    if (scratch / DATABASE).exists() and not any(fault.file == DATABASE for fault in faults):
        progress("database", 0, 1)
        found, rows = _of_database(scratch / DATABASE, held)
        faults += found
    return Drill(name, tuple(faults), len(held.files), len(held.names()), rows)


def _of_manifest(held: Manifest, name: str, office: bytes) -> Iterator[Defect]:
    if held.name != name:
        yield Defect("name-differs", name)
    if held.office != office:
        yield Defect("office-differs", MANIFEST)
    if DATABASE not in held.files:
        yield Defect("file-missing", DATABASE)


# --- files


def _of_files(folder: BackupFolder, held: Manifest, name: str, scratch: Path, progress: Progress) -> list[Defect]:
    place, faults = folder.path_of(name), []
    for number, (file, (size, digest)) in enumerate(sorted(held.files.items()), 1):
        progress("files", number, len(held.files))
        path = place / file
        if path.name != file:  # a path that leads elsewhere
            faults.append(Defect("file-stranger", file))
        elif not path.is_file():
            faults.append(Defect("file-missing", file))
        elif path.stat().st_size != size or _hashed(path, scratch / file if file == DATABASE else None) != digest:
            faults.append(Defect("file-changed", file))
    known = {*held.files, MANIFEST}
    return faults + [Defect("file-stranger", p.name) for p in sorted(place.iterdir()) if p.name not in known]


def _hashed(path: Path, copy: Path | None) -> bytes:
    """SHA-256 of a file, which is copied on the way."""
    if copy is not None:
        with writing_to(copy.parent):
            shutil.copyfile(path, copy)
    with writing_to(path), (copy or path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _of_objects(folder: BackupFolder, held: Manifest, progress: Progress) -> list[Defect]:
    faults, number, of = [], 0, len(held.names())
    for number, each in enumerate(held.held(), 1):
        progress("objects", number, of)
        kind = "" if each.file in held.missing else _fault_of(folder, each)
        if kind:
            faults.append(Defect(kind, each.file.hex()))
    return faults


def _fault_of(folder: BackupFolder, each: Held) -> str:
    digest, size, start = hashlib.sha256(), 0, b""
    try:
        for piece in folder.store.read(each.file):
            start = start or piece[: inventory.FRAME]
            size += len(piece)
            digest.update(piece)
    except Damaged:
        return "object-missing"
    if size != each.size or digest.digest() != each.hash:
        return "object-changed"
    return "" if _is_framed(start) else "object-not-sealed"


def _is_framed(start: bytes) -> bool:
    try:
        parse_head(start)
    except SealBroken:
        return False
    return True


# --- the database


def _of_database(path: Path, held: Manifest) -> tuple[list[Defect], int]:
    """Faults of a database whose bytes are those that were backed up, and how many sealed rows it has."""
    with looking_into(path) as connection:
        broken = structure_faults(connection) or revision_of(connection) != held.schema
    if broken:
        return [Defect("database-structure", DATABASE)], 0
    try:
        if held.schema != HEAD:
            upgrade(path)
            forget_side_files(path)
        with looking_into(path) as connection:
            return _of_rows(connection, held)
    except NotReady:
        return [Defect("database-newer", DATABASE)], 0
    except (KuraError, SQLAlchemyError):
        return [Defect("database-structure", DATABASE)], 0


def _of_rows(connection: Connection, held: Manifest) -> tuple[list[Defect], int]:
    counted = inventory.counts(connection)
    faults = [Defect("count-differs", t) for t, number in sorted(held.counts.items()) if counted.get(t) != number]
    walked = chain.walk(connection, audit.columns_of, [held.head])
    if walked.fault is not None:
        faults.append(Defect("journal-broken", str(walked.fault.position)))
    named = {each.file: each for each in inventory.held_objects(connection)}
    differing = {each.file for each in held.held() if named.pop(each.file, None) != each} | named.keys()
    faults += [Defect("object-differs", file.hex()) for file in sorted(differing)]
    found, rows = _of_frames(connection)
    return [*faults, *found, *_of_lists(connection)], rows


def _of_frames(connection: Connection) -> tuple[list[Defect], int]:
    """Every row of a folder is sealed under one key, whatever key that is."""
    faults, keys, rows = [], dict[bytes, bytes](), 0
    for rows, row in enumerate(inventory.frames(connection), 1):
        try:
            _, key = parse_head(row.start)
        except SealBroken:
            faults.append(Defect("row-not-sealed", f"{row.table} {row.id.hex()}"))
            continue
        if row.owner != SET_ASIDE and keys.setdefault(row.folder, key) != key:
            faults.append(Defect("row-of-other-key", f"{row.table} {row.id.hex()}"))
    return faults, rows


def _of_lists(connection: Connection) -> Iterator[Defect]:
    for owner in inventory.owners_without_list(connection):
        yield Defect("list-missing", owner.hex())
    for row, note in inventory.noted_lists(connection):
        noted = codec.decode(note.clear).get("contents") if note is not None else None
        if noted is None or noted[:3] != [row.owner, *audit.contents_note(row)]:
            yield Defect("list-not-noted", row.owner.hex())
