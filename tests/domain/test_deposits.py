"""Receipts for originals: what the form takes, what giving back changes, and what a correction may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.support.deposits import back, papers, typed
from tests.support.offices import household, policy
from vault.domain import fields
from vault.domain.deposits import (
    Deposit,
    GiveBack,
    back_fault,
    corrected,
    due_on,
    first,
    given_back,
    kept_again,
    number_text,
    open_part,
    received_fault,
    with_policies,
)
from vault.domain.fields import Fault

TODAY = date(2026, 11, 22)
PERSON = "ab" * 16


def made(*numbers: str) -> Deposit:
    return first(papers("志摩 海斗", *numbers), 12, PERSON)


def partly() -> tuple[Deposit, str, str]:
    """Two papers, the first of them given back."""
    deposit = made("N-01", "M-02")
    one, other = (item.id for item in deposit.items)
    return given_back(deposit, [one], back()), one, other


def faults(**told: Any) -> dict[str, Fault]:
    return fields.read(Deposit, {**typed("志摩 海斗", "N-01"), **told}).faults


# --- the form


def test_what_is_typed_makes_a_receipt_with_all_its_papers_here() -> None:
    deposit = made("N-01", "M-02")
    assert (deposit.number, deposit.person, deposit.giver, deposit.place) == (12, PERSON, "志摩 海斗", "金庫")
    assert [(i.paper, i.insurer, i.policy_number, i.sheets) for i in deposit.here] == [
        ("保険証券", "日本生命", "N-01", 2), ("保険証券", "日本生命", "M-02", 2)
    ]  # fmt: skip
    assert not deposit.closed and deposit.ended is None and number_text(deposit.number) == "D-000012"


@pytest.mark.parametrize(
    ("told", "path", "code"),
    [
        ({"due": "2026/11/17"}, "due", "due-before-received"),
        ({"due": "2027/11/20"}, "due", "deposit-too-long"),
        ({"items": []}, "items", "required"),
        ({"items": [{"insurer": "日本生命"}]}, "items-0-paper", "required"),
        ({"items": [{"paper": "保険証券", "sheets": "0"}]}, "items-0-sheets", "sheets-range"),
        ({"items": [{"paper": "保険証券", "policy": "zz"}]}, "items-0-policy", "choice-unknown"),
        ({"giver": ""}, "giver", "required"),
        ({"received": ""}, "received", "required"),
        ({"purpose": ""}, "purpose", "required"),
    ],
)
def test_the_form_says_what_is_wrong_beside_the_box(told: dict[str, Any], path: str, code: str) -> None:
    assert {where: fault.code for where, fault in faults(**told).items()} == {path: code}


@pytest.mark.parametrize("due", ["2026/11/18", "2027/11/19"])
def test_papers_may_go_back_on_the_same_day_or_within_a_year(due: str) -> None:
    assert faults(due=due) == {}


def test_two_weeks_are_proposed() -> None:
    assert due_on(TODAY) == date(2026, 12, 6)


def test_papers_cannot_have_been_taken_in_tomorrow() -> None:
    assert received_fault(papers("志摩 海斗", "N-01"), TODAY) is None
    late = received_fault(papers("志摩 海斗", "N-01", received="2026/11/23"), TODAY)
    assert late is not None and late.code == "day-to-come"


def test_a_chosen_policy_fills_in_insurer_and_number_and_is_not_kept() -> None:
    chosen, known = "cd" * 16, policy(household("志摩 海斗", "シマ カイト"), "明治安田生命", "M-02")
    rows = [{"policy": chosen, "insurer": "", "note": "折れあり"}, {"paper": "約款", "policy": "", "insurer": "日本生命"}, {"policy": "ef" * 16}]
    told = with_policies({"items": rows, "giver": "x"}, {chosen: known})
    assert told["giver"] == "x" and told["items"] == [
        {"paper": "保険証券", "policy": "", "insurer": "明治安田生命", "policy_number": "M-02", "note": "折れあり"}, *rows[1:]
    ]  # fmt: skip
    assert first(papers("x", items=[{"paper": "保険証券", "policy": chosen}]), 1, PERSON).items[0].policy == ""


def test_nobody_types_into_the_form_that_a_paper_is_back() -> None:
    sly = papers("x", items=[{"paper": "保険証券", "returned": "2026/11/20", "returned_to": "y", "way": "手渡し"}])
    assert sly.closed
    for deposit in (first(sly, 1, PERSON), corrected(made("N-01"), sly)):
        assert not deposit.closed and (deposit.items[0].returned_to, deposit.items[0].way) == ("", "")


# --- giving back


def test_a_receipt_is_closed_with_its_last_paper() -> None:
    deposit, one, other = partly()
    assert [item.id for item in deposit.here] == [other] and [item.id for item in deposit.gone] == [one]
    assert not deposit.closed and deposit.ended is None
    whole = given_back(deposit, [one, other], back("2026/11/21", "志摩 葵", "書留郵便"))
    assert whole.closed and whole.ended == date(2026, 11, 21)
    assert [(item.returned_to, item.way) for item in whole.items] == [("志摩 海斗", "手渡し"), ("志摩 葵", "書留郵便")]


def test_a_slip_of_the_hand_is_taken_back() -> None:
    deposit, one, other = partly()
    again = kept_again(given_back(deposit, [other], back()), one)
    assert [item.id for item in again.here] == [one] and again.items[0] == replace(deposit.items[0], returned=None, returned_to="", way="")


def test_a_receipt_is_overdue_while_something_is_here() -> None:
    deposit, _, other = partly()
    assert not deposit.overdue(date(2026, 12, 2)) and deposit.overdue(date(2026, 12, 3))
    assert not given_back(deposit, [other], back()).overdue(date(2026, 12, 3))


@pytest.mark.parametrize(("day", "code"), [("2026/11/17", "back-before-received"), ("2026/11/18", None), ("2026/11/22", None), ("2026/11/23", "day-to-come")])
def test_papers_go_back_between_the_day_they_came_and_today(day: str, code: str | None) -> None:
    fault = back_fault(made("N-01"), back(day), TODAY)
    assert (fault.code if fault else None) == code


def test_to_whom_and_how_is_asked_for() -> None:
    assert set(fields.read(GiveBack, {}).faults) == {"day", "to", "way"}


# --- correcting


def test_a_correction_leaves_what_went_back_and_the_number_alone() -> None:
    deposit, one, _ = partly()
    rows = [{**row, "policy_number": f"{row['policy_number']}-X"} for row in fields.typed(deposit)["items"]]
    now = corrected(deposit, papers("志摩 葵", items=rows, due="2026/12/9"))
    assert (now.number, now.person, now.giver, now.due.value) == (12, PERSON, "志摩 葵", date(2026, 12, 9))
    assert [item.policy_number for item in now.items] == ["N-01", "M-02-X"] and now.items[0] == deposit.items[0]
    assert now.items[0].id == one


def test_what_can_be_corrected_is_what_is_here() -> None:
    deposit, _, other = partly()
    assert [item.id for item in open_part(deposit).items] == [other]
