"""Persons (利用者): made, changed, stopped and enrolled anew by administrators."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vault.crypto.directory import ACTIVE, STOPPED, Directory, Person
from vault.crypto.keys import new_id, new_private_key, public_key
from vault.crypto.keystore import Code, Keystore, Stretch
from vault.crypto.unlock import (
    Bundle,
    fold_letters,
    holder_secret,
    new_code,
    new_initial_password,
    new_salt,
    read_code,
    secret_hash,
    stretch,
)
from vault.domain.access import Permission, Role
from vault.domain.office import Colleague
from vault.domain.values.moments import DAY
from vault.errors import Conflict, NotFound, Refused
from vault.services import payloads
from vault.services.accounts import announcements, switching
from vault.services.accounts.activation import new_login_id
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.services.sessions import LoginSheet
from vault.storage import visits
from vault.storage.keystore import Stored

SHEET_DAYS = 14


@dataclass(frozen=True)
class Listed:
    """A person as administrators see him. Times in seconds since 1970, 0 for none; `sheet_expires` may be past."""

    person: bytes
    login_id: str
    role: Role
    active: bool
    compartments: tuple[bytes, ...]
    colleague: Colleague
    version: int
    devices: int
    last_seen: int
    sheet_expires: int


def listed(desk: Desk) -> list[Listed]:
    """Everybody by name, those at work first, then who has not signed in yet."""
    with desk.act(Event.PEOPLE_OPENED, Permission.MANAGE_PEOPLE) as act:
        seen = _last_seen(visits.every(act.connection))
        found = [_listed(act, person, entry, seen) for person, entry in desk.directory.persons.items()]
    return sorted(found, key=lambda p: (not p.active, bool(p.sheet_expires), p.colleague.kana or p.colleague.name))


def one(desk: Desk, person: bytes) -> Listed:
    """One person; raises NotFound."""
    entry = switching.entry_of(desk.directory, person)
    with desk.act(Event.PEOPLE_OPENED, Permission.MANAGE_PEOPLE, person) as act:
        return _listed(act, person, entry, _last_seen(visits.every(act.connection)))


def active_administrators(desk: Desk) -> int:
    """How many administrators the office has: with one alone, his loss leaves the recovery sheet."""
    return len(switching.working_administrators(desk.stored.keystore, desk.directory))


def is_usable(desk: Desk, sheet: LoginSheet) -> bool:
    """Whether a login sheet opens something still: its person has not come in with it, and was not stopped since."""
    code = desk.stored.keystore.initial_code_of(sheet.person)
    return code is not None and hmac.compare_digest(code.secret_hash, secret_hash(read_code(sheet.code)))


def show_sheet(desk: Desk, person: bytes) -> None:
    """Note that the login sheet of a person was shown, before it is."""
    with desk.act(Event.PEOPLE_OPENED, Permission.MANAGE_PEOPLE, person):
        pass


def _last_seen(found: Iterable[visits.Visit]) -> dict[bytes, int]:
    seen: dict[bytes, int] = {}
    for visit in found:
        seen[visit.person] = max(seen.get(visit.person, 0), visit.last)
    return seen


def _listed(act: Act, person: bytes, entry: Person, seen: dict[bytes, int]) -> Listed:
    keystore = act.desk.stored.keystore
    colleague, version = _colleague(act, person, entry)
    sheet = keystore.initial_code_of(person)
    return Listed(
        person=person,
        login_id=entry.login_id,
        role=Role(entry.role),
        active=entry.active,
        compartments=entry.compartments,
        colleague=colleague,
        version=version,
        devices=len(keystore.devices.keys() & keystore.slots.get(person, {}).keys()),
        last_seen=seen.get(person, 0),
        sheet_expires=sheet.expires if sheet else 0,
    )


def _colleague(act: Act, person: bytes, entry: Person) -> tuple[Colleague, int]:
    """What is noted of him; a kill between his keys and his record leaves the login ID alone."""
    try:
        found = act.read_one(person, person, "person")
    except NotFound:
        return Colleague(name=entry.login_id), 0
    return payloads.decode(found.payload, Colleague), found.row.version


# --- acts


@dataclass(frozen=True)
class _Making:
    """What is made for a login sheet: the key pair, and the slot that initial password and code open together."""

    sheet: LoginSheet
    private: bytes
    stretched: bytes
    salt: bytes

    def into(self, keystore: Keystore, desk: Desk) -> Keystore:
        """The keystore with the person's first slot."""
        person, secret = self.sheet.person, read_code(self.sheet.code)
        code, instance = new_id(), desk.instance
        bundle = Bundle(self.private, keystore.heir(desk.bundle.pinned), {code: holder_secret(secret, person)})
        entry = Code(secret_hash(secret), person, self.sheet.expires, initial=True)
        keystore = replace(keystore, codes={**keystore.codes, code: entry})
        known = Stretch(self.salt, instance.cost, instance.now())
        return keystore.with_slots(person, self.stretched, known, bundle)


