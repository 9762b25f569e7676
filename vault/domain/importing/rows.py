"""Every row of a sheet read as if a person had typed it into the forms: the same faults, and what the forms cannot see."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from vault.domain import fields, insurers
from vault.domain.clients import Client, Corporation, Household, Member
from vault.domain.fields import Fault
from vault.domain.importing import contracts, meanings, people, within
from vault.domain.importing.cells import Source, Texts
from vault.domain.importing.paths import of_client, of_policy
from vault.domain.importing.tables import CLIENTS, CORPORATION, PEOPLE, POLICIES, Fixes, Matching, Read, Table
from vault.domain.policies import read_policy
from vault.domain.relationships import HEAD

Form = dict[str, Any]
Found = list[tuple[str, Fault]]
CLASSES: dict[str, type[Client]] = {"household": Household, CORPORATION: Corporation}
_STAND_IN = {"name": "？", "kana": "ア", "compartment": "？", "closing_day": "3月31日"}


def read_rows(
    table: Table, matching: Matching, fixes: Fixes | None = None, given: Mapping[str, str] | None = None,
    done: Callable[[int], None] | None = None,
) -> list[Read]:
    """Each row below the headings, but for wholly empty ones.

    `given` says by target what holds for every row that says nothing there itself. `done` is called with the number of rows
    read, now and then. No compartment is asked for: that is said of the whole file.
    """
    source = Source(table, matching, fixes or {}, given or {})
    reader = {POLICIES: _policy, PEOPLE: _person, CLIENTS: _client_only}.get(matching.what)
    found: list[Read] = []
    for number in range(matching.first_row + 1, len(table.rows) if reader else 0):
        if any(table.rows[number]) or any((number, column) in table.formulas for column in source.columns):
            found.append(_read(source, number, reader))
        if done and number % 100 == 0:
            done(number)
    within.compare(found)
    return found


def _read(source: Source, number: int, reader: Callable[[Source, Texts], Read] | None) -> Read:
    texts = source.row(number)
    left_out = source.left_out(number, texts)
    if left_out or reader is None:
        return Read(number=number + 1, values=texts.values, what=source.matching.what, left_out=left_out)
    read = reader(source, texts)
    # What is wrong with a cell is why its box is empty: one of the two is enough to say.
    told = {target for target, fault in texts.faults if not fault.ask}
    faults = [(target, fault) for target, fault in read.faults if not (target in told and fault.code in _EMPTY)]
    read.faults[:] = [*texts.faults, *faults]
    read.remarks[:] = [*texts.remarks, *read.remarks]
    return read


_EMPTY = frozenset({"required", "role-missing", "member-kana-missing"})


def _policy(source: Source, texts: Texts) -> Read:
    kind = people.kind_of(texts, source.heading("client.name"))
    client, head = people.client(texts, kind), people.head(texts, kind)
    insured = meanings.name(texts.get("policy.insured"))
    member = people.member(texts, kind, insured)
    if head and people.same_person(insured, head["name"]):
        head = {**{box: told for box, told in member.items() if box != "relationship"}, **head}
        member = {}
    form = contracts.contract(texts, source, kind, (client.get("name", ""), insured))
    faults, record = _client_faults(client, head, member, kind)
    nameless = any(target == "client.name" for target, _ in (*texts.faults, *faults))
    faults += [each for each in _policy_faults(form, record) if not (nameless and each[0] == "client.name")]
    remarks = list(_insurer(form))
    return Read(number=texts.number + 1, values=texts.values, what=POLICIES, kind=kind, client=client, head=head,
                member=member, policy=form, faults=faults, remarks=remarks, assumed=_assumed(texts))


def _assumed(texts: Texts) -> frozenset[str]:
    said = {"state": "policy.state", "end_reason": "policy.state", "handled_by": "policy.handled_by", "roles": "policy.insured"}
    return frozenset(box for box, target in said.items() if not texts.get(target))


def _person(source: Source, texts: Texts) -> Read:
    """A person of a client that another sheet, or the office, has."""
    kind = people.kind_of(texts, source.heading("client.name"))
    name = meanings.name(texts.get("member.name"))
    client, member = people.client(texts, kind), people.member(texts, kind, name)
    faults: Found = _member_faults(member)
    if not client.get("name") and not client.get("client_number"):
        faults.append(("client.name", Fault("required")))
    return Read(number=texts.number + 1, values=texts.values, what=PEOPLE, kind=kind, client=client, member=member,
                faults=faults)


def _client_only(source: Source, texts: Texts) -> Read:
    kind = people.kind_of(texts, source.heading("client.name"))
    client, head = people.client(texts, kind), people.head(texts, kind)
    faults, _ = _client_faults(client, head, {}, kind)
    return Read(number=texts.number + 1, values=texts.values, what=CLIENTS, kind=kind, client=client, head=head,
                faults=faults)


def _client_faults(client: Form, head: Form, member: Form, kind: str) -> tuple[Found, Client]:
    """Faults of the client's form, and a client by which the policy's names can be found, however faulty that form is."""
    faults: Found = []
    if member and not member.get("kana"):
        # The forms take no person without a reading. A name alone can stand in the policy.
        faults.append(("member.kana", Fault("member-kana-missing", {"name": member["name"]}, ask=True)))
        member = {}
    form = {**client, "compartment": "？", "members": [each for each in (head, member) if each]}
    found, record = _checked(kind, _frozen(form))
    return faults + [(of_client(path, bool(head)), fault) for path, fault in found], record


def _frozen(form: Form) -> tuple[tuple[str, Any], ...]:
    """Rows of one client say the same of it: read once, found again by what they say."""
    return tuple((box, told if isinstance(told, str) else tuple(_frozen(row) for row in told)) for box, told in form.items())


def _thawed(frozen: tuple[tuple[str, Any], ...]) -> Form:
    return {box: told if isinstance(told, str) else [_thawed(row) for row in told] for box, told in frozen}


@lru_cache(maxsize=2_000)
def _checked(kind: str, frozen: tuple[tuple[str, Any], ...]) -> tuple[tuple[tuple[str, Fault], ...], Client]:
    form = _thawed(frozen)
    reading = fields.read(CLASSES[kind], form)
    faults = tuple((path, fault) for path, fault in reading.faults.items() if fault.code != "head-missing")
    return faults, reading.record or _stand_in(kind, form)


def _stand_in(kind: str, form: Form) -> Client:
    members = [
        Member(id=f"{number:032x}", name=row.get("name") or "？", kana="ア", relationship=row.get("relationship", ""))
        for number, row in enumerate(form["members"], 1)
    ]
    made = fields.read(CLASSES[kind], {**_STAND_IN, "members": [{"name": "？", "kana": "ア", "relationship": HEAD}]}).record
    assert made is not None
    return dataclasses.replace(made, name=form.get("name") or "？", members=tuple(members))


def _member_faults(member: Form) -> Found:
    reading = fields.read(Member, member)
    return [(f"member.{path}", fault) for path, fault in reading.faults.items()]


def _policy_faults(form: Form, client: Client) -> Found:
    found = read_policy(form, client=client).faults
    return [(of_policy(path, form, fault), fault) for path, fault in found.items()]


def _insurer(form: Form) -> Found:
    named = form.get("insurer", "")
    return [("policy.insurer", Fault("insurer-unknown", {"name": named}))] if named and insurers.find(named) is None else []
