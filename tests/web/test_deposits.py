"""The pages of お預り証, without Chromium: what they show, keep, refuse and lead to."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.deposits import back, papers, typed
from tests.support.forms import flat
from tests.support.offices import NAMES, Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.domain.access import Role
from vault.domain.prints import CLIENT_CARD, DEPOSIT_RECEIPT
from vault.domain.values.moments import DAY
from vault.services import bin, deposits
from vault.services.accounts import people

BACK = {"day": "2026/11/18", "to": "志摩 海斗", "way": "書留郵便"}


def text_of(answer: TestResponse) -> str:
    """What a page says, its marks taken out."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def take_in(visit: Visit, **more: Any) -> str:
    """A receipt with two papers; returns its address."""
    made = visit.post(f"{visit.client_page()}/deposits/new", flat(typed(NAMES[0], "N-01", "M-02", **more)))
    assert made.status_code == 303, text_of(made)
    assert made.location is not None
    return made.location


def items(visit: Visit, receipt: str) -> list[str]:
    return re.findall(r'name="item" value="([0-9a-f]{32})"', visit.get(f"{receipt}/back").get_data(as_text=True))


def give_back(visit: Visit, receipt: str, some: list[str], version: str = "1", **more: str) -> TestResponse:
    return visit.post(f"{receipt}/back", {**BACK, "item": some, "version": version, **more})  # type: ignore[dict-item]


def number_of_versions(office: Office) -> int:
    return int(office.sql("SELECT max(version) FROM records WHERE kind = 'deposit'")[0][0])


# --- taking in


def test_the_form_begins_with_today_the_client_and_two_weeks(visit: Visit) -> None:
    body = visit.get(f"{visit.client_page()}/deposits/new").get_data(as_text=True)
    for value in ("令和8年11月18日", NAMES[0], "令和8年12月2日"):
        assert f'value="{value}"' in body, value
    assert "日本生命 終身 N-01" in body and "明治安田生命 終身 M-02" in body


def test_a_policy_that_the_address_names_stands_filled_in(visit: Visit, office: Office) -> None:
    policy = office.facts.policies[0][1].hex()
    body = visit.get(f"{visit.client_page()}/deposits/new?policy={policy}").get_data(as_text=True)
    assert 'value="明治安田生命"' in body and 'value="M-02"' in body and '<option value="保険証券" selected>' in body


