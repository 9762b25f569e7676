"""A new release for offices of a host, one after the other, without a lost request. What the terminal calls:

    alone(host)              while nobody else upgrades
    announced(host, names)   while their offices are told of it
    plan(host, name, to)     what would be done, with every refusal that can be known before anything is touched
    upgrade(host, name, to)  does it, or goes on where one was cut off

An office works while it is backed up. Then its process ends and its socket stays open, so that requests wait; its database
is laid aside, its link switched, its data migrated by the new release, and that release tried before anybody is let in. What
fails is put back, and the old release answers those who have waited. Only what the office has entered with the new release is
never thrown away: then the operator is told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from vault.domain.operator.notices import LONGEST_STOP, Notice
from vault.errors import KuraError, NotReady, Refused
from vault.services.operator import notices
from vault.services.operator import upgrade_notes as notes
from vault.services.operator.upgrade_notes import BACK, STUCK, SWITCH, UNCHANGED, Note
from vault.services.operator.upgrade_run import Run, Tell
from vault.storage import durable
from vault.storage.database import known_revisions
from vault.storage.host import offices, releases, running
from vault.storage.host.layout import Host, check_name
from vault.storage.host.offices import HostedOffice

# What a release needs to begin at all; found out while the present one still serves.
_PROGRAM = "import gunicorn.app.wsgiapp, vault.cli.checking, vault.web.app"

LONGEST_SECONDS = 1800  # of one office's upgrade, as it is announced


@dataclass(frozen=True)
class Plan:
    """What an upgrade of an office would do. `revision`: its database's schema; `newest`: the target's; `begun`: the upgrade
    that was cut off and comes first."""

    office: HostedOffice
    present: str
    target: str
    revision: str
    newest: str
    begun: Note | None

    @property
    def is_there(self) -> bool:
        """Whether there is nothing to do."""
        return self.present == self.target and self.begun is None


@contextmanager
def alone(host: Host) -> Iterator[None]:
    """While nobody else upgrades on this host; raises Refused("upgrade-running")."""
    durable.make_folder(notes.folder(host))
    handle = durable.open_lock(notes.folder(host) / "lock")
    try:
        if not durable.take_lock(handle, exclusive=True, seconds=0):
            raise Refused("upgrade-running")
        yield
    finally:
        os.close(handle)


@contextmanager
def announced(host: Host, names: Sequence[str], words: tuple[str, str], clock: Callable[[], float] = time.time) -> Iterator[None]:
    """While a planned stop of these offices stands among their notices, in Japanese and English `words`: what it takes of
    their time is counted apart. Where no more notices can be taken up, the upgrade goes on without."""
    now = int(clock())
    begins = now + 1  # the backup comes first
    ends = begins + min(len(names) * LONGEST_SECONDS, LONGEST_STOP)
    notice = Notice(
        id="", planned=True, begins=begins, ends=ends, announce=now, ja=words[0], en=words[1], offices=tuple(names)
    )  # fmt: skip
    try:
        made = notices.add(host, notice, now) if names else None
    except Refused:
        made = None
    try:
        yield
    finally:
        if made is not None:
            with suppress(KuraError):  # over by itself
                notices.end(host, made.id, int(clock()))


def plan(host: Host, name: str, target: str) -> Plan:
    """Look at an office and a release without touching either.

    Raises NotFound("office-unknown"), Refused("upgrade-unprovisioned", "upgrade-unlinked", "upgrade-data",
    "upgrade-downgrade"), NotFound("release-unknown"), NotReady("release-unfit") and other NotReady.
    """
    office = offices.read(host, check_name(name))
    if not office.began:
        raise Refused("upgrade-unprovisioned", name=name)
    known, newest = known_revisions(releases.path_of(host, target))
    revision = _revision(host, name)
    if revision not in known:
        raise Refused("upgrade-downgrade", name=name, release=target, version=revision)
    found = Plan(office, present(host, name), target, revision, newest, notes.read(host, name))
    if not found.is_there:
        _check_program(host, name, target)
    return found


def present(host: Host, name: str) -> str:
    """The release that an office's link says; raises Refused("upgrade-unlinked")."""
    found = releases.release_at(host.release_of(name))
    if not found:
        raise Refused("upgrade-unlinked", name=name)
    return found


def _revision(host: Host, name: str) -> str:
    """Asked of the office's own user: root opens nothing in a folder where somebody else could have put a link."""
    try:
        return str(running.data(host, name, "look")["revision"])
    except KuraError as error:
        raise Refused("upgrade-data", name=name) from error


def _check_program(host: Host, name: str, target: str) -> None:
    try:
        running.run_release(host, name, host.releases / target, "-c", _PROGRAM)
    except KuraError as error:
        raise NotReady("release-unfit", release=target) from error


# --- doing it


def upgrade(host: Host, name: str, target: str, tell: Tell, now: int) -> Plan:
    """Have an office run a release; returns what was found before. Nothing to do where it runs that already.

    One that was cut off is brought to its end first: on to its release, or back, as far as it was. Raises what `plan` raises,
    with nothing touched; Refused("upgrade-backup"), likewise; Refused("upgrade-returned") when the old release serves again,
    and "upgrade-silent" when it does not; "upgrade-stuck" when the new one fails and must stay; "upgrade-return-failed", after
    which the same command goes on with the return.
    """
    begun = notes.read(host, name)
    if begun is not None and begun.step != STUCK:
        _finish(host, offices.read(host, name), begun, tell)
    found = plan(host, name, target)
    if not found.is_there:
        note = Note(found.present, target, notes.BACKUP, now)
        Run(host, found.office, note, tell).whole()
    return found


def _finish(host: Host, office: HostedOffice, begun: Note, tell: Tell) -> None:
    run = Run(host, office, begun, tell)
    if begun.step in UNCHANGED or (begun.step == SWITCH and present(host, office.name) == begun.present):
        run.forget()  # people may have worked with the old release since: the copy is no longer what to go back to
    elif begun.step == BACK:
        run.go_back()
    else:
        run.go_on()
