"""For each kind of insurance a form with something in every box."""

from __future__ import annotations

from typing import Any

from vault.domain import fields
from vault.domain.policies import KINDS, Kind, Policy, choices

INSURED, OTHER = "髙橋 美咲", "齋藤 久子"
CURRENCY = "USD"
# What must fit together: dates in order, shares that make a hundred, ages and years that agree.
OWN: dict[str, str] = {
    "insurer": "みなと生命", "handled_by": "他代理店", "other_agency": "町田モータース",
    "application_date": "2020-03-20", "contract_date": "令和2年4月1日", "liability_date": "2020-04-01",
    "start": "2020-04-01", "start_time": "16時", "end": "2030/4/1", "end_time": "16時", "long_years": "10",
    "term": "10年", "payment_term": "5年", "contract_age": "34", "age_basis": "満年齢", "mode": "年",
    "state_date": "2024-05-06", "restorable_until": "2027-05-06", "end_reason": "解約",
    "annuity_start": "65歳", "guaranteed_period": "5年", "increase_start": "3年", "term_part_term": "10年",
    "surrender_latest_date": "2026-09-30", "best_rate": "567.0",
}  # fmt: skip
BY_KIND: dict[str, str] = {
    "text": "文字 甲-1",
    "long": "一行目\n二行目、<b>「引用」</b>",
    "name": "株式会社みなと",
    "kana": "ミナト",
    "date": "R8.1.2",
    "yen": "12,345",
    "amount": "1億2,000万",
    "number": "7",
    "decimal": "1.25",
    "term": "5年",
    "flag": "はい",
}
ROWS: dict[str, dict[str, str]] = {
    "coverages": {"name": "死亡", "amount": "500", "term": "終身"},
    "riders": {"name": "災害割増特約", "amount": "5,000円", "term": "60歳まで"},
    "properties": {"amount": "1,000", "earthquake_amount": "400"},
    "payments": {"at": "18歳"},
    "age_bands": {"from_age": "18", "to_age": "60"},
    "surrender_promised": {
        "policy_year": "3",
        "premiums_paid": "37,035",
        "surrender_value": "20,000",
        "benefits": "1,000",
    },
    "surrender_latest": {
        "policy_year": "4",
        "premiums_paid": "49,380",
        "surrender_value": "30,000",
        "benefits": "2,000",
    },
}
# Three and four premiums of a foreign policy.
FOREIGN: dict[str, dict[str, str]] = {
    "surrender_promised": {"premiums_paid": "3,703.5"},
    "surrender_latest": {"premiums_paid": "4,938"},
}


def _text(box: fields.Field, currency: str) -> str:
    if box.kind == "choice":
        return box.choices[-1]
    if currency and box.foreign:
        return "1,234.5"
    return BY_KIND[box.kind]


def _row(table: fields.Field, currency: str) -> dict[str, str]:
    assert table.of is not None
    told = {
        box.name: _text(box, currency)
        for box in fields.fields(table.of)
        if not box.hidden and box.kind != "rows"
    }
    return told | ROWS.get(table.name, {}) | (FOREIGN.get(table.name, {}) if currency else {})


def _roles(kind: Kind) -> list[dict[str, str]]:
    return [
        {
            "role": role,
            "name": INSURED if role != choices.CLAIMANT else OTHER,
            "relationship": "母",
            "share": "100",
            "order": "1",
        }
        for role in kind.role_names
    ]


def filled(name: str) -> dict[str, Any]:
    """A policy of the kind as typed, all boxes of its form filled."""
    kind = KINDS[name]
    currency = CURRENCY if "currency" in kind.boxes else ""
    typed: dict[str, Any] = {}
    for box_name in kind.boxes:
        box = fields.by_name(Policy)[box_name]
        typed[box_name] = (
            [_row(box, currency)] if box.kind == "rows" else OWN.get(box_name) or _text(box, currency)
        )
    number = list(KINDS).index(name)
    return typed | {
        "kind": name,
        "state": kind.states[1 + number % 2],
        "policy_number": f"KIND-{number:02d}",
        "product": f"商品{number:02d}",
        "roles": _roles(kind),
    }
