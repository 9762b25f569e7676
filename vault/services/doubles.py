"""Records that may have been entered twice: known by what the search segments carry of them.

Segments only find. What is shown of a pair, and why it is one, is read from the records.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from vault.domain.access import Permission
from vault.domain.clients import Client, Member
from vault.domain.doubles import PERSON, Known, Pair, Place, client_reasons, policy_reasons, strength
from vault.domain.doubles import POLICY as POLICY_PAIR
from vault.domain.policies import Policy
from vault.domain.signs import LETTERS
from vault.domain.uniting import GOES, STAYS
from vault.errors import Damaged, Malformed, NotFound, Refused
from vault.services import payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.clients import Page, page_of
from vault.services.holdings import POLICY, Held, client_of, held_policy
from vault.services.safe import OFFICE_PAGE, Desk
from vault.services.search import walking
from vault.services.search.rows import DAYS
from vault.storage.packed import Packed

# So long the rows of clients who were saved since are made, in seconds, before there is an answer without them.
PATIENCE = 8.0
APART = "apart"
# Pairs on a page.
MOST = 50
_SORTS = {letter: sort for sort, letter in LETTERS.items()}
_CLIENT, _POLICY, _INSURER, _NUMBER = b"0", b"1", "i", LETTERS["number"]
_BEGINS = DAYS.index("begins")
_ID = re.compile("[0-9a-f]{32}")


def known(desk: Desk, patience: float = PATIENCE) -> tuple[Known, int]:
    """All clients and policies that the person at the desk can open, by their signs; and how many clients' are missing
    yet, for making them takes longer than `patience` seconds. Not to be called within an act."""

    def begin() -> tuple[Known, walking.Take]:
        found = Known()
        return found, lambda part, row: _take(found, part, row)

    return walking.walk(desk, begin, patience)


def _take(found: Known, part: Packed, row: int) -> None:
    rank, *lines = part.marks(row).split(b"\n")
    if rank.startswith(_CLIENT):
        told = ((_SORTS.get(line[:1]), line[1:]) for line in map(bytes.decode, lines))
        found.add_client(part.place(row)[0], [(sort, word) for sort, word in told if sort is not None])
    elif rank.startswith(_POLICY):
        words = {line[:1]: line[1:] for line in map(bytes.decode, lines) if line[:1] in (_INSURER, _NUMBER)}
        if _NUMBER in words:
            owner, record, _ = part.place(row)
            found.add_policy(Place(owner, record), words[_INSURER], words[_NUMBER], part.days(row)[_BEGINS])


# --- what is proposed


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Somebody has said that two (hex ids, the lesser first) are not one."""

    one: str
    other: str


@dataclass(frozen=True)
class Seen:
    """One side of a proposal, as it is recorded now: a client, with the policy or the person (`member`) of his that it is."""

    client_id: bytes
    compartment: bytes
    client: Client
    record: bytes
    policy: Policy | None = None
    member: Member | None = None

    @property
    def id(self) -> str:
        """By what it is told from others: the hex id of the client, the policy or the person."""
        return self.member.id if self.member is not None else self.record.hex()


@dataclass(frozen=True)
class Proposal:
    """Two that may be one, and why."""

    what: str
    reasons: tuple[str, ...]
    one: Seen
    other: Seen

    @property
    def strength(self) -> int:
        return strength(self.reasons)


@dataclass(frozen=True)
class Proposals:
    """Some of what is proposed, the likeliest first, and how many pairs there are in all. `pending`: clients whose rows
    are still to be made."""

    shown: list[Proposal]
    total: int
    pending: int


def proposed(desk: Desk, first: int = 0, most: int = MOST) -> Proposals:
    """What may be doubles among all that the person at the desk can open, from the pair `first` on."""
    desk.require(Permission.WRITE_CLIENTS)
    found, pending = known(desk)
    with desk.act(Event.DOUBLES_OPENED, Permission.WRITE_CLIENTS) as act:
        apart = _said_apart(act)
        pairs = [pair for pair in found.pairs() if _name(pair.one.record, pair.other.record) not in apart]
        shown = [each for pair in pairs[first : first + most] for each in _read(act, pair)]
        act.tell(count=len(pairs), shown=len(shown))
    return Proposals(shown, len(pairs), pending)


