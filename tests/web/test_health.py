"""/healthz and /readyz as the monitor asks them, and what an office is shown of its service hours and availability."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.support.host_nginx import needs_nginx, office_behind, scratch_host, standing
from tests.support.offices import CHEAP, Office
from tests.support.visits import Visit
from vault.cli.operator.mail_texts import Words
from vault.domain.values.moments import DAY
from vault.services import backup_notes, backups, closing, health
from vault.services.instance import Instance
from vault.services.operator import looking, monitoring
from vault.services.operator.looking import Inside
from vault.storage.host import figures as store
from vault.storage.host import offices, probes
from vault.storage.host.layout import Host
from vault.storage.host.offices import OWN, HostedOffice
from vault.web.proxy import Behind

HOSTED = HostedOffice("minato", "minato.example", certificate=OWN, began=1)


@pytest.fixture
def hosted(office: Office) -> Iterator[Instance]:
    """The office as an instance behind nginx and a socket."""
    made = Instance(replace(office.settings, host=HOSTED.address), office.clock, CHEAP)
    office.workers.append(made)
    yield made


@contextmanager
def on_a_socket(app: Flask, instance: Instance, root: Path) -> Iterator[Host]:
    """The application at the place where nginx and the monitor reach an office."""
    host = Host(root)
    path = host.socket(HOSTED.name)
    path.parent.mkdir(parents=True)
    app.extensions["kura"] = instance
    server = make_server(f"unix://{path}", 0, Behind(app.wsgi_app))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def bad(inside: Inside) -> set[str]:
    return {name for name, (good, _said) in inside.items.items() if not good}


def entries(office: Office) -> int:
    [[count]] = office.sql("SELECT count(*) FROM journal")
    return int(count)


def looked_at(office: Office, noted: tuple[int, bytes] | None = None) -> set[str]:
    """What is wrong, the files being of the time in which the office's own clock stands."""
    date_files(office)
    return {each.name for each in health.look(office.instance, noted) if not each.good}


def date_files(office: Office) -> None:
    for path in (office.database, office.folder / "keys" / "a" / "head"):
        if path.exists():
            os.utime(path, (office.clock(), office.clock()))


# --- whether the process lives


def test_the_process_says_that_it_lives_and_nothing_else(stranger: Visit, office: Office) -> None:
    before = entries(office)
    answer = stranger.get("/healthz")
    assert answer.status_code == 200 and ">ok<" in answer.get_data(as_text=True) and len(answer.data) < 300
    assert answer.headers.getlist("Set-Cookie") == [] and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert entries(office) == before
    refused = int(stranger.post("/healthz").status_code in (403, 404))
    assert stranger.get("/healthz").status_code == 200 and entries(office) == before + refused  # what is refused is noted, as everywhere


def test_a_closed_door_is_said_by_a_process_that_lives(stranger: Visit, office: Office) -> None:
    closing.close(office.instance, closing.RESTORE)
    assert ">closed<" in stranger.get("/healthz").get_data(as_text=True)
    assert stranger.get("/session/new").status_code == 503
    stranger.address = "127.0.0.1"
    assert stranger.get("/readyz").status_code == 503 and "data-item" not in stranger.get("/readyz").get_data(as_text=True)


