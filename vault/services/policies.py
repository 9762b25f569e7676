"""Policies of a client: opened, entered, changed."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.policies import Policy
from vault.errors import NotFound
from vault.services import capacity, payloads
from vault.services.audit import Event
from vault.services.clients import united_at, written
from vault.services.holdings import (
    DOCUMENT,
    POLICY,
    Held,
    HeldDocument,
    by_day,
    client_of,
    document_of,
    held_policy,
)
from vault.services.safe import Desk


@dataclass(frozen=True)
class PolicyPage:
    """A policy with the client it belongs to, its scanned papers, the client's other policies, and who wrote its versions.
    `united`: as of a client's page."""

    client_id: bytes
    client: Client
    held: Held
    others: list[Held]
    documents: list[HeldDocument]
    written: list[tuple[int, int, str]]
    united: int = -1


def get(desk: Desk, client: bytes, policy: bytes) -> PolicyPage:
    """One policy; raises NotFound."""
    with desk.act(Event.POLICY_OPENED, Permission.READ_CLIENTS, client) as act:
        record = client_of(act, client)[1]
        opened = {each.row.id: each for each in act.read(client, [POLICY, DOCUMENT])}
        newest = opened.pop(policy, None)
        if newest is None or newest.row.kind != POLICY:
            raise NotFound("not-found")
        told, united = written(act, newest), united_at(act, client)
        act.tell(record=policy)
    others = [held_policy(each) for each in opened.values() if each.row.kind == POLICY]
    papers = by_day(document_of(each) for each in opened.values() if each.row.kind == DOCUMENT)
    mine = [paper for paper in papers if paper.document.policy == policy.hex()]
    return PolicyPage(client, record, held_policy(newest), others, mine, told, united)


@dataclass(frozen=True)
class Typing:
    """A client and his policies, while somebody types at a form that an entry in the journal has announced."""

    client: Client
    policies: list[Held]


def being_typed(desk: Desk, client: bytes) -> Typing:
    """For looking at what is being typed, every few seconds and without an entry; raises NotFound."""
    with desk.look(Permission.READ_CLIENTS, client) as act:
        record = client_of(act, client)[1]
        return Typing(record, [held_policy(each) for each in act.read(client, [POLICY])])


def create(desk: Desk, client: bytes, policy: Policy) -> bytes:
    """A new policy of a client; returns its id. Raises Refused("capacity-full") where the contract is for no more."""
    with desk.act(Event.POLICY_SAVED, Permission.WRITE_POLICIES, client) as act:
        capacity.check(act)
        made = act.add(client, POLICY, payloads.encode(policy))
        act.tell(record=made, version=1)
    return made


def save(desk: Desk, client: bytes, policy: bytes, record: Policy, base: int) -> int:
    """A policy's next version; raises Conflict when somebody else saved since `base`."""
    with desk.act(Event.POLICY_SAVED, Permission.WRITE_POLICIES, client) as act:
        version = act.change(client, policy, POLICY, payloads.encode(record), base)
        act.tell(record=policy, version=version)
    return version
