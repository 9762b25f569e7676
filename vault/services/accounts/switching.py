"""Who belongs to what: one act of an administrator changes the signed directory and everything that hangs on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from vault.crypto.directory import ADMIN, OFFICE, Directory, Person
from vault.crypto.keys import new_id, new_key
from vault.crypto.keystore import Keystore
from vault.crypto.switching import loses, switch
from vault.domain.access import Role
from vault.errors import Conflict, NotFound, Refused
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.services.search import index
from vault.storage.keystore import Stored

# The rule that says when the office's signing key was made anew, in seconds since 1970.
SIGNING_CHANGED = "signing_changed"
Edit = Callable[[Directory], Directory]
Change = Callable[[Keystore], Keystore]


def apply(desk: Desk, edit: Edit, change: Change | None = None, takes: bool = False) -> Stored:
    """Sign the directory that `edit` makes of the newest one, after `change` to the keystore; the desk goes on with it.

    A new keystore epoch begins when somebody loses something: by the directory, or by `change` where `takes` says so.
    Raises Refused("last-administrator") when nobody would be left to administer.
    """
    instance, bundle = desk.instance, desk.bundle
    takes = takes or bool(loses(desk.directory, edit(desk.directory)))
    segments = dict[bytes, bytes]()

    def apply_now(keystore: Keystore) -> Keystore:
        before = keystore.trusted(bundle.pinned)
        after = edit(before)
        changed = change(keystore) if change is not None else keystore
        if not working_administrators(changed, after):
            raise Refused("last-administrator")
        if loses(before, after) and not takes:
            raise Conflict("conflict")
        keys = {c: keystore.compartment_key(before, c, desk.person, bundle.private) for c in before.compartments}
        signing = keystore.secret(before, "signing", keys[before.system(ADMIN)])
        changed = _with_segment_keys(instance, changed, before, loses(before, after), keys, segments)
        if before.system(ADMIN) in loses(before, after):  # the recovery sheet is pinned to the key that goes
            after = replace(after, rules={**after.rules, SIGNING_CHANGED: instance.now()})
        return desk.marked(switch(changed, before, after, keys, signing))

    if takes:
        instance.keyring.let_go()  # or this worker would wait for its own lease
        stored = instance.files.take_away(apply_now)
        index.forget_others(instance, segments)
    else:
        stored = instance.files.add(apply_now)
    if stored.keystore.trusted(bundle.pinned).persons[desk.person].active:
        desk.now_reading(stored)  # an administrator may have taken himself away, while another one is left
    return stored


def _with_segment_keys(
    instance: Instance, keystore: Keystore, directory: Directory, lost: Collection[bytes], keys: Mapping[bytes, bytes],
    made: dict[bytes, bytes],
) -> Keystore:  # fmt: skip
    """The keystore with another key for the search segments of every compartment that somebody loses: clients who are
    entered later have keys that he has never seen, and their names stand in the segments. `made` is told its id."""
    for compartment in set(lost) & set(directory.of_clients()):
        ring = keystore.ring(directory, compartment, keys[compartment])
        now = index.carried_over(instance, compartment, ring, [], [])
        if (found := now.segments()) is not None:
            made[compartment] = found[0]
            keystore = keystore.with_ring(directory, compartment, keys[compartment], now)
    return keystore


def signing_key(desk: Desk, keystore: Keystore, directory: Directory) -> bytes:
    """The office's signing key as the newest keystore holds it: the desk may have read an older one, before another
    administrator left."""
    key = keystore.compartment_key(directory, directory.system(ADMIN), desk.person, desk.bundle.private)
    return keystore.secret(directory, "signing", key)


def unchanged(desk: Desk, base: int | None) -> None:
    """Raises Conflict when the directory is another than the one that a form was made from (its version, `base`)."""
    if base is not None and base != desk.directory.version:
        raise Conflict("conflict")


def working_administrators(keystore: Keystore, directory: Directory) -> list[bytes]:
    """The administrators who can come in: one whose login sheet was never used, or has expired, is none yet."""
    return [a for a in directory.administrators() if keystore.devices.keys() & keystore.slots.get(a, {}).keys()]


def entry_of(directory: Directory, person: bytes) -> Person:
    """A person's entry; raises NotFound."""
    entry = directory.persons.get(person)
    if entry is None:
        raise NotFound("not-found")
    return entry


def rooms_for(directory: Directory, role: Role, compartments: Sequence[bytes]) -> tuple[bytes, ...]:
    """The compartments that are noted for a role: administrators hold all, auditors none. Raises NotFound."""
    if role in (Role.ADMINISTRATOR, Role.AUDITOR):
        return ()
    if not set(compartments) <= set(directory.of_clients()):
        raise NotFound("not-found")
    return tuple(sorted(set(compartments)))


def with_person_folder(desk: Desk, person: bytes) -> Change:
    """The change that gives a person a folder of his own among the office's papers."""

    def change(keystore: Keystore) -> Keystore:
        directory = keystore.trusted(desk.bundle.pinned)
        papers = directory.system(OFFICE)
        key = keystore.compartment_key(directory, papers, desk.person, desk.bundle.private)
        ring = keystore.ring(directory, papers, key)
        if ring.find(person) is not None:
            return keystore
        return keystore.with_ring(directory, papers, key, ring.with_folder(person, new_id(), new_key()))

    return change


def moved(directory: Directory, person: bytes, **changed: object) -> Directory:
    """The next directory with a person's entry changed."""
    return directory.with_person(person, replace(entry_of(directory, person), **changed))  # type: ignore[arg-type]
