"""From one signed directory to the next: whatever is changed in it, the keystore follows whole, or nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.crypto import keys
from vault.crypto.directory import (
    ACTIVE,
    ADMIN,
    ADMINISTRATOR,
    AUDIT,
    CLIENTS,
    OFFICE,
    RECOVERY,
    ROLES,
    STOPPED,
    Directory,
    Person,
    signed,
)
from vault.crypto.envelope import key_id
from vault.crypto.keys import PRIVATE_BYTES, new_id, new_key, public_key, signing_public
from vault.crypto.keystore import SECRETS, Code, Device, Keystore, Passkey, Stretch, new_compartment
from vault.crypto.switching import check_switch, loses, switch
from vault.crypto.unlock import Cost
from vault.errors import Damaged, KuraError

SIGNING, RECOVERY_PRIVATE = b"s" * 32, b"r" * 96
PEOPLE = [bytes([n]) * 16 for n in range(1, 6)]
PRIVATES = {person: person[:1] * 96 for person in PEOPLE}
FRESH = {person: person[:1] * 95 + b"x" for person in PEOPLE}  # of who was enrolled anew
NAME = {kind: kind.encode().ljust(16, b".") for kind in (ADMIN, AUDIT, OFFICE)}


@dataclass(repr=False)
class Made:
    """An office of some people and compartments, all of it in memory, with every key that there is."""

    keystore: Keystore
    directory: Directory
    keys: dict[bytes, bytes] = field(default_factory=dict)
    rings: dict[bytes, dict[bytes, tuple[bytes, bytes]]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return told(self.directory)

    @property
    def rooms(self) -> list[bytes]:
        return self.directory.of_clients()

    def put(self, compartment: bytes, owner: bytes) -> tuple[bytes, bytes]:
        folder = (new_id(), new_key())
        ring = self.keystore.ring(self.directory, compartment, self.keys[compartment]).with_folder(owner, *folder)
        self.keystore = self.keystore.with_ring(self.directory, compartment, self.keys[compartment], ring)
        self.rings[compartment][owner] = folder
        return folder


def told(directory: Directory) -> str:
    """What is short enough to be read when a law fails."""
    rooms = directory.of_clients()
    return ", ".join(
        f"{i[0]} {p.role} {p.status} {[rooms.index(r) for r in p.compartments]}{p.public == public_key(FRESH[i]) and '*' or ''}"
        for i, p in directory.persons.items()
    )


def an_office(people: list[tuple[bytes, str, set[int]]], rooms: int) -> Made:
    """`people` are (id, role, numbers of their compartments)."""
    directory = Directory(
        b"o" * 16, 1, signing_public(SIGNING), public_key(RECOVERY_PRIVATE), public_key(b"a" * 96), b"p" * 32
    )
    made = Made(Keystore(b"o" * 16, 1, 1, signed(directory, SIGNING)), directory)
    for kind in [ADMIN, AUDIT, OFFICE] + rooms * [CLIENTS]:
        made.keystore, made.directory, compartment, key = new_compartment(made.keystore, made.directory, kind, SIGNING)
        made.keys[compartment], made.rings[compartment] = key, {}
    for person, role, numbers in people:
        mine = tuple(sorted(made.rooms[n] for n in numbers))
        entry = Person(person.hex(), public_key(PRIVATES[person]), role, ACTIVE, mine)
        made.directory = made.directory.with_person(person, entry)
    made.keystore = made.keystore.with_directory(made.directory, SIGNING)
    for compartment, key in made.keys.items():
        made.keystore = made.keystore.with_grants(made.directory, compartment, key)
        made.put(compartment, b"client".ljust(16, compartment[:1]))
    for name, (kind, owner) in SECRETS.items():
        secret = {"signing": SIGNING, "audit": b"a" * 96}[name]
        folder = made.put(made.directory.system(kind), owner)
        made.keystore = made.keystore.with_secret(name, secret, folder)
    return made


roles = st.sampled_from(sorted(ROLES))
numbers = st.sets(st.integers(0, 2))


@st.composite
def offices(draw: st.DrawFn) -> Made:
    some = draw(st.lists(st.sampled_from(PEOPLE[1:]), unique=True))
    people = [(PEOPLE[0], ADMINISTRATOR, set[int]()), *((p, draw(roles), draw(numbers)) for p in some)]
    return an_office(people, 3)


class Change(NamedTuple):
    made: Made
    after: Directory

    def __repr__(self) -> str:
        return f"{self.made} -> {told(self.after)}"


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """An office, and what an administrator may make of its directory in one act: anybody's role, rooms, key, leave."""
    made = draw(offices())
    after = made.directory
    for person in draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3)):
        public = public_key(draw(st.sampled_from([PRIVATES[person], FRESH[person]])))
        rooms = tuple(sorted(made.rooms[n] for n in draw(numbers)))
        status = draw(st.sampled_from([ACTIVE, ACTIVE, STOPPED]))
        after = after.with_person(person, Person(person.hex(), public, draw(roles), status, rooms))
    return Change(made, replace(after, version=after.version + 1))


