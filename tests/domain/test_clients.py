"""Households, corporations and their people."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.samples.typing import client_named, clients, typed_client
from vault.domain import fields
from vault.domain.clients import (
    CORPORATION_MEMBER,
    HOUSEHOLD_MEMBER,
    Client,
    Corporation,
    Household,
    Member,
    name_to_type,
    named,
    relationship_between,
)
from vault.domain.closing import read_closing
from vault.domain.fields import read, typed
from vault.domain.values import TypedDate

KIND: dict[str, type[Client]] = {"household": Household, "corporation": Corporation}


def read_client(facts: dict[str, Any]) -> Client:
    reading = read(KIND[facts["kind"]], typed_client(facts))
    assert reading.record is not None, reading.faults
    return reading.record


def household(**more: object) -> dict[str, Any]:
    head = {
        "name": "山田 太郎",
        "kana": "ヤマダ タロウ",
        "relationship": "本人",
        "birth": "S54.5.3",
        "sex": "男",
    }
    return {"name": "山田 太郎", "kana": "ヤマダ", "compartment": "本社", "members": [head]} | more


@pytest.mark.parametrize("facts", clients(), ids=lambda facts: str(facts["name"]))
def test_every_client_of_the_sample_office_is_typed_without_a_fault(facts: dict[str, Any]) -> None:
    client = read_client(facts)
    assert read(type(client), typed(client)).record == client
    assert msgspec.json.decode(msgspec.json.encode(client), type=type(client)) == client
    assert [member.name for member in client.members] == [person["name"] for person in facts["persons"]]


def test_names_and_dates_stay_as_they_were_typed() -> None:
    client = read_client(client_named("髙橋 美咲"))
    assert client.name == "髙橋 美咲"
    assert client.members[0].birth is not None
    assert client.members[0].birth.typed == "昭和60年12月31日"
    assert read_client(client_named("𠮷田 葵")).members[0].name == "𠮷田 葵"


def test_a_household_has_one_head() -> None:
    none = read(Household, household(members=[{"name": "山田 花子", "kana": "ハナコ", "relationship": "妻"}]))
    assert none.faults["members"].code == "head-missing"
    head = household()["members"][0]
    twice = read(Household, household(members=[head, {}, head]))
    assert twice.faults["members-2-relationship"].code == "head-twice"


def test_required_boxes_are_asked_for_each() -> None:
    assert set(read(Household, {}).faults) == {"name", "kana", "compartment", "members"}
    assert set(read(Corporation, {}).faults) == {"name", "kana", "compartment", "closing_day"}


def test_a_corporation_checks_its_number_and_closing_day() -> None:
    typed_in = typed_client(client_named("株式会社青葉製作所"))
    client = read(Corporation, typed_in).record
    assert client is not None
    assert (client.corporate_number, client.closing.month, client.closing.day) == ("4010401999998", 3, 31)
    faults = read(
        Corporation, typed_in | {"corporate_number": "4010401999999", "closing_day": "いつか"}
    ).faults
    assert faults["corporate_number"].code == "corporate-number-check"
    assert faults["closing_day"].code == "closing-unreadable"


def test_every_field_of_the_design_can_be_typed_for_a_corporation() -> None:
    typed_in = typed_client(client_named("株式会社青葉製作所")) | {
        "business_years": [{"start": "2025/4/1", "end": "2025/12/31", "note": "決算期変更"}],
        "capital": "1,000万円",
        "tax_method": "短期前払費用(2-2-14)",
        "loans": [{"lender": "みなと銀行", "balance": "28,400,000", "as_of": "R8.9.30"}],
        "fixed_costs": "12,000,000",
        "retirement_rules": "功績倍率 3.0",
        "universal_membership": "はい",
        "related": [{"client": "f" * 32, "link": "経営者の世帯"}],
        "holds": [{"reason": "係争中", "since": "R8.1.1"}],
        "retention_years": "10",
        "accounting_code": "0123",
        "mail": "info@example.co.jp",
    }
    client = read(Corporation, typed_in).record
    assert client is not None
    assert client.capital == 10_000_000
    assert read(Corporation, typed(client)).record == client


def test_a_death_before_birth_is_refused() -> None:
    head = household()["members"][0] | {"death": "S50.1.1"}
    assert read(Household, household(members=[head])).faults["members-0-death"].code == "death-before-birth"


def test_a_member_keeps_its_id_when_the_name_changes() -> None:
    before = read(Household, household()).record
    assert before is not None
    form = typed(before)
    form["members"][0]["name"] = "佐藤 太郎"
    after = read(Household, form).record
    assert after is not None
    assert after.members[0].id == before.members[0].id
    assert after.head == after.members[0]
    assert fields.differences(before, after) == [("members-0-name", "山田 太郎", "佐藤 太郎")]


def test_people_see_each_other_by_their_own_relationship() -> None:
    client = read_client(client_named("山田 太郎"))
    taro, hanako, hina, ren = client.members
    assert relationship_between(client, ren, hanako) == "母"
    assert relationship_between(client, hanako, taro) == "夫"
    assert relationship_between(client, ren, hina) == "姉"
    assert relationship_between(client, taro, ren) == "長男"


def test_two_of_one_name_are_told_apart_by_relationship() -> None:
    people = [
        {"name": "渡邉 一郎", "kana": "イチロウ", "relationship": "本人"},
        {"name": "渡辺 一郎", "kana": "イチロウ", "relationship": "長男"},
        {"name": "渡辺 一郎", "kana": "イチロウ", "relationship": "孫"},
    ]
    client = read(Household, household(members=people)).record
    assert client is not None
    head, son, grandson = client.members
    assert named(client, "渡邉 一郎") == [head]
    assert named(client, "渡辺 一郎") == [son, grandson]
    assert named(client, "渡辺 一郎(孫)") == [grandson]
    assert named(client, "渡邊一郎（長男）") == [son]
    assert [name_to_type(client, each) for each in client.members] == [
        "渡邉 一郎",
        "渡辺 一郎(長男)",
        "渡辺 一郎(孫)",
    ]


def test_health_is_marked_sensitive_and_both_forms_show_known_boxes() -> None:
    boxes = fields.by_name(Member)
    assert [name for name, box in boxes.items() if box.sensitive] == ["health"]
    assert set(HOUSEHOLD_MEMBER) | set(CORPORATION_MEMBER) == set(boxes)


def test_honorifics() -> None:
    assert (Household.honorific, Corporation.honorific) == ("様", "御中")


def test_dates_know_how_to_be_typed() -> None:
    member = read_client(client_named("渡邉 一郎")).members[0]
    assert member.birth == TypedDate.of(member.birth.value) if member.birth else False


@pytest.mark.parametrize("month", range(1, 13))
def test_the_end_of_any_month_can_be_a_closing_day(month: int) -> None:
    last = date(2027, month + 1, 1) - timedelta(days=1) if month < 12 else date(2027, 12, 31)
    assert read_closing(f"{month}月末").on_or_after(date(2027, month, 1)) == last
