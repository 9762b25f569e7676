"""利用者 on the pages: made, changed, stopped, handed a sheet; who is not an administrator sees none of it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import NAMES, PASSWORD, Office
from tests.support.visits import Visit, shows_nothing

NOTED = {"name": "新田 さくら", "kana": "ニッタ サクラ", "pledged": "R8.11.17"}
PERSON = {**NOTED, "role": "handler"}


def room_of(office: Office) -> str:
    return office.desk().directory.of_clients()[0].hex()


def body(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.location)
    return unescape(answer.get_data(as_text=True))


def shown(html: str, name: str) -> str:
    """What stands in the box of the login sheet."""
    found = re.search(rf'id="sheet-{name}">([^<]+)<', html)
    assert found, html[:400]
    return found[1].strip()


def add(visit: Visit, office: Office, **changed: str) -> str:
    """A person made on the page; returns the path of his page."""
    answer = visit.post("/people/new", {**PERSON, "compartments": room_of(office), **changed})
    assert answer.status_code == 303, unescape(answer.get_data(as_text=True))
    assert answer.location.endswith("/sheet")
    return answer.location.removesuffix("/sheet")


def as_colleague(app: Flask, office: Office, role: str) -> Visit:
    add_colleague(office, role, (office.desk().directory.of_clients()[0],))
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    visit.get("/help")
    return visit


def test_a_new_person_gets_a_sheet_that_registers_a_browser(app: Flask, visit: Visit, office: Office) -> None:
    page = add(visit, office)
    sheet = body(visit, page + "/sheet")
    for words in (
        "ログイン情報通知書",
        "新田 さくら 様",
        "みなと保険事務所",
        "https://localhost/",
        "してはいけないこと",
    ):
        assert words in sheet
    elsewhere = Visit(app, office, address="198.51.100.9")
    elsewhere.get("/register")
    typed = {
        "code": shown(sheet, "code"),
        "login_id": shown(sheet, "login-id"),
        "password": shown(sheet, "password"),
    }
    assert elsewhere.post("/register", typed).status_code == 303
    listed = body(visit, "/people")
    assert "新田 さくら" in listed and typed["login_id"] in listed and "はじめのログイン待ち" in listed
    assert "2026/11/17" in listed


def test_the_sheet_is_gone_once_it_was_handed_over(visit: Visit, office: Office) -> None:
    page = add(visit, office)
    password = shown(body(visit, page + "/sheet"), "password")
    assert password in body(visit, page + "/sheet"), "it can be printed again until it is handed over"
    assert visit.post(page + "/sheet").status_code == 303
    gone = body(visit, page + "/sheet")
    assert password not in gone and "もう表示できません" in gone and "/re-enrol" in gone


def test_nobody_elses_session_shows_the_sheet(app: Flask, visit: Visit, office: Office) -> None:
    page = add(visit, office)
    password = shown(body(visit, page + "/sheet"), "password")
    other = as_colleague(app, office, "administrator")
    assert password not in body(other, page + "/sheet")


def test_the_password_is_asked_again_after_five_minutes_and_nothing_typed_is_lost(
    visit: Visit, office: Office
) -> None:
    assert 'id="password"' not in body(visit, "/people/new")
    office.clock.tick(301)
    visit.get("/people/new")
    assert 'id="password"' in body(visit, "/people/new")
    typed = {**PERSON, "compartments": room_of(office), "password": "not the password"}
    answer = visit.post("/people/new", typed)
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 403 and "パスワードが違います" in page
    for text in ("新田 さくら", "ニッタ サクラ", "R8.11.17"):
        assert f'value="{text}"' in page
    assert re.search(r'value="handler" checked', page) and re.search(
        rf'value="{room_of(office)}" checked', page
    )
    assert "not the password" not in page
    assert "新田" not in body(visit, "/people")
    add(visit, office, password=PASSWORD)
    assert 'id="password"' not in body(visit, "/people/new"), "five minutes are a new five minutes"


@pytest.mark.parametrize(
    ("typed", "fault"),
    [({"name": ""}, "name-fault"), ({"role": ""}, "role-fault"), ({"role": "king"}, "role-fault"),
     ({"compartments": ""}, "compartments-fault"), ({"pledged": "2月30日"}, "pledged-fault"),
     ({"pledged": "2030/1/1"}, "pledged-fault")],
)  # fmt: skip
def test_what_is_missing_is_said_beside_its_box(
    typed: dict[str, str], fault: str, visit: Visit, office: Office
) -> None:
    sent = {k: v for k, v in {**PERSON, "compartments": room_of(office), **typed}.items() if v}
    answer = visit.post("/people/new", sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400 and f'id="{fault}"' in page
    assert 'value="ニッタ サクラ"' in page
    assert "新田" not in body(visit, "/people")


def test_a_doubtful_date_ticked_as_right_stays_ticked_while_the_password_is_wrong(
    visit: Visit, office: Office
) -> None:
    typed = {**PERSON, "compartments": room_of(office), "pledged": "H38.11.17"}
    assert 'name="confirm-pledged"' in visit.post("/people/new", typed).get_data(as_text=True)
    office.clock.tick(301)
    answer = visit.post("/people/new", {**typed, "confirm-pledged": "1", "password": "no"})
    assert answer.status_code == 403 and 'name="confirm-pledged" value="1"' in answer.get_data(as_text=True)


def test_a_compartment_that_does_not_exist_is_not_found(visit: Visit) -> None:
    for room in ("0" * 32, "x"):
        assert visit.post("/people/new", {**PERSON, "compartments": room}).status_code == 404
    assert "新田" not in body(visit, "/people")


def test_name_pledge_and_trainings_are_saved_and_the_slower_of_two_is_told(
    visit: Visit, office: Office
) -> None:
    page = add(visit, office)
    form = body(visit, page + "/edit")
    assert 'value="R8.11.17"' in form
    typed = {
        **NOTED, "name": "新田 桜", "version": "1", "trainings-0-on": "R8.11.10",
        "trainings-0-subject": "個人情報の取り扱い", "trainings-1-on": "R8.11.12", "trainings-1-subject": "漏えいの対応",
    }  # fmt: skip
    half = visit.post(page + "/edit", {**typed, "trainings-0-on": ""})
    assert half.status_code == 400 and 'id="trainings-0-on-fault"' in half.get_data(as_text=True)
    assert visit.post(page + "/edit", typed).status_code == 303
    now = body(visit, page)
    assert "新田 桜" in now and now.index("漏えいの対応") < now.index("個人情報の取り扱い")
    assert "漏えいの対応" in body(visit, "/people")
    answer = visit.post(page + "/edit", {**typed, "name": "新田 後"})
    told = answer.get_data(as_text=True)
    assert (
        answer.status_code == 409 and 'value="新田 後"' in told and "<td>新田 桜</td><td>新田 後</td>" in told
    )
    assert "新田 桜" in body(visit, page)


def test_a_role_changed_by_two_shows_both_and_the_next_time_it_is_saved(visit: Visit, office: Office) -> None:
    page = add(visit, office)
    made = re.search(r'name="directory" value="(\d+)"', body(visit, page + "/role"))
    assert made
    assert visit.post(page + "/role", {"role": "auditor", "directory": made[1]}).status_code == 303
    answer = visit.post(page + "/role", {"role": "viewer", "compartments": room_of(office), "directory": made[1]})
    told = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409 and "<td>監査担当</td><td>閲覧者</td>" in told and "<td>―</td><td>本社</td>" in told
    newer = re.search(r'name="directory" value="(\d+)"', told)
    assert newer and newer[1] != made[1] and 'value="viewer" checked' in told
    typed = {"role": "viewer", "compartments": room_of(office), "directory": newer[1]}
    assert visit.post(page + "/role", typed).status_code == 303


def test_a_form_left_open_beyond_five_minutes_asks_for_the_password_and_calls_it_not_wrong(
    visit: Visit, office: Office
) -> None:
    office.clock.tick(301)
    answer = visit.post("/people/new", {**PERSON, "compartments": room_of(office)})
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 403 and 'id="error">前の確認から5分たったので、パスワードを入力してください' in page
    assert re.search(r'id="password"[^>]* autofocus', page)
    add(visit, office, password=PASSWORD)


def test_role_and_compartments_are_changed_on_the_page(visit: Visit, office: Office) -> None:
    page = add(visit, office)
    assert visit.post(page + "/role", {"role": "auditor"}).status_code == 303
    now = body(visit, page)
    assert "監査担当" in now and "本社" not in now
    assert visit.post(page + "/role", {"role": "viewer"}).status_code == 400
    assert visit.post(page + "/role", {"role": "viewer", "compartments": room_of(office)}).status_code == 303
    assert "閲覧者" in body(visit, page)


def test_a_training_to_come_and_a_reading_with_digits_are_refused_beside_their_boxes(visit: Visit, office: Office) -> None:
    page = add(visit, office)
    typed = {**NOTED, "version": "1", "trainings-0-on": "", "trainings-0-subject": "", "trainings-1-on": "2099/1/1",
             "trainings-1-subject": "漏えいの対応"}  # fmt: skip
    early = visit.post(page + "/edit", typed)
    assert early.status_code == 400 and 'id="trainings-1-on-fault"' in early.get_data(as_text=True)
    digits = visit.post(page + "/edit", {**NOTED, "version": "1", "kana": "すずき 123"})
    assert digits.status_code == 400 and 'id="kana-fault"' in digits.get_data(as_text=True)


def test_the_only_administrator_is_told_who_is_on_the_way_and_those_waiting_stand_last(visit: Visit, office: Office) -> None:
    add(visit, office, name="阿部 一", kana="アベ ハジメ", role="administrator")
    page = body(visit, "/people")
    assert "阿部 一さんがはじめのログインを済ませると" in page and "もう1人、管理者を登録" not in page
    assert page.index("佐々木 恵</a></td>") < page.index("阿部 一</a>")


def test_a_leaver_is_out_at_once_and_may_come_back_with_a_new_sheet(
    app: Flask, visit: Visit, office: Office
) -> None:
    theirs = as_colleague(app, office, "handler")
    assert theirs.get("/clients").status_code == 200
    [page] = set(re.findall(r'href="(/people/[0-9a-f]{32})">同僚 一郎', body(visit, "/people")))
    assert "同僚 一郎さんの利用を止める" in body(visit, page + "/stop")
    assert visit.post(page + "/stop").status_code == 303
    answer = theirs.get("/clients")
    assert answer.status_code == 303 and shows_nothing(answer)
    now = body(visit, page)
    assert "利用停止" in now and "/re-enrol" in now and "/stop" not in now
    assert "役割と支店・部門は、いまのままです" not in body(visit, page + "/re-enrol")
    assert visit.post(page + "/re-enrol").location.endswith("/sheet")
    assert shown(body(visit, page + "/sheet"), "login-id") == colleagues.LOGIN_ID
    assert visit.post(page + "/sheet").status_code == 303
    assert "支店・部門が選ばれていません" in body(visit, page + "?done=handed")


def test_the_only_administrator_is_warned_and_cannot_leave(visit: Visit, office: Office) -> None:
    mine = f"/people/{office.facts.person.hex()}"
    assert "管理者が1人だけです" in body(visit, "/people")
    assert "いま使える管理者は、この方だけです" in body(visit, mine) and "/re-enrol" not in body(visit, mine)
    for answer in (
        visit.post(mine + "/stop"),
        visit.post(mine + "/role", {"role": "handler", "compartments": room_of(office)}),
    ):
        assert answer.status_code == 400 and "管理者が1人もいなくなる" in answer.get_data(as_text=True)
    assert visit.post(mine + "/re-enrol").status_code == 400
    add_colleague(office, "administrator")
    assert "管理者が1人だけです" not in body(visit, "/people")


def test_an_administrator_may_leave_while_another_stays(app: Flask, visit: Visit, office: Office) -> None:
    other = as_colleague(app, office, "administrator")
    mine = f"/people/{office.facts.person.hex()}"
    assert "あなた自身です" in body(visit, mine + "/stop")
    assert visit.post(mine + "/stop").status_code == 303
    assert visit.get("/people").location.endswith("/session/new")
    assert visit.sign_in().status_code == 403
    assert "利用停止" in body(other, mine) and "管理者が1人だけです" in body(other, "/people")


def test_an_administrator_may_step_down_while_another_stays(app: Flask, visit: Visit, office: Office) -> None:
    as_colleague(app, office, "administrator")
    mine = f"/people/{office.facts.person.hex()}"
    room = room_of(office)
    assert visit.post(mine + "/role", {"role": "viewer", "compartments": room}).status_code == 303
    assert visit.get("/people").location.endswith("/session/new")
    assert visit.sign_in().status_code == 303
    assert visit.get("/people").status_code == 403 and NAMES[0] in body(visit, "/clients")


def test_a_sheet_that_nobody_used_in_time_shows(visit: Visit, office: Office) -> None:
    page = add(visit, office)
    office.clock.tick(15 * 24 * 3600)
    assert visit.sign_in().status_code == 303
    now = body(visit, page)
    assert "登録端末なし" in body(visit, "/people") and "登録端末なし" in now and "通知書を作り直して" in now


def test_names_are_text_and_never_markup(visit: Visit, office: Office) -> None:
    name = "<b>太郎</b>&amp;"
    page = add(visit, office, name=name)
    for path in (
        "/people",
        page,
        page + "/edit",
        page + "/sheet",
        page + "/stop",
        page + "/role",
        page + "/re-enrol",
    ):
        raw = visit.get(path).get_data(as_text=True)
        assert "<b>太郎" not in raw and "&lt;b&gt;太郎" in raw, path


@pytest.mark.parametrize("role", ["handler", "viewer", "auditor"])
def test_who_is_no_administrator_gets_nothing_and_no_links(role: str, app: Flask, office: Office) -> None:
    theirs = as_colleague(app, office, role)
    for path in (
        "/people",
        "/people/new",
        f"/people/{office.facts.person.hex()}",
        "/devices",
        "/compartments",
        "/office/rules",
    ):
        answer = theirs.get(path)
        assert answer.status_code == 403 and "佐々木" not in answer.get_data(as_text=True), path
    page = body(theirs, "/office")
    for path in (
        "/people",
        "/devices",
        "/compartments",
        "/office/rules",
        "/office/recovery-sheet",
        "/office/particulars",
    ):
        assert f'href="{path}"' not in page, path
    assert 'href="/own"' in page and ('href="/log"' in page) == (role == "auditor")


def test_the_office_page_leads_to_all_of_it_and_counts_the_keys(visit: Visit) -> None:
    page = body(visit, "/office")
    for path in (
        "/people",
        "/devices",
        "/compartments",
        "/office/rules",
        "/own",
        "/log",
        "/inspections",
        "/ledger",
        "/data-ledger",
    ):
        assert f'href="{path}"' in page, path
    assert "<dt>記録を開く鍵</dt><dd>必要な人全員に渡っています</dd>" in page


@pytest.mark.parametrize("end", ["used", "stopped"])
def test_a_sheet_that_serves_no_more_is_not_offered_any_longer(end: str, app: Flask, visit: Visit, office: Office) -> None:
    page = add(visit, office, pledged="")
    sheet = body(visit, page + "/sheet")
    assert "通知書がまだ渡されていません" in body(visit, page)
    if end == "stopped":
        assert visit.post(page + "/stop").status_code == 303
    else:
        elsewhere = Visit(app, office, address="198.51.100.9")
        elsewhere.get("/register")
        names = {"code": "code", "login_id": "login-id", "password": "password"}
        elsewhere.post("/register", {name: shown(sheet, id) for name, id in names.items()})
        elsewhere.get("/own-password")
        assert "通知書がまだ渡されていません" in body(visit, page), "no password was chosen yet"
        own = "はじめて 自分で 決めた ことば"
        assert elsewhere.post("/own-password", {"password": own, "again": own}).status_code == 303
    assert "通知書がまだ渡されていません" not in body(visit, page)
    again = body(visit, page + "/sheet")
    assert "もう表示できません" in again and shown(sheet, "password") not in again


def test_rules_saved_beside_another_tab_are_shown_side_by_side_and_then_kept(visit: Visit, office: Office) -> None:
    page = body(visit, "/office/rules")
    first = second = {"directory": re.findall(r'name="directory" value="(\d+)"', page)[0], **typed_rules()}
    assert visit.post("/office/rules", {**first, "idle_minutes": "20"}).status_code == 303
    answer = visit.post("/office/rules", {**second, "hours_from": "8:00", "hours_to": "20:00"})
    told = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409 and "<td>20</td><td>15</td>" in told
    newest = re.findall(r'name="directory" value="(\d+)"', told)[0]
    assert visit.post("/office/rules", {**second, "directory": newest, "idle_minutes": "20"}).status_code == 303
    assert office.desk().directory.rules["idle_minutes"] == 20


def typed_rules() -> dict[str, str]:
    return {
        "password_shortest": "12", "password_days": "0", "idle_minutes": "15", "session_hours": "10", "log_days": "396",
        "print_ledger_days": "1830", "bin_days": "30", "retention_years": "10", "hours_from": "", "hours_to": "", "networks": "",
    }  # fmt: skip
