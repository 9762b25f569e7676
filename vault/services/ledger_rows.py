"""Rows of the print ledger: sealed under the year's papers, what names a client under the client's own key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from vault.crypto import codec
from vault.crypto.directory import OFFICE
from vault.crypto.envelope import Context, open_sealed, seal
from vault.crypto.keys import new_id, new_key
from vault.domain.access import Permission
from vault.domain.prints import DECLINED, WAITING, WITHDRAWN, LedgerEntry, LedgerNames, client_number
from vault.domain.values.moments import day_of
from vault.errors import Conflict, Damaged, Malformed, NotFound, SealBroken
from vault.services import office as office_service
from vault.services import payloads
from vault.services.acts import Act, Folder, row_mark
from vault.services.safe import Desk
from vault.storage import records
from vault.storage.records import LedgerRow

PAPERS = b"kura papers "
# Beginnings of the kind that a contents list notes of a row. It says where the row stands, so that those which ask for
# something are found without opening the others; of what is to come back it says until when, and whose it is where it is a
# client's. "ledger" alone: written before kinds said so.
PLAIN, CLOSED, WAITS, GRANTED, OUT = "ledger", "ledger-closed", "ledger-waiting", "ledger-approved", "ledger-out"
REFUSED = "ledger-declined"

Unnamed = Literal["", "number", "elsewhere", "erased"]


@dataclass(frozen=True)
class Listed:
    """One row of the ledger as a person reads it.

    `names` is None for who may not know the client; `unnamed` then says why: an auditor reads the client's `number`,
    others that it is another compartment's or erased.
    """

    entry: LedgerEntry
    version: int
    names: LedgerNames | None
    unnamed: Unnamed
    printed_by: str
    approved_by: str
    confirmed_by: str

    @property
    def number(self) -> str:
        return client_number(self.entry.client)


@dataclass(frozen=True)
class Row:
    """A row that was opened and verified: as it stands, what it says, and its names, still sealed."""

    stored: LedgerRow
    entry: LedgerEntry
    inner: bytes


# --- the year's papers


def today(desk: Desk) -> date:
    """Today in Japan."""
    return day_of(desk.instance.now())


def papers_of(year: int) -> bytes:
    """The owner id of the office's papers of one year."""
    return PAPERS + b"%04d" % year


def papers(desk: Desk) -> list[bytes]:
    """The papers of each year that has any, oldest first."""
    return [owner for owner in desk.ring(desk.directory.system(OFFICE)).owners() if owner.startswith(PAPERS)]


def ensure_papers(desk: Desk) -> bytes:
    """This year's papers; their folder key is durable before a row is."""
    owner = papers_of(today(desk).year)
    if owner in papers(desk):
        return owner
    try:
        desk.add_folders({owner: desk.directory.system(OFFICE)}, {owner: (new_id(), new_key())})
    except Malformed:  # somebody else was the year's first in this moment
        desk.now_reading(desk.instance.keyring.stored())
        desk.folder(owner)
    return owner


def check_whole(act: Act, owner: bytes) -> None:
    """Refuse a ledger from which a row was taken: its number would be given out again."""
    noted = sum(1 for entry in act.contents(owner).entries.values() if entry[0].startswith(PLAIN))
    if records.ledger_count_of(act.connection, owner) != noted:
        raise Damaged("ledger-damaged")


# --- writing


def add(act: Act, owner: bytes, entry: LedgerEntry, names: LedgerNames) -> None:
    """A new row in a year's papers. The ledger must be whole, or its serial number may have been given out before."""
    check_whole(act, owner)
    held, row = act.contents(owner), new_id()
    sealed = _sealed(act.desk, held.folder, row, 1, entry, _sealed_names(act, held.folder, row, entry, names))
    held.entries[row] = (_kind(entry), 1, row_mark(sealed))
    held.changed = True
    records.add_ledger_row(act.connection, LedgerRow(entry.serial, row, owner, held.folder.id, 1, entry.at, sealed))


def change(act: Act, row: Row, entry: LedgerEntry, names: LedgerNames | None, base: int) -> None:
    """A row's next version, with other names or the same (None); raises Conflict unless `base` is the newest."""
    stored = row.stored
    if stored.version != base:
        raise Conflict("conflict", version=stored.version)
    held, version = act.contents(stored.owner), stored.version + 1
    inner = row.inner if names is None else _sealed_names(act, held.folder, stored.id, entry, names)
    sealed = _sealed(act.desk, held.folder, stored.id, version, entry, inner)
    records.change_ledger_row(act.connection, stored, sealed)
    held.entries[stored.id] = (_kind(entry), version, row_mark(sealed))
    held.changed = True


