"""What a new form proposes, and what of it is stored when nobody has touched it."""

from __future__ import annotations

from tests.domain.test_clients import client_named, typed_client
from tests.domain.test_policies import people, policy
from vault.domain import fields
from vault.domain.clients import Corporation
from vault.domain.policies import KINDS, Policy, typed_policy, usual
from vault.domain.policies import choices as c


def corporation() -> Corporation:
    found = fields.read(Corporation, typed_client(client_named("株式会社青葉製作所"))).record
    assert found is not None
    return found


def test_every_proposed_row_can_be_read_and_says_no_amount() -> None:
    for kind in KINDS:
        rows = usual.covers(kind)
        assert all(row["name"] in (*c.COVER_NAMES, *c.NONLIFE_COVERS) and "amount" not in row for row in rows)
        assert len({row["name"] for row in rows}) == len(rows)
    assert all(kind in ("", *c.COVERS) and unit in ("", *c.UNITS) for kind, unit in (*c.COVER_KINDS.values(), *c.RIDER_KINDS.values()))


def test_a_household_names_its_head_and_a_corporation_itself_and_nobody_who_need_not_be_named() -> None:
    roles = usual.proposed("終身", people())["roles"]
    assert [(row["role"], row.get("name", "")) for row in roles] == [
        (c.POLICYHOLDER, "山田 太郎"), (c.INSURED, "山田 太郎"), (c.DEATH_BENEFICIARY, ""), (c.CLAIMANT, ""),
    ]  # fmt: skip
    roles = usual.proposed("自動車", corporation())["roles"]
    assert [(row["role"], row.get("name", "")) for row in roles] == [
        (c.POLICYHOLDER, "株式会社青葉製作所"), (c.NAMED_INSURED, ""), (c.OWNER, ""),
    ]  # fmt: skip
    assert "name" not in usual.proposed("終身", corporation())["roles"][1]


def test_a_cover_without_an_amount_is_left_out_unless_somebody_has_typed_in_it() -> None:
    proposed = {**usual.covers("終身")[0], "amount": "", "premium": " "}
    kept = usual.without_untouched({"kind": "終身", "coverages": [proposed, {"name": "死亡保険金", "amount": "500"}, {"name": "別の保障"}]})
    assert kept["coverages"] == [{"name": "死亡保険金", "amount": "500"}, {"name": "別の保障"}]
    assert usual.without_untouched({"kind": "医療", "coverages": [proposed]})["coverages"] == [proposed]


def test_another_kind_takes_only_what_was_proposed_away() -> None:
    client = people()
    form = {**usual.proposed("終身", client), "kind": "医療", "insurer": "日本生命"}
    assert usual.without_proposed(form, "終身", client) == {"kind": "医療", "insurer": "日本生命"}
    form["term"] = "20年"
    form["roles"] = [*form["roles"], {"role": c.DEATH_BENEFICIARY, "name": "山田 花子"}]
    kept = usual.without_proposed(form, "終身", client)
    assert kept["term"] == "20年" and len(kept["roles"]) == 5


def test_the_spouse_is_proposed_first_and_what_each_is_to_the_other() -> None:
    names = usual.people(people())
    assert [name for name, _, _ in names] == ["山田 花子", "山田 太郎"]
    assert names[0][1:] == ("ヤマダ ハナコ", {"山田 太郎": "妻"}) and names[1][2] == {"山田 花子": "夫"}
    assert all(not relations for _, _, relations in usual.people(corporation()))


def test_a_copy_has_what_repeats_and_with_everything_all_but_what_is_its_own() -> None:
    client = people()
    typed = typed_policy(policy(coverages=[{"name": "死亡", "amount": "500", "premium": "9,000"}], notes="覚え書き"), client)
    some, whole = usual.copied(typed, False), usual.copied(typed, True)
    assert some["insurer"] == "日本生命" and some["roles"] == typed["roles"] and some["coverages"][0]["name"] == "死亡"
    assert not {"policy_number", "contract_date", "premium", "notes", "state"} & some.keys() and "amount" not in some["coverages"][0]
    assert whole["premium"] == "12,480" and whole["coverages"][0]["amount"] == "500" and "policy_number" not in whole
    assert set(some) <= set(fields.by_name(Policy))
