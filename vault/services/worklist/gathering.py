"""Which lines the work list has, read off the search segments and where `elsewhere` finds them: by ids, without opening a
client."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import NamedTuple

from vault.domain.access import Permission
from vault.domain.values import fold
from vault.domain.worklist import (
    OF_POLICIES,
    OTHERS,
    Choice,
    Line,
    Sort,
    in_leap_year,
    this_year,
)
from vault.errors import Conflict
from vault.services.acts import Act
from vault.services.safe import Desk
from vault.services.search import index
from vault.services.search.state import UNWRITTEN, Room, State, opened
from vault.services.worklist import elsewhere
from vault.storage import journal
from vault.storage.packed import Packed
from vault.storage.segments import Spoiled

# So long the list waits for rows that are to be made, in seconds, before it shows what there is.
PATIENCE = 2.0
TRIES = 3
# Clients whose rows are made for this answer alone.
FEW = 20
_OWN_AGENCY, _LINE = "\nb自社\n".encode(), b"\nl"
_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()


@dataclass(frozen=True)
class Want:
    """Lines of one sort between two days, both included. `named`: those lines themselves, not only how many."""

    sort: Sort
    first: date
    last: date
    named: bool = True


class Placed(NamedTuple):
    """A line by its place among others: the day, its sort, the client's kana."""

    day: date
    sort: Sort
    order: bytes
    owner: bytes
    record: bytes

    @property
    def line(self) -> Line:
        return Line(self.sort, self.day, self.owner, self.record)


@dataclass
class Gathered:
    """How many lines answer each want, those of the named ones in order, and of how many clients the rows are still to be
    made."""

    counts: list[int]
    lines: list[Placed] = field(default_factory=list)
    pending: int = 0


@dataclass
class _Pile:
    """What was found so far. `named` and `counted`, by want: the lines themselves, or (day, record) of each; `answered`:
    what people have done something about, by sort, alike; `handled`: the clients of the handler that was chosen. Days are
    counted from 1 January of the year 1."""

    wants: list[Want]
    named: list[list[Placed]]
    counted: list[list[tuple[int, bytes]]]
    answered: dict[Sort, set[tuple[int, bytes]]]
    handled: set[bytes] = field(default_factory=set)

    @classmethod
    def empty(cls, wants: list[Want]) -> _Pile:
        return cls(wants, [[] for _ in wants], [[] for _ in wants], {sort: set() for sort in Sort})

    def open_ones(self, at: int, answered_too: bool) -> tuple[int, list[Placed]]:
        """How many lines of a want stand open, and these lines where they are named."""
        gone = set() if answered_too else self.answered[self.wants[at].sort]
        lines = [line for line in self.named[at] if (line.day.toordinal(), line.record) not in gone] if gone else self.named[at]
        if self.wants[at].named:
            return len(lines), lines
        counted = self.counted[at]
        return len(counted) - (sum(each in gone for each in counted) if gone else 0), []


def gathered(desk: Desk, choice: Choice, wants: list[Want], answered: bool = False) -> Gathered:
    """The lines that answer, of the compartments that the person at the desk can open, less those that people have done
    something about: these have become tasks. With `answered` they stay.

    Raises Conflict when segment keys change again and again while it is about it, Unwritable.
    """
    desk.require(Permission.READ_CLIENTS)
    for _ in range(TRIES - 1):
        with suppress(Conflict, Spoiled):
            return _gathered(desk, choice, wants, answered)
    return _gathered(desk, choice, wants, answered)


def _gathered(desk: Desk, choice: Choice, wants: list[Want], answered: bool) -> Gathered:
    desk.refresh()
    pile, found, until = _Pile.empty(wants), Gathered([]), time.monotonic() + PATIENCE
    apart = _apart(desk, choice, wants)
    for compartment in desk.client_compartments():
        if choice.compartment in ("", compartment.hex()):
            room = index.made_room(desk, compartment)
            index.work_off(desk, room, until, FEW)
            found.pending += _read(desk, room, choice, pile, {line.owner for _, line in apart})
    _add_apart(choice, pile, apart)
    for at in range(len(wants)):
        count, lines = pile.open_ones(at, answered)
        found.counts.append(count)
        found.lines += lines
    found.lines.sort()
    return found


def _apart(desk: Desk, choice: Choice, wants: list[Want]) -> list[tuple[int, Line]]:
    """The lines that no segment tells, with the want that each answers. They are no policy's, so always duties."""
    if choice.whose == OTHERS or not any(want.sort in elsewhere.NEEDS for want in wants):
        return []
    return [
        (at, line) for line in elsewhere.lines(desk, choice.compartment) for at, want in enumerate(wants)
        if line.sort is want.sort and want.first <= line.day <= want.last
    ]  # fmt: skip


