"""Clients: listed, opened, entered, changed; and every earlier version of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from operator import itemgetter
from typing import Any

from vault.crypto.keys import new_id, new_key
from vault.domain import dealings, fields
from vault.domain.access import Permission
from vault.domain.clients import Client, Corporation, Household, Member, RelatedClient
from vault.domain.dealings import Dealing
from vault.domain.deposits import Deposit
from vault.domain.documents import Document
from vault.domain.policies import Policy
from vault.domain.tasks import Task
from vault.domain.values import fold
from vault.domain.values.moments import day_of
from vault.errors import Forbidden, NotFound
from vault.services import office, payloads
from vault.services.acts import Act, Contents, Opened
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.storage import records

KINDS: dict[str, type[Client]] = {"household": Household, "corporation": Corporation}
POLICY, DEPOSIT, DOCUMENT, TASK = "policy", "deposit", "document", "task"
# What another client was before he went into this one (services.merged).
MERGED = "merged"
# Notes of whose id has become another one's, written last of all where two are made one.
SAME_PERSON = "same-person"
# A page names the newest few, so that it takes no longer for what was changed often; the page of versions has all.
SHOWN_VERSIONS = 6
# What the other side of a link is called.
MIRRORED = {
    "経営する会社": "経営者の世帯",
    "経営者の世帯": "経営する会社",
    "親会社": "子会社",
    "子会社": "親会社",
    "親族の世帯": "親族の世帯",
    "関連会社": "関連会社",
}


@dataclass(frozen=True, slots=True)
class BriefTelephone:
    number: str = ""


@dataclass(frozen=True, slots=True)
class BriefMember:
    name: str
    kana: str


@dataclass(frozen=True, slots=True)
class Brief:
    """Of a client what a list shows and is searched by."""

    name: str
    kana: str
    client_number: str = ""
    handler: str = ""
    address: str = ""
    trade_name: str = ""
    telephones: tuple[BriefTelephone, ...] = ()
    members: tuple[BriefMember, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """One client in a list. Read out of its bytes when asked: a million small objects at once would fill the memory,
    and most of it could not be given back."""

    id: bytes
    kind: str
    payload: bytes = field(repr=False)
    compartment: str
    policies: int

    @property
    def client(self) -> Brief:
        return payloads.decode(self.payload, Brief)


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


@dataclass(frozen=True)
class Page:
    """Everything about one client; `deposits` with the newest number first, `documents` and `dealings` by their day, the
    newest first, `tasks` by what is to be done next. `merged`: how many clients have gone into this one; `united`: when
    ids of his were last made one (seconds since 1970; -1 for never)."""

    id: bytes
    kind: str
    version: int
    client: Client
    compartment_id: bytes
    compartment: str
    policies: list[Held]
    deposits: list[HeldDeposit]
    documents: list[HeldDocument]
    dealings: list[HeldDealing]
    tasks: list[HeldTask]
    related: list[tuple[bytes, str, str]]
    written: list[tuple[int, int, str]]
    merged: int = 0
    united: int = -1

    def dealt(self, kind: str) -> list[HeldDealing]:
        """The dealings of one kind."""
        return [held for held in self.dealings if held.kind == kind]


@dataclass(frozen=True)
class Version:
    """One version of a record: number, when (seconds), by whom, and what it said."""

    number: int
    at: int
    author: str
    record: Client | Policy | Deposit | Dealing


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


def list_clients(desk: Desk) -> list[Head]:
    """All clients this person can open, sorted by kana."""
    with desk.act(Event.CLIENTS_LISTED, Permission.READ_CLIENTS) as act:
        names = office.compartment_names(act)
        placed = [_placed(held, found, names) for held, found in act.every_client() if found.row.kind in KINDS]
        act.tell(count=len(placed))
    placed.sort(key=itemgetter(0))
    return [head for _, head in placed]


def _placed(held: Contents, found: Opened, names: dict[bytes, str]) -> tuple[tuple[str, str, bytes], Head]:
    """(the client's place among all, the client)."""
    policies = sum(1 for entry in held.entries.values() if entry[0] == POLICY)
    room = names.get(held.folder.compartment, "")
    head = Head(held.folder.owner, found.row.kind, found.payload, room, policies)
    client = head.client
    return (fold(client.kana), client.name, head.id), head


def get(desk: Desk, client: bytes, event: Event = Event.CLIENT_OPENED) -> Page:
    """A client with all policies; raises NotFound."""
    with desk.act(event, Permission.READ_CLIENTS, client) as act:
        page = page_of(act, client)
        act.tell(records=[held.id for held in page.policies])
    return page


def page_of(act: Act, client: bytes) -> Page:
    """The same inside another act."""
    folder = act.desk.folder(client)
    found, record = client_of(act, client)
    read = act.read(client, [POLICY, DEPOSIT, DOCUMENT, TASK, *dealings.KINDS])
    return Page(
        id=client,
        kind=found.row.kind,
        version=found.row.version,
        client=replace(record, compartment=folder.compartment.hex()),
        compartment_id=folder.compartment,
        compartment=office.compartment_names(act).get(folder.compartment, ""),
        policies=[held_policy(each) for each in read if each.row.kind == POLICY],
        deposits=_newest_first(deposit_of(each) for each in read if each.row.kind == DEPOSIT),
        documents=by_day(document_of(each) for each in read if each.row.kind == DOCUMENT),
        dealings=_latest_first(dealing_of(act, each) for each in read if each.row.kind in dealings.KINDS),
        tasks=tasks_of(read),
        related=_related(act, record),
        written=written(act, found),
        merged=sum(entry[0] == MERGED for entry in act.contents(client).entries.values()),
        united=united_at(act, client),
    )


def united_at(act: Act, client: bytes) -> int:
    """When ids within a client were last made one, in seconds since 1970; -1 for never. What was saved until then knows
    the ids of before: it is not taken back any more."""
    if not any(entry[0] == SAME_PERSON for entry in act.contents(client).entries.values()):
        return -1
    return max(found.row.changed for found in act.read(client, [SAME_PERSON]))


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


def _latest_first(found: Iterable[HeldDealing]) -> list[HeldDealing]:
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


def _newest_first(deposits: Iterable[HeldDeposit]) -> list[HeldDeposit]:
    return sorted(deposits, key=lambda held: -held.deposit.number)


def _related(act: Act, record: Client) -> list[tuple[bytes, str, str]]:
    """(id, link, name) of related clients this person may open; the name is empty for one that was erased. A link to one
    who has gone into another, which who did that could not mend from there, ends."""
    shown = []
    for link in record.related:
        other = bytes.fromhex(link.client)
        try:
            shown.append((other, link.link, client_of(act, other)[1].name))
        except NotFound:
            there = records.has_client(act.connection, other) or records.has_gone_into_another(act.connection, other)
            if not there:
                shown.append((other, link.link, ""))
    return shown


def written(act: Act, newest: Opened) -> list[tuple[int, int, str]]:
    """(version, when, by whom) of the newest few versions of a record, newest first."""
    row = newest.row
    versions = [newest, *act.read_earlier(row.owner, row.id, row.kind, SHOWN_VERSIONS)]
    return [(v.row.version, v.row.changed, office.name_of(act, v.author)) for v in versions]


def create(desk: Desk, compartment: bytes, client: Client) -> bytes:
    """A new client in a compartment; its folder key is durable before its rows are. Returns the id."""
    desk.require(Permission.WRITE_CLIENTS)
    if compartment not in desk.client_compartments():
        raise Forbidden("forbidden")
    made = new_id()
    desk.add_folders({made: compartment}, {made: (new_id(), new_key())})
    with desk.act(Event.CLIENT_SAVED, Permission.WRITE_CLIENTS, made) as act:
        act.fact.keystore = desk.stored
        records.add_client(act.connection, made)
        act.add(made, kind_of(client), payloads.encode(_stored(client)), made)
        _mirror(act, made, (), client.related)
    return made


def save(desk: Desk, client: bytes, record: Client, base: int) -> int:
    """A client's next version; raises Conflict when somebody else saved since `base`. Returns the new version."""
    with desk.act(Event.CLIENT_SAVED, Permission.WRITE_CLIENTS, client) as act:
        return save_in(act, client, record, base)


def save_in(act: Act, client: bytes, record: Client, base: int) -> int:
    """The same inside another act."""
    before = client_of(act, client)[1]
    version = act.change(client, client, kind_of(record), payloads.encode(_stored(record)), base)
    _mirror(act, client, before.related, record.related)
    act.tell(version=version)
    return version


def _stored(client: Client) -> Client:
    """The keystore alone says which compartment a client belongs to, so the record does not."""
    return replace(client, compartment="")


def _mirror(act: Act, client: bytes, before: tuple[RelatedClient, ...], now: tuple[RelatedClient, ...]) -> None:
    """A link is shown on both sides: write or remove it on the other one too."""
    old, new = {link.client: link for link in before}, {link.client: link for link in now}
    for other in old.keys() | new.keys():
        if old.get(other) == new.get(other) or other == client.hex():
            continue
        try:
            found, theirs = client_of(act, bytes.fromhex(other))
        except NotFound:
            continue
        rest = tuple(link for link in theirs.related if link.client != client.hex())
        if other in new:
            # A word of one's own may be true in one direction only: the other side keeps what it says.
            said = next((link.link for link in theirs.related if link.client == client.hex()), "")
            word = MIRRORED.get(new[other].link, said)
            rest = (*rest, RelatedClient(client=client.hex(), link=word))
        changed = payloads.encode(replace(theirs, related=rest))
        act.change(found.row.owner, found.row.id, found.row.kind, changed, found.row.version)


def version_of(desk: Desk, client: bytes, record: bytes, number: int) -> Client | Policy | Deposit | Dealing:
    """One version of a client's or policy's record; raises NotFound."""
    found = next((v.record for v in versions(desk, client, record) if v.number == number), None)
    if found is None:
        raise NotFound("not-found")
    return found


def versions(desk: Desk, client: bytes, record: bytes) -> list[Version]:
    """Every version of a client's or policy's record, newest first."""
    with desk.act(Event.HISTORY_OPENED, Permission.READ_CLIENTS, client) as act:
        kind = act.contents(client).entries.get(record, ("",))[0]
        if kind not in KINDS and kind != POLICY:
            raise NotFound("not-found")
        newest = act.read_one(client, record, kind)
        found = [newest, *act.read_earlier(client, record, kind)]
        told = [_version(act, each) for each in found]
        act.tell(record=record)
    return told


def _version(act: Act, found: Opened) -> Version:
    record = payloads.decode(found.payload, Policy) if found.row.kind == POLICY else readable(act, opened_client(found))
    return Version(found.row.version, found.row.changed, office.name_of(act, found.author), record)
