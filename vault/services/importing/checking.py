"""The rows of a file compared with what is recorded: what each would become, kept sealed so that its pages open at once.

Comparing takes a while, so it goes in steps and nobody who writes waits for it; a correction of one row compares only
the client whom it is about.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from vault.domain import my_number
from vault.domain.doubles import Known
from vault.domain.importing import Group, Read, Table, client_key, grouped
from vault.domain.values import fold
from vault.errors import Refused, Throttled
from vault.services import doubles
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.importing import columns, drafts, noted
from vault.services.importing.drafts import IMPORT, LINES, READS, Draft, Fix, State
from vault.services.importing.noted import At
from vault.services.importing.reading import COMPARED_BY, Reads, Step, read_again, read_all
from vault.services.importing.settling import (
    DONE,
    LEFT,
    Asked,
    Change,
    Question,
    Row,
    Settled,
    Told,
    at_of,
    family_of,
    settle,
)
from vault.services.safe import Desk

EACH = 100  # clients that are compared between two steps


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row as it is shown. `client`, `record`, `version`: which recorded policy it is about (hex), or which client; `name`:
    of the client; `twin`: where another client has the policy; `group`: rows of one client have the same number; `adds`:
    it would become a new policy."""

    table: int
    row: int
    state: str
    group: int = -1
    name: str = ""
    client: str = ""
    record: str = ""
    version: int = 0
    faults: list[Told] = field(default_factory=list)
    remarks: list[Told] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    twin: tuple[str, str] = ("", "")
    adds: bool = False

    @property
    def at(self) -> At:
        return self.table, self.row

    @property
    def seen(self) -> tuple[str, str, int]:
        """What it was compared with."""
        return self.client, self.record, self.version


@dataclass(frozen=True)
class Head:
    """Of a row what tells where it stands and what becomes of it; the rest still as bytes, which a page reads of its own
    rows only."""

    table: int
    row: int
    state: str
    rest: bytes
    adds: bool = False

    @property
    def at(self) -> At:
        return self.table, self.row

    def line(self) -> Line:
        return msgspec.msgpack.decode(self.rest, type=Line)


def keep_lines(desk: Desk, draft: Draft, lines: Iterable[Line]) -> None:
    """Keep the rows as they are to be shown."""
    drafts.write(desk, draft, LINES, [Head(line.table, line.row, line.state, msgspec.msgpack.encode(line), line.adds) for line in lines])


def heads(desk: Desk, draft: Draft) -> list[Head]:
    """The rows; raises NotFound before they were compared."""
    return drafts.read(desk, draft, LINES, list[Head])


def lines_of(desk: Desk, draft: Draft) -> list[Line]:
    """The same with all that is said of each."""
    return [head.line() for head in heads(desk, draft)]


# --- comparing


def groups_of(reads: Reads) -> list[Group]:
    """Every client of the file, with those of whom it names people only."""
    found = grouped(reads)
    return [*found.groups, *(family_of(line) for line in found.nobodys)]


def question(act: Act, known: Known, state: State) -> Question:
    """What the rows are compared with."""
    return Question(act, known, state.compartment, state.handler, frozenset(state.given))


def known_whole(desk: Desk, done: int) -> Generator[Step, None, Known]:
    """All that is recorded: a client who is not known yet would come in a second time. A step now and then, while the
    search index is brought up to date."""
    before = -1
    while True:
        known, missing = doubles.known(desk)
        if not missing:
            return known
        if missing == before:
            raise Throttled("busy", seconds=30)
        before = missing
        yield Step(done, 2 * done)


def at_once(steps: Generator[Step, None, Known]) -> Known:
    """What comes of such steps, for who shows none."""
    while True:
        try:
            next(steps)
        except StopIteration as over:
            found: Known = over.value
            return found


def check(desk: Desk, upload: bytes) -> Generator[Step, None, None]:
    """Read and compare every row, and keep what came of it. Raises NotFound, Throttled."""
    with drafts.alone(desk, upload) as draft:
        state, tables = drafts.state(desk, draft), drafts.tables(desk, draft)
        reads = yield from read_all(state, tables)
        known = yield from known_whole(desk, sum(map(len, reads)))
        lines: dict[At, Line] = {}
        groups, rows = groups_of(reads), sum(map(len, reads))
        for at in range(0, len(groups), EACH):
            desk.check_again()
            # A look and no act: the act that tells of it comes before anything of it is shown.
            with desk.look(IMPORT) as act:
                lines |= _compared(question(act, known, state), groups[at : at + EACH], at)
            yield Step(rows + len(lines), 2 * rows)
        done = _note(desk, draft, lines.values(), state, tables)
        drafts.write(desk, draft, READS, reads)
        keep_lines(desk, draft, _in_order(reads, lines, done))


def _compared(asked: Question, groups: Sequence[Group], first: int) -> dict[At, Line]:
    found = {}
    for number, group in enumerate(groups, first):
        for settled in settle(asked, group):
            found.update({row.at: _line(settled, row, number) for row in settled.rows})
        asked.forget()
    return found


def _line(settled: Settled, row: Row, group: int) -> Line:
    client, record, version = seen_of(settled, row)
    return Line(
        table=row.line.table, row=row.line.read.number - 1, state=row.state, group=group, name=settled.name, client=client,
        record=record, version=version, faults=row.faults, remarks=row.line.remarks, changes=row.changes,
        twin=(row.twin[0].hex(), row.twin[1].hex()) if row.twin else ("", ""), adds=bool(row.line.read.policy) and not row.record,
    )  # fmt: skip


