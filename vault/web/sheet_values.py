"""What the sheets 証券詳細 and 顧客カルテ show: every field that is filled, part by part, in the order of the forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask_babel import gettext

from vault.domain import fields
from vault.domain.clients import Client, Household, Member
from vault.domain.family_tree import SPOUSES, Tree, tree
from vault.domain.fields import Field
from vault.domain.policies import GROUPS, Policy, name_of, summary, totals
from vault.domain.values import full_age
from vault.services.clients import Page, Version
from vault.services.holdings import Held
from vault.web.family_rows import boxes, graph_of
from vault.web.pages import short_moment
from vault.web.versions import label

# Width in millimetres that a column wants on paper; a table wider than the page is told row by row instead.
WIDTHS = {"date": 25, "term": 18, "yen": 22, "amount": 22, "number": 14, "decimal": 16, "flag": 13, "choice": 20}
OTHER_WIDTH, PAGE_WIDTH = 26, 190
# Fields stand side by side in so many columns; a text of more characters than fit into one takes two, or all.
COLUMNS, FITS_ONE, FITS_TWO = 4, 13, 30
TEXTS = ("text", "name", "long", "kana")
Placed = list[tuple[Field, int]]
# A wider drawing of a family would be too small to read on paper: its generations are listed instead.
WIDEST_GRAPH = 1000
# Of one version that many changes are told, and the number of the others.
TOLD_CHANGES = 12
# What has a place of its own on a 顧客カルテ, or means nothing on paper.
ELSEWHERE = ("members", "related")
_MEMBER_SHOWN = frozenset({
    "name", "kana", "relationship", "birth", "sex", "occupation", "annual_income", "position", "title", "joined",
    "planned_retirement", "monthly_salary",
})  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A table within a record and the columns in which anything is said.

    `placed`: where it is too wide for a page, of each row the fields that are filled, with the columns each takes.
    """

    box: Field
    rows: list[Any]
    columns: list[Field]
    placed: list[Placed]


@dataclass(frozen=True)
class Part:
    """Some fields that belong together: those that are filled, with the columns each takes, and tables that have rows.

    `key`: catalogue key or "".
    """

    key: str
    filled: Placed
    tables: list[Table]


@dataclass(frozen=True)
class Change:
    """One version: number, when, by whom, (label, before, after) of what changed, and how many changes are left out."""

    number: int
    at: str
    author: str
    changes: list[tuple[str, str, str]]
    more: int


# --- one policy


def policy_values(held: Held, client: Client, written: Mapping[bytes, list[Version]], on: date) -> dict[str, Any]:
    """Context of the body of a 証券詳細."""
    policy = held.policy
    roles = tuple(replace(role, name=name_of(role, client)) for role in policy.roles)
    record = replace(policy, roles=roles)
    return {
        "policy": record, "row": summary.row(policy, client), "parts": _policy_parts(record), "holder": client,
        "paid": totals.paid_to(policy, on, client), "history": history(written.get(held.id, [])),
    }  # fmt: skip


def _policy_parts(policy: Policy) -> list[Part]:
    """Group by group of its kind; what another kind's form had filled in comes last."""
    boxes, shown, parts = fields.by_name(Policy), set(), []
    for name in policy.of_kind.groups:
        mine = [boxes[box] for box in GROUPS[name] if box not in shown]
        shown |= {box.name for box in mine}
        parts.append(_part(policy, f"group.{name}", mine))
    parts.append(_part(policy, "group.kept", [box for box in boxes.values() if box.name not in shown]))
    return [part for part in parts if part.filled or part.tables]


def _part(record: Any, key: str, boxes: Iterable[Field], sensitive: bool = False) -> Part:
    seen = [box for box in boxes if not box.hidden and (sensitive or not box.sensitive)]
    tables = [_table(box, getattr(record, box.name)) for box in seen if box.kind == "rows"]
    return Part(key, _placed(record, seen), [table for table in tables if table.rows])


def part_of(record: Any, sensitive: bool) -> Part:
    """All fields of a record that are filled; `sensitive`: with what the screen hides until asked for."""
    return _part(record, "", fields.fields(type(record)), sensitive)


def _placed(record: Any, boxes: Iterable[Field]) -> Placed:
    """The filled ones of some fields with the columns each takes, so that every line of them is full."""
    placed: Placed = []
    free = 0
    for box in boxes:
        if box.kind == "rows" or not _said(getattr(record, box.name)):
            continue
        wants = _columns(box, getattr(record, box.name))
        if wants > free and free:
            placed[-1] = (placed[-1][0], placed[-1][1] + free)
            free = 0
        placed.append((box, wants))
        free = (free or COLUMNS) - wants
    if free:
        placed[-1] = (placed[-1][0], placed[-1][1] + free)
    return placed


