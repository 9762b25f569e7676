"""What it costs to keep a copy, to try it, to go back to it, and to make a client gone, with objects beside the rows."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from unittest.mock import patch

from vault import catalogue
from vault.cli import ending
from vault.cli.bench_figure import Figure
from vault.cli.bench_office import HERE, PASSWORD, Measured
from vault.cli.bench_server import Browser, Server
from vault.domain.access import Permission
from vault.domain.erasures import ErasureOrder
from vault.services import (
    backups,
    clients,
    erasing,
    objects,
    rekeying,
    restore_confirming,
    restoring,
    sessions,
)
from vault.services.accounts import signing_in
from vault.services.audit import Event
from vault.services.destroying import OPERATOR_KEY, Order
from vault.services.safe import Desk
from vault.storage import backups as storage
from vault.storage.database import checkpoint
from vault.storage.snapshots import sync_file

MIB = 1024 * 1024
VERSIONS, LARGE_MIB = 200, 40
AT_ONCE, ERASED = 20, 3
ORDER = ErasureOrder(reason="その他")


def figures(office: Measured, megabytes: int, place: Path, serve: Callable[[], Server]) -> Iterator[Figure]:
    """With `megabytes` MiB of objects spread over all clients; `place` is for what is made and thrown away."""
    office.instance.engine.dispose()
    large = _fill(office, megabytes)
    yield from _backups(office, place)
    yield Figure("drill", _seconds(lambda: backups.drill(office.instance)), "s")
    yield from _restored(office)
    office.instance.keyring.let_go()
    with serve() as server:
        yield _erased(office, server)
        yield _rekeyed(office, large)
    yield _destroyed(office, place)


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return round(time.perf_counter() - began, 3)


def _desk(office: Measured) -> Desk:
    """Signed in as a request has it, over the newest keystore."""
    done = signing_in.sign_in(office.instance, office.login_id, PASSWORD, office.device_secret, HERE)
    return sessions.desk(office.instance, done.session, HERE)


# --- what is in it


def _fill(office: Measured, megabytes: int) -> bytes:
    """Objects of 1 MiB, 40 of them with one client, who gets 200 versions too; returns him."""
    desk = _desk(office)
    owners = [head.id for head in clients.list_clients(desk)]
    large = owners[-1]
    mine = min(LARGE_MIB, megabytes)
    rest = [owners[number % (len(owners) - 1)] for number in range(megabytes - mine)]
    wanted = [large] * mine + rest
    for start in range(0, len(wanted), AT_ONCE):
        _put(desk, wanted[start : start + AT_ONCE])
    page = clients.get(desk, large)
    for version in range(page.version, VERSIONS):
        clients.save(desk, large, page.client, version)
    checkpoint(office.instance.engine)
    return large


def _put(desk: Desk, owners: list[bytes]) -> None:
    with desk.act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, owners[0]) as act:
        for owner in owners:
            objects.put(act, owner, [os.urandom(MIB)], MIB)


# --- backups


def _backups(office: Measured, place: Path) -> Iterator[Figure]:
    """The first of a folder that is empty, and the next day's; then what `cp -a` and VACUUM take for the same files.

    Both are made as on another disk, where nothing can be linked, and read from the disk: at night nobody has lately
    looked at 2 GB of scans. A backup is durable when it has ended, so the copy's way to the disk counts as well. The
    first and the copy by turns, the middle of their times.
    """
    with patch.object(storage.os, "link", _other_disk):
        first, copy = _first(office, place)
        yield Figure("copy", copy, "s")
        yield Figure("backup_first", first, "s")
        yield Figure("backup_first_quotient", round(first / copy, 3), "×", 1.3)
        _a_day_of_work(office)
        _forget(office)
        vacuum = _seconds(lambda: _vacuum(office, place / "vacuum.db"))
        _forget(office)
        following = _seconds(lambda: backups.make(office.instance))
        (place / "vacuum.db").unlink()
    yield Figure("vacuum", vacuum, "s")
    yield Figure("backup_next", following, "s")
    # Beyond the one VACUUM INTO, which is the database's own price.
    yield Figure("backup_next_quotient", round(max(0.001, following - vacuum) / copy, 3), "×", 0.1)


def _vacuum(office: Measured, target: Path) -> None:
    """The database's own copy of itself, durable: what no backup of it can do without."""
    with closing(sqlite3.connect(office.instance.settings.database)) as raw:
        raw.execute("VACUUM INTO ?", (str(target),))
    sync_file(target)


