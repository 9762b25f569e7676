"""The work list by days: the calendar of a month, and the corporations by the month in which they close their books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from vault.domain import paging
from vault.domain.access import Permission
from vault.domain.clients import Corporation
from vault.domain.values import add_months
from vault.domain.worklist import CALENDAR, Choice, Sort
from vault.errors import Damaged, Malformed, NotFound
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import POLICY, client_of
from vault.services.safe import Desk
from vault.services.worklist.gathering import Placed, Want, gathered
from vault.services.worklist.lines import PAGE, Shown, read

MONTHS = 12


@dataclass(frozen=True)
class Month:
    """How many lines of each sort fall on each day of a month, and one page of those of a day that was chosen."""

    days: dict[date, Counter[Sort]]
    rows: list[Shown]
    page: int
    pages: int
    pending: int


def month(desk: Desk, choice: Choice, first: date, day: date | None, page: int) -> Month:
    """The calendar of a month, given by its first day; `day`: the one whose lines are shown."""
    last = add_months(first, 1) - timedelta(days=1)
    found = gathered(desk, choice, [Want(sort, first, last) for sort in CALENDAR])
    days: dict[date, Counter[Sort]] = {}
    for line in found.lines:
        days.setdefault(line.day, Counter())[line.sort] += 1
    shown = paging.page([line for line in found.lines if line.day == day], PAGE, page)
    with desk.act(Event.TODAY_OPENED, Permission.READ_CLIENTS) as act:
        rows = read(act, shown.rows)
    return Month(days, rows, shown.number, shown.of, found.pending)


# --- 決算月別一覧


@dataclass(frozen=True)
class Closing:
    """A corporation with the day on which it closes its books next, and how many policies it has."""

    owner: bytes
    day: date
    client: Corporation
    policies: int


@dataclass(frozen=True)
class Closings:
    """How many corporations close their books in each of the twelve months from a day on (by the month's first day), and
    one page of those of one month."""

    counts: dict[date, int]
    month: date
    rows: list[Closing]
    page: int
    pages: int
    pending: int


def closings(desk: Desk, choice: Choice, today: date, wanted: date | None, page: int) -> Closings:
    """The corporations by the month of their closing; `wanted`: the first day of the month that is shown."""
    counts, chosen, pending = _closing_lines(desk, choice, today, wanted)
    shown = paging.page(chosen[1], PAGE, page)
    with desk.act(Event.CLIENTS_LISTED, Permission.READ_CLIENTS) as act:
        rows = closing_rows(act, shown.rows)
    return Closings(counts, chosen[0], rows, shown.number, shown.of, pending)


def _closing_lines(
    desk: Desk, choice: Choice, today: date, wanted: date | None
) -> tuple[dict[date, int], tuple[date, list[Placed]], int]:  # fmt: skip
    first = today.replace(day=1)
    last = add_months(first, MONTHS) - timedelta(days=1)
    found = gathered(desk, choice, [Want(Sort.CLOSING, first, last)], answered=True)
    counts = Counter(line.day.replace(day=1) for line in found.lines)
    months = {add_months(first, n): counts[add_months(first, n)] for n in range(MONTHS)}
    month = wanted if wanted in months else first
    return months, (month, [line for line in found.lines if line.day.replace(day=1) == month]), found.pending


def closing_lines(desk: Desk, choice: Choice, today: date, wanted: date | None) -> tuple[date, list[Placed]]:
    """(the month's first day, all its lines), for a sheet."""
    return _closing_lines(desk, choice, today, wanted)[1]


def closing_rows(act: Act, lines: list[Placed]) -> list[Closing]:
    """The corporations of lines, read inside another act; left out is what cannot be read (any more)."""
    rows = []
    for line in lines:
        try:
            client = client_of(act, line.owner)[1]
        except (NotFound, Damaged, Malformed):
            continue
        policies = sum(entry[0] == POLICY for entry in act.contents(line.owner).entries.values())
        rows += [Closing(line.owner, line.day, client, policies)] if isinstance(client, Corporation) else []
    act.tell(count=len(rows))
    return rows
