"""A process as its service unit says: user, groups, limits, folders, environment, the listening sockets from handle 3 on."""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import shlex
import shutil
import signal
import socket
from pathlib import Path

from tests.support.unit_files import UnitFile

FIRST_HANDLE = 3
_PR_SET_NO_NEW_PRIVS = 38
_FAILED = 203  # systemd's own status for a program that could not be begun
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = {"Runtime": "run", "State": "var/lib", "Cache": "var/cache", "Logs": "var/log"}


def launch(unit: UnitFile, sockets: list[socket.socket], notify: str, log: Path, line: str) -> int:
    """Fork and run one command line of a service; returns the process's number. A line's `-` or `+` before it is known."""
    command = shlex.split(unit.filled(line.lstrip("-@+!:")))
    user = _user(unit)
    environment = _environment(unit, user, _folders(unit, user), notify)
    number = os.fork()
    if number:
        return number
    try:
        _become(unit, user, [each.fileno() for each in sockets], log, plus=line.startswith("+"))
        if sockets:
            environment |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": unit.name}
        os.execve(command[0], command, environment)
    except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as a second manager
        os.write(2, f"{unit.name}: {error}\n".encode())
    os._exit(_FAILED)


def _user(unit: UnitFile) -> pwd.struct_passwd | None:
    """None without root: then everything runs as who runs the tests."""
    name = unit.one("Service", "User")
    return pwd.getpwnam(name) if name and os.geteuid() == 0 else None


def _folders(unit: UnitFile, user: pwd.struct_passwd | None) -> dict[str, str]:
    """Make the folders that the unit wants to have, and the variables that name them."""
    told = {}
    for kind, place in _FOLDERS.items():
        names = unit.words("Service", f"{kind}Directory")
        made = [(unit.run if kind == "Runtime" else unit.run.parent / place) / name for name in names]
        for folder in made:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(exist_ok=True)
            folder.chmod(int(unit.one("Service", f"{kind}DirectoryMode", "0755"), 8))
            if user is not None:
                os.chown(folder, user.pw_uid, user.pw_gid)
        if made:
            told[f"{kind.upper()}_DIRECTORY"] = ":".join(map(str, made))
    return told


def tidy(unit: UnitFile) -> None:
    """After the end: a run folder goes, unless the unit says that it stays."""
    if unit.one("Service", "RuntimeDirectoryPreserve", "no") == "no":
        for name in unit.words("Service", "RuntimeDirectory"):
            shutil.rmtree(unit.run / name, ignore_errors=True)


def _environment(unit: UnitFile, user: pwd.struct_passwd | None, folders: dict[str, str], notify: str) -> dict[str, str]:
    told = {"PATH": _PATH, "LANG": "C.UTF-8", "INVOCATION_ID": os.urandom(16).hex(), **folders}
    if user is not None:
        told |= {"USER": user.pw_name, "LOGNAME": user.pw_name, "HOME": user.pw_dir, "SHELL": user.pw_shell}
    if notify:
        told["NOTIFY_SOCKET"] = notify
    said = [each.partition("=") for each in unit.words("Service", "Environment")]
    return told | {name: value for name, _, value in said}


def _become(unit: UnitFile, user: pwd.struct_passwd | None, handles: list[int], log: Path, plus: bool) -> None:
    os.setsid()
    _signals()
    _standard_handles(unit, log)
    _put_sockets(handles)
    os.umask(int(unit.one("Service", "UMask", "0022"), 8))
    _limit(unit)
    if user is not None and not plus:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgroups([*os.getgroups(), *_more_groups(unit)])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    if unit.is_set("Service", "NoNewPrivileges"):
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.chdir(unit.one("Service", "WorkingDirectory", "/"))


def _more_groups(unit: UnitFile) -> list[int]:
    import grp

    return [grp.getgrnam(name).gr_gid for name in unit.words("Service", "SupplementaryGroups")]


def _signals() -> None:
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)


def _standard_handles(unit: UnitFile, log: Path) -> None:
    writes = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for handle, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, writes), (2, writes)):
        os.dup2(file, handle)


def _put_sockets(handles: list[int]) -> None:
    """To 3, 4, …, by way of numbers above them, or one would close the next."""
    import fcntl

    high = [fcntl.fcntl(handle, fcntl.F_DUPFD, 100) for handle in handles]
    os.closerange(FIRST_HANDLE, 100)
    for place, handle in enumerate(high, FIRST_HANDLE):
        os.dup2(handle, place, inheritable=True)
    os.closerange(100, 4096)


def _limit(unit: UnitFile) -> None:
    for key, what in (("LimitCORE", resource.RLIMIT_CORE), ("LimitNOFILE", resource.RLIMIT_NOFILE)):
        told = unit.one("Service", key)
        if told:
            soft, _, hard = told.partition(":")
            resource.setrlimit(what, (int(soft), int(hard or soft)))


