"""障害・事故 on a host: a journal that only grows, clocks, what offices and the monitor read, and mails that go once."""

from __future__ import annotations

import json
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import killing
from vault.domain.operator.incidents import (
    DAY,
    FINAL,
    FIRST,
    HOUR,
    INTERIM,
    LEAK,
    MAIL_BEGUN,
    OUTAGE,
    RECOVERY,
    Incident,
    Report,
)
from vault.domain.operator.incidents_told import of_facts
from vault.errors import Damaged, NotFound, NotReady, Refused
from vault.services.operator import incidents
from vault.services.operator.incidents import Late, Opening, Who
from vault.storage.host import incidents as journals
from vault.storage.host import offices
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

NOW = 1_795_000_000
OPENING = Opening(kind=OUTAGE, what="ログインできません。", aware=NOW - 600)
WHOLE = {"cause": "ディスクの故障", "measures": "交換しました。", "prevention": "見張りを増やします。"}


def who(after: int = 0) -> Who:
    return Who("sato", NOW + after)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path)
    for name in ("minato", "sakura"):
        offices.write(made, HostedOffice(name, f"{name}.example"))
    return made


def told(host: Host, name: str) -> list[Incident]:
    return [of_facts(each) for each in json.loads((host.told(name) / "incidents.json").read_text("utf-8"))["incidents"]]


class Postman:
    """Takes mails, and breaks off, or refuses, at the wanted one."""

    def __init__(self, breaks: int = 0, refuses: int = 0) -> None:
        self.sent: list[tuple[str, str]] = []
        self.tried, self.breaks, self.refuses = 0, breaks, refuses

    def __call__(self, name: str, found: Incident, made: Report) -> None:
        self.tried += 1
        if self.tried == self.refuses:
            raise Refused("mail-failed", server="mail.example", said="550 no")
        self.sent.append((name, made.kind))
        if self.tried == self.breaks:
            raise KeyboardInterrupt


# --- from beginning to end


def test_an_incident_from_awareness_to_its_end(host: Host) -> None:
    found = incidents.begin(host, OPENING, who())
    assert found.offices == ("minato", "sakura") and told(host, "minato") == []
    incidents.report(host, found.number, FIRST, {}, who(60))
    incidents.report(host, found.number, INTERIM, {"situation": "ディスクを調べています。"}, who(HOUR))
    incidents.report(host, found.number, RECOVERY, {"measures": "交換しました。"}, who(2 * HOUR), NOW + HOUR + 60)
    incidents.report(host, found.number, FINAL, WHOLE, who(3 * DAY))
    done = incidents.close(host, found.number, who(3 * DAY + 60))
    assert done.recovered == NOW + HOUR + 60 and done.closed == NOW + 3 * DAY + 60 and done.due() == []
    [seen] = told(host, "minato")
    assert [each.kind for each in seen.reports] == [FIRST, INTERIM, RECOVERY, FINAL] and seen.closed == done.closed
    assert seen.reports[-1].facts == {"situation": "ディスクを調べています。", **WHOLE}
    with pytest.raises(Refused):
        incidents.note(host, found.number, "まだあった。", who(4 * DAY))
    assert [each.event for each in incidents.journal(host, found.number)] == ["opened", *["reported"] * 4, "closed"]


def test_an_office_is_told_only_of_its_own(host: Host) -> None:
    number = incidents.begin(host, Opening(kind=OUTAGE, what="停止", aware=NOW, offices=("sakura",)), who()).number
    incidents.report(host, number, FIRST, {}, who())
    assert told(host, "minato") == [] and [each.number for each in told(host, "sakura")] == [number]
    incidents.note(host, number, "", who(60), offices=("minato",))
    assert [each.number for each in told(host, "minato")] == [number]


def test_what_turns_out_to_be_a_leak_gets_the_dates_of_one(host: Host) -> None:
    number = incidents.begin(host, OPENING, who()).number
    incidents.report(host, number, FIRST, {}, who())
    assert told(host, "minato")[0].authority is None
    incidents.note(host, number, "外から読まれた跡があった。", who(60), kind=LEAK, wrongful=True)
    [seen] = told(host, "minato")
    assert seen.authority is not None and seen.authority.days == 60
    assert [each.event for each in incidents.journal(host, number)][-2:] == ["changed", "noted"]


