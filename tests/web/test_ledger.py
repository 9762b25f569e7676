"""The pages of the print ledger and of printing, without Chromium."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import NAMES, Office
from tests.support.visits import Visit, shows_nothing
from vault.domain.prints import POLICY_LIST
from vault.services.accounts import rules

DAY = 24 * 60 * 60
ORDER = {"sheet": POLICY_LIST, "purpose": "客先持参", "addressee": "志摩 海斗 様", "place": "ご自宅", "copies": "1", "due": ""}
LAPTOP = {
    "thing": "パソコン", "description": "ノートPC 3号機", "people": "40", "purpose": "社外での作業", "place": "佐々木の自宅",
    "addressee": "", "due": "", "client": "",
}  # fmt: skip
LEDGER_ORDER = {
    "purpose": "調書に保管", "addressee": "みなと保険事務所", "copies": "1", "since": "2026/11/1", "until": "2026/12/31",
}  # fmt: skip


def text_of(answer: TestResponse) -> str:
    """What a page says, its marks taken out."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def order(visit: Visit, number: int = 0, **told: str) -> TestResponse:
    return visit.post("/prints", {**ORDER, "client": visit.office.facts.clients[number].hex(), **told})


def colleague(app: Flask, office: Office, role: str, member: bool = True) -> Visit:
    rooms = tuple(office.desk().client_compartments()) if member and role in ("handler", "viewer") else ()
    add_colleague(office, role, rooms)
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    visit.get("/ledger")
    return visit


def want_approval(office: Office) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))


def is_sheet(answer: TestResponse) -> bool:
    return answer.status_code == 200 and 'class="sheet ' in answer.get_data(as_text=True)


# --- printing and the list


def test_a_print_stands_in_the_list_with_all_its_columns(visit: Visit) -> None:
    assert is_sheet(order(visit))
    told = text_of(visit.get("/ledger"))
    for word in ("P-000001", POLICY_LIST, NAMES[0], "客先持参", "志摩 海斗 様", "ご自宅", "佐々木 恵", "結果を記録"):
        assert word in told
    assert "承認" not in told.replace("承認待ち", "")


@pytest.mark.parametrize(("due", "fault"), [("2020/1/1", "今日より後の日"), ("2040/1/1", "1年以内の日"), ("あした", "「12/1」")])
def test_a_day_back_that_cannot_be_is_refused_beside_its_field(due: str, fault: str, visit: Visit) -> None:
    answer = order(visit, due=due)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 400 and 'id="due-fault"' in body and fault in body and "ご自宅" in body
    assert "P-000001" not in text_of(visit.get("/ledger"))


def test_a_day_back_is_read_without_its_year(visit: Visit) -> None:
    order(visit, due="12/1")
    assert "2026/12/01" in text_of(visit.get("/ledger"))


def test_overdue_is_a_word_and_a_mark(visit: Visit, office: Office) -> None:
    order(visit)
    assert "期限切れ" not in visit.get("/ledger").get_data(as_text=True).partition("<tbody>")[2]
    office.clock.tick(8 * DAY)
    visit.sign_in()
    body = visit.get("/ledger?state=overdue").get_data(as_text=True)
    row = body[body.index("<tbody") :]
    assert re.search(r'class="warn"><svg.*?</svg> 期限切れ', row, re.DOTALL) and "P-000001" in row
    assert "期限切れ" in text_of(visit.get("/ledger/1"))


def test_an_outcome_is_noted_and_shown_with_its_confirmer(visit: Visit) -> None:
    order(visit)
    answer = visit.post("/ledger/1", {"version": "1", "outcome": "返却", "place": "書庫B", "note": ""})
    assert answer.status_code == 303
    told = text_of(visit.get("/ledger"))
    assert "返却" in told and "書庫B" in told
    again = visit.post("/ledger/1", {"version": "1", "outcome": "裁断", "place": "", "note": ""})
    assert again.status_code == 409 and "返却" in text_of(again)
    assert visit.post("/ledger/1", {"version": "2", "outcome": "", "place": "書庫C"}).status_code == 400


@pytest.mark.parametrize("state", ["all", "open", "overdue", "waiting", "nonsense"])
def test_every_state_has_a_page_that_says_what_it_shows(state: str, visit: Visit) -> None:
    order(visit)
    answer = visit.get(f"/ledger?state={state}")
    shown = "P-000001" in text_of(answer)
    assert answer.status_code == 200 and shown == (state in ("all", "open", "nonsense"))


def test_words_are_looked_for_by_post_and_never_in_an_address(visit: Visit) -> None:
    order(visit)
    order(visit, 1, addressee="羽黒 颯太 様")
    found = visit.post("/ledger/find", {"state": "all", "person": "", "text": "羽黒"})
    rows = found.get_data(as_text=True)
    assert "/ledger/2" in rows and "/ledger/1" not in rows
    assert not re.search(r'(href|action)="[^"]*(羽黒|%E7%BE%BD)', rows)
    assert "あてはまるものがありません" in text_of(visit.post("/ledger/find", {"text": "いない人"}))
    assert visit.post("/ledger/find", {"person": "zz"}).status_code == 404


# --- things taken out


def test_a_thing_taken_out_gets_a_number(visit: Visit) -> None:
    answer = visit.post("/ledger/take-out", LAPTOP)
    assert answer.status_code == 303 and answer.location.endswith("/ledger/1")
    told = text_of(visit.get("/ledger/1"))
    assert "パソコン" in told and "ノートPC 3号機" in told and "佐々木の自宅" in told and "持ち出さなかった" in told
    assert "印刷しなかった" not in told


