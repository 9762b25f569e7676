"""What the operator says, as an office sees it: notices for everybody, incidents for administrators."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.support import colleagues, told
from tests.support.colleagues import add_colleague
from tests.support.offices import BEGUN, Office
from tests.support.visits import Visit
from tests.web.test_english import in_english, left
from vault.domain.operator.incidents import FINAL, FIRST, INTERIM, LEAK, OUTAGE, Incident, Report
from vault.domain.operator.notices import Notice, facts
from vault.services.audit import Event
from vault.services.log import Query, find

NOW, HOUR, DAY = int(BEGUN) + 60, 3600, 24 * 3600
STOP = Notice(id="1", planned=True, begins=NOW + DAY, ends=NOW + DAY + HOUR, announce=NOW, ja="装置を取り替えます。<b>", en="A disk is replaced.")
INCIDENT = Incident(
    number=7, kind=LEAK, what="外から読まれた跡があります。", aware=NOW - HOUR, began=NOW - DAY,
    reports=(Report(1, FIRST, NOW - 600, {"situation": "調べています。\n<script>alert(1)</script>"}),),
)  # fmt: skip
FURTHER = Report(2, INTERIM, NOW + HOUR, {"situation": "入口を閉じました。"})


def announce(office: Office, *notices: Notice) -> None:
    told.announce(office.settings.told, *notices)


def tell(office: Office, *incidents: Incident) -> None:
    told.tell(office.settings.told, *incidents)


def text(visit: Visit, path: str, status: int = 200) -> str:
    answer = visit.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def colleague(app: Flask, office: Office, role: str) -> Visit:
    rooms = tuple(office.desk().client_compartments()) if role in ("handler", "viewer") else ()
    add_colleague(office, role, rooms)
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    return visit


# --- notices


def test_a_stop_is_told_on_the_sign_in_page_and_inside_before_and_during_and_then_no_more(
    visit: Visit, stranger: Visit, office: Office
) -> None:
    announce(office, STOP)
    for page in (text(stranger, "/session/new"), text(visit, "/today")):
        assert "メンテナンスの予定" in page and "装置を取り替えます。&lt;b&gt;" in page and "<b>" not in page
    office.clock.now = STOP.begins + 60
    visit.sign_in()
    for page in (text(stranger, "/session/new"), text(visit, "/today")):
        assert "メンテナンス中" in page and "メンテナンスの予定" not in page
    office.clock.now = STOP.begins + HOUR
    visit.sign_in()
    assert "装置を" not in text(stranger, "/session/new") + text(visit, "/today")


def test_days_and_hours_are_said_once(stranger: Visit, office: Office) -> None:
    announce(office, replace(STOP, begins=1_795_611_600, ends=1_795_615_200, announce=NOW))
    assert "令和8年11月25日 22:00から23:00まで" in text(stranger, "/session/new")
    announce(office, replace(STOP, begins=1_795_611_600, ends=1_795_622_400, announce=NOW))
    assert "令和8年11月25日 22:00から令和8年11月26日 01:00まで" in text(stranger, "/session/new")


def test_where_somebody_writes_a_stop_is_told_in_the_hour_before_it(visit: Visit, office: Office) -> None:
    announce(office, STOP)
    assert "メンテナンス" not in text(visit, "/clients/new/Household") and "メンテナンス" in text(visit, "/clients")
    office.clock.now = STOP.begins - HOUR
    visit.sign_in()
    assert "メンテナンスの予定" in text(visit, "/clients/new/Household")


def test_who_reads_english_is_told_in_english_or_in_what_is_marked_as_japanese(visit: Visit, office: Office) -> None:
    announce(office, STOP)
    in_english(visit)
    page = text(visit, "/today")
    assert "A disk is replaced." in page and "装置を" not in page and "Planned maintenance" in page
    announce(office, replace(STOP, en="", id="2"))
    assert '<p lang="ja">装置を取り替えます。' in text(visit, "/today")
    assert list(left(text(visit, "/today"))) == []


def test_a_notice_without_an_end_stands_until_it_is_taken_down(stranger: Visit, office: Office) -> None:
    announce(office, Notice(id="1", planned=False, begins=NOW, ends=None, announce=NOW, ja="印刷が遅くなっています。"))
    office.clock.tick(30 * DAY)
    assert "印刷が遅くなっています。" in text(stranger, "/session/new")
    announce(office)
    assert "印刷が遅く" not in text(stranger, "/session/new")


@pytest.mark.parametrize("raw", [
    "", "{", "[]", "null", '{"notices": {}}', '{"notices": [5]}', {"notices": [facts(STOP), {"id": "2"}]}, "[" * 100_000,
    {"notices": [{**facts(STOP), "from": "soon"}]}, b"\xff",
])
def test_a_spoiled_file_says_nothing_and_keeps_nobody_from_working(raw: object, visit: Visit, stranger: Visit, office: Office) -> None:
    for file in ("notices.json", "incidents.json"):
        told.say(office.settings.told, file, raw)
    assert "装置を" not in text(stranger, "/session/new") + text(visit, "/today") + text(visit, "/office/incidents")


def test_a_folder_in_place_of_a_file_says_nothing(stranger: Visit, office: Office) -> None:
    (office.settings.told / "notices.json").mkdir(parents=True)
    text(stranger, "/session/new")


# --- incidents


def test_an_administrator_is_told_on_his_first_page_until_he_has_read_it(visit: Visit, office: Office) -> None:
    tell(office, INCIDENT)
    page = text(visit, "/today")
    assert "漏えい: 運営者から新しい報告があります" in page and 'class="notice bad" role="alert"' in page and "/office/incidents/7" in page
    assert "まだ読んでいません" in text(visit, "/office/incidents")
    assert "報告を確認しました" in text(visit, "/office/incidents/7")
    assert visit.post("/office/incidents/7", {"reports": "1"}).status_code == 303
    page = text(visit, "/today")
    assert "漏えい: 対応が続いています" in page and "新しい報告" not in page
    assert "報告を確認しました" not in text(visit, "/office/incidents/7")
    tell(office, replace(INCIDENT, reports=(*INCIDENT.reports, FURTHER)))
    assert "運営者から新しい報告があります" in text(visit, "/today")


def test_what_came_while_the_page_was_open_has_not_been_read(visit: Visit, office: Office) -> None:
    tell(office, INCIDENT)
    text(visit, "/office/incidents/7")
    tell(office, replace(INCIDENT, reports=(*INCIDENT.reports, FURTHER)))
    visit.post("/office/incidents/7", {"reports": "1"})
    assert "新しい報告" in text(visit, "/today")
    visit.post("/office/incidents/7", {"reports": "99"})
    assert "新しい報告" not in text(visit, "/today")


def test_a_closed_one_leaves_the_first_page_when_it_was_read_and_stays_in_the_list(visit: Visit, office: Office) -> None:
    tell(office, replace(INCIDENT, closed=NOW))
    assert "新しい報告" in text(visit, "/today")
    visit.post("/office/incidents/7", {"reports": "1"})
    assert "/office/incidents/7" not in text(visit, "/today") and "/office/incidents/7" in text(visit, "/office/incidents")


def test_reading_is_in_the_log_and_each_administrator_reads_for_himself(visit: Visit, office: Office) -> None:
    tell(office, INCIDENT)
    visit.post("/office/incidents/7", {"reports": "1"})
    noted = find(office.instance, Query(events=(Event.INCIDENT_SEEN.value,)), 10).entries
    assert len(noted) == 1
    add_colleague(office, "administrator", ())
    other = Visit(visit.app, office).with_device(colleagues.DEVICE)
    other.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD)
    assert "運営者から新しい報告があります" in text(other, "/today")


@pytest.mark.parametrize("role", ["handler", "viewer", "auditor"])
def test_nobody_but_administrators_is_told_of_incidents(role: str, app: Flask, office: Office) -> None:
    tell(office, INCIDENT)
    visit = colleague(app, office, role)
    assert "外から読まれた" not in text(visit, "/today") and "/office/incidents" not in text(visit, "/office")
    assert "外から読まれた" not in text(visit, "/office/incidents/7", 403)


def test_a_leak_comes_with_the_dates_by_which_the_office_reports(visit: Visit, office: Office) -> None:
    tell(office, INCIDENT)
    page = text(visit, "/office/incidents/7")
    for words in ("第26条", "令和8年11月20日(3日目)から令和8年11月22日(5日目)", "令和8年12月17日(30日目)", "事務所が判断します", "60日目まで"):
        assert words in page, words
    assert "次の中間報告の期限" in page and "&lt;script&gt;" in page and "alert(1)</script>" not in page
    office.clock.tick(20 * DAY)
    visit.sign_in()
    page = text(visit, "/office/incidents/7")
    assert "過ぎています" in page and "遅れ" in page and "あと9日" in page


def test_an_outage_is_reported_to_insurers_by_the_office_and_says_nothing_of_personal_data(visit: Visit, office: Office) -> None:
    tell(office, replace(INCIDENT, kind=OUTAGE))
    page = text(visit, "/office/incidents/7")
    assert "運営者が代わりに報告することはありません" in page and "個人情報保護委員会" not in page


def test_the_report_is_printed_like_every_paper_of_the_office(visit: Visit, office: Office) -> None:
    last = Report(2, FINAL, NOW, {"cause": "古い部品", "measures": "換えました。", "prevention": "見張ります。"})
    tell(office, replace(INCIDENT, reports=(*INCIDENT.reports, last), closed=NOW))
    assert "障害・事故の報告" in text(visit, "/office/incidents/7/print")
    order = {"purpose": "調書に保管", "addressee": "みなと保険事務所", "copies": "1"}
    made = visit.post("/office/incidents/7/print", order)
    paper = made.get_data(as_text=True)
    assert made.status_code == 200 and "<h1>障害・事故の報告</h1>" in paper and "P-000001" in paper and "古い部品" in paper and "第一報" in paper and "30日目" in paper
    assert visit.post("/office/incidents/7/print", {**order, "addressee": ""}).status_code == 400
    assert "P-000001" in text(visit, "/ledger")


def test_an_unknown_number_is_not_there(visit: Visit, office: Office) -> None:
    tell(office, INCIDENT)
    for path in ("/office/incidents/8", "/office/incidents/8/print"):
        text(visit, path, 404)
    for path in ("/office/incidents/8", "/office/incidents/8/print"):
        assert visit.post(path, {"reports": "1"}).status_code == 404


def test_no_japanese_is_left_for_who_reads_english(visit: Visit, office: Office) -> None:
    tell(office, INCIDENT, replace(INCIDENT, number=8, closed=NOW, recovered=NOW))
    in_english(visit)
    pages = {path: text(visit, path) for path in ("/today", "/office/incidents", "/office/incidents/7", "/office/incidents/8")}
    assert [piece for page in pages.values() for piece in left(page)] == []
    assert "there is a new report" in pages["/today"] and "LATE" not in pages["/office/incidents/7"]
