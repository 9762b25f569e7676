"""A new office on a host, step by step: its user, its folders, its instance, what the operator tells it, certificate, units,
site, and a first answer over HTTPS.

What was begun stands in a note of root's until the hand-over was shown, so that a run that was killed is gone on with, or
undone, by the next one. What is shown of the first password is shown once: it lies nowhere.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vault.config import SETTINGS_FILE
from vault.errors import Conflict, NotFound, Refused
from vault.services.contract import FILE as CONTRACT
from vault.services.operator import contract_told, incidents, notices, serving, upgrading, wanted
from vault.services.operator.operator_key import public_of
from vault.services.operator.steps import Step, Tell, carry_out, undo
from vault.services.operator.wanted import Wanted
from vault.storage import durable
from vault.storage.host import files, instances, offices, releases, sites, users
from vault.storage.host.layout import MONITOR_USER, Host
from vault.storage.host.running import Hold

AVAILABILITY = "availability.json"
ARRIVING, MOVING, ENDING = "arriving", "moving", "ending"


@dataclass(frozen=True)
class HandOver:
    """What is handed to the office, once. `expires` in seconds since 1970."""

    login_id: str
    initial_password: str
    address: str
    expires: int


class Provisioning:
    """One office being made. `clock` tells seconds since 1970."""

    def __init__(self, host: Host, wished: Wanted, clock: Callable[[], float] = time.time) -> None:
        self.host = host
        self.wanted = wished
        self.clock = clock
        self.user = host.user(wished.name)
        self._handed: HandOver | None = None

    @property
    def name(self) -> str:
        return self.wanted.name

    @property
    def finished(self) -> bool:
        """Whether this office was handed over before: nothing of it is ever undone by what happens now."""
        try:
            return offices.read(self.host, self.name).began > 0
        except NotFound:
            return False

    def steps(self) -> list[Step]:
        """All of them, in their order."""
        host, name = self.host, self.name
        return [
            Step("note", lambda: wanted.note(host, self.wanted.office), lambda: wanted.drop_note(host, name), self._is_noted),
            Step("user", lambda: users.make(self.user), self._drop_user, lambda: users.numbers(self.user) is not None),
            Step("office-file", self._write, lambda: files.drop(host.office_file(name)), self._is_written),
            Step("program", self._link_program, lambda: files.drop(host.release_of(name)),
                 lambda: bool(releases.release_at(host.release_of(name)))),
            Step("folders", self._make_folders, self._drop_folders),
            Step("told", self._tell, lambda: files.drop(host.told(name)), self._is_told),
            Step("instance", self._fill, already=lambda: (host.folder(name) / SETTINGS_FILE).is_file()),
            *serving.steps(host, self.wanted),
        ]  # fmt: skip

    # --- the whole

    def make(self, tell: Tell, show: Callable[[HandOver], None]) -> None:
        """Do what is not done yet, then `show` the hand-over of an office that was not handed over before.

        When it breaks off, whatever was begun is undone; not where the office is in use, or was handed over. Raises
        whatever broke off.
        """
        wanted.check(self.host, self.wanted)
        if self.finished:
            self._check_kept()
            carry_out(self.steps(), tell)
            return
        try:
            carry_out(self.steps(), tell)
            self._show(show)
            offices.write(self.host, replace(self.wanted.office, began=int(self.clock())))
            contract_told.tell(self.host, self.wanted.office)  # there is a certificate by now, which ends some day
            wanted.drop_note(self.host, self.name)
        except BaseException as broken:
            self._take_back(tell, broken)
            raise

    def _check_kept(self) -> None:
        """An office that lost its folder gets no empty one in its place. Raises Refused("office-data-lost")."""
        if not (self.host.folder(self.name) / SETTINGS_FILE).is_file():
            raise Refused("office-data-lost", name=self.name, folder=self.host.folder(self.name))

    def _show(self, show: Callable[[HandOver], None]) -> None:
        if self._handed is None and self._has_begun():
            return  # a run that was killed had shown it, and the office has used it since
        show(self._handed or self.hand_over_again())

    def _take_back(self, tell: Tell, broken: BaseException) -> None:
        try:
            self.undo(tell)
        except (Refused, Conflict, OSError) as error:
            broken.add_note(str(error))

    def undo(self, tell: Tell) -> None:
        """Take away whatever was begun of an office. Raises NotFound("provision-not-begun"), and Refused("office-in-use")
        for one that was handed over, or in which the first password was set."""
        if self.finished or self._has_begun():
            raise Refused("office-in-use", name=self.name)
        if wanted.begun(self.host, self.name) is None:
            raise NotFound("provision-not-begun", name=self.name)
        undo(self.steps(), tell)

    def hand_over_again(self) -> HandOver:
        """A new first login in place of the one before, while nobody has used that. Raises Refused("office-said")."""
        return self._read_hand_over(instances.kura(self.host, self.name, "init", "--again", "--json"))

    # --- each step

    def _is_noted(self) -> bool:
        return self.finished or wanted.begun(self.host, self.name) is not None

    def _is_written(self) -> bool:
        try:
            return bool(offices.read(self.host, self.name).address)
        except NotFound:
            return False

    def _write(self) -> None:
        offices.write(self.host, replace(self.wanted.office, began=0))

    def _link_program(self) -> None:
        files.link(self.host.release_of(self.name), releases.path_of(self.host, releases.current(self.host)))

    def _drop_user(self) -> None:
        found = users.numbers(self.user)
        if found is not None:
            users.end_processes(found[0])
            users.drop(self.user)

    def _make_folders(self) -> bool:
        host, name = self.host, self.name
        own = [files.folder(place, 0o700, self.user) for place in own_places_of(host, name)]
        # Made by the monitor, read by the office's group, which new files there get as well.
        return any([*own, files.folder(host.figures(name), 0o2750, MONITOR_USER, self.user)])

    def _drop_folders(self) -> None:
        found = users.numbers(self.user)
        if found is not None:
            users.end_processes(found[0])
        for place in (*own_places_of(self.host, self.name), *left_by_units(self.host, self.name),
                      *all_beside(self.host, self.name), self.host.figures(self.name)):  # fmt: skip
            files.drop(place)

    def _is_told(self) -> bool:
        return (self.host.told(self.name) / CONTRACT).is_file() and (self.host.told(self.name) / AVAILABILITY).is_symlink()

    def _tell(self) -> None:
        host, name = self.host, self.name
        files.folder(host.told(name), 0o750, "", self.user)
        files.link(host.told(name) / AVAILABILITY, host.figures(name) / AVAILABILITY)
        contract_told.tell(host, self.wanted.office)
        for room in (notices, incidents):
            room.publish(host, [name], since=int(self.clock()))

    def _fill(self) -> None:
        """Begin the instance in its folder."""
        host, name = self.host, self.name
        said = instances.kura(
            host, name, "init", "--host", self.wanted.office.address, "--run", host.run(name), "--told", host.told(name),
            "--replica", host.keys(name), "--backups", host.backups(name), "--operator-key", public_of(host), "--json",
        )  # fmt: skip
        self._handed = self._read_hand_over(said)

    def _read_hand_over(self, said: str) -> HandOver:
        raw: dict[str, Any] = json.loads(said)
        shown = sites.shown(self.host, self.wanted.office)
        return HandOver(raw["login_id"], raw["initial_password"], f"https://{shown}/", int(raw["expires"]))

    def _has_begun(self) -> bool:
        """Whether somebody has set the first password."""
        if not instances.is_made(self.host, self.name):
            return False
        return bool(json.loads(instances.kura(self.host, self.name, "status", "--json"))["begun"])


def own_places_of(host: Host, name: str) -> list[Path]:
    """The folders that belong to an office's user."""
    return [host.folder(name), host.keys(name), host.backups(name), host.run(name)]


def left_by_units(host: Host, name: str) -> list[Path]:
    """What a socket unit and an upgrade may leave beside each other."""
    return [host.socket(name), Hold(host, name).path]


def beside(host: Host, name: str, why: str) -> Path:
    """A folder for the office's user beside its own, for what comes (arriving), goes (moving), or is left of it (ending)."""
    return host.folder(name).with_name(f".{name}.{why}")


def all_beside(host: Host, name: str) -> list[Path]:
    return [beside(host, name, why) for why in (ARRIVING, MOVING, ENDING)]


@contextmanager
def alone(host: Host) -> Iterator[None]:
    """While nobody else makes, ends or upgrades an office of this host; raises Refused("host-busy", "upgrade-running")."""
    durable.make_folder(host.operator)
    handle = durable.open_lock(host.operator / "offices.lock")
    try:
        if not durable.take_lock(handle, exclusive=True, seconds=0):
            raise Refused("host-busy")
        with upgrading.alone(host):
            yield
    finally:
        os.close(handle)
