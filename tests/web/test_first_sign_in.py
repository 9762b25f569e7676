"""A login sheet on its way to a password of one's own: once, in time, by its person; killed, raced, on a shared browser."""

from __future__ import annotations

import re
import threading
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.authority import tended
from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office
from tests.support.people import device_of, join
from tests.support.visits import Visit, cookie_of, shows_nothing
from vault.crypto.keystore import Keystore
from vault.crypto.unlock import new_code
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import KuraError
from vault.services import sessions
from vault.services.accounts import people, registering, signing_in
from vault.services.sessions import LoginSheet
from vault.web.gate import DEVICE_COOKIE, SESSION_COOKIE

OWN, OTHER = "ぶどう 自転車 らくだ 朝焼け", "あかり 水筒 きりん 夜汽車"
DAY = 24 * 3600


class Killed(BaseException):
    """A process that ends in the middle."""


@pytest.fixture
def sheet(office: Office) -> LoginSheet:
    """Handed to a new handler of the one compartment."""
    return sheet_for(office, "新田 さくら")


def sheet_for(office: Office, name: str, role: Role = Role.HANDLER) -> LoginSheet:
    return people.create(office.desk(), Colleague(name=name), role, tuple(office.desk().directory.of_clients()))


def typed_in(visit: Visit, sheet: LoginSheet, **changed: str) -> TestResponse:
    """The three things on the sheet, typed at the page for it."""
    visit.get("/register")
    typed = {"code": sheet.code, "login_id": sheet.login_id, "password": sheet.initial_password}
    return visit.post("/register", {**typed, **changed})


def chosen(visit: Visit, password: str = OWN) -> TestResponse:
    visit.get("/own-password")
    return visit.post("/own-password", {"password": password, "again": password})


def browser(app: Flask, office: Office, number: int = 1) -> Visit:
    return Visit(app, office, address=f"203.0.113.{number}")


def is_in(visit: Visit) -> bool:
    return visit.get("/clients").status_code == 200


def keystore_of(office: Office) -> Keystore:
    return office.instance.keyring.stored().keystore


def said(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


# --- the whole way


def test_the_initial_password_works_once_and_the_sheet_is_used_up_by_coming_back(app: Flask, office: Office, sheet: LoginSheet) -> None:
    visit = browser(app, office)
    assert typed_in(visit, sheet).location == "/own-password"
    assert visit.cookie(DEVICE_COOKIE) is None, "nothing is registered before there is a password"
    assert chosen(visit).status_code == 303 and is_in(visit)
    assert visit.cookie(DEVICE_COOKIE)
    assert typed_in(browser(app, office, 2), sheet).status_code == 403, "the initial password is void"
    assert len(keystore_of(office).codes) == 2, "the code stands until the browser has come back"
    assert visit.sign_in(sheet.login_id, OWN).status_code == 303 and is_in(visit)
    assert [code.person for code in keystore_of(office).codes.values()] == [office.facts.person], "the spare code of another"
    for password in (sheet.initial_password, OWN):
        answer = typed_in(browser(app, office, 3), sheet, password=password)
        assert answer.status_code == 403 and "このコードは使えません。使い終わったか、期限が過ぎています。" in said(answer)
    assert len(keystore_of(office).slots[sheet.person]) == 1


def test_a_sheet_that_was_typed_in_and_left_lying_still_works(app: Flask, office: Office, sheet: LoginSheet) -> None:
    """The browser was closed before a password was chosen: nothing was used up."""
    before = office.instance.files.newest()
    for number in (1, 2):
        assert typed_in(browser(app, office, number), sheet).location == "/own-password"
    assert office.instance.files.newest() == before
    visit = browser(app, office, 3)
    typed_in(visit, sheet)
    assert chosen(visit).status_code == 303


def test_the_initial_password_does_not_sign_in_anywhere_else(app: Flask, office: Office, sheet: LoginSheet, visit: Visit) -> None:
    assert visit.sign_in(sheet.login_id, sheet.initial_password).status_code == 403
    stranger = browser(app, office)
    assert stranger.sign_in(sheet.login_id, sheet.initial_password).status_code == 403
    typed_in(stranger, sheet)
    assert stranger.sign_in(sheet.login_id, sheet.initial_password).status_code == 403


@pytest.mark.parametrize(
    "spelled", [str.lower, lambda text: f" {text} ", lambda text: text.replace("0", "O").replace("1", "l"),
                lambda text: text.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)})]
)  # fmt: skip
def test_what_stands_on_the_sheet_may_be_typed_as_people_type(spelled, app: Flask, office: Office, sheet: LoginSheet) -> None:
    visit = browser(app, office)
    answer = typed_in(
        visit, sheet, code=spelled(sheet.code), login_id=spelled(sheet.login_id), password=spelled(sheet.initial_password)
    )
    assert answer.location == "/own-password"


