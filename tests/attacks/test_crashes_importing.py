"""An import and its taking back under kill -9 and power cuts: what was written stands, and going on doubles nothing.

A few points of each in every run, more of them with --long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.test_crashes import afterwards, whole
from tests.support import endings, killing
from tests.support import importing as sheets
from tests.support.authority import copied_again
from tests.support.importing import car
from tests.support.offices import NAMES, Office, copied
from vault.services import bin, clients
from vault.services.importing import running, undoing
from vault.services.instance import Instance
from vault.services.safe import Desk

ROWS = [car(f"取込 {n}", "トリコミ", f"S50.1.{n}", f"K-{n}") for n in range(1, 7)]
WANTED = {f"取込 {n}" for n in range(1, 7)}
EACH = 2  # clients of one transaction


@dataclass
class Furnished:
    """An office with an import that was looked at, and the same once it has run."""

    before: Office
    after: Office
    upload: bytes


@pytest.fixture(scope="module")
def furnished(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Instance, "keep", lambda self: None)
        patched.setattr(running, "AT_ONCE", EACH)
        patched.setattr(running, "KEYS_AT_ONCE", 2 * EACH)
        patched.setattr(undoing, "AT_ONCE", EACH)
        before = copied(templates[0], tmp_path_factory.mktemp("before"))
        upload = sheets.checked(before.desk(), sheets.table(*ROWS))
        endings.let_go(before)
        after = copied_again(before, tmp_path_factory.mktemp("after"))
        list(running.run(after.desk(), upload))
        endings.let_go(after)
        yield Furnished(before, after, upload)


def points(of: Office, act: Callable[[Office], object], root: Path) -> int:
    """How many durable steps an act takes."""
    copy = copied_again(of, root)
    done = killing.run_prepared(lambda: _with_desk(copy, act))
    assert done is not None
    return done


def _with_desk(copy: Office, act: Callable[[Office], object]) -> Callable[[], object]:
    copy.restart()
    return lambda: act(copy)


def some(total: int, long: bool) -> list[int]:
    step = max(1, total // (60 if long else 7))
    return list(range(1, total + 1, step))


def after_each_end(
    of: Office, act: Callable[[Office], object], power: bool, root: Path, long: bool
) -> Iterator[tuple[int, Office]]:
    """The office after the act was ended at each of some durable steps, and which one."""
    for fatal in some(points(of, act, root / "counted"), long):
        copy = copied_again(of, root / f"at-{fatal}")
        assert killing.run_prepared(lambda copy=copy: _with_desk(copy, act), fatal, power) is None  # type: ignore[misc]
        up = afterwards(copy)
        yield fatal, up
        endings.let_go(up)


def own(desk: Desk) -> list[str]:
    return sorted(head.client.name for head in clients.list_clients(desk) if head.client.name not in NAMES)


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])
def test_killed_anywhere_an_import_goes_on_and_doubles_nothing(
    power: bool, furnished: Furnished, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def act(office: Office) -> object:
        return list(running.run(office.desk(), furnished.upload))

    for fatal, up in after_each_end(furnished.before, act, power, tmp_path, request.config.getoption("--long")):
        written = own(whole(up))
        assert len(written) == len(set(written)) and len(written) % EACH == 0, (fatal, written)
        _go_on(up, furnished.upload)
        assert own(up.desk()) == sorted(WANTED), fatal
        assert [len(clients.get(up.desk(), head.id).policies) for head in clients.list_clients(up.desk()) if head.client.name in WANTED] == [1] * 6


def _go_on(up: Office, upload: bytes) -> None:
    """Where the file is still there; it is forgotten when all was done."""
    from vault.errors import NotFound, Refused

    try:
        list(running.run(up.desk(), upload))
    except (NotFound, Refused):
        assert own(up.desk()) == sorted(WANTED)


@pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])
def test_killed_anywhere_taking_it_back_goes_on(
    power: bool, furnished: Furnished, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def act(office: Office) -> object:
        return list(undoing.undo(office.desk(), furnished.upload))

    for fatal, up in after_each_end(furnished.after, act, power, tmp_path, request.config.getoption("--long")):
        left = own(whole(up))
        assert len(left) % EACH == 0, (fatal, left)
        list(undoing.undo(up.desk(), furnished.upload))
        assert own(up.desk()) == [] and {item.name for item in bin.listed(up.desk())} == WANTED
