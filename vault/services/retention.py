"""保存期限: which clients are to be erased, now or soon, reckoned a bounded part at a time, and erased in one go.

Every policy of every client has to be opened to know it. So a visit reckons some, in the order of ids, and leaves what it
found to the next; small offices are done in one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from vault.domain import paging
from vault.domain.access import Permission
from vault.domain.clients import Hold
from vault.domain.erasures import ErasureOrder
from vault.domain.policies import Policy
from vault.domain.retention import AHEAD, YEARS, Term, due_from, holds_on, term_of
from vault.domain.values.moments import DAY
from vault.errors import Damaged, NotFound, Refused
from vault.services import erasing, payloads
from vault.services.acts import Act, clients_of
from vault.services.audit import Event
from vault.services.deposits import HERE
from vault.services.holdings import POLICY, client_of
from vault.services.ledger_rows import day_of, today
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import records

KIND = "retention"
BUDGET = 1000  # clients reckoned by one visit
ON_A_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What is known: whose term is over or ends within AHEAD days (`due`: hex id, and the day from which he is to be erased)
    as of `at` (seconds since 1970, 0: never); the round that is under way has `found` so many up to the client `cursor`.

    In a note of before days were noted only ids stand, of those who were due then.
    """

    at: int = 0
    due: tuple[str, ...] = ()
    cursor: str = ""
    found: tuple[str, ...] = ()


@dataclass(frozen=True)
class Due:
    """A client whose term is over: since which day, for which reason (a code of domain.retention), what holds him, and
    how many receipts tell of originals of his that are still here."""

    id: bytes
    name: str
    since: date
    why: str
    ended: date | None
    policies: int
    holds: list[Hold]
    deposits: int


@dataclass(frozen=True)
class List:
    """A page of those who are due. `at`: when it was reckoned; `done` of `clients` are reckoned in the round under way.

    `total`: how many are due in all.
    """

    rows: list[Due]
    total: int
    number: int
    pages: int
    at: int
    done: int
    clients: int

    @property
    def whole(self) -> bool:
        """Whether no round is under way."""
        return self.done == self.clients


def years(desk: Desk) -> int:
    """For how many years the office keeps a client of whom nothing else is said."""
    return desk.directory.rules.get("retention_years", YEARS)


def look(desk: Desk, number: int = 1, on: bool = False) -> List:
    """A page (from 1) of those who are due, after reckoning a part of the clients; `on` begins the next round where one
    has ended within the day."""
    with desk.act(Event.RETENTION_OPENED, Permission.ERASE) as act:
        note, owners = _reckoned(act, on)
        due = [client for client, _ in _over(act, note)]
        shown = paging.page(due, ON_A_PAGE, number)
        rows = [row for row in (_due(act, client) for client in shown.rows) if row is not None]
        done = bisect_right(owners, bytes.fromhex(note.cursor)) if note.cursor else len(owners)
        rows.sort(key=lambda row: (row.since, row.id))
        return List(rows, len(due), shown.number, shown.of, note.at, done, len(owners))


def daily(desk: Desk) -> None:
    """Reckon a part, where nobody has for a day: the first page asks only for the number."""
    if not desk.may(Permission.ERASE):
        return
    with desk.act(Event.RETENTION_OPENED, Permission.ERASE) as act:
        note = _read(act)[0]
        if note.cursor or desk.instance.now() - note.at >= DAY:
            _reckoned(act, False)


def count(act: Act) -> tuple[int, int]:
    """(how many are due, when that was reckoned in seconds since 1970), inside another act; (0, 0) where nobody has."""
    note = _read(act)[0]
    return len(_over(act, note)), note.at


def ends(act: Act) -> list[tuple[bytes, date]]:
    """Whose term is over or ends soon, with the day from which he is to be erased, as it was reckoned last; inside another
    act."""
    return [(client, day) for client, day in _noted(_read(act)[0]) if day is not None]


def end_of(act: Act, client: bytes) -> Term:
    """The term of a client as his records stand; raises NotFound."""
    return _term(act, client)[0]


def _noted(note: Noted) -> Iterator[tuple[bytes, date | None]]:
    for each in note.due:
        client, _, day = each.partition(" ")
        yield bytes.fromhex(client), date.fromisoformat(day) if day else None