def switched(made: Made, after: Directory) -> tuple[Keystore, Directory]:
    new = switch(made.keystore, made.directory, after, made.keys, SIGNING)
    return new, new.trusted(made.directory.signing_public)


def key_of(keystore: Keystore, directory: Directory, room: bytes, person: bytes, private: bytes) -> bytes | None:
    try:
        return keystore.compartment_key(directory, room, person, private)
    except KuraError:
        return None


LAWS = settings(max_examples=60, deadline=None)


@LAWS
@given(changes())
def test_everybody_opens_what_the_new_directory_wants_and_nothing_else(change: Change) -> None:
    made, after = change
    new, directory = switched(made, after)
    assert new.missing_grants(directory) == []
    for room in directory.compartments:
        valid = key_of(new, directory, room, RECOVERY, RECOVERY_PRIVATE)
        assert valid is not None and key_id(valid) == directory.compartments[room].key_id
        for person in PEOPLE:
            for private in (PRIVATES[person], FRESH[person]):
                entry = directory.persons.get(person)
                his = entry is not None and entry.public == public_key(private) and directory.holds(person, room)
                assert key_of(new, directory, room, person, private) == (valid if his else None)


@LAWS
@given(changes())
def test_who_lost_a_compartment_knows_no_key_of_it_and_the_others_keep_theirs(change: Change) -> None:
    made, after = change
    lost = set(loses(made.directory, after))
    new, directory = switched(made, after)
    for room, before in made.directory.compartments.items():
        entry = directory.compartments[room]
        stays = made.directory.receivers(room).items() <= after.receivers(room).items()
        assert (room not in lost) is stays
        if stays:
            assert entry == before and new.rings[room] is made.keystore.rings[room]
        else:
            assert entry.epoch == before.epoch + 1 and entry.key_id != before.key_id
            assert new.rings[room].counter > made.keystore.rings[room].counter


@LAWS
@given(changes())
def test_no_ring_loses_or_wins_a_folder(change: Change) -> None:
    made, after = change
    new, directory = switched(made, after)
    own = {owner for _, owner in SECRETS.values()}
    for room, held in made.rings.items():
        ring = new.ring(directory, room, new.compartment_key(directory, room, RECOVERY, RECOVERY_PRIVATE))
        assert {o: ring.find(o) for o in ring.owners() if o not in own} == {o: f for o, f in held.items() if o not in own}
        assert own & set(ring.owners()) == own & held.keys()


@LAWS
@given(changes())
def test_the_offices_own_keys_are_other_ones_just_when_somebody_who_knew_them_is_out(
    change: Change
) -> None:
    made, after = change
    lost = loses(made.directory, after)
    new, directory = switched(made, after)
    found = {
        name: new.secret(directory, name, new.compartment_key(directory, directory.system(kind), RECOVERY, RECOVERY_PRIVATE))
        for name, (kind, _) in SECRETS.items()
    }
    assert (found["signing"] != SIGNING) is (made.directory.system(ADMIN) in lost)
    assert (found["audit"] != b"a" * 96) is (made.directory.system(AUDIT) in lost)
    assert directory.signing_public == signing_public(found["signing"])
    assert directory.audit_public == public_key(found["audit"][:PRIVATE_BYTES])
    assert found["audit"].endswith(b"a" * 96)  # what was sealed to the earlier one is still read
    assert len(new.statements) == (found["signing"] != SIGNING)


