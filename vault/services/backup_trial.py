"""At an administrator's sign-in: a few things of the newest backup, picked by chance, are opened with today's keys."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from vault.crypto.envelope import Context, open_sealed
from vault.domain.access import Permission
from vault.errors import Damaged, KuraError, NotFound, SealBroken
from vault.services import backup_notes, backups
from vault.services.acts import Folder
from vault.services.safe import Desk
from vault.storage import samples
from vault.storage.backups import DATABASE, BackupFolder
from vault.storage.objects import ObjectRow
from vault.storage.records import Row
from vault.storage.schema import HEAD
from vault.storage.snapshots import looking_into, revision_of

PICKS, OBJECTS = 20, 5
LARGEST = 4 * 1024 * 1024  # bytes of an object that is opened while somebody waits
SECONDS = 0.08
EVERY_SECONDS = 24 * 60 * 60


def try_open(desk: Desk) -> None:
    """Open some of the newest backup and note how many opened; once a day at most, and never in anybody's way."""
    with suppress(KuraError, SQLAlchemyError, OSError):
        if desk.may(Permission.MANAGE_OFFICE) and _is_due(desk):
            _try(desk, backups.folder_of(desk.instance))


def _is_due(desk: Desk) -> bool:
    last = int(backup_notes.read(desk.instance, backup_notes.TRIED).get("at", 0))
    return not 0 <= desk.instance.now() - last < EVERY_SECONDS


def _try(desk: Desk, folder: BackupFolder) -> None:
    names = folder.names()
    if not names:
        return
    opened, unopened = 0, 0
    try:
        with looking_into(folder.path_of(names[-1]) / DATABASE) as connection:
            revision = revision_of(connection)
            if revision and revision != HEAD:
                return  # made before an upgrade: the next one is tried
            opened, unopened = _opened(desk, folder, connection) if revision else (0, 1)
    except (Damaged, SQLAlchemyError):
        unopened = 1
    told = {"name": names[-1], "at": desk.instance.now(), "opened": opened, "unopened": unopened}
    backup_notes.write(desk.instance, backup_notes.TRIED, told)


def _opened(desk: Desk, folder: BackupFolder, connection: Connection) -> tuple[int, int]:
    """(how many opened, how many ought to have and did not)."""
    until, opened, unopened = time.monotonic() + SECONDS, 0, 0
    for number in range(PICKS):
        if time.monotonic() > until:
            break
        picked = (samples.object_at if number < OBJECTS else samples.record_at)(connection, os.urandom(16))
        key = _folder_of(desk, picked)
        if picked is None or key is None:
            continue
        try:
            _open(desk, folder, key, picked)
            opened += 1
        except (SealBroken, Damaged):
            unopened += 1
    return opened, unopened


def _folder_of(desk: Desk, picked: Row | ObjectRow | None) -> Folder | None:
    """Today's folder; None for what was erased or sealed anew since, which is not to open any more."""
    if picked is None or (isinstance(picked, ObjectRow) and picked.size > LARGEST):
        return None
    try:
        found = desk.folder(picked.owner)
    except NotFound:
        return None
    return found if found.id == picked.folder else None


def _open(desk: Desk, folder: BackupFolder, key: Folder, picked: Row | ObjectRow) -> None:
    office = desk.instance.office
    if isinstance(picked, Row):
        open_sealed(key.key, picked.sealed, Context(office, "record", (key.id, picked.id, picked.version)))
    else:
        sealed = b"".join(folder.store.read(picked.file))
        open_sealed(key.key, sealed, Context(office, "document", (key.id, picked.id, 1)))