def test_who_asks_this_is_no_visitor(visit: Visit, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Instance, "asked", lambda self: asked.append("asked"))
    monkeypatch.setattr(Instance, "keep", lambda self: asked.append("keep"))
    visit.get("/healthz")
    visit.get("/readyz", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert asked == []
    visit.get("/cookies")
    assert asked == ["keep", "asked"]


# --- how the instance is


def test_from_outside_nothing_is_said_of_the_instance(visit: Visit) -> None:
    for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": ""}):
        answer = visit.get("/readyz", headers=headers)
        assert answer.status_code == 200 and "data-item" not in answer.get_data(as_text=True)


def test_over_its_socket_an_office_says_how_it_is(app: Flask, hosted: Instance, office: Office) -> None:
    backups.make(office.instance)
    backups.drill(office.instance)
    before = entries(office)
    date_files(office)
    # The address of a UNIX socket is short, and a test's own folder may lie deep.
    with TemporaryDirectory(dir="/var/tmp") as short, on_a_socket(app, hosted, Path(short)) as host:
        inside = looking.ask(host, HOSTED, None)
        again = looking.ask(host, HOSTED, inside.head)
    assert set(inside.items) == set(looking.OF_ITSELF) and bad(inside) == bad(again) == set()
    [[position, hashed]] = office.sql("SELECT position, hash FROM journal ORDER BY position DESC LIMIT 1")
    assert inside.head == (position, bytes(hashed).hex()) and entries(office) == before
    assert inside.items["backup"][1].split(" ")[0] == str(office.instance.now())


def test_what_comes_through_nginx_is_told_nothing(app: Flask, hosted: Instance) -> None:
    app.extensions["kura"] = hosted
    for said in ("192.0.2.1", "127.0.0.1", "", None):
        headers = {} if said is None else {"X-Forwarded-For": said}
        answer = app.test_client().get("/readyz", base_url="https://minato.example", headers=headers, environ_overrides={"REMOTE_ADDR": ""})
        assert ("data-item" in answer.get_data(as_text=True)) is (said is None), said


@needs_nginx
def test_a_round_looks_at_a_real_office_behind_a_real_nginx(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "unit_states", lambda units: {})
    with scratch_host() as host, office_behind(office, host, HOSTED), standing(host, HOSTED) as nginx:
        offices.write(host, HOSTED)
        host.monitor.mkdir(parents=True)
        now = int(time.time())
        backups.make(office.instance)
        backups.drill(office.instance)
        date_files(office)
        before = entries(office)
        assert monitoring.run_round(host, now, Words("")).down == 0
        with store.opened(host) as held:
            seen, last = held.seen(HOSTED.name), held.now(HOSTED.name)
            assert [each.code for each in held.problems() if each.office] == [] and last is not None and last[0].up
        assert set(seen["told"]) == set(looking.OF_ITSELF) and seen["certificate"] > now and entries(office) == before
        closing.close(office.instance, closing.RESTORE)
        monitoring.run_round(host, now + 300, Words(""))
        nginx.stop()
        monitoring.run_round(host, now + 600, Words(""))
        with store.opened(host) as held:
            assert [(each.until, each.up) for each in held.stretches(HOSTED.name, 0, now + 900)] == [(now, True), (now + 300, False), (now + 600, False)]
            assert {each.code for each in held.problems() if each.office} == {looking.CLOSED, looking.HTTP, looking.FRONT}


def _owes_a_replica(office: Office) -> None:
    (office.folder / "keys" / "b").rename(office.folder / "keys" / "away")


def _loses_its_keystore(office: Office) -> None:
    for path in (office.folder / "keys").rglob("keystore.*"):
        path.unlink()


def _has_an_old_backup(office: Office) -> None:
    office.clock.tick(3 * DAY)


def _has_a_bad_drill(office: Office) -> None:
    backup_notes.write(office.instance, backup_notes.DRILL, {"name": "x", "at": office.instance.now(), "number": 2, "faults": []})


def _goes_back_in_time(office: Office) -> None:
    office.clock.tick(-DAY)


def _has_a_newer_database(office: Office) -> None:
    office.sql("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize(("spoil", "found"), [
    (_owes_a_replica, {"replicas"}), (_loses_its_keystore, {"keystore"}), (_has_an_old_backup, {"backup"}),
    (_has_a_bad_drill, {"drill"}), (_goes_back_in_time, {"clock"}), (_has_a_newer_database, {"database"}),
])
def test_each_thing_that_is_wrong_is_said_by_its_name(office: Office, spoil, found: set[str]) -> None:
    backups.make(office.instance)
    backups.drill(office.instance)
    assert looked_at(office) == set()
    spoil(office)
    assert looked_at(office) == found


def test_files_of_the_future_tell_of_a_clock_that_was_put_back(office: Office) -> None:
    assert looked_at(office) == set()
    os.utime(office.database, (office.clock() + 3600, office.clock() + 3600))
    assert [(each.name, each.said) for each in health.look(office.instance) if not each.good] == [("clock", "3600")]


def test_a_drill_that_is_long_ago_is_none(office: Office) -> None:
    backups.make(office.instance)
    backups.drill(office.instance)
    office.clock.tick(10 * DAY)
    backups.make(office.instance)
    assert looked_at(office) == {"drill"}


