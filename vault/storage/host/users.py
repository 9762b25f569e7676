"""System users: one for each office, so that the kernel keeps the offices of a host apart."""

from __future__ import annotations

import os
import pwd
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vault.errors import Refused
from vault.storage.host.programs import run

COMMENT = "Kura"
NOWHERE = "/nonexistent"
# Another program that holds the lock of the users' file lets go within moments.
_TRIES, _REST = 10, 0.5
_END_SECONDS = 10.0


def numbers(user: str) -> tuple[int, int] | None:
    """(uid, gid) of a system user; None where there is none."""
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        return None
    return found.pw_uid, found.pw_gid


def make(user: str, group: str = "") -> None:
    """A user that nobody can sign in as, with a group of its own, and in another where one is named."""
    if numbers(user) is None:
        more = ("--groups", group) if group else ()
        _patiently(lambda: run(
            "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", NOWHERE, "--shell", "/usr/sbin/nologin",
            "--comment", COMMENT, *more, user,
        ))  # fmt: skip


def is_ours(user: str) -> bool:
    """Whether a user is one that was made for Kura: nobody else's is taken away."""
    try:
        return pwd.getpwnam(user).pw_gecos.split(",")[0] == COMMENT
    except KeyError:
        return False


def drop(user: str) -> None:
    """Take a user away, whose processes have ended; nothing where there is none. Raises Refused for one not made here."""
    if numbers(user) is None:
        return
    if not is_ours(user):
        raise Refused("user-foreign", user=user)
    _patiently(lambda: run("userdel", user))


def _patiently(act: Callable[[], object]) -> None:
    for left in reversed(range(_TRIES)):
        try:
            act()
            return
        except Refused:
            if not left:
                raise
            time.sleep(_REST)


def processes(uid: int) -> list[int]:
    """The ids of all processes of a user, whichever of its ids it is."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError, StopIteration):
                lines = (Path("/proc") / entry / "status").read_text("ascii", "replace").splitlines()
                if str(uid) in next(line for line in lines if line.startswith("Uid:")).split()[1:]:
                    found.append(int(entry))
    return found


def end_processes(uid: int) -> None:
    """End what is left of a user's processes, first with a word; raises Refused for one that stays."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _END_SECONDS
        for process in processes(uid):
            with suppress(ProcessLookupError):
                os.kill(process, number)
        while left := [each for each in processes(uid) if not _is_dead(each)]:
            if time.monotonic() > until:
                break
            time.sleep(0.05)
        if not left:
            return
    raise Refused("processes-left", processes=", ".join(map(str, left)))


def _is_dead(process: int) -> bool:
    """A process that has ended and is not yet taken notice of by the one that began it."""
    try:
        return (Path("/proc") / str(process) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
