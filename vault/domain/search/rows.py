"""What of a client and of a policy is searched: one row each, made of the records alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from vault.domain import insurers, signs, worklist
from vault.domain.boxes import Field, fields
from vault.domain.claims import Claim
from vault.domain.clients import Client, Corporation, Member
from vault.domain.contacts import Contact
from vault.domain.dealings import Dealing
from vault.domain.deposits import Deposit, DepositItem
from vault.domain.documents import Document
from vault.domain.policies import (
    CLIENT_ITSELF,
    NEVER,
    Policy,
    cover_end,
    missing_facts,
    name_of,
    payment_end,
)
from vault.domain.policies import choices as c
from vault.domain.policies.surrender import peak
from vault.domain.provisions import Provision
from vault.domain.tasks import Task
from vault.domain.values import fold
from vault.domain.worklist import Due

CLIENT, POLICY, DOCUMENT, DEPOSIT, TASK = "client", "policy", "document", "deposit", "task"
Paper = Document | Deposit | Task | Dealing
_TEXT = frozenset({"text", "long", "kana", "name"})
# Of the closed lists those whose words people look for; of the others every second record would be found by 男 or 月.
_CHOICES = frozenset({
    *((Policy, name) for name in ("kind", "state", "handled_by", "renewal_state", "end_reason", "currency")),
    (Document, "kind"), (DepositItem, "paper"), (Contact, "how"), (Claim, "kind"), (Claim, "state"), (Provision, "direction"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """One text as it is stored, and the catalogue key of its box."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A client or a policy as the search sees it.

    `order` sorts rows of one sort (the client's kana, folded). `marks` are (condition, word) pairs. `births` are those
    of people whose age counts: a client's living members, of a policy its insured. `dues`: what the work list has of it.
    """

    what: str
    order: str
    pieces: tuple[Piece, ...]
    marks: frozenset[tuple[str, str]]
    births: tuple[date, ...] = ()
    begins: date | None = None
    matures: date | None = None
    paid: date | None = None
    peak: date | None = None
    dues: tuple[Due, ...] = ()


def client_row(client: Client) -> Row:
    """A client with his people."""
    return Row(
        what=CLIENT,
        order=fold(client.kana),
        pieces=client_pieces(client),
        marks=frozenset((*_client_marks(client), *signs.of_client(client))),
        births=tuple(_births(client.members)),
        dues=worklist.of_client(client),
    )


def client_pieces(client: Client) -> tuple[Piece, ...]:
    """The texts of a client with his people."""
    return tuple(_pieces(client))


def _client_marks(client: Client) -> Iterator[tuple[str, str]]:
    if client.handler:
        yield "handler", fold(client.handler)
    if isinstance(client, Corporation) and client.closing.month:
        yield "closing_month", str(client.closing.month)


def policy_row(policy: Policy, client: Client) -> Row:
    """A policy of a client: found by his name as well, and by the names that its people bear now."""
    ends, paid = cover_end(policy, client), payment_end(policy, client)
    best = peak(policy)
    return Row(
        what=POLICY,
        order=fold(client.kana),
        pieces=policy_pieces(policy, client),
        marks=frozenset((*_policy_marks(policy), *_client_marks(client), *signs.of_policy(policy))),
        births=tuple(_births(_insured(policy, client))),
        begins=policy.begins.value if policy.begins else None,
        matures=None if ends == NEVER else ends,
        paid=None if paid == NEVER or policy.mode == c.SINGLE else paid,
        peak=best.day if best else None,
        dues=worklist.of_policy(policy, client),
    )


def paper_row(what: str, paper: Paper, client: Client) -> Row:
    """A scanned paper, a receipt for originals, a task of a client: found by what people say of it, and by his name."""
    return Row(
        what=what,
        order=fold(client.kana),
        pieces=paper_pieces(paper, client),
        marks=frozenset(_task_marks(paper, client) if isinstance(paper, Task) else _client_marks(client)),
        dues=_paper_dues(paper),
    )


def _task_marks(task: Task, client: Client) -> Iterator[tuple[str, str]]:
    """Who is to see to it counts as its handler."""
    if task.assignee:
        yield "handler", fold(task.assignee)
    else:
        yield from _client_marks(client)
    if task.line:
        yield "line", task.line


def _paper_dues(paper: Paper) -> tuple[Due, ...]:
    if isinstance(paper, Task):
        return worklist.of_task(paper)
    return worklist.of_deposit(paper) if isinstance(paper, Deposit) else ()


def paper_pieces(paper: Paper, client: Client) -> tuple[Piece, ...]:
    """The texts of a paper, and the client's name. What was read off its pages is not among them."""
    return (*_pieces(paper), *_names(client))


def _names(client: Client) -> Iterator[Piece]:
    for name in ("name", "kana"):
        yield Piece(f"field.{type(client).__name__}.{name}", getattr(client, name))


def policy_pieces(policy: Policy, client: Client) -> tuple[Piece, ...]:
    """The texts of a policy, with the names that its people bear now and the client's."""
    now = replace(policy, roles=tuple(replace(role, name=name_of(role, client)) for role in policy.roles))
    return (*_pieces(now), *_successor(policy), *_names(client))


def _policy_marks(policy: Policy) -> Iterator[tuple[str, str]]:
    yield "insurer", insurers.matched(policy.insurer)
    for name in ("kind", "state", "handled_by", "renewal_state"):
        if getattr(policy, name):
            yield name, getattr(policy, name)
    if policy.solicitor:
        yield "handler", fold(policy.solicitor)
    for name in missing_facts(policy):
        yield "missing", name


def _successor(policy: Policy) -> Iterator[Piece]:
    """The company that carries the policy on, where the paper bears another name."""
    found = insurers.find(policy.insurer)
    if found is not None and fold(found.name) != fold(policy.insurer):
        yield Piece("field.Policy.insurer", found.name)


def _insured(policy: Policy, client: Client) -> Iterator[Member]:
    for role in policy.roles_of(c.INSURED, c.NAMED_INSURED):
        member = client.member(role.member) if role.member and role.member != CLIENT_ITSELF else None
        if member is not None:
            yield member


def _births(members: Iterable[Member]) -> Iterator[date]:
    for member in members:
        if member.birth is not None and member.death is None:
            yield member.birth.value


# --- the texts of a record


def _pieces(record: Any) -> Iterator[Piece]:
    for box, label in _searched(type(record)):
        value = getattr(record, box.name)
        if not value:
            continue
        if box.kind == "rows":
            for row in value:
                yield from _pieces(row)
        else:
            yield Piece(label, value)


_SEARCHED: dict[type[Any], tuple[tuple[Field, str], ...]] = {}


def _searched(cls: type[Any]) -> tuple[tuple[Field, str], ...]:
    """The boxes of a record that hold text or rows with text, with their labels. Which compartment a client is in the
    keystore says."""
    if cls not in _SEARCHED:
        _SEARCHED[cls] = tuple(
            (box, f"field.{cls.__name__}.{box.name}") for box in fields(cls)
            if not box.hidden and not box.sensitive and box.name != "compartment" and _has_text(cls, box)
        )  # fmt: skip
    return _SEARCHED[cls]


def _has_text(cls: type[Any], box: Field) -> bool:
    if box.kind == "rows":
        return box.of is not None and bool(_searched(box.of))
    return box.kind in _TEXT or (box.kind == "choice" and (cls, box.name) in _CHOICES)
