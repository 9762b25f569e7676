"""From one signed directory to the next: who lost a compartment leaves it for a new epoch, who gained one gets a grant.

Nothing is switched unless it is whole: every receiver the new directory names has his grant, nobody else has one, and
every ring holds just what it held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vault.crypto.directory import ADMIN, AUDIT, Directory
from vault.crypto.envelope import key_id
from vault.crypto.keys import (
    Ring,
    new_id,
    new_key,
    new_private_key,
    new_signing_key,
    public_key,
    signing_public,
)
from vault.crypto.keystore import SECRETS, Keystore
from vault.errors import Damaged


def loses(before: Directory, after: Directory) -> list[bytes]:
    """The compartments whose key somebody must no longer hold: he left them, or his key pair is another now."""
    return [c for c in before.compartments if not before.receivers(c).items() <= after.receivers(c).items()]


def switch(
    keystore: Keystore, before: Directory, after: Directory, keys: Mapping[bytes, bytes], signing: bytes
) -> Keystore:
    """The keystore under the directory `after`, newly signed; `keys` has the key of every compartment of `before`.

    Whoever loses the administrators' or the auditors' compartment has known the office's signing key or audit key:
    those are made anew too, and the old signing key's last word announces the new one.

    Raises SealBroken or Untrusted when a part cannot be opened and Damaged when the result would not be whole: then
    nothing has changed.
    """
    fresh = {c: new_key() for c in loses(before, after)}
    for compartment, key in fresh.items():
        after = after.in_next_epoch(compartment, key_id(key))
    changed, after, signing = _office_keys(keystore, before, after, {c: keys[c] for c in fresh}, signing)
    for compartment, key in keys.items():
        if compartment in fresh:
            changed = changed.with_epoch(before, after, compartment, key, fresh[compartment])
        else:
            changed = changed.with_new_grants(after, compartment, key)
    changed = changed.with_directory(after, signing)
    check_switch(keystore, changed, before, after, keys, {**keys, **fresh})
    return changed


def _office_keys(
    keystore: Keystore, before: Directory, after: Directory, lost: Mapping[bytes, bytes], signing: bytes
) -> tuple[Keystore, Directory, bytes]:
    """The office's private keys made anew where somebody has lost the compartment that holds them.

    Returns (keystore, directory, signing key). The folder they lie in is another too: its key was known as well.
    """
    if before.system(ADMIN) in lost:
        made = new_signing_key()
        keystore = _kept(keystore, before, "signing", lost[before.system(ADMIN)], made).with_statement(signing, made)
        after, signing = replace(after, signing_public=signing_public(made)), made
    if before.system(AUDIT) in lost:
        private, key = new_private_key(), lost[before.system(AUDIT)]
        earlier = keystore.secret(before, "audit", key)  # what was sealed to it so far is still to be read
        keystore = _kept(keystore, before, "audit", key, private + earlier)
        after = replace(after, audit_public=public_key(private))
    return keystore, after, signing


def _kept(keystore: Keystore, before: Directory, name: str, key: bytes, secret: bytes) -> Keystore:
    """One of the office's private keys in a new folder of the compartment that holds it."""
    kind, owner = SECRETS[name]
    compartment, folder = before.system(kind), (new_id(), new_key())
    ring = keystore.ring(before, compartment, key).without(owner).with_folder(owner, *folder)
    return keystore.with_ring(before, compartment, key, ring).with_secret(name, secret, folder)


def check_switch(
    old: Keystore, new: Keystore, before: Directory, after: Directory,
    old_keys: Mapping[bytes, bytes], new_keys: Mapping[bytes, bytes],
) -> None:  # fmt: skip
    """Raises Damaged unless every grant is there and none beside them, and no ring has lost or won a folder."""
    if new.missing_grants(after):
        raise Damaged("switch-incomplete", what="grants")
    for compartment in after.compartments:
        if set(new.grants[compartment]) != set(after.receivers(compartment)):
            raise Damaged("switch-incomplete", what="grants")
    for compartment, key in old_keys.items():
        if new.rings[compartment] is old.rings[compartment]:
            continue
        now = new.ring(after, compartment, new_keys[compartment])
        if _of_people(now) != _of_people(old.ring(before, compartment, key)):
            raise Damaged("switch-incomplete", what="ring")
    for name, (kind, _) in SECRETS.items():
        new.secret(after, name, new_keys[after.system(kind)])


def _of_people(ring: Ring) -> Ring:
    """A ring less the folders of the office's own keys, which may be other ones."""
    for _, owner in SECRETS.values():
        ring = ring.without(owner)
    return ring