def test_papers_of_a_client_are_taken_out_from_his_print_page(visit: Visit, office: Office) -> None:
    client = office.facts.clients[0].hex()
    assert f"/ledger/take-out?client={client}" in visit.get(f"/prints?client={client}").get_data(as_text=True)
    assert NAMES[0] in text_of(visit.get(f"/ledger/take-out?client={client}"))
    assert visit.post("/ledger/take-out", {**LAPTOP, "thing": "書類", "client": client}).status_code == 303
    assert NAMES[0] in text_of(visit.get("/ledger/1"))


def test_a_take_out_that_lacks_something_keeps_what_was_typed(visit: Visit) -> None:
    answer = visit.post("/ledger/take-out", {**LAPTOP, "place": "", "people": "たくさん"})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 400 and 'id="place-fault"' in body and 'id="people-fault"' in body and "3号機" in body


# --- another person's word


def decide(visit: Visit, how: str, told: Mapping[str, str]) -> TestResponse:
    visit.get("/ledger/1")
    return visit.post(f"/ledger/1/{how}", {"version": "1", **told})


def test_an_order_waits_is_approved_and_opens_once(app: Flask, visit: Visit, office: Office) -> None:
    want_approval(office)
    other = colleague(app, office, "handler")
    assert "承認を申請する" in other.get(f"/prints?client={office.facts.clients[0].hex()}").get_data(as_text=True)
    answer = order(other)
    assert answer.status_code == 303 and answer.location.endswith("/ledger/1")
    own = other.get("/ledger/1")
    assert "承認待ち" in text_of(own) and "N-01" not in text_of(own) and "/approve" not in own.get_data(as_text=True)
    assert other.post("/prints/orders/1").status_code == 409
    assert "目的と宛先を確かめて" in text_of(visit.get("/ledger/1"))
    assert decide(visit, "approve", {}).status_code == 303
    assert "承認されました" in text_of(other.get("/ledger/1"))
    sheet = other.post("/prints/orders/1")
    assert is_sheet(sheet) and "P-000001" in text_of(sheet) and "N-01" in text_of(sheet)
    again = other.post("/prints/orders/1")
    assert again.status_code == 409 and "すでに一度" in text_of(again) and shows_nothing(again)
    assert "同僚 一郎" in text_of(visit.get("/ledger")) and "佐々木 恵" in text_of(visit.get("/ledger"))


def test_an_order_is_declined_with_a_reason(app: Flask, visit: Visit, office: Office) -> None:
    want_approval(office)
    other = colleague(app, office, "handler")
    order(other)
    assert decide(visit, "decline", {"reason": ""}).status_code == 400
    assert decide(visit, "decline", {"reason": "宛先が違います"}).status_code == 303
    assert "宛先が違います" in text_of(other.get("/ledger/1"))
    assert "却下された印刷" in text_of(other.get("/today")) and "却下された印刷" not in text_of(visit.get("/today"))
    late = decide(visit, "approve", {})
    assert late.status_code == 409 and "先に承認・却下" in text_of(late)


def test_who_ordered_can_withdraw_and_cannot_approve(visit: Visit, office: Office) -> None:
    want_approval(office)
    order(visit)
    body = visit.get("/ledger/1").get_data(as_text=True)
    assert "申請を取り下げる" in body and 'id="approve-form"' not in body
    assert decide(visit, "approve", {}).status_code == 400
    assert visit.post("/ledger/1", {"version": "1", "outcome": "取り下げ"}).status_code == 303
    assert "取り下げ" in text_of(visit.get("/ledger"))


def test_a_handler_outside_the_compartment_sees_that_it_is_anothers(app: Flask, visit: Visit, office: Office) -> None:
    want_approval(office)
    order(visit)
    outside = colleague(app, office, "handler", member=False)
    for path in ("/ledger", "/ledger/1"):
        answer = outside.get(path)
        assert "ほかの部門" in text_of(answer) and shows_nothing(answer) and "消去済み" not in text_of(answer)
    assert decide(outside, "approve", {}).status_code == 404


# --- the ledger on paper


def test_the_ledger_is_printed_with_its_own_number(visit: Visit) -> None:
    order(visit)
    visit.post("/ledger/take-out", LAPTOP)
    assert 'action="/ledger/print"' in visit.get("/ledger/print").get_data(as_text=True)
    answer = visit.post("/ledger/print", LEDGER_ORDER)
    told = text_of(answer)
    assert is_sheet(answer) and "P-000003" in told and NAMES[0] in told and "ノートPC 3号機" in told
    title = re.search(r"<title>(.*?)</title>", answer.get_data(as_text=True), re.DOTALL)
    assert title is not None and NAMES[0] not in title[1]
    assert "P-000003" in text_of(visit.get("/ledger"))


def test_an_auditor_reads_and_prints_the_ledger_without_a_name(app: Flask, visit: Visit, office: Office) -> None:
    order(visit)
    auditor = colleague(app, office, "auditor")
    number = "番号 " + office.facts.clients[0].hex()[:8].upper()
    for answer in (auditor.get("/ledger"), auditor.get("/ledger/1"), auditor.post("/ledger/print", LEDGER_ORDER)):
        assert answer.status_code == 200 and number in text_of(answer) and shows_nothing(answer)
    assert auditor.get("/ledger/take-out").status_code == 403
    assert auditor.post("/ledger/1", {"version": "1", "outcome": "返却"}).status_code == 403


def test_a_ledger_of_days_in_the_wrong_order_is_not_printed(visit: Visit) -> None:
    answer = visit.post("/ledger/print", {**LEDGER_ORDER, "until": "2026/10/1"})
    assert answer.status_code == 400 and 'id="until-fault"' in answer.get_data(as_text=True)
    assert "P-000001" not in text_of(visit.get("/ledger"))