@pytest.mark.parametrize("opening", [
    Opening(kind="gossip", what="停止", aware=NOW), Opening(kind=OUTAGE, what="  ", aware=NOW),
    Opening(kind=OUTAGE, what="停止", aware=NOW + 1), Opening(kind=OUTAGE, what="停止", aware=NOW, began=NOW + 1),
    Opening(kind=OUTAGE, what="停止", aware=NOW, offices=("nobody",)),
])
def test_what_cannot_be_opened_leaves_nothing(host: Host, opening: Opening) -> None:
    with pytest.raises((Refused, NotFound)):
        incidents.begin(host, opening, who())
    assert incidents.every(host) == []


def test_what_recovers_before_it_happened_or_is_to_come_is_refused(host: Host) -> None:
    number = incidents.begin(host, OPENING, who()).number
    incidents.report(host, number, FIRST, {}, who())
    for when in (NOW - DAY, NOW + DAY):
        with pytest.raises(Refused):
            incidents.report(host, number, RECOVERY, {"measures": "交換"}, who(60), when)
    assert len(incidents.get(host, number).reports) == 1


# --- late


def test_the_monitor_learns_what_is_late_without_reading_the_journals(host: Host) -> None:
    number = incidents.begin(host, OPENING, who()).number
    due = OPENING.aware + HOUR
    assert incidents.late(host, due) == [] and incidents.late(host, due + 1) == [Late(number, FIRST, due)]
    incidents.report(host, number, FIRST, {}, who())
    assert incidents.late(host, due + 1) == [] and incidents.late(host, NOW + DAY + 1) == [Late(number, INTERIM, NOW + DAY)]
    raw = (host.told("monitor") / "incidents.json").read_text("utf-8")
    assert "ログイン" not in raw and "minato" not in raw
    assert stat.S_IMODE((host.told("monitor") / "incidents.json").stat().st_mode) == 0o640


def test_without_any_incident_nothing_is_late(host: Host) -> None:
    assert incidents.late(host, NOW) == []
    incidents.publish(host)
    assert incidents.late(host, NOW) == []


# --- the journal


def test_journals_are_roots_alone(host: Host) -> None:
    number = incidents.begin(host, OPENING, who()).number
    assert stat.S_IMODE(journals.folder(host).stat().st_mode) == 0o700
    assert stat.S_IMODE((journals.folder(host) / f"{number}.journal").stat().st_mode) == 0o600


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_that_was_changed_or_taken_out_is_named(host: Host, line: int) -> None:
    number = incidents.begin(host, OPENING, who()).number
    for n in range(3):
        incidents.note(host, number, f"覚え {n}", who(n))
    path = journals.folder(host) / f"{number}.journal"
    lines = path.read_bytes().splitlines(keepends=True)
    changed = [*lines[:line], lines[line].replace(b"sato", b"mori"), *lines[line + 1 :]]
    for spoiled, at in ((changed, line + 2), ([*lines[:line], *lines[line + 1 :]], line + 1)):
        path.write_bytes(b"".join(spoiled))
        with pytest.raises(Damaged) as found:
            incidents.get(host, number)
        assert found.value.facts == {"number": number, "line": at}


def test_a_line_that_a_kill_left_half_written_never_happened(host: Host) -> None:
    number = incidents.begin(host, OPENING, who()).number
    path = journals.folder(host) / f"{number}.journal"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert len(incidents.journal(host, number)) == 1
    incidents.note(host, number, "続き", who(60))
    assert [each.event for each in incidents.journal(host, number)] == ["opened", "noted"]


def test_what_a_killed_command_left_untold_is_told_by_the_next(host: Host) -> None:
    number = incidents.begin(host, OPENING, who()).number
    incidents.report(host, number, FIRST, {}, who())
    for name in ("minato", "monitor"):
        (host.told(name) / "incidents.json").unlink()
    incidents.publish(host)
    assert len(told(host, "minato")) == 1 and incidents.late(host, NOW + 2 * DAY)


def test_an_unknown_number_is_said(host: Host) -> None:
    with pytest.raises(NotFound):
        incidents.get(host, 7)


# --- mails


@pytest.fixture
def number(host: Host) -> int:
    made = incidents.begin(host, OPENING, who()).number
    incidents.report(host, made, FIRST, {}, who())
    return made


EVERYBODY = ("minato", "sakura")


def test_every_office_gets_a_report_once(host: Host, number: int) -> None:
    postman = Postman()
    for _ in range(2):
        assert incidents.send(host, number, postman, who(60), EVERYBODY) == []
    assert postman.sent == [("minato", FIRST), ("sakura", FIRST)] and incidents.unsent(incidents.get(host, number)) == []


