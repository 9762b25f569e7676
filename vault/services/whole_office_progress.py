"""How far the printing of everything is: who is on paper as he is now, who was changed since, who comes next.

It is read off the clients themselves, the notes of the pieces, and what the ledger says became of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vault.domain.prints import APPROVED, NOT_PRINTED, SHREDDED, LedgerEntry
from vault.domain.values import fold
from vault.errors import NotFound
from vault.services import payloads
from vault.services.acts import BIN_CLIENT, Act, Contents, Opened
from vault.services.clients import KINDS, POLICY, Brief
from vault.services.ledger_rows import Row, of_serial, today
from vault.services.printing import needs_approval
from vault.services.safe import OFFICE_PAGE
from vault.storage import records

PIECE, ASKED = "whole-office-piece", "whole-office-order"
# About 300 pages: what a printer takes at once, and a server writes in seconds.
MOST_CLIENTS, MOST_POLICIES = 50, 250
# An approval holds for the whole job, but not for one of next year.
APPROVAL_SECONDS = 90 * 24 * 60 * 60

Approval = Literal["free", "needed", "waiting", "granted"]


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What is kept of a piece: its number and, of each client on it (hex id), the state he was printed in."""

    serial: int
    clients: tuple[str, ...]
    states: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The number of an order for the whole office that another person has to approve."""

    serial: int


@dataclass(frozen=True)
class Head:
    """A client as the job sees him. `state` grows with every change of him or his policies."""

    id: bytes
    name: str
    kana: str
    number: str
    people: int
    policies: int
    state: int


@dataclass(frozen=True)
class Piece:
    """A piece that was printed: its row of the ledger, and those of its clients that are still there."""

    serial: int
    entry: LedgerEntry
    clients: list[Head]
    states: Mapping[bytes, int]

    @property
    def counts(self) -> bool:
        """Whether its paper is there, as far as the ledger says."""
        return self.entry.left and self.entry.outcome not in (NOT_PRINTED, SHREDDED)


@dataclass(frozen=True)
class Progress:
    """How far the job is.

    clients    how many there are, of whom `printed` are on paper as they are now
    policies   how many those clients have
    changed    printed, and changed since
    coming     who is on the next piece
    pieces     what was printed, newest first
    elsewhere  clients that the person at the desk cannot open
    order      the serial number of the order that waits for approval or was approved; 0 without one
    """

    clients: int
    printed: int
    policies: int
    changed: list[Head]
    coming: list[Head]
    left: int
    pieces: list[Piece]
    elsewhere: int
    approval: Approval
    order: int


def progress_of(act: Act) -> Progress:
    """How far the job is, inside an act and without opening any policy."""
    heads = heads_of(act)
    pieces = pieces_of(act, heads)
    latest: dict[bytes, int] = {}
    for piece in reversed(pieces):
        if piece.counts:
            latest.update(piece.states)
    left = [head for head in heads.values() if latest.get(head.id) != head.state]
    changed = [head for head in left if head.id in latest]
    approval, row = approval_of(act)
    return Progress(
        clients=len(heads), printed=len(heads) - len(left), policies=sum(head.policies for head in heads.values()),
        changed=changed, coming=_together(left), left=_how_many(left), pieces=pieces, approval=approval,
        elsewhere=records.client_count(act.connection, BIN_CLIENT) - len(heads), order=row.entry.serial if row else 0,
    )  # fmt: skip


def heads_of(act: Act) -> dict[bytes, Head]:
    """Every client this person can open, by kana."""
    found = [_head(held, record) for held, record in act.every_client() if record.row.kind in KINDS]
    return {head.id: head for head in sorted(found, key=lambda head: (fold(head.kana), head.name, head.id))}


def _head(held: Contents, found: Opened) -> Head:
    client = payloads.decode(found.payload, Brief)
    policies = sum(1 for entry in held.entries.values() if entry[0] == POLICY)
    state = held.row.version if held.row else 0
    return Head(
        held.folder.owner, client.name, client.kana, client.client_number, max(1, len(client.members)), policies, state
    )


def pieces_of(act: Act, heads: Mapping[bytes, Head]) -> list[Piece]:
    """Every piece that was printed, newest first."""
    found = []
    for record in act.read(OFFICE_PAGE, [PIECE]):
        noted = payloads.decode(record.payload, Noted)
        states = dict(zip(map(bytes.fromhex, noted.clients), noted.states, strict=True))
        row = _row(act, noted.serial)
        if row is not None:
            found.append(Piece(noted.serial, row.entry, [heads[each] for each in states if each in heads], states))
    return sorted(found, key=lambda piece: -piece.serial)


def _row(act: Act, serial: int) -> Row | None:
    """A row of the ledger; None where it was kept long enough."""
    try:
        return of_serial(act, serial)
    except NotFound:
        return None


def _together(left: list[Head]) -> list[Head]:
    """Who fits on one piece: at least the first."""
    taken, policies = 0, 0
    for head in left[:MOST_CLIENTS]:
        policies += head.policies
        if taken and policies > MOST_POLICIES:
            break
        taken += 1
    return left[:taken]


def _how_many(left: list[Head]) -> int:
    """How many pieces are still to come."""
    count, at = 0, 0
    while at < len(left):
        at += len(_together(left[at : at + MOST_CLIENTS]))
        count += 1
    return count


# --- another person's word


def approval_of(act: Act) -> tuple[Approval, Row | None]:
    """Whether another person's word is wanted and there, and the order that has it or waits for it: one's own newest."""
    desk = act.desk
    if not needs_approval(desk):
        return "free", None
    orders = [payloads.decode(each.payload, Asked).serial for each in act.read(OFFICE_PAGE, [ASKED])]
    rows = [row for serial in sorted(orders, reverse=True) if (row := _row(act, serial)) is not None]
    mine = next((row for row in rows if row.entry.person == desk.person.hex()), None)
    if mine is None:
        return "needed", None
    if mine.entry.standing(today(desk)) == "waiting":
        return "waiting", mine
    fresh = desk.instance.now() - mine.entry.approval_at < APPROVAL_SECONDS
    withdrawn = mine.entry.closed and not mine.entry.left
    if mine.entry.approval == APPROVED and fresh and not withdrawn:
        return "granted", mine
    return "needed", None
