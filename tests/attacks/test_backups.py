"""Somebody edits the folder of backups: the drill names what is wrong, and nothing of it is restored."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.offices import Clock, Office, household
from vault.domain.access import Permission
from vault.errors import Refused
from vault.services import backups, clients, objects, restoring
from vault.services.audit import Event
from vault.storage import backups as storage
from vault.storage import manifest


def kinds(office: Office, name: str = "") -> set[tuple[str, str]]:
    return {(fault.kind, fault.file) for fault in backups.drill(office.instance, name).faults}


@pytest.fixture
def two_days(office: Office) -> tuple[Office, str, str]:
    """An office with a backup of yesterday and one of today, which differ in everything; a scan in each."""
    made = []
    for client in office.facts.clients:
        with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
            objects.put(act, client, [os.urandom(20_000)], 20_000)
        desk = office.desk()
        page = clients.get(desk, client)
        clients.save(desk, client, replace(page.client, notes="別の日"), page.version)
        clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ サブロウ"))
        made.append(backups.make(office.instance).name)
        office.clock.tick(24 * 60 * 60)
    assert all(backups.drill(office.instance, name).faults == () for name in made)
    return office, made[0], made[1]


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def remove(path: Path) -> None:
    path.unlink()


def rename(path: Path) -> None:
    path.rename(path.with_name("ff" * 16))


def empty(path: Path) -> None:
    path.write_bytes(b"")


SPOIL = [flip, cut, remove, rename, empty]


@pytest.mark.parametrize("spoil", SPOIL, ids=lambda each: each.__name__)
def test_any_file_of_a_backup_that_is_not_what_it_was_is_named(
    spoil: Callable[[Path], None], two_days: tuple[Office, str, str]
) -> None:
    office, _, name = two_days
    place = office.settings.backups / name
    files = sorted(place.iterdir())
    assert len(files) == 5
    for path in files:
        raw = path.read_bytes()
        spoil(path)
        named = kinds(office, name)
        wanted = "manifest" if path.name == "manifest" else path.name
        assert wanted in {file for _, file in named}, (path.name, named)
        with pytest.raises(Refused, match="backup-damaged"), restoring.prepared(office.instance, "2026-11-19"):
            pass
        (place / ("ff" * 16)).unlink(missing_ok=True)
        path.write_bytes(raw)
    assert kinds(office, name) == set()


@pytest.mark.parametrize("spoil", SPOIL, ids=lambda each: each.__name__)
def test_any_object_that_is_not_what_it_was_is_named(
    spoil: Callable[[Path], None], two_days: tuple[Office, str, str]
) -> None:
    office, first, second = two_days
    folder = backups.folder_of(office.instance)
    held = [folder.manifest_of(name).names() for name in (first, second)]
    file = next(iter(held[1] - held[0]))
    spoil(folder.store.path_of(file))
    named = kinds(office, second)
    assert {what for _, what in named} == {file.hex()} and kinds(office, first) == set()
    with pytest.raises(Refused, match="backup-damaged"), restoring.prepared(office.instance, "2026-11-19"):
        pass


def test_files_exchanged_with_another_days_are_named(two_days: tuple[Office, str, str]) -> None:
    office, first, second = two_days
    places = [office.settings.backups / name for name in (first, second)]
    for file in ("kura.db", "manifest"):
        one, other = (place / file for place in places)
        raw = one.read_bytes(), other.read_bytes()
        one.write_bytes(raw[1])
        other.write_bytes(raw[0])
        wanted = ("file-changed", file) if file == "kura.db" else ("name-differs", second)
        assert wanted in kinds(office, second)
        assert kinds(office, first)
        one.write_bytes(raw[0])
        other.write_bytes(raw[1])
    keystores = [next(place.glob("keystore.*")) for place in places]
    keystores[1].write_bytes(keystores[0].read_bytes())
    assert {kind for kind, _ in kinds(office, second)} == {"file-changed"}


def test_two_objects_exchanged_are_both_named(two_days: tuple[Office, str, str]) -> None:
    office, _, second = two_days
    folder = backups.folder_of(office.instance)
    one, other = (folder.store.path_of(file) for file in sorted(folder.manifest_of(second).names()))
    raw = one.read_bytes(), other.read_bytes()
    one.unlink(), other.unlink()  # links of the running files, which stay
    one.write_bytes(raw[1]), other.write_bytes(raw[0])
    assert kinds(office, second) == {("object-changed", one.name), ("object-changed", other.name)}


def test_a_whole_backup_under_another_name_is_named(two_days: tuple[Office, str, str]) -> None:
    office, first, second = two_days
    root = office.settings.backups
    (root / first).rename(root / "spare")
    (root / second).rename(root / first)
    (root / "spare").rename(root / second)
    assert ("name-differs", first) in kinds(office, first) and ("name-differs", second) in kinds(office, second)


def test_a_database_without_its_objects_and_the_reverse_are_refused(two_days: tuple[Office, str, str]) -> None:
    office, _, second = two_days
    root = office.settings.backups
    shutil.move(root / "objects", root / "spare")
    assert {kind for kind, _ in kinds(office, second)} == {"object-missing"}
    with pytest.raises(Refused, match="backup-damaged"), restoring.prepared(office.instance, "2026-11-19"):
        pass
    shutil.move(root / "spare", root / "objects")
    (root / second / "kura.db").unlink()
    assert kinds(office, second) == {("file-missing", "kura.db")}
    with pytest.raises(Refused, match="backup-damaged"), restoring.prepared(office.instance, "2026-11-19"):
        pass


def test_another_offices_backup_is_named(two_days: tuple[Office, str, str], other_office: Office) -> None:
    office, _, second = two_days
    theirs = backups.make(other_office.instance).name
    root = office.settings.backups
    shutil.rmtree(root / second)
    shutil.copytree(other_office.settings.backups / theirs, root / second)
    assert ("office-differs", "manifest") in kinds(office, second)


# --- somebody who writes a manifest that fits what he has edited


OTHER_KEY = (
    "UPDATE records SET sealed = (SELECT sealed FROM contents ORDER BY owner LIMIT 1) "
    "WHERE owner = (SELECT max(owner) FROM contents)"
)


def edited(office: Office, name: str, *statements: str) -> set[str]:
    """Edit a backup's database and make its manifest fit the new bytes; what the drill then still finds."""
    place = office.settings.backups / name
    with closing(sqlite3.connect(place / "kura.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode = DELETE")
    for suffix in ("-wal", "-shm"):
        (place / f"kura.db{suffix}").unlink(missing_ok=True)
    forge(office, name, lambda held: held)
    return {kind for kind, _ in kinds(office, name)}


def forge(office: Office, name: str, change: Callable[[manifest.Manifest], manifest.Manifest]) -> None:
    place = office.settings.backups / name
    raw = (place / "kura.db").read_bytes()
    held = backups.folder_of(office.instance).manifest_of(name)
    files = {**held.files, "kura.db": (len(raw), hashlib.sha256(raw).digest())}
    (place / "manifest").write_bytes(change(replace(held, files=files)).encode())


@pytest.mark.parametrize(("statement", "kind"), [
    ("DELETE FROM records WHERE id = (SELECT id FROM records LIMIT 1)", "count-differs"),
    ("DELETE FROM contents", "count-differs"),
    ("UPDATE contents SET version = version + 1", "list-not-noted"),
    ("UPDATE contents SET sealed = (SELECT sealed FROM contents ORDER BY owner LIMIT 1)", "list-not-noted"),
    ("DELETE FROM journal WHERE position = (SELECT max(position) FROM journal)", "journal-broken"),
    ("UPDATE journal SET clear = x'00' WHERE position = 5", "journal-broken"),
    ("UPDATE journal SET subject = NULL WHERE subject IS NOT NULL", "journal-broken"),
    ("UPDATE records SET sealed = zeroblob(300)", "row-not-sealed"),
    ("UPDATE history SET sealed = substr(sealed, 1, 40)", "row-not-sealed"),
    (OTHER_KEY, "row-of-other-key"),
    ("UPDATE objects SET file = randomblob(16)", "object-differs"),
    ("DELETE FROM objects", "object-differs"),
    ("UPDATE objects SET hash = randomblob(32)", "object-differs"),
    ("DROP TABLE records", "database-structure"),
    ("DROP TABLE alembic_version", "database-structure"),
    ("UPDATE alembic_version SET version_num = '9999'", "database-structure"),
])  # fmt: skip
def test_an_edited_database_under_a_manifest_that_fits_is_told_all_the_same(
    statement: str, kind: str, two_days: tuple[Office, str, str]
) -> None:
    office, _, second = two_days
    assert kind in edited(office, second, statement)


def test_a_database_of_a_newer_kura_is_told(two_days: tuple[Office, str, str]) -> None:
    office, _, second = two_days
    with closing(sqlite3.connect(office.settings.backups / second / "kura.db", isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    forge(office, second, lambda held: replace(held, schema="9999"))
    assert kinds(office, second) == {("database-newer", "kura.db")}


def test_a_broken_database_is_told(two_days: tuple[Office, str, str]) -> None:
    office, _, second = two_days
    path = office.settings.backups / second / "kura.db"
    with path.open("r+b") as file:
        for at in range(4096, path.stat().st_size, 8192):
            file.seek(at)
            file.write(os.urandom(64))
    forge(office, second, lambda held: held)
    assert {kind for kind, _ in kinds(office, second)} & {"database-structure", "journal-broken", "row-not-sealed"}


@pytest.mark.parametrize("raw", [b"", b"\0" * 32, b"\0" * 500, "目録".encode() * 20])
def test_a_manifest_that_is_none_is_told(raw: bytes, two_days: tuple[Office, str, str]) -> None:
    office, _, second = two_days
    (office.settings.backups / second / "manifest").write_bytes(raw)
    assert kinds(office, second) == {("manifest-unreadable", "manifest")}


def test_a_name_in_a_manifest_leads_nowhere_else(two_days: tuple[Office, str, str]) -> None:
    """A manifest that somebody forged must not make the restore read another file than the backup's own."""
    office, _, second = two_days
    outside = {"../../settings.toml": (1, bytes(32)), "/etc/hostname": (1, bytes(32))}
    forge(office, second, lambda held: replace(held, files={**held.files, **outside}))
    assert kinds(office, second) >= {("file-stranger", name) for name in outside}


# --- killed


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("linked", [True, False], ids=["one disk", "two disks"])
def test_a_backup_that_is_cut_off_is_there_whole_or_not_at_all(
    linked: bool, power_cut: bool, two_days: tuple[Office, str, str], tmp_path: Path, pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    office, first, second = two_days
    if not linked:
        def elsewhere(*_: object) -> None:
            raise OSError(errno.EXDEV, "another disk")

        monkeypatch.setattr(storage.os, "link", elsewhere)
    for client in office.facts.clients:
        with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
            objects.put(act, client, [os.urandom(9000)], 9000)
    office.instance.engine.dispose()
    office.instance.keyring.let_go()

    def attempt(at: int) -> int | None:
        place = tmp_path / f"at-{at}"
        shutil.copytree(office.folder, place / "instance")
        copy = Office(place / "instance", Clock(office.clock.now), office.facts)
        ended = killing.run(lambda: backups.make(copy.instance), at or killing.EVERY, power_cut)
        up = Office(copy.folder, Clock(copy.clock.now + 60), office.facts)
        names = backups.folder_of(up.instance).names()
        assert names[:2] == [first, second] and len(names) in (2, 3)
        assert at or len(names) == 3
        made = backups.make(up.instance)
        for name in [*names, made.name]:
            assert backups.drill(up.instance, name).faults == (), (at, name)
        assert not list(up.settings.backups.glob(".*"))
        for each in (up, copy):
            each.instance.engine.dispose()
        shutil.rmtree(place)
        return ended

    killing.at_points(attempt, pytestconfig, 8)