def _columns(box: Field, value: Any) -> int:
    length = len(value) if box.kind in TEXTS else 0
    if box.kind == "long" or length > FITS_TWO:
        return COLUMNS
    return 2 if length > FITS_ONE else 1


def _said(value: Any) -> bool:
    return value is not None and value != ""


def _table(box: Field, rows: Iterable[Any]) -> Table:
    assert box.of is not None
    told = list(rows)
    columns = [
        each for each in fields.fields(box.of)
        if not each.hidden and each.kind != "rows" and any(_said(getattr(row, each.name)) for row in told)
    ]  # fmt: skip
    width = sum(WIDTHS.get(each.kind, OTHER_WIDTH) for each in columns)
    wide = width > PAGE_WIDTH or any(each.kind == "long" for each in columns)
    return Table(box, told, columns, [_placed(row, columns) for row in told] if wide else [])


# --- one client


def client_values(page: Page, written: Mapping[bytes, list[Version]], on: date, sensitive: bool) -> dict[str, Any]:
    """Context of the body of a 顧客カルテ; `sensitive`: whether what the screen hides until asked for is on it."""
    client, policies = page.client, [held.policy for held in page.policies]
    graph = graph_of(page)
    names = {other.hex(): name or gettext("消去済み") for other, _, name in page.related}
    record = replace(client, compartment=page.compartment)  # the record has its id, people its name
    return {
        "client": client, "owner": type(client).__name__, "record": record,
        "part": _part(record, "", [box for box in fields.fields(type(client)) if box.name not in ELSEWHERE], sensitive),
        "members": [_member(member, on, sensitive) for member in client.members],
        "spouses": SPOUSES, "tree": tree(client.members) if isinstance(client, Household) else Tree((), ()),
        "graph": graph if graph.width <= WIDEST_GRAPH else None, "boxes": boxes(page, graph, on),
        "ages": {member.id: _age(member, on) for member in client.members},
        "related": [(names[r.client], r.link, client.member(r.member)) for r in client.related if r.client in names],
        "lists": summary.lists(policies, client), "sums": totals.totals(policies, client),
        "history": history(written.get(page.id, []), sensitive, names),
    }  # fmt: skip


def _age(member: Member, on: date) -> int | None:
    return full_age(member.birth.value, on) if member.birth and not member.death else None


def _member(member: Member, on: date, sensitive: bool) -> dict[str, Any]:
    """One person: what has a column, and the rest field by field below it."""
    rest = [box for box in fields.fields(Member) if box.name not in _MEMBER_SHOWN]
    filled = [box for box, _ in _part(member, "", rest, sensitive).filled]
    return {"record": member, "age": _age(member, on), "rest": filled}


# --- versions


def history(
    versions: list[Version], sensitive: bool = False, names: Mapping[str, str] | None = None
) -> list[Change]:
    """What each version changed, newest first; the oldest of those that were read has nothing to be compared with."""
    befores = [*versions[1:], None]
    told = [_change(now, before, sensitive, names or {}) for now, before in zip(versions, befores, strict=True)]
    return told if not told or told[-1].number == 1 else told[:-1]


def _change(now: Version, before: Version | None, sensitive: bool, names: Mapping[str, str]) -> Change:
    cls = type(now.record)
    found = fields.differences(before.record, now.record) if before is not None else []
    told = [
        (label(cls, path), *_told(path, a, b, names)) for path, a, b in found
        if not path.endswith("member") and (sensitive or not _is_sensitive(cls, path))
    ]  # fmt: skip
    more = max(0, len(told) - TOLD_CHANGES)
    return Change(now.number, short_moment(now.at), now.author, told[:TOLD_CHANGES], more)


def _told(path: str, before: str, after: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Clients by their names; one that cannot be opened has none."""
    if path.endswith("-client"):
        return names.get(before, ""), names.get(after, "")
    return before, after


def hides(page: Page) -> bool:
    """Whether anything is filled in that the screen hides until asked for."""
    records = (*page.client.members, *(held.dealing for held in page.dealings))
    return any(box.sensitive and _said(getattr(record, box.name)) for record in records for box in fields.fields(type(record)))


def _is_sensitive(cls: type[Any], path: str) -> bool:
    """Whether the box at a path (`members-0-health`) is one that the screen hides until asked for."""
    head, _, rest = path.partition("-")
    box = fields.by_name(cls).get(head)
    if box is None or box.of is None or not rest:
        return box is not None and box.sensitive
    return _is_sensitive(box.of, rest.partition("-")[2])
