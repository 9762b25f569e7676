"""The operator's register on disk: the passphrase opens it and nothing else does, and its bytes stay what they are."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from argon2.low_level import Type, hash_secret_raw

from tests.crypto.test_decoder import asked, decoded
from vault.crypto import codec
from vault.crypto.envelope import Context
from vault.crypto.sealed_file import COST, lock_of, new_lock, open_file, seal_file
from vault.crypto.unlock import DEFAULT_COST, Cost
from vault.errors import Damaged, KuraError, WrongCredential

CHEAP = Cost(32, 1, 1)
WORD = "港の 朝は 早い"
DATA = b"particulars of a contract"
# Sealed once, for ever to be opened: of format 1, by the passphrase above.
STORED = """
6c00000009730000000d6b757261207265676973746572690000000000000001620000001057c7a5fcfaff5280133b5c241b0409de620000
001055cf654ff472d1586282f9afd84b7a616900000000000000206900000000000000016900000000000000016900000000000000036200
00015a010115ee9e15a39ddd43ace794514bb248ae4f56bcf8d6448481dd24741e8a8db8f04c1d053ef2a7c63b1eb03ba4667339f382fbf8
df6c9fe07a1da44cca85807a4200a488eee67d2842918fc5d20becbf18d4fa4c137adb4ca13ed75d3d164f6d15ef3b3bfb6f688a01f6a9b7
e2159bce1a1315357199ea7e87d5a1a54054568fef70c94fbe763a2f1dd25296facbf872c9f864472337c1c67e6a048d288931d494c9f7b4
4e81a6061fb7e30dbd828ec509050eb14fc4d539d6ec2efa9443d07b3e8ea4958a8a598a99e0c628dd47c16bbfd17a2c37d0a9a38e73e00b
9613a108c77e02476b585afc3a60af1e6bfb6f61b65c4b21425c54632670608b52db8d2dd899e243d84600b1c7c3a05b5e5e08246a785122
0be1199256782e421956359db276ecb55811788b7f219fa58bac8813ba81a49fdf7c33f72ccf8f4d9ce1c693bb7c3f90a0017e08f653d039
eec206b266323b440a86fb40a3
"""


def sealed(word: str = WORD, generation: int = 7, cost: Cost = CHEAP) -> bytes:
    return seal_file(new_lock(word, cost), generation, DATA)


def test_what_was_sealed_opens_with_its_passphrase_however_that_is_typed() -> None:
    raw = sealed("Ｋｕｒａの か\u3099っこう")
    assert open_file(lock_of(raw, "Kuraの がっこう"), raw) == (7, DATA)
    assert DATA not in raw


def test_another_passphrase_is_told_from_damage() -> None:
    raw = sealed()
    with pytest.raises(WrongCredential, match="register-passphrase"):
        lock_of(raw, WORD + "。")
    with pytest.raises(WrongCredential, match="register-passphrase"):
        lock_of(raw, "長い" * 3000)
    lock = lock_of(raw, WORD)
    with pytest.raises(Damaged, match="register-damaged"):
        open_file(lock, raw[:-1] + bytes([raw[-1] ^ 1]))
    for broken in (b"", b"\0", raw[:-1], raw + b"\0", raw[: len(raw) // 2], codec.encode(["kura register", 1])):
        with pytest.raises(Damaged, match="register-damaged"):
            lock_of(broken, WORD)


def test_every_changed_byte_is_refused() -> None:
    raw = sealed()
    lock = lock_of(raw, WORD)
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ (1 << at % 8)]) + raw[at + 1 :]
        with pytest.raises(KuraError):
            open_file(lock, changed)


def test_neither_its_number_nor_its_cost_can_be_said_otherwise() -> None:
    raw = sealed()
    fields = codec.decode(raw)
    lock = lock_of(raw, WORD)
    later = codec.encode([*fields[:7], 8, fields[8]])
    with pytest.raises(Damaged, match="register-damaged"):
        open_file(lock, later)
    for wrong in ([*fields[:4], 16, *fields[5:]], [*fields[:4], 64, *fields[5:]], [*fields[:2], b"i" * 16, *fields[3:]]):
        with pytest.raises(WrongCredential, match="register-passphrase"):
            lock_of(codec.encode(wrong), WORD)
    for unfit in ([*fields[:4], 2**40, *fields[5:]], [*fields[:3], b"s", *fields[4:]], ["kura", *fields[1:]], [fields[0], 2, *fields[2:]]):
        with pytest.raises(Damaged, match="register-damaged"):
            lock_of(codec.encode(unfit), WORD)
    with pytest.raises(Damaged, match="register-damaged"):
        open_file(replace(lock, salt=b"s" * 16), raw)


def test_a_passphrase_alone_costs_four_times_what_a_sign_in_does() -> None:
    assert COST.m == 4 * DEFAULT_COST.m and COST.t >= DEFAULT_COST.t


def test_two_locks_of_one_passphrase_share_nothing() -> None:
    one, other = new_lock(WORD, CHEAP), new_lock(WORD, CHEAP)
    assert one.id != other.id and one.salt != other.salt and one.key != other.key
    again = new_lock(WORD, CHEAP, one.id)
    assert again.id == one.id and again.key != one.key
    assert WORD not in repr(one) and one.key.hex() not in repr(one) and repr(one.key) not in repr(one)


def test_a_reader_that_shares_no_line_with_kura_opens_the_file_by_its_description() -> None:
    raw = bytes.fromhex("".join(STORED.split()))
    name, form, own, salt, m, t, p, generation, envelope = codec.decode(raw)
    assert (name, form) == ("kura register", 1)
    stretched = hash_secret_raw(WORD.encode(), salt, t, m, p, 32, Type.ID)
    key = hmac.new(stretched, b"kura register" + own + b"\x01", hashlib.sha512).digest()[:32]
    context = Context(own, "register", (salt, m, t, p, generation))
    assert decoded([asked(key, envelope, context)]) == [DATA]
    assert open_file(lock_of(raw, WORD), raw) == (3, DATA)
