"""The instance as a whole: its state, and confirming that something was put back."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from vault.crypto import codec
from vault.domain.access import Permission
from vault.services import audit
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.safe import Contents, Desk
from vault.storage import journal, records
from vault.storage.database import transaction
from vault.storage.records import ContentsRow


@dataclass(frozen=True)
class State:
    """What the office's page and `kura status` tell. Counts and dates only."""

    clients: int
    records: dict[str, int]
    prints: int
    journal: int
    keystore: tuple[int, int]
    owed: int
    one_disk: bool
    sheet_made: int
    spare_codes: int
    devices: int
    free_bytes: int


def plain_state(instance: Instance) -> State:
    """The state as anybody on the machine can see it, without a key."""
    stored = instance.keyring.stored()
    keystore = stored.keystore
    with transaction(instance.engine) as connection:
        clients = records.client_count(connection)
        kinds = records.kind_counts(connection)
        prints = records.ledger_count(connection)
        position, _ = journal.head(connection)
    devices = {path.stat().st_dev for path in instance.settings.replicas if path.exists()}
    pending = {c for d in keystore.devices.values() for c in d.pending.values()}
    return State(
        clients=clients,
        records=kinds,
        prints=prints,
        journal=position,
        keystore=stored.place,
        owed=len(instance.files.owed()),
        one_disk=len(devices) < 2,
        sheet_made=max((s.confirmed for s in keystore.sheets.values()), default=0),
        spare_codes=len([c for c in keystore.codes if c not in pending]),
        devices=len(keystore.devices),
        free_bytes=shutil.disk_usage(instance.settings.folder).free,
    )


def state(desk: Desk) -> State:
    """The same for a person of the office."""
    desk.require(Permission.READ_SAFETY)
    return plain_state(desk.instance)


def confirm_whole(desk: Desk) -> None:
    """Go on with a database or keystore that was put back: both are noted anew."""
    desk.require(Permission.MANAGE_OFFICE)
    instance = desk.instance
    with transaction(instance.engine) as connection:
        noted = journal.last_note_of(connection, audit.KEYSTORE_NOTE)
    if noted is not None:
        epoch, generation, _ = codec.decode(noted.clear)["keystore"]
        instance.files.rise_to(epoch, generation)
    desk.now_reading(instance.files.add(desk.marked))
    with desk.act(Event.ROLLBACK_CONFIRMED, Permission.MANAGE_OFFICE, status=200) as act:
        act.fact.keystore = desk.stored


def confirm_client(desk: Desk, client: bytes) -> None:
    """Go on with a client that was put back: its contents list is made anew from the rows that open."""
    with desk.act(Event.ROLLBACK_CONFIRMED, Permission.MANAGE_OFFICE, client) as act:
        folder = desk.folder(client)
        row = records.get_contents(act.connection, client)
        noted = journal.last_note_of(act.connection, client)
        highest = codec.decode(noted.clear)["contents"][1] if noted is not None else 0
        held = Contents(folder, ContentsRow(client, folder.id, max(highest, row.version if row else 0), b""), {})
        for found in records.of_owner(act.connection, client):
            act.adopt(held, found)
        act.hold(client, held)