def test_a_database_that_was_put_back_is_said_with_and_without_what_was_seen_before(office: Office) -> None:
    copy = office.copy_database()
    office.desk()
    [head] = [each.said for each in health.look(office.instance) if each.name == "log-head"]
    seen = (int(head.split()[0]), bytes.fromhex(head.split()[1]))
    head_file = office.folder / "keys" / "a" / "head"
    office.put_database_back(copy)
    assert "log-head" in looked_at(office)
    head_file.unlink()  # whoever puts back everything leaves no note either
    assert "log-head" not in looked_at(office)
    assert "log-head" in looked_at(office, seen)


def test_an_office_that_nobody_has_begun_to_use_is_well(unbegun: Office) -> None:
    assert looked_at(unbegun) == set()


@pytest.mark.parametrize("asked", ["position=1", "position=1&hash=zz", f"position={10**30}&hash={'0' * 64}", "position=-1&hash=" + "0" * 64])
def test_a_head_that_is_none_is_not_asked_for(stranger: Visit, asked: str) -> None:
    stranger.address = "127.0.0.1"
    answer = stranger.get(f"/readyz?{asked}")
    assert 'data-item="log-head" data-good="1"' in answer.get_data(as_text=True)


# --- what the office is shown


def tell(office: Office, file: str, facts: object) -> None:
    folder = office.folder / "told"
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(facts if isinstance(facts, str) else json.dumps(facts), "utf-8")


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_service_hours_stand_on_the_sign_in_page_and_lock_nobody_out(visit: Visit, stranger: Visit, office: Office) -> None:
    assert "サービス提供時間" not in stranger.get("/session/new").get_data(as_text=True)  # nobody has promised any
    tell(office, "contract.json", {"operator": "みなと運営"})
    assert "月曜から土曜 9:00〜22:00(祝日を除く)" in text_of(stranger.get("/session/new").get_data(as_text=True))
    tell(office, "contract.json", {"hours": "mon-fri 03:00-03:01; sun 10:00-12:00,13:00-15:30"})
    page = text_of(stranger.get("/session/new").get_data(as_text=True))
    assert "月曜から金曜 3:00〜3:01、日曜 10:00〜12:00 13:00〜15:30" in page and "祝日" not in page
    assert visit.sign_in().status_code == 303 and visit.get("/today").status_code == 200


MONTHS = [["2026-10", [2678000, 400, 0, 0], [1000000, 0, 0, 0]], ["2026-11", [0, 0, 0, 0], [10, 3590, 7200, 60]]]


def test_the_office_sees_its_months_newest_first(visit: Visit, office: Office) -> None:
    tell(office, "contract.json", {"hours": "always"})
    assert "運営者の見回りが始まると" in text_of(visit.get("/office").get_data(as_text=True))
    tell(office, "availability.json", {"at": 1795000000, "months": MONTHS})
    page = text_of(visit.get("/office").get_data(as_text=True))
    assert "毎日24時間" in page and "2か月分" in page
    assert page.index("2026年11月 0.27 % 測っていません") < page.index("2026年10月 100.00 % 99.98 % 7分 なし なし")


@pytest.mark.parametrize("facts", [
    "{", "[]", {"at": "x", "months": []}, {"at": 1, "months": 3}, {"at": 1, "months": [["2026-13", [0] * 4, [0] * 4]]},
    {"at": 1, "months": [["2026-11", [0] * 3, [0] * 4], ["2026-11", [-1, 0, 0, 0], [0] * 4], ["2026-11", [10**9, 0, 0, 0], [0] * 4], 7]},
    {"at": 10**30, "months": MONTHS},
])
def test_what_the_monitor_has_spoiled_is_as_if_nothing_had_been_told(visit: Visit, office: Office, facts: object) -> None:
    tell(office, "contract.json", {"hours": "nonsense"})
    tell(office, "availability.json", facts)
    page = visit.get("/office")
    assert page.status_code == 200 and "運営者の見回りが始まると" in page.get_data(as_text=True)
    assert "月曜から土曜 9:00〜22:00" in text_of(page.get_data(as_text=True))


def test_english_readers_are_told_in_english(stranger: Visit, office: Office) -> None:
    tell(office, "contract.json", {"hours": "daily 09:00-22:00; not holidays"})
    stranger.set_cookie("__Host-language", "en")
    assert "daily 9:00〜22:00 (except public holidays)" in text_of(stranger.get("/session/new").get_data(as_text=True))