def test_a_chosen_policy_is_told_by_insurer_and_number(visit: Visit, office: Office) -> None:
    receipt = take_in(visit, items=[{"policy": office.facts.policies[0][1].hex(), "note": "角に折れ"}])
    told = text_of(visit.get(receipt))
    for word in ("D-000001", NAMES[0], "保険証券", "明治安田生命", "M-02", "角に折れ", "金庫", "佐々木 恵", "お預かり中", "2026/12/02"):
        assert word in told, word


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"due": "2026/11/1"}, "お預かりした日より前です"),
        ({"received": "2026/11/19"}, "まだ来ていない日です"),
        ({"items": []}, "お預かりする書類: "),
        ({"items": [{"insurer": "日本生命", "policy_number": "123456789018"}]}, "マイナンバー"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(told: dict[str, Any], said: str, visit: Visit, office: Office) -> None:
    form = typed(NAMES[0], "N-01", note="残ってほしい", **told) if "items" not in told else {**typed(NAMES[0]), **told, "note": "残ってほしい"}
    answer = visit.post(f"{visit.client_page()}/deposits/new", flat(form))
    assert answer.status_code == 400 and said in text_of(answer) and "残ってほしい" in answer.get_data(as_text=True)
    assert office.sql("SELECT count(*) FROM records WHERE kind LIKE 'deposit%'") == [(0,)]


def test_the_clients_page_lists_his_receipts_and_leads_to_the_next(visit: Visit) -> None:
    assert "証券をお預かりする" in text_of(visit.get(visit.client_page()))
    receipt = take_in(visit)
    give_back(visit, receipt, items(visit, receipt)[:1])
    told = text_of(visit.get(visit.client_page()))
    assert "D-000001" in told and "一部お返し" in told and "保険証券 日本生命 M-02" in told


# --- correcting


def test_a_correction_leaves_out_what_is_back_and_keeps_it(visit: Visit) -> None:
    receipt = take_in(visit)
    give_back(visit, receipt, items(visit, receipt)[:1])
    body = visit.get(f"{receipt}/edit").get_data(as_text=True)
    assert 'value="M-02"' in body and 'value="N-01"' not in body and "お返しした書類(1件)は、ここでは直せません。" in body
    sent = flat({**typed("志摩 葵", "M-03"), "version": "2"})
    assert visit.post(f"{receipt}/edit", sent).location == receipt
    told = text_of(visit.get(receipt))
    assert "志摩 葵" in told and "M-03" in told and "N-01" in told and "M-02" not in told
    told = text_of(visit.get(f"{receipt}/versions/3"))
    assert "M-03" in told and "お預けの方 志摩 海斗 志摩 葵" in told


def test_two_at_once_are_shown_both_sides(visit: Visit, office: Office) -> None:
    receipt = take_in(visit)
    rows = [{"paper": "約款", "id": one, "policy_number": "N-01"} for one in items(visit, receipt)[:1]]
    for place, note, status in (("鍵のかかる机", "", 303), ("金庫", "あとの人のメモ", 409)):
        sent = flat({**typed(NAMES[0], items=rows, note=note), "place": place, "version": "1"})
        answer = visit.post(f"{receipt}/edit", sent)
        assert answer.status_code == status, text_of(answer)
    body = answer.get_data(as_text=True)
    assert "ほかの人が先に保存しました" in body and "あとの人のメモ" in body and 'value="鍵のかかる机"' in body
    assert 'name="version" value="2"' in body and number_of_versions(office) == 2


def test_a_receipt_that_was_closed_meanwhile_keeps_what_was_typed(visit: Visit) -> None:
    receipt = take_in(visit)
    give_back(visit, receipt, items(visit, receipt))
    answer = visit.post(f"{receipt}/edit", flat({**typed("あとの人", "N-09"), "version": "2"}))
    assert answer.status_code == 400 and "すべてお返し済みです" in text_of(answer) and 'value="N-09"' in answer.get_data(as_text=True)
    for path in ("edit", "back"):
        assert visit.get(f"{receipt}/{path}").location == receipt


def test_a_client_put_into_the_bin_meanwhile_loses_nothing_that_was_typed(visit: Visit, office: Office) -> None:
    receipt, client = take_in(visit), office.facts.clients[0]
    bin.put(office.desk(), client, client, 2)
    answer = visit.post(f"{receipt}/edit", flat({**typed("だれか", "N-09", note="大事なメモ"), "version": "1"}))
    told = text_of(answer)
    assert answer.status_code == 404 and "ごみ箱に入れました" in told and "大事なメモ" in told and "N-09" in told


# --- giving back


def test_everything_goes_back_unless_said_otherwise(visit: Visit) -> None:
    receipt = take_in(visit)
    body = visit.get(f"{receipt}/back").get_data(as_text=True)
    assert body.count(" checked") == 2 and 'value="令和8年11月18日"' in body and f'value="{NAMES[0]}"' in body
    assert give_back(visit, receipt, items(visit, receipt)).location == receipt
    told = text_of(visit.get(receipt))
    assert "すべてお返ししました" in told and "書留郵便" in told and "返却を記録" not in told and "訂正" not in told


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"day": "2026/11/19"}, "まだ来ていない日です"),
        ({"day": "2026/11/17"}, "お預かりした日(2026/11/18)より前です"),
        ({"to": ""}, "お渡しした方: "),
        ({"way": ""}, "返し方: "),
    ],
)
def test_what_is_wrong_with_giving_back_is_said_with_the_ticks_kept(told: dict[str, str], said: str, visit: Visit, office: Office) -> None:
    receipt = take_in(visit)
    answer = give_back(visit, receipt, items(visit, receipt)[1:], **told)
    assert answer.status_code == 400 and said in text_of(answer)
    assert answer.get_data(as_text=True).count(" checked") == 1 and number_of_versions(office) == 1


