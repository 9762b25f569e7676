"""The end of the contract, asked for by an administrator: told to everybody, taken back until the day, and never by accident."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from tests.support.offices import PASSWORD, Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.domain.access import Role
from vault.domain.cancellation import NOTICE_DAYS, CancellationOrder, can_be_taken_back, earliest
from vault.domain.values import TypedDate, wareki
from vault.errors import Forbidden, Refused
from vault.services import cancellation

DAY = 24 * 3600
NAME = "みなと保険事務所"
PAGE = "/office/cancellation"


def today(office: Office) -> date:
    return cancellation.today_of(office.instance)


def order(office: Office, days: int = 20, name: str = NAME) -> CancellationOrder:
    return CancellationOrder(day=TypedDate.of(today(office) + timedelta(days=days)), office=name, reason="廃業")


def events(office: Office) -> list[str]:
    return [row[0] for row in office.sql("SELECT event FROM journal WHERE event LIKE 'cancellation%' ORDER BY position")]


def test_days_ahead_are_counted_in_whole_days() -> None:
    assert earliest(date(2026, 2, 20)) == date(2026, 3, 6)
    assert can_be_taken_back(date(2026, 3, 6), date(2026, 3, 5)) and not can_be_taken_back(date(2026, 3, 6), date(2026, 3, 6))


def test_asked_for_it_stands_for_everybody_and_in_the_log(office: Office) -> None:
    assert cancellation.standing(office.instance) is None
    cancellation.ask(office.desk(), order(office))
    held = cancellation.standing(office.instance)
    assert held is not None and held.day == today(office) + timedelta(days=20) and held.asked == office.instance.now()
    page = cancellation.page(office.desk())
    assert page.found is not None and page.found.reason == "廃業" and page.person == "佐々木 恵" and page.open
    assert events(office) == ["cancellation-asked"]
    [[fact]] = office.sql("SELECT value FROM meta WHERE name='cancellation'")
    assert "廃業".encode() not in fact


@pytest.mark.parametrize(("days", "name", "code"), [
    (NOTICE_DAYS - 1, NAME, "cancellation-early"), (0, NAME, "cancellation-early"), (-5, NAME, "cancellation-early"),
    (20, "みなと", "cancellation-name"), (20, "みなと保険事務所 ", ""), (NOTICE_DAYS, "みなと　保険事務所", ""),
])
def test_only_the_right_name_and_a_day_far_enough_ahead(office: Office, days: int, name: str, code: str) -> None:
    if not code:
        cancellation.ask(office.desk(), order(office, days, name))
        assert cancellation.standing(office.instance)
        return
    with pytest.raises(Refused) as refused:
        cancellation.ask(office.desk(), order(office, days, name))
    assert refused.value.code == code and cancellation.standing(office.instance) is None and events(office) == []


def test_taken_back_nothing_stands_and_it_can_be_asked_again(office: Office) -> None:
    with pytest.raises(Refused):
        cancellation.take_back(office.desk())
    cancellation.ask(office.desk(), order(office))
    with pytest.raises(Refused):
        cancellation.ask(office.desk(), order(office, 30))
    cancellation.take_back(office.desk())
    assert cancellation.standing(office.instance) is None and cancellation.page(office.desk()).found is None
    cancellation.ask(office.desk(), order(office, 30))
    assert events(office) == ["cancellation-asked", "cancellation-taken-back", "cancellation-asked"]


def test_until_the_day_and_no_longer(office: Office) -> None:
    cancellation.ask(office.desk(), order(office, NOTICE_DAYS))
    office.clock.tick((NOTICE_DAYS) * DAY)
    assert not cancellation.page(office.desk()).open
    with pytest.raises(Refused) as refused:
        cancellation.take_back(office.desk())
    assert refused.value.code == "cancellation-due"


@pytest.mark.parametrize("role", [Role.HANDLER, Role.VIEWER, Role.AUDITOR])
def test_only_an_administrator_asks_or_takes_back(office: Office, role: Role) -> None:
    rooms = tuple(office.desk().client_compartments()) if role is not Role.AUDITOR else ()
    member = join(office, role, rooms)
    for act in (lambda desk: cancellation.ask(desk, order(office)), cancellation.take_back, cancellation.page):
        with pytest.raises(Forbidden):
            act(member.desk(office))


def test_a_fact_edited_by_hand_never_breaks_a_page(office: Office, visit: Visit) -> None:
    office.sql("INSERT INTO meta (name, value) VALUES ('cancellation', x'0102')")
    assert cancellation.standing(office.instance) is None and visit.get("/today").status_code == 200


# --- the pages


def form(of: Office, **other: str) -> dict[str, str]:
    day = today(of) + timedelta(days=20)
    return {"day": f"{day:%Y/%m/%d}", "office": NAME, "reason": "", "password": PASSWORD, **other}


def test_the_page_leads_through_and_everybody_is_told(app: Flask, visit: Visit, office: Office, stranger: Visit) -> None:
    page = visit.get(PAGE).get_data(as_text=True)
    assert "/prints/whole-office" in page and "保険業法 第303条" in page and "税理士法" not in page
    office.clock.tick(600)
    assert visit.get(PAGE).status_code == 200
    answer = visit.post(PAGE, form(office))
    assert answer.status_code == 303
    said = f"{wareki(today(office) + timedelta(days=20))}から、この事務所の記録をすべて消去します"
    assert said in visit.get("/today").get_data(as_text=True)
    assert said in stranger.get("/session/new").get_data(as_text=True)
    member = join(office, Role.VIEWER, tuple(office.desk().client_compartments()))
    theirs = Visit(app, office).with_device(member.device)
    theirs.sign_in(member.login_id, member.password)
    assert said in theirs.get("/help").get_data(as_text=True)
    assert visit.get(PAGE).status_code == 200
    assert visit.post(PAGE + "/back", {"password": PASSWORD}).status_code == 303
    assert said not in visit.get("/today").get_data(as_text=True)


@pytest.mark.parametrize(("wrong", "status"), [
    ({"password": "wrong"}, 403), ({"office": "別の事務所"}, 400), ({"day": "明日"}, 400), ({"day": ""}, 400), ({"day": "R8.11.24"}, 400),
])
def test_what_is_refused_keeps_what_was_typed(visit: Visit, office: Office, wrong: dict[str, str], status: int) -> None:
    office.clock.tick(600)
    visit.get(PAGE)
    answer = visit.post(PAGE, form(office, reason="廃業のため", **wrong))
    assert answer.status_code == status and "廃業のため" in answer.get_data(as_text=True)
    assert cancellation.standing(office.instance) is None
    assert (wrong.get("day") or form(office)["day"]) in answer.get_data(as_text=True) or wrong == {"day": ""}


def test_an_accounting_firm_reads_of_its_own_books(visit: Visit, office: Office) -> None:
    from dataclasses import replace

    from vault.domain.office import Colleague
    from vault.services import office as office_service

    found, version, _ = office_service.particulars(office.desk())
    assert found is not None
    office_service.save_particulars(office.desk(), replace(found, kind="会計事務所"), Colleague(name="佐々木 恵"), version)
    page = visit.get(PAGE).get_data(as_text=True)
    assert "税理士法 第41条" in page and "保険業法" not in page
