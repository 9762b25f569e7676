"""横串検索: what a person asks, answered out of the segments; what is shown of it is read from the records."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.policies import Policy
from vault.domain.search import (
    Needles,
    Paper,
    Query,
    Reason,
    client_pieces,
    needles,
    paper_pieces,
    policy_pieces,
    reasons,
)
from vault.errors import Conflict, Damaged, Malformed, NotFound
from vault.services import payloads
from vault.services.acts import Act
from vault.services.audit import Event, Fact
from vault.services.holdings import POLICY, client_of
from vault.services.safe import Desk
from vault.services.search import index
from vault.services.search.rows import PAPERS
from vault.services.search.scanning import Found, Scan, answering, scan, told
from vault.services.search.state import UNWRITTEN, Room, State, opened
from vault.storage import journal
from vault.storage.database import reading
from vault.storage.packed import Packed
from vault.storage.segments import Spoiled

LIMIT = 50
# So long a search goes on making what is missing, in seconds, before it answers with what there is.
PATIENCE = 4.0
# A client who is erased or moved meanwhile changes the keys; a file that is not what was written is made anew.
TRIES = 3
# Clients whose rows are made while nobody else can write.
FEW = 20


@dataclass(frozen=True)
class Hit:
    """A client, or one of his policies, papers or tasks, and why it was found."""

    client_id: bytes
    client: Client
    compartment: bytes
    record: bytes
    policy: Policy | None
    paper: Paper | None
    reasons: list[Reason]


@dataclass(frozen=True)
class Results:
    """How many clients, and how many of their policies and papers answer, and the first few. `pending`: clients whose
    rows are still to be made."""

    clients: int = 0
    others: int = 0
    hits: tuple[Hit, ...] = ()
    pending: int = 0

    @property
    def total(self) -> int:
        return self.clients + self.others


@dataclass
class _Searched:
    """One compartment: what its segments answered, and what they are behind the records."""

    room: Room
    found: Scan
    state: State
    made: bytes = b""
    complete: bool = True


def search(desk: Desk, query: Query, day: date, limit: int = LIMIT) -> Results:
    """What answers on a day (today in Japan), of the compartments that the person at the desk can open.

    Raises Conflict when segment keys change again and again while it is about it, Unwritable.
    """
    desk.require(Permission.SEARCH)
    if query.empty:
        return Results()
    before = desk.stored.place
    for _ in range(TRIES - 1):
        with suppress(Conflict, Spoiled):
            return _once(desk, query, day, limit, before)
    return _once(desk, query, day, limit, before)


def _once(desk: Desk, query: Query, day: date, limit: int, before: tuple[int, int]) -> Results:
    """`before`: the place of the keystore that the journal tells of, as far as this desk knows."""
    desk.refresh()
    wanted = needles(query, day)
    done = _looked_through(desk, query, wanted, limit)
    found, pending = Scan(), 0
    # As of one moment, and without the right to write: fifty clients are read, and nobody who saves has to wait for that.
    with reading(desk.instance.engine) as connection:
        moment, head = Act(desk, connection, Fact(Event.SEARCHED)), journal.head(connection)
        for each in done:
            pending += _bring_up(moment, each, wanted, limit, head[0])
            found.add(each.found, limit)
        hits = tuple(_hits(moment, found.first, query))
    with desk.act(Event.SEARCHED, Permission.SEARCH) as act:
        if desk.stored.place != before:
            act.fact.keystore = desk.stored
        act.tell(clients=found.clients, others=found.total - found.clients, shown=len(hits))
    for each in done:
        if each.complete:
            index.put_by(desk, each.room, each.state, each.made, head)
    return Results(found.clients, found.total - found.clients, hits, pending)


def _looked_through(desk: Desk, query: Query, wanted: Needles, limit: int) -> list[_Searched]:
    """What the segments of each compartment answer, as far as they could be made ready."""
    rooms = [index.made_room(desk, c) for c in desk.client_compartments() if query.compartment in ("", c.hex())]
    until = time.monotonic() + PATIENCE
    for room in rooms:
        index.work_off(desk, room, until, FEW)
    return [_whole(desk, room, wanted, limit) for room in rooms]


def _searched(desk: Desk, room: Room, wanted: Needles, limit: int, made: bytes = b"") -> _Searched:
    with opened(desk.instance, room) as state:
        if made:
            state.add(Packed(UNWRITTEN, bytearray(made), len(made)))
        return _Searched(room, scan(state, wanted, limit), state, made)


def _whole(desk: Desk, room: Room, wanted: Needles, limit: int) -> _Searched:
    """The same of segments that are as they were written; others go, and Conflict is raised."""
    found = _searched(desk, room, wanted, limit)
    if found.state.broken:
        index.begin_anew(desk, room)
        raise Conflict("conflict")
    return found


def _bring_up(act: Act, each: _Searched, wanted: Needles, limit: int, position: int) -> int:
    """What was saved while the segments were read, or by a worker that was killed, counts as well. Returns of how many
    clients it does not, because they are too many to be read now."""
    owners = index.behind(act.desk, each.state, act.connection)
    if not owners:
        return 0
    if len(owners) > 2 * FEW:
        each.complete = False
        return len(owners)
    each.made = index.caught_up(act, owners, position)
    left = each.found.without(set(owners))
    if left is None:
        again = _searched(act.desk, each.room, wanted, limit, each.made)
        if again.state.broken:  # the keys are others by now
            raise Conflict("conflict")
        each.found, each.state = again.found, again.state
    else:
        left.add(_answer_of(each.made, wanted, limit), limit)
        each.found = left
    return 0


def _answer_of(made: bytes, wanted: Needles, limit: int) -> Scan:
    part = Packed(UNWRITTEN, bytearray(made), len(made))
    try:
        return told(part, answering(part, wanted), limit)
    finally:
        part.wipe()


# --- what is shown


def _hits(act: Act, found: Iterable[Found], query: Query) -> Iterable[Hit]:
    for each in found:
        try:
            yield _hit(act, each, query)
        except (NotFound, Damaged, Malformed):
            continue  # of a client who cannot be read now nothing is shown


def _hit(act: Act, found: Found, query: Query) -> Hit:
    client, policy, paper = client_of(act, found.owner)[1], None, None
    held = act.contents(found.owner)
    kind = held.entries.get(found.record, ("",))[0]
    if found.record == found.owner:
        pieces = client_pieces(client)
    elif kind in PAPERS:
        paper = payloads.decode(act.read_one(found.owner, found.record, kind).payload, PAPERS[kind])
        pieces = paper_pieces(paper, client)
    else:
        policy = payloads.decode(act.read_one(found.owner, found.record, POLICY).payload, Policy)
        pieces = policy_pieces(policy, client)
    return Hit(found.owner, client, held.folder.compartment, found.record, policy, paper, reasons(pieces, query))
