"""Walking the journal backwards: what is asked for, and what was out of the ordinary in it.

Only two kinds of statement are sent: one equality on an indexed column with a bound on the position, and single
positions. A range of times becomes a range of positions by halving (entries are written in the order of their times),
everything else is compared here: a combination of conditions would make the database sort millions of rows. What is
read before an act begins is shown only after the act has written its own entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from vault.crypto import codec
from vault.domain.unusual import CLIENTS_SPAN, REFUSED_SPAN, Mark, Seen, Watch
from vault.services import audit
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.storage import journal, visits
from vault.storage.database import transaction
from vault.storage.journal import Entry, Wanted

AT_ONCE = 2000
# So many entries are looked through for one page; what lies before them is asked for by the next page.
SCAN_MOST = 20_000
# The clock may have been wrong for a while: entries so far (milliseconds) beyond the times asked for are looked at too.
CLOCK_SLIP = 2 * 24 * 60 * 60 * 1000
# So many entries before those shown are read to tell what is unusual, over all of them and in one stretch of time.
WINDOW_MOST, WINDOW_STRETCH, WINDOW_AT_ONCE = 20_000, 2000, 100

# Entries whose subject is a client.
OF_CLIENTS = frozenset({
    Event.CLIENT_OPENED, Event.CLIENT_SAVED, Event.CLIENT_MOVED, Event.POLICY_OPENED, Event.POLICY_SAVED,
    Event.UPLOAD_BEGUN, Event.DOCUMENT_OPENED, Event.DOCUMENT_SAVED, Event.HISTORY_OPENED, Event.DEPOSIT_OPENED, Event.DEPOSIT_SAVED, Event.DEPOSIT_RETURNED,
    Event.CONTACT_OPENED, Event.CONTACT_SAVED, Event.INTENTION_OPENED, Event.INTENTION_SAVED, Event.PROVISION_OPENED,
    Event.PROVISION_SAVED, Event.CLAIM_OPENED, Event.CLAIM_SAVED,
    Event.CLIENTS_UNITED, Event.PEOPLE_UNITED, Event.POLICIES_UNITED,
    Event.SHEET_PRINTED, Event.PRINT_REQUESTED, Event.PRINT_APPROVED, Event.PRINT_DECLINED,
    Event.TAKE_OUT_NOTED, Event.BINNED, Event.BROUGHT_BACK, Event.ERASURE_BEGUN, Event.ERASED, Event.REKEYED,
})  # fmt: skip
_REGISTERING = frozenset({Event.DEVICE_REGISTERED, Event.RECOVERED})
_SIGNING_IN = frozenset({Event.SIGNED_IN, Event.FIRST_PASSWORD_SET})
Marks = tuple[Mark, ...]


@dataclass(frozen=True)
class Query:
    """Which entries are asked for: all that is given must fit. Times in milliseconds, `until` not included; `before` a
    position; `events` none means all; `unusual` only those with a mark."""

    person: bytes = b""
    subject: bytes = b""
    events: tuple[str, ...] = ()
    since: int = 0
    until: int | None = None
    before: int | None = None
    unusual: bool = False

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is one of those, leaving its marks aside."""
        told = entry.columns
        return (
            (not self.person or told.person == self.person)
            and (not self.subject or told.subject == self.subject)
            and (not self.events or told.event in self.events)
            and self.since <= (told.at or 0)
            and (self.until is None or (told.at or 0) < self.until)
        )


@dataclass(frozen=True)
class Found:
    """Entries, newest first, with their marks. `older`: the position to ask on from; `bounded`: because so much was
    looked through, not because a page is full."""

    entries: list[tuple[Entry, Marks]]
    older: int | None = None
    bounded: bool = False


def find(instance: Instance, query: Query, most: int) -> Found:
    """The newest entries asked for, at most `most`."""
    entries: list[tuple[Entry, Marks]] = []
    with transaction(instance.engine) as connection:
        lowest, before = _bounds(connection, query)
        firsts = firsts_of(connection)
    scanned = 0
    while scanned < SCAN_MOST:
        # A transaction of its own for each stretch: nobody who saves waits for somebody who searches.
        with transaction(instance.engine) as connection:
            stretch = _stream(connection, query, before, AT_ONCE if query.unusual or scanned else most + 1)
            fitting = [e for e in stretch if e.position >= lowest and query.fits(e) and not audit.is_further(e.clear)]
            if not query.unusual:
                fitting = fitting[: most + 1 - len(entries)]
            marks = marks_of(connection, fitting, firsts)
        entries += [(e, marks[e.position]) for e in fitting if marks[e.position] or not query.unusual]
        if len(entries) > most:
            return Found(entries[:most], entries[most - 1][0].position)
        if not stretch or stretch[-1].position <= lowest:
            return Found(entries)
        scanned += len(stretch)
        before = stretch[-1].position
    return Found(entries, before, bounded=True)


