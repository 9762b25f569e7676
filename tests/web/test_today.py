"""今日の仕事 as each role finds it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import NAMES, Office
from tests.support.visits import Visit, shows_nothing
from vault.crypto.keystore import Keystore
from vault.domain.prints import PrintOrder, TakeOut
from vault.services import ledger_notes, printing

DAY = 24 * 3600


def with_rules(office: Office, **rules: int) -> None:
    desk = office.desk()
    signing = desk.secret("signing")

    def change(keystore: Keystore) -> Keystore:
        directory = keystore.trusted(desk.bundle.pinned)
        told = replace(directory, version=directory.version + 1, rules={**directory.rules, **rules})
        return keystore.with_directory(told, signing)

    office.instance.files.add(change)


def colleague(app: Flask, office: Office, role: str, member: bool = True) -> Visit:
    """A colleague's browser, signed in."""
    rooms = tuple(office.desk().client_compartments()) if member and role in ("handler", "viewer") else ()
    add_colleague(office, role, rooms)
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    return visit


def page(visit: Visit) -> str:
    answer = visit.get("/today")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("role", ["administrator", "handler", "viewer", "auditor"])
def test_everybody_lands_here_and_it_opens(app: Flask, office: Office, role: str) -> None:
    visit = colleague(app, office, role)
    answer = visit.get("/")
    for _ in range(3):
        answer = visit.get(answer.location) if answer.location else answer
    assert answer.status_code == 200 and "<h1>今日の仕事" in answer.get_data(as_text=True)


def test_an_auditor_sees_no_clients_name_and_is_not_sent_to_clients(app: Flask, office: Office) -> None:
    order = PrintOrder(sheet="保険証券一覧表", purpose="客先持参", addressee=NAMES[0], copies=1)
    printing.print_client(office.desk(), office.facts.clients[0], order)
    office.clock.tick(10 * DAY)
    visit = colleague(app, office, "auditor")
    answer = visit.get("/today")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and shows_nothing(answer)
    assert "P-000001" in text and "番号 " + office.facts.clients[0].hex()[:8].upper() in text
    assert 'href="/clients' not in text and 'href="/prints' not in text
    assert 'href="/data-ledger"' in text


def test_a_viewer_sees_no_warning_meant_for_administrators(app: Flask, office: Office) -> None:
    warning = "管理者が1人だけです"
    text = page(colleague(app, office, "viewer"))
    assert warning not in text and "鍵の控え" not in text and "世帯を登録" not in text and "点検" not in text
    visit = Visit(app, office).with_device()
    visit.sign_in()
    assert warning in page(visit)


def test_what_is_late_is_named_with_its_link_and_the_days(visit: Visit, office: Office) -> None:
    thing = TakeOut(thing="パソコン", description="営業用ノート", people=3, purpose="客先持参", place="渋谷")
    ledger_notes.take_out(office.desk(), thing)
    assert "返却予定を過ぎた印刷・持ち出し" not in page(visit) and "P-000001" not in page(visit)
    office.clock.tick(9 * DAY)
    assert visit.sign_in().status_code == 303
    text = page(visit)
    assert 'href="/ledger/1">P-000001</a>' in text and "営業用ノート" in text and "2日経過" in text


def test_the_clients_opened_last_are_one_key_away(visit: Visit) -> None:
    assert "このログインではまだ開いていません" in page(visit)
    visit.get(visit.client_page())
    text = page(visit)
    main = text[text.index("<main"):]
    assert f'<a href="{visit.client_page()}">{NAMES[0]}</a>' in main


def test_what_people_typed_stands_there_as_text(visit: Visit, office: Office) -> None:
    thing = TakeOut(thing="書類", description="<b>封筒</b>", people=1, purpose="客先持参", place="渋谷")
    ledger_notes.take_out(office.desk(), thing)
    office.clock.tick(9 * DAY)
    visit.sign_in()
    text = page(visit)
    assert "&lt;b&gt;封筒" in text and "<b>封筒" not in text


def test_in_an_accounting_office_the_clients_have_their_own_word(visit: Visit) -> None:
    form = {"name": "青葉会計", "kind": "会計事務所", "own_name": "佐々木 恵", "version": "1"}
    assert visit.post("/office/particulars", form).status_code == 303
    assert "最近開いた顧問先" in page(visit)


def test_an_order_waits_with_who_may_approve_it_and_comes_back_to_who_asked(app: Flask, visit: Visit, office: Office) -> None:
    with_rules(office, print_approval=1)
    asking = colleague(app, office, "handler")
    order = {"client": office.facts.clients[0].hex(), "sheet": "保険証券一覧表", "purpose": "客先持参",
             "addressee": NAMES[0], "copies": "1"}  # fmt: skip
    asking.get("/prints")
    assert asking.post("/prints", order).location == "/ledger/1"
    waits, ready = "あなたの承認を待っている印刷", "承認された印刷"
    assert waits in page(visit) and "同僚 一郎" in page(visit)
    assert waits not in page(asking) and ready not in page(asking)
    printing.approve(office.desk(), 1, 1)
    assert waits not in page(visit) and ready not in page(visit)
    assert ready in page(asking)


def test_a_month_nobody_has_inspected_is_one_link_away(visit: Visit, office: Office) -> None:
    assert "期限を過ぎた点検はありません" in page(visit)
    office.clock.tick(45 * DAY)
    assert visit.sign_in().status_code == 303
    text = page(visit)
    link = re.search(r'href="(/inspections[^"]*)">\d+年\d+月分の点検', text)
    assert link is not None and "期限を過ぎています" in text
    assert visit.get(link[1]).status_code == 200
