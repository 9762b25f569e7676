"""Everything on paper before the contract ends: every client with every policy, in pieces, as one job.

A piece is a sheet of its own with its own number. Which clients are on it, and in which state they were, is noted in the
transaction that wrote its ledger row: a browser that was closed, or another day, changes nothing of how far the job is.
A client that was changed since is printed again, and so are those on a piece that the ledger says was never printed
or has been shredded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from vault.domain.access import Permission
from vault.domain.prints import APPROVED, FINAL_PURPOSE, WAITING, WHOLE_OFFICE, FinalOrder, LedgerEntry
from vault.errors import Conflict, NotFound, Refused
from vault.services import office as office_service
from vault.services import payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.clients import Page, page_of
from vault.services.ledger_rows import Row, add, change, ensure_papers, listed
from vault.services.printing import OfficeSheet, particulars
from vault.services.safe import OFFICE_PAGE, Desk
from vault.services.scan_sheets import Scan, every_scan, stretch
from vault.services.sheets import Written, names_of, of_client, of_policies
from vault.services.whole_office_progress import (
    ASKED,
    MOST_SCANS,
    PIECE,
    Asked,
    Noted,
    Part,
    Progress,
    approval_of,
    heads_of,
    pieces_of,
    progress_of,
)
from vault.storage import records


@dataclass(frozen=True)
class Printed:
    """One client on a piece, or a part of him: the first (`place` 0) with his card and policies, each with `scans`."""

    page: Page
    written: Written
    place: int
    scans: list[Scan]


@dataclass(frozen=True)
class PieceSheet:
    """A piece with its number: only `print_next` and `print_again` make one."""

    sheet: OfficeSheet
    clients: list[Printed]


def progress(desk: Desk) -> Progress:
    """How far the job is, without opening any policy."""
    with desk.act(Event.CLIENTS_LISTED, Permission.CANCEL_CONTRACT) as act:
        found = progress_of(act)
        act.tell(count=found.clients)
    return found


def request(desk: Desk, order: FinalOrder) -> int:
    """Order the whole office where another person has to approve it. Returns the number; Refused while one stands."""
    desk.require(Permission.CANCEL_CONTRACT)
    papers = ensure_papers(desk)
    with desk.act(Event.PRINT_REQUESTED, Permission.CANCEL_CONTRACT) as act:
        if approval_of(act)[0] != "needed":
            raise Refused("whole-office-asked")
        people = sum(head.people for head in heads_of(act).values())
        entry = replace(_entry(act, order, people), approval=WAITING)
        add(act, papers, entry, names_of(order))
        act.add(OFFICE_PAGE, ASKED, payloads.encode(Asked(serial=entry.serial)))
        act.tell(serial=entry.serial, purpose=entry.purpose, sheet=entry.sheet)
    return entry.serial


# --- printing


def print_next(desk: Desk, order: FinalOrder | None, first: bytes, place: int = 0) -> PieceSheet:
    """The next piece, which begins with part `place` of the client `first`; raises Conflict when that one was printed
    meanwhile.

    Where another person has approved the job the order is the one he approved, and `order` is not asked.
    """
    with _printing(desk) as (act, papers):
        coming = progress_of(act).coming
        if not coming or coming[0].key != (first, place):
            raise Conflict("whole-office-moved")
        made = _print(act, papers, order, coming)
    return made


def print_again(desk: Desk, order: FinalOrder | None, serial: int) -> PieceSheet:
    """Those on an earlier piece once more, as they are now, with a new number; raises NotFound."""
    with _printing(desk) as (act, papers):
        piece = next((each for each in pieces_of(act, heads_of(act)) if each.serial == serial), None)
        if piece is None or not piece.clients:
            raise NotFound("not-found")
        made = _print(act, papers, order, piece.clients)
    return made


@contextmanager
def _printing(desk: Desk) -> Iterator[tuple[Act, bytes]]:
    for permission in (Permission.CANCEL_CONTRACT, Permission.READ_SENSITIVE, Permission.READ_DOCUMENTS):
        desk.require(permission)
    papers = ensure_papers(desk)
    with desk.act(Event.OFFICE_SHEET_PRINTED, Permission.CANCEL_CONTRACT) as act:
        yield act, papers


def _print(act: Act, papers: bytes, order: FinalOrder | None, parts: list[Part]) -> PieceSheet:
    desk = act.desk
    approval, row = approval_of(act)
    wanted = _order_of(act, row) if row else order
    if approval in ("needed", "waiting") or wanted is None:
        raise Refused("approval-needed")
    heads = {part.id: part.head for part in parts}
    entry = _written_down(act, papers, wanted, sum(head.people for head in heads.values()), row)
    act.add(OFFICE_PAGE, PIECE, payloads.encode(_noted(entry.serial, parts)))
    for head in heads:
        act.also(Event.SHEET_PRINTED, head)
    act.tell(serial=entry.serial, purpose=entry.purpose, sheet=entry.sheet, count=len(heads))
    name = office_service.person_name(act)
    made = OfficeSheet(entry.sheet, entry.serial, desk.instance.now(), name, particulars(act), wanted)
    return PieceSheet(made, [_printed(act, part) for part in parts])


def _noted(serial: int, parts: list[Part]) -> Noted:
    return Noted(
        serial=serial, clients=tuple(part.id.hex() for part in parts), states=tuple(part.head.state for part in parts),
        parts=tuple(part.place for part in parts),
    )  # fmt: skip


def _written_down(act: Act, papers: bytes, order: FinalOrder, people: int, approved: Row | None) -> LedgerEntry:
    """The ledger row of a piece. The first one of an approved job is the row that was approved."""
    now = act.desk.instance.now()
    if approved is not None and not approved.entry.opened:
        entry = replace(approved.entry, opened=now, people=people)
        change(act, approved, entry, None, approved.stored.version)
        return entry
    entry = _entry(act, order, people)
    if approved is not None:
        given = approved.entry
        entry = replace(
            entry, approval=APPROVED, approval_at=given.approval_at, approval_person=given.approval_person, opened=now
        )
    add(act, papers, entry, names_of(order))
    return entry


def _entry(act: Act, order: FinalOrder, people: int) -> LedgerEntry:
    desk = act.desk
    return LedgerEntry(
        serial=records.next_serial(act.connection), sheet=WHOLE_OFFICE, client="", people=people, purpose=order.purpose,
        copies=order.copies, person=desk.person.hex(), at=desk.instance.now(),
    )  # fmt: skip


def _order_of(act: Act, row: Row) -> FinalOrder:
    names = listed(act, row).names
    if names is None:
        raise NotFound("not-found")
    return FinalOrder(
        purpose=FINAL_PURPOSE, addressee=names.addressee, place=names.place, copies=row.entry.copies
    )


def _printed(act: Act, part: Part) -> Printed:
    page = page_of(act, part.id)
    written = {} if part.place else {**of_client(act, part.id), **of_policies(act, part.id, page.policies)}
    scans = stretch(every_scan(page.documents), part.place * MOST_SCANS, MOST_SCANS)
    return Printed(page, written, part.place, scans)
