"""What 家族図 shows: boxes with their words and links, what everybody is to whom was chosen, and his policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext

from vault.domain import box_lines, family_graph, officers_graph
from vault.domain.clients import Client, Household, Member, RelatedClient, relationship_between
from vault.domain.family_graph import Graph
from vault.domain.policies import summary
from vault.domain.values import full_age
from vault.services.clients import Page
from vault.web.client_rows import policy_row
from vault.web.words import word

# A table of all with all of more people than these would say less than it is long.
MOST_IN_TABLE = 24


@dataclass(frozen=True)
class Shown:
    """One box as it is drawn: a person, a related client, or (id "") the corporation itself."""

    id: str
    x: float
    y: float
    name: str
    lines: tuple[str, ...]
    note: str
    url: str
    dead: bool = False
    chosen: bool = False
    person: bool = True

    @property
    def note_line(self) -> tuple[str, bool]:
        """The note as it is drawn, and whether it is pressed together to fit."""
        return box_lines.note_line(self.note)


def family_values(page: Page, today: date, chosen_id: str = "") -> dict[str, Any]:
    """Everything the section needs; `chosen_id` of a member, or anything else for none."""
    client, chosen = page.client, page.client.member(chosen_id)
    graph = graph_of(page)
    return {
        "family": {
            "graph": graph,
            "boxes": boxes(page, graph, today, chosen, linked=True),
            "chosen": chosen,
            "chosen_age": age_of(chosen, today) if chosen else None,
            "chosen_word": _role_in_client(client, chosen) if chosen else "",
            "chosen_row": client.members.index(chosen) if chosen else 0,
            "roles": _roles(page, chosen, today) if chosen else [],
            "matrix": _matrix(client),
        }
    }


def graph_of(page: Page) -> Graph:
    """The picture of a client: a household with its related clients beside it, a corporation with its officers."""
    client, seen = page.client, {other.hex() for other, _, _ in page.related}
    links = [link for link in client.related if link.client in seen]
    if isinstance(client, Household):
        graph = family_graph.household(client.members)
        return family_graph.beside(graph, [link.client for link in links])
    own = {member.id for member in client.members}
    return officers_graph.corporation(client.members, [(n.client, n.member if n.member in own else "") for n in links])


def boxes(page: Page, graph: Graph, today: date, chosen: Member | None = None, *, linked: bool = False) -> list[Shown]:
    """The boxes with their words; `linked`: with the addresses that choose a person or open a client."""
    members = {member.id: member for member in page.client.members}
    links = {link.client: link for link in page.client.related}
    shown = []
    for box in graph.boxes:
        if box.id in members:
            shown.append(_person(page, box, members[box.id], today, chosen, linked))
        elif box.id:
            shown.append(_client(page, box, links[box.id], linked))
        else:
            name = page.client.name
            shown.append(Shown("", box.x, box.y, name, box_lines.name_lines(name), "", "", person=False))
    return shown


def _person(
    page: Page, box: family_graph.Box, member: Member, today: date, chosen: Member | None, linked: bool
) -> Shown:
    told = _told(page.client, member, chosen)
    note = " ".join(filter(None, [told, gettext("死亡") if member.death else _short_age(member, today)]))
    url = url_for("clients.show", client=page.id.hex(), m=member.id, _anchor="family") if linked else ""
    is_chosen = chosen is not None and chosen.id == member.id
    lines = box_lines.name_lines(member.name)
    return Shown(member.id, box.x, box.y, member.name, lines, note, url, member.death is not None, is_chosen)


def _told(client: Client, member: Member, chosen: Member | None) -> str:
    """What a person is to the chosen one, or to the head."""
    if chosen is None or not isinstance(client, Household):
        return _role_in_client(client, member)
    if member.id == chosen.id:
        return str(gettext("この方"))
    return word(relationship_between(client, chosen, member)) or "―"


def _role_in_client(client: Client, member: Member) -> str:
    return word(member.relationship) if isinstance(client, Household) else member.title or word(member.position)


def _client(page: Page, box: family_graph.Box, link: RelatedClient, linked: bool) -> Shown:
    name = next((name for other, _, name in page.related if other.hex() == box.id), "")
    url = url_for("clients.show", client=box.id) if linked and name else ""
    shown = name or str(gettext("消去済み"))
    lines = box_lines.name_lines(shown)
    return Shown(box.id, box.x, box.y, shown, lines, word(link.link), url, person=False)


def age_of(member: Member, today: date) -> int | None:
    """Full years of a living person whose birth is known."""
    return full_age(member.birth.value, today) if member.birth and not member.death else None


def _short_age(member: Member, today: date) -> str:
    """The age as a box has room for it."""
    age = age_of(member, today)
    return str(gettext("family.age", n=age)) if age is not None else ""


def _roles(page: Page, chosen: Member, today: date) -> list[tuple[str, list[dict[str, Any]]]]:
    """By role (被保険者, 契約者, 受取人 …) the living policies in which somebody has it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for held in page.policies:
        if not summary.row(held.policy, page.client).living:
            continue
        for role in dict.fromkeys(r.role for r in held.policy.roles if r.member == chosen.id):
            found.setdefault(role, []).append(policy_row(held, page.client, page.id, today))
    return [(word(role), rows) for role, rows in found.items()]


def _matrix(client: Client) -> list[tuple[Member, list[str]]]:
    """Of every member what each is to him, in the order of the members; none for corporations and for very many."""
    members = client.members
    if not isinstance(client, Household) or not 2 <= len(members) <= MOST_IN_TABLE:
        return []
    return [
        (one, ["" if one.id == other.id else word(relationship_between(client, one, other)) or "―" for other in members])
        for one in members
    ]  # fmt: skip

