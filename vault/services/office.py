"""The office's own particulars, the names of its people and compartments."""

from __future__ import annotations

from dataclasses import replace

from vault.domain.access import Permission
from vault.domain.office import Colleague, Named, Office
from vault.errors import Conflict, NotFound
from vault.services import payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import records
from vault.storage.database import transaction

KIND = "particulars"


def has_particulars(instance: Instance) -> bool:
    """Whether the office has said who it is; before that no client can be entered."""
    if not instance.has_particulars:
        with transaction(instance.engine) as connection:
            instance.has_particulars = records.fact(connection, KIND) is not None
    return instance.has_particulars


def particulars(desk: Desk) -> tuple[Office | None, int, str]:
    """(the particulars or None, their version or 0, the person's own name)."""
    with desk.act(Event.PARTICULARS_OPENED, Permission.READ_SAFETY) as act:
        office, version = read_particulars(act)
        name = person_name(act)
    return office, version, name


def particulars_before(desk: Desk, version: int) -> Office | None:
    """The particulars as that version said them; None where there is no such version."""
    with desk.act(Event.PARTICULARS_OPENED, Permission.READ_SAFETY) as act:
        for newest in act.read(OFFICE_PAGE, [KIND]):
            for found in [newest, *act.read_earlier(OFFICE_PAGE, newest.row.id, KIND)]:
                if found.row.version == version:
                    return payloads.decode(found.payload, Office)
    return None


def read_particulars(act: Act) -> tuple[Office | None, int]:
    """The office's particulars inside another act."""
    for found in act.read(OFFICE_PAGE, [KIND]):
        return payloads.decode(found.payload, Office), found.row.version
    return None, 0


def person_name(act: Act) -> str:
    """How the person at the desk is called, as his record says now."""
    return _recorded_name(act, act.desk.person)


def name_of(act: Act, person: bytes) -> str:
    """How a person of the office is called; the login ID while he has no record."""
    if person not in act.names:
        act.names[person] = _recorded_name(act, person)
    return act.names[person]


def _recorded_name(act: Act, person: bytes) -> str:
    try:
        return payloads.decode(act.read_one(person, person, "person").payload, Colleague).name
    except NotFound:
        known = act.desk.directory.persons.get(person)
        return known.login_id if known else ""


def colleagues(act: Act) -> list[str]:
    """The names of the people who work here now."""
    return sorted(name_of(act, person) for person, entry in act.desk.directory.persons.items() if entry.active)


def save_particulars(desk: Desk, office: Office, own: Colleague, base: int) -> None:
    """Write the particulars and the person's own name; raises Conflict when somebody else was faster."""
    with desk.act(Event.PARTICULARS_SAVED, Permission.MANAGE_OFFICE) as act:
        existing = act.read(OFFICE_PAGE, [KIND])
        if (existing[0].row.version if existing else 0) != base:
            raise Conflict("conflict")
        if existing:
            act.change(OFFICE_PAGE, existing[0].row.id, KIND, payloads.encode(office), base)
        else:
            act.add(OFFICE_PAGE, KIND, payloads.encode(office))
            records.set_fact(act.connection, KIND, b"1")
        mine = act.read_one(desk.person, desk.person, "person")
        before = payloads.decode(mine.payload, Colleague)
        if before.name != own.name:
            now = payloads.encode(replace(before, name=own.name))
            act.change(desk.person, desk.person, "person", now, mine.row.version)


def compartment_names(act: Act) -> dict[bytes, str]:
    """Names of the compartments, by id."""
    found = act.read(OFFICE_PAGE, ["compartment"])
    return {each.row.id: payloads.decode(each.payload, Named).name for each in found}
