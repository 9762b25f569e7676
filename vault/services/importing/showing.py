"""A page of the rows of a file as they would come in, and which of them somebody wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from vault.domain import paging
from vault.domain.capacity import Capacity
from vault.domain.importing import Table
from vault.errors import NotFound
from vault.services import capacity, office
from vault.services.audit import Event
from vault.services.importing import checking, drafts, noted
from vault.services.importing.checking import Head, Line
from vault.services.importing.drafts import IMPORT, State
from vault.services.importing.noted import At
from vault.services.importing.running import chosen
from vault.services.importing.settling import DONE, WRITABLE
from vault.services.safe import Desk

PAGE = 100


@dataclass(frozen=True)
class Place:
    """Which rows are looked at: a table, a state (empty: all), a page from 1."""

    table: int
    show: str
    page: int


@dataclass(frozen=True)
class Rows:
    """One page. `counts` of the table's rows by state, `chosen` rows of the whole file; `fixes` by row and target; `done`
    rows of the file are in already; `adds` of the chosen rows would become new policies, for which there is `capacity`."""

    state: State
    table: Table
    place: Place
    pages: int
    lines: list[Line]
    counts: dict[str, int]
    shown: int
    chosen: int
    on: set[At]
    done: int
    room: str
    fixes: dict[tuple[int, str], str]
    tables: list[tuple[int, str]]
    adds: int
    capacity: Capacity

    @property
    def over(self) -> int:
        """Chosen rows for whose policies the contract has no room."""
        return max(0, self.adds - self.capacity.left) if self.capacity.limited else 0


def look(desk: Desk, upload: bytes, place: Place) -> Rows | None:
    """A page; None where the rows have to be compared first, or again. Raises NotFound."""
    draft = drafts.opened(desk, upload)
    state = drafts.state(desk, draft)
    with desk.act(Event.IMPORT_OPENED, IMPORT) as act:
        told = noted.told(act, draft.id)
        rooms, left = office.compartment_names(act), capacity.of(act)
    try:
        lines = checking.heads(desk, draft)
    except NotFound:
        return None
    done = told[0].rows if told else set()
    if not done <= {line.at for line in lines if line.state == DONE}:
        return None
    room = rooms.get(bytes.fromhex(state.compartment), "")
    return _page(state, drafts.tables(desk, draft), lines, place, room, left)


def _page(state: State, tables: list[Table], lines: list[Head], place: Place, room: str, left: Capacity) -> Rows:
    used = [number for number, sheet in enumerate(state.sheets) if sheet.used]
    number = place.table if place.table in used else used[0]
    mine = [line for line in lines if line.table == number]
    shown = [line for line in mine if place.show in ("", line.state)]
    is_chosen, part = chosen(state), paging.page(shown, PAGE, place.page)
    return Rows(
        state, tables[number], Place(number, place.show, part.number), part.of, [head.line() for head in part.rows], Counter(line.state for line in mine), len(shown),
        sum(map(is_chosen, lines)), {line.at for line in part.rows if is_chosen(line)}, sum(line.state == DONE for line in lines), room,
        {(fix.row, fix.target): fix.text for fix in state.fixes if fix.table == number},
        [(each, tables[each].name) for each in used], sum(line.adds and is_chosen(line) for line in lines), left,
    )  # fmt: skip


def tick(desk: Desk, upload: bytes, on: Iterable[At], off: Iterable[At]) -> None:
    """Want single rows, or do without them."""
    with drafts.alone(desk, upload) as draft:
        _ticked(desk, draft, set(on), set(off))


def tick_all(desk: Desk, upload: bytes, place: Place, wanted: bool) -> None:
    """The same of every row of a choice, on all its pages."""
    with drafts.alone(desk, upload) as draft:
        lines = checking.heads(desk, draft)
        rows = {
            line.at for line in lines
            if line.table == place.table and place.show in ("", line.state) and line.state in WRITABLE
        }  # fmt: skip
        _ticked(desk, draft, rows if wanted else set(), set() if wanted else rows)


def _ticked(desk: Desk, draft: drafts.Draft, on: set[At], off: set[At]) -> None:
    state = drafts.state(desk, draft)
    ticked = (set(state.ticked) | on) - off
    unticked = (set(state.unticked) | off) - on
    drafts.change(desk, draft, state, ticked=tuple(sorted(ticked)), unticked=tuple(sorted(unticked)))

