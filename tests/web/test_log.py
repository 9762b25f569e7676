"""The pages of the access log and of the inspections, as a browser sees them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from flask import Flask

from tests.support import catalogue, colleagues
from tests.support.offices import NAMES, SECRETS, Office, household
from tests.support.visits import Visit
from vault.domain.unusual import Mark
from vault.services import backups, clients
from vault.services.audit import Event
from vault.services.log import GROUPS

JAPAN = timezone(timedelta(hours=9))
BEGUN = "2026-11"
_ROW = re.compile(r"<tr>\s*<td class=\"short\">2.*?</tr>", re.DOTALL)


def rows(visit: Visit, path: str = "/log") -> list[str]:
    """The entries on a page."""
    answer = visit.get(path)
    assert answer.status_code == 200
    return _ROW.findall(answer.get_data(as_text=True))


def colleague(app: Flask, office: Office, role: str) -> Visit:
    """A colleague in this role, signed in on a browser of his own."""
    colleagues.add_colleague(office, role)
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    assert visit.sign_in(colleagues.LOGIN_ID, colleagues.PASSWORD).status_code == 303
    return visit


def test_what_the_operator_did_on_the_terminal_bears_his_name(visit: Visit, office: Office) -> None:
    backups.make(office.instance)
    [entry] = [row for row in rows(visit) if "バックアップを作った" in row]
    assert "運営者" in entry and "不明" not in entry


def next_month(office: Office, visit: Visit, day: int = 10) -> Visit:
    office.clock.now = datetime(2026, 12, day, 12, tzinfo=JAPAN).timestamp()
    visit.sign_in()
    return visit


@pytest.mark.parametrize("language", ["ja", "en"])
def test_whatever_the_journal_can_tell_has_words(language: str) -> None:
    wanted = {f"event.{event.value}" for event in Event} | {f"log-group.{group}" for group in GROUPS}
    wanted |= {f"mark.{mark.value}" for mark in Mark}
    assert wanted - set(catalogue.read(catalogue.ROOT, language)) == set()


def test_the_newest_comes_first_with_name_address_and_time(visit: Visit) -> None:
    visit.get(visit.client_page())
    newest = rows(visit)[0]
    assert "お客様の画面を開いた" in newest and "192.0.2.7" in newest and "佐々木 恵" in newest
    assert f">{NAMES[0]}</a>" in newest and "2026/11/18" in newest


def test_an_auditor_sees_numbers_and_goes_on_by_them(app: Flask, office: Office, visit: Visit) -> None:
    client = office.facts.clients[0].hex()
    visit.get(visit.client_page())
    auditor = colleague(app, office, "auditor")
    page = auditor.get("/log").get_data(as_text=True)
    assert not any(secret in page for secret in SECRETS)
    assert 'name="client"' not in page
    link = re.search(rf'href="(/log\?client={client})">番号 {client[:8].upper()}<', page)
    assert link is not None
    of_client = rows(auditor, link[1])
    assert of_client and all(f"番号 {client[:8].upper()}" in row for row in of_client)


@pytest.mark.parametrize("path", ["/log", "/inspections", f"/inspections/month?m={BEGUN}", f"/inspections/print?m={BEGUN}"])
def test_a_handler_is_turned_away_and_the_log_says_so(app: Flask, office: Office, visit: Visit, path: str) -> None:
    handler = colleague(app, office, "handler")
    assert handler.get(path).status_code == 403
    newest = rows(visit)[0]
    assert "画面を開くのを断った" in newest and "bad-mark" in newest and "同僚 一郎" in newest
    assert f"GET {path.partition('?')[0]}<" in newest and "名前のない端末" in newest


def test_a_typed_name_never_stands_in_an_address(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page())
    answer = visit.post("/log", {"client": "志摩", "what": "seen"})
    assert answer.status_code == 303
    assert answer.location == f"/log?what=seen&client={office.facts.clients[0].hex()}"
    found = rows(visit, answer.location)
    assert found and all(NAMES[0] in row for row in found)


def test_a_name_that_several_have_asks_which(visit: Visit, office: Office) -> None:
    desk = office.desk()
    clients.create(desk, desk.client_compartments()[0], household("志摩 次郎", "シマ ジロウ"))
    visit.get("/log")
    page = visit.post("/log", {"client": "志摩", "unusual": "1"}).get_data(as_text=True)
    choices = re.findall(r'<li><a href="/log\?unusual=1&amp;client=[0-9a-f]{32}"[^>]*>(.*?)</a>', page)
    assert choices == ["志摩 次郎", NAMES[0]]
    missing = visit.post("/log", {"client": "いない名前"})
    assert missing.status_code == 400
    page = missing.get_data(as_text=True)
    assert "見つかりません" in page and 'value="いない名前"' in page


def test_days_are_typed_as_people_write_them(visit: Visit) -> None:
    visit.get("/log")
    answer = visit.post("/log", {"since": "R8.11.18", "until": "令和8年11月18日"})
    assert answer.location == "/log?since=2026-11-18&until=2026-11-18"
    assert rows(visit, answer.location)
    assert rows(visit, "/log?since=2026-11-19") == []
    assert rows(visit, "/log?until=2026-11-17") == []
    wrong = visit.post("/log", {"since": "R8.11.18", "until": "R8.11.17"})
    assert wrong.status_code == 400 and "より後の日" in wrong.get_data(as_text=True)


def test_filters_by_act_and_person(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page())
    signing_in = rows(visit, "/log?what=signed-in")
    assert signing_in and not any("画面を開いた" in row for row in signing_in)
    assert rows(visit, f"/log?person={office.facts.person.hex()}&what=seen")
    assert rows(visit, f"/log?person={'0' * 32}") == []


def test_the_unusual_alone(visit: Visit, office: Office) -> None:
    office.clock.now = datetime(2026, 11, 20, 23, tzinfo=JAPAN).timestamp()
    visit.sign_in()
    visit.get(visit.client_page())
    marked = rows(visit, "/log?unusual=1")
    assert marked and all('class="warn"' in row for row in marked)
    assert any("夜間" in row and NAMES[0] in row for row in marked)


@pytest.mark.parametrize("query", ["person=x", "client=../x", "what=all", "since=2026-13-01", "until=soon", "person=" + "0" * 31])
def test_an_address_that_means_nothing_is_not_found(visit: Visit, query: str) -> None:
    assert visit.get(f"/log?{query}").status_code == 404


def test_older_entries_follow(visit: Visit, office: Office) -> None:
    for _ in range(101):
        office.clock.tick(1)
        visit.get(visit.client_page())
    first = visit.get("/log").get_data(as_text=True)
    older = re.search(r'href="(/log\?before=\d+)"', first)
    assert older is not None and len(_ROW.findall(first)) == 100
    then = rows(visit, older[1])
    assert then and not set(then) & set(_ROW.findall(first))


# --- inspections


def test_a_month_is_signed_printed_and_added_to(visit: Visit, office: Office) -> None:
    next_month(office, visit, 12)
    listed = visit.get("/inspections").get_data(as_text=True)
    assert "令和8年11月" in listed and "未署名" in listed
    page = visit.get(f"/inspections/month?m={BEGUN}").get_data(as_text=True)
    assert "最初から最後までつながっています" in page and "署名する" in page
    missing = visit.post("/inspections/month", {"m": BEGUN, "findings": "見た", "result": "要対応"})
    assert missing.status_code == 400 and "決めたことを入力" in missing.get_data(as_text=True)
    said = {"m": BEGUN, "findings": "<b>拒否</b>を確かめた", "result": "問題なし"}
    assert visit.post("/inspections/month", said).status_code == 303
    page = visit.get(f"/inspections/month?m={BEGUN}").get_data(as_text=True)
    assert "&lt;b&gt;拒否&lt;/b&gt;を確かめた" in page and "署名する" not in page
    again = visit.post("/inspections/month", said)
    assert again.status_code == 409 and "先に署名しました" in again.get_data(as_text=True)
    assert visit.post("/inspections/note", {"m": BEGUN, "text": "あとから"}).status_code == 303
    assert "署名済み" in visit.get("/inspections").get_data(as_text=True)
    assert visit.get(f"/inspections/print?m={BEGUN}").status_code == 200
    order = {"purpose": "社内利用", "addressee": "みなと保険事務所", "copies": "1"}
    sheet = visit.post(f"/inspections/print?m={BEGUN}", order).get_data(as_text=True)
    assert "P-000001" in sheet and "点検記録" in sheet and "あとから" in sheet and "&lt;b&gt;拒否" in sheet


def test_a_month_that_goes_on_cannot_be_signed(visit: Visit) -> None:
    page = visit.get(f"/inspections/month?m={BEGUN}").get_data(as_text=True)
    assert "まだ終わっていません" in page and "署名する" not in page
    said = {"m": BEGUN, "findings": "見た", "result": "問題なし"}
    answer = visit.post("/inspections/month", said)
    assert answer.status_code == 409 and "月が終わってから" in answer.get_data(as_text=True)


@pytest.mark.parametrize("month", ["2026-10", "2026-12", "x", "2026-99"])
def test_a_month_the_office_does_not_have_is_not_found(visit: Visit, month: str) -> None:
    assert visit.get(f"/inspections/month?m={month}").status_code == 404
    assert visit.post("/inspections/note", {"m": month, "text": "x"}).status_code == 404
