"""The running of an office as an upgrade needs it: stopped and started with its socket open, held while it is changed, asked
through its socket, and its programs run as its own user.

Requests that come while an office is held wait in the socket's queue: none is refused, and none is lost.
"""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

from vault.errors import NotReady, Refused, Unwritable
from vault.storage import durable
from vault.storage.database import PROGRAM
from vault.storage.host import files, programs, units
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice
from vault.storage.host.probes import over_socket
from vault.storage.host.releases import ENVIRONMENT

HOLD_SECONDS = 60.0
ANSWER_SECONDS = 90.0
LONG_SECONDS = 6 * 3600.0  # a backup, or a migration, of the largest office on slow disks
_NOT_LOADED = 5  # systemctl: there is no such unit


class Hold:
    """While it is held, a start of the office waits: its unit locks the same file first (`ExecStartPre=`).

    The file is root's, in a folder of root's. The kernel frees it when this process dies, however it dies.
    """

    def __init__(self, host: Host, name: str) -> None:
        self.path = host.socket(name).with_suffix(".hold")
        self._handle: int | None = None

    def take(self) -> None:
        """Nothing to do when it is held already; raises Unwritable("busy")."""
        if self._handle is not None:
            return
        files.passage(self.path.parent)  # nginx passes there, whatever this process's mask is
        handle = durable.open_lock(self.path)
        if not durable.take_lock(handle, exclusive=True, seconds=HOLD_SECONDS):
            os.close(handle)
            raise Unwritable("busy", place=self.path)
        self._handle = handle

    def release(self) -> None:
        """Whoever waits goes on."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


# --- the units


def stop(name: str) -> None:
    """End what runs of the office, and wait for it; the socket stays open. Raises Refused("program-failed")."""
    programs.run("systemctl", "stop", *units.services_of(name), allowed=(0, _NOT_LOADED))


def start(name: str) -> None:
    """Raises Refused("program-failed") when it ends at once."""
    programs.run("systemctl", "start", units.services_of(name)[0])


def listen(name: str) -> None:
    """Have the socket open again where failed starts have closed it."""
    programs.run("systemctl", "reset-failed", units.services_of(name)[0], units.socket_of(name), allowed=range(256))
    programs.run("systemctl", "start", units.socket_of(name))


def is_listening(name: str) -> bool:
    """Whether requests are taken, or were until failed starts closed the socket; not where the operator has stopped it."""
    said = programs.run("systemctl", "is-active", units.socket_of(name), allowed=range(256))
    return said.strip() not in ("", "inactive", "unknown")


# --- programs of a release, as the office's user


def run_release(host: Host, name: str, release: Path, *words: str) -> str:
    """Python of a release with its own modules; raises Refused("program-failed") with what it said, and NotReady."""
    return _run(host, name, release / ENVIRONMENT / "bin" / "python", release, *words)


def data(host: Host, name: str, act: str) -> dict[str, Any]:
    """One of the acts of `vault.cli.aside` by the release that this process runs; raises as `run_release`."""
    folder = str(host.folder(name))
    said = _run(host, name, Path(sys.executable), PROGRAM, "-m", "vault.cli.aside", act, "--folder", folder)
    told: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return told


def _run(host: Host, name: str, executable: Path, modules: Path, *words: str) -> str:
    line: list[str | Path] = [f"PYTHONPATH={modules}", "PYTHONDONTWRITEBYTECODE=1", f"RUNTIME_DIRECTORY={host.run(name)}"]
    line += [executable, "-P", *words]
    if _is_own(host.folder(name)):
        return programs.run("/usr/bin/env", "PYTHONUTF8=1", *line, seconds=LONG_SECONDS)
    return programs.run_as(host.user(name), *line, seconds=LONG_SECONDS)


def _is_own(folder: Path) -> bool:
    """Below a scratch root the office's folder belongs to whoever tries things out there; raises NotReady without one."""
    try:
        return folder.lstat().st_uid == os.geteuid()
    except FileNotFoundError as error:
        raise NotReady("folder-empty", folder=folder) from error


# --- its answer


def ask(host: Host, office: HostedOffice, page: str) -> None:
    """Ask an office for a page as nginx does; raises Refused("office-silent", "office-answers") for anything but the page."""
    answer = over_socket(host.socket(office.name), office.address, page, ANSWER_SECONDS)
    if answer.failed:
        raise Refused("office-silent", name=office.name, why=answer.failed)
    if answer.status != HTTPStatus.OK:
        raise Refused("office-answers", name=office.name, page=page, status=answer.status)
