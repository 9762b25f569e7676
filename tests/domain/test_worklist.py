"""What falls due, by the records alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain.clients import Corporation, Household, Member
from vault.domain.policies import Policy
from vault.domain.policies import choices as c
from vault.domain.policies.rows import Coverage, Rider, SurrenderValue
from vault.domain.tasks import Task
from vault.domain.values import TypedDate, insurance_age, next_insurance_age, read_term
from vault.domain.worklist import (
    PARTS,
    Due,
    Line,
    Sort,
    in_leap_year,
    of_client,
    of_policy,
    of_task,
    people_of,
    since,
    still_due,
    stretch,
    this_year,
)

TODAY = date(2026, 11, 22)
PERSON = Member(id="11" * 16, name="志摩 海斗", kana="シマ カイト", relationship="本人", birth=TypedDate.of(date(1979, 5, 3)))
FAMILY = Household(name="志摩", kana="シマ", compartment="", members=(PERSON,))
LIFE = Policy(
    insurer="日本生命", policy_number="1", kind="定期", state=c.IN_FORCE, handled_by="自社", premium=1000, mode="月",
    contract_date=TypedDate.of(date(2008, 6, 1)), term=read_term("20年"), payment_term=read_term("10年"),
)  # fmt: skip
days = st.dates(date(1930, 1, 1), date(2035, 12, 31))


def day(sort: Sort, policy: Policy) -> list[date]:
    return [due.day for due in of_policy(policy, FAMILY) if due.sort is sort]


# --- policies


def test_a_living_policy_falls_due_with_its_maturity_and_the_end_of_its_payments() -> None:
    assert day(Sort.MATURITY, LIFE) == [date(2028, 6, 1)] and day(Sort.PAYMENT_END, LIFE) == [date(2018, 6, 1)]


@pytest.mark.parametrize("state", [s for s in c.STATES if s not in c.LIVING])
def test_a_policy_that_does_not_live_has_nothing_due(state: str) -> None:
    assert of_policy(replace(LIFE, state=state), FAMILY) == ()


@pytest.mark.parametrize("state", [c.PAID_UP_TERM, c.PAID_UP, c.EXTENDED])
def test_where_nothing_is_paid_any_more_no_payment_ends(state: str) -> None:
    assert day(Sort.PAYMENT_END, replace(LIFE, state=state)) == [] and day(Sort.MATURITY, replace(LIFE, state=state))


def test_cover_for_life_never_matures_and_a_single_premium_never_ends() -> None:
    assert of_policy(replace(LIFE, term=read_term("終身"), mode=c.SINGLE), FAMILY) == ()


def test_riders_and_covers_that_renew_at_another_day_than_the_policy_are_due_themselves() -> None:
    rider = Rider(name="入院特約", renewal=TypedDate.of(date(2027, 1, 5)))
    same = Coverage(name="死亡", renewal=TypedDate.of(date(2028, 6, 1)))
    assert day(Sort.RENEWAL, replace(LIFE, riders=(rider,), coverages=(same,))) == [date(2027, 1, 5)]


def test_the_best_year_of_the_surrender_values_is_due_at_its_end() -> None:
    table = tuple(SurrenderValue(policy_year=y, premiums_paid=100 * y, surrender_value=v) for y, v in ((1, 50), (9, 880), (10, 900)))
    assert day(Sort.PEAK, replace(LIFE, surrender_promised=table)) == [date(2017, 6, 1)]


# --- what comes every year


@given(days, st.dates(date(2020, 1, 1), date(2034, 1, 1)))
def test_the_insurance_age_rises_on_the_day_that_is_kept(birth: date, today: date) -> None:
    client = replace(FAMILY, members=(replace(PERSON, birth=TypedDate.of(birth)),))
    if birth > today:
        return
    [kept] = [due.day for due in of_client(client) if due.sort is Sort.AGE]
    wanted = next_insurance_age(birth, today)
    assert this_year(Sort.AGE, kept, wanted.year) == wanted
    [(member, age)] = people_of(client, Line(Sort.AGE, wanted, b"", b""))
    assert (member.birth, age) == (TypedDate.of(birth), insurance_age(birth, wanted))


@given(st.sampled_from([Sort.CLOSING, Sort.AGE, Sort.BIRTHDAY]), days, st.integers(0, 500))
def test_no_day_of_a_stretch_is_left_out_in_the_year_2000(sort: Sort, first: date, length: int) -> None:
    last = first + timedelta(days=length)
    stretches = list(in_leap_year(first, last))
    for n in range(366):
        kept = date(2000, 1, 1) + timedelta(days=n)
        for year in range(first.year, last.year + 1):
            if first <= this_year(sort, kept, year) <= last:
                assert any(a <= kept <= b and y == year for a, b, y in stretches), (kept, year)


def test_a_corporation_closes_its_books_once_or_every_month_and_the_dead_have_no_birthday() -> None:
    firm = Corporation(name="㈱みなと", kana="ミナト", compartment="", closing_day="2月末", members=())
    assert of_client(firm) == (Due(Sort.CLOSING, date(2000, 2, 29)),) and this_year(Sort.CLOSING, date(2000, 2, 29), 2027) == date(2027, 2, 28)
    assert len(of_client(replace(firm, closing_day="20日締め"))) == 12
    gone = replace(PERSON, death=TypedDate.of(date(2020, 1, 1)))
    assert of_client(replace(FAMILY, members=(gone,))) == ()


def test_a_closing_is_work_for_two_months_more() -> None:
    assert since(Sort.CLOSING, TODAY) == date(2026, 9, 22) and since(Sort.MATURITY, TODAY) == TODAY


# --- tasks and lines


def test_a_task_stands_on_its_day_until_it_is_done_and_answers_its_line_for_good() -> None:
    line = Line(Sort.MATURITY, date(2026, 12, 1), b"o" * 16, b"r" * 16)
    task = Task(due=TypedDate.of(date(2027, 1, 4)), line=line.key)
    assert of_task(task) == (Due(Sort.TASK, date(2027, 1, 4)), Due(Sort.ANSWERED, date(2026, 12, 1)))
    done = replace(task, done=TypedDate.of(TODAY))
    assert of_task(done) == (Due(Sort.DONE, TODAY), Due(Sort.ANSWERED, date(2026, 12, 1)))
    assert Line.of(b"o" * 16, task.line) == line


@pytest.mark.parametrize("key", ["", "maturity", "nothing:" + "00" * 16 + ":2026-01-01", "maturity:zz:2026-01-01", "maturity:" + "00" * 16 + ":2026-13-01"])
def test_what_is_no_key_of_a_line_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        Line.of(b"", key)


def test_a_line_is_gone_when_the_record_says_another_day() -> None:
    line = Line(Sort.MATURITY, date(2028, 6, 1), b"", b"")
    assert still_due(of_policy(LIFE, FAMILY), line)
    assert not still_due(of_policy(replace(LIFE, term=read_term("25年")), FAMILY), line)


def test_every_part_has_its_days_and_nothing_that_falls_due_is_in_no_part() -> None:
    assert all(stretch(part, 30, TODAY)[0] <= stretch(part, 30, TODAY)[1] for part in PARTS)
    assert {sort for sorts in PARTS.values() for sort in sorts} == set(Sort) - {Sort.ANSWERED}
