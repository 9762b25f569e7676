"""Sessions: made by a sign-in and by nothing else, bound to their browser, locked, ended and expired on every worker."""

from __future__ import annotations

import threading
import time

import pytest

from tests.support.offices import BEGUN, DEVICE, KEEP, PASSWORD, Office
from tests.support.visits import Visit, cookie_of, shows_nothing
from vault.errors import Refused
from vault.services import sessions
from vault.services.accounts import beginning, signing_in
from vault.services.instance import Instance
from vault.web.gate import DEVICE_COOKIE, SESSION_COOKIE

MINUTE, HOUR = 60, 3600


def is_in(visit: Visit) -> bool:
    answer = visit.get("/clients")
    assert answer.status_code in (200, 303)
    if answer.status_code == 303:
        assert answer.location.endswith("/session/new") and shows_nothing(answer)
    return answer.status_code == 200


# --- fixation


@pytest.mark.parametrize("planted", ["", "A" * 64, "not base64 あ", cookie_of(bytes(48)), "A" * 3000])
def test_a_planted_session_cookie_is_not_taken_over(planted: str, app, office: Office) -> None:
    visit = Visit(app, office).with_device()
    visit.get("/session/new")
    if planted.isascii() and planted:
        visit.set_cookie(SESSION_COOKIE, planted)
    assert visit.sign_in().status_code == 303
    assert visit.cookie() not in (planted, None)
    assert is_in(visit)
    other = Visit(app, office).with_device()
    if planted.isascii() and planted:
        other.set_cookie(SESSION_COOKIE, planted)
    assert not is_in(other)


def test_every_sign_in_makes_a_new_id_and_secret_and_ends_the_one_before(visit: Visit, office: Office) -> None:
    first = visit.cookie()
    visit.sign_in()
    second = visit.cookie()
    assert first and second and first[:21] != second[:21] and first[22:] != second[22:]
    visit.set_cookie(SESSION_COOKIE, first)
    assert not is_in(visit)


def test_unlocking_makes_a_new_id_and_secret(visit: Visit, office: Office) -> None:
    first = visit.cookie()
    assert first
    visit.post("/session/lock")
    answer = visit.post("/session/unlock", {"login_id": office.facts.login_id, "password": PASSWORD})
    assert answer.status_code == 200 and visit.cookie() != first
    assert is_in(visit)
    visit.set_cookie(SESSION_COOKIE, first)
    assert not is_in(visit)


# --- the end


def test_signing_out_ends_the_session_on_every_worker(visit: Visit, office: Office) -> None:
    workers = [visit.at(office.worker()) for _ in range(3)]
    assert all(is_in(worker) for worker in workers)
    cookie = visit.cookie()
    assert visit.post("/session/end").status_code == 303
    assert visit.cookie() is None
    assert cookie
    visit.set_cookie(SESSION_COOKIE, cookie)
    for worker in [visit, *workers]:
        assert not is_in(worker)
        assert worker.post("/office/particulars", {}).status_code == 403


def test_an_ended_session_leaves_no_row(visit: Visit, office: Office) -> None:
    assert office.instance.sessions.count() == 1
    visit.post("/session/end")
    assert office.instance.sessions.count() == 0


# --- idle and expired


def test_a_session_idle_for_a_quarter_of_an_hour_is_locked_and_wiped(visit: Visit, office: Office) -> None:
    office.clock.tick(15 * MINUTE - 1)
    assert office.instance.sessions.lock_idle(office.instance.now(), 15 * MINUTE) == 0
    assert is_in(visit)
    office.clock.tick(15 * MINUTE)
    assert not is_in(visit)  # asked on the request, whether or not the keeper came round
    assert office.instance.sessions.lock_idle(office.instance.now(), 15 * MINUTE) == 1
    found = sessions.find(office.instance, visit.cookie(), DEVICE)
    assert found is not None and found.locked and found.payload is None
    assert office.instance.sessions.get(found.row.id_hash).sealed is None
    assert not is_in(visit)


def test_the_keeper_locks_idle_sessions_by_itself(visit: Visit, office: Office, monkeypatch) -> None:
    monkeypatch.setattr(Instance, "keep", KEEP)
    assert is_in(visit)  # starts the thread
    office.clock.tick(16 * MINUTE)
    found = sessions.find(office.instance, visit.cookie(), DEVICE)
    assert found is not None
    until = time.monotonic() + 10
    while office.instance.sessions.get(found.row.id_hash).sealed is not None:
        assert time.monotonic() < until
        time.sleep(0.05)
    monkeypatch.setattr(office.instance.sessions, "lock_idle", _stop)


def _stop(*_: object) -> int:
    raise SystemExit  # ends the keeper's thread of this test


def test_somebody_at_work_is_not_locked(visit: Visit, office: Office) -> None:
    for _ in range(10):
        office.clock.tick(14 * MINUTE)
        assert is_in(visit)


def test_typing_keeps_a_session_and_does_not_bring_one_back(visit: Visit, office: Office) -> None:
    office.clock.tick(14 * MINUTE)
    assert visit.post("/session/alive").status_code == 200
    office.clock.tick(14 * MINUTE)
    assert is_in(visit)
    office.clock.tick(15 * MINUTE)
    assert visit.post("/session/alive").status_code == 410
    assert not is_in(visit)


