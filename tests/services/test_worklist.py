"""今日の仕事: the list, what is done about its lines, by days and on paper. That it is complete after whatever was done on
whatever worker is in test_search.py, beside the search that it shares its segments with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.offices import NAMES, Office, household
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.clients import Corporation
from vault.domain.policies import Policy
from vault.domain.prints import OfficeOrder
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.domain.worklist import LATE, OTHERS, OWN, PARTS, SOON, Choice, Line, Sort
from vault.errors import Forbidden, NotFound, Refused
from vault.services import bin, clients, policies, today
from vault.services.accounts import compartments, rules
from vault.services.safe import Desk
from vault.services.worklist import lines, months, sheets, tasks
from vault.services.worklist.lines import Listed

TODAY = date(2026, 11, 18)  # as the clock of the tests says
ORDER = OfficeOrder(purpose="社内利用", addressee="計測保険", copies=1)


def listed(desk: Desk, part: str = SOON, page: int = 1) -> Listed:
    work = today.today(desk, part, page).work
    assert work is not None
    return work


def ends(desk: Desk, client: bytes, policy: bytes, day: date, **more: object) -> Policy:
    """A policy that lives and ends on a day."""
    page = policies.get(desk, client, policy)
    changed = replace(page.held.policy, end=TypedDate.of(day), **more)  # type: ignore[arg-type]
    policies.save(desk, client, policy, changed, page.held.version)
    return changed


@pytest.fixture
def due(office: Office) -> tuple[Office, bytes, bytes]:
    """An office one of whose policies ends in 20 days."""
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    ends(office.desk(), client, policy, TODAY + timedelta(days=20))
    return office, client, policy


def only(desk: Desk, part: str = SOON) -> lines.Shown:
    [row] = listed(desk, part).rows
    return row


def test_a_policy_stands_in_the_window_in_which_it_ends_and_in_no_other(due: tuple[Office, bytes, bytes]) -> None:
    office, client, policy = due
    shown = only(office.desk())
    assert (shown.line.owner, shown.line.record, shown.line.sort) == (client, policy, Sort.MATURITY)
    assert shown.about.policy is not None and shown.client.name == NAMES[0]
    ends(office.desk(), client, policy, TODAY + timedelta(days=31))
    assert listed(office.desk()).total == 0
    lines.choose(office.desk(), Choice(days=60))
    assert listed(office.desk()).total == 1 and listed(office.desk(), "ends").total == 1
    ends(office.desk(), client, policy, TODAY + timedelta(days=31), state="失効")
    assert listed(office.desk()).total == 0


def test_what_is_past_stays_until_somebody_says_that_it_is_done(due: tuple[Office, bytes, bytes]) -> None:
    office, client, policy = due
    ends(office.desk(), client, policy, date(2001, 1, 1))
    assert (listed(office.desk()).total, only(office.desk(), LATE).line.day) == (0, date(2001, 1, 1))
    tasks.finish(office.desk(), only(office.desk(), LATE).line, TODAY)
    assert listed(office.desk(), LATE).total == 0 and only(office.desk(), "done").answers == Line(Sort.MATURITY, date(2001, 1, 1), client, policy)


def test_a_line_is_put_off_noted_handed_over_done_and_taken_back(due: tuple[Office, bytes, bytes]) -> None:
    office, client, _policy = due
    line = only(office.desk()).line
    tasks.put_off(office.desk(), line, TODAY + timedelta(days=40))
    assert listed(office.desk()).total == 0  # nowhere in 30 days, but not lost
    lines.choose(office.desk(), Choice(days=90))
    shown = only(office.desk())
    assert (shown.line.sort, shown.answers, shown.gone) == (Sort.TASK, line, False) and shown.about.policy is not None
    tasks.answer(office.desk(), shown.line, Task(due=TypedDate.of(TODAY), assignee="佐々木 恵", note="来週電話"), None)
    shown = only(office.desk())
    assert shown.task is not None and (shown.task.assignee, shown.task.note, shown.line.day) == ("佐々木 恵", "来週電話", TODAY)
    task = tasks.finish(office.desk(), shown.line, TODAY)
    assert listed(office.desk()).total == 0
    tasks.reopen(office.desk(), client, task)
    assert only(office.desk()).line.record == task
    assert [number for number, _, _ in tasks.get(office.desk(), client, task).written] == [4, 3, 2, 1]


def test_what_was_only_said_to_be_done_is_as_it_was_when_that_is_taken_back(due: tuple[Office, bytes, bytes]) -> None:
    office, client, _policy = due
    before = only(office.desk())
    task = tasks.finish(office.desk(), before.line, TODAY)
    tasks.reopen(office.desk(), client, task)
    assert (only(office.desk()).line, only(office.desk()).task) == (before.line, None)
    with pytest.raises(NotFound):
        tasks.get(office.desk(), client, task)
    task = tasks.answer(office.desk(), before.line, Task(due=TypedDate.of(before.line.day), note="済み、電話で"), TypedDate.of(TODAY))
    tasks.reopen(office.desk(), client, task)
    assert only(office.desk()).line.record == task


def test_when_the_policy_says_another_day_the_new_line_stands_beside_the_old_task(due: tuple[Office, bytes, bytes]) -> None:
    office, client, policy = due
    tasks.put_off(office.desk(), only(office.desk()).line, TODAY + timedelta(days=1))
    ends(office.desk(), client, policy, TODAY + timedelta(days=5))
    first, second = listed(office.desk()).rows
    assert (first.gone, first.line.sort) == (True, Sort.TASK) and second.line.sort is Sort.MATURITY


def test_nobody_can_answer_a_line_that_no_record_speaks_of(due: tuple[Office, bytes, bytes]) -> None:
    office, _client, _policy = due
    line = only(office.desk()).line
    for forged in (replace(line, day=TODAY), replace(line, sort=Sort.PEAK), replace(line, record=bytes(16)), replace(line, owner=bytes(16))):
        with pytest.raises(NotFound):
            tasks.finish(office.desk(), forged, TODAY)
    assert listed(office.desk()).total == 1


def test_who_lies_in_the_bin_has_no_work_and_gets_it_back(due: tuple[Office, bytes, bytes]) -> None:
    office, client, policy = due
    held = policies.get(office.desk(), client, policy).held
    bin.put(office.desk(), client, policy, held.version)
    assert listed(office.desk()).total == 0
    bin.bring_back(office.desk(), client, policy)
    assert listed(office.desk()).total == 1


def test_duties_opportunities_and_handlers_are_told_apart(due: tuple[Office, bytes, bytes]) -> None:
    office, client, policy = due
    other = office.facts.policies[0][1]
    ends(office.desk(), client, other, TODAY + timedelta(days=3), handled_by="他代理店", other_agency="となり保険", solicitor="佐々木 恵")

    def records(**more: Any) -> set[bytes]:
        lines.choose(office.desk(), Choice(**more))
        return {row.line.record for row in listed(office.desk()).rows}

    assert records() == {policy, other} and records(whose=OWN) == {policy} and records(whose=OTHERS) == {other}
    assert records(handler="佐々木恵") == {other} and records(handler="佐々木") == set()
    assert records(handler="だれか") == set()


def test_a_task_of_ones_own_stands_in_the_list_with_its_policy(office: Office) -> None:
    client, policy = office.facts.clients[1], office.facts.policies[1][0]
    tasks.create(office.desk(), client, Task(what="見積を送る", due=TypedDate.of(TODAY), policy=policy.hex()))
    shown = only(office.desk())
    assert shown.task is not None and shown.task.what == "見積を送る" and shown.about.policy is not None
    assert [held.task.what for held in clients.get(office.desk(), client).tasks] == ["見積を送る"]


def test_another_compartments_work_is_nobodys_here(due: tuple[Office, bytes, bytes]) -> None:
    office, _client, _policy = due
    branch = compartments.make(office.desk(), "支店")
    out = join(office, Role.HANDLER, (branch,), "担当 外男")
    desk = out.desk(office)
    assert listed(desk).total == 0 and months.month(desk, Choice(), TODAY.replace(month=12, day=1), None, 1).days == {}
    with pytest.raises(NotFound):
        tasks.finish(desk, only(office.desk()).line, TODAY)
    auditor = join(office, Role.AUDITOR, (), "監査 三郎").desk(office)
    assert today.today(auditor).work is None
    with pytest.raises(Forbidden):
        lines.parts(auditor, Choice(), SOON, TODAY)


def test_fifty_stand_on_a_page_and_the_counts_tell_all(office: Office) -> None:
    client = office.facts.clients[0]
    for n in range(53):
        tasks.create(office.desk(), client, Task(what=f"やること{n:02}", due=TypedDate.of(TODAY + timedelta(days=n % 30))))
    first, last = listed(office.desk()), listed(office.desk(), SOON, 99)
    assert (first.total, first.pages, len(first.rows), len(last.rows), last.page) == (53, 2, 50, 3, 2)
    days = [row.line.day for row in (*first.rows, *last.rows)]
    assert days == sorted(days) and first.counts["tasks"] == 53 and set(first.counts) == set(PARTS)


# --- by days


def corporation(office: Office, name: str, closing: str) -> bytes:
    [room] = office.desk().client_compartments()
    return clients.create(office.desk(), room, Corporation(name=name, kana="ミナト", compartment="", closing_day=closing))


def test_the_calendar_counts_each_day_and_shows_one(due: tuple[Office, bytes, bytes]) -> None:
    office, _client, policy = due
    day = TODAY + timedelta(days=20)
    found = months.month(office.desk(), Choice(), day.replace(day=1), day, 1)
    assert found.days[day][Sort.MATURITY] == 1 and [row.line.record for row in found.rows] == [policy]
    assert sum(months.month(office.desk(), Choice(), date(2026, 5, 1), None, 1).days[date(2026, 5, 3)].values()) >= 1  # birthdays


def test_corporations_stand_in_the_month_in_which_they_close_their_books_done_or_not(office: Office) -> None:
    march, december = corporation(office, "㈱みなと運輸", "3月31日"), corporation(office, "㈱まほろば", "12月20日")
    found = months.closings(office.desk(), Choice(), TODAY, date(2027, 3, 1), 1)
    assert [(row.owner, row.day) for row in found.rows] == [(march, date(2027, 3, 31))] and len(found.counts) == 12
    assert found.counts[date(2026, 12, 1)] == 1 and sum(found.counts.values()) == 2
    tasks.finish(office.desk(), Line(Sort.CLOSING, date(2026, 12, 20), december, december), TODAY)
    assert months.closings(office.desk(), Choice(), TODAY, date(2026, 12, 1), 1).rows[0].owner == december
    assert listed(office.desk(), "closing").total == 0


# --- on paper


def test_a_printed_list_has_a_number_and_counts_the_clients_on_it(due: tuple[Office, bytes, bytes]) -> None:
    office, _client, _policy = due
    made = sheets.print_part(office.desk(), "ends", ORDER, TODAY)
    assert made.total == 1 and made.sheet.sheet == "満期・更改・更新一覧" and made.sheet.serial == 1
    corporation(office, "㈱みなと運輸", "3月31日")
    closing = sheets.print_closings(office.desk(), date(2027, 3, 1), ORDER, TODAY)
    assert (closing.sheet.serial, closing.total, closing.rows[0].client.name) == (2, 1, "㈱みなと運輸")


def test_where_sheets_are_approved_no_list_of_clients_leaves(due: tuple[Office, bytes, bytes]) -> None:
    office, _, _ = due
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))
    with pytest.raises(Refused) as refused:
        sheets.print_part(office.desk(), SOON, ORDER, TODAY)
    assert refused.value.code == "worklist-approval"


def test_household_names_are_read_for_the_people_of_a_line(office: Office) -> None:
    [room] = office.desk().client_compartments()
    record = household("八重樫 健", "ヤエガシ")
    members = tuple(replace(member, birth=TypedDate.of(date(1990, 12, 1))) for member in record.members)
    client = clients.create(office.desk(), room, replace(record, members=members))
    shown = next(row for row in listed(office.desk(), "birthday").rows if row.line.owner == client)
    assert [(member.name, age) for member, age in shown.about.people] == [("八重樫 健", 36)]
    assert lines.one(office.desk(), client, Sort.BIRTHDAY, client, shown.nth) == shown