@LAWS
@given(changes())
def test_nothing_else_is_touched(change: Change) -> None:
    made, after = change
    new, directory = switched(made, after)
    may = {"directory", "grants", "rings", "secrets", "statements"}
    for each in fields(Keystore):
        if each.name not in may:
            assert getattr(new, each.name) == getattr(made.keystore, each.name)
    assert directory.persons == after.persons and directory.rules == after.rules
    assert directory.recovery_public == after.recovery_public


@LAWS
@given(offices())
def test_a_directory_that_changes_nobody_changes_no_key(made: Made) -> None:
    new, directory = switched(made, replace(made.directory, version=made.directory.version + 1))
    assert (new.grants, new.rings, new.secrets) == (made.keystore.grants, made.keystore.rings, made.keystore.secrets)
    assert directory.compartments == made.directory.compartments


# --- nothing is switched unless it is whole

LEAVER = PEOPLE[1]
Cut = Callable[[Keystore], Keystore]


def with_a_leaver() -> tuple[Made, Directory]:
    """An administrator stays, a handler of the first compartment leaves."""
    people = [(PEOPLE[0], ADMINISTRATOR, set[int]()), (LEAVER, "handler", {0}), (PEOPLE[2], "handler", {0, 1})]
    made = an_office(people, 2)
    entry = replace(made.directory.persons[LEAVER], status=STOPPED, compartments=())
    return made, made.directory.with_person(LEAVER, entry)


def dropped(grants: dict[bytes, bytes], who: bytes) -> dict[bytes, bytes]:
    return {i: g for i, g in grants.items() if i != who}


