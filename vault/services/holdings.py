"""What a client has, out of opened records: his own record, his policies and papers, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from vault.domain import dealings, fields
from vault.domain.access import Permission
from vault.domain.clients import Client, Corporation, Household, Member
from vault.domain.dealings import Dealing
from vault.domain.deposits import Deposit
from vault.domain.documents import Document
from vault.domain.policies import Policy
from vault.domain.tasks import Task
from vault.domain.values.moments import day_of
from vault.errors import NotFound
from vault.services import payloads
from vault.services.acts import Act, Opened

KINDS: dict[str, type[Client]] = {"household": Household, "corporation": Corporation}
POLICY, DEPOSIT, DOCUMENT, TASK = "policy", "deposit", "document", "task"
# What another client was before he went into this one (services.merged).
MERGED = "merged"
# Notes of whose id has become another one's, written last of all where two are made one.
SAME_PERSON = "same-person"


@dataclass(frozen=True)
class Held:
    """A policy with its place."""

    id: bytes
    version: int
    policy: Policy


@dataclass(frozen=True)
class HeldDeposit:
    """A receipt for originals with its place."""

    id: bytes
    version: int
    deposit: Deposit


@dataclass(frozen=True)
class HeldDocument:
    """A scanned paper with its place; `changed` in seconds since 1970."""

    id: bytes
    version: int
    changed: int
    document: Document


@dataclass(frozen=True)
class HeldTask:
    """A task with its place."""

    id: bytes
    version: int
    task: Task


@dataclass(frozen=True)
class HeldDealing:
    """What passed between the office and a client, with its place; `changed` in seconds since 1970."""

    id: bytes
    version: int
    changed: int
    kind: str
    dealing: Dealing


def kind_of(client: Client) -> str:
    """The record kind of a client."""
    return next(kind for kind, cls in KINDS.items() if isinstance(client, cls))


def opened_client(found: Opened) -> Client:
    """The client of an opened record."""
    return payloads.decode(found.payload, KINDS[found.row.kind])


def readable(act: Act, client: Client) -> Client:
    """A client as the person at the desk may read him: without what is hidden until asked for, for who may not read that."""
    if act.desk.may(Permission.READ_SENSITIVE):
        return client
    hidden: dict[str, Any] = {box.name: "" for box in fields.fields(Member) if box.sensitive}
    return replace(client, members=tuple(replace(member, **hidden) for member in client.members))


def client_of(act: Act, client: bytes) -> tuple[Opened, Client]:
    """The client's own record inside another act; raises NotFound."""
    kind = act.contents(client).entries.get(client, ("",))[0]
    if kind not in KINDS:
        raise NotFound("not-found")
    found = act.read_one(client, client, kind)
    return found, opened_client(found)


def held_policy(found: Opened) -> Held:
    """The policy of an opened record."""
    return Held(found.row.id, found.row.version, payloads.decode(found.payload, Policy))


def deposit_of(found: Opened) -> HeldDeposit:
    """The receipt of an opened record."""
    return HeldDeposit(found.row.id, found.row.version, payloads.decode(found.payload, Deposit))


def document_of(found: Opened) -> HeldDocument:
    """The scanned paper of an opened record."""
    row = found.row
    return HeldDocument(row.id, row.version, row.changed, payloads.decode(found.payload, Document))


def dealing_of(act: Act, found: Opened) -> HeldDealing:
    """The dealing of an opened record; without what is hidden until asked for, for who may not read that."""
    row = found.row
    said = payloads.decode(found.payload, dealings.KINDS[row.kind])
    told = said if act.desk.may(Permission.READ_SENSITIVE) else dealings.without_sensitive(said)
    return HeldDealing(row.id, row.version, row.changed, row.kind, told)


def latest_first(found: Iterable[HeldDealing]) -> list[HeldDealing]:
    return sorted(found, key=lambda held: (dealings.place_of(held.dealing), held.changed), reverse=True)


def task_of(found: Opened) -> HeldTask:
    """The task of an opened record."""
    return HeldTask(found.row.id, found.row.version, payloads.decode(found.payload, Task))


def tasks_of(read: Iterable[Opened]) -> list[HeldTask]:
    """The tasks among opened records, open ones first, by their day; of those that are done the latest first."""
    held = [task_of(each) for each in read if each.row.kind == TASK]
    done = sorted((each for each in held if each.task.done), key=lambda each: _done(each.task), reverse=True)
    return [*sorted((each for each in held if each.task.open), key=lambda each: each.task.due.value), *done]


def _done(task: Task) -> date:
    return task.done.value if task.done else date.max


def by_day(documents: Iterable[HeldDocument]) -> list[HeldDocument]:
    """The newest first, by the day that stands on the paper, else the day it was last written."""

    def day(held: HeldDocument) -> date:
        return held.document.date.value if held.document.date else day_of(held.changed)

    return sorted(documents, key=lambda held: (day(held), held.changed), reverse=True)


def newest_first(deposits: Iterable[HeldDeposit]) -> list[HeldDeposit]:
    return sorted(deposits, key=lambda held: -held.deposit.number)
