"""今日の仕事 in a browser: parts, choices, what is done about a line, tasks, calendar, closings, sheets."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.support.offices import NAMES, Office
from tests.support.visits import Visit
from vault.domain.clients import Corporation
from vault.domain.prints import TakeOut
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.services import clients, ledger_notes, policies
from vault.services.worklist import tasks

TODAY = date(2026, 11, 18)  # as the clock of the tests says
ORDER = {"purpose": "社内利用", "addressee": "計測保険", "copies": "1"}


@pytest.fixture
def due(office: Office) -> bytes:
    """A policy that ends in 20 days."""
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    held = policies.get(office.desk(), client, policy).held
    ends = replace(held.policy, end=TypedDate.of(TODAY + timedelta(days=20)))
    policies.save(office.desk(), client, policy, ends, held.version)
    return policy


def text(visit: Visit, path: str = "/today") -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def form_of(page: str) -> dict[str, str]:
    """The hidden boxes of the first line's 済み."""
    form = re.search(r'action="/today/done">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    return dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', form[1]))


def test_a_line_is_done_with_one_click_and_taken_back_with_another(visit: Visit, due: bytes) -> None:
    page = text(visit)
    assert "あと20日" in page and NAMES[0] in page and page.count("<tr>") >= 1
    answer = visit.post("/today/done", form_of(page))
    assert answer.status_code == 303 and answer.location.startswith("/today?part=soon&said=done")
    after = text(visit, answer.location)
    assert "あと20日" not in after and "済みにしました" in after
    undo = dict(re.findall(r'name="(client|task)" value="([^"]*)"', after[after.index("/today/reopen") :]))
    answer = visit.post("/today/reopen", {**undo, "at": "0"})
    assert answer.status_code == 303 and answer.location == "/today?part=soon&said=reopened&at=0"
    again = text(visit, answer.location)
    assert "あと20日" in again and again.count("data-first") == 1


def test_a_line_is_put_off_with_a_note_and_says_when_it_was_due(visit: Visit, due: bytes) -> None:
    [link] = set(re.findall(r'href="(/clients/[0-9a-f]{32}/due/maturity/[0-9a-f]{32}/0)\?part=soon"', text(visit)))
    page = text(visit, link)
    assert "満期" in page and "令和8年12月8日" in page
    assert visit.post(link, {"due": "そのうち", "note": "消えない"}).status_code == 400
    refused = visit.post(link, {"due": "そのうち", "note": "消えない"}).get_data(as_text=True)
    assert "そのうち" in refused and "消えない" in refused
    assert visit.post(link, {"due": "2026-11-30", "assignee": "佐々木 恵", "note": "来週電話", "part": "ends"}).location == "/today?part=ends&said=kept"
    page = text(visit)
    assert "来週電話" in page and "もとの日 2026/12/08" in page and "あと12日" in page


def test_what_left_the_office_and_whose_term_ends_are_lines_with_the_way_to_where_they_are_seen_to(visit: Visit, office: Office) -> None:
    first, second = office.facts.clients
    thing = TakeOut(thing="書類", description="封筒", people=1, purpose="客先持参", place="渋谷")
    ledger_notes.take_out(office.desk(), thing, first)
    for held in clients.get(office.desk(), second).policies:
        over = replace(held.policy, state="解約", state_date=TypedDate.of(date(2010, 4, 1)))
        policies.save(office.desk(), second, held.id, over, held.version)
    office.clock.tick(9 * 24 * 60 * 60)
    visit.sign_in()
    late = text(visit, "/today?part=late")
    lines = late[late.index('id="work-lines"') : late.index("</table>")]
    assert lines.count("<tr>") == 1 + 2 and 'href="/ledger/1">P-000001</a> 書類 <span class="quiet">封筒</span>' in lines
    assert '<a href="/retention">消去するかを確かめる</a> <span class="quiet">最後の契約の終わり 2010/04/01</span>' in lines
    assert "返却予定を過ぎた印刷・持ち出し" not in late
    for path in re.findall(r'href="(/clients/[0-9a-f]+/due/(?:print|retention)/[^"]+)"', lines):
        page = text(visit, path)
        assert "済みにする" in page and ("P-000001" in page or "消去するかを確かめる" in page)
        assert visit.post(path.partition("?")[0], {"due": "2026/12/1", "note": "金曜に", "act": "", "part": "late"}).status_code == 303
    assert 'id="work-lines"' not in text(visit, "/today?part=late")
    soon = text(visit)
    assert soon.count("もとの日") == 2 and "もとの予定はなくなりました" not in soon
    order = {**ORDER, "purpose": "社内利用"}
    assert "P-000001 書類" in visit.post("/today/print?part=soon", order).get_data(as_text=True)


def test_what_one_chose_stands_in_no_address_and_is_there_the_next_time(visit: Visit, due: bytes) -> None:
    answer = visit.post("/today/choice", {"days": "30", "handler": "だれか 一郎", "whose": "own", "part": "ends"})
    assert answer.location == "/today?part=ends"
    page = text(visit)
    assert "あと20日" not in page and 'value="だれか 一郎"' in page
    visit.post("/today/choice", {"days": "7", "handler": "", "whose": "own"})
    assert 'value="だれか 一郎"' in text(visit), "7 days is no choice"
    visit.post("/today/choice", {"days": "90", "only": ""})
    assert "あと20日" in text(visit)


