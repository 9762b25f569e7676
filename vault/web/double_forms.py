"""Two records beside each other as a form: which side of each box stays, who is whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vault.domain import fields
from vault.domain.boxes import Field
from vault.domain.clients import Client, Member
from vault.domain.uniting import Choice, Compared, compared, proposed_people
from vault.web.words import word

SIDE, PERSON, MATCH = "side-", "person-", "match-"


def rows_of(found: Iterable[Compared], owner: type[Any], prefix: str, form: Mapping[str, str]) -> list[dict[str, Any]]:
    """The boxes as the page shows them, those that differ first; with what was chosen already."""
    told = [_row(each, owner, prefix, form.get(prefix + each.box.name, "")) for each in found]
    return sorted(told, key=lambda row: not row["differs"])


def _row(each: Compared, owner: type[Any], prefix: str, chosen: str) -> dict[str, Any]:
    return {
        "box": each.box, "owner": owner.__name__, "name": prefix + each.box.name, "differs": each.differs,
        "side": chosen if chosen in each.sides else each.side, "sides": each.sides,
        "stays": each.stays, "goes": each.goes,
        "stays_lines": lines(each.box, each.stays), "goes_lines": lines(each.box, each.goes),
    }  # fmt: skip


def lines(box: Field, value: Any) -> list[str]:
    """A table within a record, a line of words for each row; nothing for other boxes."""
    if box.kind != "rows" or box.of is None:
        return []
    shown = [each for each in fields.fields(box.of) if not each.hidden and not each.sensitive and each.kind != "rows"]
    return [" ".join(filter(None, (_in_words(each, str(fields.typed(row)[each.name])) for each in shown))) for row in value]


def _in_words(box: Field, text: str) -> str:
    return word(text) if text in box.choices else text


def sides(form: Mapping[str, str], prefix: str = SIDE) -> dict[str, str]:
    """What was chosen, by box."""
    return {name.removeprefix(prefix): text for name, text in form.items() if name.startswith(prefix)}


# --- clients


def matched(form: Mapping[str, str], stays: Client, goes: Client) -> dict[str, str]:
    """Who of those who go is who of those who stay, each once; as proposed where the form does not ask yet."""
    if not any(name.startswith(MATCH) for name in form):
        return proposed_people(stays, goes)
    there, found = {member.id for member in stays.members}, dict[str, str]()
    for member in goes.members:
        said = form.get(MATCH + member.id, "")
        if said in there and said not in found.values():
            found[member.id] = said
    return found


def choice(form: Mapping[str, str], stays: Client, goes: Client) -> Choice:
    """All that was chosen about two clients."""
    people = {member.id: sides(form, f"{PERSON}{member.id}-") for member in stays.members}
    return Choice(sides(form), matched(form, stays, goes), people)


def people(form: Mapping[str, str], stays: Client, goes: Client, newer: str) -> list[dict[str, Any]]:
    """Those who go, with whom they are taken for, and the boxes in which the two differ."""
    same = matched(form, stays, goes)
    return [_person(member, stays.member(same.get(member.id, "")), newer, form) for member in goes.members]


def _person(goes: Member, stays: Member | None, newer: str, form: Mapping[str, str]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    if stays is not None:
        rows = rows_of(compared(stays, goes, newer), Member, f"{PERSON}{stays.id}-", form)
    return {"name": MATCH + goes.id, "member": goes, "into": stays, "rows": [row for row in rows if row["differs"]]}


def tables(stays: Client, goes: Client, made: Client) -> list[dict[str, Any]]:
    """The tables of which nothing is chosen, because the rows of both stay; how many there are before and after."""
    return [
        {"owner": type(stays).__name__, "name": box.name, "stays": len(getattr(stays, box.name)),
         "goes": len(getattr(goes, box.name)), "made": len(getattr(made, box.name))}
        for box in fields.fields(type(stays))
        if box.kind == "rows" and box.name != "members" and (getattr(stays, box.name) or getattr(goes, box.name))
    ]  # fmt: skip