def _make(desk: Desk, person: bytes, name: str, login_id: str) -> _Making:
    instance, salt = desk.instance, new_salt()
    password, code = new_initial_password(), new_code()
    with instance.argon2_permit():
        stretched = stretch(fold_letters(password), salt, instance.cost)
    sheet = LoginSheet(person, name, login_id, password, code, instance.now() + SHEET_DAYS * DAY)
    return _Making(sheet, new_private_key(), stretched, salt)


def create(desk: Desk, colleague: Colleague, role: Role, compartments: Sequence[bytes]) -> LoginSheet:
    """A new person with a key pair and what he is to hold; the sheet is shown once and kept nowhere."""
    desk.require(Permission.MANAGE_PEOPLE)
    rooms = switching.rooms_for(desk.directory, role, compartments)
    made = _make(desk, new_id(), colleague.name, _unused_login_id(desk.directory))
    person = made.sheet.person
    entry = Person(made.sheet.login_id, public_key(made.private), role.value, ACTIVE, rooms)

    def change(keystore: Keystore) -> Keystore:
        return switching.with_person_folder(desk, person)(made.into(keystore, desk))

    switching.apply(desk, lambda directory: directory.with_person(person, entry), change)
    with desk.act(Event.PERSON_CREATED, Permission.MANAGE_PEOPLE, person) as act:
        act.fact.keystore = desk.stored
        act.add(person, "person", payloads.encode(colleague), person)
        announcements.told_all(act.connection, person)
        act.tell(role=role.value)
    return made.sheet


def _unused_login_id(directory: Directory) -> str:
    while True:
        login_id = new_login_id()
        if directory.person_by_login(login_id) is None:
            return login_id


def change(desk: Desk, person: bytes, role: Role, compartments: Sequence[bytes], base: int | None = None) -> None:
    """Another role or other compartments, from his next request on; his sessions end.

    `base` is the directory's version that the form was made from. Raises Refused("last-administrator"), and Conflict
    when another administrator has changed something since.
    """
    desk.require(Permission.MANAGE_PEOPLE)
    switching.unchanged(desk, base)
    entry = switching.entry_of(desk.directory, person)
    rooms = switching.rooms_for(desk.directory, role, compartments)
    if (entry.role, entry.compartments) == (role.value, rooms):
        return
    stored = switching.apply(desk, lambda d: switching.moved(d, person, role=role.value, compartments=rooms))
    _gone(desk, Event.PERSON_CHANGED, person, stored, role=role.value)


def stop(desk: Desk, person: bytes) -> None:
    """A leaver: sessions, slots and grants gone at once, and every key he held is another now.

    Raises Refused("last-administrator").
    """
    desk.require(Permission.MANAGE_PEOPLE)
    switching.entry_of(desk.directory, person)
    stored = switching.apply(
        desk,
        lambda directory: switching.moved(directory, person, status=STOPPED, compartments=()),
        lambda keystore: keystore.without_person(person),
        takes=True,
    )
    _gone(desk, Event.PERSON_STOPPED, person, stored)


def reenrol(desk: Desk, person: bytes) -> LoginSheet:
    """A new key pair and login sheet for who has lost everything, or comes back: nobody's password is recoverable."""
    desk.require(Permission.MANAGE_PEOPLE)
    if person == desk.person:
        raise Refused("not-yourself")
    entry = switching.entry_of(desk.directory, person)
    with desk.act(Event.PEOPLE_OPENED, Permission.MANAGE_PEOPLE, person) as act:
        name = _colleague(act, person, entry)[0].name
    made = _make(desk, person, name, entry.login_id)
    public = public_key(made.private)

    def change(keystore: Keystore) -> Keystore:
        return made.into(keystore.without_person(person), desk)

    stored = switching.apply(
        desk, lambda d: switching.moved(d, person, public=public, status=ACTIVE), change, takes=True
    )
    _gone(desk, Event.PERSON_REENROLLED, person, stored)
    return made.sheet


def _gone(desk: Desk, event: Event, person: bytes, stored: Stored, **detail: object) -> None:
    """End his sessions and write the entry; the desk may be that of who has just taken himself away."""
    desk.instance.sessions.end_of_person(person)
    with desk.act(event, Permission.MANAGE_PEOPLE, person) as act:
        act.fact.keystore = stored
        act.tell(**detail)


def note(desk: Desk, person: bytes, colleague: Colleague, base: int) -> None:
    """Name, pledge and trainings; raises Conflict when somebody was faster."""
    switching.entry_of(desk.directory, person)
    with desk.act(Event.PERSON_NOTED, Permission.MANAGE_PEOPLE, person) as act:
        if base:
            act.change(person, person, "person", payloads.encode(colleague), base)
        elif act.contents(person).entries:
            raise Conflict("conflict")
        else:
            act.add(person, "person", payloads.encode(colleague), person)
