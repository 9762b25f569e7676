"""One upgrade of one office, step by step: on, or back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

from vault.errors import KuraError, Refused
from vault.services.operator import upgrade_notes as notes
from vault.services.operator.upgrade_notes import (
    BACK,
    CHECK,
    LAY,
    MIGRATE,
    START,
    STOP,
    STUCK,
    SWITCH,
    UNCHANGED,
    Note,
)
from vault.storage.host import files, releases, running
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

PAGE = "/session/new"
Tell = Callable[[str, str], None]  # the office's name and the step, when that begins


class Run:
    """`served`: whether the new release may have let somebody in, so that what it has may not be thrown away unseen."""

    def __init__(self, host: Host, office: HostedOffice, note: Note, tell: Tell) -> None:
        self.host, self.office, self.note, self.tell = host, office, note, tell
        self.hold = running.Hold(host, office.name)
        self.listening = running.is_listening(office.name)
        self.served = note.step not in UNCHANGED

    @property
    def name(self) -> str:
        """The office's."""
        return self.office.name

    # --- on

    def whole(self) -> None:
        """From the beginning; raises as `upgrading.upgrade`."""
        self._begin(notes.BACKUP)
        try:
            self._back_up()
        except Exception as error:
            notes.forget(self.host, self.name)
            raise Refused("upgrade-backup", name=self.name) from error
        self._begin(STOP)
        self._apply(LAY, SWITCH, MIGRATE, CHECK, START)

    def go_on(self) -> None:
        """After it was cut off with the link switched, or about to be; raises as `whole`."""
        self._apply(SWITCH, MIGRATE, CHECK, START)

    def _apply(self, *steps: str) -> None:
        acts = {LAY: self._lay, SWITCH: self._switch, MIGRATE: self._migrate, CHECK: self._check, START: self._let_in}
        try:
            self.hold.take()
            running.stop(self.name)
            for step in steps:
                self._begin(step)
                acts[step]()
        except BaseException as error:  # noqa: BLE001 - an interrupt as well: nobody is left half-way
            self._give_back(error)
        finally:
            self.hold.release()
        self.forget()

    def _begin(self, step: str) -> None:
        self.note = notes.write(self.host, self.name, replace(self.note, step=step))
        self.tell(self.name, step)

    def _back_up(self) -> None:
        """By the present release; one that is broken, and is to be left for that, may be unable to."""
        try:
            self._kura(self.note.present, "backup")
        except KuraError as error:
            try:
                self._kura(self.note.target, "backup")
            except KuraError:
                raise error from None

    def _lay(self) -> None:
        laid = running.data(self.host, self.name, "lay")
        self.note = replace(self.note, revision=str(laid["revision"]), position=int(laid["position"]))

    def _switch(self) -> None:
        self._link(self.note.target)

    def _migrate(self) -> None:
        self._kura(self.note.target, "migrate")

    def _check(self) -> None:
        self._kura(self.note.target, "check")

    def _let_in(self) -> None:
        self.served = True
        self._start()

    def _start(self) -> None:
        self.hold.release()
        if self.listening:
            running.listen(self.name)
            running.start(self.name)
            running.ask(self.host, self.office, PAGE)

    def _kura(self, release: str, command: str) -> None:
        words = ("-m", "vault.cli.kura", command, "--folder", str(self.host.folder(self.name)))
        running.run_release(self.host, self.name, releases.path_of(self.host, release), *words)

    def _link(self, release: str) -> None:
        files.link(self.host.release_of(self.name), releases.path_of(self.host, release))

    def forget(self) -> None:
        """It has ended, or nothing was changed: destroy the copy and the note."""
        running.data(self.host, self.name, "drop")
        notes.forget(self.host, self.name)

    # --- back

    def _give_back(self, error: BaseException) -> NoReturn:
        told = {"name": self.name, "release": self.note.target, "present": self.note.present}
        try:
            answers = self.go_back()
        except Exception as worse:
            if isinstance(worse, Refused) and worse.code == "upgrade-stuck":
                raise worse from error
            raise Refused("upgrade-return-failed", **told) from worse
        if not isinstance(error, Exception):
            raise error
        raise Refused("upgrade-returned" if answers else "upgrade-silent", **told) from error

    def go_back(self) -> bool:
        """To the release and the data of before; says whether that release answers. One that does not is left to the next
        upgrade. Raises Refused("upgrade-stuck"), and what the system refuses.

        The link first: the old release refuses data that are too new for it, the new one would migrate what was put back.
        """
        self.hold.take()
        running.stop(self.name)
        if self.note.step not in UNCHANGED:
            put_back = self._must_put_back()
            self._begin(BACK)
            self._link(self.note.present)
            if put_back:
                running.data(self.host, self.name, "back")
        running.data(self.host, self.name, "drop")
        try:
            self._start()
        except KuraError:
            self._begin(STUCK)
            return False
        notes.forget(self.host, self.name)
        return True

    def _must_put_back(self) -> bool:
        if not self.served:
            return True
        found = running.data(self.host, self.name, "look")
        migrated = found["revision"] != self.note.revision
        is_back = not migrated and releases.release_at(self.host.release_of(self.name)) == self.note.present
        if found["position"] != self.note.position and not is_back:
            self._stay()
        return migrated

    def _stay(self) -> NoReturn:
        self._begin(STUCK)
        running.data(self.host, self.name, "drop")
        self._link(self.note.target)
        with suppress(KuraError):
            self._start()
        raise Refused("upgrade-stuck", name=self.name, release=self.note.target)
