"""The shape of the keystore: the one sealed object that holds every wrapped key of an office.

It is small (64 bytes a client), read and written whole, and sealed under the shred key: destroying that key is what
erases. The functions here change a keystore in memory; when it becomes durable is the storage floor's affair.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from typing import Any

from vault.crypto import codec
from vault.crypto.directory import ADMIN, AUDIT, RECOVERY, Compartment, Directory, Signed, signed
from vault.crypto.directory import decode as decode_directory
from vault.crypto.envelope import ID_BYTES, Context, open_sealed, seal
from vault.crypto.envelope import key_id as id_of
from vault.crypto.keys import Ring, grant, new_id, new_key, open_grant, open_ring, seal_ring
from vault.crypto.unlock import Bundle, Cost, SlotPlace, open_slot, seal_slot, secret_hash
from vault.errors import Malformed, Untrusted, WrongCredential

# The office's own private keys: by name, the kind of system compartment that holds them and the owner id of their folder.
SECRETS = {"signing": (ADMIN, b"kura signing key"), "audit": (AUDIT, b"kura audit key\x00\x00")}


@dataclass(frozen=True)
class Device:
    """A registered browser. `pending`: by person, the code that registered it and stands until he signs in again."""

    secret_hash: bytes
    registered: int
    pending: dict[bytes, bytes] = field(default_factory=dict)

    def with_pending(self, person: bytes, code: bytes) -> Device:
        return replace(self, pending={**self.pending, person: code})

    def without_pending(self, person: bytes) -> Device:
        return replace(self, pending={p: c for p, c in self.pending.items() if p != person})


@dataclass(frozen=True)
class Code:
    """A code on paper for one person; `expires` in seconds since 1970, 0 for no date."""

    secret_hash: bytes
    person: bytes
    expires: int = 0


@dataclass(frozen=True)
class Stretch:
    """How a person's password is stretched."""

    salt: bytes
    cost: Cost


@dataclass(frozen=True)
class Sheet:
    """One recovery sheet; not believed until two groups of it were typed back."""

    sealed: bytes
    made: int
    confirmed: int = 0


@dataclass(frozen=True)
class SealedRing:
    counter: int
    sealed: bytes


