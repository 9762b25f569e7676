"""Sees what any process writes below some folders, however short the file lives, and looks for words in it.

The kernel tells of every file that is made or changed; each is opened at once and held, so that its content can still be
read when it has no name any more. What never had a name is looked for among the open files of the processes watched.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_MODIFY, _CLOSE_WRITE, _MOVED_TO, _CREATE = 0x2, 0x8, 0x80, 0x100
_MASK = _MODIFY | _CLOSE_WRITE | _MOVED_TO | _CREATE
_EVENT = struct.Struct("iIII")
_PIECE = 1 << 20


class Watch:
    """Everything written below the folders since it began. `deep` ones are watched with all that is made in them."""

    def __init__(self, deep: Iterable[Path], flat: Iterable[Path] = ()) -> None:
        self._inotify = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._inotify >= 0, os.strerror(ctypes.get_errno())
        self._folders: dict[int, tuple[Path, bool]] = {}
        self._held: dict[tuple[int, int], tuple[Path, int]] = {}
        self._over = threading.Event()
        for folder in deep:
            self._follow(folder)
        for folder in flat:
            if folder.is_dir():
                self._add(folder, deep=False)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _add(self, folder: Path, deep: bool) -> None:
        watch = _LIBC.inotify_add_watch(self._inotify, os.fsencode(folder), _MASK)
        if watch >= 0:
            self._folders[watch] = (folder, deep)

    def _follow(self, folder: Path) -> None:
        """The folder, what is in it and was made before it was watched, and every folder below."""
        self._add(folder, deep=True)
        with suppress(OSError):
            for path in list(folder.iterdir()):
                if path.is_dir() and not path.is_symlink():
                    self._follow(path)
                else:
                    self._hold(path)

    def _hold(self, path: Path) -> None:
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            found = os.fstat(handle)
            if (found.st_dev, found.st_ino) in self._held:
                os.close(handle)
            else:
                self._held[found.st_dev, found.st_ino] = (path, handle)

    def _listen(self) -> None:
        while not self._over.is_set():
            if select.select([self._inotify], [], [], 0.05)[0]:
                self._take(os.read(self._inotify, 1 << 16))

    def _take(self, told: bytes) -> None:
        at = 0
        while at < len(told):
            watch, mask, _, length = _EVENT.unpack_from(told, at)
            name = told[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
            at += _EVENT.size + length
            folder, deep = self._folders.get(watch, (None, False))
            if folder is None or not name:
                continue
            path = folder / os.fsdecode(name)
            if path.is_dir():
                if deep and mask & (_CREATE | _MOVED_TO):
                    self._follow(path)
            else:
                self._hold(path)

    def end(self) -> None:
        """Listen no more, once what was told until now is read."""
        if self._over.is_set():
            return
        self._over.set()
        self._thread.join()
        with suppress(BlockingIOError):
            while told := os.read(self._inotify, 1 << 16):
                self._take(told)

    @property
    def seen(self) -> set[Path]:
        """Every file that was there or came."""
        return {path for path, _ in self._held.values()}

    def having(self, words: Iterable[bytes]) -> set[Path]:
        """The files that hold, or held when they lost their name, one of the words."""
        wanted = tuple(words)
        return {path for path, handle in self._held.values() if _has(handle, wanted)}

    def close(self) -> None:
        """Let go of everything."""
        self.end()
        for _, handle in self._held.values():
            os.close(handle)
        os.close(self._inotify)


def _has(handle: int, words: tuple[bytes, ...]) -> bool:
    longest, at, before = max(map(len, words)), 0, b""
    while piece := os.pread(handle, _PIECE, at):
        if any(word in before + piece for word in words):
            return True
        at, before = at + len(piece), piece[-longest:]
    return False


@contextmanager
def watching(deep: Iterable[Path], flat: Iterable[Path] = ()) -> Iterator[Watch]:
    """A watch that has ended, and can still be asked, when this block has."""
    watch = Watch(deep, flat)
    try:
        yield watch
    finally:
        watch.close()


def family(pid: int) -> list[int]:
    """A process and all that come from it."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            parent = int((place / "stat").read_text("utf-8", "replace").rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(place.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def nameless(pids: Iterable[int]) -> set[str]:
    """What the processes hold open that lies on a disk without a name and is not empty; files in memory are none of it."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    place = os.readlink(handle)
                    gone = place.endswith(" (deleted)") and not place.startswith("/memfd:")
                    if gone and handle.stat().st_size:
                        found.add(place)
    return found


def most_memory(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) * 1024


def memory(pid: int) -> int:
    """The memory that it has now, in bytes."""
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.split("VmRSS:")[1].split()[0]) * 1024


def forget_most_memory(pid: int) -> None:
    """Count the most memory from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