def test_unlocking_brings_a_token_that_works_and_the_same_person_keeps_the_page(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page() + "/edit")
    office.clock.tick(16 * MINUTE)
    assert not is_in(visit)
    visit.get("/session/new")
    answer = visit.post("/session/unlock", {"login_id": office.facts.login_id, "password": PASSWORD})
    assert answer.status_code == 200 and "X-Kura-Reload" not in answer.headers
    visit.token = answer.headers["X-Kura-Csrf"]
    assert visit.post("/session/alive").status_code == 200
    assert visit.post(visit.client_page() + "/edit", {"version": "2"}).status_code in (303, 400)


def test_a_wrong_password_unlocks_nothing(visit: Visit, office: Office) -> None:
    visit.post("/session/lock")
    answer = visit.post("/session/unlock", {"login_id": office.facts.login_id, "password": "wrong password"})
    assert answer.status_code == 403 and "X-Kura-Csrf" not in answer.headers
    assert not is_in(visit)


def test_after_ten_hours_even_a_busy_session_ends(visit: Visit, office: Office) -> None:
    for _ in range(59):
        office.clock.tick(10 * MINUTE)
        assert is_in(visit)
    office.clock.tick(10 * MINUTE + 1)
    assert not is_in(visit)


def test_a_clock_set_forward_ends_sessions_and_one_set_back_does_not_prolong_them(app, office: Office) -> None:
    visit = Visit(app, office).with_device()
    visit.sign_in()
    office.clock.tick(-2 * HOUR)
    assert not is_in(visit)
    assert office.instance.sessions.lock_idle(office.instance.now(), 15 * MINUTE) == 1
    visit.sign_in()
    assert is_in(visit)
    office.clock.tick(11 * HOUR)
    assert not is_in(visit)
    visit.sign_in()
    office.clock.tick(-30)  # what a time server corrects
    assert is_in(visit)


def test_a_clock_set_back_does_not_lock_people_out(visit: Visit, office: Office) -> None:
    for _ in range(6):
        visit.sign_in(password="wrong password")
    assert visit.sign_in().status_code == 429
    office.clock.tick(-24 * HOUR)
    assert visit.sign_in().status_code == 303


# --- the device


def test_a_session_cookie_on_another_browser_opens_nothing(visit: Visit, stranger: Visit) -> None:
    cookie = visit.cookie()
    assert cookie
    stranger.set_cookie(SESSION_COOKIE, cookie)
    assert not is_in(stranger)
    stranger.set_cookie(DEVICE_COOKIE, cookie_of(b"\x01" * 32))
    assert not is_in(stranger)
    stranger.set_cookie(DEVICE_COOKIE, cookie_of(DEVICE))
    assert is_in(stranger)


def test_a_device_that_was_taken_out_has_no_session_left(visit: Visit, office: Office) -> None:
    from dataclasses import replace

    office.instance.keyring.let_go()
    office.instance.files.take_away(lambda keystore: replace(keystore, devices={}))
    assert not is_in(visit)


# --- at once


def test_of_two_first_passwords_at_once_one_begins(app, unbegun: Office) -> None:
    visits = [Visit(app, unbegun, unbegun.worker()) for _ in range(2)]
    for visit in visits:
        visit.get("/session/new")
        facts = unbegun.facts
        entered = visit.post("/session/new", {"login_id": facts.login_id, "password": facts.initial_password})
        assert entered.location.endswith("/first-password") or "tried=" in entered.location
    outcomes: list[object] = []

    def begin(instance: Instance, secret: bytes) -> None:
        try:
            outcomes.append(beginning.begin(instance, PASSWORD, None, secret, sessions.Origin()))
        except Refused as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=begin, args=(v.instance, bytes([n]) * 32)) for n, v in enumerate(visits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(o, beginning.Begun) for o in outcomes) == [False, True]
    assert "initial-password-used" in outcomes
    begun = next(o for o in outcomes if isinstance(o, beginning.Begun))
    again = unbegun.worker()
    assert len(again.keyring.stored().keystore.devices) == 1
    assert signing_in.sign_in(again, unbegun.facts.login_id, PASSWORD, begun.device_secret, sessions.Origin()).cookie


def test_the_initial_session_ends_when_somebody_else_was_faster(app, unbegun: Office) -> None:
    visits = [Visit(app, unbegun, address=f"192.0.2.{n}") for n in range(2)]
    facts = unbegun.facts
    for visit in visits:
        visit.get("/session/new")
        visit.post("/session/new", {"login_id": facts.login_id, "password": facts.initial_password})
        assert visit.get("/first-password").status_code == 200
    first, second = visits
    assert first.post("/first-password", {"password": PASSWORD, "again": PASSWORD}).location.endswith("/sheet")
    late = second.post("/first-password", {"password": PASSWORD + "2", "again": PASSWORD + "2"})
    assert late.status_code == 403
    assert first.get("/first-day/sheet").status_code == 200


def test_with_the_initial_login_nothing_but_the_first_password_is_reachable(app, unbegun: Office) -> None:
    visit = Visit(app, unbegun)
    visit.get("/session/new")
    visit.post("/session/new", {"login_id": unbegun.facts.login_id, "password": unbegun.facts.initial_password})
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and not rule.arguments and not app.view_functions[rule.endpoint].access.public:
            answer = visit.get(rule.rule)
            if rule.endpoint != "first_day.password":
                assert answer.status_code == 303 and answer.location.endswith("/first-password"), rule
    assert unbegun.clock.now == BEGUN
