"""What a worker keeps opened for a short while: the keystore, the verified directory, rings.

Nothing here can be had without the key that opens it: a ring is found under the hash of its compartment key, so a
request that cannot open the grant cannot find the ring either, whatever a permission check said.

While something of an epoch is held, a shared lock on that epoch's lease file is held too; whoever ends the epoch
waits for it before the shred key is destroyed.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import suppress

from vault.crypto.directory import Directory, decode
from vault.crypto.envelope import COBBLESTONE_256, Context
from vault.crypto.keys import Ring
from vault.errors import KuraError
from vault.storage.durable import open_lock, take_lock
from vault.storage.keystore import KeystoreFiles, Stored

KEEP_SECONDS = 60.0
KEEP_LISTS = 64
# Record id to (kind, version, first 16 bytes of SHA-256 of the sealed row).
Entries = dict[bytes, tuple[str, int, bytes]]


def _list_name(key: bytes, context: Context, sealed: bytes) -> bytes:
    return hashlib.sha256(b"list" + key + context.encode(COBBLESTONE_256) + sealed).digest()


class Keyring:
    """The opened keystore of one process."""

    def __init__(self, files: KeystoreFiles) -> None:
        self._files = files
        self._guard = threading.RLock()
        self._process = os.getpid()
        self._last_rules: tuple[object, dict[str, int]] = (None, {})  # and the keystore that said so
        self._forget()

    def _forget(self) -> None:
        self._stored: Stored | None = None
        self._since = 0.0
        self._directories: dict[bytes, Directory] = {}
        self._compartment_keys: dict[bytes, bytes] = {}
        self._rings: dict[bytes, Ring] = {}
        self._lists: dict[bytes, Entries] = {}
        self._rules: dict[str, int] = {}
        self._lease: int | None = None

    def let_go(self) -> None:
        """Drop everything that is opened, and the lease."""
        with self._guard:
            lease = self._lease
            self._forget()
            if lease is not None:
                os.close(lease)

    def holds(self) -> bool:
        """Whether anything opened, and with it a lease, is held."""
        return self._stored is not None

    def let_go_if_due(self) -> None:
        """Drop what is older than a minute or of an ended epoch."""
        with self._guard:
            if self._stored is None:
                return
            newest = self._files.newest()
            if newest is None or newest[0] != self._stored.keystore.epoch or self._age() > KEEP_SECONDS:
                self.let_go()

    def _age(self) -> float:
        return time.monotonic() - self._since

    def stored(self) -> Stored:
        """The newest keystore; read again when another stands on the disk."""
        with self._guard:
            if self._process != os.getpid():  # after a fork the lease belongs to the parent
                self._process = os.getpid()
                self._forget()
            held = self._stored
            if held is not None and self._files.newest() == held.place and self._age() <= KEEP_SECONDS:
                return held
            return self._read()

    def _read(self) -> Stored:
        for _ in range(5):
            self.let_go()
            stored = self._files.read()
            lease = open_lock(self._files.lease_path(stored.keystore.epoch))
            newest = self._files.newest()
            if take_lock(lease, exclusive=False, seconds=0) and newest and newest[0] == stored.keystore.epoch:
                self._stored, self._since, self._lease = stored, time.monotonic(), lease
                self._rules = decode(stored.keystore.directory.document).rules
                return stored
            os.close(lease)  # the epoch is just being ended: read the next one
        return stored

    def directory(self, stored: Stored, pinned: bytes) -> Directory:
        """The directory of a keystore, verified under a pinned key; raises Untrusted."""
        name = pinned + stored.digest
        with self._guard:
            known = self._directories.get(name)
            if known is None:
                known = self._directories[name] = stored.keystore.trusted(pinned)
            return known

    def compartment_key(
        self, stored: Stored, directory: Directory, compartment: bytes, person: bytes, private: bytes
    ) -> bytes:
        """A compartment's key out of a person's grant, for whoever has his private key; raises Untrusted.

        Like the rings that it opens it is found under a hash of what is needed to open it, and of what vouches for it.
        """
        name = hashlib.sha256(b"grant" + private + person + compartment + stored.digest).digest()
        with self._guard:
            known = self._compartment_keys.get(name)
            if known is None:
                known = stored.keystore.compartment_key(directory, compartment, person, private)
                self._compartment_keys[name] = known
            return known

    def ring(self, stored: Stored, directory: Directory, compartment: bytes, key: bytes) -> Ring:
        """The opened ring of a compartment, for whoever has its key."""
        counter = stored.keystore.rings[compartment].counter
        fields = b"ring" + compartment + key + counter.to_bytes(8, "big") + stored.digest
        name = hashlib.sha256(fields).digest()
        with self._guard:
            known = self._rings.get(name)
            if known is None:
                known = stored.keystore.ring(directory, compartment, key)
                self._rings[name] = known
            return known

    def list_of(self, key: bytes, context: Context, sealed: bytes) -> Entries | None:
        """A contents list that was opened lately: found by all that opening it asks for, key, context and bytes."""
        with self._guard:
            return self._lists.get(_list_name(key, context, sealed))

    def keep_list(self, key: bytes, context: Context, sealed: bytes, entries: Entries) -> None:
        """Keep what is in a contents list; only few, and ids and hashes only."""
        with self._guard:
            if self._stored is None:
                return  # let go of meanwhile
            if len(self._lists) >= KEEP_LISTS:
                del self._lists[next(iter(self._lists))]
            self._lists[_list_name(key, context, sealed)] = dict(entries)

    def known_rule(self, name: str, otherwise: int) -> int:
        """The same for the keeper, who must not keep the keystore open by asking: it is opened only where another stands
        there than the last time. Before that a worker would lock by a rule that the office has changed, or never had."""
        with self._guard:
            if self._files.newest() != self._last_rules[0]:
                with suppress(KuraError, OSError):
                    found = self.stored()
                    if found is self._stored:  # else its epoch is being ended: the next look reads the one after
                        self._last_rules = (found.place, self._rules)
            return self._last_rules[1].get(name, otherwise)

    def rule(self, name: str, otherwise: int) -> int:
        """One of the directory's clear rules, for work that has no session and believes nothing else of it."""
        with self._guard:
            try:
                if self._stored is None:
                    self.stored()
            except KuraError:
                return otherwise
            return self._rules.get(name, otherwise)
