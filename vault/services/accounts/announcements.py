"""What everybody is told at the next sign-in, until he has said that he has read it."""

from __future__ import annotations

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

ANNOUNCED = (Event.RECOVERED, Event.ROLLBACK_FOUND, Event.ROLLBACK_CONFIRMED)
SHOWN = 10


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
    since = told_up_to(act.connection, act.desk.person)
    wanted = journal.Wanted(events=tuple(e.value for e in ANNOUNCED))
    found = journal.found(act.connection, wanted, 2 * SHOWN)  # an act may need two entries
    mine = act.desk.person  # nobody is told what he did himself
    new = [e for e in found if e.position > since and e.columns.person != mine and not is_further(e.clear)]
    return tuple(_announced(act, e) for e in new[:SHOWN])


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
