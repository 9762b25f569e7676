"""Printing: the ledger row is durable before a sheet's body leaves, and every opening is a new number.

A sheet about a client comes from `print_client`, or, where the office wants another person's word first, from `request`,
`approve` and `print_approved`. A sheet about the office itself (點検 and the like) comes from `print_office`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.office import Office
from vault.domain.prints import (
    APPROVED,
    DECLINED,
    DEPOSIT_RECEIPT,
    LEDGER_SHEET,
    POLICY_DETAIL,
    SCANS,
    WAITING,
    WHOLE_OFFICE,
    WITH_SENSITIVE,
    Decline,
    LedgerEntry,
    LedgerNames,
    LedgerOrder,
    OfficeOrder,
    PrintOrder,
    due_back,
)
from vault.errors import Conflict, NotFound, Refused
from vault.services import ledger as ledger_service
from vault.services import office as office_service
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.clients import Page, page_of
from vault.services.ledger_rows import Listed, Row, add, change, ensure_papers, listed, of_serial, today
from vault.services.safe import Desk
from vault.services.sheets import Sheet, check_may, names_of, names_on, taken_by, written
from vault.storage import records


@dataclass(frozen=True)
class OfficeSheet:
    """What every page of a sheet about the office carries: only `print_office` and `print_ledger` make one."""

    sheet: str
    serial: int
    at: int
    printed_by: str
    office: Office
    order: OfficeOrder


@dataclass(frozen=True)
class LedgerSheet:
    """The ledger of some days, oldest row first. `numbered`: clients stand in it as numbers."""

    sheet: OfficeSheet
    rows: list[Listed]
    numbered: bool


def needs_approval(desk: Desk) -> bool:
    """Whether the office wants another person's word before a sheet about a client leaves."""
    return bool(desk.directory.rules.get("print_approval", 0))


# --- a sheet about a client


def print_client(desk: Desk, client: bytes, order: PrintOrder) -> Sheet:
    """Write the ledger row, then hand out what the sheet shows. Each call is another print with another number.

    Raises Refused where the office's rule wants it approved first, and Forbidden for what the person may not read.
    """
    check_may(desk, order)
    if needs_approval(desk):
        raise Refused("approval-needed")
    papers = ensure_papers(desk)
    with desk.act(Event.SHEET_PRINTED, Permission.PRINT, client) as act:
        page = page_of(act, client)
        entry = _entry(act, order, client, page.client)
        add(act, papers, entry, names_on(page, order))
        sheet = _sheet(act, entry, page, order)
    return sheet


def _entry(act: Act, order: PrintOrder, client: bytes, record: Client) -> LedgerEntry:
    desk = act.desk
    return LedgerEntry(
        serial=records.next_serial(act.connection), sheet=order.named, client=client.hex(),
        people=max(1, len(record.members)), purpose=order.purpose, copies=order.copies, person=desk.person.hex(),
        at=desk.instance.now(), due=due_back(order.purpose, today(desk), order.due),
        policy=order.policy if order.sheet == POLICY_DETAIL else "",
        deposit=order.deposit if order.sheet == DEPOSIT_RECEIPT else "",
        document=order.document if order.sheet == SCANS else "", pages=order.pages if order.sheet == SCANS else "",
    )  # fmt: skip


def _sheet(act: Act, entry: LedgerEntry, page: Page, order: PrintOrder) -> Sheet:
    act.tell(serial=entry.serial, purpose=entry.purpose)
    name = office_service.person_name(act)
    told, by = written(act, page, order), taken_by(act, page, order)
    return Sheet(entry.serial, entry.opened or entry.at, name, particulars(act), page, order, told, by)


def particulars(act: Act) -> Office:
    """Who stands in a sheet's head; raises NotFound before the office has said it."""
    found, _ = office_service.read_particulars(act)
    if found is None:
        raise NotFound("not-found")
    return found


# --- the same with another person's word


def request(desk: Desk, client: bytes, order: PrintOrder) -> int:
    """Order a sheet that another person has to approve: a ledger row, and nothing of the sheet. Returns its number."""
    check_may(desk, order)
    papers = ensure_papers(desk)
    with desk.act(Event.PRINT_REQUESTED, Permission.PRINT, client) as act:
        page = page_of(act, client)
        entry = replace(_entry(act, order, client, page.client), approval=WAITING)
        add(act, papers, entry, names_on(page, order))
        act.tell(serial=entry.serial, purpose=entry.purpose)
    return entry.serial


def approve(desk: Desk, serial: int, base: int) -> None:
    """Let another person's order be printed. Raises Conflict when it was settled before, Refused for one's own."""
    with desk.act(Event.PRINT_APPROVED, Permission.APPROVE_PRINTS) as act:
        row, _ = _to_settle(act, serial)
        change(act, row, _settled(desk, row.entry, APPROVED), None, base)


def decline(desk: Desk, serial: int, said: Decline, base: int) -> None:
    """Refuse another person's order with a reason, which he reads. Raises as `approve` does."""
    with desk.act(Event.PRINT_DECLINED, Permission.APPROVE_PRINTS) as act:
        row, names = _to_settle(act, serial)
        change(act, row, _settled(desk, row.entry, DECLINED), replace(names, reason=said.reason), base)