def _bounds(connection: Connection, query: Query) -> tuple[int, int | None]:
    """(the lowest position that may fit, the position before which to begin)."""
    before = query.before
    if query.until is not None:
        end = position_at(connection, query.until + CLOCK_SLIP)
        before = end if before is None else min(before, end)
    return position_at(connection, query.since - CLOCK_SLIP), before


def position_at(connection: Connection, at: int) -> int:
    """The first position written at a time (milliseconds) or later; one past the end when there is none."""
    low, high = 1, journal.head(connection)[0] + 1
    while low < high:
        middle = (low + high) // 2
        found = journal.at(connection, middle)
        if found is None or (found.columns.at or 0) < at:
            low = middle + 1
        else:
            high = middle
    return low


def _stream(connection: Connection, query: Query, before: int | None, limit: int) -> list[Entry]:
    """The next entries of the narrowest index that holds all that are asked for, newest first."""
    if query.subject or query.person:
        one = Wanted(subject=query.subject) if query.subject else Wanted(person=query.person)
        return journal.found(connection, replace(one, before=before), limit)
    if not query.events:
        return journal.found(connection, Wanted(before=before), limit)
    each = [journal.found(connection, Wanted(events=(event,), before=before), limit) for event in query.events]
    return sorted((entry for some in each for entry in some), key=_position, reverse=True)[:limit]


def _position(entry: Entry) -> int:
    return entry.position


# --- what was out of the ordinary


def firsts_of(connection: Connection) -> dict[tuple[bytes, bytes], int]:
    """When each person was first seen on each device, in seconds since 1970."""
    return {(visit.person, visit.device): visit.first for visit in visits.every(connection)}


def seen(entry: Entry) -> Seen:
    """Of an entry what the rules of the unusual ask for."""
    told = entry.columns
    event, person, at = told.event or "", told.person or b"", told.at or 0
    if event in OF_CLIENTS:
        return Seen(at, person, client=told.subject or b"")
    refused, registered, signed_in = event == Event.SIGN_IN_REFUSED, event in _REGISTERING, event in _SIGNING_IN
    if not (refused or registered or signed_in):
        return Seen(at, person)
    clear = codec.decode(entry.clear)
    return Seen(at, person, b"", clear["device"], clear["address"], refused, signed_in, registered)


def marks_of(
    connection: Connection, shown: list[Entry], firsts: dict[tuple[bytes, bytes], int]
) -> dict[int, Marks]:
    """The marks of some entries, newest first, by position; what came just before each of them is read with it."""
    every = {entry.position: entry for entry in shown}
    every |= {entry.position: entry for entry in _just_before(connection, shown)}
    watch = Watch(firsts)
    marks = {position: watch.look(seen(every[position])) for position in sorted(every)}
    return {entry.position: marks[entry.position] for entry in shown}


def _just_before(connection: Connection, shown: list[Entry]) -> Iterator[Entry]:
    """What a person did in the hour before he had a client open, and the sign-ins refused before one that was."""
    people: dict[bytes, list[Entry]] = {}
    for entry in shown:
        if entry.columns.event in OF_CLIENTS and entry.columns.person:
            people.setdefault(entry.columns.person, []).append(entry)
    refused = [entry for entry in shown if entry.columns.event == Event.SIGN_IN_REFUSED]
    left = WINDOW_MOST
    for wanted, of, span in [
        *((Wanted(person=person), entries, CLIENTS_SPAN) for person, entries in people.items()),
        (Wanted(events=(Event.SIGN_IN_REFUSED.value,)), refused, REFUSED_SPAN),
    ]:
        for newest, since in _stretches(of, span):
            for entry in _back_to(connection, wanted, newest, since, min(left, WINDOW_STRETCH)):
                left -= 1
                yield entry


def _stretches(entries: Iterable[Entry], span: int) -> list[tuple[int, int]]:
    """(position, time down to which to read before it) so that each entry, newest first, has its span before it."""
    found: list[tuple[int, int]] = []
    for entry in entries:
        at = entry.columns.at or 0
        if found and at >= found[-1][1]:
            found[-1] = (found[-1][0], min(found[-1][1], at - span))
        else:
            found.append((entry.position, at - span))
    return found


def _back_to(connection: Connection, wanted: Wanted, before: int, since: int, most: int) -> Iterator[Entry]:
    """The entries of one stream before a position, newest first, down to a time."""
    read = 0
    while read < most:
        some = journal.found(connection, replace(wanted, before=before), min(WINDOW_AT_ONCE, most - read))
        for entry in some:
            if (entry.columns.at or 0) <= since:
                return
            yield entry
        if not some:
            return
        read += len(some)
        before = some[-1].position


def genuine(entry: Entry) -> bool:
    """Whether an entry is the one that was written after the one before it."""
    right = journal.entry_hash(entry.before, entry.position, entry.clear, entry.key, entry.sealed)
    return entry.hash == right and entry.columns == audit.columns_of(entry.clear)
