"""The work list on paper: the ledger row is durable before its body leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from vault.domain.access import Permission
from vault.domain.prints import CLOSING_SHEET, DUE_SHEET, WORK_SHEET, OfficeOrder
from vault.domain.worklist import Choice
from vault.errors import Refused
from vault.services import printing
from vault.services.audit import Event
from vault.services.ledger_rows import ensure_papers
from vault.services.safe import Desk
from vault.services.worklist import lines, months
from vault.services.worklist.gathering import Placed
from vault.services.worklist.lines import Shown
from vault.services.worklist.months import Closing

# A list of so many lines is work for weeks; more would not be read.
MOST = 500


@dataclass(frozen=True)
class WorkSheet:
    """A part of the work list with its number. `total` says how many lines there are, of which the first MOST stand here."""

    sheet: printing.OfficeSheet
    rows: list[Shown]
    total: int
    choice: Choice


@dataclass(frozen=True)
class ClosingSheet:
    """The corporations that close their books in a month, with the sheet's number."""

    sheet: printing.OfficeSheet
    month: date
    rows: list[Closing]
    total: int


def sheet_of(part: str) -> str:
    """What the sheet of a part of the list is called."""
    return DUE_SHEET if part == "ends" else WORK_SHEET


def print_part(desk: Desk, part: str, order: OfficeOrder, today: date) -> WorkSheet:
    """A part of the list as the person sees it on the screen. Raises Refused as `_check` does."""
    _check(desk)
    choice = lines.chosen(desk)
    placed = lines.parts(desk, choice, part, today)[1].lines
    papers = ensure_papers(desk)
    with desk.act(Event.OFFICE_SHEET_PRINTED, Permission.PRINT) as act:
        rows = lines.read(act, placed[:MOST])
        made = printing.office_sheet(act, papers, sheet_of(part), order, _people(placed[:MOST]))
    return WorkSheet(made, rows, len(placed), choice)


def print_closings(desk: Desk, wanted: date | None, order: OfficeOrder, today: date) -> ClosingSheet:
    """The corporations of a month. Raises Refused as `_check` does."""
    _check(desk)
    month, placed = months.closing_lines(desk, lines.chosen(desk), today, wanted)
    papers = ensure_papers(desk)
    with desk.act(Event.OFFICE_SHEET_PRINTED, Permission.PRINT) as act:
        rows = months.closing_rows(act, placed[:MOST])
        made = printing.office_sheet(act, papers, CLOSING_SHEET, order, _people(placed[:MOST]))
    return ClosingSheet(made, month, rows, len(placed))


def _people(placed: list[Placed]) -> int:
    return len({line.owner for line in placed})


def _check(desk: Desk) -> None:
    """Raises Refused where every sheet about clients wants another person's word: for a list of many there is no such
    procedure."""
    desk.require(Permission.PRINT)
    desk.require(Permission.READ_CLIENTS)
    if printing.needs_approval(desk):
        raise Refused("worklist-approval")
