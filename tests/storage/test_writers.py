"""Several workers at once, and disks that do not take what is written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import killing, offices
from tests.support.offices import NAMES, Office
from vault.crypto.keys import new_id, new_key
from vault.errors import Unwritable
from vault.services import clients, policies
from vault.storage.durable import write_whole

WORKERS, EACH = 4, 12


def test_four_workers_adding_keys_at_once_lose_none(office: Office) -> None:
    """Without the writer's lock they would keep about a quarter of them."""
    made = [[new_id() for _ in range(EACH)] for _ in range(WORKERS)]
    office.instance.engine.dispose()
    children = []
    for mine in made:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                desk = office.desk(office.worker())
                room = desk.client_compartments()[0]
                for owner in mine:
                    desk.add_folders({owner: room}, {owner: (new_id(), new_key())})
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * WORKERS
    office.restart()
    desk = office.desk()
    room = desk.client_compartments()[0]
    assert {owner for mine in made for owner in mine} <= set(desk.ring(room).owners())
    assert office.instance.files.owed() == []


def full_after(writes: int) -> Callable[..., int]:
    """A disk that takes so many writes and then is full."""
    real, left = os.write, [writes]

    def write(handle: int, data: Any) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "no space left on device")
        return real(handle, data)

    return write


@pytest.mark.parametrize("writes", range(4))
def test_a_full_disk_leaves_the_keystore_as_it_was_or_whole(office: Office, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    desk = office.desk()
    before = office.instance.files.read().place
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full_after(writes))
        try:
            clients.create(desk, desk.client_compartments()[0], offices.household("鈴木 三郎", "スズキ サブロウ"))
        except Unwritable:
            assert office.instance.files.read().place == before
    office.instance.keyring.let_go()
    office.instance.files.finish()
    assert office.instance.files.owed() == []
    assert not [p for replica in office.settings.replicas for p in replica.glob(".*.part")]
    office.restart()
    again = office.desk()
    assert {head.client.name for head in clients.list_clients(again)} >= set(NAMES)
    clients.create(again, again.client_compartments()[0], offices.household("高田 四郎", "タカダ シロウ"))


def test_a_file_that_cannot_be_synced_is_not_put_in_place(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    place = office.folder / "facts.json"
    write_whole(place, b"before")

    def refuse(_handle: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(Unwritable):
            write_whole(place, b"after")
    assert place.read_bytes() == b"before" and not list(office.folder.glob(".*.part"))


def test_a_full_database_refuses_the_save_and_shows_nothing(office: Office) -> None:
    desk = office.desk()
    page = clients.get(desk, office.facts.clients[0])
    held = page.policies[0]
    office.instance.engine.dispose()
    with office.instance.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.rollback()
    refused = 0
    for _ in range(60):  # until the free pages are used up
        try:
            held = held.__class__(
                held.id, policies.save(desk, page.id, held.id, held.policy, held.version), held.policy
            )
        except Unwritable:
            refused += 1
            break
    assert refused == 1
    office.restart()
    now = clients.get(office.desk(), page.id)
    assert next(h for h in now.policies if h.id == held.id).version == held.version


def test_a_read_only_database_opens_nothing(office: Office) -> None:
    desk = office.desk()
    office.instance.engine.dispose()
    with office.instance.engine.connect() as connection:
        connection.rollback()
        connection.connection.driver_connection.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]
        connection.rollback()
    with pytest.raises(Unwritable):
        clients.get(desk, office.facts.clients[0])


def test_a_killed_workers_permit_for_argon2_comes_back(office: Office) -> None:
    def take_both() -> None:
        with office.instance.argon2_permit(), office.instance.argon2_permit():
            os.kill(os.getpid(), 9)

    assert killing.run(take_both) is None
    with office.instance.argon2_permit(), office.instance.argon2_permit():
        pass
