"""What the stand-in's manager knows of a unit, and what it does to the system for one: sockets made, processes ended."""

from __future__ import annotations

import grp
import os
import pwd
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.unit_files import UnitFile


@dataclass
class Running:
    """What is known of a unit while the manager lives."""

    name: str
    state: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    main: int = 0
    session: int = 0
    status: int = 0
    restarts: int = 0
    due: float = 0.0  # when it is started again after a failure
    asked_to_stop: bool = False
    sockets: list[socket.socket] = field(default_factory=list)
    notify: socket.socket | None = None
    triggered: list[float] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # command lines still to be run

    def go(self, state: str, sub: str, result: str = "") -> None:
        self.state, self.sub, self.result = state, sub, result or self.result


def kill_session(session: int, number: int) -> None:
    """Send a signal to every process of a session: what a service has begun never leaves its own."""
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = each.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session and words[0] != "Z":
            with suppress(ProcessLookupError):
                os.kill(int(each.parent.name), number)


def listening(file: UnitFile, path: Path) -> socket.socket:
    """A socket as its unit says; raises OSError, and LookupError for a user or group that is not there."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(int(file.one("Socket", "DirectoryMode", "0755"), 8))
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    made.bind(str(path))
    path.chmod(int(file.one("Socket", "SocketMode", "0666"), 8))
    if os.geteuid() == 0:
        user, group = file.one("Socket", "SocketUser", "root"), file.one("Socket", "SocketGroup", "root")
        os.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
    made.listen(int(file.one("Socket", "Backlog", "4096")))
    return made
