"""Erasing, re-keying, backup, restore, the end and the move under kill -9 and power cut: the state before or after.

A few points of each act in every run, all of them with --long, and there at every system call too (tests.support.injecting).
"""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.attacks.test_crashes import afterwards, whole
from tests.services import test_packing, test_restoring
from tests.support import endings, injecting, killing
from tests.support.offices import Clock, Office, copied, household
from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.erasures import ErasureOrder
from vault.services import backups, clients, closing, destroying, erasing, objects, rekeying
from vault.services.audit import Event
from vault.services.destroying import Order
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage import wiping

ORDER = ErasureOrder(reason="誤った登録")
SCANS = (b"the scan that goes " * 300, b"the scan that stays " * 300)
BEFORE, AFTER = "before", "after"


@dataclass
class Furnished:
    """An office with four clients, scans of two of them and a backup; what stood in it; the operator's key."""

    office: Office
    private: bytes
    scans: list[bytes]
    neighbour: bytes
    seen: tuple[Client, list[object]] | None = None
    backup: str = ""


@pytest.fixture(scope="module")
def furnished(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Instance, "keep", lambda self: None)
        office = copied(templates[0], tmp_path_factory.mktemp("furnished"))
        private = endings.set_operator(office)
        office.restart()
        for name, kana in (("鈴木 三郎", "スズキ サブロウ"), ("田中 四郎", "タナカ シロウ")):
            desk = office.desk()
            office.facts.clients.append(clients.create(desk, desk.client_compartments()[0], household(name, kana)))
        first, neighbour = office.facts.clients[:2]
        scans = [put(office, first, each) for each in SCANS]
        put(office, neighbour, SCANS[1])
        erasing.ensure_folder(office.desk())
        made = Furnished(office, private, scans, neighbour, backup=backups.make(office.instance).name)
        made.seen = seen(office.desk(), neighbour)
        office.clock.tick(60)
        endings.let_go(office)
        yield made


@pytest.fixture(scope="module")
def tally() -> dict[str, int]:
    """How often each act was killed in this run."""
    return {}


def put(office: Office, client: bytes, data: bytes) -> bytes:
    with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        return objects.put(act, client, [data], len(data))


def scans_of(desk: Desk, client: bytes) -> list[bytes]:
    with desk.act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        return sorted(objects.read(act, client, name) for name in objects.names(act, client))


def seen(desk: Desk, client: bytes) -> tuple[Client, list[object]]:
    """All that a client has."""
    page = clients.get(desk, client)
    return page.client, [*(held.policy for held in page.policies), *scans_of(desk, client)]


def copy_of(made: Furnished, place: Path) -> Office:
    shutil.copytree(made.office.folder, place / "instance")
    return Office(place / "instance", Clock(made.office.clock.now + 60), made.office.facts)


# --- erasing


@dataclass(frozen=True)
class Erasing:
    """`act` is interrupted; `goes` are the clients that it takes wholly, none where it takes a part of the first."""

    name: str
    act: Callable[[Desk, Furnished], object]
    goes: tuple[int, ...]


def one(desk: Desk, made: Furnished) -> object:
    return erasing.erase_clients(desk, [made.office.facts.clients[0]], ORDER)


def many(desk: Desk, made: Furnished) -> object:
    return erasing.erase_clients(desk, [made.office.facts.clients[n] for n in (0, 2, 3)], ORDER)


def part(desk: Desk, made: Furnished) -> object:
    return rekeying.erase_part(desk, made.office.facts.clients[0], {made.office.facts.policies[0][0], made.scans[0]}, ORDER)


ERASINGS = [Erasing("one", one, (0,)), Erasing("many", many, (0, 2, 3)), Erasing("a part", part, ())]


