"""What root makes on a host: folders with an owner and a mode, texts of the system, links that are switched in one step.

Root makes and writes names only in folders of its own: whoever owns a folder can put a link into it that points anywhere.
"""

from __future__ import annotations

import grp
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from vault.errors import Refused
from vault.storage import durable
from vault.storage.host.programs import run
from vault.storage.host.users import numbers


def folder(path: Path, mode: int, user: str = "", group: str = "") -> bool:
    """A folder with an owner (root where none is named) and a mode; says whether there was something to do.

    Raises Refused("place-foreign") where something else lies there, or a folder of somebody else with something in it.
    """
    made = not os.path.lexists(path)
    if made:
        passage(path.parent)
        path.mkdir(mode=0o700)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Refused("place-foreign", place=path) from error
    try:
        return _settle(handle, path, _owner(user, group), mode) or made
    finally:
        os.close(handle)


def passage(path: Path) -> None:
    """The folders above something, for everybody to pass whatever this process's mask is; those that are there stay as they
    are."""
    for place in reversed([path, *path.parents]):
        if not place.exists():
            place.mkdir(mode=0o755)
            place.chmod(0o755)


def _settle(handle: int, path: Path, owner: tuple[int, int], mode: int) -> bool:
    found = os.fstat(handle)
    if found.st_uid != owner[0] and os.listdir(handle):
        raise Refused("place-foreign", place=path)
    if (found.st_uid, found.st_gid) == owner and stat.S_IMODE(found.st_mode) == mode:
        return False
    os.fchown(handle, *owner)
    os.fchmod(handle, mode)  # after the owner: a change of that takes the group's bit away
    return True


def _owner(user: str, group: str) -> tuple[int, int]:
    uid, gid = (numbers(user) or (-1, -1)) if user else (os.geteuid(), os.getegid())
    if group:
        with suppress(KeyError):
            gid = grp.getgrnam(group).gr_gid
    return uid, gid


def text(path: Path, content: str, mode: int = 0o644) -> bool:
    """A text of root's, whole or not at all; says whether there was something to do."""
    raw = content.encode()
    with suppress(OSError):
        if path.read_bytes() == raw and stat.S_IMODE(path.lstat().st_mode) == mode:
            return False
    passage(path.parent)
    durable.write_whole(path, raw)
    path.chmod(mode)
    return True


def give(path: Path, mode: int, group: str) -> bool:
    """Let a user's own group read a file of root's; says whether there was something to do. For root's folders only."""
    owner = os.geteuid(), (numbers(group) or (0, os.getegid()))[1]
    found = path.lstat()
    if ((found.st_uid, found.st_gid), stat.S_IMODE(found.st_mode)) == (owner, mode):
        return False
    os.chown(path, *owner, follow_symlinks=False)
    path.chmod(mode)
    return True


def link(path: Path, target: Path) -> bool:
    """A link, switched in one step; says whether there was something to do."""
    if path.is_symlink() and path.readlink() == target:
        return False
    passage(path.parent)
    waiting = path.with_name(f".{path.name}.part")
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(target)
    waiting.replace(path)
    durable.sync_folder(path.parent)
    return True


def drop(path: Path) -> bool:
    """Remove a file, a link or a folder with all that is in it; says whether there was anything. No link is followed."""
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_dir():
        durable.remove(path)
        return True
    # By handles of folders, so that nobody turns it elsewhere meanwhile by a link; and however deep somebody has dug.
    run("rm", "--recursive", "--force", "--", path)
    durable.sync_folder(path.parent)
    return True


# --- what is left of somebody


def owned(folders: Iterable[Path], owner: tuple[int, int]) -> Iterator[Path]:
    """What below some folders belongs to a user or to a group."""
    for path in _below(folders):
        with suppress(OSError):
            found = path.lstat()
            if found.st_uid == owner[0] or found.st_gid == owner[1]:
                yield path


def named(folders: Iterable[Path], marks: Iterable[str], deep: bool = True) -> Iterator[Path]:
    """What below some folders, or only right in them, has one of the marks as its name, or as a whole word of it."""
    words = [_word(mark) for mark in marks]
    for path in _below(folders, deep):
        if any(word.search(path.name) for word in words):
            yield path


def telling(folders: Iterable[Path], mark: str) -> Iterator[Path]:
    """Texts below some folders in which a mark stands as a whole word."""
    word = _word(mark)
    for path in _below(folders):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink() and word.search(path.read_text("utf-8", "replace")):
                yield path


def _below(folders: Iterable[Path], deep: bool = True) -> Iterator[Path]:
    """No link is followed, and no call waits within another: folders of offices are as deep as whoever has them likes."""
    waiting = [str(folder) for folder in folders]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for each in found:
                yield Path(each.path)
                if deep and each.is_dir(follow_symlinks=False):
                    waiting.append(each.path)


def _word(mark: str) -> re.Pattern[str]:
    """A mark with nothing around it that could be of another one: neither `a-b` nor `b.a` is `a`, and `a.conf` is."""
    return re.compile(rf"(?<![A-Za-z0-9.-]){re.escape(mark)}(?![A-Za-z0-9-])")
