"""Whether a client of a list is one who is recorded, and which of his boxes a list really changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from vault.domain import fields, insurers
from vault.domain.clients import Client, Corporation, Household
from vault.domain.importing.grouping import Group, Line, client_key
from vault.domain.importing.tables import CORPORATION
from vault.domain.policies import KINDS, Policy
from vault.domain.policies import choices as c
from vault.domain.relationships import HEAD
from vault.domain.spelling import bare_name, digits, loose_kana
from vault.domain.values import Amount, Term, TypedDate, Unreadable, fold, read_date

Form = Mapping[str, Any]
T = TypeVar("T")
_CLASSES: dict[str, type[Client]] = {"household": Household, CORPORATION: Corporation}
# In the place of what a list need not say of somebody who is recorded.
_KANA, _CLOSING, _KIND = "ア", "3月31日", "その他"


def agrees(group: Group, client: Client) -> bool:
    """Whether nothing that the list says speaks against its client being this one."""
    form = group.client
    if isinstance(client, Corporation) != (group.kind == CORPORATION):
        return False
    if isinstance(client, Corporation):
        told, known = digits(str(form.get("corporate_number", ""))), digits(client.corporate_number)
        if told and known:
            return told == known
    if not _same_name(str(form.get("name", "")), client):
        return False
    number, kana = str(form.get("client_number", "")), str(form.get("kana", ""))
    if number and client.client_number and fold(number) != fold(client.client_number):
        return False
    if kana and loose_kana(kana) != loose_kana(client.kana):
        return False
    return _one_birth(form, client)


def _same_name(told: str, client: Client) -> bool:
    if isinstance(client, Corporation):
        return bare_name(told) == bare_name(client.name)
    own = [client.name] + [member.name for member in client.members if member.relationship == HEAD]
    return client_key(told) in map(client_key, own)


def _one_birth(form: Form, client: Client) -> bool:
    told = [_day(str(member.get("birth", ""))) for member in form.get("members", ()) if member.get("relationship") == HEAD]
    known = [member.birth.value for member in client.members if member.relationship == HEAD and member.birth]
    return not (told and told[0] and known) or told[0] == known[0]


def _day(text: str) -> Any:
    try:
        return read_date(text).value
    except Unreadable:
        return None


def placeholder(group: Group, kind: str = "") -> Client | None:
    """The list's client as a record to look others up by, whatever boxes are missing or wrong; None without a name."""
    kind = kind or group.kind
    form = {"kana": _KANA, "compartment": "00" * 16, **{box: told for box, told in group.client.items() if told}}
    if not form.get("name"):
        return None
    if kind == CORPORATION:
        form.setdefault("closing_day", _CLOSING)
    elif not any(member.get("relationship") == HEAD for member in form.get("members", ())):
        form["members"] = [{"name": form["name"], "kana": form["kana"], "relationship": HEAD}]
    reading = fields.read(_CLASSES[kind], form, confirmed=())
    if reading.record is not None:
        return reading.record
    return fields.read(_CLASSES[kind], _without(form, reading.faults)).record


def _without(form: dict[str, Any], faults: Mapping[str, object]) -> dict[str, Any]:
    """Less each box that is wrong; what must be there is stood in for."""
    kept = {**form, "members": [dict(member) for member in form.get("members", ())]}
    for path in faults:
        box, _, rest = path.partition("-")
        number, _, inner = rest.partition("-")
        if box == "members" and number.isdecimal() and int(number) < len(kept["members"]):
            kept["members"][int(number)].pop(inner, None)
        elif box in ("kana", "closing_day"):
            kept[box] = {"kana": _KANA, "closing_day": _CLOSING}[box]
        elif box != "members":
            kept.pop(box, None)
    for member in kept["members"]:
        member.setdefault("kana", _KANA)
    return kept


def minimal(group: Group) -> Iterator[Policy]:
    """The group's policies that have a number, with no more than it takes to look them up."""
    for line in group.policies:
        yield from minimal_of(line)


def minimal_of(line: Line) -> Iterator[Policy]:
    """The same of one row."""
    form = line.read.policy
    if form.get("insurer") and form.get("policy_number") and form["policy_number"] not in c.NO_NUMBER:
        kind = form["kind"] if form.get("kind") in KINDS else _KIND
        yield Policy(
            insurer=form["insurer"], policy_number=form["policy_number"], kind=kind, state=c.IN_FORCE,
            handled_by=c.OWN, premium=0, mode=c.MONTHLY,
        )  # fmt: skip


def same_without_number(policy: Policy, form: Form) -> bool:
    """Whether a policy that has no number is the one that a form without one tells of."""
    begins = policy.begins.value if policy.begins else None
    told = _day(str(form.get("start") or form.get("contract_date") or ""))
    same = insurers.matched(policy.insurer) == insurers.matched(str(form.get("insurer", "")))
    return same and not policy.number_folded and policy.kind == form.get("kind") and begins == told


def as_before(old: T, new: T) -> T:
    """The new record with the old one's spelling wherever the two mean the same."""
    kept: dict[str, Any] = {}
    for box in fields.fields(type(old)):
        one, two = getattr(old, box.name), getattr(new, box.name)
        if box.kind == "rows":
            kept[box.name] = _rows_as_before(one, two)
        elif _means_same(one, two):
            kept[box.name] = one
    return dataclasses.replace(new, **kept)  # type: ignore[type-var]


def _rows_as_before(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    ids = {row.id: row for row in old} if old and hasattr(old[0], "id") else {}
    pairs = [ids.get(row.id) if ids else (old[i] if i < len(old) else None) for i, row in enumerate(new)]
    return tuple(as_before(before, row) if before is not None else row for before, row in zip(pairs, new, strict=True))


def _means_same(one: Any, two: Any) -> bool:
    if one == two:
        return True
    if isinstance(one, TypedDate) and isinstance(two, TypedDate):
        return one.value == two.value
    if isinstance(one, (Amount, Term)) and isinstance(two, type(one)):
        said = one == dataclasses.replace(two, typed=one.typed)
        return said and (getattr(one, "value", 1) is not None or fold(one.typed) == fold(two.typed))
    if isinstance(one, str) and isinstance(two, str):
        return fold(one) == fold(two)
    return False


def says_nothing_new(typed: Form, laid: Form) -> bool:
    """Whether two forms differ in no more than spelling, as far as that is seen without reading them."""
    for box in laid.keys() | typed.keys():
        one, two = typed.get(box, ""), laid.get(box, "")
        if one == two or (isinstance(one, str) and isinstance(two, str) and fold(one) == fold(two)):
            continue
        if not (isinstance(one, list) and isinstance(two, list) and len(one) == len(two)):
            return False
        if not all(says_nothing_new(row, other) for row, other in zip(one, two, strict=True)):
            return False
    return True


def with_notes(before: str, form: Form) -> dict[str, Any]:
    """The form with what it remarks added to the notes that are there, unless they say so already."""
    told = str(form.get("notes", ""))
    if not told or not before:
        return dict(form)
    return {**form, "notes": before if fold(told) in fold(before) else f"{before}\n{told}"}