@dataclass(frozen=True)
class Keystore:
    """Everything by id. `mark` is the journal's (position, hash) at the time of writing."""

    office: bytes
    epoch: int
    generation: int
    directory: Signed
    stretches: dict[bytes, Stretch] = field(default_factory=dict)
    slots: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    devices: dict[bytes, Device] = field(default_factory=dict)
    codes: dict[bytes, Code] = field(default_factory=dict)
    grants: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    rings: dict[bytes, SealedRing] = field(default_factory=dict)
    sheets: dict[bytes, Sheet] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    statements: tuple[bytes, ...] = ()
    mark: tuple[int, bytes] = (0, b"")

    # --- looking up

    def place(self, person: bytes, holder: bytes) -> SlotPlace:
        """Where a person's slot for a holder stands; raises WrongCredential when there is none."""
        known = self.stretches.get(person)
        if known is None or holder not in self.slots.get(person, {}):
            raise WrongCredential("wrong-credential")
        return SlotPlace(self.office, person, holder, known.salt, known.cost)

    def open_slot(self, person: bytes, holder: bytes, stretched: bytes, secret: bytes) -> Bundle:
        """The bundle in a person's slot; raises WrongCredential."""
        return open_slot(stretched, secret, self.place(person, holder), self.slots[person][holder])

    def trusted(self, pinned: bytes) -> Directory:
        """The directory, verified under the pinned key; raises Untrusted."""
        return self.directory.trusted(pinned, self.office)

    def device_of(self, secret: bytes) -> bytes | None:
        """The id of the registered device with this secret."""
        told = secret_hash(secret)
        return next((i for i, d in self.devices.items() if hmac.compare_digest(d.secret_hash, told)), None)

    def secret(self, directory: Directory, name: str, key: bytes) -> bytes:
        """One of the office's private keys, opened with the key of the compartment that holds it; raises Untrusted."""
        kind, owner = SECRETS[name]
        found = self.ring(directory, directory.system(kind), key).find(owner)
        if found is None or name not in self.secrets:
            raise Untrusted("untrusted", what="no secret")
        return open_sealed(found[1], self.secrets[name], _secret_context(self.office, found[0], owner))

    def with_secret(self, name: str, secret: bytes, folder: tuple[bytes, bytes]) -> Keystore:
        """One of the office's private keys, sealed under its folder's key; `folder` is (id, key)."""
        context = _secret_context(self.office, folder[0], SECRETS[name][1])
        return replace(self, secrets={**self.secrets, name: seal(folder[1], secret, context)})

    def compartment_key(self, directory: Directory, compartment: bytes, receiver: bytes, private: bytes) -> bytes:
        """A compartment's key from the receiver's grant; raises Untrusted without one the directory vouches for."""
        entry = directory.compartments.get(compartment)
        sealed = self.grants.get(compartment, {}).get(receiver)
        if entry is None or sealed is None:
            raise Untrusted("untrusted", what="no grant")
        return open_grant(self.office, compartment, entry.epoch, receiver, private, sealed, entry.key_id)

    def ring(self, directory: Directory, compartment: bytes, key: bytes) -> Ring:
        """The opened ring of a compartment; raises Untrusted when there is none."""
        held, entry = self.rings.get(compartment), directory.compartments.get(compartment)
        if held is None or entry is None:
            raise Untrusted("untrusted", what="no ring")
        return open_ring(key, self.office, compartment, entry.epoch, held.counter, held.sealed)

    def missing_grants(self, directory: Directory) -> list[tuple[bytes, bytes]]:
        """(compartment, receiver) pairs that ought to have a grant of the valid key and have none."""
        return [
            (compartment, receiver)
            for compartment, entry in directory.compartments.items()
            for receiver in directory.receivers(compartment)
            if self.grants.get(compartment, {}).get(receiver, b"")[:ID_BYTES] != entry.key_id
        ]

    # --- changing

    def with_ring(self, directory: Directory, compartment: bytes, key: bytes, ring: Ring) -> Keystore:
        """The ring sealed anew under the same key with a higher counter. Any member may do this."""
        held = self.rings.get(compartment)
        counter = held.counter + 1 if held else 1
        epoch = directory.compartments[compartment].epoch
        sealed = SealedRing(counter, seal_ring(key, self.office, compartment, epoch, counter, ring))
        return replace(self, rings={**self.rings, compartment: sealed})

    def with_slots(self, person: bytes, stretched: bytes, stretch: Stretch, bundle: Bundle) -> Keystore:
        """All slots of a person written from one stretched password: one for each secret in his bundle."""
        slots = {}
        for holder, secret in bundle.secrets.items():
            place = SlotPlace(self.office, person, holder, stretch.salt, stretch.cost)
            slots[holder] = seal_slot(stretched, secret, place, bundle)
        return replace(
            self, stretches={**self.stretches, person: stretch}, slots={**self.slots, person: slots}
        )

    def with_directory(self, directory: Directory, signing: bytes) -> Keystore:
        """A newly signed directory; raises Untrusted unless its version is higher, or it is the same document."""
        held = self.directory.document
        if held and held != directory.encode() and decode_directory(held).version >= directory.version:
            raise Untrusted("untrusted", what="directory version")
        return replace(self, directory=signed(directory, signing))

    def with_grants(self, directory: Directory, compartment: bytes, key: bytes) -> Keystore:
        """Grants of a compartment to everybody the directory wants to hold it, and to nobody else."""
        entry = directory.compartments[compartment]
        if entry.key_id != id_of(key):
            raise Untrusted("untrusted", what="grant")
        given = {
            receiver: grant(self.office, compartment, entry.epoch, receiver, public, key)
            for receiver, public in directory.receivers(compartment).items()
        }
        return replace(self, grants={**self.grants, compartment: given})

    def encode(self) -> bytes:
        """The canonical bytes of the whole keystore."""
        return codec.encode(_raw(self))


def _secret_context(office: bytes, folder: bytes, owner: bytes) -> Context:
    return Context(office, "record", (folder, owner, 1))


def new_compartment_epoch(
    keystore: Keystore, directory: Directory, compartment: bytes, key: bytes, signing: bytes
) -> tuple[Keystore, Directory, bytes]:
    """A new key for a compartment: ring sealed anew, grants only to those the directory names, directory signed.

    Done whenever somebody must no longer hold the key. Returns (keystore, directory, the new key).
    """
    ring = keystore.ring(directory, compartment, key)
    fresh = new_key()
    entry = directory.compartments[compartment]
    changed = directory.with_compartment(compartment, Compartment(entry.kind, entry.epoch + 1, id_of(fresh)))
    renewed = keystore.with_ring(changed, compartment, fresh, ring).with_grants(changed, compartment, fresh)
    return renewed.with_directory(changed, signing), changed, fresh


def new_compartment(
    keystore: Keystore, directory: Directory, kind: str, signing: bytes
) -> tuple[Keystore, Directory, bytes, bytes]:
    """An empty compartment: returns (keystore, directory, compartment id, key)."""
    compartment, key = new_id(), new_key()
    changed = directory.with_compartment(compartment, Compartment(kind, 1, id_of(key)))
    made = keystore.with_ring(changed, compartment, key, Ring()).with_grants(changed, compartment, key)
    return made.with_directory(changed, signing), changed, compartment, key


