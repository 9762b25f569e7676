"""The signed directory: one document, one spelling, one signature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto import codec, keys
from vault.crypto.directory import (
    KINDS,
    PURPOSE,
    RECOVERY,
    ROLES,
    Compartment,
    Directory,
    Person,
    Signed,
    decode,
    signed,
)
from vault.errors import Malformed, Untrusted

SIGNING = b"s" * 32
PINNED = keys.signing_public(SIGNING)
PUBLIC = b"p" * keys.PUBLIC_BYTES
OFFICE = b"o" * 16
IDS = st.binary(min_size=16, max_size=16).filter(lambda i: i != RECOVERY)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)

PERSONS = st.builds(
    Person,
    TEXT,
    st.just(PUBLIC),
    st.sampled_from(sorted(ROLES)),
    st.sampled_from(["active", "stopped"]),
    st.sets(IDS, max_size=3).map(lambda ids: tuple(sorted(ids))),
)
COMPARTMENTS = st.builds(Compartment, st.sampled_from(sorted(KINDS)), st.integers(1, 9), IDS)
DIRECTORIES = st.builds(
    Directory,
    st.just(OFFICE),
    st.integers(0, 2**64 - 1),
    st.just(PINNED),
    st.just(PUBLIC),
    st.just(PUBLIC),
    st.binary(min_size=32, max_size=32),
    st.dictionaries(IDS, PERSONS, max_size=4),
    st.dictionaries(IDS, COMPARTMENTS, max_size=4),
    st.dictionaries(TEXT, st.integers(0, 99), max_size=3),
)
A, B, C = b"a" * 16, b"b" * 16, b"c" * 16
SMALL = Directory(
    OFFICE, 3, PINNED, PUBLIC, PUBLIC, b"", {A: Person("a", PUBLIC, "handler", "active", (B, C))},
    {B: Compartment("clients", 1, b"k" * 16)}, {"idle_minutes": 15},
)  # fmt: skip


@given(DIRECTORIES)
def test_a_directory_comes_back_from_its_bytes_and_its_signature(directory: Directory) -> None:
    assert decode(directory.encode()) == directory
    assert signed(directory, SIGNING).trusted(PINNED, OFFICE) == directory


@given(DIRECTORIES, st.randoms())
def test_the_order_of_filling_does_not_show_in_the_bytes(directory: Directory, random: Any) -> None:
    persons, compartments = list(directory.persons.items()), list(directory.compartments.items())
    random.shuffle(persons)
    random.shuffle(compartments)
    other = replace(directory, persons=dict(persons), compartments=dict(compartments))
    assert other.encode() == directory.encode()


def changed(at: list[str | int], value: Any) -> bytes:
    """The canonical bytes of the small directory with one value put in another's place."""
    raw = codec.decode(SMALL.encode())
    held = raw
    for name in at[:-1]:
        held = held[name]
    held[at[-1]] = value
    return codec.encode(raw)


def without(name: str) -> bytes:
    raw = codec.decode(SMALL.encode())
    del raw[name]
    return codec.encode(raw)


PERSON = codec.decode(SMALL.encode())["persons"][A.hex()]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        codec.encode([]),
        codec.encode({}),
        *(without(name) for name in codec.decode(SMALL.encode())),
        changed(["more"], 1),
        changed(["version"], b"3"),
        changed(["office"], "office"),
        changed(["signing"], 1),
        changed(["persons"], []),
        changed(["persons", A.hex()], 1),
        changed(["persons", A.hex()], PERSON[:-1]),
        changed(["persons", A.hex(), 0], b"a"),
        changed(["persons", A.hex(), 1], PUBLIC[:-1]),
        changed(["persons", A.hex(), 1], "p" * keys.PUBLIC_BYTES),
        changed(["persons", A.hex(), 2], "operator"),
        changed(["persons", A.hex(), 3], "gone"),
        changed(["persons", A.hex(), 4], [C, B]),
        changed(["persons", A.hex(), 4], [B, B]),
        changed(["persons", A.hex(), 4], ["b"]),
        changed(["persons", A.hex().upper() + "AA"], PERSON),
        changed(["persons", "zz"], PERSON),
        changed(["persons", "61 61"], PERSON),
        changed(["persons", RECOVERY.hex()], PERSON),
        changed(["compartments"], 1),
        changed(["compartments", B.hex(), 0], "others"),
        changed(["compartments", B.hex(), 1], 0),
        changed(["compartments", B.hex(), 1], "1"),
        changed(["compartments", B.hex(), 2], b"k" * 15),
        changed(["rules", "idle_minutes"], "15"),
        changed(["rules"], []),
    ],
)
def test_a_document_of_another_shape_is_refused_even_when_signed(document: bytes) -> None:
    with pytest.raises(Malformed):
        decode(document)
    with pytest.raises(Malformed):
        Signed(document, keys.sign(SIGNING, PURPOSE, document)).trusted(PINNED, OFFICE)


