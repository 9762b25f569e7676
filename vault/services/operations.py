"""The instance as a whole: its state."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection

from vault.domain.access import Permission
from vault.services.acts import BIN_CLIENT, BIN_KINDS, BIN_RECORD, bin_note
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage import journal, objects, records, sandbox
from vault.storage.database import transaction


@dataclass(frozen=True)
class State:
    """What the office's page and `kura status` tell. Counts and dates only; `clients` and `records` are those in sight,
    `binned` is how many things lie in the bin."""

    clients: int
    records: dict[str, int]
    binned: int
    prints: int
    journal: int
    keystore: tuple[int, int]
    owed: int
    one_disk: bool
    sheet_made: int
    spare_codes: int
    devices: int
    free_bytes: int
    documents_bytes: int
    documents_limit: int
    scans_read: bool


def keys_on_one_disk(instance: Instance) -> bool:
    """Whether one disk's end would be the vault's; a replica that is away is owed, and says nothing of disks."""
    there = [path.stat().st_dev for path in instance.settings.replicas if path.exists()]
    return len(there) == len(instance.settings.replicas) and len(set(there)) < 2


def in_sight(connection: Connection) -> dict[str, int]:
    """How many records of each kind there are that do not lie in the bin, told without a key."""
    counts = Counter(records.kind_counts(connection, BIN_CLIENT))
    for owner in {note.owner for note in records.of_kinds(connection, [BIN_RECORD])}:
        rows = records.of_owner(connection, owner)
        notes = {row.id for row in rows if row.kind in BIN_KINDS}
        if bin_note(owner) not in notes:  # or none of his is counted anyway
            counts.subtract(row.kind for row in rows if bin_note(row.id) in notes)
    return {kind: count for kind, count in counts.items() if kind not in BIN_KINDS}


def plain_state(instance: Instance) -> State:
    """The state as anybody on the machine can see it, without a key."""
    stored = instance.keyring.stored()
    keystore = stored.keystore
    with transaction(instance.engine) as connection:
        clients = records.client_count(connection, BIN_CLIENT)
        kinds, binned = in_sight(connection), len(records.of_kinds(connection, BIN_KINDS))
        prints = records.ledger_count(connection)
        position, _ = journal.head(connection)
        documents = objects.totals(connection)[1]
    pending = {c for d in keystore.devices.values() for c in d.pending.values()}
    return State(
        clients=clients,
        records=kinds,
        binned=binned,
        prints=prints,
        journal=position,
        keystore=stored.place,
        owed=len(instance.files.owed()),
        one_disk=keys_on_one_disk(instance),
        sheet_made=max((s.confirmed for s in keystore.sheets.values()), default=0),
        spare_codes=len([i for i, code in keystore.codes.items() if not code.expires and i not in pending]),
        devices=len(keystore.devices),
        free_bytes=shutil.disk_usage(instance.settings.folder).free,
        documents_bytes=documents,
        documents_limit=instance.settings.documents_bytes,
        scans_read=sandbox.can_read(),
    )


def state(desk: Desk) -> State:
    """The same for a person of the office."""
    desk.require(Permission.READ_SAFETY)
    return plain_state(desk.instance)
