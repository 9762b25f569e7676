"""印刷・持ち出し台帳: read, searched, and what of it asks for something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from vault.domain.access import Permission
from vault.domain.prints import LedgerEntry, serial_text
from vault.domain.values import fold
from vault.domain.values.moments import JAPAN
from vault.errors import Damaged, Refused
from vault.services import office as office_service
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.ledger_rows import (
    CLOSED,
    GRANTED,
    OUT,
    PLAIN,
    REFUSED,
    WAITS,
    Listed,
    Row,
    check_whole,
    listed,
    of_serial,
    opened,
    papers,
    today,
)
from vault.services.safe import Desk
from vault.storage import records
from vault.storage.records import LedgerRow

AT_ONCE = 200
# A search reads this many rows and then offers to go on: about half a second.
SEARCHED = 4000
# A printed ledger of more rows is nothing anybody reads; a shorter time is asked for.
MOST_PRINTED = 3000
# What the kind of a row says of what is to come back: until when, and whose it is.
SAID = 2
# How long who asked is told that his order was declined.
DECLINED_DAYS = 14

State = Literal["all", "open", "overdue", "waiting"]


@dataclass(frozen=True)
class Wanted:
    """What a person looks for. `person` is an id or b""; `text` any words; `before` a serial number to go on below."""

    state: State = "all"
    person: bytes = b""
    text: str = ""
    before: int | None = None


@dataclass(frozen=True)
class Found:
    """Rows, newest first; how many the ledger has; where to go on (a serial number), None at the end."""

    rows: list[Listed]
    total: int
    further: int | None
    people: list[tuple[bytes, str]]


@dataclass(frozen=True)
class Out:
    """What left and is to be back on a day: its row, and whose it is (b"" where it is no client's)."""

    record: bytes
    client: bytes
    due: date


@dataclass(frozen=True)
class Asking:
    """What of the ledger asks for something: the first rows of each kind, and how many there are of it.

    overdue   due back and nothing noted, but what is told elsewhere
    waiting   orders of others that this person may approve
    ready     his own orders that were approved and not opened yet
    declined  his own orders that were refused lately, with the reason
    """

    overdue: list[Listed]
    overdue_count: int
    waiting: list[Listed]
    waiting_count: int
    ready: list[Listed]
    declined: list[Listed]


# --- reading


def newest(desk: Desk) -> tuple[list[Listed], int]:
    """(the newest rows, newest first; how many there are in all)."""
    found = find(desk, Wanted())
    return found.rows, found.total


def find(desk: Desk, wanted: Wanted) -> Found:
    """The newest rows that are wanted: at most 200, out of the 4,000 that are looked at."""
    with desk.act(Event.LEDGER_OPENED, Permission.READ_PRINT_LEDGER) as act:
        total = checked_total(act)
        rows, further = _wanted(act, wanted)
        people = sorted(((p, office_service.name_of(act, p)) for p in desk.directory.persons), key=lambda each: each[1])
        act.tell(count=len(rows))
    return Found(rows, total, further, people)


def checked_total(act: Act) -> int:
    """How many rows there are, each year's as many as were noted and the newest numbered so; raises Damaged."""
    total = records.ledger_count(act.connection)
    newest = records.ledger_rows(act.connection, 1)
    for owner in {*papers(act.desk), *(row.owner for row in newest)}:
        check_whole(act, owner)
    if newest and newest[0].serial != total:
        raise Damaged("ledger-damaged")
    return total


def _wanted(act: Act, wanted: Wanted) -> tuple[list[Listed], int | None]:
    found: list[Listed] = []
    day = today(act.desk)
    for looked_at, stored in enumerate(_candidates(act, wanted)):
        if len(found) == AT_ONCE or looked_at == SEARCHED:
            return found, stored.serial + 1
        row = opened(act, stored)
        if _in_state(row.entry, wanted.state, day) and _by(row.entry, wanted.person):
            shown = listed(act, row)
            if _says(shown, wanted.text):
                found.append(shown)
    return found, None


def _candidates(act: Act, wanted: Wanted) -> Iterator[LedgerRow]:
    """Rows that may be wanted, newest first; read as they are asked for."""
    if wanted.state != "all":
        yield from (r for r in _standing(act, wanted.state) if wanted.before is None or r.serial < wanted.before)
        return
    before = wanted.before
    while rows := records.ledger_rows(act.connection, AT_ONCE, before):
        yield from rows
        before = rows[-1].serial


def _standing(act: Act, state: State) -> list[LedgerRow]:
    """The rows that, as their contents lists note them, may stand so, newest first; found without opening one."""
    late = f"{OUT} {today(act.desk).isoformat()}"
    match state:
        case "waiting":
            return _of_kind(act, lambda kind: kind == WAITS)
        case "overdue":
            # What the first version wrote does not say when it is due.
            return _of_kind(act, lambda kind: kind == PLAIN or f"{OUT} " < kind < late)
        case _:
            return _of_kind(act, lambda kind: not kind.startswith((CLOSED, REFUSED)))


def _of_kind(act: Act, wanted: Callable[[str], bool]) -> list[LedgerRow]:
    ids = [
        row for owner in papers(act.desk) for row, (kind, *_) in act.contents(owner).entries.items()
        if kind.startswith(PLAIN) and wanted(kind)
    ]  # fmt: skip
    return records.ledger_rows_named(act.connection, ids)


def _in_state(entry: LedgerEntry, state: State, day: date) -> bool:
    match state:
        case "all":
            return True
        case "open":
            return not entry.closed
        case _:
            return entry.standing(day) == state


def _by(entry: LedgerEntry, person: bytes) -> bool:
    return not person or person.hex() in (entry.person, entry.approval_person, entry.outcome_person)


def _says(row: Listed, text: str) -> bool:
    """Whether every word that is looked for stands in the row, whatever its width and case."""
    if not text.strip():
        return True
    entry, names = row.entry, row.names
    told = [serial_text(entry.serial), entry.sheet, entry.purpose, entry.outcome, row.printed_by, row.confirmed_by]
    told += vars(names).values() if names else [row.number]
    held = fold(" ".join(told))
    return all(fold(word) in held for word in text.split())


def open_rows(act: Act, client: bytes) -> list[Listed]:
    """The rows about a client whose paper or thing is still out, newest first, inside another act."""
    rows = [row for row in _opened(act, _standing(act, "open")) if row.entry.client == client.hex()]
    return [listed(act, row) for row in rows if row.entry.left and not row.entry.closed]


def one(desk: Desk, serial: int) -> Listed:
    """One row of the ledger; raises NotFound."""
    with desk.act(Event.LEDGER_OPENED, Permission.READ_PRINT_LEDGER) as act:
        act.tell(serial=serial)
        return listed(act, of_serial(act, serial))


def between(act: Act, since: date, until: date) -> list[Listed]:
    """The rows of some days, both included, oldest first; raises Refused when they are too many for paper."""
    start, end = (int(datetime.combine(day, time(), JAPAN).timestamp()) for day in (since, until + timedelta(days=1)))
    rows = records.ledger_rows_between(act.connection, start, end, MOST_PRINTED + 1)
    if len(rows) > MOST_PRINTED:
        raise Refused("ledger-too-long", most=MOST_PRINTED)
    return [listed(act, opened(act, row)) for row in rows]


# --- what asks for something


def asking(act: Act, most: int = 20, told: Callable[[bytes], bool] = lambda client: False) -> Asking:
    """For the first page, inside another act: of rows that ask for nothing it opens none. Of what should be back that is left
    out which is told elsewhere, by whose it is."""
    past = [each for each in _overdue(act) if not told(each.client)]
    # Of others' orders only those are counted whose client this person can open.
    orders = [listed(act, row) for row in _opened(act, _standing(act, "waiting"))]
    mine = [row for row in orders if approvable(act.desk, row)]
    granted = _opened(act, _of_kind(act, lambda kind: kind == GRANTED))
    late = [listed(act, row) for row in _opened(act, _first_due(act, past)[:most])]
    return Asking(late, len(past), mine[:most], len(mine), _own(act, granted)[:most], _declined(act)[:most])


def _own(act: Act, rows: list[Row]) -> list[Listed]:
    return [listed(act, row) for row in rows if row.entry.person == act.desk.person.hex()]


def _declined(act: Act) -> list[Listed]:
    since = f"{REFUSED} {(today(act.desk) - timedelta(days=DECLINED_DAYS)).isoformat()}"
    return _own(act, _opened(act, _of_kind(act, lambda kind: kind.startswith(REFUSED) and kind >= since)))


def _overdue(act: Act) -> list[Out]:
    """Due back and nothing noted."""
    return [each for each in out(act) if each.due < today(act.desk)]


def _first_due(act: Act, past: list[Out]) -> list[LedgerRow]:
    """Their rows, the longest due first."""
    due = {each.record: each.due for each in past}
    return sorted(records.ledger_rows_named(act.connection, due), key=lambda row: (due[row.id], row.serial))


def overdue_before(act: Act, day: date) -> int:
    """How many were to be back before a day and are not, inside another act."""
    return sum(each.due < day for each in _overdue(act))


def out(act: Act) -> list[Out]:
    """All that left and is to be back on a day, and nothing is noted of it; opened are only rows whose kind does not say whose
    they are."""
    found, unsaid = list[Out](), list[bytes]()
    for owner in papers(act.desk):
        for row, (kind, *_) in act.contents(owner).entries.items():
            if kind == PLAIN or kind.startswith(f"{OUT} "):
                _, *said = kind.split(" ")
                if len(said) == SAID:
                    found.append(Out(row, bytes.fromhex(said[1]), date.fromisoformat(said[0])))
                else:
                    unsaid.append(row)
    return found + [each for row in _opened(act, records.ledger_rows_named(act.connection, unsaid)) if (each := _out(row))]


def _out(row: Row) -> Out | None:
    entry = row.entry
    if not entry.due or not entry.left or entry.closed:
        return None
    return Out(row.stored.id, bytes.fromhex(entry.client), entry.due)


def _opened(act: Act, rows: list[LedgerRow]) -> list[Row]:
    return [opened(act, row) for row in rows]


def approvable(desk: Desk, row: Listed) -> bool:
    """Whether the person at the desk may decide on this order: another's, of a client whose names he can read."""
    waits = row.entry.standing(today(desk)) == "waiting" and row.names is not None
    return waits and desk.may(Permission.APPROVE_PRINTS) and row.entry.person != desk.person.hex()
