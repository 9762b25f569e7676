"""What a person would type into Kura's forms for the clients of `office.json`: nested dicts of strings.

Facts that the file leaves out because they go without saying (有効, 自社) are what the form has chosen already.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
Typed = dict[str, Any]
OFFICE = Path(__file__).with_name("office.json")
# The one number of the file that looks like an individual number, and is none.
CONFIRMED = {"BZ-2025-123456789018": frozenset({"policy_number"})}


def office() -> Facts:
    found: Facts = json.loads(OFFICE.read_text(encoding="utf-8"))
    return found


def clients() -> list[Facts]:
    found: list[Facts] = office()["clients"]
    return found


def client_named(name: str) -> Facts:
    return next(client for client in clients() if client["name"] == name)


def confirmed(policy: Facts) -> frozenset[str]:
    """Paths of the boxes that Kura asks about once and the person ticks."""
    return CONFIRMED.get(policy["policy_number"], frozenset())


def typed_client(client: Facts) -> Typed:
    same = ("name", "kana", "client_number", "handler", "compartment", "postal_code", "address")
    typed: Typed = {key: client[key] for key in same if key in client}
    if "telephone" in client:
        typed["telephones"] = [{"number": client["telephone"], "place": "自宅"}]
    if "consent" in client:
        consent = client["consent"]
        typed["consents"] = [{"agreed": consent["date"], "scope": consent["scope"], "how": consent["how"]}]
    typed["members"] = [_member(person) for person in client["persons"]]
    return typed | (_corporation(client) if client["kind"] == "corporation" else _household(client))


def _household(client: Facts) -> Typed:
    typed: Typed = {key: client[key] for key in ("trade_name", "business") if key in client}
    if client.get("members_note") == "個人事業主":
        typed["sole_proprietor"] = "はい"
    return typed


def _corporation(client: Facts) -> Typed:
    last = {3: 31, 9: 30}[client["closing_month"]]
    typed: Typed = {"closing_day": f"{client['closing_month']}月{last}日"}
    typed |= {key: client[key] for key in ("corporate_number", "representative") if key in client}
    typed["legal_form"] = client["name"][:4]
    typed["accounts"] = [{"name": title} for title in client.get("accounts", ())]
    return typed


def _member(person: Facts) -> Typed:
    same = ("name", "kana", "relationship", "birth", "sex", "occupation", "planned_retirement")
    typed = {key: person[key] for key in same if key in person}
    typed |= {key: _flag(person[key]) for key in _FLAGS if key in person}
    typed |= {key: _yen(person[key]) for key in ("annual_income", "monthly_salary") if key in person}
    if "role" in person:
        typed["position"] = person["role"]
    return typed


_FLAGS = ("smoker", "living_together", "dependant")


def typed_policy(policy: Facts) -> Typed:
    same = (
        "insurer", "policy_number", "kind", "product", "contract_date", "age_basis", "term", "payment_term",
        "renewal", "start", "deduction_class", "currency", "renewal_state", "lender",
    )  # fmt: skip
    typed: Typed = {key: policy[key] for key in same if key in policy}
    typed |= {
        "mode": policy["frequency"],
        "premium": _yen(policy["premium"]),
        "roles": _roles(policy),
        "coverages": [_cover(row, policy) for row in policy.get("coverages", ())],
        "riders": [_cover(row, policy) for row in policy.get("riders", ())],
        "surrender_promised": [
            {key: _yen(value) for key, value in r.items()} for r in policy.get("surrender", ())
        ],
    }
    for part in (_state, _handling, _numbers, _annuity, _things):
        typed |= part(policy)
    return typed


def _roles(policy: Facts) -> list[Typed]:
    beneficiary = "給付金受取人" if policy["kind"] in {"医療", "がん"} else "死亡受取人"
    rows: list[Typed] = [{"role": "契約者", "name": policy["policyholder"]}]
    rows += [{"role": "被保険者", "name": name} for name in policy.get("insured", ())]
    if "insured_class" in policy:
        rows.append({"role": "被保険者", "name": policy["insured_class"]})
    for each in policy.get("beneficiaries", ()):
        row = {"role": beneficiary, "name": each["name"], "share": str(each["share"])}
        rows.append(row | {key: each[key] for key in ("relationship",) if key in each})
    for key, role in (("death_beneficiary", "死亡受取人"), ("survival_beneficiary", "満期・生存受取人")):
        if key in policy:
            rows.append({"role": role, "name": policy[key]})
    return rows


def _cover(row: Facts, policy: Facts) -> Typed:
    typed: Typed = {key: row[key] for key in ("name", "kind", "term", "deductible") if key in row}
    typed |= {key: _yen(row[key]) for key in ("limit_days", "premium") if key in row}
    if "amount" in row:
        typed["amount"] = _amount(row["amount"], policy.get("currency", ""))
    if "pays_benefit" in row:
        typed["pays_benefit"] = _flag(row["pays_benefit"])
    return typed


def _state(policy: Facts) -> Typed:
    typed = {"state": policy.get("state", "有効")}
    if "ended" in policy:
        typed |= {"state_date": policy["ended"]["date"], "end_reason": policy["ended"]["reason"]}
    if "lapsed" in policy:
        lapsed = policy["lapsed"]
        typed |= {"state_date": lapsed["date"], "restorable_until": lapsed["can_be_restored_until"]}
    return typed


def _handling(policy: Facts) -> Typed:
    who, _, agency = policy.get("handled_by", "自社").rstrip(")").partition("(")
    typed = {"handled_by": who, "other_agency": agency}
    if isinstance(policy.get("group"), str):
        typed["group_handling"] = policy["group"]
    return typed


def _numbers(policy: Facts) -> Typed:
    typed: Typed = {key: str(policy[key]) for key in ("contract_age", "contract_rate") if key in policy}
    if "maturity" in policy or "end" in policy:
        typed["end"] = policy.get("maturity") or policy["end"]
    if "balance" in policy:
        typed["lender_balance"] = _yen(policy["balance"])
    if "loan" in policy:
        loan = policy["loan"]
        typed |= {"loan_balance": _yen(loan["balance"]), "loan_rate": str(loan["rate"])}
    if isinstance(policy.get("group"), dict):
        typed["group_persons"] = str(policy["group"]["persons"])
    if "earthquake_premium" in policy:
        typed["earthquake_premium"] = _yen(policy["earthquake_premium"])
    if "basis" in policy:
        typed |= {"premium_basis": "売上高", "basis_amount": _yen(policy["basis"]["turnover"]) + "円"}
    return typed


def _annuity(policy: Facts) -> Typed:
    typed: Typed = {}
    if "annuity" in policy:
        annuity = policy["annuity"]
        typed |= {"annuity_start": annuity["start"], "annuity_kind": annuity["kind"]}
        typed["tax_qualified"] = _flag(annuity["tax_qualified_rider"])
    if "special_accounts" in policy:
        typed["special_accounts"] = [
            row | {"balance": _yen(row["balance"])} for row in policy["special_accounts"]
        ]
    return typed


def _things(policy: Facts) -> Typed:
    vehicles = [policy["vehicle"]] if "vehicle" in policy else policy.get("items", [])
    typed: Typed = {"vehicles": [{key: str(value) for key, value in vehicle.items()} for vehicle in vehicles]}
    if "property" in policy:
        told = policy["property"]
        typed["properties"] = [
            {"structure": told["structure"], "area": str(told["area_m2"]), "built": told["built"]}
        ]
    if "fleet" in policy:
        typed["fleet"] = _flag(policy["fleet"])
    return typed


def _flag(said: bool) -> str:
    return "はい" if said else "いいえ"


def _yen(number: float) -> str:
    return f"{number:,}"


def _amount(amount: int | str, currency: str) -> str:
    """As at a desk: 500 for 500万円, 5,000円 for what is no round 万円, units in a foreign currency."""
    if isinstance(amount, str):
        return amount
    if currency:
        return f"{amount:,}"
    return f"{amount // 10_000:,}" if amount % 10_000 == 0 else f"{amount:,}円"
