"""What has ended stays ended: a request under way, or another tab, stores its session and brings nothing back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask

from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office
from tests.support.people import PASSWORD as THEIRS
from tests.support.people import Member, device_of, join
from tests.support.visits import Visit
from vault.crypto import codec
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.services import clients, sessions
from vault.services.accounts import devices, passwords, people, registering, signing_in
from vault.services.sessions import LoginSheet, Session
from vault.storage import journal
from vault.storage.database import transaction
from vault.web import clients as client_pages
from vault.web.gate import SESSION_COOKIE

NEW = "うさぎ 灯台 れもん 風車"
SECOND = device_of("a second PC")


def handler(office: Office) -> Member:
    return join(office, Role.HANDLER, (office.desk().client_compartments()[0],))


def under_way(office: Office, cookie: str, device: bytes = DEVICE) -> Session:
    """The session as a request that has begun holds it."""
    found = sessions.find(office.instance, cookie, device)
    assert found is not None and found.payload is not None
    return found


def goes_on(office: Office, session: Session) -> None:
    """The end of that request: it stores what it has to remember, in each way there is."""
    sessions.remember_client(office.instance, session, office.facts.clients[1], "羽黒 颯太")
    sessions.drop_announced(office.instance, session)
    sessions.touch(office.instance, session)


# --- ended


def signed_out(office: Office, session: Session) -> None:
    signing_in.sign_out(office.worker(), session, ORIGIN)


def password_changed(office: Office, session: Session) -> None:
    own = office.session()
    passwords.change(sessions.desk(office.instance, own, ORIGIN), own, PASSWORD, NEW)


def device_removed(office: Office, session: Session) -> None:
    desk = office.desk()
    code, _ = devices.make_code(desk, PASSWORD)
    registering.register(office.instance, office.facts.login_id, PASSWORD, code, None, SECOND, ORIGIN)
    other = office.sign_in(device=SECOND).session
    devices.remove(sessions.desk(office.instance, other, ORIGIN), desk.device)


def stopped(office: Office, session: Session) -> None:
    other = join(office, Role.ADMINISTRATOR)
    people.stop(other.desk(office), office.facts.person)


ENDS = [signed_out, password_changed, device_removed, stopped]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_an_ended_session_is_not_brought_back_by_a_request_under_way(
    end: Callable[[Office, Session], None], office: Office
) -> None:
    done = office.sign_in()
    session = under_way(office, done.cookie)
    end(office, session)
    office.clock.tick(10)
    goes_on(office, session)
    for worker in (office.instance, office.worker()):
        assert sessions.find(worker, done.cookie, DEVICE) is None
        worker.keyring.let_go()


def test_a_locked_session_stays_locked(office: Office) -> None:
    done = office.sign_in()
    session = under_way(office, done.cookie)
    office.instance.sessions.lock(session.row.id_hash)
    goes_on(office, session)
    found = sessions.find(office.instance, done.cookie, DEVICE)
    assert found is not None and found.locked and found.payload is None


def test_somebody_stopped_is_out_on_a_worker_that_was_just_serving_him(office: Office) -> None:
    other, member = office.worker(), handler(office)
    done = member.sign_in(office, other)
    assert clients.list_clients(sessions.desk(other, done.session, ORIGIN))
    other.keyring.let_go()
    people.stop(office.desk(), member.person)
    assert sessions.find(other, done.cookie, member.device) is None


def test_who_gave_up_a_shared_pc_is_not_back_on_it_through_a_request_under_way(office: Office) -> None:
    """The browser stays a device, for it is somebody else's too: only his slot there is gone."""
    member = handler(office)
    session = under_way(office, (done := member.sign_in(office)).cookie, member.device)
    code, _ = devices.make_code(office.desk(), PASSWORD)
    registering.register(office.instance, office.facts.login_id, PASSWORD, code, member.device, SECOND, ORIGIN)
    code, _ = devices.make_code(member.desk(office), THEIRS)
    registering.register(office.instance, member.login_id, THEIRS, code, None, SECOND, ORIGIN)
    elsewhere = signing_in.sign_in(office.instance, member.login_id, THEIRS, SECOND, ORIGIN).session
    shared = signing_in.known_device(office.instance, member.device)
    assert shared is not None
    devices.remove(sessions.desk(office.instance, elsewhere, ORIGIN), shared)
    goes_on(office, session)
    assert sessions.find(office.instance, done.cookie, member.device) is None
    assert office.sign_in(device=member.device).cookie


