"""More people and compartments, by a directory that the office's own key signs, as administrators will make them."""

from __future__ import annotations

from dataclasses import replace

from tests.support.offices import Office
from vault.crypto.directory import CLIENTS, Person
from vault.crypto.keys import new_id, new_key, new_private_key, public_key
from vault.crypto.keystore import Device, Keystore, Stretch, new_compartment
from vault.crypto.unlock import Bundle, holder_secret, new_salt, secret_hash, stretch
from vault.domain.access import Permission
from vault.domain.office import Colleague
from vault.services import payloads
from vault.services.audit import Event
from vault.services.safe import OFFICE_PAGE, Desk

LOGIN_ID, PASSWORD = "KC0R1EAG", "another person's own password"
DEVICE = b"\xaa" * 32


def sign_role(office: Office, desk: Desk, role: str, compartments: tuple[bytes, ...] = ()) -> None:
    """Give the person at the desk another role."""
    signing = desk.secret("signing")

    def change(keystore: Keystore) -> Keystore:
        directory = keystore.trusted(desk.bundle.pinned)
        entry = replace(directory.persons[desk.person], role=role, compartments=compartments)
        return keystore.with_directory(directory.with_person(desk.person, entry), signing)

    office.instance.files.add(change)


def add_colleague(office: Office, role: str = "administrator", compartments: tuple[bytes, ...] = ()) -> tuple[bytes, bytes]:
    """A colleague with a device and slot of his own. Returns (person, device)."""
    desk = office.desk()
    signing, private, salt = desk.secret("signing"), new_private_key(), new_salt()
    person, device = new_id(), new_id()
    bundle = Bundle(private, desk.bundle.pinned, {device: holder_secret(DEVICE, person)})
    keys = {room: desk.compartment_key(room) for room in desk.directory.compartments}
    papers = desk.directory.system("office")

    def change(keystore: Keystore) -> Keystore:
        entry = Person(LOGIN_ID, public_key(private), role, compartments=compartments)
        directory = keystore.trusted(desk.bundle.pinned).with_person(person, entry)
        cost = office.instance.cost
        keystore = keystore.with_slots(person, stretch(PASSWORD, salt, cost), Stretch(salt, cost), bundle)
        keystore = replace(keystore, devices={**keystore.devices, device: Device(secret_hash(DEVICE), 1)})
        ring = keystore.ring(directory, papers, keys[papers]).with_folder(person, new_id(), new_key())
        keystore = keystore.with_ring(directory, papers, keys[papers], ring).with_directory(directory, signing)
        for room, key in keys.items():
            keystore = keystore.with_grants(directory, room, key)
        return keystore

    desk.now_reading(office.instance.files.add(change))
    with desk.act(Event.PARTICULARS_SAVED, Permission.MANAGE_OFFICE) as act:
        act.add(person, "person", payloads.encode(Colleague(name="同僚 一郎")), person)
    return person, device


def add_compartment(office: Office, name: str = "支店") -> bytes:
    """A second compartment of clients; administrators hold it. Returns its id."""
    desk = office.desk()
    signing = desk.secret("signing")
    made: list[bytes] = []

    def change(keystore: Keystore) -> Keystore:
        changed, _, compartment, _ = new_compartment(keystore, keystore.trusted(desk.bundle.pinned), CLIENTS, signing)
        made.append(compartment)
        return changed

    desk.now_reading(office.instance.files.add(change))
    with desk.act(Event.PARTICULARS_SAVED, Permission.MANAGE_OFFICE) as act:
        act.add(OFFICE_PAGE, "compartment", payloads.encode(Colleague(name=name)), made[-1])
    return made[-1]