def test_a_mail_that_was_broken_off_is_not_sent_again_before_somebody_says_so(host: Host, number: int) -> None:
    postman = Postman(breaks=1)
    with pytest.raises(KeyboardInterrupt):
        incidents.send(host, number, postman, who(60), EVERYBODY)
    assert [(name, state) for _, name, state in incidents.unsent(incidents.get(host, number))] == [("minato", MAIL_BEGUN), ("sakura", "")]
    incidents.send(host, number, postman, who(120), EVERYBODY)
    assert postman.sent == [("minato", FIRST), ("sakura", FIRST)]
    incidents.send(host, number, postman, who(180), EVERYBODY, again=["minato"])
    assert postman.sent[2:] == [("minato", FIRST)] and incidents.unsent(incidents.get(host, number)) == []


def test_a_mail_that_the_server_did_not_take_is_named_and_tried_again(host: Host, number: int) -> None:
    postman = Postman(refuses=1)
    [(name, report, error)] = incidents.send(host, number, postman, who(60), EVERYBODY)
    assert (name, report.kind, error.code) == ("minato", FIRST, "mail-failed") and postman.sent == [("sakura", FIRST)]
    assert incidents.send(host, number, postman, who(120), EVERYBODY) == []
    assert postman.sent == [("sakura", FIRST), ("minato", FIRST)]
    failed = next(each for each in incidents.journal(host, number) if each.event == "mail-failed")
    assert "550" in failed.facts["why"] and "@" not in str(incidents.journal(host, number))


def test_killed_anywhere_a_report_is_neither_lost_nor_mailed_twice(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Killed, or without power, before any of its durable steps; done again, it ends as if nothing had been."""

    def attempt(fatal: int) -> int | None:
        root = tmp_path / str(fatal)
        host = Host(root)
        offices.write(host, HostedOffice("minato", "minato.example"))
        number = incidents.begin(host, OPENING, who()).number
        box = root / "box"
        box.mkdir()

        def mail(name: str, found: Incident, made: Report) -> None:
            (box / f"{name} {len(list(box.iterdir()))}").touch()

        def act() -> None:
            with suppress(Refused):
                incidents.report(host, number, FIRST, {}, who())
            incidents.send(host, number, mail, who(60), ["minato"])

        steps = killing.run(act, fatal or killing.EVERY, power=bool(fatal % 2))
        if fatal:
            act()
            incidents.publish(host)
        left = incidents.unsent(incidents.get(host, number))
        assert len(list(box.iterdir())) <= 1
        assert list(box.iterdir()) or [state for _, _, state in left] == [MAIL_BEGUN]
        assert len(incidents.get(host, number).reports) == 1 and len(told(host, "minato")) == 1
        return steps

    assert killing.at_points(attempt, pytestconfig, 40) > 5


def test_where_the_mail_server_is_away_not_every_mail_waits_for_it(host: Host) -> None:
    for n in range(5):
        offices.write(host, HostedOffice(f"more{n}", f"more{n}.example"))
    number = incidents.begin(host, OPENING, who()).number
    incidents.report(host, number, FIRST, {}, who())
    everybody = incidents.get(host, number).offices
    tried: list[str] = []

    def away(name: str, found: Incident, made: Report) -> None:
        tried.append(name)
        raise NotReady("mail-not-set")

    assert len(incidents.send(host, number, away, who(60), everybody)) == len(tried) == incidents.GIVES_UP
    postman = Postman()
    incidents.send(host, number, postman, who(120), everybody)
    assert sorted(name for name, _ in postman.sent) == sorted(everybody)


def test_an_office_without_an_address_waits_and_may_be_told_by_telephone(host: Host, number: int) -> None:
    postman = Postman()
    incidents.send(host, number, postman, who(60), ["minato"])
    assert [name for _, name, _ in incidents.unsent(incidents.get(host, number))] == ["sakura"]
    incidents.told_otherwise(host, number, "sakura", who(120))
    assert incidents.unsent(incidents.get(host, number)) == [] and postman.sent == [("minato", FIRST)]


def test_an_office_that_is_added_later_is_owed_the_earlier_reports(host: Host) -> None:
    number = incidents.begin(host, Opening(kind=OUTAGE, what="停止", aware=NOW, offices=("sakura",)), who()).number
    incidents.report(host, number, FIRST, {}, who())
    incidents.send(host, number, Postman(), who(60), EVERYBODY)
    incidents.note(host, number, "", who(120), offices=("minato",))
    assert [name for _, name, _ in incidents.unsent(incidents.get(host, number))] == ["minato"]
