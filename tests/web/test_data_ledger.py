"""個人データ管理台帳 on the screen and on paper."""

from __future__ import annotations

import re

from flask import Flask

from tests.support import colleagues
from tests.support.colleagues import add_colleague
from tests.support.offices import NAMES, Office, household
from tests.support.visits import Visit, shows_nothing
from vault.domain.data_ledger import Category
from vault.services import clients

ORDER = {"purpose": "調書に保管", "addressee": "みなと保険事務所", "copies": "1"}


def auditor(app: Flask, office: Office) -> Visit:
    add_colleague(office, "auditor")
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    return visit


def words(page: str) -> str:
    """What a page says, without its marks and gaps."""
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page[page.index("<main"):]))


def text(visit: Visit, path: str = "/data-ledger") -> str:
    answer = visit.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_says_the_offices_numbers_and_its_people(visit: Visit) -> None:
    said = words(text(visit))
    for told in ("お客様2件", "関係する人2人", "契約4件", "利用者1人", "管理責任者佐々木恵", "最後の点検まだありません"):
        assert told in said, told
    assert said.count("要配慮") - said.count("要配慮情報") == 1 and "保険の提案と募集" in said


def test_every_category_has_its_row(visit: Visit) -> None:
    assert text(visit).count('<tr><th scope="row"') == len(Category) + 1


def test_the_offices_own_words_stand_there_instead(visit: Visit) -> None:
    form = {"name": "みなと保険事務所", "kind": "保険代理店", "own_name": "佐々木 恵", "version": "1",
            "purpose": "<i>火災保険</i>のご案内", "place": "本社2階の鍵付き書庫"}  # fmt: skip
    assert visit.post("/office/particulars", form).status_code == 303
    page = text(visit)
    assert "&lt;i&gt;火災保険&lt;/i&gt;のご案内" in page and "本社2階の鍵付き書庫" in page
    assert "保険の提案と募集" not in page


def test_an_auditor_reads_and_prints_it_and_finds_no_client_in_it(app: Flask, visit: Visit, office: Office) -> None:
    text(visit)
    other = auditor(app, office)
    for answer in (other.get("/data-ledger"), other.post("/data-ledger/print", ORDER)):
        assert answer.status_code == 200 and shows_nothing(answer)
        assert "関係する人2人" in words(answer.get_data(as_text=True))


def test_before_an_administrator_has_counted_the_page_says_what_to_do(app: Flask, office: Office) -> None:
    page = text(auditor(app, office))
    assert "管理者がこの画面を開くと数えます" in page and "未集計" in page


def test_nobody_else_opens_it(app: Flask, office: Office) -> None:
    add_colleague(office, "handler", tuple(office.desk().client_compartments()))
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD)
    assert visit.get("/data-ledger").status_code == 403
    assert visit.get("/data-ledger/print").status_code == 403
    assert visit.post("/data-ledger/print", ORDER).status_code == 403
    assert office.sql("SELECT count(*) FROM ledger") == [(0,)]


def test_the_sheet_has_a_number_of_its_own_and_says_what_the_page_says(visit: Visit, office: Office) -> None:
    page, sheet = text(visit), visit.post("/data-ledger/print", ORDER).get_data(as_text=True)
    assert 'data-serial="印刷番号 P-000001"' in sheet and "目的: 調書に保管" in sheet
    rows = [re.sub(r"<[^>]+>|\s", "", row) for row in re.findall(r"<td>(.*?)</td>", page)]
    assert len(rows) > len(Category) and all(row in words(sheet) for row in rows)
    assert "印刷・持ち出し1件(手元に戻っていないもの1件)" in words(sheet)
    assert not any(name in sheet for name in NAMES)
    assert "P-000002" in visit.post("/data-ledger/print", ORDER).get_data(as_text=True)


def test_an_order_without_a_purpose_is_asked_again_and_nothing_is_printed(visit: Visit, office: Office) -> None:
    text(visit, "/data-ledger/print")
    answer = visit.post("/data-ledger/print", {**ORDER, "purpose": ""})
    assert answer.status_code == 400 and "みなと保険事務所" in answer.get_data(as_text=True)
    assert office.sql("SELECT count(*) FROM ledger") == [(0,)]


def test_numbers_left_before_clients_came_are_not_shown_as_todays(app: Flask, visit: Visit, office: Office) -> None:
    text(visit)
    clients.create(office.desk(), office.desk().client_compartments()[0], household("志摩 海斗", "シマ カイト"))
    page = text(auditor(app, office))
    assert "そのあとでお客様が増減した" in page and "管理者がこの画面を開くと数え直します" in page and "未集計" in page
    assert "関係する人2人" not in words(page)
    text(visit)
    assert "未集計" not in page_again(app, office)


def page_again(app: Flask, office: Office) -> str:
    """What the auditor reads at his next visit."""
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD)
    return text(visit)
