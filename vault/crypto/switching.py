"""From one signed directory to the next: who lost a compartment leaves it for a new epoch, who gained one gets a grant.

Nothing is switched unless it is whole: every receiver the new directory names has his grant, nobody else has one, and
every ring holds just what it held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vault.crypto.directory import Directory
from vault.crypto.envelope import key_id
from vault.crypto.keys import new_key
from vault.crypto.keystore import Keystore
from vault.errors import Damaged


def loses(before: Directory, after: Directory) -> list[bytes]:
    """The compartments whose key somebody must no longer hold: he left them, or his key pair is another now."""
    return [c for c in before.compartments if not before.receivers(c).items() <= after.receivers(c).items()]


def switch(
    keystore: Keystore, before: Directory, after: Directory, keys: Mapping[bytes, bytes], signing: bytes
) -> Keystore:
    """The keystore under the directory `after`, newly signed; `keys` has the key of every compartment of `before`.

    Raises SealBroken or Untrusted when a part cannot be opened and Damaged when the result would not be whole: then
    nothing has changed.
    """
    fresh = {c: new_key() for c in loses(before, after)}
    held = before.compartments
    renewed = {c: replace(held[c], epoch=held[c].epoch + 1, key_id=key_id(key)) for c, key in fresh.items()}
    after = replace(after, compartments={**after.compartments, **renewed})
    changed = keystore
    for compartment, key in keys.items():
        if compartment in fresh:
            ring = keystore.ring(before, compartment, key)
            changed = changed.with_ring(after, compartment, fresh[compartment], ring)
            changed = changed.with_grants(after, compartment, fresh[compartment])
        else:
            changed = changed.with_new_grants(after, compartment, key)
    changed = changed.with_directory(after, signing)
    check_switch(keystore, changed, before, after, keys, {**keys, **fresh})
    return changed


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
        if now != old.ring(before, compartment, key):
            raise Damaged("switch-incomplete", what="ring")