@pytest.mark.parametrize("who", [PEOPLE[0], PEOPLE[2], RECOVERY], ids=["administrator", "member", "recovery key"])
@pytest.mark.parametrize("method", ["with_grants", "with_new_grants"])
def test_a_receiver_left_out_stops_the_switch(who: bytes, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes the grants forgets somebody: only the check can notice."""
    made, after = with_a_leaver()
    if method == "with_new_grants":  # somebody wins the second compartment, so that grants are added to it
        entry = replace(after.persons[PEOPLE[2]], compartments=tuple(sorted(made.rooms)))
        after = after.with_person(PEOPLE[2], entry)
    real = getattr(Keystore, method)

    def forgetful(self: Keystore, directory: Directory, compartment: bytes, key: bytes) -> Keystore:
        given = real(self, directory, compartment, key)
        return replace(given, grants={c: dropped(g, who) for c, g in given.grants.items()})

    monkeypatch.setattr(Keystore, method, forgetful)
    with pytest.raises(Damaged, match="switch-incomplete"):
        switch(made.keystore, made.directory, after, made.keys, SIGNING)


def test_a_grant_too_many_stops_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    made, after = with_a_leaver()
    real = Keystore.with_grants

    def generous(self: Keystore, directory: Directory, compartment: bytes, key: bytes) -> Keystore:
        given = real(self, directory, compartment, key)
        entry = directory.compartments[compartment]
        public = made.directory.persons[LEAVER].public
        more = keys.grant(self.office, compartment, entry.epoch, LEAVER, public, key)
        return replace(given, grants={**given.grants, compartment: {**given.grants[compartment], LEAVER: more}})

    monkeypatch.setattr(Keystore, "with_grants", generous)
    with pytest.raises(Damaged, match="switch-incomplete"):
        switch(made.keystore, made.directory, after, made.keys, SIGNING)


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "won"])
def test_a_ring_that_is_another_stops_the_switch(lost: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made, after = with_a_leaver()
    real = Keystore.with_ring

    def other(self: Keystore, directory: Directory, compartment: bytes, key: bytes, ring: keys.Ring) -> Keystore:
        ring = ring.without(ring.owners()[0]) if lost else ring.with_folder(new_id(), new_id(), new_key())
        return real(self, directory, compartment, key, ring)

    monkeypatch.setattr(Keystore, "with_ring", other)
    with pytest.raises(Damaged, match="switch-incomplete"):
        switch(made.keystore, made.directory, after, made.keys, SIGNING)


@LAWS
@given(changes(), st.data())
def test_the_check_passes_what_is_whole_and_nothing_less(change: Change, data: st.DataObject) -> None:
    made, after = change
    new, directory = switched(made, after)
    valid = {c: new.compartment_key(directory, c, RECOVERY, RECOVERY_PRIVATE) for c in directory.compartments}
    given = (made.directory, directory, made.keys, valid)
    check_switch(made.keystore, new, *given)
    # By number: ids are random, and how many receive what would otherwise differ when an example is run again.
    first, second = (data.draw(st.integers(0, 999)) for _ in range(2))
    rooms = sorted(directory.compartments)
    room = rooms[first % len(rooms)]
    receivers = sorted(directory.receivers(room))
    who = receivers[second % len(receivers)]
    with pytest.raises(Damaged):
        check_switch(made.keystore, replace(new, grants={**new.grants, room: dropped(new.grants[room], who)}), *given)
    stray = {**new.grants[room], b"nobody".ljust(16): new.grants[room][who]}
    with pytest.raises(Damaged):
        check_switch(made.keystore, replace(new, grants={**new.grants, room: stray}), *given)
    ring = new.ring(directory, room, valid[room]).with_folder(new_id(), new_id(), new_key())
    with pytest.raises(Damaged):
        check_switch(made.keystore, new.with_ring(directory, room, valid[room], ring), *given)


def spoiled(sealed: bytes) -> bytes:
    return sealed[:-1] + bytes([sealed[-1] ^ 1])


@pytest.mark.parametrize("part", ["ring", "key", "audit key"])
def test_a_part_that_cannot_be_opened_stops_the_switch(part: str) -> None:
    made, after = with_a_leaver()
    entry = replace(after.persons[PEOPLE[0]], public=public_key(FRESH[PEOPLE[0]]))  # an administrator enrolled anew
    after = after.with_person(PEOPLE[0], entry)
    keystore, room = made.keystore, made.rooms[0]
    if part == "ring":
        held = keystore.rings[room]
        keystore = replace(keystore, rings={**keystore.rings, room: replace(held, sealed=spoiled(held.sealed))})
    elif part == "key":
        made.keys[room] = new_key()
    else:
        keystore = replace(keystore, secrets={**keystore.secrets, "audit": spoiled(keystore.secrets["audit"])})
    with pytest.raises(KuraError):
        switch(keystore, made.directory, after, made.keys, SIGNING)


# --- what is taken away is what was named

FRAME = an_office([(PEOPLE[0], ADMINISTRATOR, set())], 1).keystore
DEVICES, CODES = [b"d" * 15 + bytes([n]) for n in range(3)], [b"c" * 15 + bytes([n]) for n in range(4)]


@st.composite
def ways_in(draw: st.DrawFn) -> Keystore:
    """People with slots on shared devices and behind codes of their own, registrations not yet ended, passkeys."""
    people = PEOPLE[:3]
    owner = {code: draw(st.sampled_from(people)) for code in CODES}
    expires = {code: draw(st.sampled_from([0, 100, 200])) for code in CODES}
    mine = {p: [*draw(st.sets(st.sampled_from(DEVICES))), *(c for c in CODES if owner[c] == p)] for p in people}
    used = [d for d in DEVICES if any(d in held for held in mine.values())]
    pending = {
        d: {p: draw(st.sampled_from(codes)) for p in people
            if d in mine[p] and (codes := [c for c in CODES if owner[c] == p]) and draw(st.booleans())}
        for d in used
    }  # fmt: skip
    return replace(
        FRAME,
        stretches={p: Stretch(b"s" * 16, Cost(8, 1, 1)) for p in people},
        slots={p: {h: p + h for h in held} for p, held in mine.items()},
        devices={d: Device(d, 1, pending[d]) for d in used},
        codes={c: Code(c, owner[c], expires[c]) for c in CODES},
        passkeys={p: {p + d: Passkey(d, b"", 0, 1) for d in used if d in mine[p]} for p in people},
    )


def slots_of(keystore: Keystore) -> set[tuple[bytes, bytes]]:
    return {(person, holder) for person, held in keystore.slots.items() for holder in held}


def passkeys_of(keystore: Keystore) -> set[tuple[bytes, bytes]]:
    return {(person, k.device) for person, held in keystore.passkeys.items() for k in held.values()}


def assert_fits(keystore: Keystore) -> None:
    """Nothing points to something that is gone, but for a registration whose code was used up on another device."""
    holders = {h for _, h in slots_of(keystore)}
    assert keystore.devices.keys() == holders & set(DEVICES)
    assert {c for p, c in slots_of(keystore) if c in CODES} <= keystore.codes.keys()
    assert all((p, d) in slots_of(keystore) for p, d in passkeys_of(keystore))
    for device, entry in keystore.devices.items():
        assert all((person, device) in slots_of(keystore) for person in entry.pending)
        assert {h for h in entry.pending.values() if h in holders} <= keystore.codes.keys()


def assert_only(before: Keystore, after: Keystore, *names: str) -> None:
    for each in fields(Keystore):
        if each.name not in names:
            assert getattr(after, each.name) == getattr(before, each.name)


WAYS = ("stretches", "slots", "devices", "codes", "passkeys")


@given(ways_in(), st.sampled_from(PEOPLE[:4]))
def test_without_a_person_nothing_of_his_is_left_and_nothing_else_is_gone(keystore: Keystore, person: bytes) -> None:
    less = keystore.without_person(person)
    assert_fits(less)
    assert slots_of(less) == {s for s in slots_of(keystore) if s[0] != person}
    assert passkeys_of(less) == {s for s in passkeys_of(keystore) if s[0] != person}
    assert less.codes == {i: c for i, c in keystore.codes.items() if c.person != person}
    assert less.stretches == {p: s for p, s in keystore.stretches.items() if p != person}
    assert not any(person in device.pending for device in less.devices.values())
    assert_only(keystore, less, *WAYS)


@given(ways_in(), st.data())
def test_without_a_device_its_slots_and_the_code_that_registered_it_are_gone(
    keystore: Keystore, data: st.DataObject
) -> None:
    if not keystore.devices:
        return
    device = data.draw(st.sampled_from(sorted(keystore.devices)))
    person = data.draw(st.sampled_from([None, *PEOPLE[:3]]))
    pending = {c for p, c in keystore.devices[device].pending.items() if person in (None, p)}
    less = keystore.without_device(device, person)
    assert_fits(less)
    gone = {s for s in slots_of(keystore) if person in (None, s[0]) and (s[1] == device or s[1] in pending)}
    assert slots_of(less) == slots_of(keystore) - gone
    assert less.codes == {i: c for i, c in keystore.codes.items() if i not in pending}
    assert passkeys_of(less) == {s for s in passkeys_of(keystore) if s[1] != device or person not in (None, s[0])}
    assert (device in less.devices) is any(s[1] == device for s in slots_of(less))
    assert less.stretches == keystore.stretches
    assert_only(keystore, less, *WAYS)


@given(ways_in(), st.sets(st.sampled_from(CODES)))
def test_without_codes_just_their_slots_are_gone(keystore: Keystore, gone: set[bytes]) -> None:
    less = keystore.without_codes(gone)
    assert_fits(less)
    assert slots_of(less) == {s for s in slots_of(keystore) if s[1] not in gone}
    assert less.codes == {i: c for i, c in keystore.codes.items() if i not in gone}
    assert less.devices.keys() == keystore.devices.keys()
    assert not any(c in gone for device in less.devices.values() for c in device.pending.values())
    assert_only(keystore, less, "slots", "devices", "codes")


@given(ways_in(), st.sampled_from([0, 99, 100, 101, 200]))
def test_a_code_without_a_date_never_expires(keystore: Keystore, now: int) -> None:
    expired = keystore.expired_codes(now)
    assert expired == {i for i, c in keystore.codes.items() if c.expires in range(1, now + 1)}