@pytest.mark.parametrize("line", ["", "maturity", "answered:" + "00" * 16 + ":2026-01-01", "x" * 10_000])
def test_a_made_up_line_is_no_line(visit: Visit, office: Office, line: str) -> None:
    visit.get("/today")
    assert visit.post("/today/done", {"client": office.facts.clients[0].hex(), "line": line}).status_code == 404


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_no_birthday_is_answered_in_a_year_that_nobody_lives_in(year: str, visit: Visit, office: Office) -> None:
    page = clients.get(office.desk(), office.facts.clients[0])
    born = replace(page.client.members[0], birth=TypedDate.of(date(1970, 1, 1)))
    clients.save(office.desk(), page.id, replace(page.client, members=(born,)), page.version)
    client = page.id.hex()
    visit.get("/today")
    assert visit.post("/today/done", {"client": client, "line": f"birthday:{client}:{year}-01-01"}).status_code == 404
    for nth, status in ((int(year), 404), (0, 404), (2027, 200)):
        assert visit.get(f"/clients/{client}/due/birthday/{client}/{nth}").status_code == status
    assert visit.get("/today?part=done").status_code == 200


@pytest.mark.parametrize("path", ["/today?part=nothing", "/today?page=-1", "/today?page=99", "/today?at=-5", "/today?at=99", "/today/calendar?m=9999-99", "/today/calendar?m=2026-11&d=x", "/today/closings?m=nothing&page=0"])
def test_nonsense_in_an_address_shows_the_page(visit: Visit, due: bytes, path: str) -> None:
    assert visit.get(path).status_code == 200


def test_a_task_is_written_down_changed_done_and_done_again(visit: Visit, office: Office) -> None:
    page = visit.client_page()
    visit.get(f"{page}/tasks/new")
    assert visit.post(f"{page}/tasks/new", {"what": "", "due": "2026-11-25"}).status_code == 400
    policy = office.facts.policies[0][0].hex()
    assert visit.post(f"{page}/tasks/new", {"what": "<b>見積</b>を送る", "due": "R8.11.25", "policy": policy}).status_code == 303
    [link] = set(re.findall(rf'href="({page}/tasks/[0-9a-f]{{32}})"', text(visit, page)))
    assert "&lt;b&gt;見積&lt;/b&gt;" in text(visit, link) and "<b>見積</b>" not in text(visit)
    form = {"what": "見積", "due": "2026-11-26", "note": "", "assignee": "", "version": "1"}
    assert visit.post(link, {**form, "act": "done"}).status_code == 303
    stale = visit.post(link, {**form, "what": "私の内容"})
    assert stale.status_code == 409 and "私の内容" in stale.get_data(as_text=True) and "ほかの人が先に" in stale.get_data(as_text=True)
    assert "済み" in text(visit, link) and visit.post(link, {**form, "version": "2", "act": "open"}).status_code == 303
    held = tasks.get(office.desk(), office.facts.clients[0], bytes.fromhex(link[-32:])).held
    assert held.task.open and held.task.policy == policy


def test_a_task_can_be_about_no_policy_of_somebody_else(visit: Visit, office: Office) -> None:
    page = visit.client_page()
    visit.get(f"{page}/tasks/new")
    foreign = office.facts.policies[1][0].hex()
    assert visit.post(f"{page}/tasks/new", {"what": "見積", "due": "R8.11.25", "policy": foreign}).status_code == 404
    assert clients.get(office.desk(), office.facts.clients[0]).tasks == []


def test_search_finds_tasks(visit: Visit, office: Office) -> None:
    tasks.create(office.desk(), office.facts.clients[0], Task(what="見積を送る", due=TypedDate.of(TODAY)))
    visit.get("/search")
    assert f"{visit.client_page()}/tasks/" in visit.post("/search", {"words": "見積"}).get_data(as_text=True)
    assert "/tasks/" not in visit.post("/search", {"words": "見積", "what": "policy"}).get_data(as_text=True)


def test_the_calendar_has_holidays_and_the_lines_of_a_day(visit: Visit, due: bytes) -> None:
    assert "勤労感謝の日" in text(visit, "/today/calendar?m=2026-11")
    page = text(visit, "/today/calendar?m=2026-12&d=2026-12-08")
    assert "満期 1" in page and NAMES[0] in page


def test_lists_are_printed_with_a_number_after_purpose_and_addressee(visit: Visit, office: Office, due: bytes) -> None:
    [room] = office.desk().client_compartments()
    clients.create(office.desk(), room, Corporation(name="㈱みなと運輸", kana="ミナト", compartment="", closing_day="3月31日"))
    assert "満期・更改・更新一覧" in text(visit, "/today/print?part=ends")
    assert visit.post("/today/print?part=ends", {}).status_code == 400
    sheet = visit.post("/today/print?part=ends", ORDER).get_data(as_text=True)
    assert "P-000001" in sheet and NAMES[0] in sheet and "令和8年12月8日" in sheet
    assert "㈱みなと運輸" in text(visit, "/today/closings?m=2027-03")
    sheet = visit.post("/today/closings/print?m=2027-03", ORDER).get_data(as_text=True)
    assert "P-000002" in sheet and "㈱みなと運輸" in sheet
    ledger = text(visit, "/ledger")
    assert "満期・更改・更新一覧" in ledger and "決算月別一覧" in ledger
