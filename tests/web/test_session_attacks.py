"""Sessions attacked: planted, replayed, asked twenty at once, on another device, after a change; and the password again."""

from __future__ import annotations

import re
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.authority import tended
from tests.support.offices import NAMES, ORIGIN, PASSWORD, Office
from tests.support.people import PASSWORD as THEIRS
from tests.support.people import Member, device_of, join
from tests.support.visits import Visit, cookie_of, shows_nothing
from vault.domain.access import Role
from vault.services import audit, sessions
from vault.services.accounts import compartments, devices, people, registering, signing_in
from vault.services.instance import Instance
from vault.storage.database import transaction
from vault.web.app import create_app
from vault.web.gate import DEVICE_COOKIE, SESSION_COOKIE, VISIT_COOKIE

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
NEW = "ぶどう 自転車 らくだ 朝焼け"


def is_in(visit: Visit, path: str = "/clients") -> bool:
    answer = visit.get(path)
    assert answer.status_code in (200, 303), answer.status_code
    if answer.status_code == 303:
        assert "/session/new" in answer.location and shows_nothing(answer), answer.location
    return answer.status_code == 200


def halves(visit: Visit) -> tuple[bytes, bytes]:
    """The session's id and secret, as the cookie has them."""
    raw = urlsafe_b64decode(visit.cookie() or "")
    assert len(raw) == 48
    return raw[:16], raw[16:]


