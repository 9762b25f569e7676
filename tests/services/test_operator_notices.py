"""お知らせ on a host: kept by the operator, told to the offices concerned, mended by the next command."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from vault.domain.operator.notices import KEPT, Notice, of_facts
from vault.errors import NotFound, NotReady, Refused
from vault.services.operator import announced, notices
from vault.storage.host import offices
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

NOW, HOUR, DAY = 1_795_000_000, 3600, 24 * 3600
STOP = Notice(id="", planned=True, begins=NOW + DAY, ends=NOW + DAY + HOUR, announce=NOW, ja="点検のため停止します。", en="Maintenance.")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path)
    for name in ("minato", "sakura"):
        offices.write(made, HostedOffice(name, f"{name}.example"))
    return made


def told(host: Host, name: str) -> list[Notice]:
    raw = json.loads((host.told(name) / "notices.json").read_text("utf-8"))
    assert set(raw) == {"notices"}
    return [of_facts(each) for each in raw["notices"]]


def test_a_notice_is_told_to_the_offices_it_is_for(host: Host) -> None:
    every = notices.add(host, STOP, NOW)
    one = notices.add(host, Notice(id="", planned=False, begins=NOW, ends=None, announce=NOW, ja="つながりません。", offices=("sakura",)), NOW)
    assert [each.id for each in told(host, "minato")] == [every.id]
    assert [each.id for each in told(host, "sakura")] == [every.id, one.id]
    assert [each.offices for each in told(host, "sakura")] == [(), ()]  # nobody learns who else there is


def test_a_new_office_is_told_what_is_for_all(host: Host) -> None:
    notices.add(host, STOP, NOW)
    offices.write(host, HostedOffice("later", "later.example"))
    notices.publish(host, ["later"])
    assert [each.ja for each in told(host, "later")] == [STOP.ja]


def test_nobody_else_reads_what_an_office_is_told(host: Host) -> None:
    notices.add(host, STOP, NOW)
    assert stat.S_IMODE((host.told("minato") / "notices.json").stat().st_mode) == 0o640
    assert stat.S_IMODE(host.told("minato").stat().st_mode) == 0o750
    assert stat.S_IMODE(host.operator.stat().st_mode) == 0o700


def test_what_was_taken_down_goes_and_what_was_a_stop_stays_for_the_figures(host: Host) -> None:
    first, second = notices.add(host, STOP, NOW), notices.add(host, STOP, NOW)
    notices.end(host, first.id, NOW + 60)
    notices.end(host, second.id, NOW + DAY + 600)
    assert [(each.id, each.ends) for each in told(host, "minato")] == [(second.id, NOW + DAY + 600)]
    third = notices.add(host, STOP, NOW)
    assert third.id not in (first.id, second.id)


def test_the_monitor_is_told_of_the_stops_of_every_office_and_of_no_words(host: Host) -> None:
    notices.add(host, STOP, NOW)
    notices.add(host, replace(STOP, offices=("sakura",), begins=NOW + HOUR, ends=NOW + 2 * HOUR), NOW)
    notices.add(host, Notice(id="", planned=False, begins=NOW, ends=None, announce=NOW, ja="停止中"), NOW)
    assert announced.stops(host, "minato") == {"1": (NOW + DAY, NOW + DAY + HOUR)}
    assert announced.stops(host, "sakura") == {**announced.stops(host, "minato"), "2": (NOW + HOUR, NOW + 2 * HOUR)}
    raw = (host.told("monitor") / "notices.json").read_text("utf-8")
    assert "停止" not in raw and stat.S_IMODE((host.told("monitor") / "notices.json").stat().st_mode) == 0o640
    notices.end(host, "2", NOW + 60)
    assert "2" not in announced.stops(host, "sakura")


def test_an_old_notice_is_forgotten_when_the_next_is_written(host: Host) -> None:
    notices.add(host, STOP, NOW)
    later = NOW + DAY + HOUR + KEPT + 1
    assert [each.id for each in notices.every(host)] == ["1"]
    notices.add(host, Notice(id="", planned=False, begins=later, ends=None, announce=later, ja="停止中"), later)
    assert [each.id for each in notices.every(host)] == ["2"]


def test_an_unknown_office_or_notice_is_said_and_nothing_is_written(host: Host) -> None:
    with pytest.raises(NotFound):
        notices.add(host, Notice(id="", planned=False, begins=NOW, ends=None, announce=NOW, ja="停止中", offices=("nobody",)), NOW)
    with pytest.raises(NotFound):
        notices.end(host, "7", NOW)
    with pytest.raises(Refused):
        notices.add(host, Notice(id="", planned=True, begins=NOW + 1, ends=None, announce=NOW, ja="停止中"), NOW)
    assert notices.every(host) == []


def test_what_a_killed_command_left_untold_is_told_by_the_next(host: Host) -> None:
    notices.add(host, STOP, NOW)
    (host.told("sakura") / "notices.json").unlink()
    (host.told("minato") / "notices.json").write_text("{}")
    notices.publish(host)
    assert [each.id for each in told(host, "minato")] == [each.id for each in told(host, "sakura")] == ["1"]


def test_what_is_told_already_is_not_written_again(host: Host) -> None:
    notices.add(host, STOP, NOW)
    before = (host.told("minato") / "notices.json").stat().st_ino
    notices.publish(host)
    assert (host.told("minato") / "notices.json").stat().st_ino == before


def test_a_spoiled_file_of_the_operator_is_said_and_never_written_over(host: Host) -> None:
    notices.add(host, STOP, NOW)
    (host.operator / "notices.json").write_text('{"last": 1, "notices": [{}]}')
    with pytest.raises(NotReady):
        notices.add(host, STOP, NOW)
    assert (host.operator / "notices.json").read_text() == '{"last": 1, "notices": [{}]}'
