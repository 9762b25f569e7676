"""点検: what the log counts of a month, signed by a reviewer. A signed inspection is never changed, only added to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from vault.crypto.directory import OFFICE
from vault.crypto.keys import new_id, new_key
from vault.domain.access import Permission
from vault.domain.inspections import (
    Added,
    Addition,
    Facts,
    Inspection,
    Signed,
    first_of,
    is_over,
    is_overdue,
    months,
    next_first,
)
from vault.domain.prints import INSPECTION_SHEET, OfficeOrder
from vault.domain.values.moments import day_of
from vault.errors import NotFound, Refused
from vault.services import ledger, log, office, payloads, printing
from vault.services.acts import Act, Opened
from vault.services.audit import Event
from vault.services.inspection_counts import counted
from vault.services.printing import OfficeSheet
from vault.services.safe import Desk
from vault.storage import records

OWNER = b"kura inspections"
SIGNED, ADDED = "inspection", "inspection-note"


@dataclass(frozen=True)
class Note:
    """Something written at a time (seconds since 1970) by somebody."""

    at: int
    author: str
    text: str


@dataclass(frozen=True)
class Month:
    """One month in the list: who signed it when (seconds since 1970) with what result; 0 and empty while nobody has."""

    month: str
    at: int = 0
    reviewer: str = ""
    result: str = ""
    over: bool = True
    overdue: bool = False


@dataclass(frozen=True)
class Page:
    """One month: what was counted, when it was signed, or now; and what was said of it."""

    month: Month
    facts: Facts
    inspection: Inspection | None
    notes: list[Note]


def _today(desk: Desk) -> date:
    return day_of(desk.instance.now())


def _months(desk: Desk, begun: int | None) -> list[str]:
    """The months of the office, the newest first; those before the log's term can be looked at no longer.

    `begun`: when the first password was set, in seconds since 1970.
    """
    since = max(begun or desk.instance.now(), log.kept_since(desk))
    return months(day_of(since), _today(desk))


# --- reading


def _signed(act: Act) -> dict[str, tuple[Signed, Opened]]:
    """The signed inspections by month."""
    found = [(payloads.decode(each.payload, Signed), each) for each in _records(act, SIGNED)]
    return {signed.month: (signed, each) for signed, each in found}


def _records(act: Act, kind: str) -> list[Opened]:
    try:
        return act.read(OWNER, [kind])
    except NotFound:
        return []  # nobody has signed anything yet


def _month(act: Act, month: str, signed: dict[str, tuple[Signed, Opened]]) -> Month:
    today = _today(act.desk)
    if month not in signed:
        return Month(month, over=is_over(month, today), overdue=is_overdue(month, today))
    said, row = signed[month]
    return Month(month, row.row.changed, office.name_of(act, row.author), said.inspection.result)


def overview(desk: Desk) -> list[Month]:
    """Every month of the office and every signed one, the newest first."""
    shown = _months(desk, desk.instance.begun_at())
    with desk.act(Event.INSPECTIONS_OPENED, Permission.READ_AUDIT_LOG) as act:
        signed = _signed(act)
        return [_month(act, month, signed) for month in sorted({*shown, *signed}, reverse=True)]


def overdue_months(act: Act) -> list[str]:
    """The months (2026-10) that should have been signed by now, the oldest first; none for who may not read them."""
    if not act.desk.may(Permission.READ_AUDIT_LOG):
        return []
    begun = records.fact(act.connection, "begun")
    every = _months(act.desk, int.from_bytes(begun, "big") if begun is not None else None)
    late = [month for month in every if is_overdue(month, _today(act.desk))]
    signed = _signed(act) if late else {}
    return sorted(month for month in late if month not in signed)


def month_page(desk: Desk, month: str) -> Page:
    """One month; raises NotFound for one the office does not have."""
    desk.require(Permission.READ_AUDIT_LOG)
    first_of(month)
    known = month in _months(desk, desk.instance.begun_at())
    now = counted(desk, month) if known else Facts()
    with desk.act(Event.INSPECTIONS_OPENED, Permission.READ_AUDIT_LOG) as act:
        act.tell(month=month)
        return _page(act, month, _with_papers(act, month, now) if known else None)


def _page(act: Act, month: str, now: Facts | None) -> Page:
    signed = _signed(act)
    if month in signed:
        said = signed[month][0]
        return Page(_month(act, month, signed), said.facts, said.inspection, _notes(act, month))
    if now is None:
        raise NotFound("not-found")
    return Page(_month(act, month, signed), now, None, [])


def _notes(act: Act, month: str) -> list[Note]:
    found = [(payloads.decode(each.payload, Added), each) for each in _records(act, ADDED)]
    notes = [Note(o.row.changed, office.name_of(act, o.author), a.text) for a, o in found if a.month == month]
    return sorted(notes, key=lambda note: note.at)


# --- signing


def sign(desk: Desk, month: str, inspection: Inspection) -> None:
    """Sign a month that is over; raises Refused when somebody has, or when it is not over, NotFound for no such month."""
    desk.require(Permission.SIGN_INSPECTION)
    first_of(month)
    if month not in _months(desk, desk.instance.begun_at()):
        raise NotFound("not-found")
    if not is_over(month, _today(desk)):
        raise Refused("month-not-over")
    facts = counted(desk, month)
    _ensure_folder(desk)
    with desk.act(Event.INSPECTION_SIGNED, Permission.SIGN_INSPECTION) as act:
        if month in _signed(act):
            raise Refused("inspection-signed")
        said = Signed(month=month, facts=_with_papers(act, month, facts), inspection=inspection)
        act.add(OWNER, SIGNED, payloads.encode(said))
        act.tell(month=month, result=inspection.result)
        log.forget_old(act)


def add_note(desk: Desk, month: str, addition: Addition) -> None:
    """Add to a signed inspection; raises NotFound when nobody has signed it."""
    with desk.act(Event.INSPECTION_SIGNED, Permission.SIGN_INSPECTION) as act:
        if month not in _signed(act):
            raise NotFound("not-found")
        act.add(OWNER, ADDED, payloads.encode(Added(month=month, text=addition.text)))
        act.tell(month=month)


def _with_papers(act: Act, month: str, facts: Facts) -> Facts:
    return replace(facts, overdue=ledger.overdue_before(act, next_first(month)))


def _ensure_folder(desk: Desk) -> None:
    try:
        desk.folder(OWNER)
    except NotFound:
        desk.add_folders({OWNER: desk.directory.system(OFFICE)}, {OWNER: (new_id(), new_key())})


# --- printing


def print_month(desk: Desk, month: str, order: OfficeOrder) -> tuple[OfficeSheet, Page]:
    """The 点検記録 of a signed month on paper; raises NotFound when nobody has signed it."""
    page = month_page(desk, month)
    if page.inspection is None:
        raise NotFound("not-found")
    return printing.print_office(desk, INSPECTION_SHEET, order, Permission.READ_AUDIT_LOG), page
