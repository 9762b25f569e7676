"""Hours and networks: off until an office says so; refused with words at the door, ended within; never for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from html import unescape

import pytest
from flask import Flask

from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office, origin
from tests.support.people import Member, join
from tests.support.visits import Visit, shows_nothing
from vault.domain.access import Role
from vault.domain.values.moments import JAPAN
from vault.errors import Forbidden
from vault.services import sessions
from vault.services.accounts import devices, people, recovery, registering, rules, signing_in
from vault.services.instance import Instance, Origin

NEW = "まったく 新しい 管理者の ことば"
OUTSIDE = "198.51.100.77"
HOURS = "いまは利用できる時間ではありません。利用できるのは9:00から18:00まで"
PLACE = "この場所(ネットワーク)からは利用できません"


@pytest.fixture
def member(office: Office) -> Member:
    return join(office, Role.HANDLER, tuple(office.desk().directory.of_clients()))


def lay_down(office: Office, **changed: object) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), **changed))  # type: ignore[arg-type]


def at_japan(office: Office, hour: int, minute: int = 0) -> None:
    """Go on to the next time that clocks in Japan show this."""
    now = datetime.fromtimestamp(office.clock.now, JAPAN)
    wait = (hour * 60 + minute - now.hour * 60 - now.minute) * 60 - now.second
    office.clock.tick(wait % 86400)


def said(answer) -> str:
    return unescape(answer.get_data(as_text=True))


def let_in(office: Office, member: Member, address: str = ORIGIN.address) -> bool:
    try:
        signing_in.sign_in(office.instance, member.login_id, member.password, member.device, origin(address))
    except Forbidden:
        return False
    return True


def browser_of(app: Flask, office: Office, member: Member, address: str = ORIGIN.address) -> Visit:
    visit = Visit(app, office, address=address).with_device(member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 303
    return visit


# --- off by default


def test_until_the_office_says_so_everybody_comes_at_any_hour_from_anywhere(office: Office, member: Member) -> None:
    for hour in range(0, 24, 3):
        at_japan(office, hour, 1)
        assert let_in(office, member, OUTSIDE) and let_in(office, member, "2001:db8::9")


# --- hours


def test_outside_the_hours_the_door_says_when_it_opens(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, hours_from="9:00", hours_to="18:00")
    for hour, minute, open_then in ((8, 59, False), (9, 0, True), (17, 59, True), (18, 0, False), (3, 0, False)):
        at_japan(office, hour, minute)
        visit = Visit(app, office).with_device(member.device)
        answer = visit.sign_in(member.login_id, member.password)
        assert answer.status_code == (303 if open_then else 403), (hour, minute)
        if not open_then:
            assert HOURS in said(answer) and visit.cookie() is None
            assert "aria-describedby" in said(answer) and f'value="{member.login_id}"' in said(answer)


def test_a_wrong_password_outside_the_hours_is_told_nothing_of_them(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, hours_from="9:00", hours_to="18:00")
    at_japan(office, 22)
    visit = Visit(app, office).with_device(member.device)
    answer = visit.sign_in(member.login_id, "not the password")
    assert answer.status_code == 403 and "利用できる時間" not in said(answer)


def test_at_closing_time_an_open_session_ends_with_its_next_request(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, hours_from="9:00", hours_to="18:00", idle_minutes=60)
    at_japan(office, 17, 50)
    visit, other = browser_of(app, office, member), browser_of(app, office, member)
    assert visit.get("/clients").status_code == 200 and other.get("/clients").status_code == 200
    office.clock.tick(600)
    cookies = [visit.cookie(), other.cookie()]
    answer = visit.get("/clients")
    assert answer.status_code == 303 and shows_nothing(answer)
    page = visit.get(answer.location)
    assert page.status_code == 200 and HOURS in said(page)
    assert other.post("/clients/new/Household", {"name": "x"}).status_code == 403
    for cookie in cookies:
        assert sessions.find(office.instance, cookie, member.device) is None, "ended, not only refused"
    office.clock.tick(86400 - 1200)  # and the next day in the hours it does not come back to life
    assert "/session/new" in visit.get("/clients").location


def test_unlocking_outside_the_hours_opens_nothing(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, hours_from="9:00", hours_to="18:00", idle_minutes=60)
    at_japan(office, 17, 50)
    visit = browser_of(app, office, member)
    visit.get("/clients")
    visit.post("/session/lock")
    office.clock.tick(600)
    answer = visit.post("/session/unlock", {"login_id": member.login_id, "password": member.password})
    assert answer.status_code == 403 and HOURS in said(answer) and "X-Kura-Csrf" not in answer.headers


def test_hours_over_midnight(office: Office, member: Member) -> None:
    lay_down(office, hours_from="22:00", hours_to="6:00")
    for hour, minute, open_then in ((21, 59, False), (22, 0, True), (23, 59, True), (0, 0, True), (5, 59, True), (6, 0, False), (12, 0, False)):
        at_japan(office, hour, minute)
        assert let_in(office, member) is open_then, (hour, minute)


def test_hours_are_those_of_japan_wherever_the_server_stands(office: Office, member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    lay_down(office, hours_from="9:00", hours_to="18:00")
    try:
        for zone in ("America/New_York", "UTC", "Asia/Tokyo"):
            with monkeypatch.context() as elsewhere:
                elsewhere.setenv("TZ", zone)
                time.tzset()
                at_japan(office, 9, 30)
                assert let_in(office, member)
                at_japan(office, 20)
                assert not let_in(office, member)
    finally:
        time.tzset()


def test_hours_do_not_bind_administrators_who_must_be_able_to_mend_them(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, hours_from="9:00", hours_to="9:01")
    at_japan(office, 3)
    for role in (Role.VIEWER, Role.AUDITOR):
        sheet = people.create(office.desk(), people.Colleague(name=role.value), role, ())
        with pytest.raises(Forbidden, match="outside-hours"):
            registering.register(office.instance, sheet.login_id, sheet.initial_password, sheet.code, None, bytes(32), ORIGIN)
    assert not let_in(office, member)
    visit = Visit(app, office).with_device()
    assert visit.sign_in().status_code == 303 and visit.get("/clients").status_code == 200
    lay_down(office, hours_from="", hours_to="")
    assert let_in(office, member)


def test_who_becomes_an_administrator_is_no_longer_bound_and_who_was_one_is(office: Office, member: Member) -> None:
    lay_down(office, hours_from="9:00", hours_to="18:00")
    at_japan(office, 20)
    people.change(office.desk(), member.person, Role.ADMINISTRATOR, ())
    assert let_in(office, member)
    people.change(office.desk(), member.person, Role.AUDITOR, ())
    assert not let_in(office, member)


# --- networks


def test_outside_the_networks_nobody_comes_in_not_even_an_administrator(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, networks="192.0.2.0/24\n2001:db8:5::/48")
    for address, inside in (
        ("192.0.2.200", True), ("2001:db8:5::1", True), ("::ffff:192.0.2.9", True), (OUTSIDE, False),
        ("2001:db8:6::1", False), (f"::ffff:{OUTSIDE}", False), ("", False),
    ):  # fmt: skip
        assert let_in(office, member, address) is inside, address
    visit = Visit(app, office, address=OUTSIDE).with_device()
    answer = visit.sign_in()
    assert answer.status_code == 403 and PLACE in said(answer) and visit.cookie() is None


def test_a_session_carried_out_of_the_networks_ends_there_and_everywhere(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, networks="192.0.2.0/24")
    visit = browser_of(app, office, member)
    assert visit.get("/clients").status_code == 200
    visit.address = OUTSIDE
    answer = visit.get("/clients")
    assert answer.status_code == 303 and shows_nothing(answer)
    assert PLACE in said(visit.get(answer.location))
    visit.address = "192.0.2.7"
    assert "/session/new" in visit.get("/clients").location


def test_a_rule_saved_while_people_are_at_work_ends_the_sessions_it_shuts_out(app: Flask, office: Office, member: Member) -> None:
    visit = browser_of(app, office, member, OUTSIDE)
    assert visit.get("/clients").status_code == 200
    lay_down(office, networks="192.0.2.0/24")
    assert "why=outside-network" in visit.get("/clients").location


def test_no_code_registers_a_browser_outside(office: Office, member: Member) -> None:
    lay_down(office, networks="192.0.2.0/24")
    code, _ = devices.make_code(member.desk(office), member.password)
    before = office.instance.files.newest()
    for opened in (code, office.facts.code):
        who, password = (member.login_id, member.password) if opened == code else (office.facts.login_id, PASSWORD)
        with pytest.raises(Forbidden, match="outside-network"):
            registering.register(office.instance, who, password, opened, None, bytes(32), origin(OUTSIDE))
    assert office.instance.files.newest() == before
    assert registering.register(office.instance, member.login_id, member.password, code, None, bytes(32), ORIGIN)


def test_what_is_refused_at_the_door_stands_in_the_log_with_who_it_was(office: Office, member: Member) -> None:
    from vault.crypto import codec

    lay_down(office, networks="192.0.2.0/24")
    assert not let_in(office, member, OUTSIDE)
    [(clear,)] = office.sql("SELECT clear FROM journal ORDER BY position DESC LIMIT 1")
    told = codec.decode(clear)
    assert (told["event"], told["status"], told["person"], told["address"]) == ("sign-in-refused", 403, member.person, OUTSIDE)


def test_the_rules_page_refuses_networks_that_shut_out_whoever_saves_them(visit: Visit, office: Office) -> None:
    typed = {
        "password_shortest": "12", "password_days": "0", "idle_minutes": "15", "session_hours": "10", "log_days": "396",
        "print_ledger_days": "1830", "bin_days": "30", "retention_years": "10", "print_approval": "いいえ", "hours_from": "", "hours_to": "", "networks": "198.51.100.0/24",
    }  # fmt: skip
    answer = visit.post("/office/rules", typed)
    assert answer.status_code == 400 and "192.0.2.7" in said(answer) and "198.51.100.0/24" in said(answer)
    assert visit.post("/office/rules", {**typed, "networks": "::ffff:192.0.2.7"}).status_code == 400
    assert visit.post("/office/rules", {**typed, "networks": "192.0.2.0/24\n198.51.100.0/24"}).status_code == 303
    assert visit.get("/clients").status_code == 200


# --- never for good


def recovered(office: Office, address: str, instance: Instance | None = None) -> recovery.Recovered:
    ticket = recovery.issue_ticket(office.instance)[0]
    typed = " ".join(office.facts.groups)
    return recovery.recover(instance or office.instance, typed, ticket, NEW, None, b"\x77" * 32, origin(address))


def desk_of(office: Office, done: recovery.Recovered, address: str):
    found = sessions.find(office.instance, done.cookie, done.device_secret)
    assert found is not None
    return sessions.desk(office.instance, found, Origin(address))


def test_recovery_works_at_any_hour_and_from_anywhere_and_leads_to_an_open_page(app: Flask, office: Office) -> None:
    """The office has moved and its addresses have changed: nobody comes in, and this is the way out."""
    lay_down(office, networks="192.0.2.0/24", hours_from="9:00", hours_to="9:01")
    at_japan(office, 3)
    visit = Visit(app, office, address=OUTSIDE).with_device()
    assert visit.sign_in().status_code == 403
    visit.get("/recover")
    ticket = recovery.issue_ticket(office.instance)[0]
    typed = {"recovery": " ".join(office.facts.groups), "ticket": ticket, "password": NEW, "again": NEW}
    answer = visit.post("/recover", typed)
    assert answer.status_code == 200, said(answer)[:400]
    assert visit.get("/today").location == "/first-day/sheet", "in, and a new sheet comes first"
    assert visit.get("/first-day/sheet").status_code == 200


def test_recovery_from_outside_lifts_the_networks_that_would_shut_the_new_administrator_out(office: Office) -> None:
    lay_down(office, networks="192.0.2.0/24", idle_minutes=20)
    desk = desk_of(office, recovered(office, OUTSIDE), OUTSIDE)
    assert desk.directory.networks == () and desk.directory.rules["idle_minutes"] == 20


def test_recovery_from_inside_leaves_them_as_they_are(office: Office, member: Member) -> None:
    lay_down(office, networks="192.0.2.0/24")
    desk = desk_of(office, recovered(office, "192.0.2.99"), "192.0.2.99")
    assert desk.directory.networks == ("192.0.2.0/24",)
    assert not let_in(office, member, OUTSIDE)


def test_who_fails_to_recover_lifts_nothing(app: Flask, office: Office, member: Member) -> None:
    lay_down(office, networks="192.0.2.0/24")
    visit = Visit(app, office, address=OUTSIDE)
    for groups, ticket in ((office.facts.groups, "AAAAA-AAAAA-AAAAA-AAAAA"), (office.facts.groups[::-1], "")):
        number = ticket or recovery.issue_ticket(office.instance)[0]
        visit.get("/recover")
        typed = {"recovery": " ".join(groups), "ticket": number, "password": NEW, "again": NEW}
        assert visit.post("/recover", typed).status_code == 403
    assert office.desk().directory.networks == ("192.0.2.0/24",) and not let_in(office, member, OUTSIDE)
    signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, DEVICE, ORIGIN)
