"""Rows of the print ledger: where each stands, when it is due back, and what may have become of it."""

from datetime import date, timedelta
from typing import Any

import pytest

from vault.domain import fields
from vault.domain.prints import (
    APPROVED,
    DECLINED,
    NOT_PRINTED,
    NOT_TAKEN,
    OUTCOMES,
    POLICY_LIST,
    PURPOSES,
    TAKE_OUT_PURPOSES,
    WAITING,
    WITHDRAWN,
    LedgerEntry,
    LedgerOrder,
    PrintOrder,
    TakeOut,
    client_number,
    due_back,
    due_fault,
    near_day,
    serial_text,
)
from vault.domain.values import read_date

TODAY = date(2026, 11, 22)


def entry(**told: Any) -> LedgerEntry:
    base: dict[str, Any] = {
        "serial": 1, "sheet": POLICY_LIST, "client": "ab" * 16, "people": 1, "purpose": "客先持参", "copies": 1,
        "person": "cd" * 16, "at": 1_795_000_000,
    }  # fmt: skip
    return LedgerEntry(**{**base, **told})


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        ({}, "out"),
        ({"due": TODAY}, "out"),
        ({"due": TODAY - timedelta(days=1)}, "overdue"),
        ({"due": TODAY - timedelta(days=1), "outcome": "返却"}, "closed"),
        ({"approval": WAITING}, "waiting"),
        ({"approval": WAITING, "due": TODAY - timedelta(days=1)}, "waiting"),
        ({"approval": WAITING, "outcome": WITHDRAWN}, "closed"),
        ({"approval": APPROVED}, "approved"),
        ({"approval": APPROVED, "opened": 1, "due": TODAY - timedelta(days=1)}, "overdue"),
        ({"approval": APPROVED, "opened": 1, "outcome": "裁断"}, "closed"),
        ({"approval": DECLINED}, "declined"),
    ],
)
def test_where_a_row_stands(told: dict[str, Any], standing: str) -> None:
    assert entry(**told).standing(TODAY) == standing


@pytest.mark.parametrize("purpose", [*PURPOSES, *TAKE_OUT_PURPOSES])
def test_each_purpose_says_when_the_thing_is_due_back(purpose: str) -> None:
    days = {"社内利用": 30, "客先持参": 7, "社外での作業": 7, "修理・廃棄": 30}.get(purpose)
    assert due_back(purpose, TODAY) == (None if days is None else TODAY + timedelta(days=days))


def test_a_day_that_was_typed_counts_instead_of_the_purposes() -> None:
    assert due_back("社内利用", TODAY, read_date("R8.12.1")) == date(2026, 12, 1)
    assert due_back("調書に保管", TODAY, read_date("2026/12/1")) == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("2026/11/21", "due-past"), ("2026/11/22", None), ("2027/11/23", None), ("2027/11/24", "due-far")],
)
def test_a_day_back_lies_between_today_and_a_year_from_now(typed: str, code: str | None) -> None:
    fault = due_fault(read_date(typed), TODAY)
    assert (fault.code if fault else None) == code
    assert due_fault(None, TODAY) is None


@pytest.mark.parametrize(
    ("typed", "read"),
    [("12/1", "2026/12/01"), ("１２月１日", "2026/12/01"), ("11/22", "2026/11/22"), ("1.15", "2027/01/15"),
     ("11/1", "2026/11/01"), ("6/30", "2026/06/30"), ("2/30", "2/30"), ("R8.12.1", "R8.12.1"), ("", ""), ("あした", "あした")],
)  # fmt: skip
def test_a_day_without_its_year_is_the_next_such_day_within_half_a_year(typed: str, read: str) -> None:
    assert near_day(typed, date(2026, 11, 22)) == read


def test_what_may_have_become_of_a_row_fits_what_it_is() -> None:
    assert set(OUTCOMES) - set(entry().outcomes()) == {NOT_TAKEN, WITHDRAWN}
    assert set(OUTCOMES) - set(entry(taken=True).outcomes()) == {NOT_PRINTED, WITHDRAWN}
    assert entry(approval=WAITING).outcomes() == (WITHDRAWN,)
    assert WITHDRAWN not in entry(approval=APPROVED, opened=1).outcomes()


def test_an_order_wants_purpose_addressee_and_copies_and_may_leave_the_day_open() -> None:
    typed = {"sheet": POLICY_LIST, "purpose": "客先持参", "addressee": "山田 太郎 様", "copies": "2"}
    order = fields.read(PrintOrder, typed).record
    assert order is not None and order.due is None and order.copies == 2
    assert set(fields.read(PrintOrder, {}).faults) == {"sheet", "purpose", "addressee", "copies"}
    assert set(fields.read(PrintOrder, {**typed, "copies": "21"}).faults) == {"copies"}


def test_a_take_out_says_what_of_how_many_where_to_and_what_for() -> None:
    assert set(fields.read(TakeOut, {}).faults) == {"thing", "description", "people", "purpose", "place"}


def test_the_days_of_a_printed_ledger_are_in_order() -> None:
    typed = {"purpose": "調書に保管", "addressee": "みなと保険事務所", "copies": "1", "since": "R8.4.1", "until": "R8.3.31"}
    assert {path: f.code for path, f in fields.read(LedgerOrder, typed).faults.items()} == {"until": "until-before-since"}
    assert fields.read(LedgerOrder, {**typed, "until": "R8.4.1"}).faults == {}


def test_a_number_on_paper_is_short() -> None:
    assert serial_text(123) == "P-000123"
    assert client_number("3f2a91bc" + "0" * 24) == "3F2A91BC"
