"""Restoring: sealed records and documents of clients as a backup has them, to be opened with today's keys.

What was erased since stays erased. Journal, ledger, serial numbers, papers, persons, directory, keystore and devices
never go back. The present state is kept as a backup of its own until an administrator has confirmed; until then every
page leads to what has happened, and it can be undone.

Killed anywhere the door stays closed, and the same command, or the undoing, run again brings it to an end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from vault.domain import retention_of_backups as retention
from vault.errors import KuraError, Refused
from vault.services import audit, backups, closing, restore_notes
from vault.services.audit import Event, Fact
from vault.services.drilling import Progress, quiet, take_apart
from vault.services.instance import Instance, Origin
from vault.services.restore_notes import Waiting
from vault.storage import journal, restored
from vault.storage.backups import DATABASE, BackupFolder, link_or_copy, sync_disk
from vault.storage.durable import make_folder, writing_to
from vault.storage.manifest import Manifest
from vault.storage.restored import Plan
from vault.storage.snapshots import beside

COMMAND = Origin("", "", "kura restore")


@dataclass(frozen=True)
class Job:
    """A backup that was tried and found whole, ready to be restored: its manifest, its database in a scratch folder,
    and what it would change at this moment."""

    instance: Instance
    folder: BackupFolder
    held: Manifest
    database: Path
    plan: Plan
    undoing: bool


@contextmanager
def prepared(instance: Instance, at: str = "", undo: bool = False, progress: Progress = quiet) -> Iterator[Job]:
    """The newest backup not later than `at` (2026-11-22, or 2026-11-22T14:30, in Japan), or what is to be undone.

    Nothing is changed yet. Raises Refused("restore-at-unreadable", "backup-none", "restore-nothing", "backup-damaged",
    "backup-running", "closed-for-other").
    """
    held_for = closing.closed_for(instance)
    if held_for not in ("", closing.RESTORE):
        raise closing.for_other(held_for)
    folder = backups.folder_of(instance)
    with folder.alone(), folder.scratch() as scratch:
        name = _undone(instance, folder) if undo else chosen(folder, at)
        found = take_apart(folder, name, instance.office, scratch, progress)
        if not found.usable:
            raise Refused("backup-damaged", name=name, number=len(found.faults), file=found.faults[0].file)
        held, database = folder.manifest_of(name), scratch / DATABASE
        with beside(instance.engine, database) as connection:
            restored.lay_out(connection, held.head)
            plan = restored.plan(connection)
        yield Job(instance, folder, held, database, plan, undo)


def chosen(folder: BackupFolder, at: str) -> str:
    """The name of the newest backup not later than what was typed; raises Refused."""
    latest = retention.wanted_at(at)
    if latest is None:
        raise Refused("restore-at-unreadable", at=at)
    names = [name for name in folder.names() if retention.order_of(name) <= retention.order_of(latest)]
    if not names:
        raise Refused("backup-none")
    return names[-1]


def _undone(instance: Instance, folder: BackupFolder) -> str:
    waiting = restore_notes.waiting(instance)
    if waiting is None or waiting.kept not in folder.names():
        raise Refused("restore-nothing")
    return waiting.kept


def give_up(instance: Instance) -> bool:
    """Open the door that a restore left closed before it changed anything; says whether there was one."""
    if closing.closed_for(instance) != closing.RESTORE or restore_notes.waiting(instance) is not None:
        return False
    _let_go(backups.folder_of(instance), "")
    closing.reopen(instance, closing.RESTORE)
    return True


def _let_go(folder: BackupFolder, but: str) -> None:
    """Backups that a restore, perhaps a killed one, kept are thinned out like any other, but for one."""
    for name in folder.kept() - {but}:
        folder.let_go(name)


def carry_out(job: Job, progress: Progress = quiet) -> Waiting:
    """Do it: close the door, keep the present state, replace the rows in one transaction, open the door."""
    instance, name = job.instance, job.held.name
    closing.close(instance, closing.RESTORE)
    before = restore_notes.waiting(instance)
    job.folder.keep(name)
    kept = before.kept if before is not None else backups.make_alone(instance, job.folder, progress, keep=True).name
    with beside(instance.engine, job.database) as connection:
        restored.lay_out(connection, job.held.head)
        _bring_files(job, restored.files_back(connection))
        waiting, last = _replace(job, connection, before, kept)
    journal.remember_head(instance.settings.replicas[0], last)
    _let_go(job.folder, kept)
    closing.reopen(instance, closing.RESTORE)
    return waiting


def _replace(job: Job, connection: Connection, before: Waiting | None, kept: str) -> tuple[Waiting, tuple[int, bytes]]:
    plan = restored.plan(connection)
    restored.replace_rows(connection)
    last = audit.write(job.instance, connection, COMMAND, Fact(Event.RESTORED))
    first = journal.head(connection)[0]
    for row in restored.changed_lists(connection):
        # Without a key there is no tag: these notes count for nothing before an administrator has confirmed them.
        note = Fact(Event.RESTORED, subject=row.owner, contents=row, further=True)
        last = audit.write(job.instance, connection, COMMAND, note)
    gone = b"".join(plan.gone) + (before.gone if before is not None else b"")
    waiting = Waiting(
        name=job.held.name, made=job.held.made, at=job.instance.now(), kept=kept, undone=job.undoing,
        first=before.first if before is not None else first, gone=restored.still_gone(connection, gone),
        clients=plan.changed + len(plan.gone),
    )  # fmt: skip
    restore_notes.put(connection, waiting)
    return waiting, last


def _bring_files(job: Job, files: list[bytes]) -> None:
    """Objects that are not among today's files any more: durable before the rows are that name them."""
    target = job.instance.objects
    absent = [file for file in files if file not in job.held.missing and not target.path_of(file).exists()]
    if not absent:
        return
    with writing_to(target.folder):
        for file in absent:
            path = target.path_of(file)
            make_folder(path.parent)
            copy = path.with_name(f".{path.name}.{os.getpid()}.part")
            if link_or_copy(job.folder.store.path_of(file), path, copy) == "copied":
                os.replace(copy, path)
        sync_disk(target.folder)


def after_confirmation(instance: Instance, waiting: Waiting) -> None:
    """The state that was kept is an ordinary backup now. A folder of backups that is away is told at the next backup."""
    with suppress(KuraError, OSError):
        backups.folder_of(instance).let_go(waiting.kept)