def reseal_names(act: Act, old: Folder, new: Folder) -> None:
    """Seal what rows name of a client under his new folder key, or that of the client he went into, whose they are from
    then on: those of prints made before stay readable. An order that waits, or waits to be opened, is withdrawn then: who
    approved it has said nothing about the other."""
    office = act.desk.instance.office
    for stored in [row for owner in papers(act.desk) for row in records.ledger_rows_of(act.connection, owner)]:
        row = opened(act, stored)
        if row.entry.client != old.owner.hex():
            continue
        before = Context(office, "record", (old.id, stored.id, 1))
        inner = seal(new.key, open_sealed(old.key, row.inner, before), Context(office, "record", (new.id, stored.id, 1)))
        entry = _of_other(act, row.entry, new.owner.hex()) if new.owner != old.owner else row.entry
        change(act, Row(stored, entry, inner), entry, None, stored.version)


def _of_other(act: Act, entry: LedgerEntry, client: str) -> LedgerEntry:
    if not entry.left and not entry.closed:
        now, person = act.desk.instance.now(), act.desk.person.hex()
        entry = replace(entry, outcome=WITHDRAWN, outcome_at=now, outcome_person=person)
    return replace(entry, client=client)


def _kind(entry: LedgerEntry) -> str:
    if entry.approval == DECLINED:
        return f"{REFUSED} {day_of(entry.approval_at).isoformat()}"
    if entry.closed:
        return CLOSED
    if not entry.left:
        return WAITS if entry.approval == WAITING else GRANTED
    return f"{OUT} {entry.due.isoformat()} {entry.client}" if entry.due else OUT


def _names_folder(act: Act, own: Folder, entry: LedgerEntry) -> Folder:
    """Where a row's names are sealed: in the client's folder, without a client in the year's papers (`own`)."""
    return act.desk.folder(bytes.fromhex(entry.client)) if entry.client else own


def _sealed_names(act: Act, own: Folder, row: bytes, entry: LedgerEntry, names: LedgerNames) -> bytes:
    folder = _names_folder(act, own, entry)
    return seal(folder.key, payloads.encode(names), Context(act.desk.instance.office, "record", (folder.id, row, 1)))


def _sealed(desk: Desk, folder: Folder, row: bytes, version: int, entry: LedgerEntry, inner: bytes) -> bytes:
    context = Context(desk.instance.office, "record", (folder.id, row, version))
    return seal(folder.key, codec.encode([payloads.encode(entry), inner]), context)


# --- reading


def opened(act: Act, row: LedgerRow) -> Row:
    """A row, believed only as the year's contents list notes it; raises Damaged."""
    held = act.contents(row.owner)
    kind, *noted = held.entries.get(row.id, ("", 0, b""))
    if not kind.startswith(PLAIN) or noted != [row.version, row_mark(row.sealed)]:
        raise Damaged("ledger-damaged")
    context = Context(act.desk.instance.office, "record", (held.folder.id, row.id, row.version))
    raw, inner = codec.decode(open_sealed(held.folder.key, row.sealed, context))
    entry = payloads.decode(raw, LedgerEntry)
    if entry.serial != row.serial:
        raise Damaged("ledger-damaged")
    return Row(row, entry, inner)


def of_serial(act: Act, serial: int) -> Row:
    """The row with a serial number; raises NotFound."""
    return opened(act, records.ledger_row(act.connection, serial))


def listed(act: Act, row: Row) -> Listed:
    """A row as the person at the desk may read it."""
    entry = row.entry
    names, unnamed = names_of(act, row)
    people = (entry.person, entry.approval_person, entry.outcome_person)
    return Listed(entry, row.stored.version, names, unnamed, *(_name_of(act, person) for person in people))


def _name_of(act: Act, person: str) -> str:
    return office_service.name_of(act, bytes.fromhex(person)) if person else ""


def names_of(act: Act, row: Row) -> tuple[LedgerNames | None, Unnamed]:
    """Who and what a row names, to whoever holds the client; to others why not. The only place that decides this."""
    entry = row.entry
    if entry.client and not act.desk.may(Permission.READ_CLIENTS):  # whatever keys he may hold
        return None, "number"
    try:
        folder = _names_folder(act, act.contents(row.stored.owner).folder, entry)
        context = Context(act.desk.instance.office, "record", (folder.id, row.stored.id, 1))
        return payloads.decode(open_sealed(folder.key, row.inner, context), LedgerNames), ""
    except (NotFound, SealBroken):
        there = records.has_client(act.connection, bytes.fromhex(entry.client))
        return None, "elsewhere" if there else "erased"
