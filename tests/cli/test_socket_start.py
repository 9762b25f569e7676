"""An office behind its socket: begun by a connection, ended when nobody needs it, and no request lost by any end of it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.support import upgrades
from tests.support.host_units import HostUnits, host_units
from tests.support.upgrades import ask
from vault.cli import serving
from vault.config import load
from vault.storage.host import files
from vault.storage.host.layout import Host
from vault.storage.sessions import SessionRow, SessionStore

T = TypeVar("T")
SERVICE, SOCKET = "kura-web@one.service", "kura-web@one.socket"
NAME = "one.example"
QUIET, CHECKED = 3, 1
ASKERS, ENDS = 6, 3


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """An office of a release that rests after seconds, and of one that replaces its workers all the time as well."""
    root = Path(tempfile.mkdtemp(prefix="kura-socket-", dir="/var/tmp"))
    try:
        made = upgrades.scratch_host(root)
        upgrades.write_units(made)
        resting = (upgrades.ROOT / "vault/services/resting.py").read_text("utf-8")
        resting = resting.replace("QUIET_SECONDS = 300", f"QUIET_SECONDS = {QUIET}")
        resting = resting.replace("CHECKED_SECONDS = 20", f"CHECKED_SECONDS = {CHECKED}")
        running = (upgrades.ROOT / "vault/cli/serving.py").read_text("utf-8")
        running = running.replace('"20000"', '"40"').replace('jitter", "2000"', 'jitter", "20"')
        upgrades.add_release(made, "quick", {"vault/services/resting.py": resting})
        upgrades.add_release(made, "hasty", {"vault/cli/serving.py": running})
        upgrades.add_office(made, "one", "quick")
        yield made
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def units(host: Host) -> Iterator[HostUnits]:
    with host_units(host.units, host.root) as made:
        assert made.systemctl("enable", "--now", SOCKET) == (0, "")
        yield made


def session(sealed: bytes | None) -> SessionRow:
    now = int(time.time())
    return SessionRow(b"id", b"person", b"device", "desk", now, now, now + 3600, now, sealed)


def test_a_process_ends_when_nobody_asks_and_the_next_connection_starts_it(host: Host, units: HostUnits) -> None:
    assert units.main(SERVICE) == 0
    assert ask(host.socket("one"), NAME).status == 200
    number = units.main(SERVICE)
    units.wait(SERVICE, "inactive", 60)
    assert units.systemctl("show", "-p", "Result", "--value", SERVICE) == (0, "success")
    assert ask(host.socket("one"), NAME).status == 200
    assert units.main(SERVICE) not in (0, number)


def test_nobody_is_signed_out_by_it_and_who_is_in_keeps_it_awake(host: Host, units: HostUnits) -> None:
    store = SessionStore(host.run("one"))
    store.put(session(b"sealed"))
    assert ask(host.socket("one"), NAME).status == 200
    number = units.main(SERVICE)
    time.sleep(QUIET + 3)
    assert units.main(SERVICE) == number
    store.put(session(None))  # as the idle lock does
    units.wait(SERVICE, "inactive", 60)
    assert SessionStore(host.run("one")).get(b"id") is not None
    store.end_all()


def test_a_monitor_that_looks_does_not_keep_it_awake(host: Host, units: HostUnits) -> None:
    units.wait(SERVICE, "inactive", 60)
    assert ask(host.socket("one"), NAME, "/healthz").status == 200
    number, end = units.main(SERVICE), time.monotonic() + 60
    while units.main(SERVICE) == number:
        assert time.monotonic() < end
        ask(host.socket("one"), NAME, "/healthz")
        time.sleep(0.1)


def test_no_request_is_lost_by_any_end_of_a_process(host: Host, units: HostUnits) -> None:
    """Workers that are replaced all the time, a master that ends itself, stops and restarts, and always somebody who asks."""
    units.systemctl("stop", SERVICE)
    files.link(host.release_of("one"), host.releases / "hasty")
    ends = threading.Event()
    statuses: list[int] = []
    lost: list[str] = []

    def often(page: str) -> None:
        while not ends.is_set():
            try:
                statuses.append(ask(host.socket("one"), NAME, page).status)
            except Exception as error:  # noqa: BLE001 - a lost request, whatever lost it
                lost.append(repr(error))

    pages = ("/session/new", "/static/icon.svg", "/cookies")
    askers = [threading.Thread(target=often, args=(pages[number % 3],)) for number in range(ASKERS)]
    for asker in askers:
        asker.start()
    try:
        for number in range(ENDS):
            wait_for_more(statuses)
            end_somehow(units, number)
        wait_for_more(statuses)
    finally:
        ends.set()
        for asker in askers:
            asker.join(120)
    assert not lost, lost[:5]
    assert set(statuses) == {200}


def wait_for_more(statuses: list[int]) -> None:
    """More than a worker answers before it is replaced."""
    before, end = len(statuses), time.monotonic() + 60
    while len(statuses) < before + 60:
        assert time.monotonic() < end, "nobody is answered"
        time.sleep(0.02)


def end_somehow(units: HostUnits, number: int) -> None:
    """As it ends by itself, by a stop that the next who asks undoes, by a restart."""
    main = units.main(SERVICE)
    if number % 3 == 0 and main:
        os.kill(main, signal.SIGTERM)
    else:
        units.systemctl("stop" if number % 3 == 1 else "restart", SERVICE)


def test_a_worker_that_is_told_to_end_while_it_begins_ends(host: Host, units: HostUnits) -> None:
    """Else a stop just after a start waits for it for a minute, and kills it with the requests that it has."""
    assert ask(host.socket("one"), NAME).status == 200
    main = units.main(SERVICE)
    for _ in range(6):
        before = workers_of(main)
        os.kill(min(before), signal.SIGKILL)
        new = wait_for(lambda before=before: workers_of(main) - before)  # type: ignore[misc]
        os.kill(min(new), signal.SIGTERM)  # a moment after its birth
        wait_for(lambda new=new: not new & workers_of(main))  # type: ignore[misc]


def workers_of(main: int) -> set[int]:
    """Those that are not ended already and only waited for."""
    found = map(int, Path(f"/proc/{main}/task/{main}/children").read_text("ascii").split())
    return {number for number in found if is_running(number)}


def is_running(number: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2]
    except OSError:
        return False


def wait_for(act: Callable[[], T]) -> T:
    """Until it says something."""
    end = time.monotonic() + 20
    while not (found := act()):
        assert time.monotonic() < end
    return found


def test_what_is_run_on_a_terminal_neither_rests_nor_listens_elsewhere(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(host.folder("one"))
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))  # another process's
    assert not serving.is_activated() and serving.RESTS not in serving.environment(settings)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    assert serving.is_activated() and serving.RESTS in serving.environment(settings)
    assert "--bind" not in serving.activated_arguments(settings)


def test_the_server_runs_the_release_that_it_was_started_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The link of an office leads elsewhere as soon as it is upgraded, while the process of before still imports."""
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / "office").symlink_to(tmp_path / "release")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "office" / "bin" / Path(sys.executable).name))
    assert serving._python().parent == Path(sys.prefix).resolve() / "bin"