def found(up: Office, made: Furnished, each: Erasing) -> str:
    """Which state it is: all of it, once an administrator has signed in; nothing in between."""
    desk = whole(up)
    assert not erasing.is_pending(desk), "an administrator's sign-in finishes what was begun"
    done = [erasure for erasure, _ in erasing.listed(desk)]
    assert all(erasure.done and erasing.is_vouched(desk, erasure) for erasure in done)
    there = {head.id for head in clients.list_clients(desk)}
    all_clients = set(up.facts.clients)
    if each.goes:
        gone = {up.facts.clients[n] for n in each.goes}
        assert there == (all_clients - gone if done else all_clients) and len(done) in (0, len(gone))
        if done:
            assert_no_rows(up, gone)
    else:
        assert there == all_clients and len(done) in (0, 1)
        page = clients.get(desk, up.facts.clients[0])
        assert {held.id for held in page.policies} == set(up.facts.policies[0][1:] if done else up.facts.policies[0])
        assert scans_of(desk, page.id) == sorted(SCANS[1:] if done else SCANS)
    return AFTER if done else BEFORE


def assert_no_rows(up: Office, gone: set[bytes]) -> None:
    for table in ("records", "history", "contents", "objects"):
        left = {bytes(row[0]) for row in up.sql(f"SELECT DISTINCT owner FROM {table}")}
        assert not left & gone, table


def check_erasing(copy: Office, made: Furnished, each: Erasing) -> str:
    """Afterwards: before or after, the neighbour untouched, no alarm, and it can be done again; after that it is done."""
    up = afterwards(copy)
    state = found(up, made, each)
    if state == BEFORE:
        each.act(up.desk(), made)
        assert found(up, made, each) == AFTER
    assert seen(up.desk(), made.neighbour) == made.seen
    assert up.sql("SELECT COUNT(*) FROM journal WHERE event = 'rollback-found'") == [(0,)]
    backups.make(up.instance)
    assert backups.drill(up.instance).faults == ()
    for each_up in (up, copy):
        endings.let_go(each_up)
    return state


