"""Backups: made while people work, kept by rule, tried afterwards, refused where they would be carried away."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

import vault
from tests.support.offices import NAMES, Office, household
from vault import config
from vault.crypto.keystore_form import digest
from vault.domain import retention_of_backups as retention
from vault.domain.access import Permission
from vault.errors import Refused, Unwritable
from vault.services import backup_notes, backup_room, backups, clients, objects
from vault.services.audit import Event
from vault.services.drilling import take_apart
from vault.storage import backups as storage
from vault.storage import durable, places

DAY = 24 * 60 * 60


def put_object(office: Office, client: int = 0, size: int = 30_000) -> bytes:
    owner = office.facts.clients[client]
    with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, owner) as act:
        return objects.put(act, owner, [os.urandom(size)], size)


def names(office: Office) -> list[str]:
    return backups.folder_of(office.instance).names()


# --- what a backup is


def test_a_backup_has_everything_that_another_machine_would_need(office: Office) -> None:
    put_object(office)
    made = backups.make(office.instance)
    place = office.settings.backups / made.name
    epoch, generation = office.instance.files.read().place
    assert {path.name for path in place.iterdir()} == {
        "kura.db", "settings.toml", "secret_key", "manifest", f"keystore.{epoch}.{generation}",
    }  # fmt: skip
    held = backups.folder_of(office.instance).manifest_of(made.name)
    [(clients_now,)] = office.sql("SELECT count(*) FROM clients")
    assert held.counts["clients"] == clients_now == 2 and held.counts["objects"] == 1
    assert held.keystore == (epoch, generation, digest((place / f"keystore.{epoch}.{generation}").read_bytes()))
    assert held.office == office.settings.office and held.program == vault.__version__ == config.VERSION
    assert backups.drill(office.instance).faults == ()


def test_everything_in_the_folder_is_its_owners_alone(office: Office) -> None:
    put_object(office)
    backups.make(office.instance)
    for path in [office.settings.backups, *office.settings.backups.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_key_and_no_name_is_needed_or_written(office: Office) -> None:
    put_object(office)
    office.instance.keyring.let_go()
    for replica in office.settings.replicas:
        for path in replica.glob("shred.*"):
            path.rename(path.with_name("away"))  # whoever makes backups need not be able to open the keystore
    made = backups.make(office.instance)
    raw = (office.settings.backups / made.name / "kura.db").read_bytes()
    assert not [name for name in NAMES if name.encode() in raw]
    assert backups.drill(office.instance).faults == ()


def test_objects_cost_nothing_again(office: Office) -> None:
    put_object(office)
    backups.make(office.instance)
    store = backups.folder_of(office.instance).store
    [first] = [store.path_of(name) for name in store.names()]
    assert first.stat().st_ino == office.instance.objects.path_of(bytes.fromhex(first.name)).stat().st_ino
    put_object(office)
    backups.make(office.instance)
    assert len(list(store.names())) == 2


def test_on_another_disk_objects_are_copied_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    put_object(office)
    copied: list[str] = []

    def refuse(source: object, target: object) -> None:
        copied.append(str(target))
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(storage.os, "link", refuse)
    backups.make(office.instance)
    backups.make(office.instance)
    assert len(copied) == 1
    assert backups.drill(office.instance).faults == ()
    assert not list(office.settings.backups.glob(".*"))


def test_an_object_erased_in_the_same_moment_is_no_alarm_but_a_lost_one_is(office: Office) -> None:
    name = put_object(office)
    [(file,)] = office.sql("SELECT file FROM objects WHERE id = ?", name)
    office.instance.objects.remove(file)
    made = backups.make(office.instance)
    assert made.lost == 1 and backups.state(office.instance).alarm
    office.sql("DELETE FROM objects")
    assert backups.make(office.instance).lost == 0


def test_one_at_a_time(office: Office) -> None:
    with backups.folder_of(office.instance).alone(), pytest.raises(Refused, match="backup-running"):
        backups.make(office.instance)
    backups.make(office.instance)


def test_the_newest_keystore_alone_is_laid_beside_the_backups_when_a_key_went(office: Office) -> None:
    backups.copy_keystore(office.instance)
    assert not office.settings.backups.exists()  # a folder that is away is not made
    backups.make(office.instance)
    for _ in range(2):
        office.instance.keyring.let_go()
        office.instance.files.take_away(lambda keystore: keystore)
        backups.copy_keystore(office.instance)
    [path] = (office.settings.backups / "keystores").iterdir()
    newest = office.instance.files.read()
    assert path.name == f"keystore.{newest.place[0]}.{newest.place[1]}" and digest(path.read_bytes()) == newest.digest


def test_what_a_killed_one_left_is_cleared_away(office: Office) -> None:
    backups.make(office.instance)
    for name in (".making-1", ".scratch-2", ".going-20200101-000000", ".copies-3"):
        (office.settings.backups / name).mkdir()
        (office.settings.backups / name / "kura.db").write_bytes(b"half")
    backups.make(office.instance)
    assert not list(office.settings.backups.glob(".*")) and len(names(office)) == 2


# --- which are kept


def test_a_month_is_kept_whole_and_then_one_a_week() -> None:
    today = date(2026, 11, 22)
    made = [(f"{n}", today - timedelta(days=n)) for n in range(400, -1, -1)]
    kept = {int(name) for name in retention.kept(made, today, 180)}
    assert kept >= set(range(30)) and max(kept) < 180
    weeks = [(today - timedelta(days=n)).isocalendar()[:2] for n in sorted(kept) if n >= 30]
    assert len(weeks) == len(set(weeks)) == 22
    assert {int(n) for n in retention.kept(made, today, 7)} == set(range(7))
    assert retention.kept(made[:2], today, 7) == {"399"}, "the newest stays, however old"


def test_several_a_day_are_all_kept_and_have_names_of_their_own(office: Office) -> None:
    for _ in range(3):
        backups.make(office.instance)
    assert len(names(office)) == 3 and names(office)[-1].endswith("-3")


def test_what_is_too_old_goes_with_its_objects_and_others_stay(office: Office) -> None:
    name = put_object(office)
    backups.make(office.instance)
    [(file,)] = office.sql("SELECT file FROM objects WHERE id = ?", name)
    office.sql("DELETE FROM objects")
    put_object(office, 1)
    office.clock.tick(100 * DAY)
    backups.make(office.instance)
    folder = backups.folder_of(office.instance)
    assert len(names(office)) == 2 and folder.store.path_of(file).exists()
    office.clock.tick(81 * DAY)
    made = backups.make(office.instance)
    assert len(made.dropped) == 1 and len(names(office)) == 2
    assert not folder.store.path_of(file).exists() and len(list(folder.store.names())) == 1
    assert backups.drill(office.instance).faults == ()


def test_as_long_as_a_manifest_cannot_be_read_no_object_goes(office: Office) -> None:
    put_object(office)
    first = backups.make(office.instance)
    office.sql("DELETE FROM objects")
    (office.settings.backups / first.name / "manifest").write_bytes(b"?")
    backups.make(office.instance)
    assert len(list(backups.folder_of(office.instance).store.names())) == 1


def test_a_backup_that_is_kept_is_not_thinned_out(office: Office) -> None:
    kept = backups.make(office.instance, keep=True).name
    office.clock.tick(200 * DAY)
    backups.make(office.instance)
    backups.make(office.instance)
    assert kept in names(office)
    backups.folder_of(office.instance).let_go(kept)
    assert backups.make(office.instance).dropped == (kept,)


@pytest.mark.parametrize("days", [3, 7, 30])
def test_no_setting_keeps_less_than_a_week(days: int, office: Office) -> None:
    path = office.folder / "settings.toml"
    path.write_text(path.read_text() + f"keep_days = {days}\n")
    assert config.load(office.folder).keep_days == max(7, days)


# --- where


def test_a_removable_or_foreign_disk_is_refused_unless_forced_by_name(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = replace(places.place_of(office.settings.database.parent), kind="ext4")  # also where the tests lie in memory
    for other in (
        replace(data, device=1, disks=frozenset({"sdb"}), removable=True), replace(data, device=1, kind="cifs"),
        replace(data, device=1, kind="fuse.sshfs"), replace(data, device=1, kind="tmpfs"),
    ):  # fmt: skip
        monkeypatch.setattr(
            backup_room, "_place", lambda folder, other=other: other if folder == office.settings.backups else data
        )
        with pytest.raises(Refused, match="backup-place-removable"):
            backups.make(office.instance)
        with pytest.raises(Refused, match="backup-place-removable"):
            backups.make(office.instance, force=str(office.folder))
    assert names(office) == []
    assert backups.make(office.instance, force=str(office.settings.backups)).name
    fixed = replace(data, device=1, disks=frozenset({"sdb"}))
    monkeypatch.setattr(backup_room, "_place", lambda folder: fixed if folder == office.settings.backups else data)
    backups.make(office.instance)
    assert not backup_room.one_disk(office.instance)


def test_an_empty_mount_point_is_not_taken_for_the_folder_of_backups(office: Office) -> None:
    backups.make(office.instance)
    shutil.move(office.settings.backups, office.folder.parent / "unmounted")
    office.settings.backups.mkdir()
    with pytest.raises(Refused, match="backup-place-other"):
        backups.make(office.instance)
    assert names(office) == []
    backups.make(office.instance, force=str(office.settings.backups))
    backups.make(office.instance)


def test_another_offices_folder_is_refused(office: Office, other_office: Office) -> None:
    backups.make(office.instance)
    theirs = replace(other_office.settings, backups=office.settings.backups)
    other_office.instance.settings = theirs
    with pytest.raises(Refused, match="backup-place-other"):
        backups.make(other_office.instance)


def plant_disk(sys: Path, number: str, at: str, removable: str = "0", partition: bool = True) -> None:
    """A disk and one partition on it, as /sys shows them."""
    disk = sys / at
    device = disk / f"{disk.name}1" if partition else disk
    device.mkdir(parents=True)
    (disk / "removable").write_text(removable + "\n")
    if partition:
        (device / "partition").write_text("1\n")
    (sys / "dev/block").mkdir(parents=True, exist_ok=True)
    (sys / "dev/block" / number).symlink_to(device)


@pytest.mark.parametrize(("at", "flag", "removable"), [
    ("devices/pci0/ata1/block/sda", "0", False),
    ("devices/pci0/ata1/block/sda", "1", True),
    ("devices/pci0/usb2/2-1/block/sdb", "0", True),
])  # fmt: skip
def test_what_can_be_taken_out_is_told_from_what_cannot(
    at: str, flag: str, removable: bool, tmp_path: Path
) -> None:
    device = os.stat(tmp_path).st_dev
    numbered = f"{os.major(device)}:{os.minor(device)}"
    plant_disk(tmp_path / "sys", numbered, at, flag)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 0 {numbered} / / rw - ext4 /dev/{Path(at).name}1 rw\n2 1 0:99 / /proc rw - proc proc rw\n")
    found = places.place_of(tmp_path / "not yet" / "there", tmp_path / "sys", mounts)
    assert (found.kind, found.removable, found.foreign) == ("ext4", removable, False)
    assert found.disks == {Path(at).name}


def test_a_mirror_is_on_all_its_disks(tmp_path: Path) -> None:
    device = os.stat(tmp_path).st_dev
    numbered = f"{os.major(device)}:{os.minor(device)}"
    sys = tmp_path / "sys"
    plant_disk(sys, numbered, "devices/virtual/block/md0", partition=False)
    for name, usb in (("sda", ""), ("sdb", "usb1/")):
        plant_disk(sys, f"8:{ord(name[-1])}", f"devices/pci0/{usb}block/{name}")
        (sys / "devices/virtual/block/md0/slaves").mkdir(exist_ok=True)
        (sys / f"devices/virtual/block/md0/slaves/{name}1").symlink_to(sys / f"devices/pci0/{usb}block/{name}/{name}1")
    found = places.place_of(tmp_path, sys, tmp_path / "none")
    assert found.disks == {"sda", "sdb"} and found.removable


# --- when the disk is full


def usage(free: int) -> Callable[[object], SimpleNamespace]:
    return lambda _: SimpleNamespace(free=free)


def test_the_oldest_go_first_and_then_it_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        backups.make(office.instance)
    before = names(office)
    monkeypatch.setattr(backup_room.shutil, "disk_usage", usage(1000))
    with pytest.raises(Unwritable, match="backup-disk-full"):
        backups.make(office.instance)
    assert names(office) == before[-1:], "the newest stays"
    state = backups.state(office.instance)
    assert state.failure == "backup-disk-full" and state.alarm
    monkeypatch.undo()
    assert backups.drill(office.instance).faults == ()
    backups.make(office.instance)
    assert not backups.state(office.instance).alarm


FAILURES = [
    (durable, "write", errno.ENOSPC), (durable, "fsync", errno.EIO), (durable, "replace", errno.EROFS),
    (storage, "replace", errno.ENOSPC), (storage, "link", errno.ENOSPC), (durable, "open", errno.EDQUOT),
]  # fmt: skip


@pytest.mark.parametrize("at", [1, 2, 4])
@pytest.mark.parametrize(("module", "call", "code"), FAILURES, ids=[f"{m.__name__}.{c}" for m, c, _ in FAILURES])
def test_a_disk_that_fails_leaves_whole_backups_only(
    module: object, call: str, code: int, at: int, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_object(office)
    backups.make(office.instance)
    put_object(office, 1)
    calls = 0

    def failing(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(code, os.strerror(code))
        return getattr(os, call)(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(module, "os", SimpleNamespace(**{**vars(os), call: failing}))
        try:
            backups.make(office.instance)
        except Unwritable:
            assert calls >= at
    assert names(office)
    for name in names(office):
        assert backups.drill(office.instance, name).faults == ()
    backups.make(office.instance)
    assert backups.drill(office.instance).faults == ()


def test_a_disk_that_does_not_take_copied_objects_gives_no_backup(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    put_object(office)

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    def elsewhere(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(storage, "sync_disk", refuse)
    monkeypatch.setattr(storage.os, "link", elsewhere)
    with pytest.raises(Unwritable):
        backups.make(office.instance)
    assert names(office) == [] and list(backups.folder_of(office.instance).store.names()) == []


# --- opened with today's keys


def test_at_an_administrators_sign_in_some_of_the_newest_are_opened_once_a_day(office: Office) -> None:
    put_object(office)
    backups.make(office.instance)
    office.sign_in()
    first = backups.state(office.instance)
    assert first.tried == office.instance.now() and first.opened > 0 and first.unopened == 0
    office.clock.tick(60)
    office.sign_in()
    assert backups.state(office.instance).tried == first.tried
    office.clock.tick(DAY)
    office.sign_in()
    assert backups.state(office.instance).tried == office.instance.now()


def test_what_does_not_open_is_an_alarm_and_hinders_nobody(office: Office) -> None:
    made = backups.make(office.instance)
    path = office.settings.backups / made.name / "kura.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE records SET sealed = zeroblob(length(sealed))")
    office.sign_in()
    state = backups.state(office.instance)
    assert state.unopened > 0 and state.opened == 0 and state.alarm
    path.write_bytes(b"no database at all")
    office.clock.tick(2 * DAY)
    office.sign_in()
    assert backups.state(office.instance).unopened == 1


def test_an_office_without_backups_is_told_after_two_days(office: Office) -> None:
    assert not backups.state(office.instance).late
    office.clock.tick(3 * DAY)
    assert backups.state(office.instance).late and backups.state(office.instance).made == 0


def test_what_the_drill_found_changed_is_taken_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    put_object(office)
    monkeypatch.setattr(storage.os, "link", refuse)
    made = backups.make(office.instance)
    store = backups.folder_of(office.instance).store
    [path] = [store.path_of(name) for name in store.names()]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert [fault.kind for fault in backups.drill(office.instance, made.name).faults] == ["object-changed"]
    assert backup_notes.read(office.instance, backup_notes.DRILL)["number"] == 1
    backups.make(office.instance)
    assert backups.drill(office.instance, made.name).faults == ()


def test_a_drill_leaves_nothing_behind_and_touches_nothing(office: Office) -> None:
    put_object(office)
    made = backups.make(office.instance)
    folder = backups.folder_of(office.instance)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.path_of(made.name).rglob("*")}
    with folder.scratch() as scratch:
        assert take_apart(folder, made.name, office.settings.office, scratch).faults == ()
        assert (scratch / "kura.db").exists()
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.path_of(made.name).rglob("*")} == before
    assert not list(folder.folder.glob(".*"))


def test_a_new_client_after_a_backup_is_in_the_next(office: Office) -> None:
    first = backups.make(office.instance)
    desk = office.desk()
    clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ サブロウ"))
    second = backups.make(office.instance)
    folder = backups.folder_of(office.instance)
    assert [folder.manifest_of(made.name).counts["clients"] for made in (first, second)] == [2, 3]
