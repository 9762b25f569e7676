"""Printing: the ledger row is durable before a sheet's body leaves, and every opening is a new number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from vault.crypto import codec
from vault.crypto.directory import OFFICE
from vault.crypto.envelope import Context, open_sealed, seal
from vault.crypto.keys import new_id, new_key
from vault.domain.access import Permission
from vault.domain.office import Office
from vault.domain.prints import LedgerEntry, LedgerNames, Outcome, PrintOrder, due_back
from vault.errors import Damaged, NotFound, SealBroken
from vault.services import office as office_service
from vault.services import payloads
from vault.services.acts import Act, Folder, row_mark
from vault.services.audit import Event
from vault.services.clients import Page, page_of
from vault.services.safe import Desk
from vault.storage import records
from vault.storage.records import LedgerRow

JAPAN = timezone(timedelta(hours=9))
LEDGER = "ledger"


@dataclass(frozen=True)
class Sheet:
    """A sheet with its number: only `print_client` makes one."""

    serial: int
    at: int
    printed_by: str
    office: Office
    page: Page


@dataclass(frozen=True)
class Listed:
    """One row of the ledger as people read it; names are None when the client was erased."""

    entry: LedgerEntry
    version: int
    names: LedgerNames | None
    printed_by: str
    confirmed_by: str


def papers_of(year: int) -> bytes:
    """The owner id of the office's papers of one year."""
    return b"kura papers %04d" % year


def _year(desk: Desk) -> int:
    return datetime.fromtimestamp(desk.instance.now(), JAPAN).year


def _ensure_papers(desk: Desk) -> bytes:
    owner = papers_of(_year(desk))
    try:
        desk.folder(owner)
    except NotFound:
        desk.add_folders({owner: desk.directory.system(OFFICE)}, {owner: (new_id(), new_key())})
    return owner


def print_client(desk: Desk, client: bytes, order: PrintOrder) -> Sheet:
    """Write the ledger row, then hand out what the sheet shows. Each call is another print with another number."""
    desk.require(Permission.PRINT)
    papers = _ensure_papers(desk)
    now = desk.instance.now()
    with desk.act(Event.SHEET_PRINTED, Permission.PRINT, client) as act:
        page = page_of(act, client)
        particulars, _ = office_service.read_particulars(act)
        if particulars is None:
            raise NotFound("not-found")
        _check_whole(act, papers)
        serial = records.next_serial(act.connection)
        entry = LedgerEntry(
            serial=serial,
            sheet=order.sheet,
            client=client.hex(),
            people=max(1, len(page.client.members)),
            purpose=order.purpose,
            copies=order.copies,
            person=desk.person.hex(),
            at=now,
            due=due_back(order.purpose, datetime.fromtimestamp(now, JAPAN).date()),
        )
        names = LedgerNames(client=page.client.name, addressee=order.addressee, place=order.place)
        _add_row(act, papers, client, entry, names)
        name = office_service.person_name(act)
        act.tell(serial=serial, purpose=order.purpose)
    return Sheet(serial, now, name, particulars, page)


def _check_whole(act: Act, papers: bytes) -> None:
    """Refuse a ledger from which a row was taken: its number would be given out again."""
    if records.ledger_count_of(act.connection, papers) != len(act.contents(papers).entries):
        raise Damaged("ledger-damaged")


def _add_row(act: Act, papers: bytes, client: bytes, entry: LedgerEntry, names: LedgerNames) -> None:
    held = act.contents(papers)
    held.changed = True
    row_id = new_id()
    inner = _seal_names(act.desk, act.desk.folder(client), row_id, names)
    sealed = _seal_row(act.desk, held.folder, row_id, 1, entry, inner)
    held.entries[row_id] = (LEDGER, 1, row_mark(sealed))
    records.add_ledger_row(act.connection, LedgerRow(entry.serial, row_id, papers, held.folder.id, 1, entry.at, sealed))