def _read(act: Act, pair: Pair) -> Iterator[Proposal]:
    """The pair as its records say now; nothing where they say so no more, or cannot be read."""
    with suppress(NotFound, Damaged, Malformed):
        one, other = _seen(act, pair.what, pair.one), _seen(act, pair.what, pair.other)
        reasons = pair.reasons if pair.what == PERSON else _reasons(one, other)
        if reasons:
            yield Proposal(pair.what, reasons, one, other)


def _seen(act: Act, what: str, place: Place) -> Seen:
    room = act.contents(place.owner).folder.compartment
    client = client_of(act, place.owner)[1]
    if what == PERSON:
        member = client.member(place.record.decode())
        if member is None:
            raise NotFound("not-found")
        return Seen(place.owner, room, client, place.record, member=member)
    policy = held_policy(act.read_one(place.owner, place.record, POLICY)).policy if what == POLICY_PAIR else None
    return Seen(place.owner, room, client, place.record, policy)


def _reasons(one: Seen, other: Seen) -> tuple[str, ...]:
    if one.policy is not None and other.policy is not None:
        return policy_reasons(one.policy, other.policy, one.client_id == other.client_id)
    return client_reasons(one.client, other.client)


# --- those that are none


def keep_apart(desk: Desk, what: str, one: str, other: str) -> None:
    """Never propose again that two clients, policies or people, by their ids, are one; nothing to do where that is said
    already. Raises NotFound for what is no id."""
    with desk.act(Event.DOUBLES_APART, Permission.WRITE_CLIENTS) as act:
        first, second = sorted((one, other))
        name = _name(*(_record(what, each) for each in (first, second)))
        if name not in _said_apart(act):
            act.add(OFFICE_PAGE, APART, payloads.encode(Apart(one=first, other=second)), name)


def _said_apart(act: Act) -> set[bytes]:
    """The names of all pairs of which that was said: the contents list alone tells them, and nothing is opened."""
    return {record for record, entry in act.contents(OFFICE_PAGE).entries.items() if entry[0] == APART}


def _record(what: str, id: str) -> bytes:
    if not _ID.fullmatch(id):
        raise NotFound("not-found")
    return id.encode() if what == PERSON else bytes.fromhex(id)


def _name(one: bytes, other: bytes) -> bytes:
    return hashlib.sha256(b"kura apart" + b"".join(sorted((one, other)))).digest()[:16]


# --- two of them beside each other


@dataclass(frozen=True)
class Sides:
    """Two pages beside each other; `newer`: which of the two was saved last (uniting.STAYS or GOES)."""

    stays: Page
    goes: Page
    newer: str


def two_clients(desk: Desk, stays: bytes, goes: bytes) -> Sides:
    """Two clients; raises NotFound, Refused: doubles-same, doubles-kinds, doubles-rooms."""
    with desk.act(Event.CLIENT_OPENED, Permission.WRITE_CLIENTS, stays) as act:
        act.also(Event.CLIENT_OPENED, goes)
        one, other = page_of(act, stays), page_of(act, goes)
        changed = [client_of(act, each)[0].row.changed for each in (stays, goes)]
    for code, wrong in (
        ("doubles-same", stays == goes), ("doubles-kinds", one.kind != other.kind),
        ("doubles-rooms", one.compartment_id != other.compartment_id),
    ):  # fmt: skip
        if wrong:
            raise Refused(code)
    return Sides(one, other, STAYS if changed[0] >= changed[1] else GOES)


def two_policies(desk: Desk, client: bytes, stays: bytes, goes: bytes) -> tuple[Held, Held, Page, str]:
    """Two policies of a client, his page, and which of the two was saved last; raises NotFound, Refused("doubles-same")."""
    with desk.act(Event.CLIENT_OPENED, Permission.WRITE_POLICIES, client) as act:
        found = [act.read_one(client, each, POLICY) for each in (stays, goes)]
        page = page_of(act, client)
    if stays == goes:
        raise Refused("doubles-same")
    one, other = map(held_policy, found)
    return one, other, page, STAYS if found[0].row.changed >= found[1].row.changed else GOES
