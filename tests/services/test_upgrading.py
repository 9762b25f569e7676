"""What an upgrade does in what order: refused before anything is touched, brought to its end or put back wherever it was cut
off, and never at the price of what an office has entered. Programs are stood in for; data, notes and links are real."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import killing
from tests.support.upgrades import add_office, empty_release, left_over, release_of, scratch_host
from vault.cli import aside as aside_command
from vault.errors import KuraError, NotFound, NotReady, Refused, Unwritable
from vault.services.operator import notices, upgrade_notes, upgrading
from vault.services.operator.upgrade_notes import STUCK, Note
from vault.storage import schema
from vault.storage.database import PROGRAM, known_revisions
from vault.storage.host import offices, running
from vault.storage.host.layout import Host

NAME = "ta"
KNOWN = [f"{number:04d}" for number in range(1, int(schema.HEAD) + 1)]
NEXT = f"{int(schema.HEAD) + 1:04d}"
OLD, NEW, SAME = "release-old", "release-new", "release-same"


@dataclass
class World:
    """A host with one office; `fails`: what its programs do wrong; `done`: what was asked of them."""

    host: Host
    fails: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    listening: bool = True
    entering: bool = False  # whether somebody enters something as soon as he is let in

    @property
    def database(self) -> Path:
        return self.host.folder(NAME) / "data" / "kura.db"

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=15, isolation_level=None)) as connection:
            return connection.execute(statement).fetchall()

    @property
    def revision(self) -> str:
        return str(self.sql("SELECT version_num FROM alembic_version")[0][0])

    @property
    def entries(self) -> int:
        return int(self.sql("SELECT count(*) FROM journal")[0][0])

    def enter(self) -> None:
        """Somebody of the office writes something."""
        self.sql("INSERT INTO journal (position, clear, hash) SELECT count(*) + 1, x'00', x'00' FROM journal")

    def work(self) -> None:
        """What a start by the socket does: the release of the link refuses data that are too new for it, or migrates and
        serves; then somebody writes."""
        self._serve(release_of(self.host, NAME))
        self.enter()

    def _serve(self, release: str) -> None:
        known, newest = known_revisions(self.host.releases / release)
        if self.revision not in known:
            raise Refused("program-failed", program="kura", said="newer")
        if newest == NEXT:
            self._migrate()

    def _migrate(self) -> None:
        if self.revision != NEXT:
            self.sql("CREATE TABLE of_the_new_release (id INTEGER)")
            self.sql(f"UPDATE alembic_version SET version_num = '{NEXT}'")

    # --- what the product calls

    def data(self, _host: Host, name: str, act: str) -> dict[str, Any]:
        return aside_command.done(act, self.host.folder(name))

    def run_release(self, _host: Host, _name: str, release: Path, *words: str) -> str:
        command = "program" if words[0] == "-c" else words[2]
        self._did(f"{command} {release.name}")
        if command == "migrate" and release.name == NEW:
            self._migrate()
        return ""

    def stop(self, _name: str) -> None:
        self._did("stop")

    def start(self, _name: str) -> None:
        self._did(f"start {release_of(self.host, NAME)}")
        self._serve(release_of(self.host, NAME))
        if self.entering and release_of(self.host, NAME) == NEW:
            self.entering = False
            self.enter()

    def ask(self, *_: object) -> None:
        self._did(f"ask {release_of(self.host, NAME)}")

    def _did(self, what: str) -> None:
        self.done.append(what)
        if what in self.fails:
            raise Refused("program-failed", program=what, said="")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    host = scratch_host(tmp_path)
    empty_release(host, OLD, *KNOWN)
    empty_release(host, SAME, *KNOWN)
    empty_release(host, NEW, *KNOWN, NEXT)
    add_office(host, NAME, OLD)
    made = World(host)
    for act in ("data", "run_release", "stop", "start", "ask"):
        monkeypatch.setattr(running, act, getattr(made, act))
    monkeypatch.setattr(running, "listen", lambda name: None)
    monkeypatch.setattr(running, "is_listening", lambda name: made.listening)
    return made


def upgrade(world: World, target: str = NEW) -> upgrading.Plan:
    return upgrading.upgrade(world.host, NAME, target, lambda name, step: None, 1)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(KuraError) as found:
        act()
    return found.value.code


def stands(world: World) -> tuple[str, str, list[str]]:
    """(the release, the schema, what is left over)."""
    return release_of(world.host, NAME), world.revision, left_over(world.host, NAME)


# --- on


def test_an_office_is_backed_up_stopped_switched_migrated_checked_and_asked(world: World) -> None:
    found = upgrade(world)
    assert (found.present, found.revision, found.newest) == (OLD, schema.HEAD, NEXT)
    assert world.done == [
        f"program {NEW}", f"backup {OLD}", "stop", f"migrate {NEW}", f"check {NEW}", f"start {NEW}", f"ask {NEW}",
    ]  # fmt: skip
    assert stands(world) == (NEW, NEXT, [])


def test_once_it_is_there_nothing_is_done_again(world: World) -> None:
    upgrade(world)
    world.done.clear()
    assert upgrade(world).is_there
    assert world.done == []


def test_an_office_that_the_operator_has_stopped_is_not_started(world: World) -> None:
    world.listening = False
    upgrade(world)
    assert not [each for each in world.done if each.startswith(("start", "ask"))]
    assert stands(world) == (NEW, NEXT, [])


def test_a_start_waits_while_the_office_is_held(world: World) -> None:
    hold, other = running.Hold(world.host, NAME), running.Hold(world.host, NAME)
    hold.take()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "HOLD_SECONDS", 0.0)
        assert refused(other.take) == "busy"
    hold.release()
    other.take()
    other.release()


def test_of_two_upgrades_at_once_one_is_refused(world: World) -> None:
    with upgrading.alone(world.host):
        assert refused(lambda: upgrading.alone(world.host).__enter__()) == "upgrade-running"
    with upgrading.alone(world.host):
        pass


def test_while_it_lasts_the_office_is_told_of_a_planned_stop(world: World) -> None:
    times = iter((1000.0, 1060.0))
    with upgrading.announced(world.host, [NAME], ("新しい版に", "A new release"), lambda: next(times)):
        held = notices.every(world.host)
        assert [(each.planned, each.begins, each.offices) for each in held] == [(True, 1001, (NAME,))]
        assert held[0].ends is not None and held[0].ends > 1060
    assert [each.ends for each in notices.every(world.host)] == [1060]


# --- refused before anything is touched


def test_what_cannot_go_well_is_refused_with_nothing_touched(world: World) -> None:
    before = world.database.read_bytes()
    assert refused(lambda: upgrade(world, "release-nowhere")) == "release-unknown"
    assert refused(lambda: upgrade(world, "../../etc")) == "release-unknown"
    (world.host.releases / "release-empty").mkdir()
    assert refused(lambda: upgrade(world, "release-empty")) == "release-unfit"
    world.fails = {f"program {NEW}"}
    assert refused(lambda: upgrade(world)) == "release-unfit"
    world.fails = {f"backup {OLD}", f"backup {NEW}"}
    assert refused(lambda: upgrade(world)) == "upgrade-backup"
    assert "stop" not in world.done
    assert world.database.read_bytes() == before
    assert stands(world) == (OLD, schema.HEAD, [])


def test_there_is_no_way_back_to_a_release_that_does_not_know_the_data(world: World) -> None:
    upgrade(world)
    world.done.clear()
    assert refused(lambda: upgrade(world, OLD)) == "upgrade-downgrade"
    assert world.done == []
    assert stands(world) == (NEW, NEXT, [])


def test_an_earlier_release_that_knows_the_data_may_be_gone_back_to(world: World) -> None:
    upgrade(world, SAME)
    upgrade(world, OLD)
    assert stands(world) == (OLD, schema.HEAD, [])


@pytest.mark.parametrize("missing", ["everything", "settings.toml", "data/kura.db"])
def test_a_folder_that_is_empty_or_foreign_is_never_made_a_fresh_vault(world: World, missing: str) -> None:
    folder = world.host.folder(NAME)
    for path in list(folder.rglob("*")) if missing == "everything" else [folder / missing]:
        if path.is_file():
            path.unlink()
    left = sorted(folder.rglob("*"))
    assert refused(lambda: upgrade(world)) == "upgrade-data"
    assert sorted(folder.rglob("*")) == left
    assert world.done == []


def test_a_database_of_another_program_is_refused(world: World) -> None:
    world.sql("DROP TABLE alembic_version")
    assert refused(lambda: upgrade(world)) == "upgrade-data"


def test_an_office_that_is_closed_or_not_finished_or_unknown_is_refused(world: World) -> None:
    assert refused(lambda: upgrading.upgrade(world.host, "tb", NEW, print, 1)) == "office-unknown"
    (world.host.folder(NAME) / "closed").write_text("packed")
    assert refused(lambda: upgrade(world)) == "upgrade-data"
    (world.host.folder(NAME) / "closed").unlink()
    world.host.release_of(NAME).unlink()
    assert refused(lambda: upgrade(world)) == "upgrade-unlinked"
    offices.write(world.host, replace(offices.read(world.host, NAME), began=0))
    assert refused(lambda: upgrade(world)) == "upgrade-unprovisioned"


def test_what_a_release_knows_is_read_without_running_it(world: World) -> None:
    assert known_revisions(PROGRAM) == (set(KNOWN), schema.HEAD)
    assert known_revisions(world.host.releases / NEW) == ({*KNOWN, NEXT}, NEXT)


# --- back


@pytest.mark.parametrize("step", ["stop", f"migrate {NEW}", f"check {NEW}", f"start {NEW}", f"ask {NEW}"])
def test_whatever_fails_is_put_back_with_the_data_of_before(world: World, step: str) -> None:
    before = world.sql("SELECT name, sql FROM sqlite_master ORDER BY name")
    world.fails = {step}
    if step == "stop":  # the second one, on the way back, goes well
        world.stop = once(world, "stop")  # type: ignore[method-assign]
        running.stop = world.stop
    assert refused(lambda: upgrade(world)) == "upgrade-returned"
    assert world.sql("SELECT name, sql FROM sqlite_master ORDER BY name") == before
    assert stands(world) == (OLD, schema.HEAD, [])
    assert world.done[-2:] == [f"start {OLD}", f"ask {OLD}"]


def once(world: World, step: str) -> Callable[[str], None]:
    """Fails the first time."""

    def act(_name: str) -> None:
        failing = step in world.fails
        world.fails.discard(step)
        world.done.append(step)
        if failing:
            raise Refused("program-failed", program=step, said="")

    return act


def test_an_interrupt_puts_back_as_well(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        if release_of(world.host, NAME) == NEW:
            raise KeyboardInterrupt

    monkeypatch.setattr(running, "ask", interrupt)
    with pytest.raises(KeyboardInterrupt):
        upgrade(world)
    assert stands(world) == (OLD, schema.HEAD, [])


def test_what_the_office_has_entered_with_the_new_release_is_never_taken_back(world: World) -> None:
    world.entering, world.fails = True, {f"ask {NEW}"}
    assert refused(lambda: upgrade(world)) == "upgrade-stuck"
    assert (release_of(world.host, NAME), world.revision, world.entries) == (NEW, NEXT, 1)
    assert upgrade_notes.read(world.host, NAME) == Note(OLD, NEW, STUCK, 1, schema.HEAD, 0)
    assert not list(world.host.folder(NAME).rglob("*.aside"))


def test_one_that_is_stuck_goes_on_to_a_mended_release_even_when_the_broken_one_makes_no_backup(world: World) -> None:
    world.entering, world.fails = True, {f"ask {NEW}"}
    refused(lambda: upgrade(world))
    mended = empty_release(world.host, "release-mended", *KNOWN, NEXT).name
    world.fails = {f"backup {NEW}"}
    upgrade(world, mended)
    assert f"backup {mended}" in world.done
    assert (*stands(world), world.entries) == (mended, NEXT, [], 1)


def test_an_old_release_that_does_not_answer_any_more_is_said_and_can_be_left_behind(world: World) -> None:
    world.fails = {f"check {NEW}", f"ask {OLD}"}
    assert refused(lambda: upgrade(world)) == "upgrade-silent"
    assert (release_of(world.host, NAME), world.revision) == (OLD, schema.HEAD)
    world.fails = {f"backup {OLD}", f"ask {OLD}"}
    upgrade(world)
    assert stands(world) == (NEW, NEXT, [])


def test_a_return_that_fails_half_way_is_gone_on_with(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def data(host: Host, name: str, act: str) -> dict[str, Any]:
        if act == "back":
            raise Unwritable("unwritable", place="disk")
        return world.data(host, name, act)

    world.fails = {f"check {NEW}"}
    with monkeypatch.context() as patch:
        patch.setattr(running, "data", data)
        assert refused(lambda: upgrade(world)) == "upgrade-return-failed"
    assert refused(lambda: upgrade(world)) == "upgrade-returned"
    assert stands(world) == (OLD, schema.HEAD, [])


# --- cut off


def cut_off(world: World, at: int) -> int | None:
    return killing.run(lambda: upgrade_or_return(world), fatal=at or killing.EVERY)


def upgrade_or_return(world: World) -> None:
    try:
        upgrade(world)
    except Refused as error:
        assert error.code in ("upgrade-returned", "upgrade-stuck"), error


@pytest.fixture(params=["nobody works meanwhile", "people work meanwhile"])
def meanwhile(request: pytest.FixtureRequest, world: World) -> Callable[[], int]:
    """What the office does between the kill and the next run; returns how many entries have to be there afterwards."""

    def act() -> int:
        if request.param == "people work meanwhile":
            try:
                world.work()
            except Refused:
                return 0  # the old release before data that are too new for it: nobody was let in
            return 1
        return 0

    return act


@pytest.mark.parametrize("fails", [(), (f"check {NEW}",), (f"ask {NEW}",)], ids=["works", "check fails", "answer fails"])
def test_cut_off_anywhere_the_next_run_ends_it_and_nothing_that_was_entered_is_lost(
    world: World, meanwhile: Callable[[], int], fails: tuple[str, ...], pytestconfig: pytest.Config
) -> None:
    fresh = world.host.root.with_name("fresh")
    _copy(world.host.root, fresh)

    def attempt(at: int) -> int | None:
        _copy(fresh, world.host.root)
        world.fails = set(fails)
        steps = cut_off(world, at)
        entered = meanwhile()
        upgrade_or_return(world)
        stuck = upgrade_notes.read(world.host, NAME) is not None
        if stuck:
            assert fails and entered and (release_of(world.host, NAME), world.revision) == (NEW, NEXT)
        elif not fails:
            assert stands(world) == (NEW, NEXT, [])
        else:
            assert stands(world) == (OLD, schema.HEAD, [])
        assert world.entries == entered
        return steps

    killing.at_points(attempt, pytestconfig, most=7)


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, symlinks=True)


def test_a_note_that_cannot_be_read_is_refused(world: World) -> None:
    upgrade_notes.write(world.host, NAME, Note(OLD, NEW, "check", 1))
    (world.host.operator / "upgrades" / f"{NAME}.json").write_text("{")
    with pytest.raises(NotReady):
        upgrade(world)


def test_a_release_that_went_meanwhile_leaves_the_office_as_it_is(world: World) -> None:
    upgrade_notes.write(world.host, NAME, Note(OLD, "release-gone", "migrate", 1, schema.HEAD, 0))
    with pytest.raises(Refused) as found:
        upgrade(world)
    assert found.value.code == "upgrade-returned"
    assert isinstance(found.value.__cause__, NotFound)
    assert stands(world) == (OLD, schema.HEAD, [])


