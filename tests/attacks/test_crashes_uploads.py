"""Upload, redrawing, saving and release under kill -9, power cuts and disks that refuse: a document is whole or not there.

A few points of each act in every run, all of them with --long, and there at every system call too (tests.support.injecting).
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.test_crashes import afterwards, whole
from tests.storage.test_full_disk import Disk, full
from tests.support import documents as papers
from tests.support import endings, injecting, killing
from tests.support.offices import Clock, Office, copied
from vault.errors import NotFound, Refused, Unwritable
from vault.services import backup_room, backups, held_pages, intake, space, uploads
from vault.services.instance import Instance
from vault.storage import durable, objects, sandbox
from vault.storage import uploads as upload_files
from vault.storage.sandbox import PageImage
from vault.storage.uploads import HELD

DATA = papers.pdf("first page", "second page", papers.NUMBERED)
DAY = 24 * 60 * 60
GONE, THERE = "not there", "there"
Prepare = Callable[[], Callable[[], object]]


@dataclass
class Furnished:
    """An office with an upload that has all its pieces, and a document with a page that is held."""

    office: Office
    arrived: bytes
    document: bytes
    drawn: list[PageImage]

    @property
    def client(self) -> bytes:
        return self.office.facts.clients[0]


def redraw_at_once(made: Furnished) -> None:
    """In a child only: the pages as the sandbox drew them before; it writes nothing, and it has tests of its own."""
    sandbox.redraw = lambda pieces, *_, **__: iter(made.drawn if list(pieces) else [])  # type: ignore[assignment]
    sandbox.blacken = lambda image, *_, **__: made.drawn[0]  # type: ignore[assignment]


@pytest.fixture(scope="module")
def furnished(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Instance, "keep", lambda self: None)
        patched.setattr(sandbox, "can_read", lambda: False)
        office = copied(templates[0], tmp_path_factory.mktemp("furnished"))
        document = papers.add(office, DATA)
        arrived = papers.upload(office.desk(), office.facts.clients[0], DATA)
        office.clock.tick(60)
        endings.let_go(office)
        yield Furnished(office, arrived, document, list(sandbox.redraw([DATA], len(DATA))))


@pytest.fixture(scope="module")
def tally() -> dict[str, int]:
    """How often each act was killed in this run."""
    return {}


def copy_of(made: Furnished, place: Path) -> Office:
    shutil.copytree(made.office.folder, place / "instance")
    return Office(place / "instance", Clock(made.office.clock.now + 60), made.office.facts)


# --- what is interrupted, and what may be found afterwards


@dataclass(frozen=True)
class Act:
    name: str
    act: Callable[[Office, Furnished], object]
    found: Callable[[Office, Furnished], str]


def bring(office: Office, made: Furnished) -> object:
    """Another file, from its announcement to its last piece."""
    return papers.upload(office.desk(), made.client, DATA)


def take(office: Office, made: Furnished) -> object:
    return papers.take(office.desk(), made.client, made.arrived)


def release(office: Office, made: Furnished) -> object:
    [area] = held_pages.page(office.desk(), made.client, made.document, 2).numbers
    return held_pages.release(office.desk(), made.client, made.document, 2, [area], 1)


def leave_out(office: Office, made: Furnished) -> object:
    return held_pages.leave_out(office.desk(), made.client, made.document, 2, 1)


def brought(office: Office, made: Furnished) -> str:
    """An upload that is whole and can be taken in is one more."""
    found = {path.parent.name for path in papers.on_the_way(office)} - {made.arrived.hex(), made.document.hex()}
    arriving = []
    for each in found:
        try:
            arriving.append(uploads.arriving(office.desk(), made.client, bytes.fromhex(each)))
        except NotFound:
            continue  # killed before it was announced
    return THERE if any(not each.missing for each in arriving) else GONE


def taken(office: Office, made: Furnished) -> str:
    others = [each for each in papers.of_client(office) if each.id != made.document]
    if not others:
        assert uploads.arriving(office.desk(), made.client, made.arrived).missing == [], "it can be taken in again"
        return GONE
    [other] = others
    assert other.document.held == [2] and [page.held for page in other.document.pages] == [False, False, True]
    return THERE


def settled(office: Office, made: Furnished) -> str:
    found = papers.held(office, made.document)
    assert (found.version, found.document.held) in ((1, [2]), (2, []))
    return GONE if found.document.held else THERE


ACTS = [Act("an upload", bring, brought), Act("a document", take, taken), Act("a release", release, settled),
        Act("a page left out", leave_out, settled)]  # fmt: skip


def assert_quota(office: Office) -> None:
    """What counts is just what documents have; every other file goes with the next sweep a day later."""
    named = {page.object for each in papers.of_client(office) for page in each.document.pages if page.object}
    rows = papers.rows(office)
    assert {name.hex() for name, _, _ in rows} == named
    limit = office.instance.settings.documents_bytes
    assert space.left(office.instance) == limit - sum(size for _, _, size in rows)
    assert papers.object_files(office) >= {file for _, file, _ in rows}


def assert_swept(office: Office) -> None:
    """A day later nothing is left of what was cut off."""
    late = time.time() - 2 * DAY
    for place in (office.settings.objects, office.settings.uploads):
        for path in [p for p in place.rglob("*") if p.is_file() and not p.name.startswith(HELD)]:
            os.utime(path, (late, late))
    backup_room.sweep_strangers(office.instance)
    on_disk = {path.name for path in office.settings.objects.rglob("*") if path.is_file()}
    assert on_disk == {file.hex() for _, file, _ in papers.rows(office)}
    held = sum(len(each.document.held) for each in papers.of_client(office))
    assert len([path for path in papers.on_the_way(office) if path.name.startswith(HELD)]) >= held
    assert all(path.name.startswith(HELD) for path in papers.on_the_way(office))


def check(copy: Office, made: Furnished, each: Act) -> str:
    """Afterwards: there or not there, every page opens, the next run does it, and nothing is left behind."""
    up = afterwards(copy)
    whole(up)
    state = each.found(up, made)
    papers.assert_pages_open(up)
    assert_quota(up)
    if state == GONE:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sandbox, "redraw", lambda pieces, *_, **__: iter(made.drawn if list(pieces) else []))
            patched.setattr(sandbox, "blacken", lambda image, *_, **__: made.drawn[0])
            each.act(up, made)
        assert each.found(up, made) == THERE
        papers.assert_pages_open(up)
        assert_quota(up)
    assert_swept(up)
    for each_up in (up, copy):
        endings.let_go(each_up)
    return state


def preparing(copy: Office, made: Furnished, each: Act) -> Prepare:
    def prepare() -> Callable[[], object]:
        redraw_at_once(made)
        copy.desk()  # what a worker has done long before
        return lambda: each.act(copy, made)

    return prepare


@pytest.mark.parametrize("power_cut", [False, True], ids=["kill", "power cut"])
@pytest.mark.parametrize("each", ACTS, ids=lambda e: e.name)
def test_what_is_cut_off_is_whole_or_not_there(
    each: Act, power_cut: bool, furnished: Furnished, tally: dict[str, int], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    def attempt(at: int) -> int | None:
        copy = copy_of(furnished, tmp_path / f"at-{at}")
        ended = killing.run_prepared(preparing(copy, furnished, each), at or killing.EVERY, power_cut)
        state = check(copy, furnished, each)
        assert at or state == THERE
        shutil.rmtree(copy.folder.parent)
        return ended

    tally[f"{each.name} {power_cut}"] = killing.at_points(attempt, pytestconfig)


@pytest.mark.long
@pytest.mark.parametrize("each", ACTS, ids=lambda e: e.name)
def test_killed_at_any_system_call_it_is_done_by_the_next_run(
    each: Act, furnished: Furnished, tally: dict[str, int], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    injecting.needed(pytestconfig)
    log = tmp_path / "log"
    first = copy_of(furnished, tmp_path / "whole")
    at = injecting.points(preparing(first, furnished, each), log)
    assert check(first, furnished, each) == THERE
    for number, point in enumerate(at):
        copy = copy_of(furnished, tmp_path / f"at-{number}")
        injecting.killed(preparing(copy, furnished, each), log, point)
        try:
            check(copy, furnished, each)
        except BaseException as error:
            error.add_note(f"killed at {point}")
            raise
        shutil.rmtree(copy.folder.parent)
    tally[each.name] = len(at)


@pytest.mark.long
def test_there_were_enough_points(tally: dict[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    if len(tally) < 3 * len(ACTS):
        pytest.skip("not every act was killed in this run")
    with capsys.disabled():
        print(f"\n{sum(tally.values())} kill points: {tally}")
    assert sum(tally.values()) >= 200


def test_a_worker_killed_while_the_sandbox_works_leaves_no_process(furnished: Furnished, tmp_path: Path) -> None:
    copy = copy_of(furnished, tmp_path)

    def die() -> None:
        steps = intake.take_in(copy.desk(), furnished.client, furnished.arrived)
        next(steps)
        os.kill(os.getpid(), 9)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandbox, "can_read", lambda: False)
        assert killing.run(die) is None
    until = time.monotonic() + 10
    while strays() and time.monotonic() < until:
        time.sleep(0.05)
    assert strays() == []
    up = afterwards(copy)
    assert taken(up, furnished) == GONE
    papers.assert_pages_open(up)
    assert_quota(up)
    endings.let_go(up)


def strays() -> list[str]:
    """Sandboxes whose parent is gone: they belong to the first process, or to whoever takes in orphans."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told, parent = (place / "cmdline").read_bytes(), int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        mine = Path(f"/proc/{parent}/cmdline")
        if b"vault.storage.sandbox.child" in told and not (mine.exists() and b"python" in mine.read_bytes()):
            found.append(place.name)
    return found


