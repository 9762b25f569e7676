"""契約と保管場所 on the office's page, and what is said where no more policies may be registered."""

from __future__ import annotations

import re
from html import unescape

from flask import Flask
from werkzeug.test import TestResponse

from tests.support import importing as sheets
from tests.support.contracts import tell
from tests.support.importing import car
from tests.support.offices import Office
from tests.support.people import join
from tests.support.visits import Visit
from tests.web.test_drafts import MINE
from tests.web.test_sheets import text_of
from vault.domain.access import Role

FULL = "契約の登録数が上限(4件)に達しているため、登録できませんでした。"
BEFORE = "契約の登録数が上限(4件)に達しています。いま入力しても登録できません"
EVERYTHING = {
    "contract": "K-2026-001", "policies": 100, "place": "日本 <b>東京都</b>", "data_centre": "江東データセンター", "operator": "株式会社うみかぜ",
    "telephone": "03-0000-0002", "subcontracting": "再委託していません", "certificate_until": "2027-01-31",
    "diagnosis": {"day": "2026-10-05", "by": "株式会社みはり", "result": "重大な指摘はありません。"},
}  # fmt: skip


def page(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


def section(visit: Visit) -> str:
    told = visit.get("/office").get_data(as_text=True)
    return re.search(r'<section class="section" aria-labelledby="contract">.*?</section>', told, re.DOTALL)[0]  # type: ignore[index]


def test_everybody_of_the_office_reads_where_the_data_lie_and_who_runs_it(app: Flask, office: Office, visit: Visit) -> None:
    assert "契約と保管場所について、運営者からの知らせはありません。" in section(visit)
    tell(office, **EVERYTHING)
    auditor = join(office, Role.AUDITOR, (), "監査 三郎")
    other = Visit(app, office).with_device(auditor.device)
    other.sign_in(auditor.login_id, auditor.password)
    for each in (visit, other):
        told = section(each)
        for said in ("K-2026-001", "100件まで(いま4件)", "江東データセンター", "株式会社うみかぜ", "03-0000-0002", "令和9年1月31日", "令和8年10月5日",
                     "再委託していません", "株式会社みはり", "重大な指摘はありません。"):  # fmt: skip
            assert said in told
        assert "<b>" not in told and "日本 &lt;b&gt;東京都" in told


def test_what_was_not_told_is_said_not_to_be_known(visit: Visit, office: Office) -> None:
    tell(office, policies=0, operator="株式会社うみかぜ", diagnosis={"day": "never", "by": "x"})
    told = section(visit)
    assert told.count("まだ知らせがありません") == 3 and "まだ行われていません" in told and "制限なし" in told and "株式会社うみかぜ" in told


def test_a_form_that_cannot_be_registered_comes_back_whole_and_as_a_draft(visit: Visit, office: Office) -> None:
    tell(office, policies=4)
    new = f"{visit.client_page()}/policies/new"
    before = page(visit.get(new))
    assert BEFORE in before and FULL not in before
    answer = visit.post(new, MINE)
    told = page(answer)
    assert answer.status_code == 400 and FULL in told and BEFORE not in told
    for name in ("insurer", "policy_number", "roles-1-name"):
        assert re.search(rf'name="{name}"[^>]*value="{MINE[name]}"|value="{MINE[name]}"[^>]*name="{name}"', told), name
    draft = re.search(r'name="draft" value="([0-9a-f]{32})"', told)[1]  # type: ignore[index]
    again = page(visit.get(new))
    assert "の下書きがあります" in again and "志摩 海斗 日本生命 終身" in again
    tell(office, policies=20)
    on = page(visit.get(f"{new}?draft={draft}"))
    assert "D-77" in on and BEFORE not in on
    assert visit.post(new, {**MINE, "draft": draft}).status_code == 303
    assert "の下書きがあります" not in page(visit.get(new))


def test_an_individual_number_is_in_no_such_draft(visit: Visit, office: Office) -> None:
    tell(office, policies=4)
    new = f"{visit.client_page()}/policies/new"
    answer = visit.post(new, {**MINE, "policy_number": "123456789018", "confirm-policy_number": "1"})
    assert answer.status_code == 400 and FULL in page(answer)
    refused = visit.post(new, {**MINE, "notes": "番号は123456789018"})
    assert refused.status_code == 400 and FULL not in page(refused)


def test_looking_changing_and_printing_go_on_at_the_limit(visit: Visit, office: Office) -> None:
    tell(office, policies=2)
    edit = f"{visit.policy_page()}/edit"
    form = page(visit.get(edit))
    assert "上限" not in form
    assert visit.post(edit, {**MINE, "policy_number": "N-01", "version": "2", "notes": "直した"}).status_code == 303
    assert visit.get(visit.policy_page()).status_code == 200
    assert visit.get(f"{visit.client_page()}/print").status_code in (200, 404)


def test_the_space_page_and_the_first_page_say_how_much_room_there_is(visit: Visit, office: Office) -> None:
    assert "契約の登録数" not in text_of(visit.get("/office/space"))
    tell(office, policies=100)
    told = text_of(visit.get("/office/space"))
    assert "上限 100件のうち 4件(4%)" in told and "登録できる契約が残り少なくなっています。" not in told
    tell(office, policies=4)
    told = text_of(visit.get("/office/space"))
    assert "契約の登録数が上限に達しています。" in told and "これまでどおりできます" in told
    assert "登録できる契約の数が上限(4件)に達しました。" in text_of(visit.get("/today"))


def test_a_file_says_before_what_will_not_come_in_and_after_what_has_not(visit: Visit, office: Office) -> None:
    desk = office.desk()
    rows = [car("石川 直樹", "イシカワ ナオキ", "S52.3.9", "U-1"), car("木村 さくら", "キムラ サクラ", "S63.7.7", "U-2")]
    upload = sheets.checked(desk, sheets.table(*rows)).hex()
    assert "上限を増やすには" not in text_of(visit.get(f"/imports/{upload}"))
    tell(office, policies=5)
    told = text_of(visit.get(f"/imports/{upload}"))
    assert "登録できる契約は、あと1件です。選んだ行のうち2行が新しい契約になるため、1行は取り込まずに残します。" in told
    less = visit.post(f"/imports/{upload}/rows", {"at": "0::1", "off": "0-2"}, headers={"X-Requested-With": "fetch"})
    assert less.status_code == 200
    visit.post(f"/imports/{upload}/rows", {"at": "0::1", "tick": "all"})
    done = visit.post(f"/imports/{upload}/run")
    assert done.status_code == 303
    told = text_of(visit.get(done.location))
    assert "契約の登録数が上限(5件)に達したため、1行は取り込まずに残しました。" in told and "残りの行を見る" in told
