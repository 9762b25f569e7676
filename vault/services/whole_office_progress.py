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
from vault.services.acts import BIN_CLIENT, OBJECT, Act, Contents, Opened
from vault.services.clients import Brief
from vault.services.holdings import DOCUMENT, KINDS, POLICY, document_of
from vault.services.ledger_rows import Row, of_serial, today
from vault.services.printing import needs_approval
from vault.services.safe import OFFICE_PAGE
from vault.services.scan_sheets import every_scan
from vault.storage import records

PIECE, ASKED = "whole-office-piece", "whole-office-order"
# About 300 pages: what a printer takes at once, and a server writes in seconds.
MOST_CLIENTS, MOST_POLICIES = 50, 250
# Pictures of pages: what a browser holds at once. A client who has more is told in parts.
MOST_SCANS = 40
# An approval holds for the whole job, but not for one of next year.
APPROVAL_SECONDS = 90 * 24 * 60 * 60

Approval = Literal["free", "needed", "waiting", "granted"]


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What is kept of a piece: its number and, of each client on it (hex id), the state he was printed in and which part
    of him it is; the first, where nothing is said."""

    serial: int
    clients: tuple[str, ...]
    states: tuple[int, ...]
    parts: tuple[int, ...] = ()

    @property
    def told(self) -> dict[tuple[bytes, int], int]:
        """The states, by client and part."""
        parts = self.parts or (0,) * len(self.clients)
        return {(bytes.fromhex(c), p): state for c, p, state in zip(self.clients, parts, self.states, strict=True)}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The number of an order for the whole office that another person has to approve."""

    serial: int


@dataclass(frozen=True)
class Head:
    """A client as the job sees him. `state` grows with every change of him, his policies or his papers; `scans` are the
    scanned pages that are printed of him, at most these where they fill no more than one part."""

    id: bytes
    name: str
    kana: str
    number: str
    people: int
    policies: int
    scans: int
    state: int

    @property
    def parts(self) -> list[Part]:
        """What is printed of him, the first with all but those scanned pages that are too many for it."""
        return [Part(self, place) for place in range(max(1, -(-self.scans // MOST_SCANS)))]


@dataclass(frozen=True)
class Part:
    """What of a client stands together on a piece: the first (0) has his card and policies, each up to MOST_SCANS scanned
    pages."""

    head: Head
    place: int

    @property
    def key(self) -> tuple[bytes, int]:
        return self.head.id, self.place

    @property
    def id(self) -> bytes:
        return self.head.id

    @property
    def name(self) -> str:
        return self.head.name

    @property
    def number(self) -> str:
        return self.head.number

    @property
    def policies(self) -> int:
        return 0 if self.place else self.head.policies

    @property
    def scans(self) -> int:
        return min(MOST_SCANS, self.head.scans - self.place * MOST_SCANS)


@dataclass(frozen=True)
class Piece:
    """A piece that was printed: its row of the ledger, and those of its clients that are still there."""

    serial: int
    entry: LedgerEntry
    clients: list[Part]
    states: Mapping[tuple[bytes, int], int]

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
    coming: list[Part]
    left: int
    pieces: list[Piece]
    elsewhere: int
    approval: Approval
    order: int


def progress_of(act: Act) -> Progress:
    """How far the job is, inside an act and without opening any policy."""
    heads = heads_of(act)
    pieces = pieces_of(act, heads)
    latest: dict[tuple[bytes, int], int] = {}
    for piece in reversed(pieces):
        if piece.counts:
            latest.update(piece.states)
    left = [part for head in heads.values() for part in head.parts if latest.get(part.key) != part.head.state]
    unfinished = {part.id for part in left}
    changed = {part.id: part.head for part in left if part.key in latest}
    approval, row = approval_of(act)
    return Progress(
        clients=len(heads), printed=len(heads) - len(unfinished), policies=sum(head.policies for head in heads.values()),
        changed=list(changed.values()), coming=_together(left), left=_how_many(left), pieces=pieces, approval=approval,
        elsewhere=records.client_count(act.connection, BIN_CLIENT) - len(heads), order=row.entry.serial if row else 0,
    )  # fmt: skip


def heads_of(act: Act) -> dict[bytes, Head]:
    """Every client this person can open, by kana."""
    found = [_head(act, held, record) for held, record in act.every_client() if record.row.kind in KINDS]
    return {head.id: head for head in sorted(found, key=lambda head: (fold(head.kana), head.name, head.id))}


def _head(act: Act, held: Contents, found: Opened) -> Head:
    client = payloads.decode(found.payload, Brief)
    policies = sum(1 for entry in held.entries.values() if entry[0] == POLICY)
    state = held.row.version if held.row else 0
    return Head(
        held.folder.owner, client.name, client.kana, client.client_number, max(1, len(client.members)), policies,
        _scans(act, held), state,
    )  # fmt: skip


def _scans(act: Act, held: Contents) -> int:
    """How many scanned pages there are. Each is an object of its own, also those of what lies in the bin: only where they
    may be too many for one part is it worth opening the documents."""
    most = sum(1 for entry in held.entries.values() if entry[0] == OBJECT)
    if most <= MOST_SCANS:
        return most
    documents = [document_of(each) for each in act.read(held.folder.owner, [DOCUMENT])]
    return sum(len(scan.shown) for scan in every_scan(documents))


def pieces_of(act: Act, heads: Mapping[bytes, Head]) -> list[Piece]:
    """Every piece that was printed, newest first."""
    found = []
    for record in act.read(OFFICE_PAGE, [PIECE]):
        noted = payloads.decode(record.payload, Noted)
        there = [
            part for client, place in noted.told if client in heads
            for part in heads[client].parts if part.place == place
        ]  # fmt: skip
        row = _row(act, noted.serial)
        if row is not None:
            found.append(Piece(noted.serial, row.entry, there, noted.told))
    return sorted(found, key=lambda piece: -piece.serial)


def _row(act: Act, serial: int) -> Row | None:
    """A row of the ledger; None where it was kept long enough."""
    try:
        return of_serial(act, serial)
    except NotFound:
        return None


def _together(left: list[Part]) -> list[Part]:
    """Who fits on one piece: at least the first."""
    taken, policies, scans = 0, 0, 0
    for part in left[:MOST_CLIENTS]:
        policies, scans = policies + part.policies, scans + part.scans
        if taken and (policies > MOST_POLICIES or scans > MOST_SCANS):
            break
        taken += 1
    return left[:taken]


def _how_many(left: list[Part]) -> int:
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
