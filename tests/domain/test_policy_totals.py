"""Totals and list rows, to the yen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.test_clients import read_client
from tests.domain.test_policies import people, policy
from tests.samples import typing as sample
from vault.domain.clients import Client
from vault.domain.policies import Policy, read_policy
from vault.domain.policies.summary import lists, row
from vault.domain.policies.surrender import peak, value_on
from vault.domain.policies.totals import paid_to, totals, yearly


def of_client(name: str) -> tuple[Client, list[Policy]]:
    facts = sample.client_named(name)
    client = read_client(facts)
    found: list[Policy] = []
    for each in facts["policies"]:
        typed = sample.typed_policy(each)
        reading = read_policy(typed, client=client, others=found, confirmed=sample.confirmed(each))
        assert reading.record is not None, reading.faults
        found.append(reading.record)
    return client, found


@pytest.mark.parametrize(
    ("name", "monthly", "a_year"),
    [
        ("山田 太郎", 36_470, 523_580),
        ("髙橋 美咲", 12_000, 192_600),
        ("渡邉 一郎", 0, 8_825),
        ("𠮷田 葵", 0, 38_400),
        ("株式会社青葉製作所", 108_960, 7_828_820),
        ("有限会社はなみずき", 22_000, 544_000),
    ],
)
def test_the_sample_office_s_totals(name: str, monthly: int, a_year: int) -> None:
    client, policies = of_client(name)
    found = totals(policies, client)
    assert (found.monthly, found.yearly) == (monthly, a_year)


def test_foreign_currency_stands_apart() -> None:
    client, policies = of_client("髙橋 美咲")
    sums = totals(policies, client).foreign["USD"]
    assert (sums.monthly, sums.yearly) == (Decimal("152.40"), Decimal("1828.80"))


def test_a_single_premium_without_an_end_is_listed_apart() -> None:
    client, policies = of_client("渡邉 一郎")
    found = totals(policies, client)
    assert [each.product for each in found.without_end] == ["一時払終身"]
    assert (found.living, found.ended) == (3, 1)


@pytest.mark.parametrize(
    ("state", "expected"),
    [("有効", 149_760), ("払込満了", 0), ("払済", 0), ("延長", 0), ("失効", 0), ("消滅", 0), ("申込中", 0)],
)
def test_only_policies_in_force_cost_anything(state: str, expected: int) -> None:
    assert yearly(policy(state=state)) == expected


@pytest.mark.parametrize(
    ("mode", "premium", "term", "expected"),
    [
        ("月", "1,000", "終身", 12_000),
        ("半年", "1,000", "終身", 2_000),
        ("年", "1,000", "終身", 1_000),
        ("一時", "10,000", "3年", 3_333),
        ("一時", "10,000", "終身", None),
        ("一時", "10,000", "6か月", 10_000),
        ("前納", "10,000", "10年", 1_000),
        ("一時", "0", "終身", 0),
    ],
)
def test_a_year_s_equivalent_by_mode(mode: str, premium: str, term: str, expected: int | None) -> None:
    assert yearly(policy(mode=mode, premium=premium, term=term)) == expected


def test_a_passed_end_changes_no_total() -> None:
    assert yearly(policy(term="10年")) == 149_760


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("月年"), st.integers(0, 10**7)), max_size=6))
def test_totals_are_the_sum_of_their_policies(premiums: list[tuple[str, int]]) -> None:
    client = people()
    policies = [policy(client, mode=mode, premium=str(yen)) for mode, yen in premiums]
    found = totals(policies, client)
    assert found.monthly == sum(yen for mode, yen in premiums if mode == "月")
    assert found.yearly == sum(yen * (12 if mode == "月" else 1) for mode, yen in premiums)
    assert totals(policies[::-1], client).yearly == found.yearly


def test_a_row_says_what_the_list_shows() -> None:
    client, policies = of_client("山田 太郎")
    found = row(policies[0], client)
    assert (found.insurer, found.kind, found.product, found.number) == (
        "日本生命",
        "終身",
        "終身保険",
        "1234-567890",
    )
    assert [each.name for each in found.policyholders + found.insured] == ["山田 太郎", "山田 太郎"]
    assert [(each.name, each.relationship, each.share) for each in found.beneficiaries] == [
        ("山田 花子", "妻", "100")
    ]
    assert (found.begins, found.term, found.end) == (date(2008, 6, 1), "終身", None)
    assert (found.payment_term, found.payment_end) == ("60歳まで", date(2039, 6, 1))
    assert [(line.name, line.amount) for line in found.cover] == [("死亡保険金", "500万円")]
    assert (found.premium, found.mode, found.yearly, found.state) == (12_480, "月", 149_760, "有効")


def test_rows_of_other_kinds_show_their_own_cover() -> None:
    client, policies = of_client("髙橋 美咲")
    assert row(policies[1], client).cover[0].amount == "60,000 USD"
    assert row(policies[1], client).currency == "USD"
    _, watanabe = of_client("渡邉 一郎")
    assert [(line.name, line.amount) for line in row(watanabe[2]).cover] == [("世界バランス50", "612万円")]
    car = row(of_client("山田 太郎")[1][5])
    assert [(line.amount, line.note) for line in car.cover][::3] == [("無制限", ""), ("185万円", "5-10万円")]


def test_lists_are_grouped_by_section_with_ended_ones_apart() -> None:
    client, policies = of_client("髙橋 美咲")
    found = lists(policies, client)
    assert [(section, len(rows)) for section, rows in found.sections] == [("生命・第三分野", 3), ("共済", 1)]
    assert [each.state for each in found.ended] == ["失効"]
    assert sum(len(rows) for _, rows in found.sections) + len(found.ended) == len(policies)


@pytest.mark.parametrize(
    ("more", "on", "expected"),
    [
        ({}, date(2008, 5, 31), 0),
        ({}, date(2008, 6, 1), 12_480),
        ({}, date(2009, 5, 31), 149_760),
        ({"payment_term": "10年"}, date(2026, 1, 1), 1_497_600),
        ({"payment_term": "10年", "state": "払込満了"}, date(2026, 1, 1), 1_497_600),
        ({"mode": "年"}, date(2009, 6, 1), 24_960),
        ({"mode": "半年"}, date(2009, 5, 31), 24_960),
        ({"mode": "一時"}, date(2026, 1, 1), 12_480),
        ({"state": "失効", "state_date": "H20.8.1"}, date(2026, 1, 1), 37_440),
        ({"state": "失効"}, date(2026, 1, 1), None),
        ({"contract_date": "H20.1.31"}, date(2008, 2, 29), 24_960),
    ],
)
def test_premiums_paid_to_a_day_are_counted(more: dict[str, Any], on: date, expected: int | None) -> None:
    assert paid_to(policy(**more), on) == expected


def test_the_best_surrender_rate_has_a_day_and_the_latest_year_wins() -> None:
    rows = [(1, 100, 50), (2, 200, 180), (3, 300, 270), (4, 400, 100)]
    table = [
        {
            "policy_year": str(y),
            "premiums_paid": str(149_760 * y),
            "surrender_value": str(149_760 * v * y // p),
        }
        for y, p, v in rows
    ]
    found = policy(surrender_promised=table)
    best = peak(found)
    assert best is not None
    assert (best.policy_year, float(best.rate), best.day) == (3, 0.9, date(2011, 6, 1))
    assert peak(policy()) is None
    row_of_year = value_on(found, date(2010, 6, 1))
    assert row_of_year is not None
    assert row_of_year.policy_year == 2
    assert value_on(found, date(2009, 5, 31)) is None