def _add_apart(choice: Choice, pile: _Pile, apart: list[tuple[int, Line]]) -> None:
    for at, line in apart:
        if choice.handler and line.owner not in pile.handled:
            continue
        if pile.wants[at].named:
            pile.named[at].append(Placed(line.day, line.sort, b"", line.owner, line.record))
        else:
            pile.counted[at].append((line.day.toordinal(), line.record))


def _read(desk: Desk, room: Room, choice: Choice, pile: _Pile, asked: set[bytes]) -> int:
    """Add what a compartment's segments hold, and which of the clients that are `asked` after have the handler that was
    chosen; returns of how many clients they do not tell what they say now.

    Raises Conflict where they are not as they were written; they are made anew.
    """
    with desk.look(Permission.READ_CLIENTS) as act, opened(desk.instance, room) as state:
        head = journal.head(act.connection)
        left, made = _bring_up(act, state, head[0])
        for part in chain(state.bases(), state.small):
            _add(state, part, choice, pile)
            if choice.handler and asked:
                pile.handled |= asked & _of_handler(state, part, choice.handler)
    if state.broken:
        index.begin_anew(desk, room)
        raise Conflict("conflict")
    if not left:
        index.put_by(desk, room, state, made, head)
    return left


def _bring_up(act: Act, state: State, position: int) -> tuple[int, bytes]:
    """What was saved meanwhile counts as well. Returns of how many clients it does not, because they are too many, and what
    was made of the others."""
    owners = index.behind(act.desk, state, act.connection)
    if not owners or len(owners) > 2 * FEW:
        return len(owners), b""
    made = index.caught_up(act, owners, position)
    state.add(Packed(UNWRITTEN, bytearray(made), len(made)))
    return 0, made


def _add(state: State, part: Packed, choice: Choice, pile: _Pile) -> None:
    everything = not state.whole and not choice.handler and not choice.whose
    for at, want in enumerate(pile.wants):
        for days, rows in _falling(part, want) if want.sort not in elsewhere.NEEDS else ():
            for day, row in zip(days, rows, strict=True):
                if everything or (_alive(state, part, row) and _chosen(part, row, want.sort, choice)):
                    _put(pile, at, part, day, row)
    for row in part.due(Sort.ANSWERED, _FIRST, _LAST)[1]:
        if _alive(state, part, row):
            line = Line.of(b"", part.marks(row).partition(_LINE)[2].partition(b"\n")[0].decode())
            pile.answered[line.sort].add((line.day.toordinal(), line.record))


def _put(pile: _Pile, at: int, part: Packed, day: int, row: int) -> None:
    want = pile.wants[at]
    if not want.named:
        pile.counted[at].append((day, part.record(row)))
        return
    owner, record, _ = part.place(row)
    pile.named[at].append(Placed(date.fromordinal(day), want.sort, part.marks(row).partition(b"\n")[0][1:], owner, record))


def _falling(part: Packed, want: Want) -> Iterator[tuple[list[int], Sequence[int]]]:
    """(days, rows) of what falls due in a segment."""
    if not want.sort.yearly:
        yield part.due(want.sort, want.first.toordinal(), want.last.toordinal())
        return
    earliest, latest = want.first.toordinal(), want.last.toordinal()
    for first, last, year in in_leap_year(want.first, want.last):
        days, rows = part.due(want.sort, first.toordinal(), last.toordinal())
        real = {day: this_year(want.sort, date.fromordinal(day), year).toordinal() for day in set(days)}
        inside = [at for at, day in enumerate(days) if earliest <= real[day] <= latest]
        yield [real[days[at]] for at in inside], [rows[at] for at in inside]


def _alive(state: State, part: Packed, row: int) -> bool:
    """Whether a row counts, told fast where nothing lies over its client's."""
    return part.owner(row) not in state.whole or state.alive(part, row)


def _of_handler(state: State, part: Packed, handler: str) -> set[bytes]:
    """The clients themselves of a handler, not the policies that he brought in with others."""
    rows = part.in_marks(_mark_of(handler))
    return {part.owner(row) for row in rows if part.record(row) == part.owner(row) and _alive(state, part, row)}


def _mark_of(handler: str) -> bytes:
    return f"\nh{fold(handler)}\n".encode()


def _chosen(part: Packed, row: int, sort: Sort, choice: Choice) -> bool:
    """Whether a line is among those a person wants to see. What is no policy's is always a duty."""
    if not choice.handler and not choice.whose:
        return True
    marks = part.marks(row)
    if choice.handler and _mark_of(choice.handler) not in marks:
        return False
    opportunity = sort in OF_POLICIES and _OWN_AGENCY not in marks
    return not choice.whose or opportunity == (choice.whose == OTHERS)
