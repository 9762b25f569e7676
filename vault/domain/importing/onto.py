"""A form of a list laid onto a record that is there already: the list adds and corrects, and takes nothing away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from vault.domain.importing.people import same_person
from vault.domain.policies import choices as c
from vault.domain.values import fold

Form = dict[str, Any]
_MATCHED_BY = {"members": "name", "telephones": "number", "coverages": "name", "vehicles": "registration"}


def onto(typed: Mapping[str, Any], form: Mapping[str, Any], assumed: Collection[str] = ()) -> Form:
    """What would be typed for the record now. `typed` is the record's own form; boxes of `assumed` stand in the list's form
    because nothing was said, and overwrite nothing."""
    made: Form = dict(typed)
    for box, told in form.items():
        if box == "roles":
            made[box] = _roles(list(typed.get(box) or ()), told, "roles" in assumed)
        elif isinstance(told, list):
            made[box] = _rows(list(typed.get(box) or ()), told, _MATCHED_BY.get(box, ""))
        elif told and not (box in assumed and typed.get(box)):
            made[box] = told
    return made


def _rows(rows: list[Form], others: list[Form], by: str) -> list[Form]:
    made = [dict(row) for row in rows]
    for other in others:
        same = next((row for row in made if not by or same_person(str(row.get(by, "")), str(other.get(by, "")))), None)
        if same is None:
            made.append(dict(other))
        else:
            # A spelling that means the same is no correction.
            same.update({box: told for box, told in other.items() if told and fold(str(same.get(box, ""))) != fold(told)})
    return made


def _roles(rows: list[Form], others: list[Form], assumed: bool) -> list[Form]:
    """Those of a role are replaced together: a list that names one beneficiary means that there is one."""
    made = [dict(row) for row in rows]
    for role in dict.fromkeys(other["role"] for other in others):
        wanted = [dict(other) for other in others if other["role"] == role]
        there = [row for row in made if row.get("role") == role]
        if not there:
            made += wanted
        elif not _same(there, wanted) and not (assumed and role in (c.INSURED, c.NAMED_INSURED)):
            at = made.index(there[0])
            made = [row for row in made if row.get("role") != role]
            made[at:at] = wanted
    return made


def _same(rows: list[Form], others: list[Form]) -> bool:
    return sorted(fold(row.get("name", "")) for row in rows) == sorted(fold(row.get("name", "")) for row in others)