# --- disks that refuse


FAILURES = [
    ("write", errno.ENOSPC, True), ("fsync", errno.EIO, False), ("fsync", errno.EIO, True), ("replace", errno.EROFS, True),
    ("open", errno.EDQUOT, True),
]  # fmt: skip
MOST_CALLS = 40


@pytest.mark.parametrize(("call", "code", "lasting"), FAILURES, ids=[f"{f[0]}{'' if f[2] else ' once'}" for f in FAILURES])
@pytest.mark.parametrize("each", ACTS, ids=lambda e: e.name)
def test_a_disk_that_refuses_is_said_and_nothing_is_half_done(
    each: Act, call: str, code: int, lasting: bool, furnished: Furnished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "redraw", lambda pieces, *_, **__: iter(furnished.drawn if list(pieces) else []))
    monkeypatch.setattr(sandbox, "blacken", lambda image, *_, **__: furnished.drawn[0])
    copy = copy_of(furnished, tmp_path)
    copy.desk()
    told = 0
    for at in range(1, MOST_CALLS):
        disk = Disk(call, at, code, lasting)
        failed = _fails(copy, furnished, each, disk)
        told += failed
        state = each.found(copy, furnished)
        papers.assert_pages_open(copy)
        assert_quota(copy)
        assert failed or state == THERE
        if state == THERE:
            break
    assert state == THERE
    # A held page that cannot be removed once it is out waits for the sweep: nobody needs to be told.
    assert told or not disk.count or each.act is leave_out
    endings.let_go(copy)