def seal_keystore(shred_key: bytes, keystore: Keystore) -> bytes:
    """The keystore as it lies on disk, bound to its epoch and generation."""
    context = Context(keystore.office, "keystore", (keystore.epoch, keystore.generation))
    return seal(shred_key, keystore.encode(), context)


def open_keystore(shred_key: bytes, sealed: bytes, office: bytes, epoch: int, generation: int) -> Keystore:
    """The keystore of this epoch and generation; raises SealBroken or Malformed."""
    plain = open_sealed(shred_key, sealed, Context(office, "keystore", (epoch, generation)))
    keystore = _keystore(plain)
    if (keystore.office, keystore.epoch, keystore.generation) != (office, epoch, generation):
        raise Malformed("malformed", what="keystore")
    return keystore


def shred_key_of(random_file: bytes) -> bytes:
    """SHA-256 of the 64 KiB random file that stands for a shred key: destroying any part of it destroys the key."""
    return hashlib.sha256(random_file).digest()


def digest(sealed: bytes) -> bytes:
    """What the journal notes of a sealed keystore: its SHA-256."""
    return hashlib.sha256(sealed).digest()


def receivers_of(keystore: Keystore, compartment: bytes) -> set[bytes]:
    """Who has a grant of a compartment now, the recovery key apart."""
    return set(keystore.grants.get(compartment, {})) - {RECOVERY}


# --- encoding


def _hexed(mapping: dict[bytes, Any], each: Any) -> dict[str, Any]:
    return {i.hex(): each(v) for i, v in mapping.items()}


def _unhexed(mapping: dict[str, Any], each: Any) -> dict[bytes, Any]:
    return {bytes.fromhex(i): each(v) for i, v in mapping.items()}


def _same(value: Any) -> Any:
    return value


def _raw(k: Keystore) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "office": k.office,
        "epoch": k.epoch,
        "generation": k.generation,
        "directory": [k.directory.document, k.directory.signature],
        "stretches": _hexed(k.stretches, lambda s: [s.salt, s.cost.m, s.cost.t, s.cost.p]),
        "slots": _hexed(k.slots, lambda of: _hexed(of, _same)),
        "devices": _hexed(k.devices, lambda d: [d.secret_hash, d.registered, _hexed(d.pending, _same)]),
        "codes": _hexed(k.codes, lambda c: [c.secret_hash, c.person, c.expires]),
        "grants": _hexed(k.grants, lambda of: _hexed(of, _same)),
        "rings": _hexed(k.rings, lambda r: [r.counter, r.sealed]),
        "sheets": _hexed(k.sheets, lambda s: [s.sealed, s.made, s.confirmed]),
        "secrets": k.secrets,
        "statements": list(k.statements),
        "mark": list(k.mark),
    }


_FORMAT = "kura keystore 1"
# Whoever holds the disk holds the shred key too and can write a keystore of his own: nothing of it is believed
# before it has this shape, and of its contents only what the signed directory vouches for.
_SHAPE = {
    "format": str,
    "office": bytes,
    "epoch": int,
    "generation": int,
    "directory": (bytes, bytes),
    "stretches": {bytes: (bytes, int, int, int)},
    "slots": {bytes: {bytes: bytes}},
    "devices": {bytes: (bytes, int, {bytes: bytes})},
    "codes": {bytes: (bytes, bytes, int)},
    "grants": {bytes: {bytes: bytes}},
    "rings": {bytes: (int, bytes)},
    "sheets": {bytes: (bytes, int, int)},
    "secrets": {str: bytes},
    "statements": [bytes],
    "mark": (int, bytes),
}


def _keystore(data: bytes) -> Keystore:
    raw = codec.shaped(codec.decode(data), _SHAPE)
    if raw["format"] != _FORMAT:
        raise Malformed("malformed", what="keystore format")
    return Keystore(
        office=raw["office"],
        epoch=raw["epoch"],
        generation=raw["generation"],
        directory=Signed(*raw["directory"]),
        stretches=_unhexed(raw["stretches"], lambda s: Stretch(s[0], Cost(*s[1:]))),
        slots=_unhexed(raw["slots"], lambda of: _unhexed(of, _same)),
        devices=_unhexed(raw["devices"], lambda d: Device(d[0], d[1], _unhexed(d[2], _same))),
        codes=_unhexed(raw["codes"], lambda c: Code(*c)),
        grants=_unhexed(raw["grants"], lambda of: _unhexed(of, _same)),
        rings=_unhexed(raw["rings"], lambda r: SealedRing(*r)),
        sheets=_unhexed(raw["sheets"], lambda s: Sheet(*s)),
        secrets=raw["secrets"],
        statements=tuple(raw["statements"]),
        mark=(raw["mark"][0], raw["mark"][1]),
    )
