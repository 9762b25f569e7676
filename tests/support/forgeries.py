"""Keystores edited by somebody who can seal them but cannot sign: one function an edit, to be put in place by `forge`.

`UNSIGNED` edit the directory, which the office's key has not signed then; `UNVOUCHED` leave it and edit what it vouches for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.support.forging import Change, edited_directory
from tests.support.offices import Office
from vault.crypto.directory import AUDIT, Compartment, Person, decode, signed
from vault.crypto.envelope import key_id
from vault.crypto.keys import (
    Ring,
    grant,
    new_id,
    new_key,
    new_private_key,
    new_signing_key,
    public_key,
    seal_ring,
    signing_public,
)
from vault.crypto.keystore import Keystore, SealedRing


def first_of(kind: str, keystore: Keystore) -> bytes:
    directory = decode(keystore.directory.document)
    return next(i for i, c in directory.compartments.items() if c.kind == kind)


def public_key_replaced(office: Office) -> Change:
    other = public_key(new_private_key())
    person = office.facts.person
    return edited_directory(lambda d: replace(d, persons={person: replace(d.persons[person], public=other)}))


def role_changed(office: Office) -> Change:
    person = office.facts.person
    return edited_directory(lambda d: replace(d, persons={person: replace(d.persons[person], role="viewer")}))


def person_added(office: Office) -> Change:
    added = Person("KF0RGER0", public_key(new_private_key()), "administrator")
    return edited_directory(lambda d: d.with_person(new_id(), added))


def audit_key_replaced(office: Office) -> Change:
    return edited_directory(lambda d: replace(d, audit_public=public_key(new_private_key())))


def recovery_key_replaced(office: Office) -> Change:
    return edited_directory(lambda d: replace(d, recovery_public=public_key(new_private_key())))


def idle_time_written_over(office: Office) -> Change:
    return edited_directory(lambda d: replace(d, rules={**d.rules, "idle_minutes": 10_000}))


def signature_gone(office: Office) -> Change:
    return edited_directory(lambda d: d, bytes(64))


def signed_by_another_key(office: Office) -> Change:
    signing = new_signing_key()

    def edit(keystore: Keystore) -> Keystore:
        directory = replace(decode(keystore.directory.document), signing_public=signing_public(signing))
        return replace(keystore, directory=signed(replace(directory, version=directory.version + 1), signing))

    return edit


def signed_by_another_key_in_the_old_name(office: Office) -> Change:
    signing = new_signing_key()
    return lambda k: replace(k, directory=signed(decode(k.directory.document), signing))


def compartment_epoch_made_up(office: Office) -> Change:
    """A new compartment key of the forger's, granted to everybody, an empty ring under it, and a directory to match."""
    key = new_key()

    def edit(keystore: Keystore) -> Keystore:
        room, directory = first_of("clients", keystore), decode(keystore.directory.document)
        entry = Compartment("clients", directory.compartments[room].epoch + 1, key_id(key))
        changed = directory.with_compartment(room, entry)
        ring = SealedRing(1, seal_ring(key, keystore.office, room, entry.epoch, 1, Ring()))
        edited = replace(keystore, rings={**keystore.rings, room: ring}).with_grants(changed, room, key)
        return edited_directory(lambda d: changed)(edited)

    return edit


def epoch_made_up_without_the_directory(office: Office) -> Change:
    """The same grants and ring, with the directory left as it was signed."""
    key = new_key()

    def edit(keystore: Keystore) -> Keystore:
        room, directory = first_of("clients", keystore), decode(keystore.directory.document)
        epoch = directory.compartments[room].epoch + 1
        given = {
            receiver: grant(keystore.office, room, epoch, receiver, public, key)
            for receiver, public in directory.receivers(room).items()
        }
        ring = SealedRing(1, seal_ring(key, keystore.office, room, epoch, 1, Ring()))
        return replace(keystore, rings={**keystore.rings, room: ring}, grants={**keystore.grants, room: given})

    return edit


def compartment_key_replaced_in_its_epoch(office: Office) -> Change:
    """A key of the forger's for everybody, in the epoch that is signed: only the key's name is not the signed one."""
    key = new_key()

    def edit(keystore: Keystore) -> Keystore:
        room, directory = first_of("clients", keystore), decode(keystore.directory.document)
        epoch = directory.compartments[room].epoch
        given = {
            receiver: grant(keystore.office, room, epoch, receiver, public, key)
            for receiver, public in directory.receivers(room).items()
        }
        ring = SealedRing(1, seal_ring(key, keystore.office, room, epoch, 1, Ring()))
        return replace(keystore, rings={**keystore.rings, room: ring}, grants={**keystore.grants, room: given})

    return edit


def grant_of_another_key(office: Office) -> Change:
    """A grant that the person can open, of a key that the forger knows, under the signed key id."""
    key = new_key()

    def edit(keystore: Keystore) -> Keystore:
        room, directory = first_of("clients", keystore), decode(keystore.directory.document)
        entry, person = directory.compartments[room], directory.persons[office.facts.person]
        made = grant(keystore.office, room, entry.epoch, office.facts.person, person.public, key)
        given = {**keystore.grants[room], office.facts.person: entry.key_id + made[16:]}
        return replace(keystore, grants={**keystore.grants, room: given})

    return edit


def grants_swapped(office: Office) -> Change:
    def edit(keystore: Keystore) -> Keystore:
        clients_room, audit_room = first_of("clients", keystore), first_of(AUDIT, keystore)
        grants = {**keystore.grants, clients_room: keystore.grants[audit_room], audit_room: keystore.grants[clients_room]}
        return replace(keystore, grants=grants)

    return edit


def rings_swapped(office: Office) -> Change:
    def edit(keystore: Keystore) -> Keystore:
        one, other = first_of("clients", keystore), first_of("office", keystore)
        return replace(keystore, rings={**keystore.rings, one: keystore.rings[other], other: keystore.rings[one]})

    return edit


def ring_counter_written_over(office: Office) -> Change:
    def edit(keystore: Keystore) -> Keystore:
        room = first_of("clients", keystore)
        return replace(keystore, rings={**keystore.rings, room: replace(keystore.rings[room], counter=99)})

    return edit


def signed_secrets_swapped(office: Office) -> Change:
    return lambda k: replace(k, secrets={"signing": k.secrets["audit"], "audit": k.secrets["signing"]})


UNSIGNED = [
    public_key_replaced, role_changed, person_added, audit_key_replaced, recovery_key_replaced, idle_time_written_over,
    signature_gone, signed_by_another_key, signed_by_another_key_in_the_old_name, compartment_epoch_made_up,
]  # fmt: skip
UNVOUCHED = [
    epoch_made_up_without_the_directory, compartment_key_replaced_in_its_epoch, grant_of_another_key, grants_swapped, rings_swapped, ring_counter_written_over,
]  # fmt: skip
Attack = Callable[[Office], Change]
