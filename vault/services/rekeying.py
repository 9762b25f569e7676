"""Erasing a part of a client: what stays is sealed anew under another key, and the old one goes with what it opened."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from vault.crypto import codec
from vault.crypto.envelope import Context, seal
from vault.crypto.keys import new_id, new_key
from vault.domain.access import Permission
from vault.domain.erasures import PART, ErasureOrder
from vault.errors import Conflict, Malformed, NotFound
from vault.services import erasing, ledger_rows, objects
from vault.services.acts import BIN_KINDS, OBJECT, Act, Contents, Folder, Opened, bin_note, row_mark
from vault.services.audit import Event
from vault.services.documents import objects_of
from vault.services.held_pages import check_none_held
from vault.services.holdings import DOCUMENT, document_of
from vault.services.safe import Desk, shadow_of
from vault.storage import objects as object_rows
from vault.storage import records

# What becomes of a record's payload, version by version: other bytes, or None for gone.
Redact = Callable[[Opened], bytes | None]


def erase_part(
    desk: Desk, client: bytes, gone: Collection[bytes], order: ErasureOrder, redact: Redact | None = None,
    what: str = PART,
) -> int:  # fmt: skip
    """Erase some records and objects of a client, with all their versions; returns the certificate's number.

    `redact` rewrites what stays, every version of it: a person is taken out of a household that way. Earlier backups of
    this client no longer open afterwards.
    """
    desk.require(Permission.ERASE)
    erasing.ensure_folder(desk)
    old = desk.folder(client)
    new = _next_folder(desk, old)
    with desk.act(Event.ERASURE_BEGUN, Permission.ERASE, client) as act:
        erasing.check_holds(act, client)
        held = act.with_bin(client)
        if held.folder.id != old.id or records.is_erasing(act.connection, client):
            raise Conflict("conflict")
        if redact is None and not any(record in held.entries for record in gone):
            raise NotFound("not-found")  # somebody else was faster
        gone = {*gone, *map(bin_note, gone), *_pages_of(act, client, gone)}
        check_none_held(act, client, gone)
        number = erasing.begin(act, what, client, order, _counted(held, gone))
        moved = Contents(new, held.row, {}, changed=True)
        _move_rows(act, held, moved, gone, redact or (lambda found: found.payload))
        files = _move_objects(act, held, moved, gone)
        ledger_rows.reseal_names(act, old, new)
        act.hold(client, moved)
    erasing.finish(desk)
    for file in files:  # their key is gone; what a kill leaves here is swept with the next backup
        desk.instance.objects.remove(file)
    return number


def _pages_of(act: Act, client: bytes, gone: Collection[bytes]) -> set[bytes]:
    """The objects of documents that go, as they are now: a page may have been let in since somebody asked."""
    return objects_of(document_of(each).document for each in act.read(client, [DOCUMENT]) if each.row.id in gone)


def _next_folder(desk: Desk, old: Folder) -> Folder:
    """The client's next folder; one that a kill has left is taken up again."""
    shadow = shadow_of(old.owner)
    found = desk.ring(old.compartment).find(shadow)
    if found is None:
        found = (new_id(), new_key())
        try:
            desk.add_folders({shadow: old.compartment}, {shadow: found})
        except Malformed as error:  # somebody else is at this client
            raise Conflict("conflict") from error
    return Folder(old.owner, *found, old.compartment)


def _counted(held: Contents, gone: Collection[bytes]) -> tuple[int, int, int]:
    """Of what goes: records, their earlier versions, objects; a note that something lies in the bin is no record."""
    going = [entry for record, entry in held.entries.items() if record in gone]
    rows = [entry for entry in going if entry[0] not in (OBJECT, *BIN_KINDS)]
    objects_gone = sum(entry[0] == OBJECT for entry in going)
    return len(rows), sum(entry[1] - 1 for entry in rows), objects_gone


def _move_rows(act: Act, held: Contents, moved: Contents, gone: Collection[bytes], redact: Redact) -> None:
    """Every version of every record that stays, sealed anew; all that lay under the old folder goes."""
    client, kept = held.folder.owner, []
    for newest in act.read(client):
        row = newest.row
        if row.id not in gone:
            kept += [(newest, True), *((old, False) for old in act.read_earlier(client, row.id, row.kind))]
    records.drop_folder(act.connection, client, held.folder.id)
    for found, is_newest in kept:
        payload = redact(found)
        if payload is None:
            continue
        row = replace(found.row, folder=moved.folder.id, sealed=_sealed(act, moved.folder, found, payload))
        if is_newest:
            records.put_new(act.connection, row)
            moved.entries[row.id] = (row.kind, row.version, row_mark(row.sealed))
        else:
            records.put_earlier(act.connection, row)


def _sealed(act: Act, folder: Folder, found: Opened, payload: bytes) -> bytes:
    context = Context(act.desk.instance.office, "record", (folder.id, found.row.id, found.row.version))
    return seal(folder.key, codec.encode([found.row.kind, payload, found.author]), context)


def _move_objects(act: Act, held: Contents, moved: Contents, gone: Collection[bytes]) -> list[bytes]:
    """Every object that stays is in a new file before the rows commit; returns the files that are old then."""
    old = [row.file for row in object_rows.rows_of(act.connection, held.folder.owner)]
    rows = []
    for name in objects.names_in(held):
        if name not in gone:
            data = objects.read(act, held.folder.owner, name)
            rows.append(objects.write(act, moved, name, [data], len(data)))
    object_rows.drop_files(act.connection, old)
    for row in rows:
        object_rows.add_row(act.connection, row)
    return old
