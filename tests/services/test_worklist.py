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
from vault.domain.prints import OfficeOrder, Outcome, TakeOut
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.domain.values.moments import DAY
from vault.domain.worklist import LATE, OTHERS, OWN, PARTS, SOON, Choice, Line, Sort
from vault.errors import Forbidden, NotFound, Refused
from vault.services import bin, clients, ledger, ledger_notes, ledger_rows, policies, retention, today
from vault.services.accounts import compartments, rules
from vault.services.acts import Act
from vault.services.safe import Desk
from vault.services.worklist import elsewhere, lines, months, sheets, tasks
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


# --- lines that stand in no record of the client


def taken_out(office: Office, client: bytes = b"") -> int:
    """Something that is to be back in a week; returns its number."""
    thing = TakeOut(thing="書類", description="封筒", people=1, purpose="客先持参", place="渋谷")
    return ledger_notes.take_out(office.desk(), thing, client)


def test_what_left_and_is_not_back_is_a_line_like_any_other(office: Office) -> None:
    client = office.facts.clients[0]
    serial = taken_out(office, client)
    taken_out(office)  # nobody's: the ledger tells of it
    assert listed(office.desk()).total == 0  # what a day begins with
    [shown] = listed(office.desk(), "tasks").rows
    assert (shown.line.sort, shown.line.owner, shown.line.day) == (Sort.PRINT, client, TODAY + timedelta(days=7))
    assert shown.about.out is not None and shown.about.out.entry.serial == serial
    office.clock.tick(9 * DAY)
    assert only(office.desk(), LATE).line == shown.line
    task = tasks.answer(office.desk(), shown.line, Task(due=TypedDate.of(TODAY + timedelta(days=12)), note="封筒は金曜に"), None)
    answered = only(office.desk())
    assert listed(office.desk(), LATE).total == 0 and (answered.line.record, answered.answers, answered.gone) == (task, shown.line, False)
    ledger_notes.note_outcome(office.desk(), serial, Outcome(outcome="返却"), 1)
    assert only(office.desk()).gone
    with pytest.raises(NotFound):
        tasks.finish(office.desk(), replace(shown.line, record=bytes(16)), TODAY)


def test_a_row_that_does_not_say_whose_it_is_is_a_line_as_well(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client = office.facts.clients[0]
    for earlier in ("ledger", "ledger-out 2026-11-25"):
        with monkeypatch.context() as patch:
            patch.setattr(ledger_rows, "_kind", lambda entry, earlier=earlier: earlier)
            taken_out(office, client)
    assert taken_out(office, client) == 3
    assert [row.line.sort for row in listed(office.desk(), "tasks").rows] == [Sort.PRINT] * 3


def test_the_days_on_which_it_is_to_be_back_are_found_without_opening_anything(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        taken_out(office, office.facts.clients[0])
    office.clock.tick(9 * DAY)
    desk = office.desk()
    lines.parts(desk, Choice(), SOON, TODAY)  # brings up the search segments
    monkeypatch.setattr(ledger, "opened", None)
    monkeypatch.setattr(elsewhere, "opened", None)
    monkeypatch.setattr(Act, "read_one", None)
    assert lines.parts(desk, Choice(), SOON, TODAY + timedelta(days=9))[0][LATE] == 3


def test_whose_term_ends_is_a_line_for_who_may_erase_him(office: Office) -> None:
    first, second = office.facts.clients
    keep_until(office, first, TODAY + timedelta(days=19))
    keep_until(office, second, TODAY + timedelta(days=70))
    retention.look(office.desk())
    shown = only(office.desk())
    assert (shown.line.sort, shown.line.owner, shown.line.day) == (Sort.RETENTION, first, TODAY + timedelta(days=20))
    assert shown.about.term is not None and shown.about.term.why == "own-day"
    lines.choose(office.desk(), Choice(days=90))
    assert [row.line.owner for row in listed(office.desk()).rows] == [first, second]
    handler = join(office, Role.HANDLER, (office.desk().client_compartments()[0],), "担当 内男")
    assert listed(handler.desk(office)).total == 0
    with pytest.raises(NotFound):
        tasks.finish(handler.desk(office), shown.line, TODAY)
    task = tasks.answer(office.desk(), shown.line, Task(due=shown_day(shown), assignee="担当 内男"), None)
    [handed] = listed(handler.desk(office)).rows
    assert (handed.line.record, handed.gone) == (task, False)
    keep_until(office, second, TODAY + timedelta(days=71))  # the note is of before
    assert [row.line.record for row in listed(office.desk()).rows] == [task]


def shown_day(shown: lines.Shown) -> TypedDate:
    return TypedDate.of(shown.line.day)


def keep_until(office: Office, client: bytes, day: date) -> None:
    """A client without a policy that lives, whose term ends with a day."""
    page = clients.get(office.desk(), client)
    for held in page.policies:
        policies.save(office.desk(), client, held.id, replace(held.policy, state="解約", state_date=TypedDate.of(date(2010, 4, 1))), held.version)
    clients.save(office.desk(), client, replace(page.client, retention_until=TypedDate.of(day)), page.version)


def test_those_lines_follow_handler_compartment_and_bin(office: Office) -> None:
    first, second = office.facts.clients
    page = clients.get(office.desk(), first)
    clients.save(office.desk(), first, replace(page.client, handler="佐々木 恵"), page.version)
    for client in (first, second):
        taken_out(office, client)

    def owners(desk: Desk, **more: Any) -> list[bytes]:
        lines.choose(desk, Choice(**more))
        return sorted(row.line.owner for row in listed(desk, "tasks").rows)

    room = office.desk().client_compartments()[0].hex()
    assert owners(office.desk()) == owners(office.desk(), whose=OWN, compartment=room) == sorted([first, second])
    assert owners(office.desk(), handler="佐々木恵") == [first] and owners(office.desk(), whose=OTHERS) == []
    assert owners(office.desk(), handler="だれか") == [] and owners(office.desk(), compartment=bytes(16).hex()) == []
    branch = compartments.make(office.desk(), "支店")
    assert owners(join(office, Role.HANDLER, (branch,), "担当 外男").desk(office)) == []
    assert months.month(office.desk(), Choice(), TODAY.replace(day=1), None, 1).days[TODAY + timedelta(days=7)] == {Sort.PRINT: 2}
    bin.put(office.desk(), first, first, clients.get(office.desk(), first).version)
    assert owners(office.desk()) == [second]
    assert [row.entry.serial for row in today.today(later(office, 9).desk()).papers.overdue] == [1]


def later(office: Office, days: int) -> Office:
    office.clock.tick(days * DAY)
    return office


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
