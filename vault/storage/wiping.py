"""Taking everything away: whole folders, and only what is Kura's in folders that others may use too; then looking whether
anything is left."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from vault.domain.retention_of_backups import is_name
from vault.storage.durable import destroy, remove, sync_folder, writing_to

PIECE = 1024 * 1024
_RUN = re.compile(r"kura-[0-9]+-[0-9a-f]+")
_REPLICA = re.compile(r"(keystore|shred|lease)\.[0-9.]+|lock|head|\..+\.part")
_BACKUPS = re.compile(r"objects|keystores|place|lock|kept\..+|\.(making|copies|scratch|going)-.+|\..+\.part")


def runs_of(run: Path) -> list[Path]:
    """The instance's folders on tmpfs: the one of this process, and those of other users, whose names differ only in
    the user: a server is seldom run by who ends it."""
    found = {run}
    if _RUN.fullmatch(run.name):
        pattern = f"kura-*-{run.name.rpartition('-')[2]}"
        for base, below in ((run.parent, pattern), (Path("/dev/shm"), pattern), (Path("/run"), f"*/{pattern}")):
            with suppress(OSError):
                found.update(base.glob(below))
    return sorted(found)


def holders(folders: Iterable[Path]) -> list[int]:
    """The ids of other processes that have a file below these folders open, as far as the system lets us see them."""
    below = tuple(os.path.realpath(folder) + "/" for folder in folders)
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid() and _holds(Path("/proc") / entry / "fd", below):
            found.append(int(entry))
    return sorted(found)


def _holds(handles: Path, below: tuple[str, ...]) -> bool:
    with suppress(OSError):  # another user's, or gone meanwhile
        for handle in os.listdir(handles):
            with suppress(OSError):
                if os.readlink(handles / handle).startswith(below):
                    return True
    return False


def size_of(folder: Path) -> tuple[int, int]:
    """(files, bytes) below a folder; a file with two names counts once. Nothing where there is no folder."""
    known: dict[tuple[int, int], int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found = os.lstat(os.path.join(place, name))
                known[found.st_dev, found.st_ino] = found.st_size
    return len(known), sum(known.values())


# --- what is Kura's


def of_replica(folder: Path) -> list[Path]:
    """What Kura has put into a replica of the keystore; empty where the folder is away."""
    return _ours(folder, lambda name: _REPLICA.fullmatch(name) is not None)


def of_backups(folder: Path) -> list[Path]:
    """What Kura has put into a folder of backups; empty where the folder is away."""
    return _ours(folder, lambda name: is_name(name) or _BACKUPS.fullmatch(name) is not None)


def _ours(folder: Path, mine: Callable[[str], bool]) -> list[Path]:
    try:
        return sorted(folder / name for name in os.listdir(folder) if mine(name))
    except OSError:
        return []


# --- taking away


def wipe_keys(folder: Path) -> None:
    """Destroy a replica's shred keys, finished or not: overwritten, synced, unlinked."""
    for path in of_replica(folder):
        if path.name.startswith(("shred.", ".shred.")):
            destroy(path)


def wipe(paths: Iterable[Path]) -> None:
    """Remove files and whole folders, durable on return; links are removed and not followed."""
    places = set()
    for path in paths:
        with writing_to(path.parent):
            if path.is_dir() and not path.is_symlink():
                _wipe_folder(path)
            else:
                with suppress(FileNotFoundError):
                    os.unlink(path)
            if not os.path.lexists(path):  # what stays there, empty, may stand in a folder that is not ours to read
                places.add(path.parent)
    for place in places:
        with writing_to(place):
            sync_folder(place)


def _wipe_folder(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            _wipe_folder(path)
        else:
            os.unlink(path)
    sync_folder(folder)
    _drop_empty(folder)


def _drop_empty(folder: Path) -> None:
    try:
        os.rmdir(folder)
    except OSError as error:
        # A mount point stays, empty; so does what the operator made for the office among the folders of others.
        if error.errno not in (errno.EBUSY, errno.EACCES, errno.EPERM):
            raise


def drop_empty(folder: Path) -> None:
    """Remove a folder that may be empty by now; one that is not, or is away, stays as it is."""
    with suppress(OSError):
        os.rmdir(folder)
        sync_folder(folder.parent)


def empty_but(folder: Path, kept: Collection[str]) -> list[Path]:
    """What lies in a folder, but for some names."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if name not in kept)
    except FileNotFoundError:
        return []


def holds_anything(place: Path) -> bool:
    """Whether something lies at or in a place; an empty folder is nothing."""
    try:
        return bool(os.listdir(place))
    except NotADirectoryError:
        return True
    except FileNotFoundError:
        return False


def drop_file(path: Path, secret: bool = False) -> None:
    """Remove one file; a secret one is overwritten before."""
    if path.parent.is_dir():
        (destroy if secret else remove)(path)


# --- looking whether anything is left


def search(folder: Path, needles: tuple[bytes, ...], but: Collection[Path]) -> Iterator[Path]:
    """The files below a folder, on the same file system, that have one of these bytes in them; those named in `but`
    and what cannot be read are left out."""
    device = folder.stat().st_dev
    known = {os.path.realpath(path) for path in but}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _device(os.path.join(place, name)) == device)
        for name in sorted(names):
            path = os.path.join(place, name)
            if path not in known and os.path.isfile(path) and not os.path.islink(path) and _has(path, needles):
                yield Path(path)


def _device(path: str) -> int:
    try:
        return os.lstat(path).st_dev
    except OSError:
        return -1


def _has(path: str, needles: tuple[bytes, ...]) -> bool:
    overlap = max(map(len, needles)) - 1
    try:
        with open(path, "rb") as file:
            tail = b""
            while piece := file.read(PIECE):
                whole = tail + piece
                if any(needle in whole for needle in needles):
                    return True
                tail = whole[-overlap:]
    except OSError:
        return False
    return False
