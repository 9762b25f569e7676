"""What somebody with the disk can do: he has the shred key, so he can open the keystore and seal one of his own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.support.offices import Office
from vault.crypto.directory import Directory, Signed, decode
from vault.crypto.keystore import Keystore
from vault.crypto.keystore_form import open_keystore, seal_keystore, shred_key_of
from vault.storage.keystore import SHRED_BYTES

Change = Callable[[Keystore], Keystore]


def stolen_keystore(office: Office) -> tuple[Keystore, bytes]:
    """The keystore and its shred key, read from the files alone."""
    replica = office.settings.replicas[0]
    epoch, generation = max(tuple(map(int, p.name.split(".")[1:])) for p in replica.glob("keystore.*"))
    raw = (replica / f"shred.{epoch}").read_bytes()
    assert len(raw) == SHRED_BYTES
    sealed = (replica / f"keystore.{epoch}.{generation}").read_bytes()
    key = shred_key_of(raw)
    return open_keystore(key, sealed, office.settings.office, epoch, generation), key


def forge(office: Office, change: Change) -> Keystore:
    """Put an edited keystore on both replicas as the next generation, sealed with the real shred key."""
    keystore, key = stolen_keystore(office)
    forged = replace(change(keystore), epoch=keystore.epoch, generation=keystore.generation + 1)
    sealed = seal_keystore(key, forged)
    for replica in office.settings.replicas:
        (replica / f"keystore.{forged.epoch}.{forged.generation}").write_bytes(sealed)
    return forged


def edited_directory(change: Callable[[Directory], Directory], signature: bytes | None = None) -> Change:
    """Edit the directory inside the keystore; the signature stays, or is another."""

    def edit(keystore: Keystore) -> Keystore:
        document = change(decode(keystore.directory.document)).encode()
        return replace(keystore, directory=Signed(document, signature or keystore.directory.signature))

    return edit
