"""Key pairs, grants, rings and signatures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vault.crypto import keys
from vault.crypto.envelope import Context, key_id, seal
from vault.crypto.keys import Ring
from vault.errors import Malformed, SealBroken, Untrusted

OFFICE, COMPARTMENT, RECEIVER = b"o" * 16, b"c" * 16, b"r" * 16
PRIVATE = b"p" * 96
PUBLIC = keys.public_key(PRIVATE)
CONTEXT = Context(OFFICE, "journal-key", (b"j" * 16, 20261121))
IDS = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize("size", [0, 32, 95, 97])
def test_a_private_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        keys.public_key(bytes(size))


@pytest.mark.parametrize(
    "public", [b"", PUBLIC[:-1], PUBLIC + b"\0", bytes(1216), b"\xff" * 1216, PUBLIC[:1184] + bytes(32)]
)
def test_bytes_that_are_no_public_key_are_refused(public: bytes) -> None:
    with pytest.raises(Malformed):
        keys.seal_to(public, b"data", CONTEXT)


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        b"\1",
        b"\1\2",
        b"\1\1",
        b"\1\3" + bytes(200),
        b"\2\2" + bytes(1200),
        b"\1\1" + bytes(80),
        b"\1\2" + bytes(1200),
    ],
    ids=lambda sealed: f"{sealed[:2].hex()} of {len(sealed)}",
)
def test_bytes_that_nobody_sealed_are_refused(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        keys.open_from(PRIVATE, sealed, CONTEXT)


def test_what_is_sealed_to_one_opens_for_no_other() -> None:
    sealed = keys.seal_to(PUBLIC, b"data", CONTEXT)
    assert keys.open_from(PRIVATE, sealed, CONTEXT) == b"data"
    for other in (b"q" + PRIVATE[1:], PRIVATE[:-1] + b"q"):  # either half alone is not enough
        with pytest.raises(SealBroken):
            keys.open_from(other, sealed, CONTEXT)


# --- grants


def open_it(sealed: bytes, expected: bytes, epoch: int = 1) -> bytes:
    return keys.open_grant(OFFICE, COMPARTMENT, epoch, RECEIVER, PRIVATE, sealed, expected)


def test_a_grant_made_by_a_stranger_is_not_believed() -> None:
    right, strangers = keys.new_key(), keys.new_key()
    injected = keys.grant(OFFICE, COMPARTMENT, 1, RECEIVER, PUBLIC, strangers)
    assert open_it(injected, key_id(strangers)) == strangers  # HPKE itself has nothing against it
    with pytest.raises(Untrusted):
        open_it(injected, key_id(right))
    with pytest.raises((Untrusted, SealBroken)):
        open_it(key_id(right) + injected[16:], key_id(right))


def test_a_grant_that_names_the_right_key_and_holds_another_is_not_believed() -> None:
    right, strangers = keys.new_key(), keys.new_key()
    context = Context(OFFICE, "grant", (COMPARTMENT, 1, RECEIVER, key_id(right)))
    for held in (strangers, right[:-1], right + b"\0", b""):
        with pytest.raises(Untrusted):
            open_it(key_id(right) + keys.seal_to(PUBLIC, held, context), key_id(right))


def test_a_grant_of_another_epoch_does_not_open() -> None:
    key = keys.new_key()
    later = keys.grant(OFFICE, COMPARTMENT, 2, RECEIVER, PUBLIC, key)
    assert open_it(later, key_id(key), epoch=2) == key
    with pytest.raises(SealBroken):
        open_it(later, key_id(key), epoch=1)


# --- rings


class RingAgainstDict(RuleBasedStateMachine):
    """A ring is a mapping of owners to folders, whatever is done to it, and it stays sorted."""

    def __init__(self) -> None:
        super().__init__()
        self.ring, self.model = Ring(), dict[bytes, tuple[bytes, bytes]]()

    owners = st.integers(0, 12).map(lambda i: i.to_bytes(1, "big") * 16)

    @rule(owner=owners | IDS, folder=IDS)
    def add(self, owner: bytes, folder: bytes) -> None:
        key = keys.new_key()
        if owner in self.model:
            with pytest.raises(Malformed):
                self.ring.with_folder(owner, folder, key)
            return
        self.ring = self.ring.with_folder(owner, folder, key)
        self.model[owner] = (folder, key)

    @rule(owner=owners)
    def drop(self, owner: bytes) -> None:
        self.ring = self.ring.without(owner)
        self.model.pop(owner, None)

    @invariant()
    def it_says_what_the_dict_says(self) -> None:
        assert len(self.ring) == len(self.model)
        # The key of the search segments lies in it as well, and belongs to nobody.
        assert self.ring.owners() == sorted(self.model.keys() - {keys.SEGMENTS})
        for owner in [*self.model, *(bytes([i]) * 16 for i in range(13)), b"\xff" * 16]:
            assert self.ring.find(owner) == (self.model.get(owner) if owner != keys.SEGMENTS else None)
        assert self.ring.segments() == self.model.get(keys.SEGMENTS)

    def teardown(self) -> None:
        key = keys.new_key()
        sealed = keys.seal_ring(key, OFFICE, COMPARTMENT, 2, 5, self.ring)
        assert keys.open_ring(key, OFFICE, COMPARTMENT, 2, 5, sealed) == self.ring


RingAgainstDict.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
test_a_ring_is_a_sorted_mapping = RingAgainstDict.TestCase


@given(IDS, IDS)
def test_a_ring_out_of_order_or_with_an_owner_twice_is_refused(one: bytes, other: bytes) -> None:
    key = keys.new_key()
    entries = max(one, other) + bytes(48) + min(one, other) + bytes(48)
    sealed = seal(key, entries, Context(OFFICE, "ring", (COMPARTMENT, 1, 1)))
    with pytest.raises(Malformed):
        keys.open_ring(key, OFFICE, COMPARTMENT, 1, 1, sealed)


@pytest.mark.parametrize("size", [1, 63, 65])
def test_a_torn_ring_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        Ring(bytes(size))


@pytest.mark.parametrize(("owner", "folder", "key"), [(15, 16, 32), (16, 17, 32), (16, 16, 31)])
def test_an_entry_of_another_size_is_refused(owner: int, folder: int, key: int) -> None:
    with pytest.raises(Malformed):
        Ring().with_folder(bytes(owner), bytes(folder), bytes(key))


def test_a_ring_does_not_tell_its_keys_when_printed() -> None:
    assert "secret" not in repr(Ring().with_folder(b"o" * 16, b"f" * 16, b"secret" + bytes(26)))


# --- signatures


def test_a_signature_serves_for_its_purpose_only() -> None:
    private = keys.new_signing_key()
    public = keys.signing_public(private)
    signature = keys.sign(private, "directory", b"data")
    keys.verify(public, "directory", b"data", signature)
    others = [
        ("certificate", b"data"),
        ("directory", b"date"),
        ("directoryd", b"ata"),
        ("director", b"ydata"),
    ]
    for purpose, data in others:
        with pytest.raises(Untrusted):
            keys.verify(public, purpose, data, signature)
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(64)):
        with pytest.raises(Untrusted):
            keys.verify(public, "directory", b"data", wrong)
    for other in (b"", bytes(31), keys.signing_public(keys.new_signing_key())):
        with pytest.raises(Untrusted):
            keys.verify(other, "directory", b"data", signature)


def test_a_fingerprint_is_of_one_key() -> None:
    assert keys.fingerprint(b"a" * 32) != keys.fingerprint(b"b" * 32)
    assert len(keys.fingerprint(b"a" * 32)) == 32
