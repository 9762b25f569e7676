"""The keystore as a whole: its shape, and who holds which key after persons come and go."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.crypto.structures import load, raw
from vault.crypto import codec, keys
from vault.crypto.directory import RECOVERY, Compartment, Directory, Person, Signed, signed
from vault.crypto.envelope import key_id
from vault.crypto.keys import Ring, grant, new_id, new_key, new_private_key, public_key
from vault.crypto.keystore import (
    Code,
    Device,
    Keystore,
    SealedRing,
    Sheet,
    Stretch,
    new_compartment,
)
from vault.crypto.keystore_form import decode as decode_keystore
from vault.crypto.keystore_form import digest, encode, open_keystore, seal_keystore, shred_key_of
from vault.crypto.unlock import Bundle, Cost, stretch
from vault.errors import KuraError, Malformed, SealBroken, Untrusted, WrongCredential

OFFICE, SIGNING, SHRED = b"o" * 16, b"s" * 32, b"k" * 32
PINNED = keys.signing_public(SIGNING)
CHEAP = Cost(8, 1, 1)
RECOVERY_PRIVATE = b"r" * 96
RECOVERY_PUBLIC = public_key(RECOVERY_PRIVATE)

IDS = st.binary(min_size=16, max_size=16)
BLOBS = st.binary(max_size=20)
NUMBERS = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def by_id(each: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[bytes, Any]]:
    return st.dictionaries(IDS, each, max_size=2)


KEYSTORES = st.builds(
    Keystore,
    st.just(OFFICE),
    NUMBERS,
    NUMBERS,
    st.builds(Signed, BLOBS, BLOBS),
    stretches=by_id(st.builds(Stretch, IDS, st.just(CHEAP))),
    slots=by_id(by_id(BLOBS)),
    devices=by_id(st.builds(Device, BLOBS, NUMBERS, by_id(BLOBS))),
    codes=by_id(st.builds(Code, BLOBS, IDS, NUMBERS)),
    grants=by_id(by_id(BLOBS)),
    rings=by_id(st.builds(SealedRing, NUMBERS, BLOBS)),
    sheets=by_id(st.builds(Sheet, BLOBS, NUMBERS, NUMBERS)),
    secrets=st.dictionaries(TEXT, BLOBS, max_size=2),
    statements=st.lists(BLOBS, max_size=2).map(tuple),
    mark=st.tuples(NUMBERS, BLOBS),
)


@given(KEYSTORES)
def test_a_keystore_comes_back_from_its_sealed_bytes(keystore: Keystore) -> None:
    sealed = seal_keystore(SHRED, keystore)
    assert open_keystore(SHRED, sealed, OFFICE, keystore.epoch, keystore.generation) == keystore
    with pytest.raises(SealBroken):
        open_keystore(SHRED, sealed, OFFICE, keystore.epoch, keystore.generation ^ 1)


def test_the_vector_fills_every_field() -> None:
    case = load("keystore-2")["cases"][0]
    where = (raw(case["inputs"]["office"]), case["inputs"]["epoch"], case["inputs"]["generation"])
    held = open_keystore(raw(case["inputs"]["key"]), raw(case["sealed"]), *where)
    assert all(getattr(held, f.name) for f in fields(Keystore))


WHOLE: dict[str, Any] = codec.decode(raw(load("keystore-2")["cases"][0]["opens"]))


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize(
    "value", [0, b"", "", [], {}, [1, 2], {"zz": b""}, {"aa": 1}, {"aa": {"aa": 1}}, {"aa": []}], ids=repr
)
def test_a_field_of_another_shape_is_refused(name: str, value: Any) -> None:
    fits = (value == 0 and name in ("epoch", "generation")) or (value == b"" and name == "office")
    fits |= value == {} and isinstance(WHOLE[name], dict) or value == [] and name == "statements"
    fits |= value == {"zz": b""} and name == "secrets"
    changed = codec.encode({**WHOLE, name: value})
    if fits:
        decode_keystore(changed)
    else:
        with pytest.raises(Malformed):
            decode_keystore(changed)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_field_left_out_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        decode_keystore(codec.encode({n: v for n, v in WHOLE.items() if n != name}))


@pytest.mark.parametrize(
    "cost", [[], [65536], [65536, 3], [65536, 3, 4], [2**40, 3, 4, 1], [65536, 3, 4, 1, 1], [65536, "3", 4, 1]], ids=repr
)
def test_a_stretch_with_other_numbers_is_refused(cost: list[Any]) -> None:
    with pytest.raises(Malformed):
        decode_keystore(codec.encode({**WHOLE, "stretches": {"aa": [b"s" * 16, *cost]}}))


def test_a_keystore_that_says_it_is_another_is_refused() -> None:
    here = Keystore(OFFICE, 2, 3, Signed(b"", b""))
    from vault.crypto.envelope import Context, seal

    for other in (replace(here, office=b"x" * 16), replace(here, epoch=3), replace(here, generation=4)):
        sealed = seal(SHRED, encode(other), Context(OFFICE, "keystore", (2, 3)))
        with pytest.raises(Malformed):
            open_keystore(SHRED, sealed, OFFICE, 2, 3)


def test_the_shred_key_hangs_on_every_byte_of_its_file() -> None:
    file = bytes(64 * 1024)
    assert shred_key_of(file) != shred_key_of(file[:-1] + b"\1") != shred_key_of(b"\1" + file[1:])
    assert len(shred_key_of(file)) == 32 and digest(b"") != digest(b"\0")


# --- slots


def test_one_run_of_argon2id_writes_all_slots_of_a_person_and_the_old_password_opens_none() -> None:
    person, device, other = b"p" * 16, b"d" * 16, b"e" * 16
    bundle = Bundle(b"private", PINNED, {device: b"1" * 32, other: b"2" * 32})
    keystore = Keystore(OFFICE, 1, 1, Signed(b"", b""))
    old = stretch("old password", b"s" * 16, CHEAP)
    keystore = keystore.with_slots(person, old, Stretch(b"s" * 16, CHEAP), bundle)
    new = stretch("new password", b"t" * 16, CHEAP)
    after = keystore.with_slots(person, new, Stretch(b"t" * 16, CHEAP), bundle.without_secret(other))
    assert keystore.open_slot(person, device, old, b"1" * 32) == bundle
    assert after.open_slot(person, device, new, b"1" * 32).secrets == {device: b"1" * 32}
    for holder, stretched, secret in (
        (device, old, b"1" * 32),
        (device, new, b"2" * 32),
        (other, new, b"2" * 32),
        (b"x" * 16, new, b"1" * 32),
    ):
        with pytest.raises(WrongCredential):
            after.open_slot(person, holder, stretched, secret)
    with pytest.raises(WrongCredential):
        after.place(b"q" * 16, device)


def test_a_slot_moved_to_another_person_or_device_does_not_open() -> None:
    person, device = b"p" * 16, b"d" * 16
    bundle, salt = Bundle(b"private", PINNED, {device: b"1" * 32}), Stretch(b"s" * 16, CHEAP)
    stretched = stretch("password", salt.salt, CHEAP)
    keystore = Keystore(OFFICE, 1, 1, Signed(b"", b"")).with_slots(person, stretched, salt, bundle)
    moved = replace(
        keystore,
        stretches={**keystore.stretches, b"q" * 16: salt},
        slots={b"q" * 16: keystore.slots[person], person: {b"e" * 16: keystore.slots[person][device]}},
    )
    for who, holder in ((b"q" * 16, device), (person, b"e" * 16)):
        with pytest.raises(WrongCredential):
            moved.open_slot(who, holder, stretched, b"1" * 32)


# --- the directory in it


def an_office() -> tuple[Keystore, Directory, bytes, bytes]:
    """An office with one administrator and one compartment: keystore, directory, his private key, compartment."""
    private = new_private_key()
    person = Person("admin", public_key(private), "administrator")
    directory = Directory(OFFICE, 1, PINNED, RECOVERY_PUBLIC, RECOVERY_PUBLIC, b"", {b"a" * 16: person})
    keystore = Keystore(OFFICE, 1, 1, signed(directory, SIGNING))
    keystore, directory, compartment, _ = new_compartment(keystore, directory, "clients", SIGNING)
    return keystore, directory, private, compartment


def test_a_directory_never_goes_back() -> None:
    keystore, directory, _, _ = an_office()
    assert keystore.with_directory(directory, SIGNING) == keystore
    for other in (
        replace(directory, version=directory.version - 1),
        replace(directory, rules={"idle_minutes": 60}),
        replace(directory, version=0, persons={}),
    ):
        with pytest.raises(Untrusted):
            keystore.with_directory(other, SIGNING)
    later = replace(directory, version=directory.version + 1, rules={"idle_minutes": 60})
    assert keystore.with_directory(later, SIGNING).trusted(PINNED) == later


def test_keys_are_opened_for_what_the_directory_names_and_nothing_else() -> None:
    keystore, directory, private, compartment = an_office()
    admin, ring = b"a" * 16, Ring().with_folder(b"c" * 16, b"f" * 16, b"k" * 32)
    key = keystore.compartment_key(directory, compartment, admin, private)
    keystore = keystore.with_ring(directory, compartment, key, ring)
    assert keystore.ring(directory, compartment, key) == ring
    assert keystore.rings[compartment].counter == 2 and set(keystore.grants[compartment]) - {RECOVERY} == {admin}
    with pytest.raises(Untrusted):  # no grant
        keystore.compartment_key(directory, compartment, b"b" * 16, private)
    with pytest.raises(Untrusted):  # no such compartment, though somebody put a grant there
        made_up = b"m" * 16
        forged = grant(OFFICE, made_up, 1, admin, public_key(private), new_key())
        other = replace(keystore, grants={made_up: {admin: forged}})
        other.compartment_key(directory, made_up, admin, private)
    with pytest.raises(Untrusted):  # a ring that is gone
        replace(keystore, rings={}).ring(directory, compartment, key)
    with pytest.raises(Untrusted):
        keystore.with_grants(directory, compartment, new_key())
    for counter in (1, 3):  # an earlier ring under the newer counter
        held = SealedRing(counter, keystore.rings[compartment].sealed)
        with pytest.raises(SealBroken):
            replace(keystore, rings={compartment: held}).ring(directory, compartment, key)


def new_compartment_epoch(
    keystore: Keystore, directory: Directory, compartment: bytes, key: bytes, signing: bytes
) -> tuple[Keystore, Directory, bytes]:
    """A compartment alone in its next epoch, as a switch of the directory does it for those that somebody has lost."""
    fresh = new_key()
    after = replace(directory.in_next_epoch(compartment, key_id(fresh)), version=directory.version + 1)
    renewed = keystore.with_epoch(directory, after, compartment, key, fresh)
    return renewed.with_directory(after, signing), after, fresh


def test_a_grant_of_a_key_no_longer_valid_counts_as_missing() -> None:
    keystore, directory, private, compartment = an_office()
    old = keystore.grants[compartment]
    key = keystore.compartment_key(directory, compartment, b"a" * 16, private)
    renewed, after, _ = new_compartment_epoch(keystore, directory, compartment, key, SIGNING)
    assert renewed.missing_grants(after) == []
    stale = replace(renewed, grants={compartment: old})
    assert sorted(stale.missing_grants(after)) == sorted([(compartment, b"a" * 16), (compartment, RECOVERY)])


class Office(RuleBasedStateMachine):
    """Persons come, change and go; compartments appear and get new keys; clients are entered.

    After every step everybody opens exactly what the directory wants him to, and whoever was left out of an epoch
    opens nothing of it with his private key, whatever grants he kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.privates: dict[bytes, bytes] = {}
        self.clients: dict[bytes, dict[bytes, tuple[bytes, bytes]]] = {}
        self.kept: list[tuple[bytes, bytes, bytes]] = []
        self.retired: set[bytes] = set()

    @initialize()
    def begin(self) -> None:
        self.keystore, self.directory, private, compartment = an_office()
        self.privates[b"a" * 16] = private
        self.clients[compartment] = {}
        for kind in ("admin", "audit", "office"):
            self.keystore, self.directory, made, _ = new_compartment(
                self.keystore, self.directory, kind, SIGNING
            )
            self.clients[made] = {}

    def key(self, compartment: bytes) -> bytes:
        """The key out of the recovery key's grant, which has to open everything always."""
        return self.keystore.compartment_key(self.directory, compartment, RECOVERY, RECOVERY_PRIVATE)

    def change(self, person: bytes, entry: Person) -> None:
        """As an administrator does it: those who lose something make new epochs, those who gain get grants."""
        before = {c for c in self.directory.compartments if self.directory.holds(person, c)}
        had = self.directory.persons.get(person)
        self.directory = self.directory.with_person(person, entry)
        after = {c for c in self.directory.compartments if self.directory.holds(person, c)}
        self.keystore = self.keystore.with_directory(self.directory, SIGNING)
        re_enrolled = had is not None and had.public != entry.public
        for compartment in before if re_enrolled else before - after:
            self.renew(compartment, person)
        for compartment in after - before:
            self.keystore = self.keystore.with_grants(self.directory, compartment, self.key(compartment))

    def renew(self, compartment: bytes, person: bytes | None = None) -> None:
        key = self.key(compartment)
        if person is not None:
            self.kept.append((compartment, person, self.keystore.grants[compartment][person]))
        self.retired.add(key)
        epoch = self.directory.compartments[compartment].epoch
        self.keystore, self.directory, fresh = new_compartment_epoch(
            self.keystore, self.directory, compartment, key, SIGNING
        )
        assert fresh != key and self.directory.compartments[compartment].epoch == epoch + 1

    @precondition(lambda self: len(self.privates) < 5)
    @rule(role=st.sampled_from(["administrator", "handler", "viewer", "auditor"]), data=st.data())
    def join(self, role: str, data: st.DataObject) -> None:
        person, private = new_id(), new_private_key()
        self.privates[person] = private
        chosen = data.draw(st.sets(st.sampled_from(self.directory.of_clients())))
        self.change(
            person,
            Person(f"p{len(self.privates)}", public_key(private), role, "active", tuple(sorted(chosen))),
        )

    @rule(
        data=st.data(),
        role=st.sampled_from(["administrator", "handler", "viewer", "auditor"]),
        stop=st.booleans(),
    )
    def change_or_leave(self, data: st.DataObject, role: str, stop: bool) -> None:
        person = data.draw(st.sampled_from(list(self.privates)))
        chosen = data.draw(st.sets(st.sampled_from(self.directory.of_clients())))
        status = "stopped" if stop else "active"
        entry = self.directory.persons[person]
        self.change(person, replace(entry, role=role, status=status, compartments=tuple(sorted(chosen))))

    @rule(data=st.data())
    def enrol_again(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(list(self.privates)))
        lost, self.privates[person] = self.privates[person], new_private_key()
        self.change(person, replace(self.directory.persons[person], public=public_key(self.privates[person])))
        self.opens_nothing(person, lost)

    @precondition(lambda self: len(self.clients) < 7)
    @rule()
    def add_compartment(self) -> None:
        self.keystore, self.directory, made, _ = new_compartment(
            self.keystore, self.directory, "clients", SIGNING
        )
        self.clients[made] = {}

    @rule(data=st.data())
    def enter_client(self, data: st.DataObject) -> None:
        compartment = data.draw(st.sampled_from(list(self.clients)))
        key, client, folder = self.key(compartment), new_id(), (new_id(), new_key())
        ring = self.keystore.ring(self.directory, compartment, key).with_folder(client, *folder)
        self.keystore = self.keystore.with_ring(self.directory, compartment, key, ring)
        self.clients[compartment][client] = folder

    @rule(data=st.data())
    def renew_for_no_reason(self, data: st.DataObject) -> None:
        self.renew(data.draw(st.sampled_from(list(self.clients))))

    def opens_nothing(self, person: bytes, private: bytes) -> None:
        for compartment in self.directory.compartments:
            with pytest.raises(KuraError):
                self.keystore.compartment_key(self.directory, compartment, person, private)

    @invariant()
    def nobody_lacks_a_grant_and_nobody_has_one_too_many(self) -> None:
        assert self.keystore.missing_grants(self.directory) == []
        for compartment in self.directory.compartments:
            assert set(self.keystore.grants[compartment]) == set(self.directory.receivers(compartment))

    @invariant()
    def everybody_opens_what_the_directory_says_and_no_more(self) -> None:
        for person, private in [*self.privates.items(), (RECOVERY, RECOVERY_PRIVATE)]:
            for compartment, clients in self.clients.items():
                wanted = person == RECOVERY or self.directory.holds(person, compartment)
                try:
                    key = self.keystore.compartment_key(self.directory, compartment, person, private)
                except KuraError:
                    assert not wanted
                    continue
                assert wanted and key not in self.retired
                assert key_id(key) == self.directory.compartments[compartment].key_id
                ring = self.keystore.ring(self.directory, compartment, key)
                assert {owner: ring.find(owner) for owner in ring.owners()} == clients

    @invariant()
    def a_grant_that_was_kept_is_of_no_use(self) -> None:
        for compartment, person, sealed in self.kept[-6:]:
            with_it = {**self.keystore.grants[compartment], person: sealed}
            forged = replace(self.keystore, grants={**self.keystore.grants, compartment: with_it})
            with pytest.raises(Untrusted):
                forged.compartment_key(self.directory, compartment, person, self.privates[person])

    @invariant()
    def no_retired_key_opens_a_ring(self) -> None:
        for compartment in self.clients:
            for key in list(self.retired)[-4:]:
                with pytest.raises(SealBroken):
                    self.keystore.ring(self.directory, compartment, key)

    @invariant()
    def the_directory_in_it_is_the_one_in_force(self) -> None:
        assert self.keystore.trusted(PINNED) == self.directory

    def teardown(self) -> None:
        if hasattr(self, "keystore"):
            sealed = seal_keystore(SHRED, self.keystore)
            assert open_keystore(SHRED, sealed, OFFICE, 1, 1) == self.keystore


Office.TestCase.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)
test_grants_follow_the_directory = Office.TestCase


def test_a_compartment_of_a_made_up_kind_has_no_reader() -> None:
    keystore, directory, _, compartment = an_office()
    odd = directory.with_compartment(compartment, Compartment("others", 1, b"k" * 16))
    with pytest.raises(Malformed):
        keystore.with_directory(odd, SIGNING).trusted(PINNED)
