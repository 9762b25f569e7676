"""The recovery sheet with the operator's ticket makes a new administrator; neither does alone, and neither twice."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office, confirm, origin
from tests.support.visits import Visit
from vault.crypto.unlock import new_recovery_secret, recovery_groups
from vault.errors import Refused, WrongCredential
from vault.services import audit, clients, sessions
from vault.services.accounts import recovery, registering, signing_in

NEW = "まったく 新しい 管理者の ことば"
BROWSER = b"\x77" * 32


def recover(office: Office, groups: list[str] | None = None, ticket: str = "", address: str = "203.0.113.1") -> recovery.Recovered:
    typed = " ".join(office.facts.groups if groups is None else groups)
    return recovery.recover(office.instance, typed, ticket, NEW, None, BROWSER, origin(address))


def ticket(office: Office) -> str:
    return recovery.issue_ticket(office.instance)[0]


def test_sheet_and_ticket_make_a_new_administrator_who_reads_everything(office: Office) -> None:
    done = recover(office, ticket=ticket(office))
    signed_in = signing_in.sign_in(office.instance, done.login_id, NEW, BROWSER, ORIGIN)
    desk = sessions.desk(office.instance, signed_in.session, ORIGIN)
    assert desk.role.value == "administrator"
    assert len(clients.list_clients(desk)) == 2
    assert clients.get(desk, office.facts.clients[0]).version == 2
    assert desk.secret("signing") and desk.secret("audit")
    with office.instance.engine.begin() as connection:
        assert "recovered" in [told.clear["event"] for told in audit.newest(desk, connection, 10)]
    assert office.sign_in().cookie  # those who were there are still there


def test_the_sheet_alone_and_the_ticket_alone_do_nothing(office: Office) -> None:
    with pytest.raises(WrongCredential, match="ticket-wrong"):
        recover(office)
    number = ticket(office)
    with pytest.raises(WrongCredential, match="sheet-wrong"):
        recover(office, recovery_groups(new_recovery_secret()), number)
    with pytest.raises(WrongCredential, match="ticket-wrong"):
        recover(office, ticket="AAAAA-AAAAA-AAAAA-AAAAA")
    assert len(office.desk().directory.persons) == 1
    assert recover(office, ticket=number, address="203.0.113.2")  # nothing of this used it up


def test_a_ticket_serves_once_and_for_a_day(office: Office) -> None:
    number = ticket(office)
    recover(office, ticket=number)
    with pytest.raises(WrongCredential, match="ticket-wrong"):
        recover(office, ticket=number, address="203.0.113.2")
    late = ticket(office)
    office.clock.tick(24 * 3600)
    with pytest.raises(WrongCredential, match="ticket-expired"):
        recover(office, ticket=late, address="203.0.113.3")


def test_a_new_ticket_makes_the_one_before_void(office: Office) -> None:
    old, new = ticket(office), ticket(office)
    with pytest.raises(WrongCredential):
        recover(office, ticket=old)
    assert recover(office, ticket=new, address="203.0.113.2")


def test_a_new_sheet_is_forced_and_then_the_old_one_is_dead(office: Office, app: Flask) -> None:
    done = recover(office, ticket=ticket(office))
    visit = Visit(app, office).with_device(BROWSER)
    visit.get("/session/new")
    assert visit.post("/session/new", {"login_id": done.login_id, "password": NEW}).status_code == 303
    assert visit.get("/clients").location.endswith("/first-day/sheet")
    desk = sessions.desk(office.instance, done.session, ORIGIN)
    made = recovery.make_sheet(desk, done.session)
    assert made.payload is not None
    confirm_with(office, made)
    assert visit.get("/clients").status_code == 200
    with pytest.raises(WrongCredential, match="sheet-wrong"):
        recover(office, ticket=ticket(office), address="203.0.113.2")
    groups = recovery_groups(made.payload.waiting.secret)
    assert recover(office, groups, ticket(office), "203.0.113.3")


def confirm_with(office: Office, session: sessions.Session) -> None:
    assert session.payload is not None
    typed = recovery_groups(session.payload.waiting.secret)
    first, second = recovery.asked_groups(session.payload.waiting)
    desk = sessions.desk(office.instance, session, ORIGIN)
    recovery.confirm_sheet(desk, session, (typed[first - 1], typed[second - 1]), NEW)


def test_until_the_new_sheet_is_typed_back_the_old_one_still_helps(office: Office) -> None:
    """A power cut after the recovery must not leave an office with no sheet and an administrator nobody knows."""
    recover(office, ticket=ticket(office))
    assert recover(office, ticket=ticket(office), address="203.0.113.2")


def test_a_sheet_made_anew_stands_beside_the_old_one_until_typed_back(office: Office) -> None:
    session = office.session()
    made = recovery.make_sheet(sessions.desk(office.instance, session, ORIGIN), session)
    assert made.payload is not None
    new = recovery_groups(made.payload.waiting.secret)
    with pytest.raises(WrongCredential, match="sheet-wrong"):
        recover(office, new, ticket(office))
    before = office.instance.files.newest()
    confirm(office, made)
    after = office.instance.files.newest()
    assert before and after and after[0] == before[0] + 1  # what takes something away is a new epoch
    with pytest.raises(WrongCredential, match="sheet-wrong"):
        recover(office, ticket=ticket(office), address="203.0.113.2")
    with pytest.raises(WrongCredential):
        registering.register(office.instance, office.facts.login_id, PASSWORD, office.facts.code, None, BROWSER, ORIGIN)
    assert recover(office, new, ticket(office), "203.0.113.3")


def test_a_new_sheet_wants_the_password(office: Office) -> None:
    session = office.session()
    made = recovery.make_sheet(sessions.desk(office.instance, session, ORIGIN), session)
    assert made.payload is not None
    typed = recovery_groups(made.payload.waiting.secret)
    first, second = recovery.asked_groups(made.payload.waiting)
    desk = sessions.desk(office.instance, made, ORIGIN)
    with pytest.raises(WrongCredential):
        recovery.confirm_sheet(desk, made, (typed[first - 1], typed[second - 1]), "not the password")
    assert list(office.instance.keyring.stored().keystore.sheets) != [made.payload.waiting.sheet]


def test_the_sheet_may_be_typed_as_people_type(office: Office) -> None:
    wide = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})
    groups = [group.lower().replace("0", "o").translate(wide) for group in office.facts.groups]
    number = ticket(office).lower().replace("-", "ー")
    assert recover(office, groups, number)


@pytest.mark.parametrize("place", [0, 6, 12])
def test_a_slip_names_the_group(place: int, office: Office) -> None:
    groups = list(office.facts.groups)
    letter = "A" if groups[place][1] != "A" else "B"
    groups[place] = groups[place][0] + letter + groups[place][2:]
    with pytest.raises(WrongCredential) as refused:
        recover(office, groups, ticket(office))
    assert refused.value.code == "recovery-group" and refused.value.facts["group"] == place + 1


def test_no_ticket_before_the_beginning(unbegun: Office) -> None:
    with pytest.raises(Refused, match="not-begun"):
        recovery.issue_ticket(unbegun.instance)


def test_a_password_that_will_not_do_costs_neither_ticket_nor_sheet(office: Office) -> None:
    number = ticket(office)
    with pytest.raises(Refused):
        recovery.recover(office.instance, " ".join(office.facts.groups), number, "short", None, BROWSER, ORIGIN)
    assert recover(office, ticket=number)


def test_a_sheet_made_before_another_was_confirmed_is_refused_and_the_other_stays_valid(office: Office) -> None:
    slow, fast = (office.session() for _ in range(2))
    slow = recovery.make_sheet(sessions.desk(office.instance, slow, ORIGIN), slow)
    fast = recovery.make_sheet(sessions.desk(office.instance, fast, ORIGIN), fast)
    confirm(office, fast)
    with pytest.raises(Refused, match="sheet-superseded"):
        confirm(office, slow)
    assert fast.payload is not None
    assert recover(office, recovery_groups(fast.payload.waiting.secret), ticket(office))


def test_after_a_recovery_administrators_are_told_why_they_are_led_to_a_new_sheet_and_may_leave(
    office: Office, app: Flask
) -> None:
    visit = Visit(app, office).with_device()
    assert visit.sign_in().status_code == 303
    done = recover(office, ticket=ticket(office))
    assert visit.get("/clients").location.endswith("/first-day/sheet")
    told = visit.get("/first-day/sheet").get_data(as_text=True)
    assert f"新しい管理者({done.login_id})が作られました" in told and "復旧用紙が使われたので" in told
    assert 'action="/session/end"' in told
    wrong = visit.post("/first-day/new-sheet", {"password": "not the password"})
    assert wrong.status_code == 403 and "復旧用紙が使われたので" in wrong.get_data(as_text=True)
    new = Visit(app, office).with_device(BROWSER)
    assert new.sign_in(done.login_id, NEW).status_code == 303
    own = new.get("/first-day/sheet").get_data(as_text=True)
    assert "復旧用紙を使ったので" in own and "新しい管理者" not in own


def test_whose_sheet_came_too_late_is_told_to_shred_it(office: Office, app: Flask) -> None:
    slow, fast = (Visit(app, office).with_device() for _ in range(2))
    for visit in (slow, fast):
        assert visit.sign_in().status_code == 303
        visit.get("/office/recovery-sheet")
        assert visit.post("/first-day/new-sheet", {"password": PASSWORD}).status_code == 303
    assert type_back(fast).status_code == 303
    late = type_back(slow)
    assert late.status_code == 409 and "裁断してください" in late.get_data(as_text=True)
    assert slow.get("/first-day/sheet").location.endswith("/office"), "the sheet is not offered again"


def type_back(visit: Visit) -> TestResponse:
    page = visit.get("/first-day/sheet").get_data(as_text=True)
    held = sessions.find(visit.instance, visit.cookie(), DEVICE)
    assert held is not None and held.payload is not None and "復旧用紙" in page
    groups, asked = recovery_groups(held.payload.waiting.secret), recovery.asked_groups(held.payload.waiting)
    typed = {"first": groups[asked[0] - 1], "second": groups[asked[1] - 1], "password": PASSWORD}
    return visit.post("/first-day/sheet", typed)
