"""The work list as a person sees it: a part of it, page by page, with what the records say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from vault.domain import paging
from vault.domain.access import Permission
from vault.domain.clients import Client, Member
from vault.domain.deposits import Deposit
from vault.domain.policies import Policy
from vault.domain.retention import Term
from vault.domain.tasks import Task
from vault.domain.worklist import (
    DONE,
    LATE,
    PARTS,
    YEARS,
    Choice,
    Line,
    Sort,
    people_of,
    since,
    still_due,
    stretch,
    this_year,
)
from vault.errors import Damaged, Malformed, NotFound
from vault.services import office, payloads, retention
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import DEPOSIT, POLICY, TASK, client_of
from vault.services.ledger_rows import Listed as LedgerLine
from vault.services.ledger_rows import listed as ledger_line
from vault.services.safe import Desk
from vault.services.worklist import elsewhere
from vault.services.worklist.elsewhere import dues_of
from vault.services.worklist.gathering import Gathered, Placed, Want, gathered

PAGE = 50
_KIND = "worklist"
_NOW = tuple(part for part in PARTS if part not in (LATE, DONE))


@dataclass(frozen=True)
class About:
    """What a line is about: a policy, a receipt for originals, something that left the office, how long a client is kept,
    people and how old they are then, or the client himself."""

    policy: Policy | None = None
    deposit: Deposit | None = None
    out: LedgerLine | None = None
    term: Term | None = None
    people: list[tuple[Member, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """A line with what it is about. `nth` tells it from others of its sort in the same record: its place among them, or
    the year of what comes every year.

    Of a task: `task`, and `answers`, the line that it is the answer to; `gone` where no record speaks of that any more.
    """

    line: Line
    nth: int
    client: Client
    compartment: bytes
    about: About
    task: Task | None = None
    answers: Line | None = None
    gone: bool = False


@dataclass(frozen=True)
class Listed:
    """One page of a part of the list, and among what else one can choose. `counts`: how many lines each part has; `rooms`:
    (id in hex, name) of the compartments one can open."""

    part: str
    counts: dict[str, int]
    rows: list[Shown]
    page: int
    pages: int
    choice: Choice
    pending: int
    rooms: list[tuple[str, str]]
    colleagues: list[str]
    own_name: str

    @property
    def total(self) -> int:
        return self.counts[self.part]


# --- which


def parts(desk: Desk, choice: Choice, part: str, today: date) -> tuple[dict[str, int], Gathered]:
    """How many lines each part has, and those of one part in order; late and done ones with the newest first."""
    wants = _wants(choice, part, today)
    found = gathered(desk, choice, list(wants))
    counts = dict(zip(wants.values(), found.counts, strict=True))
    told = {each: sum(counts[each if each in (LATE, DONE) else "", sort] for sort in PARTS[each]) for each in PARTS}
    if part in (LATE, DONE):
        found.lines.sort(key=lambda line: line.day, reverse=True)
    return told, found


def _wants(choice: Choice, part: str, today: date) -> dict[Want, tuple[str, Sort]]:
    """What is looked up, and for which part: all but late and done share their days, so each sort is looked up once."""
    found = {}
    for group, sorts in (("", {sort for each in _NOW for sort in PARTS[each]}), (LATE, PARTS[LATE]), (DONE, PARTS[DONE])):
        first, last = stretch(group, choice.days, today)
        for sort in sorts:
            named = sort in PARTS[part] and (part if part in (LATE, DONE) else "") == group
            found[Want(sort, since(sort, first), last, named)] = (group, sort)
    return found


# --- what they say


def listed(act: Act, part: str, counts: dict[str, int], found: Gathered, choice: Choice, page: int = 1) -> Listed:
    """A page of what was gathered, read from the records inside another act."""
    shown = paging.page(found.lines, PAGE, page)
    return Listed(
        part, counts, read(act, shown.rows), shown.number, shown.of, choice, found.pending,
        _rooms(act), office.colleagues(act), office.person_name(act),
    )  # fmt: skip


def _rooms(act: Act) -> list[tuple[str, str]]:
    names = office.compartment_names(act)
    return sorted(((c.hex(), names.get(c, "")) for c in act.desk.client_compartments()), key=lambda room: room[1])


def read(act: Act, lines: list[Placed]) -> list[Shown]:
    """Lines with what they are about; left out is what was changed since they were gathered, or cannot be read."""
    rows = []
    for placed in lines:
        try:
            shown = _shown(act, placed.line)
        except (NotFound, Damaged, Malformed):
            continue
        rows += [shown] if shown is not None else []
    act.tell(lines=len(rows))
    return rows


def one(desk: Desk, owner: bytes, sort: Sort, record: bytes, nth: int) -> Shown:
    """The line of a record that `nth` tells; raises NotFound."""
    with desk.act(Event.TASK_OPENED, Permission.READ_CLIENTS, owner) as act:
        line = next((each for each in _lines_of(act, owner, record, sort, nth)), None)
        shown = _shown(act, line) if line is not None else None
        act.tell(record=record)
    if shown is None:
        raise NotFound("not-found")
    return shown


def _lines_of(act: Act, owner: bytes, record: bytes, sort: Sort, nth: int) -> list[Line]:
    if not elsewhere.may(act.desk, sort):
        return []
    days = sorted(due.day for due in dues_of(act, Line(sort, date.min, owner, record)) if due.sort is sort)
    if not sort.yearly:
        days = days[nth : nth + 1]
    else:
        days = [this_year(sort, day, nth) for day in days] if nth in YEARS else []
    return [Line(sort, day, owner, record) for day in days]


def _shown(act: Act, line: Line) -> Shown | None:
    client, held = client_of(act, line.owner)[1], act.contents(line.owner)
    kind = held.entries.get(line.record, ("",))[0]
    if kind == TASK:
        return _task(act, line, client)
    dues = dues_of(act, line)
    if not still_due(dues, line):
        return None
    days = sorted(due.day for due in dues if due.sort is line.sort)
    nth = line.day.year if line.sort.yearly else days.index(line.day)
    return Shown(line, nth, client, held.folder.compartment, _about(act, line))


def _about(act: Act, line: Line) -> About:
    if line.sort is Sort.PRINT:
        row = elsewhere.print_of(act, line.record)
        return About(out=ledger_line(act, row) if row is not None and row.entry.client == line.owner.hex() else None)
    if line.sort is Sort.RETENTION:
        return About(term=retention.end_of(act, line.owner))
    kind = act.contents(line.owner).entries.get(line.record, ("",))[0]
    if kind == POLICY:
        return About(policy=payloads.decode(act.read_one(line.owner, line.record, POLICY).payload, Policy))
    if kind == DEPOSIT:
        return About(deposit=payloads.decode(act.read_one(line.owner, line.record, DEPOSIT).payload, Deposit))
    ages = line.sort in (Sort.AGE, Sort.BIRTHDAY)
    return About(people=people_of(client_of(act, line.owner)[1], line) if ages else [])


def _task(act: Act, line: Line, client: Client) -> Shown:
    task = payloads.decode(act.read_one(line.owner, line.record, TASK).payload, Task)
    room = act.contents(line.owner).folder.compartment
    if not task.line:
        return Shown(line, 0, client, room, _about(act, replace(line, record=bytes.fromhex(task.policy))), task)
    answers = Line.of(line.owner, task.line)
    gone = not still_due(dues_of(act, answers), answers)
    return Shown(line, 0, client, room, _about(act, answers), task, answers, gone)


# --- what a person wants to see


def choice(act: Act) -> Choice:
    """What the person at the desk chose last."""
    for found in act.read(act.desk.person, [_KIND]):
        return payloads.decode(found.payload, Choice)
    return Choice()


def chosen(desk: Desk) -> Choice:
    """The same, before the list is gathered."""
    with desk.look(Permission.READ_CLIENTS) as act:
        return choice(act)


def choose(desk: Desk, wanted: Choice) -> None:
    """From now on the person at the desk sees the list so."""
    with desk.act(Event.WORKLIST_CHOSEN, Permission.READ_CLIENTS) as act:
        for found in act.read(desk.person, [_KIND]):
            act.change(desk.person, found.row.id, _KIND, payloads.encode(wanted), found.row.version)
            break
        else:
            act.add(desk.person, _KIND, payloads.encode(wanted))


def colleagues(desk: Desk) -> list[str]:
    """To whom a line can be handed."""
    with desk.look(Permission.READ_CLIENTS) as act:
        return office.colleagues(act)
