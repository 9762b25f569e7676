"""The pages of 応対, 意向, 第三者提供, 事故・請求, without Chromium: what they propose, show, keep, refuse and lead to."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.dealings import claim, contact, made, typed
from tests.support.forms import flat
from tests.support.offices import NAMES, Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.domain import fields
from vault.domain.access import Role
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, KINDS, PROVISION
from vault.domain.prints import CLIENT_CARD, FINAL_PURPOSE
from vault.services import bin, dealings
from vault.web.dealing_rows import PLACES


def text_of(answer: TestResponse) -> str:
    """What a page says, its marks taken out."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def place(visit: Visit, kind: str) -> str:
    return f"{visit.client_page()}/{PLACES[kind]}"


def enter(visit: Visit, kind: str, **more: Any) -> TestResponse:
    return visit.post(f"{place(visit, kind)}/new", flat(typed(kind, **more)))


def noted(visit: Visit, kind: str, **more: str) -> str:
    """A record as it lies in the office; returns its address."""
    office = visit.office
    record = dealings.create(office.desk(), office.facts.clients[0], made(kind, **more))
    return f"{place(visit, kind)}/{record.hex()}"


def versions(office: Office, kind: str) -> list[int]:
    return [row[0] for row in office.sql("SELECT version FROM records WHERE kind = ?", kind)]


# --- entering


@pytest.mark.parametrize("kind", KINDS)
def test_every_box_of_the_domain_stands_in_the_form(kind: str, visit: Visit) -> None:
    body = visit.get(f"{place(visit, kind)}/new").get_data(as_text=True)
    names = {re.sub(r"-\d+-.*", "", name) for name in re.findall(r'name="([a-z_0-9-]+)"', body)}
    assert {box.name for box in fields.fields(KINDS[kind])} <= names


def test_a_contact_begins_with_now_the_head_and_who_sits_at_the_desk(visit: Visit, office: Office) -> None:
    body = visit.get(f"{place(visit, CONTACT)}/new?policy={office.facts.policies[0][1].hex()}").get_data(as_text=True)
    for value in ("令和8年11月18日", "志摩 海斗", "佐々木 恵"):
        assert f'value="{value}"' in body, value
    assert re.search(r'value="\d\d:\d\d"[^>]*name="time"', body) and re.search('<option value="電話"[^>]* selected>', body)
    assert re.search(r'<textarea[^>]*id="told"[^>]*autofocus', body)
    assert f'name="about" value="{office.facts.policies[0][1].hex()}" checked' in body and body.count(" checked") == 1


