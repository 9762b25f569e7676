"""Two records made one: what differs, which side of each box stays unless somebody says otherwise, and the record made so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from vault.domain import fields
from vault.domain.boxes import Field
from vault.domain.clients import Client, Member, RelatedClient, Telephone
from vault.domain.relationships import HEAD
from vault.domain.retention import YEARS
from vault.domain.signs import alike_members
from vault.domain.spelling import digits
from vault.domain.values import TypedDate, fold

# Which side a box takes: the record that stays, the one that goes into it, or, of notes, both one below the other.
STAYS, GOES, BOTH = "stays", "goes", "both"
_BLANK: tuple[object, ...] = (None, "", ())
T = TypeVar("T")
Sides = Mapping[str, str]


@dataclass(frozen=True)
class Compared:
    """A box of two records. `side` is proposed; `sides` can be chosen, one alone where there is nothing to choose."""

    box: Field
    stays: Any
    goes: Any
    side: str
    sides: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(self.sides) > 1


def compared(stays: T, goes: T, newer: str, rows: bool = True) -> list[Compared]:
    """Every box in which either says something. `newer`: the side that was saved last; it is proposed where both say
    something. `rows`: tables as well, each as a whole."""
    found = []
    for box in fields.fields(type(stays)):
        if not box.hidden and box.name != "compartment" and (rows or box.kind != "rows"):
            one, other = getattr(stays, box.name), getattr(goes, box.name)
            if one not in _BLANK or other not in _BLANK:
                found.append(_compared(box, one, other, newer))
    return found


def _compared(box: Field, one: Any, other: Any, newer: str) -> Compared:
    if box.name in _KEPT and not _same(one, other):
        return Compared(box, one, other, _KEPT[box.name](one, other), (STAYS, GOES))
    if _same(one, other) or other in _BLANK:
        return Compared(box, one, other, STAYS, (STAYS,) if _same(one, other) else (STAYS, GOES))
    if one in _BLANK:
        return Compared(box, one, other, GOES, (STAYS, GOES))
    if box.kind == "long" and len(_joined(one, other)) <= box.max_length:
        return Compared(box, one, other, BOTH, (STAYS, GOES, BOTH))
    return Compared(box, one, other, newer, (STAYS, GOES))


def _later(one: TypedDate | None, other: TypedDate | None) -> str:
    return STAYS if other is None or (one is not None and one.value >= other.value) else GOES


def _more_years(one: int | None, other: int | None) -> str:
    return STAYS if (YEARS if one is None else one) >= (YEARS if other is None else other) else GOES


# Of how long a client is kept the longer term is proposed, whichever was saved last; without one the office's own counts.
_KEPT: Mapping[str, Callable[[Any, Any], str]] = {"retention_until": _later, "retention_years": _more_years}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, TypedDate) and isinstance(other, TypedDate):
        return one.value == other.value
    return bool(one == other)


def _joined(one: str, other: str) -> str:
    return one if other in one else f"{one}\n{other}"


def chosen(stays: Any, goes: Any, newer: str, sides: Sides, rows: bool = True) -> Any:
    """The record that stays with the boxes that were chosen from the other; what is not said is as proposed."""
    taken: dict[str, Any] = {}
    for each in compared(stays, goes, newer, rows):
        said = sides.get(each.box.name, "")
        side = said if said in each.sides else each.side
        if side != STAYS:
            taken[each.box.name] = each.goes if side == GOES else _joined(each.stays, each.goes)
    return replace(stays, **taken)


# --- clients


@dataclass(frozen=True)
class Choice:
    """What somebody chose: a side for each box; of people who are the same (id of the one that goes to id of the one
    that stays) a side for each box, by the id that stays."""

    sides: Sides
    same: Mapping[str, str]
    people: Mapping[str, Sides]


def proposed_people(stays: Client, goes: Client) -> dict[str, str]:
    """Who of the one that goes is probably who of the one that stays, each once; ids."""
    found: dict[str, str] = {}
    for other in goes.members:
        for one in stays.members:
            if one.id not in found.values() and _same_person(one, other):
                found[other.id] = one.id
                break
    return found


def _same_person(one: Member, other: Member) -> bool:
    if one.birth is not None and other.birth is not None and one.birth.value != other.birth.value:
        return False
    pair = Client(name="", kana="", compartment="", members=(one, other))
    return fold(one.name) == fold(other.name) or next(alike_members(pair), None) is not None


def united(stays: Client, goes: Client, newer: str, choice: Choice, ids: tuple[str, str]) -> Client:
    """One client of two. Tables without a choice have the rows of both, each once; nobody is lost.

    `ids`: of the client that stays and of the one that goes, in hex: a link between the two is none any more.
    """
    record: Client = chosen(stays, goes, newer, choice.sides, rows=False)
    tables: dict[str, Any] = {
        box.name: _rows_of_both(box.name, getattr(stays, box.name), getattr(goes, box.name))
        for box in fields.fields(type(stays)) if box.kind == "rows" and box.name not in ("members", "related")
    }  # fmt: skip
    related = _links([*stays.related, *goes.related], ids)
    return replace(record, **tables, related=related, members=_members(stays, goes, newer, choice))


def _rows_of_both(name: str, one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    there = [_told(row) for row in one]
    return (*one, *(row for row in other if _told(row) not in there))


def _told(row: Any) -> object:
    return digits(row.number) or row.number if isinstance(row, Telephone) else fields.typed(row)


def _links(links: list[RelatedClient], ids: tuple[str, str]) -> tuple[RelatedClient, ...]:
    found: dict[str, RelatedClient] = {}
    for link in links:
        if link.client not in ids:
            found.setdefault(link.client, link)
    return tuple(found.values())


def _members(stays: Client, goes: Client, newer: str, choice: Choice) -> tuple[Member, ...]:
    """The people of both. A household has one head: another one's relationship is to be said anew."""
    into = {one: other for other, one in choice.same.items()}
    told = []
    for member in stays.members:
        other = goes.member(into.get(member.id, ""))
        told.append(chosen(member, other, newer, choice.people.get(member.id, {})) if other is not None else member)
    there = any(member.relationship == HEAD for member in told)
    for member in goes.members:
        if choice.same.get(member.id, "") not in {one.id for one in stays.members}:
            told.append(replace(member, relationship="") if there and member.relationship == HEAD else member)
    return tuple(told)


def linked_anew(links: tuple[RelatedClient, ...], goes: str, stays: str) -> tuple[RelatedClient, ...]:
    """The links of a third client after two of those he is linked to have become one; ids in hex."""
    found: dict[str, RelatedClient] = {}
    for link in links:
        there = replace(link, client=stays) if link.client == goes else link
        found.setdefault(there.client, there)
    return tuple(found.values())


def without_person(client: Client, stays: Member, goes: str) -> Client:
    """A client after one person, entered twice, is one: `stays` as it is to be, the other (id) is gone."""
    rest = tuple(stays if member.id == stays.id else member for member in client.members if member.id != goes)
    return replace(client, members=rest)


def ids_changed(payload: bytes, ids: Mapping[str, str]) -> bytes:
    """A record's bytes with ids (32 hex digits) that have become others. They are random, so no other text holds one."""
    for old, new in ids.items():
        payload = payload.replace(old.encode(), new.encode())
    return payload
