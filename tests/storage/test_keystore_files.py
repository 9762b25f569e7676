"""The keystore's files: one writer over all processes, two replicas, nothing lost."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.offices import Office, household
from vault.crypto.keys import new_id, new_key
from vault.errors import Damaged
from vault.services import clients

PROCESSES, EACH = 4, 20


def in_processes(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in so many children at once; fails when one of them does."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children] == [0] * count


def test_four_processes_that_add_keys_at_once_lose_none(office: Office) -> None:
    """Without the writer's lock they would keep about a quarter of them."""
    office.instance.engine.dispose()
    wanted = [[new_id() for _ in range(EACH)] for _ in range(PROCESSES)]

    def add(number: int) -> None:
        desk = office.desk(office.worker())
        room = desk.client_compartments()[0]
        for owner in wanted[number]:
            desk.add_folders({owner: room}, {owner: (new_id(), new_key())})

    in_processes(PROCESSES, add)
    office.restart()
    desk = office.desk()
    held = set(desk.ring(desk.client_compartments()[0]).owners())
    assert {owner for owners in wanted for owner in owners} <= held
    assert len(held) == PROCESSES * EACH + 2


def test_four_processes_that_enter_clients_at_once_lose_none(office: Office) -> None:
    office.instance.engine.dispose()

    def enter(number: int) -> None:
        desk = office.desk(office.worker())
        for n in range(5):
            clients.create(desk, desk.client_compartments()[0], household(f"同時 {number}{n}", "ドウジ"))

    in_processes(PROCESSES, enter)
    office.restart()
    names = [head.client.name for head in clients.list_clients(office.desk())]
    assert len(names) == 22 and {f"同時 {i}{n}" for i in range(4) for n in range(5)} <= set(names)


def test_of_two_people_who_save_at_once_one_is_told(office: Office) -> None:
    from vault.errors import Conflict

    desks = [office.desk(office.worker()) for _ in range(2)]
    owner = office.facts.clients[0]
    record = clients.get(desks[0], owner).client
    assert clients.save(desks[0], owner, replace(record, notes="先"), 2) == 3
    with pytest.raises(Conflict):
        clients.save(desks[1], owner, replace(record, notes="後"), 2)


def test_a_new_epoch_waits_until_every_worker_has_let_go(office: Office) -> None:
    """A worker in another process that has read the keystore keeps the old shred key alive until it lets go."""
    office.instance.engine.dispose()
    said, say = os.pipe()
    child = os.fork()
    if child == 0:
        worker = office.worker()
        worker.keyring.stored()
        os.write(say, b"x")
        time.sleep(0.5)
        worker.keyring.let_go_if_due()
        os._exit(0)
    os.read(said, 1)
    start = time.monotonic()
    office.instance.files.take_away(lambda keystore: keystore)
    assert time.monotonic() - start > 0.3
    os.waitpid(child, 0)
    for replica in office.settings.replicas:
        assert not (replica / "shred.1").exists() and (replica / "shred.2").exists()


def test_a_worker_that_dies_holds_nothing_up(office: Office) -> None:
    office.instance.engine.dispose()
    child = os.fork()
    if child == 0:
        office.worker().keyring.stored()
        os._exit(0)
    os.waitpid(child, 0)
    start = time.monotonic()
    office.instance.files.take_away(lambda keystore: keystore)
    assert time.monotonic() - start < 5


def test_every_change_is_on_both_replicas(office: Office) -> None:
    desk = office.desk()
    clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ"))
    names = [sorted(p.name for p in replica.glob("[ks]*.*")) for replica in office.settings.replicas]
    assert names[0] == names[1] and len(names[0]) == 3  # the newest, the one before, the shred key
    for name in names[0]:
        assert len({(replica / name).read_bytes() for replica in office.settings.replicas}) == 1


@pytest.mark.parametrize("lost", [0, 1])
def test_one_replica_is_enough_and_the_other_is_made_again(lost: int, office: Office) -> None:
    replica = office.settings.replicas[lost]
    for path in [*replica.glob("keystore.*"), *replica.glob("shred.*")]:
        path.unlink()
    office.restart()
    assert office.instance.files.owed() == [replica]
    assert len(clients.list_clients(office.desk())) == 2
    assert office.instance.files.owed() == []  # an administrator has signed in
    other = office.settings.replicas[1 - lost]
    for path in [*other.glob("keystore.*"), *other.glob("shred.*")]:
        path.unlink()
    office.restart()
    assert len(clients.list_clients(office.desk())) == 2


@pytest.mark.parametrize("broken", [0, 1])
def test_a_copy_that_does_not_open_is_passed_over(broken: int, office: Office) -> None:
    for path in office.settings.replicas[broken].glob("keystore.*"):
        path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    office.restart()
    assert len(clients.list_clients(office.desk())) == 2


def test_with_both_copies_broken_nothing_opens_and_nothing_is_made_anew(office: Office) -> None:
    for replica in office.settings.replicas:
        for path in replica.glob("keystore.*"):
            path.write_bytes(b"broken")
    office.restart()
    before = sorted(p.name for p in office.settings.replicas[0].iterdir())
    with pytest.raises(Damaged):
        office.desk()
    with pytest.raises(Damaged):
        office.instance.files.add(lambda keystore: keystore)
    assert sorted(p.name for p in office.settings.replicas[0].iterdir()) == before


def test_a_replica_that_comes_back_empty_is_filled(office: Office) -> None:
    """A second disk that was away while the office worked: its keystore is old, its shred key of an ended epoch."""
    away = office.settings.replicas[1]
    kept = office.folder / "away"
    shutil.copytree(away, kept)
    office.instance.files.take_away(lambda keystore: replace(keystore, statements=(b"while it was away",)))
    shutil.rmtree(away)
    shutil.copytree(kept, away)
    office.restart()
    office.instance.files.finish()
    assert office.instance.files.owed() == []
    assert not (away / "shred.1").exists() and not list(away.glob("keystore.1.*"))
    assert office.instance.keyring.stored().keystore.statements == (b"while it was away",)


def test_the_old_shred_key_is_overwritten_before_its_name_goes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of the file that goes are no longer the key: looked at through a name of our own for the same file."""
    replica = office.settings.replicas[0]
    before = (replica / "shred.1").read_bytes()
    os.link(replica / "shred.1", office.folder / "same-file")
    office.instance.files.take_away(lambda keystore: keystore)
    after = (office.folder / "same-file").read_bytes()
    assert len(after) == len(before) and sum(a == b for a, b in zip(before, after, strict=True)) < 1024