def preparing(copy: Office, made: Furnished, each: Erasing) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        desk = copy.desk()
        return lambda: each.act(desk, made)

    return prepare


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("each", ERASINGS, ids=lambda e: e.name)
def test_an_erasure_that_is_cut_off_is_whole_or_not_and_nobody_else_is_touched(
    each: Erasing, power_cut: bool, furnished: Furnished, tally: dict[str, int], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    def attempt(at: int) -> int | None:
        copy = copy_of(furnished, tmp_path / f"at-{at}")
        ended = killing.run_prepared(preparing(copy, furnished, each), at or killing.EVERY, power_cut)
        state = check_erasing(copy, furnished, each)
        assert at or state == AFTER
        shutil.rmtree(copy.folder.parent)
        return ended

    tally[f"{each.name} {power_cut}"] = killing.at_points(attempt, pytestconfig, 5)


# --- at every system call


@dataclass
class Scene(ABC):
    """A folder with an office of its own, what is done to it in a child, and what must be true after."""

    made: Furnished
    place: Path
    office: Office = field(init=False)

    def __post_init__(self) -> None:
        self.office = copy_of(self.made, self.place)

    @abstractmethod
    def prepare(self) -> Callable[[], object]:
        """What is to be done in the child, with everything before it done already."""

    @abstractmethod
    def check(self) -> None:
        """What must be true after the next start, wherever the child was killed."""

    def again(self) -> Office:
        """The next start, a minute later."""
        return Office(self.office.folder, Clock(self.office.clock.now + 60), self.office.facts)

    def order(self) -> Order:
        return Order(self.made.private, endings.target_of(self.office))


class EraseOne(Scene):
    erasing = ERASINGS[0]

    def prepare(self) -> Callable[[], object]:
        return preparing(self.office, self.made, self.erasing)()

    def check(self) -> None:
        check_erasing(self.office, self.made, self.erasing)


class EraseMany(EraseOne):
    erasing = ERASINGS[1]


class ErasePart(EraseOne):
    erasing = ERASINGS[2]


class Backup(Scene):
    def prepare(self) -> Callable[[], object]:
        put(self.office, self.made.neighbour, b"a scan of today")
        self.office.clock.tick(24 * 60 * 60)
        return lambda: backups.make(self.office.instance)

    def check(self) -> None:
        up = self.again()
        names = backups.folder_of(up.instance).names()
        assert names[0] == self.made.backup and len(names) in (1, 2)
        made = backups.make(up.instance).name
        assert all(backups.drill(up.instance, name).faults == () for name in {*names, made})
        assert not list(up.settings.backups.glob(".*"))
        whole(up)
        endings.let_go(up)


class Restore(Scene):
    """The neighbour's household is changed and a client entered after the backup that is restored."""

    def prepare(self) -> Callable[[], object]:
        test_restoring.write_note(self.office, "あとで", 1)
        desk = self.office.desk()
        clients.create(desk, desk.client_compartments()[0], household("あとの 人", "アトノ ヒト"))
        endings.let_go(self.office)
        return lambda: test_restoring.restore(self.office, self.made.backup)

    def check(self) -> None:
        up = self.again()
        test_restoring.restore(up, self.made.backup)
        assert closing.closed_for(up.instance) == ""
        test_restoring.confirm(up)
        assert {head.id for head in clients.list_clients(up.desk())} == set(up.facts.clients)
        assert seen(up.desk(), self.made.neighbour) == self.made.seen
        whole(up)
        endings.let_go(up)


def nobody_else() -> None:
    """In a child only: what the tests' own process has open is no server."""
    wiping.holders = lambda folders: []


class Destroy(Scene):
    def prepare(self) -> Callable[[], object]:
        nobody_else()
        endings.let_go(self.office)
        return lambda: endings.destroy(self.office, self.order())

    def check(self) -> None:
        endings.let_go(self.office)
        target = endings.target_of(self.office)
        if self.office.folder.exists() and destroying.finish_empty(self.office.folder, target) is None:
            endings.destroy(self.office, self.order())
        assert target.exists() and not self.office.folder.exists()
        assert [p for p in self.place.rglob("*") if p.is_file() and p != target and p.name != "log"] == []


class Pack(Scene):
    def prepare(self) -> Callable[[], object]:
        nobody_else()
        endings.let_go(self.office)
        return lambda: test_packing.pack(self.office)

    def check(self) -> None:
        assert closing.closed_for(self.office.instance) in ("", closing.PACKED)
        endings.let_go(self.office)
        test_packing.unpack(self.office, test_packing.pack(self.office).code)
        new = test_packing.unpacked(self.office)
        assert seen(new.desk(), self.made.neighbour) == self.made.seen
        endings.let_go(new)


SCENES: list[type[Scene]] = [EraseOne, EraseMany, ErasePart, Backup, Restore, Destroy, Pack]
LEAST = 1000


def kill_all(scene: type[Scene], made: Furnished, place: Path, every: int) -> int:
    """Killed at every so-many-th system call; returns how many times."""
    log = place / "log"
    first = scene(made, place / "whole")
    at = injecting.points(first.prepare, log)
    first.check()
    for number, point in enumerate(at[:: every]):
        one_of = scene(made, place / f"at-{number}")
        injecting.killed(one_of.prepare, log, point)
        try:
            one_of.check()
        except BaseException as error:
            error.add_note(f"killed at {point}")
            raise
        shutil.rmtree(one_of.place)
    return len(at[:: every])


@pytest.mark.long
@pytest.mark.parametrize("scene", SCENES, ids=lambda s: s.__name__)
def test_killed_at_any_system_call_it_is_done_by_the_next_run(
    scene: type[Scene], furnished: Furnished, tally: dict[str, int], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    injecting.needed(pytestconfig)
    tally[scene.__name__] = kill_all(scene, furnished, tmp_path, 1)


@pytest.mark.long
def test_there_were_a_thousand_points(tally: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    if len(tally) < len(SCENES) + 2 * len(ERASINGS):
        pytest.skip("not every act was killed in this run")
    with capsys.disabled():
        print(f"\n{sum(tally.values())} kill points: {tally}")
    assert sum(tally.values()) >= LEAST