def _fails(copy: Office, made: Furnished, each: Act, disk: Disk) -> bool:
    with pytest.MonkeyPatch.context() as patched:
        for room in (durable, objects, upload_files):
            patched.setattr(room, "os", disk.os)
        try:
            each.act(copy, made)
        except Unwritable:
            return True
        return False


def test_a_database_that_is_full_takes_no_document_and_keeps_no_page(furnished: Furnished, tmp_path: Path) -> None:
    copy = copy_of(furnished, tmp_path)
    before = papers.object_files(copy)
    desk = copy.desk()
    full(copy)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandbox, "can_read", lambda: False)
        # Rows fill what is left of the last pages; then nothing more is taken.
        with pytest.raises(Unwritable):
            for _ in range(200):
                papers.announce(desk, furnished.client, DATA)
        with pytest.raises(Unwritable):
            papers.take(desk, furnished.client, furnished.arrived)
    copy.restart()
    assert papers.object_files(copy) == before
    assert taken(copy, furnished) == GONE
    papers.assert_pages_open(copy)
    assert_quota(copy)
    endings.let_go(copy)


def test_what_fails_after_the_commit_has_not_failed_to_save(furnished: Furnished, tmp_path: Path) -> None:
    """The mark of the journal's head beside the keys cannot be written: the document is there, with its pages."""
    from vault.storage import journal

    copy = copy_of(furnished, tmp_path)

    def refuses(*_: object) -> None:
        raise Unwritable("unwritable", place="keys")

    desk = copy.desk()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandbox, "can_read", lambda: False)
        patched.setattr(journal, "remember_head", refuses)
        with pytest.raises(Unwritable):
            papers.take(desk, furnished.client, furnished.arrived)
    assert taken(copy, furnished) == THERE
    papers.assert_pages_open(copy)
    assert papers.take(copy.desk(), furnished.client, furnished.arrived).held == 1  # and is not made a second time
    assert taken(copy, furnished) == THERE
    endings.let_go(copy)


def test_a_backup_in_the_middle_of_a_redraw_has_the_document_or_not(furnished: Furnished, tmp_path: Path) -> None:
    copy = copy_of(furnished, tmp_path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sandbox, "can_read", lambda: False)
        steps = intake.take_in(copy.desk(), furnished.client, furnished.arrived)
        next(steps)
        made = backups.make(copy.instance)
        assert made.lost == 0 and backups.drill(copy.instance).faults == ()
        list(steps)
    copy.clock.tick(DAY)
    made = backups.make(copy.instance)
    assert made.lost == 0 and backups.drill(copy.instance, made.name).faults == ()
    papers.assert_pages_open(copy)
    endings.let_go(copy)


def test_two_refused_files_leave_nothing(furnished: Furnished, tmp_path: Path) -> None:
    copy = copy_of(furnished, tmp_path)
    before = papers.on_the_way(copy), papers.object_files(copy)
    for data in (b"MZ" + bytes(99), b"%PDF-1.4 nothing"):
        with pytest.raises(Refused):
            papers.add(copy, data)
    assert (papers.on_the_way(copy), papers.object_files(copy)) == before
    endings.let_go(copy)