def _to_settle(act: Act, serial: int) -> tuple[Row, LedgerNames]:
    """An order that waits for this person's word; its client he can open, or he could not know what he approves."""
    row = _order(act, serial)
    shown = listed(act, row)
    if row.entry.person == act.desk.person.hex():
        raise Refused("order-own")
    if row.entry.standing(today(act.desk)) != "waiting":
        raise Conflict("order-settled")
    if shown.names is None:
        raise NotFound("not-found")
    return row, shown.names


def _order(act: Act, serial: int) -> Row:
    row = of_serial(act, serial)
    if not row.entry.approval:
        raise Conflict("order-settled")
    act.fact.subject = bytes.fromhex(row.entry.client)
    act.tell(serial=serial, purpose=row.entry.purpose)
    return row


def _settled(desk: Desk, entry: LedgerEntry, word: str) -> LedgerEntry:
    return replace(entry, approval=word, approval_at=desk.instance.now(), approval_person=desk.person.hex())


def print_approved(desk: Desk, serial: int) -> Sheet:
    """Open one's own approved order, once. Raises Conflict when it was opened or is not approved, and Refused for the
    whole office, whose pieces have a page of their own.
    """
    with desk.act(Event.SHEET_PRINTED, Permission.PRINT) as act:
        row = _order(act, serial)
        if row.entry.person != desk.person.hex():
            raise Refused("order-anothers")
        if row.entry.standing(today(desk)) != "approved":
            raise Conflict("order-opened" if row.entry.opened else "order-settled")
        if row.entry.sheet == WHOLE_OFFICE:
            raise Refused("whole-office-elsewhere")
        order = _order_of(listed(act, row))
        check_may(desk, order)
        page = page_of(act, bytes.fromhex(row.entry.client))
        entry = replace(row.entry, opened=desk.instance.now(), people=max(1, len(page.client.members)))
        names_on(page, order)  # the policy may be gone
        change(act, row, entry, None, row.stored.version)
        sheet = _sheet(act, entry, page, order)
    return sheet


def _order_of(row: Listed) -> PrintOrder:
    entry, names = row.entry, row.names
    if names is None:
        raise NotFound("not-found")
    return PrintOrder(
        sheet=entry.sheet.removesuffix(WITH_SENSITIVE), purpose=entry.purpose, addressee=names.addressee,
        place=names.place, copies=entry.copies, policy=entry.policy, deposit=entry.deposit, document=entry.document,
        pages=entry.pages, sensitive=entry.sheet.endswith(WITH_SENSITIVE),
    )  # fmt: skip


# --- a sheet about the office itself


def print_office(
    desk: Desk, sheet: str, order: OfficeOrder, permission: Permission, people: int = 0
) -> OfficeSheet:
    """Write the ledger row of a sheet about the office (one of OFFICE_SHEETS); then its body may be shown.

    `permission` is the one of who may read what it shows: no right to print clients is needed. `people`: of how many
    persons it has data. Nobody has to approve it, for no client stands in it.
    """
    desk.require(permission)
    papers = ensure_papers(desk)
    with desk.act(Event.OFFICE_SHEET_PRINTED, permission) as act:
        made = office_sheet(act, papers, sheet, order, people)
    return made


def office_sheet(act: Act, papers: bytes, sheet: str, order: OfficeOrder, people: int) -> OfficeSheet:
    """The same inside another act; `papers` is what `ensure_papers` returned before it."""
    desk = act.desk
    entry = LedgerEntry(
        serial=records.next_serial(act.connection), sheet=sheet, client="", people=people, purpose=order.purpose,
        copies=order.copies, person=desk.person.hex(), at=desk.instance.now(),
        due=due_back(order.purpose, today(desk), order.due),
    )  # fmt: skip
    add(act, papers, entry, names_of(order))
    act.tell(serial=entry.serial, purpose=entry.purpose, sheet=sheet)
    return OfficeSheet(sheet, entry.serial, entry.at, office_service.person_name(act), particulars(act), order)


def print_ledger(desk: Desk, order: LedgerOrder) -> LedgerSheet:
    """The ledger itself on paper; clients stand in it as for this person on the screen.

    Where sheets about clients are to be approved, they stand in it as numbers: no name leaves by this way either.
    """
    papers = ensure_papers(desk)
    with desk.act(Event.OFFICE_SHEET_PRINTED, Permission.READ_PRINT_LEDGER) as act:
        ledger_service.checked_total(act)
        rows = ledger_service.between(act, order.since.value, order.until.value)
        if needs_approval(desk):
            rows = [replace(r, names=None, unnamed="number") if r.names and r.entry.client else r for r in rows]
        named = {row.entry.client for row in rows if row.names and row.entry.client}
        made = office_sheet(act, papers, LEDGER_SHEET, order, len(named))
    return LedgerSheet(made, rows, needs_approval(desk))
