"""Key pairs, grants and rings: who holds which key, as bytes.

Suite 2 of a grant is HPKE (RFC 9180) with ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM; suite 1, plain X25519,
stays readable, because the hybrid KEM is still a draft and might have to be left.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from vault.crypto import codec
from vault.crypto.envelope import ID_BYTES, KEY_BYTES, VERSION, Context, expand, key_id, open_sealed, seal
from vault.errors import Malformed, SealBroken, Untrusted

X25519_ONLY = 1
HYBRID = 2
PRIVATE_BYTES = 64 + 32
PUBLIC_BYTES = 1184 + 32
_ENTRY = 2 * ID_BYTES + KEY_BYTES
# In a ring: no client, but the key of the compartment's search segments. Nobody finds it by asking for an owner.
SEGMENTS = b"kura segments\x00\x00\x00"

_SUITES = {
    X25519_ONLY: hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
    HYBRID: hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
}


def new_key() -> bytes:
    """32 uniform bytes from the operating system."""
    return os.urandom(KEY_BYTES)


def new_id() -> bytes:
    """A 16-byte name that says nothing."""
    return os.urandom(ID_BYTES)


def new_private_key() -> bytes:
    """A fresh hybrid private key: ML-KEM-768 seed 64 B ‖ X25519 32 B."""
    return os.urandom(PRIVATE_BYTES)


def _private(raw: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    if len(raw) != PRIVATE_BYTES:
        raise Malformed("malformed", what="private key")
    return MLKEM768PrivateKey.from_seed_bytes(raw[:64]), X25519PrivateKey.from_private_bytes(raw[64:])


def public_key(private: bytes) -> bytes:
    """The public half: ML-KEM-768 encapsulation key 1,184 B ‖ X25519 32 B."""
    ml, x = _private(private)
    return ml.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()


def seal_to(public: bytes, data: bytes, context: Context) -> bytes:
    """Seal `data` to the holder of a private key: version u8 | suite u8 | HPKE ciphertext, info = the context."""
    if len(public) != PUBLIC_BYTES:
        raise Malformed("malformed", what="public key")
    try:
        ml = MLKEM768PublicKey.from_public_bytes(public[:1184])
        x = X25519PublicKey.from_public_bytes(public[1184:])
        receiver = hpke.MLKEM768X25519PublicKey(ml, x)
        return bytes([VERSION, HYBRID]) + _SUITES[HYBRID].encrypt(data, receiver, context.encode(HYBRID))
    except ValueError as error:  # bytes of the right length that are no key
        raise Malformed("malformed", what="public key") from error


def open_from(private: bytes, sealed: bytes, context: Context) -> bytes:
    """What was sealed to the holder of `private`; raises SealBroken. Says nothing about who sealed it."""
    if len(sealed) < 2 or sealed[0] != VERSION or sealed[1] not in _SUITES:
        raise SealBroken("seal-broken", what="version")
    ml, x = _private(private)
    own = hpke.MLKEM768X25519PrivateKey(ml, x) if sealed[1] == HYBRID else x
    try:
        return _SUITES[sealed[1]].decrypt(sealed[2:], own, context.encode(sealed[1]))
    except (InvalidTag, ValueError) as error:
        raise SealBroken("seal-broken", what="authentication") from error


def open_from_any(privates: bytes, sealed: bytes, context: Context) -> bytes:
    """The same for private keys one after the other, the newest first; raises SealBroken when none opens."""
    if not privates or len(privates) % PRIVATE_BYTES:
        raise Malformed("malformed", what="private key")
    for at in range(0, len(privates), PRIVATE_BYTES):
        with suppress(SealBroken):
            return open_from(privates[at : at + PRIVATE_BYTES], sealed, context)
    raise SealBroken("seal-broken", what="authentication")


def grant(office: bytes, compartment: bytes, epoch: int, receiver: bytes, public: bytes, key: bytes) -> bytes:
    """A compartment key sealed to one receiver: key id 16 B ‖ sealed key."""
    named = key_id(key)
    return named + seal_to(public, key, Context(office, "grant", (compartment, epoch, receiver, named)))


def open_grant(
    office: bytes, compartment: bytes, epoch: int, receiver: bytes, private: bytes, sealed: bytes, expected: bytes
) -> bytes:
    """The compartment key of a grant, if it is the key the signed directory names (`expected`, a key id).

    Anybody can seal to a public key, so a grant is believed only for its key id: raises Untrusted otherwise, and
    SealBroken when it does not open.
    """
    if sealed[:ID_BYTES] != expected:
        raise Untrusted("untrusted", what="grant")
    key = open_from(private, sealed[ID_BYTES:], Context(office, "grant", (compartment, epoch, receiver, expected)))
    if len(key) != KEY_BYTES or key_id(key) != expected:
        raise Untrusted("untrusted", what="grant")
    return key


def note_tag(key: bytes, office: bytes, owner: bytes, version: int, digest: bytes, before: bytes) -> bytes:
    """Vouches for a contents list noted right behind the journal entry of hash `before`: 32 bytes.

    The journal's hashes need no key, so anybody could note an older list as the newest; this needs the folder's key.
    """
    told = codec.encode([office, owner, version, digest, before])
    return hmac.digest(expand(key, b"kura note", 32), told, "sha256")


@dataclass(frozen=True)
class Ring:
    """The folder keys of one compartment: (client id, folder id, key) sorted by client id, 64 bytes each.

    It stays one run of bytes, searched by halving: 25,000 entries need no dictionary of 25,000 objects per worker.
    """

    entries: bytes = field(default=b"", repr=False)  # keys never end up in a log by way of a traceback

    def __post_init__(self) -> None:
        if len(self.entries) % _ENTRY:
            raise Malformed("malformed", what="ring")

    def __len__(self) -> int:
        return len(self.entries) // _ENTRY

    def _owner(self, index: int) -> bytes:
        return self.entries[index * _ENTRY : index * _ENTRY + ID_BYTES]

    def _place(self, owner: bytes) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._owner(middle) < owner:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, owner: bytes) -> tuple[bytes, bytes] | None:
        """(folder id, folder key) of an owner, or None."""
        return self._entry(owner) if owner != SEGMENTS else None

    def segments(self) -> tuple[bytes, bytes] | None:
        """(id, key) of the compartment's search segments, or None."""
        return self._entry(SEGMENTS)

    def _entry(self, owner: bytes) -> tuple[bytes, bytes] | None:
        at = self._place(owner)
        if at == len(self) or self._owner(at) != owner:
            return None
        entry = self.entries[at * _ENTRY : (at + 1) * _ENTRY]
        return entry[ID_BYTES : 2 * ID_BYTES], entry[2 * ID_BYTES :]

    def owners(self) -> list[bytes]:
        """Every owner id, sorted; the segments' own is none."""
        return [owner for owner in self._all() if owner != SEGMENTS]

    def _all(self) -> list[bytes]:
        return [self._owner(index) for index in range(len(self))]

    def with_folder(self, owner: bytes, folder: bytes, key: bytes) -> Ring:
        """This ring and one folder more; raises Malformed for an owner that has one, whose key would be lost."""
        return self.with_folders({owner: (folder, key)})

    def with_folders(self, folders: dict[bytes, tuple[bytes, bytes]]) -> Ring:
        """This ring and several folders more, owner id to (folder id, key): one merge, however many they are."""
        added = [owner + folder + key for owner, (folder, key) in folders.items()]
        if any(len(entry) != _ENTRY for entry in added) or any(len(owner) != ID_BYTES for owner in folders):
            raise Malformed("malformed", what="ring entry")
        if any(self._entry(owner) for owner in folders):
            raise Malformed("malformed", what="ring owner twice")
        if len(added) == 1:
            at = self._place(added[0][:ID_BYTES]) * _ENTRY
            return Ring(self.entries[:at] + added[0] + self.entries[at:])
        held = [self.entries[i : i + _ENTRY] for i in range(0, len(self.entries), _ENTRY)]
        return Ring(b"".join(sorted(held + added)))

    def without(self, owner: bytes) -> Ring:
        """This ring less one owner's folder."""
        at = self._place(owner)
        if at == len(self) or self._owner(at) != owner:
            return self
        return Ring(self.entries[: at * _ENTRY] + self.entries[(at + 1) * _ENTRY :])


