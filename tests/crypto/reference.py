"""RFC 9180 base mode written out, to hold the library's against: X25519 and its hybrid with ML-KEM-768.

KEM 0x0020 is DHKEM(X25519, HKDF-SHA256); KEM 0x647a is X-Wing's combiner over ML-KEM-768 and X25519. The KDF is
HKDF-SHA256 (1), the AEAD AES-256-GCM (2).
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DHKEM_X25519, XWING = 0x0020, 0x647A
XWING_LABEL = rb"\.//^" + b"\\"


def _two(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    whole = _two(size) + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, whole + b"\x01", "sha256")[:size]  # one block is all that is ever asked for


def shared_x25519(agreed: bytes, enc: bytes, public: bytes) -> bytes:
    """The DHKEM's shared secret of an X25519 agreement."""
    suite = b"KEM" + _two(DHKEM_X25519)
    return _expand(suite, _extract(suite, b"", b"eae_prk", agreed), b"shared_secret", enc + public, 32)


def schedule(kem: int, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """(key, base nonce) of a base mode context."""
    suite = b"HPKE" + _two(kem) + _two(1) + _two(2)
    context = b"\0" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", info)
    secret = _extract(suite, shared, b"secret", b"")
    return _expand(suite, secret, b"key", context, 32), _expand(suite, secret, b"base_nonce", context, 12)


def decapsulate_x25519(private: X25519PrivateKey, enc: bytes) -> bytes:
    """The shared secret of an encapsulated X25519 key."""
    agreed = private.exchange(X25519PublicKey.from_public_bytes(enc))
    return shared_x25519(agreed, enc, private.public_key().public_bytes_raw())


def open_x25519(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Single-shot opening: enc 32 B ‖ ciphertext."""
    own = X25519PrivateKey.from_private_bytes(private)
    key, nonce = schedule(DHKEM_X25519, decapsulate_x25519(own, sealed[:32]), info)
    return AESGCM(key).decrypt(nonce, sealed[32:], None)


def open_hybrid(seed: bytes, private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Single-shot opening: ML-KEM ciphertext 1,088 B ‖ X25519 32 B ‖ ciphertext."""
    own = X25519PrivateKey.from_private_bytes(private)
    post = MLKEM768PrivateKey.from_seed_bytes(seed).decapsulate(sealed[:1088])
    agreed = own.exchange(X25519PublicKey.from_public_bytes(sealed[1088:1120]))
    public = own.public_key().public_bytes_raw()
    shared = hashlib.sha3_256(post + agreed + sealed[1088:1120] + public + XWING_LABEL).digest()
    key, nonce = schedule(XWING, shared, info)
    return AESGCM(key).decrypt(nonce, sealed[1120:], None)