def said(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


@pytest.fixture
def member(office: Office) -> Member:
    """A handler of the one compartment, on a browser of his own."""
    return join(office, Role.HANDLER, tuple(office.desk().directory.of_clients()))


@pytest.fixture
def theirs(app: Flask, office: Office, member: Member) -> Visit:
    return signed_in(app, office, member)


def signed_in(app: Flask, office: Office, member: Member, device: bytes | None = None) -> Visit:
    visit = Visit(app, office).with_device(device or member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 303
    assert is_in(visit)
    return visit


@pytest.fixture
def workers(office: Office) -> Iterator[list[Instance]]:
    """Three more processes of the same office."""
    made = [office.worker() for _ in range(3)]
    with tended(office.instance, *made):
        yield made


# --- fixation


def test_the_session_of_a_thief_planted_in_a_browser_is_not_what_its_person_gets(
    app: Flask, office: Office, visit: Visit, theirs: Visit
) -> None:
    planted = theirs.cookie()
    assert planted
    victim = Visit(app, office).with_device()
    victim.set_cookie(SESSION_COOKIE, planted)
    assert not is_in(victim)
    assert victim.sign_in().status_code == 303 and victim.cookie() != planted
    assert is_in(victim) and "鳥羽" in said(theirs.get("/own")), "the thief stays himself"


def test_of_two_people_at_one_pc_the_second_ends_the_session_of_the_first(app: Flask, office: Office) -> None:
    """The browser still has the first one's session: it is neither gone on with nor left open."""
    second = join(office, Role.VIEWER, tuple(office.desk().directory.of_clients()))
    code, _ = devices.make_code(second.desk(office), THEIRS)
    shared = Visit(app, office).with_device()
    shared.get("/register")
    typed = {"code": code, "login_id": second.login_id, "password": THEIRS}
    assert shared.post("/register", typed).status_code == 303
    assert shared.sign_in().status_code == 303
    first = shared.cookie()
    assert first and shared.sign_in(second.login_id, THEIRS).status_code == 303
    assert shared.cookie() != first and second.login_id in said(shared.get("/own"))
    shared.set_cookie(SESSION_COOKIE, first)
    assert not is_in(shared)


def test_the_session_of_a_login_sheet_is_worth_nothing_once_its_person_is_in(app: Flask, office: Office) -> None:
    """Whoever planted or copied it before holds a session that has ended."""
    sheet = people.create(office.desk(), people.Colleague(name="新人"), Role.VIEWER, tuple(office.desk().client_compartments()))
    thief, victim = Visit(app, office, address="203.0.113.4"), Visit(app, office)
    victim.get("/register")
    typed = {"code": sheet.code, "login_id": sheet.login_id, "password": sheet.initial_password}
    assert victim.post("/register", typed).location == "/own-password"
    planted = victim.cookie()
    assert planted
    thief.set_cookie(SESSION_COOKIE, planted)
    thief.get("/own-password")
    victim.get("/own-password")
    assert victim.post("/own-password", {"password": NEW, "again": NEW}).status_code == 303
    assert victim.cookie() != planted and is_in(victim)
    assert not is_in(thief)
    late = thief.post("/own-password", {"password": NEW + "x", "again": NEW + "x"})
    assert late.status_code == 403 and not late.headers.getlist("Set-Cookie")


# --- replay


def test_a_session_ended_on_one_worker_is_replayed_on_none(visit: Visit, workers: list[Instance]) -> None:
    everywhere = [visit, *map(visit.at, workers)]
    assert all(is_in(each) for each in everywhere)
    cookie, token = visit.cookie(), visit.token
    assert cookie and everywhere[2].post("/session/end").status_code == 303
    for each in everywhere:
        each.set_cookie(SESSION_COOKIE, cookie)
        each.token = token
        assert not is_in(each)
        assert each.post("/office/particulars", {"name": "x"}).status_code == 403
        assert each.post("/session/alive").status_code == 410
        assert each.post("/session/unlock", {"login_id": each.office.facts.login_id, "password": PASSWORD}).status_code == 410
        assert not is_in(each)


def test_after_signing_out_the_back_button_finds_nothing_kept_and_nothing_open(visit: Visit) -> None:
    paths = ["/today", "/clients", visit.client_page(), visit.policy_page(), visit.client_page() + "/edit", "/ledger", "/office"]
    for path in paths:
        answer = visit.get(path)
        assert answer.status_code == 200 and answer.headers.getlist("Cache-Control") == ["no-store"], path
    cookie = visit.cookie()
    assert cookie
    ended = visit.post("/session/end")
    assert ended.headers["Cache-Control"] == "no-store" and visit.cookie() is None
    for kept in ("", cookie):
        visit.set_cookie(SESSION_COOKIE, kept)
        assert not any(is_in(visit, path) for path in paths)


# --- at once


def test_twenty_first_requests_at_once_on_cold_workers_all_get_in(office: Office) -> None:
    """The browser opens with twenty tabs, and no worker has read the keystore yet."""
    cookie = office.sign_in().cookie
    workers = [office.worker(), office.worker()]
    apps = [create_app(worker) for worker in workers]
    answers: list[TestResponse] = []
    together = threading.Barrier(20)

    def ask(number: int) -> None:
        visit = Visit(apps[number % 2], office, workers[number % 2]).with_device()
        visit.set_cookie(SESSION_COOKIE, cookie)
        together.wait()
        answers.append(visit.get(visit.client_page() if number % 3 else "/clients"))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [200] * 20
    assert all(NAMES[0] in a.get_data(as_text=True) for a in answers)
    with transaction(workers[0].engine) as connection:
        assert audit.verify_chain(connection) is None
    assert office.instance.sessions.count() == 1
    for worker in workers:
        worker.engine.dispose()


# --- the clock


def test_a_clock_one_day_ahead_and_back_again_opens_nothing_for_longer(visit: Visit, office: Office) -> None:
    office.clock.tick(DAY)
    assert not is_in(visit)
    office.instance.sessions.lock_idle(office.instance.now(), 15 * MINUTE)  # the keeper comes round
    office.clock.tick(-DAY)
    assert not is_in(visit)
    assert visit.sign_in().status_code == 303 and is_in(visit)


def test_a_session_begun_while_the_clock_was_a_day_ahead_does_not_last_that_day(visit: Visit, office: Office) -> None:
    office.clock.tick(DAY)
    assert visit.sign_in().status_code == 303 and is_in(visit)
    office.clock.tick(-DAY)
    assert not is_in(visit)
    assert visit.sign_in().status_code == 303 and is_in(visit)
    office.clock.tick(10 * HOUR)
    assert not is_in(visit)


def test_a_clock_set_back_a_day_ends_sessions_and_nobody_stays_out(visit: Visit, office: Office) -> None:
    office.clock.tick(-DAY)
    assert not is_in(visit)
    assert visit.sign_in().status_code == 303 and is_in(visit)


def test_a_password_typed_in_a_wrong_hour_is_no_proof_for_later(visit: Visit, office: Office) -> None:
    """Typed while the clock was ahead: set back, it is not a proof from the future."""
    office.clock.tick(DAY)
    visit.sign_in()
    found = sessions.find(office.instance, visit.cookie(), device_of_office(visit))
    assert found is not None and sessions.is_proved(office.instance, found)
    office.clock.tick(-HOUR)
    assert not sessions.is_proved(office.instance, found)


def device_of_office(visit: Visit) -> bytes:
    return urlsafe_b64decode(visit.cookie(DEVICE_COOKIE) or "")


# --- another device


def test_a_session_is_bound_to_its_device_even_among_devices_of_one_person(app: Flask, office: Office, member: Member) -> None:
    second = device_of("a second one")
    code, _ = devices.make_code(member.desk(office), THEIRS)
    registering.register(office.instance, member.login_id, THEIRS, code, None, second, ORIGIN)
    signing_in.sign_in(office.instance, member.login_id, THEIRS, second, ORIGIN)
    one, other = signed_in(app, office, member), signed_in(app, office, member, second)
    mine = one.cookie()
    assert mine
    other.set_cookie(SESSION_COOKIE, mine)
    assert not is_in(other)
    one.set_cookie(DEVICE_COOKIE, cookie_of(second))
    assert not is_in(one)
    one.set_cookie(DEVICE_COOKIE, cookie_of(member.device))
    assert is_in(one)


# --- a link in a mail


def from_a_mail(app: Flask, office: Office, browser: Visit, path: str = "/session/new") -> Visit:
    """The page that a link on another site opens: no cookie goes along, those it sets are kept, its form has them all."""
    opened = Visit(app, office)
    answer = opened.get(path, headers={"Sec-Fetch-Site": "cross-site"})
    while answer.status_code == 303:
        answer = opened.get(answer.location)
    assert answer.status_code == 200 and shows_nothing(answer)
    set_now = opened.cookie(VISIT_COOKIE)
    assert set_now
    browser.set_cookie(VISIT_COOKIE, set_now)
    browser.token = opened.token
    return browser


@pytest.mark.parametrize("path", ["/session/new", "/", "/today", "/clients"])
@pytest.mark.parametrize("state", ["signed out", "signed in", "locked"])
def test_a_mail_link_opens_the_sign_in_page_and_its_form_signs_in(
    state: str, path: str, app: Flask, office: Office, visit: Visit
) -> None:
    before = visit.cookie()
    if state == "signed out":
        visit.post("/session/end")
    elif state == "locked":
        visit.post("/session/lock")
    from_a_mail(app, office, visit, path)
    answer = visit.post("/session/new", {"login_id": office.facts.login_id, "password": PASSWORD})
    assert answer.status_code == 303 and answer.location == "/today", said(answer)[:300]
    assert visit.cookie() != before and is_in(visit)
    assert office.instance.sessions.count() == 1, "the session before has ended"


def test_the_token_of_a_page_from_a_mail_serves_at_the_door_and_nowhere_else(app: Flask, office: Office, visit: Visit) -> None:
    from_a_mail(app, office, visit)
    for path in ("/session/end", "/office/particulars", "/own/password", "/today/announced"):
        token = visit.token
        assert visit.post(path, {"name": "x"}).status_code == 403, path
        visit.token = token
    stranger = Visit(app, office)
    stranger.get("/session/new")
    visit.token = stranger.token  # another visit's token is nobody's here
    answer = visit.post("/session/new", {"login_id": office.facts.login_id, "password": PASSWORD})
    assert answer.status_code == 403 and visit.cookie() is not None


# --- who has changed meanwhile


def changed_role(office: Office, member: Member) -> None:
    people.change(office.desk(), member.person, Role.VIEWER, tuple(office.desk().client_compartments()))


def other_compartments(office: Office, member: Member) -> None:
    compartments.set_members(office.desk(), office.desk().client_compartments()[0], [])


def removed_device(office: Office, member: Member) -> None:
    device = signing_in.known_device(office.instance, member.device)
    assert device is not None
    devices.remove(office.desk(), device)


def stopped(office: Office, member: Member) -> None:
    people.stop(office.desk(), member.person)


def enrolled_anew(office: Office, member: Member) -> None:
    people.reenrol(office.desk(), member.person)


Change = Callable[[Office, Member], None]


@pytest.mark.parametrize("change", [changed_role, other_compartments, removed_device, stopped, enrolled_anew], ids=lambda c: c.__name__)
def test_a_session_ends_on_every_worker_with_the_next_request(
    change: Change, office: Office, member: Member, theirs: Visit, visit: Visit, workers: list[Instance]
) -> None:
    everywhere = [theirs, *map(theirs.at, workers)]
    assert all(is_in(each) for each in everywhere)
    cookie, mine = theirs.cookie(), visit.cookie()
    change(office, member)
    for each in everywhere:
        each.set_cookie(SESSION_COOKIE, cookie or "")
        assert not is_in(each)
        assert each.post("/clients/new/Household", {"name": "x"}).status_code == 403
    assert visit.cookie() == mine and is_in(visit), "nobody else is signed out"
    back_in = theirs.sign_in(member.login_id, THEIRS).status_code
    assert back_in == (303 if change in (changed_role, other_compartments) else 403)


def test_a_new_password_ends_the_other_sessions_on_every_worker_and_not_this_one(
    app: Flask, office: Office, member: Member, theirs: Visit, workers: list[Instance]
) -> None:
    other = signed_in(app, office, member)
    assert is_in(other.at(workers[0])) and is_in(theirs.at(workers[1]))
    theirs.get("/own/password")
    assert theirs.post("/own/password", {"old": THEIRS, "new": NEW, "again": NEW}).status_code == 303
    assert not any(is_in(each) for each in (other, other.at(workers[0]), other.at(workers[2])))
    assert all(is_in(each) for each in (theirs, theirs.at(workers[1])))


# --- the password again

RULES = {
    "password_shortest": "14", "password_days": "0", "idle_minutes": "20", "session_hours": "9", "log_days": "400",
    "print_ledger_days": "1830", "bin_days": "30", "retention_years": "10", "print_approval": "いいえ", "hours_from": "8:30", "hours_to": "", "networks": "",
}  # fmt: skip


def test_within_five_minutes_the_password_is_not_asked_for_and_afterwards_it_is(visit: Visit, office: Office) -> None:
    office.clock.tick(5 * MINUTE - 1)
    assert 'id="password"' not in said(visit.get("/office/rules"))
    assert visit.post("/office/rules", {**RULES, "hours_from": ""}).status_code == 303
    office.clock.tick(1)
    assert 'id="password"' in said(visit.get("/office/rules"))
    answer = visit.post("/office/rules", {**RULES, "hours_from": "", "idle_minutes": "30"})
    assert answer.status_code == 403 and 'role="alert"' in said(answer)
    assert office.desk().directory.rules["idle_minutes"] == 20, "without it nothing was done"
    assert visit.post("/office/rules", {**RULES, "hours_from": "", "password": PASSWORD}).status_code == 303
    assert 'id="password"' not in said(visit.get("/office/rules"))


def test_a_wrong_password_there_loses_nothing_that_was_typed(visit: Visit, office: Office) -> None:
    office.clock.tick(6 * MINUTE)
    typed = {**RULES, "hours_to": "20:15", "networks": "192.0.2.0/24\n2001:db8::/32"}
    page = said(visit.post("/office/rules", {**typed, "password": "not the password"}))
    for text in ("14", "20", "9", "400", "8:30", "20:15"):
        assert f'value="{text}"' in page, text
    assert "192.0.2.0/24\n2001:db8::/32" in page and "not the password" not in page
    assert 'id="password"' in page
    assert visit.post("/office/rules", {**typed, "password": PASSWORD}).status_code == 303, "and the page still works"


def test_a_page_that_refuses_the_act_after_a_right_password_still_works(visit: Visit, office: Office) -> None:
    """The session has changed under it: the token that stands in the page is the new one."""
    office.clock.tick(6 * MINUTE)
    visit.get("/office/rules")
    refused = visit.post("/office/rules", {**RULES, "password": PASSWORD})  # half a pair of hours
    assert refused.status_code == 400 and 'value="14"' in said(refused)
    assert visit.post("/office/rules", {**RULES, "hours_to": "20:15"}).status_code == 303


def test_guesses_at_the_password_again_are_throttled_like_those_at_the_door(visit: Visit, office: Office) -> None:
    office.clock.tick(6 * MINUTE)
    found = [visit.post("/office/rules", {**RULES, "hours_from": "", "password": f"guess {n}"}).status_code for n in range(7)]
    assert found == [403] * 5 + [429] * 2
    assert visit.post("/office/rules", {**RULES, "hours_from": "", "password": PASSWORD}).status_code == 429
    assert is_in(visit)


Act = Callable[[Visit], TestResponse]


def rules_saved(visit: Visit) -> TestResponse:
    return visit.post("/office/rules", {**RULES, "hours_from": "", "password": PASSWORD})


def password_changed(visit: Visit) -> TestResponse:
    return visit.post("/own/password", {"old": PASSWORD, "new": NEW, "again": NEW})


def code_made(visit: Visit) -> TestResponse:
    return visit.post("/own/device-code", {"password": PASSWORD})


def spare_code_made(visit: Visit) -> TestResponse:
    return visit.post("/own/spare-code", {"password": PASSWORD})


def sheet_made(visit: Visit) -> TestResponse:
    return visit.post("/first-day/new-sheet", {"password": PASSWORD})


def act_refused(visit: Visit) -> TestResponse:
    return visit.post(f"/people/{visit.office.facts.person.hex()}/stop", {"password": PASSWORD})


@pytest.mark.parametrize(
    "act", [rules_saved, password_changed, code_made, spare_code_made, sheet_made, act_refused], ids=lambda a: a.__name__
)
def test_id_and_secret_change_with_every_proof_and_the_old_ones_are_dead(
    act: Act, visit: Visit, office: Office, workers: list[Instance]
) -> None:
    office.clock.tick(6 * MINUTE)
    visit.get("/own")
    before, cookie = halves(visit), visit.cookie()
    row = only_row(office)
    answer = act(visit)
    assert answer.status_code in (200, 303, 400), said(answer)[:300]
    after = halves(visit)
    assert after[0] != before[0] and after[1] != before[1]
    if answer.status_code != 303:  # what stands in the page just shown serves: it keeps the session, it signs out
        assert visit.post("/session/alive").status_code == 200
    now = only_row(office)
    assert (now.started, now.expires) == (row.started, row.expires), "a proof makes the day no longer"
    assert now.proved == office.instance.now() > row.proved
    thief = Visit(visit.app, office).with_device()
    thief.set_cookie(SESSION_COOKIE, cookie or "")
    assert not any(is_in(thief.at(worker)) for worker in [office.instance, *workers])
    assert is_in(visit, "/own")


def only_row(office: Office) -> sessions.SessionRow:
    import sqlite3

    connection = sqlite3.connect(office.settings.run / "sessions.db")
    try:
        [found] = connection.execute("SELECT * FROM sessions").fetchall()
    finally:
        connection.close()
    return sessions.SessionRow(*found)


def test_where_the_password_is_not_asked_for_the_session_stays_as_it_is(visit: Visit) -> None:
    before = halves(visit)
    assert rules_saved(visit).status_code == 303
    assert halves(visit) == before


# --- the sign-in page says why


def test_nobody_makes_the_sign_in_page_say_what_is_not_so(stranger: Visit) -> None:
    for why in ("outside-hours", "forbidden", "%(opens)s", "<b>", "stopped"):
        page = said(stranger.get("/session/new", query_string={"why": why}))
        assert 'role="alert"' not in page and not re.search(r"%\(|<b>", page), why