def _over(act: Act, note: Noted) -> list[tuple[bytes, date | None]]:
    return [(client, day) for client, day in _noted(note) if day is None or day <= today(act.desk)]


def erase(desk: Desk, clients: Sequence[bytes], order: ErasureOrder) -> list[int]:
    """Erase clients whose term is over, with one epoch of the keystore; returns the certificates' numbers.

    Who has gone into another client since the list was made is left out: he is kept as long as that one. Raises
    Refused("not-due") when one of them is to be kept after all, NotFound when nobody is left.
    """
    with desk.act(Event.RETENTION_OPENED, Permission.ERASE) as act:
        united = records.gone_into_others(act.connection)
        clients = [client for client in clients if client not in united]
        if not clients:
            raise NotFound("not-found")
        for client in clients:
            try:
                term, name = _term(act, client)
            except NotFound:
                continue  # a second click: he has his certificate
            if not term.is_over(today(desk)):
                raise Refused("not-due", name=name)
    numbers = erasing.erase_clients(desk, clients, order)
    _forget(desk, clients)
    return numbers


def _forget(desk: Desk, clients: Sequence[bytes]) -> None:
    gone = {client.hex() for client in clients}
    with desk.act(Event.RETENTION_OPENED, Permission.ERASE) as act:
        note, record, version = _read(act)
        _write(act, replace(note, due=tuple(each for each in note.due if each.partition(" ")[0] not in gone)), record, version)


# --- reckoning


def _reckoned(act: Act, on: bool) -> tuple[Noted, list[bytes]]:
    """The note after this visit's part, and every client in the order in which they are reckoned."""
    owners = sorted(clients_of(act.desk))
    note, record, version = _read(act)
    small, fresh = len(owners) <= BUDGET, act.desk.instance.now() - note.at < DAY
    if not small and fresh and not note.cursor and not on:
        return note, owners
    start = bisect_right(owners, bytes.fromhex(note.cursor)) if note.cursor and not small else 0
    part = owners[start : start + BUDGET]
    found = (*(note.found if start else ()), *_soon(act, part))
    if start + BUDGET < len(owners):
        after = replace(note, cursor=part[-1].hex(), found=found)
    else:
        after = Noted(at=act.desk.instance.now(), due=found)
    if not (small and fresh and after.due == note.due):
        _write(act, after, record, version)
    return after, owners


def _soon(act: Act, clients: Iterable[bytes]) -> Iterator[str]:
    """Whose term is over or ends within AHEAD days, as the note says it. Left out is who lies in the bin, is gone, or is
    damaged: his own page says so, and he keeps nobody else from the list."""
    until = today(act.desk) + timedelta(days=AHEAD)
    for client in clients:
        try:
            term = _term(act, client)[0]
        except (NotFound, Damaged):
            continue
        if term.last is not None and due_from(term) <= until:
            yield f"{client.hex()} {due_from(term).isoformat()}"


def _due(act: Act, client: bytes) -> Due | None:
    """A client whose term is over; None for any other, and for one that cannot be read."""
    try:
        term, name = _term(act, client)
        if not term.is_over(today(act.desk)):
            return None
        held = act.contents(client).entries.values()
        holds = holds_on(client_of(act, client)[1].holds, today(act.desk))
    except (NotFound, Damaged):
        return None
    count = Counter(entry[0] for entry in held)
    return Due(client, name, due_from(term), term.why, term.ended, count[POLICY], holds, count[HERE])


def _term(act: Act, client: bytes) -> tuple[Term, str]:
    found, record = client_of(act, client)
    policies = [
        (payloads.decode(each.payload, Policy), day_of(each.row.changed)) for each in act.read(client, [POLICY])
    ]
    return term_of(record, policies, day_of(found.row.changed), years(act.desk)), record.name


# --- the note


def _read(act: Act) -> tuple[Noted, bytes, int]:
    """(the note, its record, its version); an empty one where there is none."""
    for found in act.read(OFFICE_PAGE, [KIND]):
        return payloads.decode(found.payload, Noted), found.row.id, found.row.version
    return Noted(), b"", 0


def _write(act: Act, note: Noted, record: bytes, version: int) -> None:
    if record:
        act.change(OFFICE_PAGE, record, KIND, payloads.encode(note), version)
    else:
        act.add(OFFICE_PAGE, KIND, payloads.encode(note))