def test_signing_out_holds_while_the_page_of_a_client_is_loading(
    app: Flask, office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, cookie = Visit(app, office).with_device(), visit.cookie()
    assert cookie is not None
    tab.set_cookie(SESSION_COOKIE, cookie)
    tab.get("/help")
    opening, ended = client_pages.clients.get, []

    def slow(*given: object, **more: object) -> object:
        page = opening(*given, **more)  # type: ignore[arg-type]
        thread = threading.Thread(target=lambda: ended.append(tab.post("/session/end").status_code))
        thread.start()
        thread.join()
        return page

    with monkeypatch.context() as loading:
        loading.setattr(client_pages.clients, "get", slow)
        assert visit.get(visit.client_page()).status_code == 200
    assert ended == [303]
    late = Visit(app, office).with_device()
    late.set_cookie(SESSION_COOKIE, cookie)
    assert late.get(late.client_page(1)).location.endswith("/session/new")


# --- login sheets, which exist nowhere but in the session of who made them


def sheet_for(office: Office, session: Session) -> LoginSheet:
    desk = sessions.desk(office.instance, session, ORIGIN)
    return people.create(desk, Colleague(name="鳥羽 渚"), Role.AUDITOR, ())


def test_a_login_sheet_is_not_lost_when_another_tab_opens_a_client(office: Office) -> None:
    done = office.sign_in()
    tab, session = under_way(office, done.cookie), under_way(office, done.cookie)
    sheet = sheet_for(office, session)
    sessions.keep_login_sheet(office.instance, session, sheet)
    goes_on(office, tab)
    now = under_way(office, done.cookie)
    assert sessions.login_sheet(now, sheet.person) == sheet
    assert now.payload is not None and now.payload.recent[0][0] == office.facts.clients[1]


def test_a_sheet_that_was_handed_over_is_not_back_through_another_tab(office: Office) -> None:
    done = office.sign_in()
    session = under_way(office, done.cookie)
    sheet = sheet_for(office, session)
    tab = sessions.keep_login_sheet(office.instance, session, sheet)
    sessions.drop_login_sheet(office.instance, under_way(office, done.cookie), sheet.person)
    goes_on(office, tab)
    assert sessions.login_sheet(under_way(office, done.cookie), sheet.person) is None


def test_each_time_a_login_sheet_is_shown_the_log_says_so_first(office: Office, visit: Visit) -> None:
    visit.get("/people/new")
    answer = visit.post("/people/new", {"name": "鳥羽 渚", "kana": "トバ ナギサ", "role": "auditor"})
    assert answer.status_code == 303 and answer.location.endswith("/sheet")
    person = bytes.fromhex(answer.location.split("/")[-2])
    cookie = visit.cookie()
    assert cookie is not None
    sheet = sessions.login_sheet(under_way(office, cookie), person)
    assert sheet is not None
    for shown in (1, 2):
        page = visit.get(answer.location)
        assert page.status_code == 200 and sheet.initial_password in unescape(page.get_data(as_text=True))
        assert sum(told == ("people-opened", office.facts.person) for told in about(office, person)) == shown


def about(office: Office, subject: bytes) -> list[tuple[str, bytes]]:
    """(event, who did it) of the entries about somebody."""
    with transaction(office.instance.engine) as connection:
        found = journal.found(connection, journal.Wanted(subject=subject), 20)
    return [(told["event"], told["person"]) for told in (codec.decode(entry.clear) for entry in found)]
