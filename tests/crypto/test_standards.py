"""The primitives are the ones the formats name: published vectors, and two threads that must not wait for ever."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from argon2 import low_level
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from tests.crypto import reference
from tests.crypto.structures import context_of, load, raw
from vault.crypto import keys, unlock
from vault.crypto.envelope import Context, expand
from vault.errors import Malformed

ROOT = Path(__file__).parents[2]
INFO = b"Ode on a Grecian Urn"
PLAIN = b"Beauty is truth, truth beauty"
X25519_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

# --- Argon2id


def argon2id(
    password: bytes, salt: bytes, t: int, m: int, p: int, secret: bytes = b"", more: bytes = b""
) -> bytes:
    """The reference implementation's core, which also takes the secret and associated data of RFC 9106."""
    ffi, out = low_level.ffi, low_level.ffi.new("uint8_t[]", 32)
    held = [ffi.new("uint8_t[]", part) for part in (password, salt, secret, more)]
    fields: dict[str, Any] = {
        "out": out, "outlen": 32, "pwd": held[0], "pwdlen": len(password), "salt": held[1], "saltlen": len(salt),
        "secret": held[2] if secret else ffi.NULL, "secretlen": len(secret),
        "ad": held[3] if more else ffi.NULL, "adlen": len(more),
        "t_cost": t, "m_cost": m, "lanes": p, "threads": p, "version": 0x13,
        "allocate_cbk": ffi.NULL, "free_cbk": ffi.NULL, "flags": 0,
    }  # fmt: skip
    assert low_level.core(ffi.new("argon2_context *", fields), low_level.Type.ID.value) == 0
    return bytes(ffi.buffer(out, 32))


def test_argon2id_gives_the_vector_of_rfc_9106() -> None:
    out = argon2id(b"\1" * 32, b"\2" * 16, 3, 32, 4, b"\3" * 8, b"\4" * 12)
    assert out.hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


@pytest.mark.parametrize(
    ("password", "salt", "m", "p", "out"),
    [  # from the tests of the reference implementation, version 0x13, two passes
        (
            b"password",
            b"somesalt",
            256,
            1,
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
        ),
        (
            b"password",
            b"somesalt",
            256,
            2,
            "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
        ),
        (
            b"password",
            b"diffsalt",
            65536,
            1,
            "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c",
        ),
    ],
)
def test_argon2id_gives_the_answers_of_the_reference_implementation(
    password: bytes, salt: bytes, m: int, p: int, out: str
) -> None:
    assert argon2id(password, salt, 2, m, p).hex() == out


@given(st.text(max_size=40), st.binary(min_size=16, max_size=16), st.integers(1, 3), st.integers(1, 4))
def test_stretch_is_argon2id_of_the_normalised_password(password: str, salt: bytes, t: int, p: int) -> None:
    import unicodedata

    normal = unicodedata.normalize("NFKC", password).encode()
    assert unlock.stretch(password, salt, unlock.Cost(8 * p, t, p)) == argon2id(normal, salt, t, 8 * p, p)


TWO_AT_ONCE = """
import threading
from vault.crypto.unlock import DEFAULT_COST, stretch
assert DEFAULT_COST.p > 1
start, out = threading.Barrier(2), []
def derive():
    start.wait()
    for _ in range(3):
        out.append(stretch("password", bytes(16), DEFAULT_COST))
threads = [threading.Thread(target=derive) for _ in range(2)]
[t.start() for t in threads]
[t.join() for t in threads]
assert len(out) == 6 and len(set(out)) == 1
"""


def test_two_threads_can_stretch_at_once() -> None:
    # Argon2id of cryptography 50.0 hangs for ever here, hence argon2-cffi.
    subprocess.run([sys.executable, "-c", TWO_AT_ONCE], cwd=ROOT, check=True, timeout=30)


# --- HKDF


def test_hkdf_with_sha_512_gives_a_published_answer_through_expand() -> None:
    # Inputs of RFC 5869, A.1; the pseudorandom key and the output that go with SHA-512 are in many libraries' tests.
    key = raw(
        "665799823737ded04a88e47e54a5890bb2c3d247c7a4254a8e61350723590a26"
        "c36238127d8661b88cf80ef802d57e2f7cebcf1e00e083848be19929c61b4237"
    )
    out = "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb"
    assert expand(key, raw("f0f1f2f3f4f5f6f7f8f9"), 42).hex() == out


@given(st.binary(min_size=32, max_size=64), st.binary(max_size=80), st.integers(1, 64))
def test_expand_is_hkdf_expand_of_another_library(key: bytes, info: bytes, size: int) -> None:
    # OpenSSL wants at least as many bytes of key as the hash gives; zeros at its end change nothing in HMAC.
    assert expand(key, info, size) == HKDFExpand(hashes.SHA512(), size, info).derive(key.ljust(64, b"\0"))