def test_nothing_ticked_and_somebody_faster_are_said(visit: Visit, office: Office) -> None:
    receipt = take_in(visit)
    answer = give_back(visit, receipt, [])
    assert answer.status_code == 400 and "印を付けてください" in text_of(answer)
    one, other = items(visit, receipt)
    give_back(visit, receipt, [one])
    answer = give_back(visit, receipt, [other])
    assert answer.status_code == 409 and "先に保存しました" in text_of(answer) and number_of_versions(office) == 2
    assert 'name="version" value="2"' in answer.get_data(as_text=True)


def test_a_slip_of_the_hand_is_taken_back_by_its_button(visit: Visit) -> None:
    receipt = take_in(visit)
    one, _ = items(visit, receipt)
    give_back(visit, receipt, items(visit, receipt))
    assert visit.post(f"{receipt}/again", {"item": one, "version": "1"}).status_code == 409
    assert visit.post(f"{receipt}/again", {"item": one, "version": "2"}).location == receipt
    assert "返却を記録" in text_of(visit.get(receipt)) and items(visit, receipt) == [one]
    assert visit.post(f"{receipt}/again", {"item": one, "version": "3"}).status_code == 404


# --- lists


def test_the_list_and_the_first_page_tell_what_is_overdue(visit: Visit, office: Office) -> None:
    assert "お預かり中の証券 ありません。" in text_of(visit.get("/today"))
    assert "お預かりしている書類はありません" in text_of(visit.get("/deposits"))
    take_in(visit)
    take_in(visit, due="2026/11/18")
    assert "お預かり中の証券 2件" in text_of(visit.get("/today"))
    office.clock.tick(DAY)
    visit.sign_in()
    told = text_of(visit.get("/today"))
    assert "返却予定日を過ぎています" in told and "お預かり中の証券 2件(期限を過ぎたもの 1件)" in told
    told = text_of(visit.get("/deposits"))
    assert told.index("D-000002") < told.index("D-000001") and "2026/11/18 1日経過" in told


def test_the_list_tells_to_whom_it_went_last(visit: Visit) -> None:
    receipt = take_in(visit)
    one, other = items(visit, receipt)
    give_back(visit, receipt, [one])
    give_back(visit, receipt, [other], "2", to="志摩 葵", way="手渡し")
    told = text_of(visit.get("/deposits"))
    assert "お預かり中 0件" in told and "お返ししたもの この90日間・1件" in told
    assert "志摩 海斗 保険証券 日本生命 N-01 保険証券 日本生命 M-02 2026/11/18 2026/11/18" in told


def test_a_viewer_is_offered_nothing_to_write_and_an_auditor_nothing_at_all(app: Flask, visit: Visit, office: Office) -> None:
    receipt = take_in(visit)
    client = office.facts.clients[0]
    one = deposits.get(office.desk(), client, bytes.fromhex(receipt.split("/")[-1])).held.deposit.items[0].id
    deposits.give_back(office.desk(), client, bytes.fromhex(receipt.split("/")[-1]), [one], back("2026/11/18"), 1)
    rooms = tuple(office.desk().client_compartments())
    for role, status in ((Role.VIEWER, 200), (Role.AUDITOR, 403)):
        member = join(office, role, rooms if role is Role.VIEWER else ())
        other = Visit(app, office).with_device(member.device)
        assert other.sign_in(member.login_id, member.password).status_code == 303
        answer = other.get(receipt)
        assert answer.status_code == status
        for word in ("返却を記録", "訂正", "取り消す"):
            assert word not in text_of(answer), word
        assert ("お預かり中の証券" in text_of(other.get("/today"))) == (role is Role.VIEWER)
        people.stop(office.desk(), member.person)


# --- going away, and paper


