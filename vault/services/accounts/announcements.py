"""What everybody is told at the next sign-in, until he has said that he has read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection

from vault.crypto import codec
from vault.domain.access import Permission
from vault.services import office
from vault.services.acts import Act
from vault.services.audit import Event, is_further
from vault.services.safe import Desk
from vault.services.sessions import Announced
from vault.storage import journal, records
from vault.storage.database import transaction

ANNOUNCED = (Event.RECOVERED, Event.ROLLBACK_FOUND, Event.ROLLBACK_CONFIRMED, Event.RESTORE_CONFIRMED)
SHOWN = 10
AT_ONCE = 200  # entries read of the journal in one go: an act may have one for each client


def _name(person: bytes) -> str:
    return f"told:{person.hex()}"


def told_up_to(connection: Connection, person: bytes) -> int:
    """The journal position up to which a person has read what is announced."""
    raw = records.fact(connection, _name(person))
    return int.from_bytes(raw, "big") if raw is not None else 0


def told_all(connection: Connection, person: bytes) -> None:
    """What happened before somebody came is not news to him."""
    records.set_fact(connection, _name(person), journal.head(connection)[0].to_bytes(8, "big"))


def untold(act: Act) -> tuple[Announced, ...]:
    """What the person at the desk has not said to have read, newest first."""
    since, mine = told_up_to(act.connection, act.desk.person), act.desk.person
    # Nobody is told what he did himself.
    new = (e for e in _since(act.connection, since) if e.columns.person != mine and not _is_part(e))
    return tuple(_announced(act, e) for e in islice(new, SHOWN))


def _is_part(entry: journal.Entry) -> bool:
    """Whether an entry only tells more of an act, as a confirmed restore has one for each client."""
    restored = entry.columns.event == Event.RESTORE_CONFIRMED and entry.columns.subject is not None
    return restored or is_further(entry.clear)


def _since(connection: Connection, position: int) -> Iterator[journal.Entry]:
    """Entries of what is announced, the newest first, down to a journal position."""
    wanted = journal.Wanted(events=tuple(e.value for e in ANNOUNCED))
    while found := journal.found(connection, wanted, AT_ONCE):
        yield from (entry for entry in found if entry.position > position)
        if found[-1].position <= position:
            return
        wanted = replace(wanted, before=found[-1].position)


def _announced(act: Act, entry: journal.Entry) -> Announced:
    told = codec.decode(entry.clear)
    name = office.name_of(act, told["person"]) if told["person"] else ""
    return Announced(entry.position, told["event"], told["at"] // 1000, name)


def last_recovery(desk: Desk) -> tuple[int, str] | None:
    """When (seconds) the recovery sheet was used last, and the login ID of the administrator it made."""
    with transaction(desk.instance.engine) as connection:
        found = journal.found(connection, journal.Wanted(events=(Event.RECOVERED.value,)), 1)
    if not found:
        return None
    told = codec.decode(found[0].clear)
    made = desk.directory.persons.get(told["person"])
    return told["at"] // 1000, made.login_id if made else ""


def read(desk: Desk, position: int) -> None:
    """The person at the desk has read everything up to a journal position."""
    with desk.act(Event.ANNOUNCEMENT_SEEN, Permission.READ_SAFETY) as act:
        position = min(position, journal.head(act.connection)[0])  # what is still to come has not been read
        if position > told_up_to(act.connection, desk.person):
            records.set_fact(act.connection, _name(desk.person), position.to_bytes(8, "big"))