def seal_ring(key: bytes, office: bytes, compartment: bytes, epoch: int, counter: int, ring: Ring) -> bytes:
    """A ring sealed under its compartment key; `counter` rises with each sealing."""
    return seal(key, ring.entries, Context(office, "ring", (compartment, epoch, counter)))


def open_ring(key: bytes, office: bytes, compartment: bytes, epoch: int, counter: int, sealed: bytes) -> Ring:
    """The ring of a compartment; raises SealBroken for another epoch, counter, compartment or office."""
    ring = Ring(open_sealed(key, sealed, Context(office, "ring", (compartment, epoch, counter))))
    if any(a >= b for a, b in pairwise(ring._all())):
        raise Malformed("malformed", what="ring order")
    return ring


def new_signing_key() -> bytes:
    """A fresh Ed25519 private key, 32 bytes."""
    return os.urandom(32)


def signing_public(private: bytes) -> bytes:
    """The 32-byte Ed25519 public key of a signing key."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(private: bytes, purpose: str, data: bytes) -> bytes:
    """An Ed25519 signature over a purpose and data, so that no signature serves for another purpose."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(_signed(purpose, data))


def verify(public: bytes, purpose: str, data: bytes, signature: bytes) -> None:
    """Raises Untrusted unless `signature` is the holder's over exactly this purpose and data."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _signed(purpose, data))
    except (InvalidSignature, ValueError) as error:
        raise Untrusted("untrusted", what=purpose) from error


def _signed(purpose: str, data: bytes) -> bytes:
    head = purpose.encode("ascii")
    return b"kura/1 signature" + len(head).to_bytes(4, "big") + head + data


def fingerprint(public: bytes) -> bytes:
    """SHA-256 of a public key, for the eye."""
    return hashlib.sha256(b"kura fingerprint" + public).digest()
