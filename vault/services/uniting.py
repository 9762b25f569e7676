"""Two clients made one: all of the one, with every earlier version, is sealed anew under the key of the other.

One transaction: killed anywhere, both are there or one is. What is left of the client that went is his id, marked so that
nothing is written for him any more, and his key for the sake of earlier backups (services.merged).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from vault.crypto import codec
from vault.crypto.envelope import Context, seal
from vault.domain import uniting
from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.errors import Conflict, KuraError, NotFound, Refused
from vault.services import drafts_kept, ledger_rows, merged, objects, office, payloads
from vault.services.acts import BIN_KINDS, Act, Contents, Opened, row_mark
from vault.services.audit import Event
from vault.services.held_pages import check_none_held
from vault.services.holdings import KINDS, client_of, kind_of
from vault.services.safe import Desk
from vault.storage import objects as object_rows
from vault.storage import records
from vault.storage.objects import ObjectRow
from vault.storage.records import Row


@dataclass(frozen=True)
class Base:
    """A record as somebody saw it: its id and version."""

    id: bytes
    version: int


def unite_clients(desk: Desk, stays: Base, goes: Base, record: Client, people: Mapping[str, str]) -> None:
    """Let a client go into another of the same compartment, whose record is `record` from now on.

    `people`: ids of those who go to ids of those who stay. Raises Conflict when somebody has saved either of them,
    Refused: doubles-same, doubles-kinds, doubles-rooms, pages-held; NotFound.
    """
    desk.require(Permission.WRITE_DOCUMENTS)
    if stays.id == goes.id:
        raise Refused("doubles-same")
    pages, folder = _sealed_ahead(desk, stays.id, goes.id), desk.folder(goes.id)
    try:
        old = _united(desk, stays, goes, record, people, pages)
    except BaseException:
        for page in pages:
            desk.instance.objects.remove(page.file)
        raise
    for file in old:  # no key of a client who is there opens them; what a kill leaves is swept with the next backup
        desk.instance.objects.remove(file)
    with suppress(KuraError):
        drafts_kept.move_policies(desk, folder, desk.folder(stays.id))
        desk.instance.uploads.drop_client(goes.id)


def typing(desk: Desk, client: bytes) -> list[str]:
    """Whose unsaved changes of a client's own record would go with it, by name."""
    with desk.look(Permission.WRITE_CLIENTS, client) as act:
        return [office.name_of(act, person) for person in drafts_kept.typing(desk, client)]


def _sealed_ahead(desk: Desk, stays: bytes, goes: bytes) -> list[ObjectRow]:
    """The pages of the one that goes, durable under the other's key before anybody has to wait for it."""
    folder, made = desk.folder(stays), list[ObjectRow]()
    with desk.look(Permission.READ_DOCUMENTS, goes) as act:
        for name in objects.names_in(act.with_bin(goes)):
            data = objects.read(act, goes, name)
            made.append(objects.seal_into_file(desk.instance, folder, name, [data], len(data)))
    return made


def _united(
    desk: Desk, stays: Base, goes: Base, record: Client, people: Mapping[str, str], pages: list[ObjectRow]
) -> list[bytes]:
    """The transaction; returns the files of the pages as they were."""
    with desk.act(Event.CLIENTS_UNITED, Permission.WRITE_CLIENTS, stays.id) as act:
        to = act.writable(stays.id)
        before = _checked(act, to, goes, record)
        held = act.with_bin(goes.id)
        if {page.id for page in pages} != set(objects.names_in(held)):
            raise Conflict("conflict")
        ids = {goes.id.hex(): stays.id.hex(), **people}
        moved = _move_rows(act, held, to, ids)
        old = _move_pages(act, held, to, pages)
        ledger_rows.reseal_names(act, held.folder, to.folder)
        held.entries.clear()
        held.changed = True
        records.set_erasing(act.connection, goes.id)
        payload = uniting.ids_changed(payloads.encode(replace(record, compartment="")), people)
        act.change(stays.id, stays.id, kind_of(record), payload, stays.version)
        _mend_links(act, before, stays.id.hex(), goes.id.hex(), people)
        merged.note_people(act, stays.id, ids)
        act.also(Event.CLIENTS_UNITED, goes.id)
        act.tell(gone=goes.id, records=moved, objects=len(pages))
    return old