def seen_of(settled: Settled, row: Row) -> tuple[str, str, int]:
    """What a row was compared with: client and policy (hex), and the version of the one or the other."""
    return settled.owner.hex(), row.record.hex(), row.version if row.record else settled.version


def _in_order(reads: Reads, lines: dict[At, Line], done: set[At]) -> list[Line]:
    found = []
    for table, rows in enumerate(reads):
        for read in rows:
            at = table, read.number - 1
            if read.left_out is not None:
                line = Line(table=table, row=at[1], state=LEFT, remarks=[("", read.left_out), *read.remarks])
            else:
                line = lines[at]
            found.append(replace(line, state=DONE, faults=[], changes=[]) if at in done else line)
    return found


def _note(desk: Desk, draft: Draft, lines: Iterable[Line], state: State, tables: list[Table]) -> set[At]:
    """The entry that says whose records the rows were compared with; returns the rows that came in already."""
    with desk.act(Event.IMPORT_CHECKED, IMPORT) as act:
        columns.remember(act, state, tables)
        owners = sorted({line.client for line in lines} - {""})
        act.tell(clients=[bytes.fromhex(owner) for owner in owners])
        told = noted.told(act, draft.id)
    return told[0].rows if told else set()


def _near(reads: Reads, rows: set[At]) -> Reads:
    """The rows that can be of one client with some others: of the same name or number, or of one with such a row."""
    known: dict[str, str] = {}

    def keys(read: Read) -> set[str]:
        name, number = str(read.client.get("name", "")), str(read.client.get("client_number", ""))
        if name not in known:
            known[name] = client_key(name)
        return {each for each in (known[name], number and f"number {fold(number)}") if each}

    wanted: set[str] = set()
    found = set(rows)
    told = {(table, read.number - 1): keys(read) for table, each in enumerate(reads) for read in each}
    while True:
        wanted |= {key for at in found for key in told.get(at, ())}
        more = {at for at, own in told.items() if own & wanted}
        if more <= found:
            return [[read for read in each if (table, read.number - 1) in found] for table, each in enumerate(reads)]
        found |= more


# --- corrections


def correct(desk: Desk, upload: bytes, fixes: Sequence[Fix], given: Iterable[Asked] = (), withdrawn: Iterable[Asked] = ()) -> list[Line]:
    """Take corrections of cells and answers to what was asked, and compare those clients anew; returns all rows.

    Raises NotFound, Throttled, Refused("import-number") for an individual number.
    """
    if any(my_number.found(fix.text) and not _may_have_numbers(fix.target) for fix in fixes):
        raise Refused("import-number")
    with drafts.alone(desk, upload) as draft:
        before, tables = drafts.state(desk, draft), drafts.tables(desk, draft)
        state = _corrected(before, fixes, given, withdrawn)
        reads, lines = drafts.read(desk, draft, READS, Reads), lines_of(desk, draft)
        asked = [*given, *withdrawn]
        touched = {(fix.table, fix.row) for fix in fixes} | {(table, row) for table, row, _ in asked}
        touched |= read_again(
            state, tables, reads, {(fix.table, fix.row) for fix in fixes}, any(fix.target in COMPARED_BY for fix in fixes)
        )  # fmt: skip
        known = at_once(known_whole(desk, 1))
        lines = _compared_again(desk, draft, known, state, reads, lines, touched)
        drafts.change(desk, draft, state)
        drafts.write(desk, draft, READS, reads)
        keep_lines(desk, draft, lines)
    return lines


def same_question(desk: Desk, upload: bytes, asked: Asked) -> list[Asked]:
    """All rows of the table that are asked the same as one of them is. Raises NotFound."""
    lines = lines_of(desk, drafts.opened(desk, upload))
    table, row, target = asked
    codes = {
        fault.code for line in lines if line.at == (table, row) for each, fault in line.faults if each == target and fault.ask
    }  # fmt: skip
    return [
        (*line.at, target) for line in lines if line.table == table
        if any(each == target and fault.ask and fault.code in codes for each, fault in line.faults)
    ]  # fmt: skip


def _may_have_numbers(target: str) -> bool:
    return target in ("policy.policy_number", "client.client_number", "client.corporate_number", "client.telephone", "client.mobile")


def _corrected(state: State, fixes: Sequence[Fix], given: Iterable[Asked], withdrawn: Iterable[Asked]) -> State:
    now = {(fix.table, fix.row, fix.target): fix for fix in (*state.fixes, *fixes)}
    answers = (set(state.given) | set(given)) - set(withdrawn)
    # What was said to be right is asked again when it is another value.
    answers -= {(fix.table, fix.row, fix.target) for fix in fixes}
    return replace(state, fixes=tuple(now.values()), given=tuple(sorted(answers)))


def _compared_again(
    desk: Desk, draft: Draft, known: Known, state: State, reads: Reads, lines: list[Line], touched: set[At]
) -> list[Line]:
    """The clients of whom a touched row was told, and those of whom it is told now."""
    old = {line.group for line in lines if line.at in touched}
    rows = touched | {line.at for line in lines if line.group in old and line.group >= 0}
    groups = [group for group in groups_of(_near(reads, rows)) if any(at_of(line) in rows for line in group.lines)]
    fresh = max((line.group for line in lines), default=0) + 1
    with desk.act(Event.IMPORT_CHECKED, IMPORT) as act:
        found = _compared(question(act, known, state), groups, fresh)
        act.tell(clients=[bytes.fromhex(owner) for owner in sorted({line.client for line in found.values()} - {""})])
    done = {line.at for line in lines if line.state == DONE}
    return _in_order(reads, {line.at: line for line in lines} | found, done)