def test_a_directory_is_believed_only_under_the_pinned_key_for_this_office_and_purpose() -> None:
    made = signed(SMALL, SIGNING)
    assert made.trusted(PINNED, OFFICE) == SMALL
    stranger = b"t" * 32
    edited = replace(SMALL, persons={A: replace(SMALL.persons[A], role="administrator")})
    for wrong in (
        Signed(edited.encode(), made.signature),
        signed(SMALL, stranger),
        signed(replace(SMALL, signing_public=keys.signing_public(stranger)), SIGNING),
        signed(replace(SMALL, office=b"x" * 16), SIGNING),
        Signed(made.document, keys.sign(SIGNING, "certificate", made.document)),
        Signed(b"", b""),
    ):
        with pytest.raises(Untrusted):
            wrong.trusted(PINNED, OFFICE)


# --- who holds what

KIND_IDS = {"clients": b"1" * 16, "admin": b"2" * 16, "audit": b"3" * 16, "office": b"4" * 16}


@pytest.mark.parametrize(
    ("role", "member", "held"),
    [
        ("administrator", False, {"clients", "admin", "audit", "office"}),
        ("handler", True, {"clients", "office"}),
        ("handler", False, {"office"}),
        ("viewer", True, {"clients", "office"}),
        ("viewer", False, {"office"}),
        ("auditor", False, {"audit", "office"}),
        ("auditor", True, {"clients", "audit", "office"}),
    ],
)
def test_who_is_to_hold_which_compartment(role: str, member: bool, held: set[str]) -> None:
    own = tuple(KIND_IDS.values()) if member else ()  # membership of a system compartment means nothing
    office = replace(
        SMALL,
        persons={A: Person("a", PUBLIC, role, "active", own), B: Person("b", PUBLIC, role, "stopped", own)},
        compartments={i: Compartment(kind, 1, b"k" * 16) for kind, i in KIND_IDS.items()},
    )
    assert {kind for kind, i in KIND_IDS.items() if office.holds(A, i)} == held
    for kind, i in KIND_IDS.items():
        assert not office.holds(B, i) and not office.holds(C, i)
        assert set(office.receivers(i)) == {RECOVERY} | ({A} if kind in held else set())
    assert not office.holds(A, C)
    assert office.of_clients() == [KIND_IDS["clients"]] and office.system("audit") == KIND_IDS["audit"]


def test_a_missing_system_compartment_is_told() -> None:
    with pytest.raises(Malformed):
        SMALL.system("admin")


def test_every_change_makes_the_next_version() -> None:
    more = SMALL.with_person(B, replace(SMALL.persons[A], login_id="b")).with_compartment(C, SMALL.compartments[B])
    assert more.version == SMALL.version + 2
    assert set(more.persons) == {A, B} and set(more.compartments) == {B, C}
    assert more.person_by_login("a") is not None and more.person_by_login("A") is None


def test_two_people_never_share_a_login_id() -> None:
    with pytest.raises(Malformed):
        SMALL.with_person(B, SMALL.persons[A])


def test_the_recovery_keys_name_is_sixteen_bytes() -> None:
    assert len(RECOVERY) == 16