def test_a_password_that_will_not_do_is_refused_in_words_and_costs_nothing(app: Flask, office: Office, sheet: LoginSheet) -> None:
    visit = browser(app, office)
    typed_in(visit, sheet)
    for password, words in (
        ("short", "12文字以上"), ("password2026", "よく使われる"), (sheet.login_id + "2026", "ログインID"),
        (sheet.initial_password, "初期パスワードと同じ"), (sheet.initial_password.lower(), "初期パスワードと同じ"),
        ("あ" * 2000, "長すぎます"),
    ):  # fmt: skip
        answer = chosen(visit, password)
        assert answer.status_code == 400 and words in said(answer), password
        assert password not in said(answer)
    visit.get("/own-password")
    answer = visit.post("/own-password", {"password": OWN, "again": OTHER})
    assert answer.status_code == 400 and "一致しません" in said(answer)
    assert keystore_of(office).initial_code_of(sheet.person) and chosen(visit).status_code == 303


# --- who and when


def test_the_code_with_another_id_or_another_password_registers_nobody(app: Flask, office: Office, sheet: LoginSheet) -> None:
    other = sheet_for(office, "別の 人")
    before = office.instance.files.newest()
    answers = [
        typed_in(browser(app, office, n), sheet, **changed) for n, changed in enumerate((
            {"login_id": other.login_id}, {"login_id": office.facts.login_id}, {"login_id": "KNOBODY0"},
            {"password": other.initial_password}, {"login_id": office.facts.login_id, "password": PASSWORD},
        ))
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [403] * 5
    assert all(answer.headers.get("Location") is None and shows_nothing(answer) for answer in answers)
    assert office.instance.files.newest() == before
    office.clock.tick(60)  # five guesses at one code: it waits a little, whoever comes
    assert typed_in(browser(app, office, 9), sheet).location == "/own-password"


def test_a_sheet_out_of_date_is_refused_and_swept_at_anybodys_next_sign_in(app: Flask, office: Office, sheet: LoginSheet) -> None:
    office.clock.tick(14 * DAY)
    answer = typed_in(browser(app, office), sheet)
    assert answer.status_code == 403 and "期限が過ぎています" in said(answer)
    assert sheet.person in keystore_of(office).slots, "so far it only counts for nothing"
    before = office.instance.files.newest()
    office.sign_in()
    after = keystore_of(office)
    assert after.slots[sheet.person] == {} and after.initial_code_of(sheet.person) is None
    assert before and after.epoch == before[0] + 1, "what takes something away is a new epoch"
    assert [c.expires for c in after.codes.values()] == [0], "spare codes have no date"
    again = people.reenrol(office.desk(), sheet.person)
    visit = browser(app, office, 2)
    assert typed_in(visit, again).location == "/own-password" and chosen(visit).status_code == 303


def test_a_sheet_that_runs_out_while_its_person_chooses_is_refused_then(app: Flask, office: Office, sheet: LoginSheet) -> None:
    """Somebody else's sign-in has swept it in between: nobody is locked out, the administrator makes another."""
    office.clock.tick(14 * DAY - 60)
    visit = browser(app, office)
    assert typed_in(visit, sheet).location == "/own-password"
    office.clock.tick(120)
    office.sign_in()
    answer = chosen(visit)
    assert answer.status_code in (400, 403) and not is_in(visit)
    assert people.reenrol(office.desk(), sheet.person).code != sheet.code


def test_a_new_sheet_makes_the_one_before_void_even_while_it_is_being_used(app: Flask, office: Office, sheet: LoginSheet) -> None:
    visit = browser(app, office)
    typed_in(visit, sheet)
    again = people.reenrol(office.desk(), sheet.person)
    answer = chosen(visit)
    assert answer.status_code == 303 and "/session/new" in answer.location or answer.status_code == 403
    assert not is_in(visit) and typed_in(browser(app, office, 2), sheet).status_code == 403
    assert typed_in(browser(app, office, 3), again).location == "/own-password"


def test_somebody_stopped_before_he_came_does_not_come_in(app: Flask, office: Office, sheet: LoginSheet) -> None:
    visit = browser(app, office)
    typed_in(visit, sheet)
    people.stop(office.desk(), sheet.person)
    chosen(visit)
    assert not is_in(visit) and typed_in(browser(app, office, 2), sheet).status_code == 403


# --- killed between


@pytest.mark.parametrize("step", ["the keys", "the session"])
def test_killed_while_the_password_is_set_the_sheet_helps_again(
    step: str, app: Flask, office: Office, sheet: LoginSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the keys are durable with the initial password, after that with the new one: one of the two, always."""
    first = registering.register(
        office.instance, sheet.login_id, sheet.initial_password, sheet.code, None, device_of("x"), ORIGIN
    )
    assert isinstance(first, registering.First)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if step == "the keys":
            patched.setattr(office.instance.files, "take_away", die)
        else:
            patched.setattr(signing_in, "start", die)
        with pytest.raises(Killed):
            registering.choose_password(office.instance, first.session, OWN, None, device_of("x"), ORIGIN)
    office.restart()
    right, wrong = (sheet.initial_password, OWN) if step == "the keys" else (OWN, sheet.initial_password)
    assert typed_in(browser(app, office, 1), sheet, password=wrong).status_code == 403
    visit = browser(app, office, 2)
    answer = typed_in(visit, sheet, password=right)
    assert answer.location == ("/own-password" if step == "the keys" else "/today")
    if step == "the keys":
        assert chosen(visit).status_code == 303
    assert is_in(visit) and visit.sign_in(sheet.login_id, OWN).status_code == 303
    assert typed_in(browser(app, office, 3), sheet, password=OWN).status_code == 403


# --- browsers that forget, browsers that are shared


def test_a_browser_that_forgot_its_cookies_registers_again_with_the_same_code_and_the_new_password(
    app: Flask, office: Office, sheet: LoginSheet
) -> None:
    first = browser(app, office)
    typed_in(first, sheet)
    chosen(first)
    forgetful = browser(app, office, 2)  # the same browser, with nothing kept
    assert forgetful.sign_in(sheet.login_id, OWN).status_code == 403
    assert typed_in(forgetful, sheet, password=OWN).location == "/today" and is_in(forgetful)
    assert forgetful.sign_in(sheet.login_id, OWN).status_code == 303
    assert typed_in(browser(app, office, 3), sheet, password=OWN).status_code == 403, "now it is used up"
    for visit in (first, forgetful):
        assert visit.sign_in(sheet.login_id, OWN).status_code == 303 and is_in(visit)


def test_a_second_person_on_the_same_browser_shares_its_cookie_and_takes_nobodys_slot(app: Flask, office: Office, sheet: LoginSheet) -> None:
    shared = Visit(app, office).with_device()
    assert shared.sign_in().status_code == 303
    secret = shared.cookie(DEVICE_COOKIE)
    shared.post("/session/end")
    assert typed_in(shared, sheet).location == "/own-password"
    assert chosen(shared).status_code == 303 and is_in(shared)
    assert shared.cookie(DEVICE_COOKIE) == secret == cookie_of(DEVICE)
    assert shared.sign_in(sheet.login_id, OWN).status_code == 303
    assert shared.sign_in().status_code == 303 and is_in(shared)
    keystore = keystore_of(office)
    [device] = keystore.devices
    assert all(device in keystore.slots[person] for person in (office.facts.person, sheet.person))
    assert shared.sign_in(sheet.login_id, PASSWORD).status_code == 403, "each with his own password alone"
    assert shared.sign_in(office.facts.login_id, OWN).status_code == 403


def test_registering_is_over_for_the_one_who_came_back_and_not_for_the_other(app: Flask, office: Office, sheet: LoginSheet) -> None:
    """Two people registered the same browser; one has signed in again: the other one's code still stands."""
    other = sheet_for(office, "別の 人", Role.VIEWER)
    shared = browser(app, office)
    for each in (sheet, other):
        typed_in(shared, each)
        assert chosen(shared).status_code == 303
    assert shared.sign_in(sheet.login_id, OWN).status_code == 303
    assert {c.person for c in keystore_of(office).codes.values()} == {office.facts.person, other.person}
    elsewhere = browser(app, office, 2)
    assert typed_in(elsewhere, other, password=OWN).location == "/today"


def test_a_cookie_of_a_device_taken_out_of_use_is_gone_on_with_and_opens_nothing_old(app: Flask, office: Office, sheet: LoginSheet) -> None:
    from vault.services.accounts import devices

    member = join(office, Role.VIEWER, tuple(office.desk().directory.of_clients()))
    device = signing_in.known_device(office.instance, member.device)
    assert device is not None
    devices.remove(office.desk(), device)
    visit = Visit(app, office).with_device(member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 403
    typed_in(visit, sheet)
    assert chosen(visit).status_code == 303 and is_in(visit)
    assert visit.cookie(DEVICE_COOKIE) == cookie_of(member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 403, "the slot that was taken away stays away"


def test_a_made_up_device_cookie_is_no_way_in(app: Flask, office: Office, sheet: LoginSheet) -> None:
    for value in (cookie_of(b"\x01" * 32), "garbled", "", "あ".encode().hex(), cookie_of(DEVICE[:31])):
        visit = browser(app, office)
        visit.set_cookie(DEVICE_COOKIE, value)
        assert visit.sign_in().status_code == 403
        visit.get("/register")
        typed = {"code": new_code(), "login_id": office.facts.login_id, "password": PASSWORD}
        assert visit.post("/register", typed).status_code == 403
        office.clock.tick(3600)


# --- two at once


def test_of_two_browsers_with_one_sheet_the_first_password_counts(app: Flask, office: Office, sheet: LoginSheet) -> None:
    first, second = browser(app, office, 1), browser(app, office, 2)
    for visit in (first, second):
        assert typed_in(visit, sheet).location == "/own-password"
        visit.get("/own-password")
    assert first.post("/own-password", {"password": OWN, "again": OWN}).status_code == 303
    late = second.post("/own-password", {"password": OTHER, "again": OTHER})
    assert late.status_code == 403 and not is_in(second)
    assert first.sign_in(sheet.login_id, OTHER).status_code == 403
    assert first.sign_in(sheet.login_id, OWN).status_code == 303 and is_in(first)


def test_of_two_passwords_set_in_the_same_moment_exactly_one_holds(office: Office, sheet: LoginSheet) -> None:
    workers = [office.worker(), office.worker()]
    starts = [
        registering.register(w, sheet.login_id, sheet.initial_password, sheet.code, None, device_of(str(n)), ORIGIN)
        for n, w in enumerate(workers)
    ]
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def choose(number: int, password: str) -> None:
        first = starts[number]
        assert isinstance(first, registering.First)
        together.wait()
        try:
            registering.choose_password(workers[number], first.session, password, None, device_of(str(number)), ORIGIN)
            outcomes.append(password)
        except KuraError as error:
            outcomes.append(error.code)

    with tended(*workers, office.instance):
        threads = [threading.Thread(target=choose, args=(n, p)) for n, p in enumerate((OWN, OTHER))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    [won] = [outcome for outcome in outcomes if outcome in (OWN, OTHER)]
    assert set(outcomes) - {won} == {"wrong-credential"}
    device = device_of("0" if won == OWN else "1")
    signing_in.sign_in(office.instance, sheet.login_id, won, device, ORIGIN)
    assert len(keystore_of(office).slots[sheet.person]) == 1


def test_the_session_of_a_login_sheet_does_not_outlive_its_hour(app: Flask, office: Office, sheet: LoginSheet) -> None:
    visit = browser(app, office)
    typed_in(visit, sheet)
    for _ in range(5):
        office.clock.tick(14 * 60)
        found = sessions.find(office.instance, visit.cookie(SESSION_COOKIE), None)
        if found is not None and found.payload is not None:
            sessions.touch(office.instance, found)
    answer = chosen(visit)
    assert answer.status_code in (303, 403) and not is_in(visit)
    assert keystore_of(office).initial_code_of(sheet.person), "and the sheet is as good as before"


# --- what is said at the door


def test_a_right_code_with_a_wrong_password_says_so_and_waits_at_the_password(
    app: Flask, office: Office, sheet: LoginSheet
) -> None:
    visit = browser(app, office)
    typed_in(visit, sheet)
    chosen(visit)
    elsewhere = browser(app, office, 2)
    assert re.search(r'id="code"[^>]* autofocus', said(elsewhere.get("/register")))
    page = said(typed_in(elsewhere, sheet))
    assert "ログインIDまたはパスワードが違います" in page and "通知書の初期パスワードは使えません" in page
    assert re.search(r'id="password"[^>]* autofocus', page) and not re.search(r'id="code"[^>]* autofocus', page)
    unknown = said(typed_in(elsewhere, sheet, code=new_code()))
    assert "このコードは使えません" in unknown and re.search(r'id="code"[^>]* autofocus', unknown)


def test_a_browser_nobody_knows_is_told_why_it_may_be_there(stranger: Visit) -> None:
    page = said(stranger.get("/session/new"))
    for words in ("このブラウザーは登録されていません", "ログイン情報通知書を受け取った方は", "管理者が利用を止めたとき"):
        assert words in page
