"""The keystore edited by somebody who has the disk, the shred key with it: he can seal, but he cannot sign.

Each edit is sealed with the real shred key and put on both replicas under the next generation, as a change would be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support import colleagues
from tests.support.colleagues import LOGIN_ID, add_colleague, sign_role
from tests.support.forgeries import UNSIGNED, UNVOUCHED, Attack, signed_secrets_swapped
from tests.support.forging import edited_directory, forge, stolen_keystore
from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office
from tests.support.visits import Visit, shows_nothing
from vault.crypto.directory import Person, decode
from vault.crypto.keys import (
    grant,
    new_id,
    new_key,
    new_private_key,
    public_key,
)
from vault.crypto.keystore import Device, Keystore, Stretch
from vault.crypto.unlock import Bundle, Cost, holder_secret, new_salt, secret_hash, stretch
from vault.errors import Damaged, KuraError, Untrusted, WrongCredential
from vault.services import audit, clients, sessions
from vault.services.accounts import signing_in
from vault.services.safe import Desk

OWN_PASSWORD = "the forger's own password"
OWN_DEVICE = b"\xaa" * 32


@pytest.mark.parametrize("attack", UNSIGNED + UNVOUCHED, ids=lambda a: a.__name__)
def test_a_session_that_is_open_shows_nothing_more(attack: Attack, visit: Visit, office: Office) -> None:
    forge(office, attack(office))
    for path in ("/clients", visit.client_page(), visit.policy_page()):
        answer = visit.get(path)
        assert answer.status_code == 409 and shows_nothing(answer), (path, answer.status_code)


@pytest.mark.parametrize("attack", UNSIGNED + UNVOUCHED, ids=lambda a: a.__name__)
def test_a_sign_in_shows_nothing(attack: Attack, office: Office, stranger: Visit) -> None:
    forge(office, attack(office))
    answer = stranger.with_device().sign_in()
    if answer.status_code == 303:  # what is edited is not yet needed at the door
        answer = stranger.get("/clients")
    assert answer.status_code == 409 and shows_nothing(answer)


@pytest.mark.parametrize("attack", UNSIGNED, ids=lambda a: a.__name__)
def test_a_directory_that_the_pinned_key_has_not_signed_is_untrusted(attack: Attack, office: Office) -> None:
    forge(office, attack(office))
    with pytest.raises(Untrusted):
        office.desk()


@pytest.mark.parametrize("attack", UNVOUCHED, ids=lambda a: a.__name__)
def test_nothing_is_written_under_what_the_directory_does_not_vouch_for(attack: Attack, office: Office) -> None:
    desk = office.desk()
    forge(office, attack(office))
    before = office.instance.files.newest()
    with pytest.raises(KuraError):
        owner = new_id()
        desk.add_folders({owner: desk.directory.of_clients()[0]}, {owner: (new_id(), new_key())})
    assert office.instance.files.newest() == before


def test_keys_swapped_between_the_system_secrets_do_not_open(office: Office) -> None:
    forge(office, signed_secrets_swapped(office))
    desk = office.desk()
    for name in ("signing", "audit"):
        with pytest.raises(KuraError):
            desk.secret(name)


def test_a_key_pair_of_the_forgers_own_opens_nothing(office: Office, stranger: Visit) -> None:
    """Person, device, slot and grants made by hand: the grants have to be sealed by somebody who has the key."""
    made = self_made(office)
    visit = stranger.with_device(OWN_DEVICE)
    visit.get("/session/new")
    answer = visit.post("/session/new", {"login_id": "KF0RGER0", "password": OWN_PASSWORD})
    assert answer.status_code == 409 and shows_nothing(answer)
    with pytest.raises(Untrusted):
        signing_in.sign_in(office.instance, "KF0RGER0", OWN_PASSWORD, OWN_DEVICE, ORIGIN)
    with pytest.raises(KuraError):  # not even past the door, with the bundle in hand
        Desk(office.instance, ORIGIN, made[0], made[1], made[2], office.instance.keyring.stored())


def self_made(office: Office, pinned: bytes | None = None) -> tuple[bytes, bytes, Bundle]:
    person, device, private, salt = new_id(), new_id(), new_private_key(), new_salt()
    keystore = stolen_keystore(office)[0]
    bundle = Bundle(
        private, pinned or decode(keystore.directory.document).signing_public, {device: holder_secret(OWN_DEVICE, person)}
    )

    def edit(keystore: Keystore) -> Keystore:
        cost = Cost(32, 1, 4)
        entry = Person("KF0RGER0", public_key(private), "administrator")
        with_slots = keystore.with_slots(person, stretch(OWN_PASSWORD, salt, cost), Stretch(salt, cost), bundle)
        grants = {
            room: {**of, person: next(iter(of.values()))} for room, of in keystore.grants.items()
        }  # another's grants, copied
        edited = replace(
            with_slots, grants=grants, devices={**keystore.devices, device: Device(secret_hash(OWN_DEVICE), 1)}
        )
        return edited_directory(lambda d: d.with_person(person, entry))(edited)

    forge(office, edit)
    return person, device, bundle


def test_an_injected_grant_does_not_make_a_member(office: Office) -> None:
    """Somebody who lost a compartment, and whom a colleague with the disk grants its key again by hand."""
    desk = office.desk()
    room = desk.directory.of_clients()[0]
    key = desk.compartment_key(room)
    sign_role(office, desk, "handler")  # a handler of no compartment
    entry = decode(stolen_keystore(office)[0].directory.document)
    own = grant(office.settings.office, room, 1, desk.person, entry.persons[desk.person].public, key)
    forge(office, lambda k: replace(k, grants={**k.grants, room: {**k.grants[room], desk.person: own}}))
    again = office.desk()
    assert again.client_compartments() == []
    with pytest.raises(Untrusted):
        again.compartment_key(room)
    with pytest.raises(KuraError):
        clients.get(again, office.facts.clients[0])


def test_an_older_directory_with_its_own_good_signature_is_noticed(office: Office) -> None:
    """What was signed once stays signed: a role that was taken away must not come back with an old document."""
    desk = office.desk()
    old = stolen_keystore(office)[0].directory
    sign_role(office, desk, "viewer")
    office.sign_in()  # the journal notes the keystore
    forge(office, lambda k: replace(k, directory=old))
    assert office.desk().role.value == "administrator"  # the signature alone cannot tell
    with pytest.raises(Damaged):
        audit.check_whole(office.instance, office.instance.keyring.stored())


def _slot_from_the_other_person(k: Keystore, mine: bytes, theirs: bytes, device: bytes, other: bytes) -> Keystore:
    return replace(k, slots={**k.slots, mine: {**k.slots[mine], device: k.slots[theirs][other]}})


def _slot_and_stretch_from_the_other_person(k: Keystore, mine: bytes, theirs: bytes, device: bytes, other: bytes) -> Keystore:
    moved = _slot_from_the_other_person(k, mine, theirs, device, other)
    return replace(moved, stretches={**k.stretches, mine: k.stretches[theirs]})


def _slot_from_another_device(k: Keystore, mine: bytes, theirs: bytes, device: bytes, other: bytes) -> Keystore:
    code = next(i for i in k.slots[mine] if i != device)
    return replace(k, slots={**k.slots, mine: {**k.slots[mine], device: k.slots[mine][code]}})


MOVES = [_slot_from_the_other_person, _slot_and_stretch_from_the_other_person, _slot_from_another_device]


@pytest.mark.parametrize("move", MOVES, ids=lambda m: m.__name__.strip("_"))
@pytest.mark.parametrize("password", [PASSWORD, colleagues.PASSWORD], ids=["own password", "the other's"])
def test_a_slot_moved_does_not_open(move: Callable[..., Keystore], password: str, office: Office) -> None:
    theirs, other = add_colleague(office)
    mine = office.facts.person
    device = next(i for i, d in stolen_keystore(office)[0].devices.items() if d.secret_hash == secret_hash(DEVICE))
    forge(office, lambda k: move(k, mine, theirs, device, other))
    with pytest.raises(WrongCredential):
        office.sign_in(password=password)


def test_the_colleague_of_these_tests_does_sign_in(office: Office) -> None:
    add_colleague(office)
    assert signing_in.sign_in(office.instance, LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN).cookie


@pytest.mark.parametrize("cost", [Cost(8 * 4, 2, 4), Cost(16 * 4, 1, 4), Cost(8 * 4, 1, 2)], ids=str)
def test_a_changed_cost_or_salt_does_not_open(cost: Cost, office: Office) -> None:
    person = office.facts.person
    forge(office, lambda k: replace(k, stretches={person: replace(k.stretches[person], cost=cost)}))
    with pytest.raises(WrongCredential):
        office.sign_in()
    forge(office, lambda k: replace(k, stretches={person: Stretch(new_salt(), office.instance.cost)}))
    with pytest.raises(WrongCredential):
        office.sign_in()


def test_a_cost_beyond_the_ceiling_is_refused_before_memory_is_taken(
    office: Office, stranger: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = object.__new__(Cost)
    for name, value in (("m", 64 * 1024 * 1024), ("t", 3), ("p", 4)):
        object.__setattr__(huge, name, value)
    monkeypatch.setattr("vault.services.accounts.signing_in.stretch", _never)
    forge(office, lambda k: replace(k, stretches={office.facts.person: Stretch(new_salt(), huge)}))
    with pytest.raises(Damaged):
        office.sign_in()
    answer = stranger.with_device().get("/session/new")
    assert answer.status_code == 409 and shows_nothing(answer)


def _never(*_: object) -> bytes:
    raise AssertionError("a password was hashed")


def test_a_device_added_by_hand_opens_no_slot(office: Office, stranger: Visit) -> None:
    forge(office, lambda k: replace(k, devices={**k.devices, new_id(): Device(secret_hash(OWN_DEVICE), 1)}))
    answer = stranger.with_device(OWN_DEVICE).sign_in()
    assert answer.status_code == 403 and shows_nothing(answer)


def test_bytes_that_are_no_keystore_are_refused(office: Office, stranger: Visit, visit: Visit) -> None:
    stolen_keystore(office)
    epoch, generation = office.instance.files.newest() or (0, 0)
    for replica in office.settings.replicas:
        (replica / f"keystore.{epoch}.{generation + 1}").write_bytes(hashlib.sha256(b"x").digest() * 100)
    assert stranger.get("/session/new").status_code == 200  # nothing is opened for strangers
    for answer in (visit.get("/clients"), stranger.with_device().sign_in(), visit.get("/")):
        assert answer.status_code in (403, 409) and shows_nothing(answer)


def test_a_session_row_of_another_person_is_not_taken_over(office: Office) -> None:
    """The row's clear columns bind what is sealed in it."""
    add_colleague(office)
    theirs = signing_in.sign_in(office.instance, LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, ORIGIN)
    row = theirs.session.row
    office.instance.sessions.put(replace(row, person=office.facts.person))
    assert sessions.find(office.instance, theirs.cookie, colleagues.DEVICE) is None
    office.instance.sessions.put(replace(row, expires=row.expires + 1))
    assert sessions.find(office.instance, theirs.cookie, colleagues.DEVICE) is None
    office.instance.sessions.put(row)
    assert sessions.find(office.instance, theirs.cookie, colleagues.DEVICE) is not None
