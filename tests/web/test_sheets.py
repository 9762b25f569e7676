"""Ordering 証券詳細 and 顧客カルテ, and the page that prints everything, without Chromium."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.offices import NAMES, PASSWORD, Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.domain.access import Role
from vault.domain.clients import RelatedClient
from vault.domain.erasures import ErasureOrder
from vault.domain.prints import CLIENT_CARD, FINAL_PURPOSE, POLICY_DETAIL
from vault.services import bin, clients, erasing, policies, whole_office_progress
from vault.services.accounts import rules

HEALTH, WAS_HEALTHY = "高血圧のため服薬中", "前は異常なし"
ORDER = {"purpose": "社内利用", "addressee": "志摩 海斗 様", "place": "", "copies": "1", "due": ""}
FINAL = {"purpose": FINAL_PURPOSE, "addressee": "みなと保険事務所", "place": "書庫B", "copies": "1"}
ALL = "/prints/whole-office"


def text_of(answer: TestResponse) -> str:
    """What a page says, its marks taken out."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def order(visit: Visit, sheet: str, number: int = 0, **told: str) -> TestResponse:
    return visit.post("/prints", {**ORDER, "sheet": sheet, "client": visit.office.facts.clients[number].hex(), **told})


def is_sheet(answer: TestResponse) -> bool:
    return answer.status_code == 200 and 'class="sheet ' in answer.get_data(as_text=True)


def prints(office: Office) -> int:
    return int(office.sql("SELECT count(*) FROM ledger")[0][0])


