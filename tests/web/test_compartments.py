"""支店・部門 and 事務所の決まり on the pages: made, named, filled with members, a client moved; rules saved."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import NAMES, PASSWORD, Office
from tests.support.visits import Visit

RULES = {
    "password_shortest": "14", "password_days": "0", "idle_minutes": "20", "session_hours": "9",
    "log_days": "400", "print_ledger_days": "1830", "bin_days": "30", "retention_years": "10", "print_approval": "はい", "hours_from": "", "hours_to": "",
    "networks": "",
}  # fmt: skip


def body(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.location)
    return unescape(answer.get_data(as_text=True))


def make(visit: Visit, name: str = "渋谷支店") -> str:
    """A new compartment; returns the path of its page."""
    answer = visit.post("/compartments/new", {"name": name})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.location.partition("?")[0]


def handler(app: Flask, office: Office) -> tuple[Visit, str]:
    """A handler of the first compartment, signed in, and his id."""
    person, _ = add_colleague(office, "handler", (office.desk().directory.of_clients()[0],))
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    visit.get("/clients")
    return visit, person.hex()


def again(visit: Visit) -> Visit:
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    visit.get("/help")
    return visit


def test_a_compartment_is_made_and_renamed(visit: Visit) -> None:
    page = make(visit)
    assert "担当者も閲覧者もまだいません" in body(visit, page)
    version = re.search(r'name="version" value="(\d+)"', body(visit, page + "/name"))
    assert version
    assert visit.post(page + "/name", {"name": "新宿支店", "version": version[1]}).status_code == 303
    listed = body(visit, "/compartments")
    assert "新宿支店" in listed and "渋谷支店" not in listed and "管理者だけ" in listed
    slower = visit.post(page + "/name", {"name": "池袋支店", "version": version[1]})
    assert slower.status_code == 409 and 'value="池袋支店"' in slower.get_data(as_text=True)
    again = visit.post("/compartments/new", {"name": "新宿支店"})
    assert again.status_code == 400 and "「新宿支店」という支店・部門がもうあります" in again.get_data(as_text=True)
    for path in ("/compartments/new", page + "/name"):
        answer = visit.post(path, {"name": "", "version": "2"})
        assert answer.status_code == 400 and 'id="name-fault"' in answer.get_data(as_text=True)


def test_members_open_its_clients_and_who_is_taken_out_does_not(
    app: Flask, visit: Visit, office: Office
) -> None:
    theirs, person = handler(app, office)
    first = f"/compartments/{office.desk().directory.of_clients()[0].hex()}"
    assert "同僚 一郎" in body(visit, first) and f'value="{person}" checked' in body(visit, first)
    assert NAMES[0] in body(theirs, "/clients")
    assert visit.post(first, {}).status_code == 303
    assert theirs.get("/clients").location.endswith("/session/new"), "his sessions end"
    assert NAMES[0] not in body(again(theirs), "/clients")
    assert theirs.get(theirs.client_page()).status_code == 404
    assert visit.post(first, {"members": person}).status_code == 303
    assert NAMES[0] in body(again(theirs), "/clients")


def test_members_want_the_password_again_and_keep_what_was_ticked(
    app: Flask, visit: Visit, office: Office
) -> None:
    _, person = handler(app, office)
    page = make(visit)
    office.clock.tick(301)
    answer = visit.post(page, {"members": person, "password": "no"})
    assert answer.status_code == 403 and f'value="{person}" checked' in answer.get_data(as_text=True)
    assert "同僚 一郎" not in body(visit, "/compartments").partition(page)[2].partition("</tr>")[0]
    assert visit.post(page, {"members": person, "password": PASSWORD}).status_code == 303
    assert "同僚 一郎" in body(visit, "/compartments").partition(page)[2].partition("</tr>")[0]


def test_members_chosen_by_two_are_shown_both_and_the_next_time_saved(app: Flask, visit: Visit, office: Office) -> None:
    _, person = handler(app, office)
    first = f"/compartments/{office.desk().directory.of_clients()[0].hex()}"
    made = re.search(r'name="directory" value="(\d+)"', body(visit, first))
    assert made
    assert visit.post(first, {"directory": made[1]}).status_code == 303
    answer = visit.post(first, {"members": person, "directory": made[1]})
    told = answer.get_data(as_text=True)
    assert answer.status_code == 409 and "<td>―</td><td>同僚 一郎</td>" in told and f'value="{person}" checked' in told
    newer = re.search(r'name="directory" value="(\d+)"', told)
    assert newer and visit.post(first, {"members": person, "directory": newer[1]}).status_code == 303


def test_a_clients_form_shows_the_compartment_and_refuses_another(app: Flask, visit: Visit, office: Office) -> None:
    theirs, _ = handler(app, office)
    client, branch = visit.client_page(), make(visit)
    move = "/compartments/move/" + client.rpartition("/")[2]
    form = body(visit, client + "/edit")
    assert 'name="compartment"' not in form and f'本社 <a href="{move}">部門を移す</a>' in form
    assert "本社" in body(theirs, client + "/edit") and move not in body(theirs, client + "/edit")
    typed = {
        "version": "2", "name": NAMES[0], "kana": "シマ カイト", "members-0-name": NAMES[0], "members-0-kana": "シマ カイト",
        "members-0-relationship": "本人", "notes": "今日の電話",
    }  # fmt: skip
    for room in (branch.rpartition("/")[2], "x", ""):
        answer = visit.post(client + "/edit", {**typed, "compartment": room})
        told = answer.get_data(as_text=True)
        assert answer.status_code == 400 and "支店・部門は、ここでは変えられません" in told and "今日の電話" in told
    assert "今日の電話" not in body(visit, client)
    assert visit.post(client + "/edit", typed).status_code == 303
    assert "今日の電話" in body(visit, client) and "本社" in body(visit, client)


def test_particulars_saved_by_two_keep_what_only_one_touched(visit: Visit) -> None:
    typed = {"name": "みなと保険事務所", "kind": "保険代理店", "own_name": "佐々木 恵", "version": "1"}
    assert visit.post("/office/particulars", {**typed, "telephone": "03-1111-1111"}).status_code == 303
    answer = visit.post("/office/particulars", {**typed, "footer": "私の文"})
    told = answer.get_data(as_text=True)
    assert answer.status_code == 409 and "<td>03-1111-1111</td>" in told and "<td>私の文</td>" in told
    assert 'value="03-1111-1111"' in told and 'value="私の文"' in told and 'name="version" value="2"' in told
    again = {**typed, "version": "2", "telephone": "03-1111-1111", "footer": "私の文"}
    assert visit.post("/office/particulars", again).status_code == 303
    assert "私の文" in body(visit, "/office/particulars")


def test_a_client_moves_and_the_former_members_lose_him(app: Flask, visit: Visit, office: Office) -> None:
    theirs, _ = handler(app, office)
    client = visit.client_page()
    move = "/compartments/move/" + client.rpartition("/")[2]
    assert "移す先がありません" in body(visit, move) and move not in body(visit, client)
    branch = make(visit)
    assert move in body(visit, client) and move not in body(theirs, client)
    assert "渋谷支店" in body(visit, move) and "本社" in body(visit, move)
    nowhere = visit.post(move, {})
    assert nowhere.status_code == 400 and 'id="compartment-fault"' in nowhere.get_data(as_text=True)
    assert visit.post(move, {"compartment": "0" * 32}).status_code == 404
    assert visit.post(move, {"compartment": branch.rpartition("/")[2]}).location.endswith(client)
    page = body(visit, client)
    assert "渋谷支店" in page and NAMES[0] in page and "N-01" in page
    assert theirs.get(client).status_code == 404 and theirs.get(move).status_code == 403


def test_compartments_that_do_not_exist_are_not_found(visit: Visit) -> None:
    for path in (
        "/compartments/" + "0" * 32,
        "/compartments/zz",
        f"/compartments/{'0' * 32}/name",
        "/compartments/move/" + "0" * 32,
    ):
        assert visit.get(path).status_code == 404, path
        assert visit.post(path, {"name": "x", "compartment": "0" * 32}).status_code == 404, path


# --- the office's rules


def test_the_rules_are_saved_and_shown_again(visit: Visit, office: Office) -> None:
    assert visit.post("/office/rules", RULES).status_code == 303
    page = body(visit, "/office/rules")
    assert (
        'id="password_shortest"' in page
        and re.search(r'value="14"', page)
        and re.search(r'value="400"', page)
    )
    assert "14文字以上" in body(visit, "/own/password")
    assert 'data-idle="1200"' in page
    assert office.desk().directory.rules["print_approval"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("password_shortest", "11"), ("password_days", "3"), ("idle_minutes", "61"), ("session_hours", "0"),
     ("log_days", "395"), ("print_ledger_days", ""), ("hours_from", "25:00"), ("networks", "the office")],
)  # fmt: skip
def test_a_rule_outside_its_bounds_is_said_beside_its_box(
    name: str, value: str, visit: Visit, office: Office
) -> None:
    before = dict(office.desk().directory.rules)
    answer = visit.post("/office/rules", {**RULES, name: value})
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 400 and f'id="{name}-fault"' in page
    assert value in page and "fault." not in page
    assert office.desk().directory.rules == before


@pytest.mark.parametrize(
    ("typed", "words"),
    [({"hours_from": "8:30"}, "両方"), ({"networks": "203.0.113.0/24"}, "192.0.2.7")],
)  # fmt: skip
def test_rules_that_would_lock_out_are_refused_with_everything_kept(
    typed: dict[str, str], words: str, visit: Visit
) -> None:
    answer = visit.post("/office/rules", {**RULES, **typed})
    page = unescape(answer.get_data(as_text=True))
    assert (
        answer.status_code == 400 and words in page.partition('<form method="post" action="/office/rules"')[0]
    )
    assert all(value in page for value in typed.values()) and 'value="14"' in page


def test_rules_want_the_password_again(visit: Visit, office: Office) -> None:
    office.clock.tick(301)
    visit.get("/office/rules")
    assert visit.post("/office/rules", {**RULES, "password": "no"}).status_code == 403
    assert office.desk().directory.rules.get("password_shortest", 12) == 12
    assert visit.post("/office/rules", {**RULES, "password": PASSWORD}).status_code == 303