def test_a_policy_that_the_address_names_is_chosen_and_a_foreign_one_is_not(visit: Visit, office: Office) -> None:
    mine, other = office.facts.policies[0][1].hex(), office.facts.policies[1][0].hex()
    body = visit.get(f"{place(visit, CLAIM)}/new?policy={mine}").get_data(as_text=True)
    assert re.search(f'<option value="{mine}"[^>]* selected>', body)
    assert other not in visit.get(f"{place(visit, CLAIM)}/new?policy={other}").get_data(as_text=True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_typed_is_shown_and_leads_back(kind: str, visit: Visit) -> None:
    answer = enter(visit, kind)
    assert answer.status_code == 303 and answer.location is not None, text_of(answer)
    assert (answer.location == f"{visit.client_page()}#contacts-title") == (kind == CONTACT)
    [row] = re.findall(rf'href="({place(visit, kind)}/[0-9a-f]{{32}})"', visit.get(visit.client_page()).get_data(as_text=True))
    told = text_of(visit.get(row))
    said = [value for value in typed(kind).values() if isinstance(value, str) and not value.startswith("2026/")]
    assert [value for value in said if value.replace(" ", "") not in told.replace(" ", "")] == []
    assert "佐々木 恵" in told and "第1版" in told


def test_several_policies_of_a_contact_are_told_by_name(visit: Visit, office: Office) -> None:
    about = [policy.hex() for policy in office.facts.policies[0]]
    visit.post(f"{place(visit, CONTACT)}/new", {**flat(typed(CONTACT)), "about": about})  # type: ignore[dict-item]
    told = text_of(visit.get(visit.client_page()))
    assert "日本生命 終身 N-01" in told.split("応対履歴")[1] and "明治安田生命 終身 M-02" in told.split("応対履歴")[1]


@pytest.mark.parametrize(("kind", "told", "said"), [
    (CONTACT, {"told": ""}, "話した内容: 入力してください"),
    (CONTACT, {"day": "2026/11/19"}, "まだ来ていない日です"),
    (CONTACT, {"told": "番号は 123456789018 です"}, "マイナンバー"),
    (CONTACT, {"time": "昼すぎ"}, "のように入力してください"),
    (INTENTION, {"difference": ""}, "当初意向からの変更点が空です"),
    (PROVISION, {"consent": ""}, "ご本人の同意の取り方が空です"),
    (CLAIM, {"state": "支払済"}, "支払額が空です"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    kind: str, told: dict[str, str], said: str, visit: Visit, office: Office
) -> None:
    policy = office.facts.policies[0][0].hex()
    form = {**flat(typed(kind, handler="残ってほしい 人", **told)), **({"about": policy} if kind == CONTACT else {})}
    answer = visit.post(f"{place(visit, kind)}/new", form)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 400 and said in text_of(answer) and 'value="残ってほしい 人"' in body
    assert versions(office, kind) == [] and (kind != CONTACT or f'name="about" value="{policy}" checked' in body)


def test_an_answer_to_what_is_asked_lets_it_pass(visit: Visit, office: Office) -> None:
    sent = {**flat(typed(INTENTION, difference="")), "confirm-difference": "1"}
    assert visit.post(f"{place(visit, INTENTION)}/new", sent).status_code == 303 and versions(office, INTENTION) == [1]


# --- one of them


def test_both_wordings_of_an_intention_stand_side_by_side_with_what_differs_marked(visit: Visit) -> None:
    body = visit.get(noted(visit, INTENTION)).get_data(as_text=True)
    assert "<mark>月1万円まで。</mark>死亡に備えたい。" in body and "<mark>月1万2千円まで。</mark>死亡に備えたい。" in body
    assert "みらい" in body and "ベスト" in body


def test_a_provision_says_until_when_it_is_kept_and_the_bin_says_so_too(visit: Visit) -> None:
    record = noted(visit, PROVISION)
    assert "少なくとも令和11年11月18日まで残します" in text_of(visit.get(record))
    assert "少なくとも令和11年11月18日まで残すことになっています" in text_of(visit.get(f"{record}/bin"))
    old = noted(visit, PROVISION, day="2020/1/1")
    assert "残すことになっています" not in text_of(visit.get(f"{old}/bin"))


def test_what_is_said_of_health_is_hidden_until_asked_for_and_from_a_viewer_altogether(app: Flask, visit: Visit, office: Office) -> None:
    record = noted(visit, CLAIM)
    body = visit.get(record).get_data(as_text=True)
    assert re.search(r'<details class="sensitive"><summary>表示する</summary>[^/]*右足首の骨折', body)
    member = join(office, Role.VIEWER, tuple(office.desk().client_compartments()))
    viewer = Visit(app, office).with_device(member.device)
    assert viewer.sign_in(member.login_id, member.password).status_code == 303
    for path in (record, f"{record}/versions/1", place(visit, CLAIM), visit.client_page()):
        answer = viewer.get(path)
        assert answer.status_code == 200 and "骨折" not in answer.get_data(as_text=True), path
    assert "担当者と管理者だけが見られます" in text_of(viewer.get(record))
    for word in ("編集", "ごみ箱へ"):
        assert word not in text_of(viewer.get(record)).split("履歴")[0], word
    assert viewer.get(f"{record}/edit").status_code == 403 and "応対を記録" not in text_of(viewer.get(visit.client_page()))


def test_the_clients_page_shows_the_newest_five_and_leads_to_all(visit: Visit) -> None:
    for n in range(1, 8):
        noted(visit, CONTACT, told=f"電話の{n}回目です", day=f"2026/11/{10 + n}", next="", next_day="")
    told = text_of(visit.get(visit.client_page()))
    assert "応対履歴 7件・新しい5件" in told and "電話の7回目" in told and "電話の2回目" not in told
    told = text_of(visit.get(place(visit, CONTACT)))
    assert "7件、新しい順" in told and told.index("電話の7回目") < told.index("電話の1回目")


def test_a_contact_leads_to_its_task(visit: Visit) -> None:
    body = visit.get(noted(visit, CONTACT)).get_data(as_text=True)
    assert "「今日の仕事」に入っています" in body
    [task] = re.findall(r'href="(/[^"]*tasks/[^"]+)"', body)
    assert "住所変更の書類を送る" in visit.get(task).get_data(as_text=True)


def test_a_policys_page_leads_to_a_contact_about_it(visit: Visit, office: Office) -> None:
    policy = office.facts.policies[0][0].hex()
    body = visit.get(visit.policy_page()).get_data(as_text=True)
    assert f'href="{place(visit, CONTACT)}/new?policy={policy}" data-key="c"' in body


# --- correcting


def test_two_at_once_are_shown_both_sides_with_policies_by_name(visit: Visit, office: Office) -> None:
    record, policy = noted(visit, CONTACT), office.facts.policies[0][0].hex()
    for sent, status in (({"told": "先の人の話", "about": policy}, 303), ({"next": "後の人の次"}, 409)):
        answer = visit.post(f"{record}/edit", {**flat(typed(CONTACT)), **sent, "version": "1"})
        assert answer.status_code == status, text_of(answer)
    body = answer.get_data(as_text=True)
    assert "ほかの人が先に保存しました" in body and "日本生命 終身 N-01" in text_of(answer).split("あなたの入力")[1]
    assert "先の人の話" in body and 'value="後の人の次"' in body and f'value="{policy}" checked' in body
    assert 'name="version" value="2"' in body and versions(office, CONTACT) == [2]


def test_an_earlier_version_is_told_with_what_changed(visit: Visit, office: Office) -> None:
    record, policy = noted(visit, CLAIM), office.facts.policies[0][0].hex()
    sent = {**flat(typed(CLAIM, state="支払済", paid="5万円", policy=policy)), "version": "1"}
    assert visit.post(f"{record}/edit", sent).location == record
    told = text_of(visit.get(f"{record}/versions/2"))
    assert "状態 書類待ち 支払済" in told and "契約 ― 日本生命 終身 N-01" in told and "支払額 50,000 円" in told
    assert "書類待ち" in text_of(visit.get(f"{record}/versions/1")) and visit.get(f"{record}/versions/3").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_what_went_into_the_bin_meanwhile_loses_nothing_that_was_typed(kind: str, visit: Visit, office: Office) -> None:
    record, client = noted(visit, kind), office.facts.clients[0]
    bin.put(office.desk(), client, bytes.fromhex(record.split("/")[-1]), 1)
    answer = visit.post(f"{record}/edit", {**flat(typed(kind, handler="大事な 人")), "version": "1"})
    assert answer.status_code == 404 and "ごみ箱に入れました" in text_of(answer) and "大事な 人" in text_of(answer)


# --- the bin, the search, paper


def test_the_bin_takes_one_and_gives_it_back(visit: Visit, office: Office) -> None:
    record = noted(visit, CLAIM)
    client, key = office.facts.clients[0].hex(), record.split("/")[-1]
    assert "事故・請求 2026/11/10 入院 志摩 海斗" in text_of(visit.get(f"{record}/bin"))
    assert visit.post(f"{record}/bin", {"version": "1"}).location == "/bin?put=dealing"
    assert "事故・請求 2026/11/10 入院 志摩 海斗" in text_of(visit.get("/bin")) and visit.get(record).status_code == 404
    assert visit.post("/bin/back", {"client": client, "record": key, "what": "claims"}).location == record
    assert visit.get(record).status_code == 200


def test_before_a_client_goes_into_the_bin_it_says_what_goes_with_him(visit: Visit) -> None:
    assert "応対・意向" not in text_of(visit.get(f"{visit.client_page()}/bin"))
    noted(visit, CONTACT)
    assert "応対・意向・請求などの記録1件も" in text_of(visit.get(f"{visit.client_page()}/bin"))


def test_the_search_shows_what_was_found_and_where_it_stands(visit: Visit) -> None:
    record = noted(visit, CONTACT)
    answer = visit.post("/search", {"words": "転居のご連絡"})
    assert f'href="{record}"' in answer.get_data(as_text=True) and "応対 2026/11/18 電話 志摩 海斗" in text_of(answer)
    found = visit.post("/search/found", {"words": "転居のご連絡"})
    assert f'href="{record}"' in found.get_data(as_text=True)


def card(visit: Visit, **told: str) -> str:
    client = visit.office.facts.clients[0].hex()
    return text_of(visit.post("/prints", {
        "sheet": CLIENT_CARD, "client": client, "purpose": "社内利用", "addressee": "志摩 海斗 様", "copies": "1", **told,
    }))  # fmt: skip


def test_a_client_card_tells_a_years_contacts_intentions_and_claims(visit: Visit) -> None:
    assert "応対履歴" not in card(visit)
    for kind in KINDS:
        noted(visit, kind)
    noted(visit, CONTACT, told="古い電話", day="2025/11/17", next="", next_day="")
    told = card(visit)
    for word in ("転居のご連絡", "当初意向 月1万円まで", "お勧めした商品 日本生命 みらい", "自宅の階段で転んだ", "明治安田生命 ベスト"):
        assert word in told, word
    for word in ("古い電話", "骨折", "港ファイナンス"):
        assert word not in told, word
    assert "要配慮情報(健康状態など)は、この帳票には印刷されません。" in told
    assert "右足首の骨折" in card(visit, sensitive="はい")


def test_the_copy_of_everything_tells_all_of_them_with_health_and_old_contacts(visit: Visit) -> None:
    for kind in KINDS:
        noted(visit, kind)
    noted(visit, CONTACT, told="古い電話", day="2019/11/17", next="", next_day="")
    [first] = re.findall(r'name="first" value="([0-9a-f]{32})"', visit.get("/prints/whole-office").get_data(as_text=True))
    order = {"purpose": FINAL_PURPOSE, "addressee": "みなと保険事務所", "copies": "1", "first": first}
    told = text_of(visit.post("/prints/whole-office", order))
    for word in ("転居のご連絡", "古い電話", "当初意向 月1万円まで", "右足首の骨折", "港ファイナンス"):
        assert word in told, word


def test_a_consent_tells_who_gave_and_took_it_and_that_it_was_withdrawn(visit: Visit) -> None:
    edit = visit.get(f"{visit.client_page()}/edit").get_data(as_text=True)
    version = re.findall(r'name="version" value="(\d+)"', edit)[0]
    member = re.findall(r'name="members-0-id" value="([0-9a-f]{32})"', edit)[0]
    sent = flat({
        "owner": "Household", "name": NAMES[0], "kana": "シマ カイト", "version": version,
        "members": [{"id": member, "name": "志摩 海斗", "kana": "シマ カイト", "relationship": "本人"}],
        "consents": [{"agreed": "2026/11/1", "purpose": "保険の提案・保全", "how": "書面", "given_by": "志摩 海斗", "taken_by": "佐々木 恵", "withdrawn": "2026/11/15"}],
    })  # fmt: skip
    assert visit.post(f"{visit.client_page()}/edit", sent).status_code == 303
    told = text_of(visit.get(visit.client_page()))
    assert "同意の撤回 令和8年11月15日" in told and "同意した方 志摩 海斗 受けた人 佐々木 恵 令和8年11月15日に撤回" in told


def test_a_percent_sign_is_nothing_but_a_percent_sign(visit: Visit, office: Office) -> None:
    client = office.facts.clients[0]
    dealings.create(office.desk(), client, contact(told="100%の%(n)s", with_whom="%s", next="%d", next_day=""))
    dealings.create(office.desk(), client, claim(what="5%(m)s", person="%(x)s"))
    for kind, word in ((CONTACT, "100%の%(n)s"), (CLAIM, "5%(m)s")):
        [record] = re.findall(rf'href="({place(visit, kind)}/[0-9a-f]{{32}})"', visit.get(visit.client_page()).get_data(as_text=True))
        for path in (record, f"{record}/edit", f"{record}/versions/1", f"{record}/bin", place(visit, kind)):
            answer = visit.get(path)
            assert answer.status_code == 200, path
        assert word in unescape(visit.get(record).get_data(as_text=True))
