"""Compartments (支店・部門): made, named, filled with members; clients moved from one to another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from vault.crypto.directory import CLIENTS, Directory
from vault.crypto.keystore import Keystore, new_compartment
from vault.domain.access import Permission, Role
from vault.domain.office import Named
from vault.domain.values import fold
from vault.errors import NotFound, Refused
from vault.services import merged, office, payloads
from vault.services.accounts import switching
from vault.services.audit import Event
from vault.services.safe import OFFICE_PAGE, Desk
from vault.services.search import index
from vault.storage import records

KIND = "compartment"


@dataclass(frozen=True)
class Listed:
    """A compartment of clients. `members` are those it binds; administrators hold every one."""

    id: bytes
    name: str
    version: int
    members: tuple[bytes, ...]
    clients: int


def listed(desk: Desk) -> list[Listed]:
    """The compartments that hold clients, by name."""
    with desk.act(Event.COMPARTMENTS_OPENED, Permission.MANAGE_COMPARTMENTS) as act:
        named = {f.row.id: (payloads.decode(f.payload, Named).name, f.row.version) for f in act.read(OFFICE_PAGE, [KIND])}
        gone = records.marked_erasing(act.connection)
        found = [_listed(desk, c, *named.get(c, (c.hex()[:8], 0)), gone) for c in desk.directory.of_clients()]
    return sorted(found, key=lambda c: c.name)


def _listed(desk: Desk, compartment: bytes, name: str, version: int, gone: set[bytes]) -> Listed:
    members = tuple(i for i, p in desk.directory.persons.items() if p.active and compartment in p.compartments)
    clients = sum(owner not in gone for owner in desk.ring(compartment).owners())
    return Listed(compartment, name, version, members, clients)


def grants(desk: Desk) -> tuple[int, int]:
    """(grants that are there, grants that ought to be): every administrator, member and the recovery key has his."""
    return desk.stored.keystore.grants_there(desk.directory)


def make(desk: Desk, name: str) -> bytes:
    """A new, empty compartment that only administrators hold; returns its id. Raises Refused for a name in use."""
    desk.require(Permission.MANAGE_COMPARTMENTS)
    _refuse_taken(names(desk), name)
    made: list[bytes] = []

    def change(keystore: Keystore) -> Keystore:
        before = keystore.trusted(desk.bundle.pinned)
        signing = switching.signing_key(desk, keystore, before)
        keystore, _, compartment, _ = new_compartment(keystore, before, CLIENTS, signing)
        made.append(compartment)
        return desk.marked(keystore)

    desk.now_reading(desk.instance.files.add(change))
    compartment = made[-1]
    with desk.act(Event.COMPARTMENT_MADE, Permission.MANAGE_COMPARTMENTS) as act:
        act.fact.keystore = desk.stored
        act.add(OFFICE_PAGE, KIND, payloads.encode(Named(name=name)), compartment)
        act.tell(name=name)
    return compartment


def _refuse_taken(taken: dict[bytes, str], name: str) -> None:
    if fold(name) in {fold(each) for each in taken.values()}:
        raise Refused("compartment-name-taken", name=name)


def rename(desk: Desk, compartment: bytes, name: str, base: int) -> None:
    """Call a compartment something else; raises Conflict when somebody was faster, Refused for a name in use."""
    if compartment not in desk.directory.of_clients():
        raise NotFound("not-found")
    with desk.act(Event.COMPARTMENT_RENAMED, Permission.MANAGE_COMPARTMENTS) as act:
        _refuse_taken({c: n for c, n in office.compartment_names(act).items() if c != compartment}, name)
        payload = payloads.encode(Named(name=name))
        if base:
            act.change(OFFICE_PAGE, compartment, KIND, payload, base)
        else:  # a kill between its key and its name left it without one
            act.add(OFFICE_PAGE, KIND, payload, compartment)
        act.tell(name=name)


def set_members(desk: Desk, compartment: bytes, persons: Collection[bytes], base: int | None = None) -> None:
    """Let just these handlers and viewers hold a compartment; who loses it leaves it for a new epoch.

    `base` is the directory's version that the form was made from; raises Conflict when it is another by now.
    """
    desk.require(Permission.MANAGE_COMPARTMENTS)
    switching.unchanged(desk, base)
    if compartment not in desk.directory.of_clients():
        raise NotFound("not-found")
    changed = _with_members(desk.directory, compartment, persons)
    touched = [i for i, p in changed.persons.items() if p != desk.directory.persons[i]]
    if not touched:
        return
    stored = switching.apply(desk, lambda directory: _with_members(directory, compartment, persons))
    for person in touched:
        desk.instance.sessions.end_of_person(person)
    with desk.act(Event.PERSON_CHANGED, Permission.MANAGE_COMPARTMENTS) as act:
        act.fact.keystore = stored
        act.tell(persons=touched)


def _with_members(directory: Directory, compartment: bytes, persons: Collection[bytes]) -> Directory:
    changed = dict(directory.persons)
    for person, entry in directory.persons.items():
        if not entry.active or Role(entry.role) not in (Role.HANDLER, Role.VIEWER):
            continue
        rooms = set(entry.compartments) - {compartment} | ({compartment} if person in persons else set())
        changed[person] = replace(entry, compartments=tuple(sorted(rooms)))
    return replace(directory, version=directory.version + 1, persons=changed)


def names(desk: Desk) -> dict[bytes, str]:
    """Names of the compartments for a page that is about something else."""
    with desk.act(Event.COMPARTMENTS_OPENED, Permission.READ_SAFETY) as act:
        return office.compartment_names(act)


# --- moving a client


def move_client(desk: Desk, client: bytes, compartment: bytes) -> None:
    """The client's folder key goes into the other ring and leaves the old one, in a new keystore epoch.

    The folder key stays the same, so that earlier backups still open. Raises NotFound for a client or compartment
    that the person at the desk does not hold.
    """
    desk.require(Permission.MOVE_CLIENTS)
    before = desk.folder(client).compartment
    if compartment not in desk.client_compartments() or before not in desk.client_compartments():
        raise NotFound("not-found")
    if compartment == before:
        return
    inside = merged.clients_of(desk, [client])

    def change(keystore: Keystore) -> Keystore:
        directory = keystore.trusted(desk.bundle.pinned)
        keys = {
            c: keystore.compartment_key(directory, c, desk.person, desk.bundle.private) for c in (before, compartment)
        }
        old, new = (keystore.ring(directory, c, keys[c]) for c in (before, compartment))
        if old.find(client) is None:  # somebody else has moved him meanwhile
            raise NotFound("not-found")
        # Older bytes of the segments hold his name under keys that members of the other one do not lose.
        going = {each: there for each in (client, *inside) if (there := old.find(each)) is not None}
        for each in going:
            old = old.without(each)
        old = index.carried_over(desk.instance, before, old, going, [])
        new = index.carried_over(desk.instance, compartment, new.with_folders(going), [], [client])
        keystore = keystore.with_ring(directory, compartment, keys[compartment], new)
        keystore = keystore.with_ring(directory, before, keys[before], old)
        for room, key in keys.items():
            keystore = desk.granted(keystore, directory, room, key)
        return desk.marked(keystore)

    desk.instance.keyring.let_go()
    desk.now_reading(desk.instance.files.take_away(change))
    index.forget_others(desk.instance, index.ids_of(desk, [before, compartment]))
    with desk.act(Event.CLIENT_MOVED, Permission.MOVE_CLIENTS, client) as act:
        act.fact.keystore = desk.stored
        act.tell(before=before, after=compartment)
