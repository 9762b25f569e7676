"""Passwords, codes on paper and the recovery sheet: what a slip of the hand does, and what an attacker's numbers do."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto import codec, unlock
from vault.crypto.envelope import Context, expand, seal
from vault.crypto.unlock import ALPHABET, Bundle, Cost, SlotPlace
from vault.errors import Malformed, WrongCredential

CHEAP = Cost(8, 1, 1)
PLACE = SlotPlace(b"o" * 16, b"p" * 16, b"h" * 16, b"s" * 16, CHEAP)
STRETCHED, SECRET = b"t" * 32, b"x" * 32
LETTERS = st.text(st.sampled_from(ALPHABET), min_size=25, max_size=25)
RECOVERY = st.binary(min_size=32, max_size=32)
ALIKE = {"0", "Z"}  # 0 and 31, the same modulo 31: the one slip the check letters do not show


def code_of(letters: str) -> str:
    return letters + unlock._check_letter(letters)


def refused(typed: str) -> bool:
    try:
        unlock.read_code(typed)
    except WrongCredential:
        return True
    return False


# --- codes


def test_new_codes_are_read_and_differ() -> None:
    codes = {unlock.new_code() for _ in range(200)}
    assert len(codes) == 200 == len({unlock.read_code(code) for code in codes})
    assert all([len(part) for part in code.split("-")] == [5, 5, 5, 5, 6] for code in codes)
    assert {c for code in codes for c in code} <= set(ALPHABET + "-")


@given(LETTERS, st.integers(0, 25), st.sampled_from(ALPHABET))
def test_every_wrong_letter_of_a_code_shows_but_0_for_z(letters: str, at: int, wrong: str) -> None:
    code = code_of(letters)
    changed = code[:at] + wrong + code[at + 1 :]
    if changed != code and not (at < 25 and {wrong, code[at]} == ALIKE):
        assert refused(changed)


def test_every_wrong_letter_at_every_place_shows_but_0_for_z() -> None:
    code = code_of(ALPHABET[:25])
    passed = {
        (at, wrong)
        for at in range(26)
        for wrong in ALPHABET
        if wrong != code[at] and not refused(code[:at] + wrong + code[at + 1 :])
    }
    assert passed == {(0, "Z")}


@given(LETTERS, st.integers(0, 24))
def test_two_neighbours_of_a_code_swapped_show(letters: str, at: int) -> None:
    code = code_of(letters)
    a, b = code[at], code[at + 1]
    if a != b and {a, b} != ALIKE:
        assert refused(code[:at] + b + a + code[at + 2 :])


@given(LETTERS)
def test_a_code_is_read_however_it_is_typed(letters: str) -> None:
    code = code_of(letters)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    spaced = "ー".join([code[:5], code[5:10], code[10:]])
    careless = code.lower().replace("0", "o").replace("1", "l")
    for typed in (
        code,
        wide,
        wide.lower(),
        f"  {code[:9]} - {code[9:]}\n",
        spaced,
        careless,
        code.replace("1", "I"),
    ):
        assert unlock.read_code(typed) == b"kura code" + code.encode()


@pytest.mark.parametrize(
    "typed", ["", "0" * 25, "0" * 27, "U" * 26, "あ" * 26, "\0", "\ud800" * 26, "0" * 10_000]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(WrongCredential):
        unlock.read_code(typed)


# --- recovery


@given(RECOVERY)
def test_a_recovery_secret_comes_back_from_its_groups(secret: bytes) -> None:
    groups = unlock.recovery_groups(secret)
    assert [len(group) for group in groups] == [5] * 13
    assert unlock.read_recovery(" ".join(groups)) == secret == unlock.read_recovery("ー".join(groups).lower())
    numbered = [f"{number} {group}" for number, group in enumerate(groups, 1)]
    assert unlock.read_recovery("\n".join(numbered)) == secret == unlock.read_recovery("".join(numbered))
    with pytest.raises(WrongCredential, match="recovery-shape"):
        unlock.read_recovery(" ".join([*numbered[:-1], groups[-1]]))


@given(RECOVERY, st.integers(0, 64), st.sampled_from(ALPHABET))
def test_every_wrong_letter_of_a_sheet_shows_with_its_group(secret: bytes, at: int, wrong: str) -> None:
    whole = "".join(unlock.recovery_groups(secret))
    changed = whole[:at] + wrong + whole[at + 1 :]
    if changed == whole:
        return
    if at % 5 < 4 and {wrong, whole[at]} == ALIKE:
        return
    with pytest.raises(WrongCredential) as told:
        unlock.read_recovery(changed)
    assert told.value.facts == {"group": at // 5 + 1}


@given(RECOVERY, st.integers(0, 12), st.integers(0, 12))
def test_groups_in_another_order_show(secret: bytes, one: int, other: int) -> None:
    groups = unlock.recovery_groups(secret)
    groups[one], groups[other] = groups[other], groups[one]
    if one != other:
        with pytest.raises(WrongCredential):
            unlock.read_recovery("".join(groups))


def test_a_sheet_has_one_spelling() -> None:
    # 13 groups hold 260 bits: the last four are nought, or two sheets would stand for one secret.
    groups = unlock.recovery_groups(bytes(32))
    last = "000" + "1"
    with pytest.raises(WrongCredential) as told:
        unlock.read_recovery("".join(groups[:12]) + last + unlock._check_letter(last, 12))
    assert told.value.facts == {"group": 13}


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_recovery_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        unlock.recovery_groups(bytes(size))


@pytest.mark.parametrize("typed", ["", "0" * 64, "0" * 66, "U" * 65, "0" * 10_000])
def test_what_is_no_recovery_secret_is_refused(typed: str) -> None:
    with pytest.raises(WrongCredential):
        unlock.read_recovery(typed)


def test_a_sheet_that_holds_something_else_is_a_wrong_credential() -> None:
    secret, office, sheet = b"r" * 32, b"o" * 16, b"s" * 16
    for held in (
        b"",
        codec.encode(1),
        codec.encode([b"a"]),
        codec.encode([b"a", "b"]),
        codec.encode([b"", b"", b""]),
    ):
        sealed = seal(expand(secret, b"kura recovery", 32), held, Context(office, "recovery", (sheet,)))
        with pytest.raises(WrongCredential):
            unlock.open_recovery(secret, office, sheet, sealed)


# --- slots

SECRETS = st.dictionaries(
    st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32), max_size=4
)


@given(st.binary(min_size=96, max_size=96), st.binary(min_size=32, max_size=32), SECRETS)
def test_a_bundle_comes_back_from_its_slot(
    private: bytes, pinned: bytes, secrets: dict[bytes, bytes]
) -> None:
    bundle = Bundle(private, pinned, secrets)
    assert Bundle.decode(bundle.encode()) == bundle
    sealed = unlock.seal_slot(STRETCHED, SECRET, PLACE, bundle)
    assert unlock.open_slot(STRETCHED, SECRET, PLACE, sealed) == bundle


@pytest.mark.parametrize(
    "held",
    [
        1,
        b"",
        [],
        [b"", b""],
        [b"", b"", 1],
        [b"", b"", {"zz": b""}],
        [b"", b"", {"AA": b""}],
        ["", b"", {}],
        [b"", b"", {"aa": 1}],
    ],
    ids=repr,
)
def test_a_slot_that_holds_something_else_is_a_wrong_credential(held: object) -> None:
    with pytest.raises(Malformed):
        Bundle.decode(codec.encode(held))
    sealed = seal(unlock._slot_key(STRETCHED, SECRET, PLACE), codec.encode(held), PLACE.context())
    with pytest.raises(WrongCredential):
        unlock.open_slot(STRETCHED, SECRET, PLACE, sealed)


def test_a_bundle_changes_only_by_the_secret_named() -> None:
    bundle = Bundle(b"private", b"pinned", {b"a": b"1"}).with_secret(b"b", b"2")
    assert bundle.secrets == {b"a": b"1", b"b": b"2"}
    assert bundle.without_secret(b"a").without_secret(b"c").secrets == {b"b": b"2"}


def test_a_bundle_does_not_tell_its_keys_when_printed() -> None:
    assert "secret" not in repr(Bundle(b"secret", b"pinned", {b"secret": b"secret"})).replace("secrets", "")


def test_a_shared_device_gives_each_person_another_secret() -> None:
    device = b"d" * 32
    assert len({unlock.holder_secret(device, bytes([i]) * 16) for i in range(9)} | {device}) == 10
    assert unlock.secret_hash(device) not in {unlock.holder_secret(device, b"p" * 16), device}


# --- passwords


@pytest.mark.parametrize(
    ("m", "t", "p"),
    [
        (7, 1, 1), (31, 1, 4), (1024 * 1024 + 1, 1, 1), (64, 0, 1), (64, 11, 1), (1024, 1, 9), (64, 1, 0),
        (64, 1, -1), (-1, 1, 1), (2**40, 3, 4), (8, 2**40, 1),
    ],
)  # fmt: skip
def test_a_cost_beyond_the_limits_is_refused_before_memory_is_taken(m: int, t: int, p: int) -> None:
    with pytest.raises(Malformed):
        Cost(m, t, p)


def test_the_default_cost_is_the_second_recommendation_of_rfc_9106() -> None:
    assert (unlock.DEFAULT_COST.m, unlock.DEFAULT_COST.t, unlock.DEFAULT_COST.p) == (65536, 3, 4)


def test_a_password_has_at_most_1024_bytes_after_composing() -> None:
    assert len(unlock.stretch("か\u3099" * 341, b"s" * 16, CHEAP)) == 32  # 1,023 bytes of が, 2,046 typed
    for typed in ("x" * 1025, "か\u3099" * 342, "㍿" * 86):
        with pytest.raises(WrongCredential):
            unlock.stretch(typed, b"s" * 16, CHEAP)


def test_marks_without_end_cost_nothing() -> None:
    # Normalising these takes minutes: time grows with the square of a run of combining marks.
    typed = "a" + "\u0301\u0323" * 200_000
    begun = time.perf_counter()
    for read in (unlock.read_code, unlock.read_recovery, lambda t: unlock.stretch(t, b"s" * 16, CHEAP)):
        with pytest.raises(WrongCredential):
            read(typed)
    verifier = unlock.activation_verifier("0123-4567-89AB-CDEF", CHEAP)
    assert not unlock.activation_matches(verifier, typed)
    assert time.perf_counter() - begun < 1


def test_a_salt_of_another_size_is_refused() -> None:
    with pytest.raises(WrongCredential):
        unlock.stretch("password", b"s" * 15, CHEAP)


@given(st.text(max_size=30))
def test_any_text_can_be_a_password(password: str) -> None:
    assert len(unlock.stretch(password + "\ud800", b"s" * 16, CHEAP)) == 32


def test_initial_passwords_are_80_bits_and_match_their_verifier_alone() -> None:
    made = {unlock.new_initial_password() for _ in range(100)}
    assert len(made) == 100
    assert all([len(part) for part in one.split("-")] == [4, 4, 4, 4] for one in made)
    one, other, *_ = made
    verifier = unlock.activation_verifier(one, CHEAP)
    assert unlock.activation_matches(verifier, one.lower().replace("-", " "))
    assert not unlock.activation_matches(verifier, other)
    assert unlock.activation_verifier(one, CHEAP)["salt"] != verifier["salt"]