def _checked(act: Act, to: Contents, goes: Base, record: Client) -> Client:
    """The record of the one that goes, if both may become one as somebody saw them."""
    held = act.staying(goes.id)
    found, before = client_of(act, goes.id)
    if found.row.version != goes.version:
        raise Conflict("conflict", version=found.row.version)
    if held.folder.compartment != to.folder.compartment:
        raise Refused("doubles-rooms")
    if kind_of(record) != found.row.kind:
        raise Refused("doubles-kinds")
    check_none_held(act, goes.id, ())
    return before


def _move_rows(act: Act, held: Contents, to: Contents, ids: Mapping[str, str]) -> int:
    """Every version of every record; returns how many records. What names somebody by another id gets a version more."""
    owner = held.folder.owner
    newest = act.read(owner)
    earlier = {each.row.id: act.read_earlier(owner, each.row.id, each.row.kind) for each in newest}
    records.drop_folder(act.connection, owner, held.folder.id)
    for each in newest:
        for old in earlier[each.row.id]:
            records.put_earlier(act.connection, _sealed(act, to, _moved(owner, old)))
        _put(act, to, _moved(owner, each), ids)
    return len(newest)


def _moved(owner: bytes, found: Opened) -> Opened:
    """A version as it is kept from now on: the client's own is no client's any more."""
    if found.row.id != owner or found.row.kind not in KINDS:
        return found
    row = replace(found.row, id=merged.id_of(owner), kind=merged.KIND)
    return Opened(row, merged.payload_of(owner, found), found.author)


def _put(act: Act, to: Contents, found: Opened, ids: Mapping[str, str]) -> None:
    payload = found.payload
    if found.row.kind != merged.KIND and found.row.kind not in BIN_KINDS:
        payload = uniting.ids_changed(payload, ids)
    row = _sealed(act, to, found)
    if payload != found.payload:
        records.put_earlier(act.connection, row)
        later = replace(found.row, version=found.row.version + 1, changed=act.desk.instance.now())
        row = _sealed(act, to, Opened(later, payload, act.desk.person))
    records.put_new(act.connection, row)
    to.entries[row.id] = (row.kind, row.version, row_mark(row.sealed))


def _sealed(act: Act, to: Contents, found: Opened) -> Row:
    folder, row = to.folder, found.row
    context = Context(act.desk.instance.office, "record", (folder.id, row.id, row.version))
    sealed = seal(folder.key, codec.encode([row.kind, found.payload, found.author]), context)
    return replace(row, owner=folder.owner, folder=folder.id, sealed=sealed)


def _move_pages(act: Act, held: Contents, to: Contents, pages: list[ObjectRow]) -> list[bytes]:
    old = [row.file for row in object_rows.rows_of(act.connection, held.folder.owner)]
    object_rows.drop_files(act.connection, old)
    for page in pages:
        objects.enter(act, to, page)
    return old


def _mend_links(act: Act, gone: Client, stays: str, goes: str, people: Mapping[str, str]) -> None:
    """Whoever is linked to the one that goes is linked to the other; of those that the person may not open the link
    ends where the client does."""
    for link in gone.related:
        with suppress(NotFound):
            if link.client in (stays, goes):
                continue
            found, theirs = client_of(act, bytes.fromhex(link.client))
            after = replace(theirs, related=uniting.linked_anew(theirs.related, goes, stays))
            payload = uniting.ids_changed(payloads.encode(after), people)
            if payload != found.payload:
                act.change(found.row.owner, found.row.id, found.row.kind, payload, found.row.version)
