"""登録端末 and 自分の設定 on the pages: named, added by a code, taken out of use; one's own password."""

from __future__ import annotations

import re
from html import unescape

from flask import Flask

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import PASSWORD, Office
from tests.support.visits import Visit

NEW = "ぶどう 自転車 らくだ 朝焼け"


def body(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.location)
    return unescape(answer.get_data(as_text=True))


def devices_of(visit: Visit, path: str) -> list[str]:
    """Paths of the devices' pages, in the order of the list."""
    return list(dict.fromkeys(re.findall(r'href="(/devices/[0-9a-f]{32})', body(visit, path))))


def code_of(visit: Visit, path: str, password: str = PASSWORD) -> str:
    visit.get(path)
    answer = visit.post(path, {"password": password})
    page = answer.get_data(as_text=True)
    found = re.search(r'id="(?:device|spare)-code">([^<]+)<', page)
    assert answer.status_code == 200 and found, page[:600]
    return found[1]


def register(app: Flask, office: Office, code: str) -> Visit:
    """Another browser, registered with a code and signed in again, as the registration ends."""
    other = Visit(app, office, address="203.0.113.40")
    other.get("/register")
    typed = {"code": code, "login_id": office.facts.login_id, "password": PASSWORD}
    assert other.post("/register", typed).status_code == 303
    return other


def colleague(app: Flask, office: Office) -> Visit:
    add_colleague(office, "viewer", (office.desk().directory.of_clients()[0],))
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    visit.get("/help")
    return visit


def test_a_device_code_is_shown_once_and_registers_another_browser(
    app: Flask, visit: Visit, office: Office
) -> None:
    code = code_of(visit, "/own/device-code")
    assert code not in body(visit, "/own/device-code") and code not in body(visit, "/own")
    other = register(app, office, code)
    assert "登録の途中" in body(visit, "/own")
    assert other.sign_in().status_code == 303
    page = body(visit, "/devices").partition("<tbody>")[2].partition("</tbody>")[0]
    assert "登録の途中" not in page and "203.0.113.40" in page and "このブラウザー" in page
    assert len(devices_of(visit, "/devices")) == 2


def test_a_spare_code_is_a_sheet_and_is_counted(app: Flask, visit: Visit, office: Office) -> None:
    before = re.search(r"いま(\d+)枚あります", body(visit, "/own"))
    code = code_of(visit, "/own/spare-code")
    after = re.search(r"いま(\d+)枚あります", body(visit, "/own"))
    assert before and after and int(after[1]) == int(before[1]) + 1
    office.clock.tick(400 * 24 * 3600)
    assert register(app, office, code).sign_in().status_code == 303


def test_no_code_without_the_password(visit: Visit) -> None:
    for path in ("/own/device-code", "/own/spare-code"):
        visit.get(path)
        answer = visit.post(path, {"password": "not the password"})
        page = answer.get_data(as_text=True)
        assert answer.status_code == 403 and 'role="alert"' in page and '-code">' not in page


def test_each_sees_his_own_devices_and_administrators_all(app: Flask, visit: Visit, office: Office) -> None:
    theirs = colleague(app, office)
    assert len(devices_of(visit, "/devices")) == 2 and len(devices_of(visit, "/own")) == 1
    [own] = devices_of(theirs, "/own")
    foreign = next(path for path in devices_of(visit, "/own") if path != own)
    for answer in (
        theirs.get(foreign),
        theirs.post(foreign, {"name": "x"}),
        theirs.post(foreign + "/remove"),
    ):
        assert answer.status_code == 404, "nor is he told that there is such a device"
    assert len(devices_of(visit, "/devices")) == 2


def test_a_device_gets_a_name(app: Flask, visit: Visit, office: Office) -> None:
    theirs = colleague(app, office)
    [own] = devices_of(theirs, "/own")
    assert "名前のない端末" in body(theirs, "/own")
    assert theirs.post(own, {"name": "受付のパソコン"}).location.startswith("/own")
    assert "受付のパソコン" in body(theirs, "/own") and "受付のパソコン" in body(visit, "/devices")
    answer = theirs.post(own, {"name": " "})
    assert answer.status_code == 400 and 'id="name-fault"' in answer.get_data(as_text=True)


def test_a_device_taken_out_of_use_is_signed_out_and_cannot_sign_in(
    app: Flask, visit: Visit, office: Office
) -> None:
    theirs = colleague(app, office)
    [page] = devices_of(theirs, "/own")
    assert "すべての方" in body(visit, page)
    assert visit.post(page + "/remove").location.startswith("/devices")
    assert theirs.get("/clients").location.endswith("/session/new")
    assert theirs.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 403
    assert page not in body(visit, "/devices")


def test_the_last_way_in_is_not_taken_away(app: Flask, office: Office) -> None:
    theirs = colleague(app, office)
    [own] = devices_of(theirs, "/own")
    answer = theirs.post(own + "/remove", {"own": "1"})
    assert answer.status_code == 400 and "先に別の端末を登録するか" in answer.get_data(as_text=True)
    assert theirs.get("/clients").status_code == 200


def test_taking_a_device_out_of_use_asks_for_the_password_again(
    visit: Visit, office: Office, app: Flask
) -> None:
    other = register(app, office, code_of(visit, "/own/device-code"))
    assert other.sign_in().status_code == 303
    page = next(path for path in devices_of(visit, "/devices") if "このブラウザー" not in body(visit, path))
    office.clock.tick(301)
    assert 'id="password"' in body(visit, page)
    assert visit.post(page + "/remove", {"password": "no"}).status_code == 403
    assert page in body(visit, "/devices")
    assert visit.post(page + "/remove", {"password": PASSWORD}).status_code == 303
    assert page not in body(visit, "/devices")


def test_a_new_password_holds_on_every_device_and_the_old_one_on_none(
    app: Flask, visit: Visit, office: Office
) -> None:
    other = register(app, office, code_of(visit, "/own/device-code"))
    assert other.sign_in().status_code == 303
    visit.get("/own/password")
    assert visit.post("/own/password", {"old": PASSWORD, "new": NEW, "again": NEW}).status_code == 303
    assert visit.get("/own").status_code == 200, "who changes it stays signed in"
    assert other.get("/own").location.endswith("/session/new")
    for each in (visit, other):
        assert each.sign_in(password=PASSWORD).status_code == 403
        assert each.sign_in(password=NEW).status_code == 303


def test_a_password_that_will_not_do_changes_nothing(visit: Visit) -> None:
    for typed, status, words in (
        ({"old": PASSWORD, "new": NEW, "again": NEW + "x"}, 400, "一致しません"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, 400, "12文字以上"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 400, "同じパスワード"),
        ({"old": "not the password", "new": NEW, "again": NEW}, 403, "パスワードが違います"),
    ):
        visit.get("/own/password")
        answer = visit.post("/own/password", typed)
        page = answer.get_data(as_text=True)
        assert answer.status_code == status and words in page, words
        assert not any(text in page for text in typed.values() if len(text) > 5)
    assert visit.sign_in().status_code == 303


def test_the_browser_one_sits_at_is_marked_and_ends_ones_own_session(
    app: Flask, visit: Visit, office: Office
) -> None:
    other = register(app, office, code_of(visit, "/own/device-code"))
    assert other.sign_in().status_code == 303
    page = devices_of(visit, "/own")[0]
    assert "この画面も閉じます" in body(visit, page) and "この画面も閉じます" not in body(other, page)
    assert visit.post(page + "/remove").status_code == 303
    assert visit.get("/own").location.endswith("/session/new")
    assert visit.sign_in().status_code == 403
    assert other.get("/own").status_code == 200
