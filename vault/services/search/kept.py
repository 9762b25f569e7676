"""Searches that a person has put by: sealed records of his own."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain.access import Permission
from vault.domain.search import KeptSearch
from vault.errors import Refused
from vault.services import office, payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.safe import Desk

KIND = "search"
MOST = 50


@dataclass(frozen=True)
class Kept:
    """One of them with its id."""

    id: bytes
    search: KeptSearch


def listed(desk: Desk) -> list[Kept]:
    """The searches of the person at the desk, by name."""
    with desk.act(Event.SEARCH_OPENED, Permission.SEARCH) as act:
        return _all(act)


def beside(desk: Desk, announced: bool) -> tuple[list[Kept], dict[bytes, str]]:
    """The same for the page of the search, with the names of the compartments that one can open; `announced`: the search
    whose answer the page shows stands in the journal already."""
    with desk.look(Permission.SEARCH) if announced else desk.act(Event.SEARCH_OPENED, Permission.SEARCH) as act:
        names = office.compartment_names(act)
        return _all(act), {each: names.get(each, "") for each in desk.client_compartments()}


def _all(act: Act) -> list[Kept]:
    found = [Kept(each.row.id, payloads.decode(each.payload, KeptSearch)) for each in act.read(act.desk.person, [KIND])]
    return sorted(found, key=lambda each: each.search.name)


def keep(desk: Desk, search: KeptSearch) -> bytes:
    """Put a search by, in place of one of the same name; returns its id. Raises Refused("searches-many")."""
    with desk.act(Event.SEARCH_KEPT, Permission.SEARCH) as act:
        there = _all(act)
        for each in there:
            if each.search.name == search.name:
                act.drop(desk.person, each.id, KIND)
        if len(there) >= MOST:
            raise Refused("searches-many", most=MOST)
        return act.add(desk.person, KIND, payloads.encode(search))


def drop(desk: Desk, search: bytes) -> None:
    """Take one away; raises NotFound."""
    with desk.act(Event.SEARCH_KEPT, Permission.SEARCH) as act:
        act.drop(desk.person, search, KIND)
