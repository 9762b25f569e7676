"""The shape of the keystore: the one sealed object that holds every wrapped key of an office.

It is small (64 bytes a client), read and written whole, and sealed under the shred key: destroying that key is what
erases. The functions here change a keystore in memory; when it becomes durable is the storage floor's affair.
"""

from __future__ import annotations

import hmac
from collections.abc import Container
from dataclasses import dataclass, field, replace

from vault.crypto import codec
from vault.crypto.directory import ADMIN, AUDIT, Compartment, Directory, Signed, signed
from vault.crypto.directory import decode as decode_directory
from vault.crypto.envelope import ID_BYTES, Context, expand, open_sealed, seal
from vault.crypto.envelope import key_id as id_of
from vault.crypto.keys import (
    Ring,
    grant,
    new_id,
    new_key,
    open_grant,
    open_ring,
    seal_ring,
    sign,
    signing_public,
    verify,
)
from vault.crypto.unlock import (
    Bundle,
    Cost,
    SlotPlace,
    open_slot,
    passkey_place,
    passkey_stretched,
    seal_slot,
    secret_hash,
)
from vault.errors import Malformed, Untrusted, WrongCredential

# The office's own private keys: by name, the kind of system compartment that holds them and the owner id of their folder.
SECRETS = {"signing": (ADMIN, b"kura signing key"), "audit": (AUDIT, b"kura audit key\x00\x00")}
VOUCH_BYTES = 32


STATEMENT = "signing key"


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

    def without_pending_codes(self, gone: Container[bytes]) -> Device:
        return replace(self, pending={p: c for p, c in self.pending.items() if c not in gone})


@dataclass(frozen=True)
class Code:
    """A code on paper for one person; `expires` in seconds since 1970, 0 for no date.

    `initial`: it stands on a login sheet, beside a password that has to be changed when it is first used.
    """

    secret_hash: bytes
    person: bytes
    expires: int = 0
    initial: bool = False

    def expired(self, now: int) -> bool:
        return bool(self.expires) and self.expires <= now


@dataclass(frozen=True)
class Stretch:
    """How a person's password is stretched, and when it was set (seconds since 1970; 0: before that was noted)."""

    salt: bytes
    cost: Cost
    made: int = 0


