"""Faults are found by the path of a box in its form; people look for them in the column of their sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vault.domain.fields import Fault
from vault.domain.policies import choices as c

_PERIOD = {"start": "begins", "contract_date": "begins", "end": "ends", "long_years": "term"}
_TABLES = {"coverages": "amount", "vehicles": "registration", "roles": "insured"}
_ROLES = {c.POLICYHOLDER: "client.name", c.INSURED: "policy.insured", c.NAMED_INSURED: "policy.insured"}


def of_client(path: str, headed: bool) -> str:
    """Target of a path in a client's form; the first of its members is the head, where it has one."""
    box, _, rest = path.partition("-")
    if box == "telephones":
        return "client.mobile" if rest.startswith("1") else "client.telephone"
    if box != "members":
        return f"client.{box}"
    number, _, of_member = rest.partition("-")
    if headed and number == "0":
        return f"client.{of_member or 'name'}"
    return f"member.{of_member or 'name'}"


def of_policy(path: str, form: Mapping[str, Any], fault: Fault) -> str:
    """Target of a fault's path in a policy's form."""
    if fault.code == "role-missing":
        return _ROLES.get(str(fault.facts["role"]), "policy.insured")
    box, _, rest = path.partition("-")
    if box == "properties":
        return "policy.place" if rest.endswith("place") else "policy.amount"
    if box == "roles" and rest:
        rows = form.get("roles", ())
        number = rest.partition("-")[0]
        role = rows[int(number)]["role"] if int(number) < len(rows) else ""
        return _ROLES.get(role, "policy.beneficiary")
    if box == "term" and not form.get("term"):
        return "policy.ends"
    return f"policy.{_TABLES.get(box) or _PERIOD.get(box) or box}"