@pytest.mark.parametrize("size", [0, -1, 65])
def test_expand_gives_one_block_at_most(size: int) -> None:
    with pytest.raises(Malformed):
        expand(bytes(32), b"", size)


def test_the_key_of_a_slot_is_hkdf_of_password_and_secret() -> None:
    place = unlock.SlotPlace(bytes(16), b"p" * 16, b"h" * 16, bytes(16), unlock.Cost(8, 1, 1))
    whole = HKDF(hashes.SHA512(), 32, b"kura slot key", place.person + place.holder)
    assert unlock._slot_key(b"s" * 32, b"x" * 32, place) == whole.derive(b"s" * 32 + b"x" * 32)


# --- HPKE


def drawn(count: int) -> list[tuple[bytes, bytes]]:
    """The inputs of the accumulated vectors: sizes and bytes out of SHAKE128 of nothing."""
    stream, at, found = hashlib.shake_128(b"").digest(600 * count), 0, []
    for _ in range(2 * count):
        found.append(stream[at + 1 : at + 1 + stream[at]])
        at += 1 + stream[at]
    return list(zip(found[::2], found[1::2], strict=True))


def test_the_reference_gives_the_vectors_of_rfc_9180() -> None:
    # The authors' test vectors, X25519, HKDF-SHA256, AES-256-GCM, base mode: a thousand messages, hashed together.
    own = X25519PrivateKey.from_private_bytes(
        raw("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d")
    )
    enc = raw("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256")
    key, nonce = reference.schedule(reference.DHKEM_X25519, reference.decapsulate_x25519(own, enc), INFO)
    all_of_them = hashlib.shake_128()
    for i, (more, plain) in enumerate(drawn(1000)):
        own_nonce = (int.from_bytes(nonce, "big") ^ i).to_bytes(12, "big")
        all_of_them.update(AESGCM(key).encrypt(own_nonce, plain, more))
    assert all_of_them.hexdigest(16) == "1702e73e1e71705faa8241022af1deea"


def test_the_reference_gives_another_implementations_vector() -> None:
    own = X25519PrivateKey.from_private_bytes(
        raw("28e212563a8b6f068af7ff17400ff1baf23612b7a738bbaf5dfb321b2b5b431a")
    )
    public = raw("ac66bae9ffa270cf4a89ed9f274e30c0456babae2572aaaf002ff0d8884ab018")
    agreed = own.exchange(X25519PublicKey.from_public_bytes(public))
    shared = reference.shared_x25519(agreed, own.public_key().public_bytes_raw(), public)
    key, nonce = reference.schedule(reference.DHKEM_X25519, shared, INFO)
    out = "23ded2d5d90ea89d975dac4792b297240f194952d7421aacbff0474100052b6bb8aa58d18ef6c42b6960e2e28f"
    assert AESGCM(key).encrypt(nonce, PLAIN, b"Count-0").hex() == out


def test_the_library_opens_what_the_reference_seals_with_the_vectors_key() -> None:
    own = X25519PrivateKey.from_private_bytes(
        raw("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d")
    )
    enc = raw("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256")
    key, nonce = reference.schedule(reference.DHKEM_X25519, reference.decapsulate_x25519(own, enc), INFO)
    assert X25519_SUITE.decrypt(enc + AESGCM(key).encrypt(nonce, PLAIN, None), own, INFO) == PLAIN


@given(st.binary(max_size=200), st.integers(0, 2**64 - 1))
def test_the_reference_opens_what_is_sealed_to_a_person(data: bytes, day: int) -> None:
    private = keys.new_private_key()
    context = Context(bytes(16), "journal-key", (bytes(16), day))
    sealed = keys.seal_to(keys.public_key(private), data, context)
    assert sealed[:2] == b"\1\2" and len(sealed) == 2 + 1088 + 32 + len(data) + 16
    assert reference.open_hybrid(private[:64], private[64:], sealed[2:], context.encode(2)) == data


@pytest.mark.parametrize("case", load("journal-key")["cases"], ids=lambda case: case["name"])
def test_the_reference_opens_the_vectors_of_both_suites(case: dict[str, Any]) -> None:
    private, sealed = raw(case["inputs"]["private"]), raw(case["sealed"])
    info = context_of(case["inputs"]).encode(sealed[1])
    if sealed[1] == keys.HYBRID:
        assert reference.open_hybrid(private[:64], private[64:], sealed[2:], info).hex() == case["opens"]
    else:
        assert reference.open_x25519(private[64:], sealed[2:], info).hex() == case["opens"]