def test_what_stands_before_erasing_and_the_bin_says_what_is_here(visit: Visit) -> None:
    erase, put = f"{visit.client_page()}/erase", f"{visit.client_page()}/bin"
    assert not any("お預かり中の原本" in text_of(visit.get(path)) for path in (erase, put))
    receipt = take_in(visit)
    assert "お預かり中の原本が1件あります。" in text_of(visit.get(put))
    told = text_of(visit.get(erase))
    assert "お預かり中の原本が1件あります。" in told and "D-000001 保険証券 日本生命 N-01" in told
    give_back(visit, receipt, items(visit, receipt))
    assert not any("お預かり中の原本" in text_of(visit.get(path)) for path in (erase, put))


def order(visit: Visit, sheet: str, **told: str) -> TestResponse:
    client = visit.office.facts.clients[0].hex()
    return visit.post("/prints", {"sheet": sheet, "client": client, "purpose": "お客様へ交付", "addressee": "志摩 海斗 様", "copies": "1", **told})


def test_the_receipt_is_printed_twice_with_the_place_on_the_offices_copy_alone(visit: Visit) -> None:
    receipt = take_in(visit, note="奥様から電話あり")
    give_back(visit, receipt, items(visit, receipt)[:1])
    told = text_of(order(visit, DEPOSIT_RECEIPT, deposit=receipt.split("/")[-1]))
    theirs, ours = told.split("お客様控")[1].split("当社控")
    for copy in (theirs, ours):
        for word in ("D-000001", "令和8年11月18日", "令和8年12月2日", "日本生命", "N-01", "M-02", "2 枚", "佐々木 恵", "お預かり印", "ご返却時の受領印", "分析のため"):
            assert word in copy, word
    for secret in ("金庫", "奥様から電話あり"):
        assert secret in ours and secret not in theirs
    assert "D-000001" in text_of(visit.get("/ledger"))


def test_the_print_centre_offers_receipts_where_there_are_any(visit: Visit) -> None:
    client = visit.office.facts.clients[0].hex()
    assert DEPOSIT_RECEIPT not in text_of(visit.get(f"/prints?client={client}"))
    deposit = take_in(visit).split("/")[-1]
    body = visit.get(f"/prints?client={client}&deposit={deposit}").get_data(as_text=True)
    assert f'<option value="{DEPOSIT_RECEIPT}" selected' in body and f'<option value="{deposit}" selected' in body
    assert '<option value="お客様へ交付" selected>' in body and "D-000001 2026/11/18" in body
    answer = order(visit, DEPOSIT_RECEIPT)
    assert answer.status_code == 400 and "印刷するお預り証を選んでください" in text_of(answer)
    assert order(visit, DEPOSIT_RECEIPT, deposit="ab" * 16).status_code == 404


def test_a_client_card_tells_what_is_here(visit: Visit) -> None:
    assert "お預かり中の書類" not in text_of(order(visit, CLIENT_CARD))
    receipt = take_in(visit)
    give_back(visit, receipt, items(visit, receipt)[:1])
    told = text_of(order(visit, CLIENT_CARD))
    assert "お預り証 D-000001 令和8年11月18日お預かり 返却予定日 令和8年12月2日" in told
    assert "M-02" in told.split("お預かり中の書類")[1] and "N-01" not in told.split("お預かり中の書類")[1]


def test_a_percent_sign_is_nothing_but_a_percent_sign(visit: Visit, office: Office) -> None:
    deposits.create(office.desk(), office.facts.clients[0], papers("100%の人", "N-%(n)s", purpose="50%", place="%s"))
    receipt = f"{visit.client_page()}/deposits/{office.sql('SELECT id FROM records WHERE kind = ?', 'deposit')[0][0].hex()}"
    for path in (receipt, f"{receipt}/edit", f"{receipt}/back", f"{receipt}/versions/1", "/deposits", visit.client_page()):
        assert "N-%(n)s" in unescape(visit.get(path).get_data(as_text=True)), path
    assert "100%の人" in text_of(order(visit, DEPOSIT_RECEIPT, deposit=receipt.split("/")[-1]))
