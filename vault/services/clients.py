"""Clients: listed, opened, entered, changed; and every earlier version of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import itemgetter

from vault.crypto.keys import new_id, new_key
from vault.domain import dealings
from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.dealings import Dealing
from vault.domain.deposits import Deposit
from vault.domain.policies import Policy
from vault.domain.values import fold
from vault.errors import Forbidden, NotFound
from vault.services import links, office, payloads
from vault.services.acts import Act, Contents, Opened
from vault.services.audit import Event
from vault.services.holdings import (
    DEPOSIT,
    DOCUMENT,
    KINDS,
    MERGED,
    POLICY,
    SAME_PERSON,
    TASK,
    Held,
    HeldDealing,
    HeldDeposit,
    HeldDocument,
    HeldTask,
    by_day,
    client_of,
    dealing_of,
    deposit_of,
    document_of,
    held_policy,
    kind_of,
    latest_first,
    newest_first,
    opened_client,
    readable,
    tasks_of,
)
from vault.services.safe import Desk
from vault.storage import records

# A page names the newest few, so that it takes no longer for what was changed often; the page of versions has all.
SHOWN_VERSIONS = 6


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
        deposits=newest_first(deposit_of(each) for each in read if each.row.kind == DEPOSIT),
        documents=by_day(document_of(each) for each in read if each.row.kind == DOCUMENT),
        dealings=latest_first(dealing_of(act, each) for each in read if each.row.kind in dealings.KINDS),
        tasks=tasks_of(read),
        related=links.related_of(act, record),
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
        links.mirror(act, made, (), client.related)
    return made


def save(desk: Desk, client: bytes, record: Client, base: int) -> int:
    """A client's next version; raises Conflict when somebody else saved since `base`. Returns the new version."""
    with desk.act(Event.CLIENT_SAVED, Permission.WRITE_CLIENTS, client) as act:
        return save_in(act, client, record, base)


def save_in(act: Act, client: bytes, record: Client, base: int) -> int:
    """The same inside another act."""
    before = client_of(act, client)[1]
    version = act.change(client, client, kind_of(record), payloads.encode(_stored(record)), base)
    links.mirror(act, client, before.related, record.related)
    act.tell(version=version)
    return version


def _stored(client: Client) -> Client:
    """The keystore alone says which compartment a client belongs to, so the record does not."""
    return replace(client, compartment="")


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
