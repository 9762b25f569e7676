"""Something on the disk was put back or edited: an administrator has looked, and the office goes on with what is there."""

from __future__ import annotations

from vault.crypto import codec
from vault.crypto.envelope import Context, seal
from vault.crypto.keys import new_id
from vault.domain.access import Permission
from vault.services import audit, objects
from vault.services.accounts import seen
from vault.services.acts import Act, Contents, Opened, row_mark
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.storage import journal, records
from vault.storage.database import transaction
from vault.storage.records import ContentsRow, Row

# Rows that open nowhere are kept under this owner, which nothing reads: they may be evidence.
SET_ASIDE = b"kura set aside\x00\x00"


def confirm_whole(desk: Desk) -> None:
    """Go on with a database or keystore that was put back: both are noted anew."""
    desk.require(Permission.MANAGE_OFFICE)
    instance = desk.instance
    with transaction(instance.engine) as connection:
        noted = journal.last_note_of(connection, audit.KEYSTORE_NOTE)
    instance.keyring.let_go()  # or this worker would wait for its own lease
    if noted is not None:
        epoch, generation, *_ = codec.decode(noted.clear)["keystore"]
        instance.files.rise_to(epoch, generation)
    desk.now_reading(instance.files.add(lambda keystore: desk.marked(keystore, anew=True)))
    with desk.act(Event.ROLLBACK_CONFIRMED, Permission.MANAGE_OFFICE) as act:
        act.fact.keystore = desk.stored
        act.fact.confirmed = seen.confirmation(desk, journal.head(act.connection)[1])
    with transaction(instance.engine) as connection:
        head = journal.head(connection)
    journal.remember_head(instance.settings.replicas[0], head)


def confirm_client(desk: Desk, client: bytes) -> None:
    """Go on with a client that was put back: its contents list and history are made anew from the rows that open.

    What opens nowhere is set aside; a record whose newest row is gone goes on from the newest one left.
    """
    with desk.act(Event.ROLLBACK_CONFIRMED, Permission.MANAGE_OFFICE, client) as act:
        folder = desk.folder(client)
        row = records.get_contents(act.connection, client)
        noted = journal.last_note_of(act.connection, client)
        highest = codec.decode(noted.clear)["contents"][1] if noted is not None else 0
        held = Contents(folder, ContentsRow(client, folder.id, max(highest, row.version if row else 0), b""), {})
        opened, aside = _sorted_out(act, held, records.every_row(act.connection, client, folder.id))
        records.take_rows(act.connection, [*(o.row for each in opened.values() for o in each.values()), *aside])
        for versions in opened.values():
            _put_again(act, held, versions)
        for bad in aside:
            records.put_aside(act.connection, bad, new_id(), SET_ASIDE)
        objects.hold_again(act, held)
        act.hold(client, held)


def _sorted_out(act: Act, held: Contents, rows: list[Row]) -> tuple[dict[bytes, dict[int, Opened]], list[Row]]:
    """Rows that open, by record and version (of two alike the later in the list counts), and those that do not."""
    opened: dict[bytes, dict[int, Opened]] = {}
    aside = []
    for row in rows:
        found = act.open_row(held.folder, row)
        if found is None and row.owner == held.folder.owner:
            aside.append(row)
        elif found is not None:
            opened.setdefault(row.id, {})[row.version] = found
    return opened, aside


def _put_again(act: Act, held: Contents, versions: dict[int, Opened]) -> None:
    """A record's versions, numbered without gaps, the last one as the newest."""
    rows = [_renumbered(act, held, versions[old], new) for new, old in enumerate(sorted(versions), 1)]
    for row in rows[:-1]:
        records.put_earlier(act.connection, row)
    newest = rows[-1]
    records.put_new(act.connection, newest)
    held.entries[newest.id] = (newest.kind, newest.version, row_mark(newest.sealed))


def _renumbered(act: Act, held: Contents, found: Opened, version: int) -> Row:
    row, folder = found.row, held.folder
    sealed = row.sealed
    if row.version != version:
        context = Context(act.desk.instance.office, "record", (folder.id, row.id, version))
        sealed = seal(folder.key, codec.encode([row.kind, found.payload, found.author]), context)
    return Row(row.id, folder.owner, folder.id, row.kind, version, row.changed, sealed)
