"""The keystore's files and the shred key's: `keystore.<epoch>.<generation>` and `shred.<epoch>` on every replica.

What counts is the highest (epoch, generation) that stands under its final name on any replica. A change becomes true
with the first rename, whatever happens after; what a kill left undone on the other replica, or of an older epoch,
the next writer finishes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vault.crypto.keystore import Keystore
from vault.crypto.keystore_form import digest, open_keystore, seal_keystore, shred_key_of
from vault.errors import Damaged, KuraError, Unwritable
from vault.storage.durable import destroy, locked, make_folder, open_lock, remove, take_lock, write_whole

SHRED_BYTES = 64 * 1024
LEASE_SECONDS = 90.0
_NAME = re.compile(r"keystore\.(\d+)\.(\d+)\Z")


@dataclass(frozen=True)
class Stored:
    """A keystore as read, with the SHA-256 of its sealed bytes."""

    keystore: Keystore
    digest: bytes

    @property
    def place(self) -> tuple[int, int]:
        return self.keystore.epoch, self.keystore.generation


class KeystoreFiles:
    """The keystore on its replicas. One writer at a time, over all processes."""

    def __init__(self, replicas: tuple[Path, ...], office: bytes) -> None:
        self.replicas = replicas
        self.office = office

    # --- reading

    def newest(self) -> tuple[int, int] | None:
        """(epoch, generation) of the newest keystore on any replica; None before the beginning."""
        return max(self._names(), default=None)

    def _names(self) -> Iterator[tuple[int, int]]:
        for replica in self.replicas:
            yield from self._names_on(replica)

    @staticmethod
    def _names_on(replica: Path) -> Iterator[tuple[int, int]]:
        try:
            names = os.listdir(replica)
        except OSError:
            return  # a replica that is away is owed, not missed
        for name in names:
            found = _NAME.match(name)
            if found:
                yield int(found[1]), int(found[2])

    def read(self) -> Stored:
        """The newest keystore; raises Damaged when no replica's copy of it opens."""
        place = None
        for _ in range(3):
            place = self.newest()
            if place is None:
                raise Damaged("keystore-missing")
            for replica in self.replicas:
                stored = self._read_copy(replica, place)
                if stored is not None:
                    return stored
            if self.newest() == place:  # else a writer went on in between
                break
        raise Damaged("keystore-broken", place=place)

    def _read_copy(self, replica: Path, place: tuple[int, int]) -> Stored | None:
        epoch, generation = place
        try:
            sealed = (replica / f"keystore.{epoch}.{generation}").read_bytes()
            keystore = open_keystore(self._shred_key(epoch), sealed, self.office, epoch, generation)
        except (OSError, KuraError):
            return None
        return Stored(keystore, digest(sealed))

    def _shred_key(self, epoch: int) -> bytes:
        for replica in self.replicas:
            try:
                raw = (replica / f"shred.{epoch}").read_bytes()
            except OSError:
                continue
            if len(raw) == SHRED_BYTES:
                return shred_key_of(raw)
        raise Damaged("shred-key-missing", epoch=epoch)

    def owed(self) -> list[Path]:
        """Replicas that lack the newest keystore or its shred key."""
        place = self.newest()
        if place is None:
            return []
        return [r for r in self.replicas if place not in set(self._names_on(r)) or not self._shred_on(r, place[0])]

    @staticmethod
    def _shred_on(replica: Path, epoch: int) -> bool:
        path = replica / f"shred.{epoch}"
        return path.exists() and path.stat().st_size == SHRED_BYTES

    # --- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The right to write, alone over all processes."""
        for replica in self.replicas:
            with self._or_owed(replica):
                make_folder(replica)
        with locked(self.replicas[0] / "lock"):
            self._clear_unfinished()
            yield

    @contextmanager
    def _or_owed(self, replica: Path) -> Iterator[None]:
        """What another replica than the first does not take, being away, it owes until `finish`."""
        try:
            yield
        except Unwritable:
            if replica == self.replicas[0]:
                raise

    def _clear_unfinished(self) -> None:
        """Destroy what a writer that was killed had begun: half a shred key is a whole one that nobody would erase."""
        for replica in self.replicas:
            for path in list(replica.glob(".*.part")):
                with self._or_owed(replica):
                    destroy(path)

    def add(self, change: Callable[[Keystore], Keystore]) -> Stored:
        """Apply a change that only adds: a new generation of the same epoch. Durable when it returns."""
        with self.writing():
            now = self.read().keystore
            return self._put(replace(change(now), epoch=now.epoch, generation=now.generation + 1))

    def begin(self, keystore: Keystore) -> Stored:
        """The first keystore, under a first shred key; whatever an interrupted beginning left is destroyed.

        To be called inside `writing()`, which the caller keeps until the rows of the beginning have committed.
        """
        # Not 1 again: a worker may still hold the keystore of an interrupted beginning under that number.
        epoch = (self.newest() or (0, 0))[0] + 1
        self._destroy_all()
        self._make_shred_key(epoch)
        return self._put(replace(keystore, epoch=epoch, generation=1))

    def take_away(self, change: Callable[[Keystore], Keystore]) -> Stored:
        """Apply a change that takes something away: a new epoch under a new shred key.

        When it returns the old shred key is destroyed on every replica, so no copy of an earlier keystore opens.
        """
        with self.writing():
            now = self.read().keystore
            epoch = now.epoch + 1
            self._make_shred_key(epoch)
            stored = self._put(replace(change(now), epoch=epoch, generation=1))
            self._end_epochs_before(epoch)
            return stored

    def rise_to(self, epoch: int, generation: int) -> None:
        """After an older keystore was put back and confirmed: go on above the highest place ever noted."""
        with self.writing():
            now = self.read().keystore
            if epoch > now.epoch:
                self._make_shred_key(epoch + 1)
                self._put(replace(now, epoch=epoch + 1, generation=1))
                self._end_epochs_before(epoch + 1)
            elif epoch == now.epoch and generation > now.generation:
                self._put(replace(now, generation=generation + 1))

    def finish(self) -> None:
        """Finish what a kill left undone: owed copies written, older epochs ended."""
        with self.writing():
            stored = self.read()
            epoch = stored.keystore.epoch
            if self.owed():
                self._copy_shred_key(epoch)
                self._write_copies(stored.place, self._sealed_bytes(stored))
            self._end_epochs_before(epoch)
            self._drop_unborn(epoch)

    def _sealed_bytes(self, stored: Stored) -> bytes:
        """The very bytes of a keystore: sealed anew they would not be what the journal has noted."""
        epoch, generation = stored.place
        for replica in self.replicas:
            with suppress(OSError):
                sealed = (replica / f"keystore.{epoch}.{generation}").read_bytes()
                if digest(sealed) == stored.digest:
                    return sealed
        raise Damaged("keystore-broken", place=stored.place)

    def _drop_unborn(self, epoch: int) -> None:
        """The key of an epoch that was begun and never came to be, and files that were never given their name."""
        for replica in self.replicas:
            with self._or_owed(replica):
                for path in replica.glob("shred.*"):
                    if path.suffix[1:].isdigit() and int(path.suffix[1:]) > epoch:
                        destroy(path)
                for path in list(replica.glob(".*.part")):
                    remove(path)

    def _make_shred_key(self, epoch: int) -> None:
        raw = os.urandom(SHRED_BYTES)
        written = []
        for replica in self.replicas:
            with self._or_owed(replica):
                destroy(replica / f"shred.{epoch}")  # of an epoch that was begun and never came to be
                write_whole(replica / f"shred.{epoch}", raw)
                written.append(replica)
        if any((r / f"shred.{epoch}").read_bytes() != raw for r in written):
            raise Unwritable("unwritable", place=self.replicas[0])

    def _copy_shred_key(self, epoch: int) -> None:
        whole = next(r for r in self.replicas if self._shred_on(r, epoch))
        for replica in self.replicas:
            if not self._shred_on(replica, epoch):
                with self._or_owed(replica):
                    write_whole(replica / f"shred.{epoch}", (whole / f"shred.{epoch}").read_bytes())

    def _put(self, keystore: Keystore) -> Stored:
        sealed = seal_keystore(self._shred_key(keystore.epoch), keystore)
        place = (keystore.epoch, keystore.generation)
        self._write_copies(place, sealed)
        stored = self.read()
        if stored.place != place or stored.digest != digest(sealed):
            raise Damaged("keystore-broken", place=place)
        self._drop_generations(place)
        return stored

    def _write_copies(self, place: tuple[int, int], sealed: bytes) -> None:
        name = f"keystore.{place[0]}.{place[1]}"
        write_whole(self.replicas[0] / name, sealed)
        for replica in self.replicas[1:]:
            # The change is true already; a copy that cannot be written now is owed until `finish`.
            with suppress(Unwritable):
                write_whole(replica / name, sealed)

    def _drop_generations(self, place: tuple[int, int]) -> None:
        for replica in self.replicas:
            for epoch, generation in list(self._names_on(replica)):
                if epoch == place[0] and generation < place[1] - 1:
                    with self._or_owed(replica):
                        remove(replica / f"keystore.{epoch}.{generation}")

    # --- ending epochs

    def lease_path(self, epoch: int) -> Path:
        """The file on which every worker that holds something opened of an epoch keeps a shared lock."""
        return self.replicas[0] / f"lease.{epoch}"

    def _end_epochs_before(self, epoch: int) -> None:
        """Wait until every worker has let go of older epochs, then destroy their shred keys: the moment of erasure."""
        for old in sorted(self._epochs_before(epoch)):
            lease = self.lease_path(old)
            handle = open_lock(lease)
            try:
                take_lock(handle, exclusive=True, seconds=LEASE_SECONDS)
                for replica in self.replicas:
                    with self._or_owed(replica):
                        self._end_on(replica, old)
            finally:
                os.close(handle)
            remove(lease)

    def _end_on(self, replica: Path, old: int) -> None:
        destroy(replica / f"shred.{old}")
        for epoch, generation in list(self._names_on(replica)):
            if epoch == old:
                remove(replica / f"keystore.{old}.{generation}")

    def _epochs_before(self, epoch: int) -> set[int]:
        found = {e for e, _ in self._names()}
        for replica in self.replicas:
            found |= {int(p.name.rsplit(".", 1)[1]) for p in replica.glob("shred.*") if p.suffix[1:].isdigit()}
        return {e for e in found if e < epoch}

    def _destroy_all(self) -> None:
        for replica in self.replicas:
            for path in list(replica.glob("shred.*")):
                destroy(path)
            for path in [*replica.glob("keystore.*"), *replica.glob("lease.*")]:
                remove(path)
