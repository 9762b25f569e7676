"""Contradictions are refused, oddities asked about, passed dates only pointed out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.domain.test_policies import people, policy, typed_in
from vault.domain.fields import Fault
from vault.domain.policies import choices as c
from vault.domain.policies import (
    cover_end,
    defaults,
    hints,
    missing_facts,
    payment_end,
    read_policy,
    renewal_date,
)
from vault.domain.policies.ends import NEVER


def faults(**more: object) -> dict[str, Fault]:
    return read_policy(typed_in(**more), client=people()).faults


def nonlife(**more: object) -> dict[str, Any]:
    base = {
        "insurer": "東京海上日動",
        "policy_number": "U1",
        "premium": "62,340",
        "start": "R7.12.20",
        "end": "R8.12.20",
    }
    return defaults("自動車") | base | {"roles": [{"role": c.POLICYHOLDER, "name": "山田 太郎"}]} | more


def beneficiaries(*shares: str) -> list[dict[str, str]]:
    rows = [
        {"role": c.DEATH_BENEFICIARY, "name": f"受取 {i}郎", "share": share} for i, share in enumerate(shares)
    ]
    return [*typed_in()["roles"], *rows]


SURRENDER = [
    {"policy_year": str(year), "premiums_paid": str(149_760 * year), "surrender_value": str(100 * year)}
    for year in range(1, 32)
]


@pytest.mark.parametrize(
    ("more", "path", "code", "ask"),
    [
        ({"contract_date": ""}, "contract_date", "required", False),
        ({"kind": "外貨建"}, "currency", "required", False),
        ({"state": "満期"}, "state", "state-not-for-kind", False),
        ({"roles": []}, "roles", "role-missing", False),
        ({"handled_by": "他代理店"}, "other_agency", "agency-name-missing", True),
        ({"state": "失効", "state_date": "H19.1.1"}, "state_date", "before-contract", True),
        ({"insurer": "ライフネット生命", "contract_date": "H10.1.1"}, "insurer", "insurer-younger", True),
        ({"term": "終身", "end": "R20.1.1"}, "end", "end-differs", True),
        ({"term": "20年", "end": "H20.6.1"}, "end", "end-before-start", False),
        ({"term": "20年", "end": "R10.6.2"}, "end", "end-differs", True),
        ({"term": "20歳まで"}, "term", "term-age-passed", False),
        ({"term": "H20.5.31"}, "term", "end-before-start", False),
        ({"term": "10年", "payment_term": "60歳まで"}, "payment_term", "payment-beyond-term", False),
        ({"term": "30年", "payment_term": "60歳まで"}, "payment_term", "payment-beyond-term", True),
        ({"application_date": "H20.6.2"}, "application_date", "application-after-contract", True),
        ({"contract_date": "S50.1.1"}, "roles-0-name", "contract-before-birth", True),
        ({"roles": beneficiaries("50", "40")}, "roles-3-share", "shares-not-100", False),
        ({"roles": beneficiaries("50", "")}, "roles-3-share", "shares-not-100", False),
        ({"roles": beneficiaries("33.3", "33.3", "33.3")}, "roles-4-share", "shares-not-100", True),
        ({"roles": beneficiaries("101")}, "roles-2-share", "share-over-100", False),
        ({"riders": [{"name": "入院日額", "amount": "5000"}]}, "riders-0-amount", "daily-amount-large", True),
        ({"coverages": [{"name": "入院", "unit": "日額", "amount": "20"}]}, "coverages-0-amount", "daily-amount-large", True),
        ({"coverages": [{"name": "死亡", "amount": "50,000,000"}]}, "coverages-0-amount", "cover-large", True),
        ({"coverages": [{"name": "死亡保険金", "kind": "死亡", "amount": "14"}]}, "premium", "premium-large", True),
        ({"contract_age": "31"}, "contract_age", "age-differs", True),
        ({"contract_age": "30", "age_basis": "保険年齢"}, "contract_age", "age-differs", True),
        ({"best_rate": "79.5", "surrender_promised": [{"policy_year": "1", "premiums_paid": "149760", "surrender_value": "119,808"}]},
         "best_rate", "best-rate-differs", True),
        ({"vehicles": [{"grade": "21"}]}, "vehicles-0-grade", "grade-range", False),
        ({"policy_number": "1234 5678 9018"}, "policy_number", "my-number-ask", True),
        ({"product": "1234 5678 9018"}, "product", "my-number", False),
        ({"notes": "本人 123456789018"}, "notes", "my-number", False),
        ({"premium": "▲500"}, "premium", "yen-negative", False),
        (
            {"vehicles": [{}, {"registration": "123456789018"}]},
            "vehicles-1-registration",
            "my-number-ask",
            True,
        ),
    ],
)
def test_a_doubtful_value_is_named_beside_its_field(more: Any, path: str, code: str, ask: bool) -> None:
    found = faults(**more)
    assert path in found, found
    assert (found[path].code, found[path].ask) == (code, ask)


@pytest.mark.parametrize(
    "more",
    [
        {"contract_age": "29"}, {"contract_age": "29", "age_basis": "満年齢"}, {"contract_age": "29", "age_basis": "保険年齢"},
        {"coverages": [{"name": "死亡保険金", "kind": "死亡", "amount": "15"}]}, {"coverages": [{"name": "入院", "unit": "日額", "amount": "15"}]},
        {"best_rate": "80.0", "surrender_promised": [{"policy_year": "1", "premiums_paid": "149760", "surrender_value": "119,808"}]},
    ],
)  # fmt: skip
def test_what_is_just_usual_is_not_asked_about(more: Any) -> None:
    assert faults(**more) == {}


def test_what_contradicts_is_told_together_with_what_cannot_be_read() -> None:
    found = faults(premium="▲5", roles=beneficiaries("50", "40"), insurer="ライフネット生命", contract_date="H10.1.1", surrender_promised=[{"policy_year": "x"}])
    assert set(found) == {"premium", "roles-3-share", "insurer", "surrender_promised-0-policy_year"}
    assert faults(kind="") and "kind" in faults(kind="", premium="x")


def test_a_row_that_cannot_be_read_does_not_shift_what_is_said_of_the_rows_behind_it() -> None:
    rows = [{"role": c.PAYER, "name": "123456789018"}, *beneficiaries("50", "40")]
    assert set(faults(roles=rows)) == {"roles-0-name", "roles-4-share"}


def test_what_is_asked_passes_with_a_tick_and_is_not_asked_again() -> None:
    client = people()
    form = typed_in(term="20年", end="R10.6.2")
    ticked = read_policy(form, client=client, confirmed={"end"})
    assert ticked.record is not None
    assert read_policy(form, client=client, before=ticked.record).record == ticked.record
    assert read_policy(form | {"end": "R10.6.3"}, client=client, before=ticked.record).faults["end"].ask


def test_one_beneficiary_and_equal_ones_need_no_share() -> None:
    assert faults(roles=beneficiaries("")) == {}
    assert faults(roles=beneficiaries("", "")) == {}
    assert faults(roles=beneficiaries("50", "25", "25")) == {}


def test_shares_are_summed_within_each_order() -> None:
    rows = [row | {"order": str(i)} for i, row in enumerate(beneficiaries("100", "100")[2:], 1)]
    assert faults(roles=[*typed_in()["roles"], *rows]) == {}


@pytest.mark.parametrize("number", ["1234567890", "１２３４－５６７８９０", "1234 567890"])
def test_a_number_already_recorded_is_asked_about_however_it_is_spelled(number: str) -> None:
    recorded = policy()
    form = typed_in(policy_number=number, insurer="ニッセイ")
    found = read_policy(form, client=people(), others=[recorded]).faults
    assert (found["policy_number"].code, found["policy_number"].ask) == ("policy-number-twice", True)
    assert read_policy(form | {"insurer": "住友生命"}, client=people(), others=[recorded]).faults == {}


def test_policies_without_a_number_are_not_duplicates() -> None:
    unknown = policy(policy_number="不明")
    assert read_policy(typed_in(policy_number="不明"), client=people(), others=[unknown]).faults == {}


def test_a_surrender_table_is_held_against_the_premiums() -> None:
    terms = {"term": "終身", "payment_term": "60歳まで"}
    assert faults(surrender_promised=SURRENDER, **terms) == {}
    wrong = [*SURRENDER[:3], SURRENDER[3] | {"premiums_paid": "5990400"}, *SURRENDER[4:]]
    found = faults(surrender_promised=wrong, **terms)
    assert found["surrender_promised-3-premiums_paid"].code == "surrender-paid-differs"
    falling = [SURRENDER[0], SURRENDER[1] | {"premiums_paid": "149,000"}]
    assert faults(surrender_latest=falling)["surrender_latest-1-premiums_paid"].code == "surrender-paid-falls"
    assert faults(surrender_promised=[SURRENDER[0], SURRENDER[0]])["surrender_promised-1-policy_year"]
    found = faults(term="10年", surrender_promised=SURRENDER)
    assert found["surrender_promised-11-policy_year"].code == "surrender-beyond-term"


def test_earthquake_cover_is_a_third_to_a_half_of_fire_cover() -> None:
    rows = [{"subject": "建物", "amount": "1,400", "earthquake_amount": "1,000"}]
    found = read_policy(nonlife(kind="火災", properties=rows), client=people()).faults
    assert found["properties-0-earthquake_amount"].code == "earthquake-share"
    covers = [{"name": "建物", "amount": "1,400"}, {"name": "地震（建物）", "amount": "400"}]
    found = read_policy(nonlife(kind="火災", coverages=covers), client=people()).faults
    assert found["coverages-1-amount"].code == "earthquake-share"


def test_non_life_needs_its_policyholder_and_start_only() -> None:
    assert read_policy(nonlife(), client=people()).faults == {}
    assert read_policy(nonlife(start=""), client=people()).faults["start"].code == "required"
    assert read_policy(nonlife(end="R7.12.20"), client=people()).faults["end"].code == "end-before-start"
    assert read_policy(nonlife(state="払済"), client=people()).faults["state"].code == "state-not-for-kind"


def test_a_missing_role_is_told_beside_its_empty_row_together_with_other_faults() -> None:
    found = faults(roles=[{"role": c.INSURED}, {"role": c.POLICYHOLDER, "name": "x"}], premium="abc")
    assert {path: fault.code for path, fault in found.items()} == {
        "premium": "yen-unreadable",
        "roles-0-name": "role-missing",
    }


TODAY = date(2026, 11, 21)


def hinted(**more: object) -> dict[str, str]:
    client = people()
    return {path: fault.code for path, fault in hints(policy(client, **more), client, TODAY)}


def test_passed_dates_are_pointed_out() -> None:
    assert hinted(term="10年") == {"term": "cover-ended"}
    assert hinted(term="終身", payment_term="10年") == {"payment_term": "payment-ended"}
    assert hinted(term="終身", payment_term="60歳まで") == {}
    assert hinted(state="払込満了", payment_term="10年") == {}
    lapsed = {"state": "失効", "restorable_until": "R8.7.31"}
    assert hinted(**lapsed) == {"restorable_until": "restoration-over", "state_date": "state-date-missing"}
    assert hinted(state="消滅", state_date="R1.6.1") == {"end_reason": "reason-missing"}


def test_ends_follow_from_terms_ages_and_renewals() -> None:
    client = people()
    whole = policy(client, term="終身", payment_term="60歳まで")
    assert (cover_end(whole, client), payment_end(whole, client)) == (NEVER, date(2039, 6, 1))
    yearly = policy(client, term="1年", renewal="R8.12.1")
    assert cover_end(yearly, client) == renewal_date(yearly, client) == date(2026, 12, 1)
    assert renewal_date(policy(client, term="20年更新"), client) == date(2028, 6, 1)
    assert payment_end(policy(client, mode="一時", term="終身"), client) == date(2008, 6, 1)
    assert payment_end(policy(client, term="20年", payment_term="全期払"), client) == date(2028, 6, 1)
    assert cover_end(policy(client), client) is None


def test_what_work_depends_on_and_nobody_typed_is_listed() -> None:
    assert set(missing_facts(policy(policy_number="不明"))) == {
        "product", "original_place", "term", "payment_term", "roles", "policy_number", "coverages",
    }  # fmt: skip
