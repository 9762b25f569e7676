"""A disk that is full, broken or read-only: refused with 503, nothing shown, nothing half done."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from tests.support.offices import NAMES, PASSWORD, Office, household, origin
from tests.support.visits import Visit, shows_nothing
from vault.errors import Damaged, Unwritable
from vault.services import clients
from vault.services.accounts import registering
from vault.storage import durable

NEW_BROWSER = b"\x55" * 32


class Disk:
    """The part of `os` that writes, failing at one call and from then on, or at that one alone."""

    def __init__(self, call: str, at: int, code: int, lasting: bool) -> None:
        self.call, self.at, self.code, self.lasting, self.count = call, at, code, lasting, 0
        self.os = SimpleNamespace(**{**vars(os), call: self._failing})

    def _failing(self, *arguments: object, **options: object) -> object:
        self.count += 1
        if self.count == self.at or (self.lasting and self.count > self.at):
            raise OSError(self.code, os.strerror(self.code))
        return getattr(os, self.call)(*arguments, **options)


def new_client(office: Office) -> object:
    desk = office.desk()
    return lambda: clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ サブロウ"))


def registration(office: Office) -> object:
    return lambda: registering.register(
        office.instance, office.facts.login_id, PASSWORD, office.facts.code, None, NEW_BROWSER, origin("203.0.113.1")
    )


def new_epoch(office: Office) -> object:
    def act() -> None:
        office.instance.keyring.let_go()  # as every caller does, or it would wait for its own lease
        office.instance.files.take_away(lambda keystore: replace(keystore, statements=(b"taken",)))

    return act


FAILURES = [("write", errno.ENOSPC), ("fsync", errno.EIO), ("replace", errno.EROFS), ("open", errno.EDQUOT)]


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize(("call", "code"), FAILURES, ids=[f[0] for f in FAILURES])
@pytest.mark.parametrize("prepare", [new_client, registration, new_epoch], ids=lambda p: p.__name__)
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_write_that_fails_is_said_and_leaves_all_whole(
    at: int, call: str, code: int, lasting: bool, prepare: Callable[[Office], Callable[[], object]], office: Office,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    act = prepare(office)
    disk = Disk(call, at, code, lasting)
    with monkeypatch.context() as patched:
        patched.setattr(durable, "os", disk.os)
        try:
            act()
        except (Unwritable, OSError) as error:
            assert isinstance(error, Unwritable), error
    office.restart()
    office.instance.files.finish()
    assert office.instance.files.owed() == []
    desk = office.desk()
    for head in clients.list_clients(desk):
        assert clients.get(desk, head.id).client.name
    act = prepare(office)  # and it goes on when the disk does
    if prepare is not registration or desk.stored.keystore.codes:
        act()


# --- the database


def pragma(office: Office, statement: str) -> None:
    """Every connection from now on with a pragma of the test's."""
    office.instance.engine.dispose()
    event.listen(office.instance.engine, "connect", lambda raw, _: raw.execute(statement))


def full(office: Office) -> None:
    [(pages,)] = office.sql("PRAGMA page_count")
    pragma(office, f"PRAGMA max_page_count={pages}")


def read_only(office: Office) -> None:
    pragma(office, "PRAGMA query_only=ON")


def broken(office: Office) -> None:
    office.instance.engine.dispose()
    office.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with office.database.open("r+b") as file:
        for at in range(4096, office.database.stat().st_size, 4096):
            file.seek(at)
            file.write(os.urandom(64))


def test_a_full_database_takes_nothing_and_shows_nothing(office: Office, visit: Visit) -> None:
    full(office)
    long = replace(household(NAMES[0], "シマ カイト"), notes="長い" * 2000)
    desk = office.desk()
    with pytest.raises(Unwritable):
        for base in range(2, 60):
            clients.save(desk, office.facts.clients[0], long, base)
    for _ in range(200):  # what is left of the pages goes into the journal
        if visit.get("/clients").status_code != 200:
            break
    for path in ("/clients", visit.client_page(), visit.policy_page(), "/ledger"):
        answer = visit.get(path)
        assert answer.status_code == 503 and shows_nothing(answer), path


@pytest.mark.parametrize("fresh", [False, True], ids=["running", "started anew"])
def test_a_read_only_database_shows_a_sentence_and_nothing_else(fresh: bool, office: Office, visit: Visit) -> None:
    if fresh:
        worker = office.worker()
        office.instance = worker
        visit = visit.at(worker)
    read_only(office)
    for path in ("/clients", visit.client_page(), "/ledger", "/session/new", "/office", "/office/particulars", "/help", "/"):
        answer = visit.get(path)
        assert shows_nothing(answer), path
        assert answer.status_code == (503 if path not in ("/help", "/") else answer.status_code), (path, answer.status_code)
        assert answer.status_code in (200, 303, 503)
    assert "ディスクに書き込めません" in visit.get("/clients").get_data(as_text=True)
    assert visit.post("/session/new", {"login_id": office.facts.login_id, "password": PASSWORD}).status_code == 503


def test_a_broken_database_is_damage_and_not_a_failure_of_the_program(office: Office, visit: Visit) -> None:
    broken(office)
    answer = visit.get("/clients")
    assert answer.status_code in (409, 503) and shows_nothing(answer)
    with pytest.raises((Damaged, Unwritable)):
        clients.list_clients(office.desk())


def test_a_save_in_a_full_database_is_whole_or_not_there(office: Office) -> None:
    desk = office.desk()
    full(office)
    version, refused = 2, 0
    for n in range(40):
        record = replace(household(NAMES[0], "シマ カイト"), notes=f"{n} " + "長い" * 300)
        try:
            version = clients.save(desk, office.facts.clients[0], record, version)
        except Unwritable:
            refused += 1
    assert refused
    office.restart()
    page = clients.get(office.desk(), office.facts.clients[0])
    assert page.version == version


def test_a_database_that_is_busy_for_too_long_is_unwritable(office: Office, visit: Visit) -> None:
    import sqlite3

    pragma(office, "PRAGMA busy_timeout=50")
    held = sqlite3.connect(office.database, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    answer = visit.get("/clients")
    held.execute("ROLLBACK")
    held.close()
    assert answer.status_code == 503 and shows_nothing(answer)
    assert visit.get("/clients").status_code == 200
