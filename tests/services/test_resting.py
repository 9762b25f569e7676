"""When the process of an office may end: after nobody asked for a while, and sooner where only a monitor did."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vault.services import resting
from vault.services.resting import CHECKED_SECONDS, QUIET_SECONDS, Rest
from vault.storage.sessions import SessionRow, SessionStore

BEGAN = 1_800_000_000


@pytest.fixture
def rest(tmp_path: Path) -> Rest:
    return Rest(tmp_path, BEGAN)


def test_it_is_quiet_for_a_while_after_the_last_request_of_anybody(rest: Rest) -> None:
    rest.asked(BEGAN + 10)
    assert not rest.is_due(BEGAN + 9 + QUIET_SECONDS)
    assert rest.is_due(BEGAN + 10 + QUIET_SECONDS)


def test_a_process_that_only_a_monitor_began_ends_sooner(rest: Rest) -> None:
    assert not rest.is_due(BEGAN + CHECKED_SECONDS - 1)
    assert rest.is_due(BEGAN + CHECKED_SECONDS)


def test_what_was_asked_of_the_process_before_does_not_count_for_this_one(rest: Rest, tmp_path: Path) -> None:
    rest.asked(BEGAN + 10)
    again = Rest(tmp_path, BEGAN + 1000)
    assert again.is_due(BEGAN + 1000 + CHECKED_SECONDS)


def test_all_workers_count_what_one_of_them_was_asked(rest: Rest, tmp_path: Path) -> None:
    other = Rest(tmp_path, BEGAN)
    rest.asked(BEGAN + QUIET_SECONDS)
    assert not other.is_due(BEGAN + QUIET_SECONDS + 1)


def test_a_clock_that_was_set_back_begins_anew(rest: Rest) -> None:
    rest.asked(BEGAN + 10)
    assert not rest.is_due(BEGAN - 86400)
    assert not rest.is_due(BEGAN - 86400 + QUIET_SECONDS - 1)
    assert rest.is_due(BEGAN - 86400 + QUIET_SECONDS)


def test_only_its_own_master_is_ended(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(resting.os, "kill", lambda number, signal: ended.append(number))
    rest.end()  # this process's parent is whoever runs the tests
    monkeypatch.setattr(resting.os, "getppid", os.getpid)
    rest.end()
    assert ended == [os.getpid()]


def test_somebody_is_in_until_his_session_is_locked_or_ended(tmp_path: Path) -> None:
    store = SessionStore(tmp_path)
    assert not store.any_open()
    for number in (b"a", b"b"):
        store.put(SessionRow(number, b"person", b"device", "desk", BEGAN, BEGAN, BEGAN + 3600, BEGAN, b"sealed"))
    store.lock(b"a")
    assert store.any_open()
    store.end(b"b")
    assert not store.any_open()