def colleague(app: Flask, office: Office, role: Role) -> Visit:
    rooms = tuple(office.desk().client_compartments()) if role in (Role.HANDLER, Role.VIEWER) else ()
    member = join(office, role, rooms)
    visit = Visit(app, office).with_device(member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 303
    visit.get("/help")
    return visit


@pytest.fixture
def ill(office: Office) -> None:
    """The first client's head, today and in the version before."""
    for health in (WAS_HEALTHY, HEALTH):
        page = clients.get(office.desk(), office.facts.clients[0])
        head = replace(page.client.members[0], health=health, occupation="教員")
        clients.save(office.desk(), page.id, replace(page.client, members=(head,)), page.version)


# --- one client


def test_the_print_centre_offers_each_sheet_and_each_policy(visit: Visit, office: Office) -> None:
    client, policy = office.facts.clients[0].hex(), office.facts.policies[0][1].hex()
    body = visit.get(f"/prints?client={client}&policy={policy}").get_data(as_text=True)
    assert f'<option value="{POLICY_DETAIL}" selected>' in body and f'<option value="{policy}" selected>' in body
    assert "明治安田生命 終身 M-02" in body and 'name="sensitive"' in body
    body = visit.get(f"/prints?client={client}&sheet={CLIENT_CARD}").get_data(as_text=True)
    assert f'<option value="{CLIENT_CARD}" selected>' in body


def test_a_client_card_shows_people_policies_and_versions(visit: Visit) -> None:
    answer = order(visit, CLIENT_CARD)
    told = text_of(answer)
    assert is_sheet(answer)
    for word in ("志摩 海斗 様", "シマ カイト", "世帯", "昭和54年5月3日", "47 歳", "東京都渋谷区渋谷1-1-1", "日本生命", "N-01",
                 "明治安田生命", "12,000", "月払合計 22,000", "備考: ― → 二度目", "第2版"):  # fmt: skip
        assert word in told, word


@pytest.mark.parametrize("gone", ["erased", "binned"])
def test_a_client_card_tells_of_a_related_client_as_the_page_does(gone: str, visit: Visit, office: Office) -> None:
    """Never his name or number: one that was erased is said to be, one in the bin is not told of."""
    first, other = office.facts.clients[:2]
    page = clients.get(office.desk(), first)
    linked = replace(page.client, related=(RelatedClient(client=other.hex(), link="ご兄弟の世帯"),))
    clients.save(office.desk(), first, linked, page.version)
    if gone == "erased":
        erasing.erase_clients(office.desk(), [other], ErasureOrder(reason="ご本人からの請求"))
    else:
        bin.put(office.desk(), other, other, clients.get(office.desk(), other).version)
    card = text_of(order(visit, CLIENT_CARD))
    shown = text_of(visit.get(f"/clients/{first.hex()}"))
    assert ("消去済み ご兄弟の世帯" in card, "消去済み ご兄弟の世帯" in shown) == (gone == "erased",) * 2
    assert "見られないお客様" not in card and other.hex() not in card
    earlier = visit.get(f"/clients/{first.hex()}/versions/{page.version + 1}").get_data(as_text=True)
    assert "見られないお客様" in earlier and other.hex() not in earlier


def test_a_policy_detail_shows_what_changed(visit: Visit, office: Office) -> None:
    told = text_of(order(visit, POLICY_DETAIL, policy=office.facts.policies[0][0].hex()))
    assert "N-01" in told and "M-02" not in told and "保険料(1回分): 10,000 → 12,000" in told
    told = text_of(order(visit, POLICY_DETAIL))
    assert "N-01" in told and "M-02" in told


@pytest.mark.parametrize("policy", ["zz", "ab" * 16])
def test_a_policy_that_is_none_of_his_is_refused(policy: str, visit: Visit, office: Office) -> None:
    assert order(visit, POLICY_DETAIL, policy=policy).status_code in (400, 404)
    assert prints(office) == 0


# --- sensitive data


def test_health_is_printed_when_it_was_asked_for_and_only_then(ill: None, visit: Visit) -> None:
    without = text_of(order(visit, CLIENT_CARD))
    assert HEALTH not in without and WAS_HEALTHY not in without and "教員" in without
    assert "この帳票には印刷されません" in without
    told = text_of(order(visit, CLIENT_CARD, sensitive="はい"))
    assert f"健康状態: {HEALTH}" in told and f"{WAS_HEALTHY} → {HEALTH}" in told and "この帳票には印刷されません" not in told
    assert "顧客カルテ(要配慮情報を含む)" in text_of(visit.get("/ledger"))


def test_who_may_not_read_it_is_not_asked_and_gets_nothing_by_asking(ill: None, app: Flask, visit: Visit, office: Office) -> None:
    viewer = colleague(app, office, Role.VIEWER)
    client = office.facts.clients[0].hex()
    assert 'name="sensitive"' not in viewer.get(f"/prints?client={client}").get_data(as_text=True)
    answer = order(viewer, CLIENT_CARD, sensitive="はい")
    assert answer.status_code == 403 and HEALTH not in answer.get_data(as_text=True) and prints(office) == 0
    assert is_sheet(order(viewer, CLIENT_CARD))


# --- everything


def first_of(visit: Visit) -> str:
    found = re.search(r'name="first" value="([0-9a-f]+)"', visit.get(ALL).get_data(as_text=True))
    assert found
    return found[1]


def print_next(visit: Visit, **told: str) -> TestResponse:
    return visit.post(ALL, {**FINAL, "first": told.pop("first", "") or first_of(visit), **told})


def test_the_print_centre_leads_there_who_may(app: Flask, visit: Visit, office: Office) -> None:
    assert f'href="{ALL}"' in visit.get("/prints").get_data(as_text=True)
    handler = colleague(app, office, Role.HANDLER)
    assert f'href="{ALL}"' not in handler.get("/prints").get_data(as_text=True)
    for answer in (handler.get(ALL), handler.post(ALL, FINAL), handler.post(f"{ALL}/again/1", FINAL)):
        assert answer.status_code == 403


def test_everything_is_on_the_sheet_sensitive_data_too(ill: None, visit: Visit) -> None:
    answer = print_next(visit)
    told = text_of(answer)
    assert is_sheet(answer) and 'data-purpose="目的: 契約終了時の控え"' in answer.get_data(as_text=True)
    for word in (*NAMES, HEALTH, "N-01", "M-02", "N-11", "M-12", "証券詳細 1/2", "証券詳細 2/2"):
        assert word in told, word


def test_the_page_says_how_far_it_is(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_office_progress, "MOST_CLIENTS", 1)
    assert "2件のうち0件が済み ・あと2回" in text_of(visit.get(ALL)).replace("済み・", "済み ・")
    print_next(visit)
    told = text_of(visit.get(ALL))
    assert "2件のうち1件が済み" in told and "P-000001" in told and NAMES[0] in told
    print_next(visit)
    told = text_of(visit.get(ALL))
    assert "全部の印刷が終わりました。" in told and "P-000002" in told


def test_a_page_sent_again_opens_nothing_more(visit: Visit, office: Office) -> None:
    first = first_of(visit)
    assert is_sheet(print_next(visit, first=first))
    again = print_next(visit, first=first)
    assert again.status_code == 409 and "もう開かれています" in text_of(again) and prints(office) == 1


def test_a_part_is_opened_again(visit: Visit, office: Office) -> None:
    print_next(visit)
    assert is_sheet(visit.post(f"{ALL}/again/1", FINAL)) and prints(office) == 2
    assert visit.post(f"{ALL}/again/7", FINAL).status_code == 404


@pytest.mark.parametrize("told", [{"addressee": ""}, {"copies": "0"}, {"purpose": "社内利用"}])
def test_an_order_wants_its_facts(told: Mapping[str, str], visit: Visit, office: Office) -> None:
    answer = print_next(visit, **told)
    assert answer.status_code == 400 and not is_sheet(answer) and prints(office) == 0


def test_the_password_is_asked_for_again(visit: Visit, office: Office) -> None:
    office.clock.tick(6 * 60)
    assert 'name="password"' in visit.get(ALL).get_data(as_text=True)
    wrong = print_next(visit, password="ちがうパスワード です")
    assert wrong.status_code == 403 and not is_sheet(wrong) and prints(office) == 0
    assert is_sheet(print_next(visit, password=PASSWORD))


def test_another_person_approves_it_once(app: Flask, visit: Visit, office: Office) -> None:
    rules.save(office.desk(), replace(rules.read(office.desk()), print_approval=True))
    assert f'action="{ALL}/ask"' in visit.get(ALL).get_data(as_text=True)
    refused = print_next(visit)
    assert refused.status_code == 400 and not is_sheet(refused) and prints(office) == 0
    assert visit.post(f"{ALL}/ask", FINAL).status_code == 303
    assert "承認待ち" in text_of(visit.get(ALL))
    handler = colleague(app, office, Role.HANDLER)
    assert "全顧客の控え" in text_of(handler.get("/ledger/1"))
    assert handler.post("/ledger/1/approve", {"version": "1"}).status_code == 303
    led = visit.post("/prints/orders/1")
    assert led.status_code == 303 and led.location == ALL
    assert is_sheet(print_next(visit)) and prints(office) == 1


def test_a_client_that_was_changed_is_named(visit: Visit, office: Office) -> None:
    print_next(visit)
    page = policies.get(office.desk(), office.facts.clients[1], office.facts.policies[1][0])
    changed = replace(page.held.policy, notes="あとから")
    policies.save(office.desk(), page.client_id, page.held.id, changed, page.held.version)
    told = text_of(visit.get(ALL))
    assert "もう一度印刷します(1件): 羽黒 颯太" in told and "次の1件を開く" in told
