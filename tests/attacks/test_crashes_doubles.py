"""Two clients become one under kill -9 and power cut: both are there with all they have, or one with all of both."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.test_crashes import afterwards, whole
from tests.support import endings, killing
from tests.support.offices import Clock, Office, copied
from tests.support.twins import SCAN, Twins, twins_in, unite
from vault.domain.access import Permission
from vault.services import backups, clients, erasing, merged, objects
from vault.services.audit import Event
from vault.services.instance import Instance


@pytest.fixture(scope="module")
def twins(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Instance, "keep", lambda self: None)
        made = twins_in(copied(templates[0], tmp_path_factory.mktemp("twins")))
        erasing.ensure_folder(made.office.desk())
        made.office.clock.tick(60)
        endings.let_go(made.office)
        yield made


def scans_of(up: Office, client: bytes) -> list[bytes]:
    with up.desk().act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        return [objects.read(act, client, name) for name in objects.names(act, client)]


def is_united(up: Office, twins: Twins) -> bool:
    """Which of the two states it is; nothing in between, and every page of paper opens."""
    desk = whole(up)
    there = {head.id for head in clients.list_clients(desk)}
    done = twins.twin not in there
    assert there == {*up.facts.clients} | (set() if done else {twins.twin})
    owner = twins.first if done else twins.twin
    page = clients.get(desk, twins.first)
    assert len(page.policies) == (3 if done else 2) and len(merged.versions(desk, twins.first)) == int(done)
    assert len(clients.versions(desk, owner, twins.policy)) == (3 if done else 2)
    assert scans_of(up, owner) == [SCAN]
    return done


def check(copy: Office, twins: Twins) -> bool:
    up = afterwards(copy)
    done = is_united(up, twins)
    if not done:
        unite(up.desk(), twins.first, twins.twin)
        assert is_united(up, twins)
    backups.make(up.instance)
    assert backups.drill(up.instance).faults == ()
    for each in (up, copy):
        endings.let_go(each)
    return done


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
def test_a_uniting_that_is_cut_off_is_whole_or_not(
    power_cut: bool, twins: Twins, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    def attempt(at: int) -> int | None:
        place = tmp_path / f"at-{at}"
        shutil.copytree(twins.office.folder, place / "instance")
        copy = Office(place / "instance", Clock(twins.office.clock.now + 60), twins.office.facts)
        mine = replace(twins, office=copy)

        def prepare() -> Callable[[], object]:
            desk = copy.desk()
            return lambda: unite(desk, mine.first, mine.twin)

        ended = killing.run_prepared(prepare, at or killing.EVERY, power_cut)
        assert check(copy, mine) or at
        shutil.rmtree(place)
        return ended

    killing.at_points(attempt, pytestconfig, 4)
