"""Writing so that a power cut leaves the state before or the state after, and nothing in between."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vault.errors import Unwritable


@contextmanager
def writing_to(place: Path) -> Iterator[None]:
    """Whatever the system refuses inside is Unwritable to those above."""
    try:
        yield
    except OSError as error:
        raise Unwritable("unwritable", place=place) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """A folder only its owner can enter, durable.

    Where everybody may make folders, as in /dev/shm, one that lies there already may be somebody else's, who could then
    exchange what we put into it: raises Unwritable.
    """
    with writing_to(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        foreign = _is_shared(folder.parent) and not _is_own(folder)
    if foreign:
        raise Unwritable("unwritable", place=folder)


def _is_shared(place: Path) -> bool:
    return bool(place.stat().st_mode & stat.S_IWOTH)


def _is_own(folder: Path) -> bool:
    """A folder of ours, into which nobody else writes, and no link to one."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all: temporary file, fsync, rename, fsync of the folder."""
    # A worker has several threads, and two of them may be at the same name.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Unwritable("unwritable", place=path.parent) from error


def remove(path: Path) -> None:
    """Unlink, durable; nothing to do when it is gone already."""
    with writing_to(path.parent):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        sync_folder(path.parent)


def destroy(path: Path) -> None:
    """Overwrite in place, fsync, unlink, fsync the folder: for key files, whose bytes must not stay."""
    with writing_to(path.parent):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            size = os.fstat(handle).st_size
            for filler in (os.urandom(size), bytes(size)):
                os.pwrite(handle, filler, 0)
                os.fsync(handle)
        finally:
            os.close(handle)
    remove(path)


@contextmanager
def locked(path: Path, exclusive: bool = True, seconds: float = 30.0) -> Iterator[int]:
    """Hold a `flock` on a file. The kernel frees it when the process dies, however it dies."""
    handle = open_lock(path)
    try:
        if not take_lock(handle, exclusive, seconds):
            raise Unwritable("busy", place=path)
        yield handle
    finally:
        os.close(handle)


def open_lock(path: Path) -> int:
    """A handle on a file that is there to be locked."""
    with writing_to(path.parent):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def take_lock(handle: int, exclusive: bool, seconds: float) -> bool:
    """Try for `seconds` to lock an open file; says whether it was got."""
    kind = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, kind)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.005)