def _seal_names(desk: Desk, folder: Folder, row: bytes, names: LedgerNames) -> bytes:
    return seal(folder.key, payloads.encode(names), Context(desk.instance.office, "record", (folder.id, row, 1)))


def _seal_row(desk: Desk, folder: Folder, row: bytes, version: int, entry: LedgerEntry, inner: bytes) -> bytes:
    context = Context(desk.instance.office, "record", (folder.id, row, version))
    return seal(folder.key, codec.encode([payloads.encode(entry), inner]), context)


# --- the ledger


def ledger(desk: Desk, limit: int = 200, offset: int = 0) -> tuple[list[Listed], int]:
    """(rows, newest first; how many there are in all)."""
    with desk.act(Event.LEDGER_OPENED, Permission.READ_PRINT_LEDGER) as act:
        rows = records.ledger_rows(act.connection, limit, offset)
        for papers in {row.owner for row in rows} | _papers_now(desk):
            _check_whole(act, papers)
        found = [_listed(act, row) for row in rows]
        total = records.ledger_count(act.connection)
        if rows and not offset and rows[0].serial != total:
            raise Damaged("ledger-damaged")
    return found, total


def _papers_now(desk: Desk) -> set[bytes]:
    owner = papers_of(_year(desk))
    try:
        desk.folder(owner)
    except NotFound:
        return set()
    return {owner}


def one(desk: Desk, serial: int) -> Listed:
    """One row of the ledger; raises NotFound."""
    with desk.act(Event.LEDGER_OPENED, Permission.READ_PRINT_LEDGER) as act:
        return _listed(act, records.ledger_row(act.connection, serial))


def _open_row(act: Act, row: LedgerRow) -> tuple[LedgerEntry, bytes, Folder]:
    held = act.contents(row.owner)
    if held.entries.get(row.id) != (LEDGER, row.version, row_mark(row.sealed)):
        raise Damaged("ledger-damaged")
    context = Context(act.desk.instance.office, "record", (held.folder.id, row.id, row.version))
    raw, inner = codec.decode(open_sealed(held.folder.key, row.sealed, context))
    entry = payloads.decode(raw, LedgerEntry)
    if entry.serial != row.serial:
        raise Damaged("ledger-damaged")
    return entry, inner, held.folder


def _listed(act: Act, row: LedgerRow) -> Listed:
    entry, inner, _ = _open_row(act, row)
    confirmed = office_service.name_of(act, bytes.fromhex(entry.outcome_person)) if entry.outcome_person else ""
    printed = office_service.name_of(act, bytes.fromhex(entry.person))
    return Listed(entry, row.version, _names(act, row, entry, inner), printed, confirmed)


def _names(act: Act, row: LedgerRow, entry: LedgerEntry, inner: bytes) -> LedgerNames | None:
    try:
        folder = act.desk.folder(bytes.fromhex(entry.client))
        context = Context(act.desk.instance.office, "record", (folder.id, row.id, 1))
        return payloads.decode(open_sealed(folder.key, inner, context), LedgerNames)
    except (NotFound, SealBroken):
        return None


def note_outcome(desk: Desk, serial: int, outcome: Outcome, base: int) -> None:
    """Note what became of a print; raises Conflict when somebody was faster."""
    with desk.act(Event.LEDGER_CHANGED, Permission.NOTE_PRINTS) as act:
        row = records.ledger_row(act.connection, serial)
        entry, inner, folder = _open_row(act, row)
        note = " ".join(filter(None, [outcome.place, outcome.note]))
        entry = replace(
            entry, outcome=outcome.outcome, outcome_note=note, outcome_at=desk.instance.now(),
            outcome_person=desk.person.hex(),
        )  # fmt: skip
        sealed = _seal_row(desk, folder, row.id, row.version + 1, entry, inner)
        records.change_ledger_row(act.connection, replace(row, version=base), sealed)
        held = act.contents(row.owner)
        held.entries[row.id] = (LEDGER, row.version + 1, row_mark(sealed))
        held.changed = True
        act.tell(serial=serial, outcome=outcome.outcome)
