"""How long a client is kept: while a policy may pay, then for years; a hold keeps him longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain import bin, retention
from vault.domain.clients import Hold, Household
from vault.domain.policies import Policy
from vault.domain.policies.choices import ENDED, LAPSED, LIVING
from vault.domain.retention import (
    OFFICE_YEARS,
    OWN_DAY,
    OWN_YEARS,
    due_from,
    end_of,
    holds_on,
    term_of,
    years_later,
)
from vault.domain.values import TypedDate

CLIENT = Household(name="志摩 海斗", kana="シマ カイト", compartment="")
WRITTEN = date(2020, 5, 1)


def typed(day: date) -> TypedDate:
    return TypedDate(day.isoformat(), day)


def policy(state: str, on: date | None = None, **more: TypedDate) -> Policy:
    told: dict[str, Any] = {
        "kind": "終身", "insurer": "日本生命", "policy_number": "N-01", "handled_by": "自社", "premium": None, "mode": "月",
        "state": state, "state_date": typed(on) if on else None, **more,
    }  # fmt: skip
    return Policy(**told)


@pytest.mark.parametrize("state", sorted(LIVING))
def test_a_client_with_a_living_policy_is_kept_whatever_else_is_said(state: str) -> None:
    client = replace(CLIENT, retention_years=0, retention_until=typed(date(2000, 1, 1)))
    over = (policy(ENDED, date(1999, 1, 1)), WRITTEN)
    term = term_of(client, [over, (policy(state), WRITTEN)], WRITTEN, 10)
    assert term.last is None and not term.is_over(date(2999, 1, 1))


def test_the_years_count_from_the_end_of_the_last_policy() -> None:
    ends = [(policy(ENDED, date(2010, 3, 1)), WRITTEN), (policy(ENDED, date(2012, 2, 29)), WRITTEN)]
    term = term_of(CLIENT, ends, WRITTEN, 10)
    assert (term.last, term.why, term.ended) == (date(2022, 2, 28), OFFICE_YEARS, date(2012, 2, 29))
    assert not term.is_over(date(2022, 2, 28)) and term.is_over(date(2022, 3, 1)) and due_from(term) == date(2022, 3, 1)


def test_the_clients_own_years_and_day_come_before_the_offices() -> None:
    ends = [(policy(ENDED, date(2015, 6, 1)), WRITTEN)]
    assert term_of(replace(CLIENT, retention_years=3), ends, WRITTEN, 10).last == date(2018, 6, 1)
    assert term_of(replace(CLIENT, retention_years=0), ends, WRITTEN, 10).last == date(2015, 6, 1)
    by_day = term_of(replace(CLIENT, retention_until=typed(date(2016, 1, 1))), ends, WRITTEN, 10)
    assert (by_day.last, by_day.why) == (date(2016, 1, 1), OWN_DAY)
    both = term_of(replace(CLIENT, retention_until=typed(date(2016, 1, 1)), retention_years=5), ends, WRITTEN, 10)
    assert (both.last, both.why) == (date(2020, 6, 1), OWN_YEARS)


def test_a_policy_over_without_a_day_counts_from_when_that_was_written() -> None:
    assert end_of(policy(ENDED), CLIENT, WRITTEN) == WRITTEN
    assert end_of(policy(ENDED, end=typed(date(2024, 1, 1))), CLIENT, WRITTEN) == date(2024, 1, 1)
    assert end_of(policy(ENDED, date(2019, 1, 1)), CLIENT, WRITTEN) == date(2019, 1, 1)


def test_a_lapsed_policy_may_be_restored_until_its_day() -> None:
    lapsed = policy(LAPSED, date(2019, 1, 1), restorable_until=typed(date(2022, 1, 1)))
    assert end_of(lapsed, CLIENT, WRITTEN) == date(2022, 1, 1)


def test_a_client_without_policies_counts_from_when_he_was_written() -> None:
    assert term_of(CLIENT, [], WRITTEN, 10).last == date(2030, 5, 1)


def test_a_hold_counts_through_its_last_day() -> None:
    until, endless = Hold(reason="訴訟", until=typed(date(2026, 3, 31))), Hold(reason="調査")
    assert holds_on([until, endless], date(2026, 3, 31)) == [until, endless]
    assert holds_on([until, endless], date(2026, 4, 1)) == [endless]


@given(st.dates(), st.integers(0, 50))
def test_some_years_later_is_the_same_day_or_the_last_before_it(day: date, years: int) -> None:
    later = years_later(day, years)
    assert later >= day
    assert later == date.max or later.year == day.year + years
    assert later == date.max or later.month == day.month and day.day - later.day in (0, 1)


@given(st.lists(st.dates(date(1950, 1, 1), date(2080, 1, 1)), min_size=1, max_size=6), st.integers(0, 50))
def test_one_policy_more_never_makes_the_term_shorter(days: list[date], years: int) -> None:
    ends = [(policy(ENDED, day), WRITTEN) for day in days]
    fewer, all_of_them = term_of(CLIENT, ends[1:], date(1940, 1, 1), years), term_of(CLIENT, ends, date(1940, 1, 1), years)
    assert fewer.last is not None and all_of_them.last is not None and fewer.last <= all_of_them.last
    assert not all_of_them.is_over(all_of_them.last) and all_of_them.is_over(all_of_them.last + timedelta(days=1))


def test_the_bin_keeps_for_whole_days() -> None:
    assert not bin.is_over(1000, 30, 1000 + 30 * 86400 - 1) and bin.is_over(1000, 30, 1000 + 30 * 86400)
    assert retention.YEARS == 10 and bin.DAYS == 30
