"""Every kind of policy can be typed, read, and typed again; the sample office's all can."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.domain.test_clients import household, read_client
from tests.samples import typing as sample
from vault.domain import fields
from vault.domain.clients import Client, Household
from vault.domain.policies import (
    CLIENT_ITSELF,
    GROUPS,
    KINDS,
    SECTIONS,
    Policy,
    Role,
    defaults,
    name_of,
    read_policy,
    typed_policy,
)
from vault.domain.policies import choices as c

TYPED = {
    "text": "文字",
    "long": "一行目\n二行目",
    "kana": "カナ",
    "name": "名称",
    "date": "令和5年4月1日",
    "yen": "1,234",
    "amount": "500",
    "number": "5",
    "decimal": "12.5",
    "term": "20年",
    "flag": "いいえ",
}
# Where any value will not do: the boxes that have to agree with others.
AGREEING = {
    "currency": "",
    "contract_date": "H20.6.1",
    "start": "R4.10.1",
    "term": "終身",
    "payment_term": "5年",
    "contract_age": "29",
}


def people(**more: object) -> Client:
    wife = {"name": "山田 花子", "kana": "ヤマダ ハナコ", "relationship": "妻", "birth": "S56.11.23"}
    form = household(**more)
    form["members"] = [*form["members"], wife]
    reading = fields.read(Household, form)
    assert reading.record is not None, reading.faults
    return reading.record


def every_box(cls: type[Any]) -> dict[str, Any]:
    """A form with something in each box."""
    typed: dict[str, Any] = {}
    for box in fields.fields(cls):
        if box.kind == "rows":
            assert box.of is not None
            typed[box.name] = [every_box(box.of)]
        else:
            typed[box.name] = box.choices[0] if box.kind == "choice" else TYPED[box.kind]
    return typed


def filled(kind: str, client: Client) -> dict[str, Any]:
    whole = every_box(Policy) | defaults(kind) | AGREEING
    typed = {box: whole[box] for box in KINDS[kind].boxes}
    if kind == "外貨建":
        typed["currency"] = "USD"
    names = [client.members[0].name, client.members[1].name, "法定相続人", "山田 次郎"]
    rows = list(defaults(kind)["roles"])  # type: ignore[call-overload]
    typed["roles"] = [row | {"name": name} for row, name in zip(rows, names, strict=False)]
    return typed


def typed_in(**more: object) -> dict[str, Any]:
    """The least a whole-life policy needs."""
    roles = [{"role": c.POLICYHOLDER, "name": "山田 太郎"}, {"role": c.INSURED, "name": "山田 太郎"}]
    return (
        defaults("終身")
        | {
            "insurer": "日本生命",
            "policy_number": "1234-567890",
            "contract_date": "H20.6.1",
            "premium": "12,480",
            "roles": roles,
        }
        | more
    )


def policy(client: Client | None = None, **more: object) -> Policy:
    reading = read_policy(typed_in(**more), client=client or people())
    assert reading.record is not None, reading.faults
    return reading.record


@pytest.mark.parametrize("kind", KINDS)
def test_every_box_of_every_kind_survives_being_typed_and_read(kind: str) -> None:
    client = people()
    form = filled(kind, client)
    asked = read_policy(form, client=client).faults
    assert all(fault.ask for fault in asked.values()), asked
    first = read_policy(form, client=client, confirmed=asked)
    assert first.record is not None
    again = read_policy(typed_policy(first.record, client), client=client, before=first.record)
    assert again.record == first.record
    assert msgspec.json.decode(msgspec.json.encode(first.record), type=Policy) == first.record


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_shows_each_of_its_boxes_once_and_knows_them(kind: str) -> None:
    found = KINDS[kind]
    assert set(found.boxes) <= set(fields.by_name(Policy))
    assert found.section in SECTIONS
    assert set(found.roles) <= set(found.role_names)
    required = {box.name for box in fields.fields(Policy) if box.required}
    assert required <= set(found.boxes)
    assert ("start" if found.nonlife else "contract_date") in found.boxes


def test_no_box_of_a_policy_is_without_a_group() -> None:
    grouped = {box for kind in KINDS.values() for box in kind.boxes}
    assert grouped == set(fields.by_name(Policy))
    assert {group for kind in KINDS.values() for group in kind.groups} == set(GROUPS)


SAMPLES = [(client, facts) for client in sample.clients() for facts in client["policies"]]


@pytest.mark.parametrize(
    ("facts", "policy_facts"), SAMPLES, ids=lambda each: str(each.get("policy_number", ""))
)
def test_every_policy_of_the_sample_office_is_read(
    facts: dict[str, Any], policy_facts: dict[str, Any]
) -> None:
    client = read_client(facts)
    form = sample.typed_policy(policy_facts)
    reading = read_policy(form, client=client, confirmed=sample.confirmed(policy_facts))
    assert reading.record is not None, reading.faults
    found = reading.record
    assert (found.insurer, found.policy_number) == (policy_facts["insurer"], policy_facts["policy_number"])
    assert len(found.surrender_promised) == len(policy_facts.get("surrender", ()))
    holder = found.roles_of(c.POLICYHOLDER)[0]
    assert holder.member == CLIENT_ITSELF if facts["kind"] == "corporation" else client.member(holder.member)
    again = read_policy(typed_policy(found, client), client=client, before=found)
    assert again.record == found


def test_the_sample_office_has_thirty_policies() -> None:
    assert len(SAMPLES) == 30


def test_the_number_that_looks_like_an_individual_one_is_asked_about() -> None:
    facts = sample.client_named("𠮷田 葵")
    form = sample.typed_policy(facts["policies"][0])
    (asked,) = read_policy(form, client=read_client(facts)).faults.items()
    assert asked[0] == "policy_number"
    assert (asked[1].code, asked[1].ask) == ("my-number-ask", True)


def test_names_are_found_among_the_client_s_people() -> None:
    client = people(trade_name="山田商店")
    rows = [
        {"role": c.POLICYHOLDER, "name": "山田商店"},
        {"role": c.INSURED, "name": "やまだ花子"},
        {"role": c.INSURED, "name": "山田　花子"},
        {"role": c.DEATH_BENEFICIARY, "name": "法定相続人"},
        {"role": c.CLAIMANT, "name": "山田 次郎"},
    ]
    found = policy(client, roles=rows)
    hanako = client.members[1].id
    assert [role.member for role in found.roles] == [CLIENT_ITSELF, "", hanako, "", ""]
    assert [role.is_class for role in found.roles] == [False, False, False, True, False]
    assert [name_of(role, client) for role in found.roles][2] == "山田 花子"


def test_a_member_that_changes_its_name_stays_in_its_policies() -> None:
    client = people()
    before = policy(client)
    form = fields.typed(client)
    form["members"][0]["name"] = "佐藤 太郎"
    renamed = fields.read(Household, form).record
    assert renamed is not None
    after = read_policy(typed_policy(before, renamed), client=renamed).record
    assert after is not None
    assert [role.member for role in after.roles] == [role.member for role in before.roles]
    assert name_of(after.roles[0], renamed) == "佐藤 太郎"


def test_two_people_of_one_name_have_to_be_told_apart() -> None:
    form = fields.typed(people())
    form["members"][1]["name"] = "山田 太郎"
    client = fields.read(Household, form).record
    assert client is not None
    faults = read_policy(typed_in(), client=client).faults
    assert faults["roles-0-name"].code == "name-ambiguous"
    assert faults["roles-0-name"].facts["which"] == "山田 太郎(本人)、山田 太郎(妻)"
    rows = [
        {"role": c.POLICYHOLDER, "name": "山田 太郎(本人)"},
        {"role": c.INSURED, "name": "山田太郎（妻）"},
    ]
    found = policy(client, roles=rows)
    assert [role.member for role in found.roles] == [member.id for member in client.members]
    again = read_policy(typed_policy(found, client), client=client).record
    assert again is not None
    assert [role.member for role in again.roles] == [role.member for role in found.roles]


def test_a_role_that_nobody_fills_is_no_row() -> None:
    rows = [*typed_in()["roles"], {"role": c.CLAIMANT}]
    assert [role.role for role in policy(roles=rows).roles] == [c.POLICYHOLDER, c.INSURED]


def test_whatever_a_mutual_insures_stands_with_the_mutuals() -> None:
    assert policy(insurer="JA共済").section == "共済"
    assert policy(insurer="日本生命").section == "生命・第三分野"


def test_money_is_in_the_policy_s_own_currency() -> None:
    found = policy(kind="外貨建", currency="USD", premium="152.40", loan_balance="1,000.5")
    assert str(found.premium) == "152.40"
    assert str(found.loan_balance) == "1000.5"
    in_yen = policy(kind="外貨建", currency="USD", premium="20,000円")
    assert in_yen.premium == 20000
    assert read_policy(typed_policy(in_yen, people()), client=people()).faults == {}


def test_a_hidden_member_id_does_not_outweigh_the_typed_name() -> None:
    client = people()
    rows = [
        {"role": c.POLICYHOLDER, "name": "山田 花子", "member": client.members[0].id},
        {"role": c.INSURED, "name": "赤の他人", "member": client.members[0].id},
    ]
    assert [role.member for role in policy(client, roles=rows).roles] == [client.members[1].id, ""]


def test_rows_of_roles_are_what_the_paper_says() -> None:
    row = {
        "role": c.DEATH_BENEFICIARY,
        "name": "山田 花子",
        "relationship": "妻",
        "share": "100",
        "order": "1",
    }
    found = policy(roles=[*typed_in()["roles"], row]).roles[2]
    assert isinstance(found, Role)
    assert (found.relationship, str(found.share), found.order) == ("妻", "100", 1)