def _other_disk(*_: object, **__: object) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def _first(office: Measured, place: Path) -> tuple[float, float]:
    """Seconds of a first backup and of a plain copy."""
    took: list[tuple[float, float]] = []
    folder = office.instance.settings.backups
    for _ in range(office.rounds.copies):
        shutil.rmtree(folder, ignore_errors=True)
        _forget(office)
        copied = _seconds(lambda: _copy(office, place / "copy"))
        shutil.rmtree(place / "copy")
        _forget(office)
        took.append((_seconds(lambda: backups.make(office.instance, force=str(folder))), copied))  # emptied: another's
    ours, theirs = zip(*took, strict=True)
    return round(statistics.median(ours), 3), round(statistics.median(theirs), 3)


def _forget(office: Measured) -> None:
    """What the system has in memory of the vault's rows and objects goes out of it."""
    settings = office.instance.settings
    office.instance.engine.dispose()  # closing any handle of a database file drops this process's locks on it
    storage.sync_disk(settings.folder)
    for path in [settings.database, *(each for each in settings.objects.rglob("*") if each.is_file())]:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def _copy(office: Measured, target: Path) -> None:
    """`cp -a` of what a backup consists of, down to the disk."""
    folder = office.instance.settings.folder
    target.mkdir()
    names = ("data", "objects", "keys", "settings.toml", "secret_key")
    subprocess.run(["cp", "-a", *(str(folder / name) for name in names), str(target)], check=True)
    storage.sync_disk(target)


def _a_day_of_work(office: Measured) -> None:
    desk = _desk(office)
    owners = [head.id for head in clients.list_clients(desk)][:AT_ONCE]
    for owner in owners:
        page = clients.get(desk, owner)
        clients.save(desk, owner, page.client, page.version)
    _put(desk, owners[:3])


def _restored(office: Measured) -> Iterator[Figure]:
    """The day's backup, whole: tried, the present state kept, rows replaced; confirmed afterwards."""
    _a_day_of_work(office)
    name = backups.folder_of(office.instance).names()[-1]
    at = f"{name[:4]}-{name[4:6]}-{name[6:8]}T{name[9:11]}:{name[11:13]}"

    def restore() -> None:
        with restoring.prepared(office.instance, at) as job:
            restoring.carry_out(job)

    yield Figure("restore", _seconds(restore), "s")
    restore_confirming.confirm(_desk(office))


# --- gone


def _erased(office: Measured, server: Server) -> Figure:
    """One client of all while two workers hold the keystore open: from the act to the end of the last key."""
    browser = Browser(server.port, office.device_secret)
    erasing.ensure_folder(_desk(office))
    took = []
    for client in [head.id for head in clients.list_clients(_desk(office))][1 : 1 + ERASED]:
        browser.sign_in(office.login_id)
        for _ in range(8):  # so that both workers hold it
            browser.pause()
            browser.get("/own")
        browser.pause()
        desk = _desk(office)
        took.append(_seconds(partial(erasing.erase_clients, desk, [client], ORDER)))
    return Figure("erase_client", round(statistics.median(took), 3), "s", 1)


def _rekeyed(office: Measured, client: bytes) -> Figure:
    """A policy of a client with 200 versions and 40 MiB is erased: all that stays is sealed anew."""
    desk = _desk(office)
    gone = clients.get(desk, client).policies[0].id
    return Figure("rekey_client", _seconds(lambda: rekeying.erase_part(desk, client, {gone}, ORDER)), "s")


def _destroyed(office: Measured, place: Path) -> Figure:
    """Everything that was measured with goes, its backups too."""
    office.instance.engine.dispose()
    office.instance.keyring.let_go()
    folder = office.instance.settings.folder
    order = Order(ending.private_key(folder, folder / OPERATOR_KEY), place / "certificate.txt", contract_ended=True)
    return Figure("destroy", _seconds(lambda: ending.destroy(folder, order, catalogue.load("ja"))), "s")
