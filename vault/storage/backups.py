"""The folder of backups: each a folder of its own, the objects of all of them in one store beside them.

    <name>/kura.db, settings.toml, secret_key, keystore.<epoch>.<generation>, manifest
    objects/ab/ab12…      sealed objects, which never change: once, however many backups have them
    keystores/            the newest keystore alone, put there whenever a key went
    place                 says that this folder is this office's, so that an empty mount point is not taken for it
    kept.<name>           a backup that is not thinned out

A backup has its name only when everything in it is durable, and loses the name before anything in it goes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vault.domain.retention_of_backups import is_name, order_of
from vault.errors import Damaged, Malformed, Refused, Unwritable
from vault.storage import manifest
from vault.storage.durable import locked, make_folder, remove, sync_folder, write_whole, writing_to
from vault.storage.manifest import Held, Manifest
from vault.storage.objects import ObjectFiles

DATABASE, MANIFEST, PLACE = "kura.db", "manifest", "place"
_MAKING, _COPIES, _SCRATCH, _GOING = ".making-", ".copies-", ".scratch-", ".going-"


class BackupFolder:
    """One office's folder of backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = ObjectFiles(folder / "objects")

    @contextmanager
    def alone(self, seconds: float = 0.0) -> Iterator[None]:
        """One at a time over all processes, and what a killed one left is cleared away first.

        Raises Refused("backup-running") when another has not ended after `seconds`.
        """
        make_folder(self.folder)
        try:
            with locked(self.folder / "lock", seconds=seconds):
                self._clear_unfinished()
                yield
        except Unwritable as error:
            if error.code == "busy" and error.facts.get("place") == self.folder / "lock":
                raise Refused("backup-running") from error
            raise

    def _clear_unfinished(self) -> None:
        for path in [p for p in self.folder.iterdir() if p.name.startswith((_MAKING, _COPIES, _SCRATCH, _GOING))]:
            with writing_to(path):
                shutil.rmtree(path)

    # --- what is there

    def names(self) -> list[str]:
        """The names of all backups, oldest first."""
        try:
            found = [path.name for path in self.folder.iterdir() if is_name(path.name) and path.is_dir()]
        except OSError:
            return []
        return sorted(found, key=order_of)

    def path_of(self, name: str) -> Path:
        """Where a backup lies."""
        return self.folder / name

    def manifest_of(self, name: str) -> Manifest:
        """What a backup consists of; raises Damaged when that cannot be read."""
        try:
            return manifest.decode((self.path_of(name) / MANIFEST).read_bytes())
        except (OSError, Malformed) as error:
            raise Damaged("backup-damaged", name=name) from error

    def place(self) -> bytes | None:
        """The mark that says whose folder this is; None where there is none."""
        try:
            return (self.folder / PLACE).read_bytes()
        except OSError:
            return None

    def mark_place(self, mark: bytes) -> None:
        """Take the folder for one's own."""
        make_folder(self.folder)
        write_whole(self.folder / PLACE, mark)

    # --- making one

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A folder for what is not a backup yet; gone afterwards unless `finish` gave it its name."""
        with self._temporary(_MAKING) as folder:
            yield folder

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder to try things in, on the disk of the backups; gone afterwards."""
        with self._temporary(_SCRATCH) as folder:
            yield folder

    @contextmanager
    def _temporary(self, kind: str) -> Iterator[Path]:
        folder = self.folder / f"{kind}{os.getpid()}"
        make_folder(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def finish(self, folder: Path, written: Manifest) -> None:
        """Write the manifest, then give the folder its name. A half backup never looks whole."""
        write_whole(folder / MANIFEST, written.encode())
        with writing_to(self.folder):
            sync_folder(folder)
            os.replace(folder, self.path_of(written.name))
            sync_folder(self.folder)

    # --- objects

    def take_objects(self, source: ObjectFiles, wanted: Iterable[Held], tick: Callable[[int], None]) -> set[bytes]:
        """Link or copy objects that are not in the store yet, durable on return; the files that were not there.

        What cannot be linked is copied beside the store, made durable in one go, and named then: a thousand waits for
        the disk would take longer than the copying. `tick` is told how many have been looked at.
        """
        missing: set[bytes] = set()
        shelves: set[Path] = set()
        make_folder(self.store.folder)
        with self._temporary(_COPIES) as copies, writing_to(self.folder):
            copied: list[bytes] = []
            for number, each in enumerate(wanted, 1):
                tick(number)
                if not self.has(each):
                    done = self._take(source.path_of(each.file), each.file, copies, shelves)
                    copied += [each.file] if done == "copied" else []
                    missing |= {each.file} if done == "missing" else set()
            if copied:
                sync_disk(copies)
            for file in copied:
                os.replace(copies / file.hex(), self.store.path_of(file))
            for shelf in shelves:
                sync_folder(shelf)
            sync_folder(self.store.folder)
        return missing

    def has(self, each: Held) -> bool:
        """Whether the store has an object, as far as can be seen without reading it."""
        try:
            return self.store.path_of(each.file).stat().st_size == each.size
        except OSError:
            return False

    def _take(self, source: Path, file: bytes, copies: Path, shelves: set[Path]) -> str:
        target = self.store.path_of(file)
        if target.parent not in shelves:
            make_folder(target.parent)
            shelves.add(target.parent)
        with suppress(FileNotFoundError):
            target.unlink()  # of another size: not what was sealed
        try:
            return link_or_copy(source, target, copies / file.hex())
        except FileNotFoundError:
            return "missing"

    def drop_objects(self, files: Iterable[bytes]) -> None:
        """Take objects out of the store, so that the next backup takes them anew."""
        for file in files:
            self.store.remove(file)

    # --- what goes

    def drop(self, name: str) -> None:
        """Remove a backup; its objects go with `sweep`. It loses its name first."""
        going = self.folder / f"{_GOING}{name}"
        with writing_to(self.folder):
            os.replace(self.path_of(name), going)
            sync_folder(self.folder)
            shutil.rmtree(going)
        self.let_go(name)

    def sweep(self) -> int:
        """Remove the objects that no backup names any more; returns how many.

        None as long as a manifest cannot be read: nobody knows what that one would name.
        """
        known: set[bytes] = set()
        try:
            for name in self.names():
                known |= self.manifest_of(name).names()
        except Damaged:
            return 0
        gone = [file for file in self.store.names() if file not in known]
        with writing_to(self.store.folder):
            for file in gone:
                self.store.path_of(file).unlink(missing_ok=True)
        return len(gone)

    def keep(self, name: str) -> None:
        """Keep a backup from being thinned out."""
        write_whole(self.folder / f"kept.{name}", b"")

    def let_go(self, name: str) -> None:
        """Thin it out like any other."""
        remove(self.folder / f"kept.{name}")

    def kept(self) -> set[str]:
        """The names of backups that are not thinned out."""
        return {path.name.removeprefix("kept.") for path in self.folder.glob("kept.*")}


def link_or_copy(source: Path, target: Path, copy: Path) -> str:
    """Link a file that never changes to `target`, or, where that cannot be, copy it to `copy`: "linked", "copied".

    Raises FileNotFoundError when there is no such file.
    """
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, copy)
        copy.chmod(0o600)
        return "copied"
    return "linked"


def sync_disk(folder: Path) -> None:
    """Make everything on the file system of a folder durable; raises OSError when the disk did not take all of it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(handle)


def is_full(error: BaseException) -> bool:
    """Whether it was for want of room that something could not be written."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return True
        cause = cause.__cause__
    return False