@dataclass(frozen=True)
class Passkey:
    """A person's passkey on one device: what verifies it, and, where it has PRF, a slot that its output opens.

    `public` is 32 bytes that vouch for the entry and then the credential's public key (COSE); `count` its signature
    counter, `made` seconds since 1970. Who edits the disk can seal a keystore with a public key of his own: only the
    person's private key can vouch for one.
    """

    device: bytes
    public: bytes
    count: int
    made: int
    slot: bytes = b""

    @property
    def cose(self) -> bytes:
        return self.public[VOUCH_BYTES:]

    def vouched(self, private: bytes, office: bytes, person: bytes, credential: bytes) -> Passkey:
        """The entry with what vouches for it, made with its person's private key."""
        return replace(self, public=self._vouch(private, office, person, credential) + self.cose)

    def is_vouched(self, private: bytes, office: bytes, person: bytes, credential: bytes) -> bool:
        """Whether this very entry was written by who holds the person's private key."""
        return hmac.compare_digest(self.public[:VOUCH_BYTES], self._vouch(private, office, person, credential))

    def _vouch(self, private: bytes, office: bytes, person: bytes, credential: bytes) -> bytes:
        told = codec.encode([office, person, credential, self.device, self.cose, self.count, self.made, self.slot])
        return expand(private, b"kura passkey entry" + told, VOUCH_BYTES)


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
    passkeys: dict[bytes, dict[bytes, Passkey]] = field(default_factory=dict)
    mark: tuple[int, bytes] = (0, b"")

    # --- looking up

    def place(self, person: bytes, holder: bytes) -> SlotPlace:
        """Where a person's slot for a holder stands; raises WrongCredential when there is none."""
        known = self.stretches.get(person)
        if known is None or holder not in self.slots.get(person, {}):
            raise WrongCredential("wrong-credential")
        return SlotPlace(self.office, person, holder, known.salt, known.cost)

    def open_slot(self, person: bytes, holder: bytes, stretched: bytes, secret: bytes) -> Bundle:
        """The bundle in a person's slot; raises WrongCredential.

        Secrets of holders that were taken from him are left out: a new password must not bring a lost device back.
        """
        bundle = open_slot(stretched, secret, self.place(person, holder), self.slots[person][holder])
        return replace(bundle, secrets={h: s for h, s in bundle.secrets.items() if h in self.slots[person]})

    def open_passkey(self, person: bytes, credential: bytes, output: bytes, secret: bytes) -> Bundle:
        """What the slot of a passkey holds, opened by its PRF output (32 bytes); raises WrongCredential.

        It knows of no other device or code of the person: slots are written from a bundle that the password opened.
        """
        held = self.passkeys.get(person, {}).get(credential)
        if held is None or not held.slot:
            raise WrongCredential("passkey-refused")
        place = passkey_place(self.office, person, credential)
        return open_slot(passkey_stretched(output, place), secret, place, held.slot)

    def trusted(self, pinned: bytes) -> Directory:
        """The directory, verified under the pinned key or the one that has come after it; raises Untrusted."""
        return self.directory.trusted(self.heir(pinned), self.office)

    def heir(self, pinned: bytes) -> bytes:
        """The signing key that the pinned one has announced, step by step, in its own signed statements.

        Raises Untrusted for two different words of one key: whoever once knew it may have made one of them.
        """
        announced = list(filter(None, map(_statement, self.statements)))
        known = {pinned}
        while following := [(new, signature) for old, new, signature in announced if old == pinned]:
            (new, signature), *others = following
            if others or new in known:
                raise Untrusted("untrusted", what="statement")
            verify(pinned, STATEMENT, self.office + pinned + new, signature)
            pinned = new
            known.add(new)
        return pinned

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

    def grants_there(self, directory: Directory) -> tuple[int, int]:
        """(how many of the grants that ought to be there are, how many ought to be)."""
        wanted = sum(len(directory.receivers(compartment)) for compartment in directory.compartments)
        return wanted - len(self.missing_grants(directory)), wanted

    def initial_code_of(self, person: bytes) -> Code | None:
        """The code of a login sheet that this person has not used yet."""
        return next((c for c in self.codes.values() if c.person == person and c.initial), None)

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

    def earlier_signing(self) -> list[bytes]:
        """Public keys with which the office signed before, as its statements name them: to be believed by fingerprint."""
        return [found[0] for found in map(_statement, self.statements) if found]

    def with_statement(self, old: bytes, new: bytes) -> Keystore:
        """The office's old signing key announces the new one (both private)."""
        before, after = signing_public(old), signing_public(new)
        signature = sign(old, STATEMENT, self.office + before + after)
        return replace(self, statements=(*self.statements, codec.encode([before, after, signature])))

    def with_passkey(self, person: bytes, credential: bytes, passkey: Passkey, private: bytes) -> Keystore:
        """A passkey added, or its entry written anew; `private` is its person's private key."""
        entry = passkey.vouched(private, self.office, person, credential)
        held = {**self.passkeys.get(person, {}), credential: entry}
        return replace(self, passkeys={**self.passkeys, person: held})

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

    def with_epoch(self, before: Directory, after: Directory, compartment: bytes, old: bytes, new: bytes) -> Keystore:
        """A compartment in its next epoch: the ring sealed anew under the `new` key, grants only to those whom the
        directory `after` names. Done whenever somebody must no longer hold the `old` key."""
        ring = self.ring(before, compartment, old)
        return self.with_ring(after, compartment, new, ring).with_grants(after, compartment, new)

    def with_new_grants(self, directory: Directory, compartment: bytes, key: bytes) -> Keystore:
        """Grants of a compartment to those the directory wants to hold it and who have none of this key yet.

        Whatever else was written beside them goes.
        """
        entry, receivers = directory.compartments[compartment], directory.receivers(compartment)
        held = {r: g for r, g in self.grants.get(compartment, {}).items() if r in receivers}
        if entry.key_id != id_of(key):
            raise Untrusted("untrusted", what="grant")
        given = {
            receiver: grant(self.office, compartment, entry.epoch, receiver, public, key)
            for receiver, public in receivers.items()
            if held.get(receiver, b"")[:ID_BYTES] != entry.key_id
        }
        return replace(self, grants={**self.grants, compartment: {**held, **given}})

    # --- taking away

    def without_person(self, person: bytes) -> Keystore:
        """Without anything a person could open something with; devices that nobody else uses go too."""
        slots = {p: held for p, held in self.slots.items() if p != person}
        left = replace(
            self,
            stretches={p: s for p, s in self.stretches.items() if p != person},
            slots=slots,
            codes={i: c for i, c in self.codes.items() if c.person != person},
            passkeys={p: held for p, held in self.passkeys.items() if p != person},
            devices={i: d.without_pending(person) for i, d in self.devices.items()},
        )
        return left._without_unused_devices()

    def without_device(self, device: bytes, person: bytes | None = None) -> Keystore:
        """Without a device: everybody's slots and passkeys on it, or one person's; codes that registered it are used."""
        gone = {p for p in self.slots if person is None or p == person}
        pending = {c for p, c in self.devices[device].pending.items() if p in gone}
        slots = {
            p: {h: s for h, s in held.items() if p not in gone or (h != device and h not in pending)}
            for p, held in self.slots.items()
        }
        passkeys = {
            p: {i: k for i, k in held.items() if p not in gone or k.device != device}
            for p, held in self.passkeys.items()
        }
        entry = self.devices[device]
        kept = replace(entry, pending={p: c for p, c in entry.pending.items() if p not in gone})
        codes = {i: c for i, c in self.codes.items() if i not in pending}
        devices = {**self.devices, device: kept}
        if person is None:
            del devices[device]
        return replace(
            self, slots=slots, passkeys=passkeys, codes=codes, devices=devices
        )._without_unused_devices()

    def without_passkey(self, person: bytes, credential: bytes) -> Keystore:
        """Without one passkey of a person."""
        held = {i: k for i, k in self.passkeys.get(person, {}).items() if i != credential}
        return replace(self, passkeys={**self.passkeys, person: held})

    def without_codes(self, gone: Container[bytes]) -> Keystore:
        """Without some codes on paper and the slots that they open."""
        return replace(
            self,
            codes={i: c for i, c in self.codes.items() if i not in gone},
            devices={i: d.without_pending_codes(gone) for i, d in self.devices.items()},
            slots={p: {h: s for h, s in held.items() if h not in gone} for p, held in self.slots.items()},
        )

    def expired_codes(self, now: int) -> set[bytes]:
        """The codes whose day has passed."""
        return {i for i, c in self.codes.items() if c.expired(now)}

    def _without_unused_devices(self) -> Keystore:
        used = {holder for held in self.slots.values() for holder in held}
        return replace(self, devices={i: d for i, d in self.devices.items() if i in used})


def _statement(raw: bytes) -> tuple[bytes, bytes, bytes] | None:
    """(old public key, new one, signature); None for what is no statement, which says nothing."""
    try:
        old, new, signature = codec.shaped(codec.decode(raw), (bytes, bytes, bytes))
    except Malformed:
        return None
    return old, new, signature


def _secret_context(office: bytes, folder: bytes, owner: bytes) -> Context:
    return Context(office, "record", (folder, owner, 1))


def new_compartment(
    keystore: Keystore, directory: Directory, kind: str, signing: bytes
) -> tuple[Keystore, Directory, bytes, bytes]:
    """An empty compartment: returns (keystore, directory, compartment id, key)."""
    compartment, key = new_id(), new_key()
    changed = directory.with_compartment(compartment, Compartment(kind, 1, id_of(key)))
    made = keystore.with_ring(changed, compartment, key, Ring()).with_grants(changed, compartment, key)
    return made.with_directory(changed, signing), changed, compartment, key
