"""ごみ箱: what was put there is hidden from every reader, comes back as it was, and is erased after the office's days.

A note in the owner's contents list says what lies there (acts.bin_note); since when and by whom says the note itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from vault.domain import dealings
from vault.domain.access import Permission
from vault.domain.bin import DAYS, erased_from, is_over
from vault.domain.dealings import Dealing
from vault.domain.documents import Document
from vault.domain.erasures import BIN, BIN_REASON, ErasureOrder
from vault.domain.policies import Policy
from vault.domain.retention import holds_on
from vault.errors import Conflict, Damaged, KuraError, NotFound
from vault.services import backups, erasing, office, payloads, rekeying
from vault.services.acts import BIN_CLIENT, BIN_KINDS, BIN_RECORD, Act, Contents, Opened, bin_note
from vault.services.audit import Event
from vault.services.documents import objects_of
from vault.services.holdings import DOCUMENT, KINDS, POLICY, client_of, dealing_of, document_of, held_policy
from vault.services.ledger_rows import today
from vault.services.safe import Desk
from vault.storage import records
from vault.storage.database import transaction

SWEPT = "bin-swept"
# Clients of whom something is erased in one go: each takes a new key and a rewriting of what stays.
MOST = 20


@dataclass(frozen=True, kw_only=True)
class Binned:
    """A note that a record (hex id) lies in the bin; `into`: the one it was made one with."""

    record: str
    into: str = ""


@dataclass(frozen=True)
class Item:
    """Something in the bin. `record` is the client's own id for a whole client; `policy`, `document` or `dealing` is what
    it is else.

    `into`: the policy it was made one with. `since` and `until` (from when it is erased) in seconds since 1970; `held`: a reason not to erase keeps it.
    """

    client: bytes
    record: bytes
    name: str
    policy: Policy | None
    document: Document | None
    dealing: Dealing | None
    policies: int
    since: int
    until: int
    by: str
    held: bool
    into: Policy | None = None

    @property
    def whole(self) -> bool:
        return self.record == self.client


def days(desk: Desk) -> int:
    """For how many days something can be brought back."""
    return desk.directory.rules.get("bin_days", DAYS)


# --- in and out


def put(desk: Desk, client: bytes, record: bytes, base: int) -> None:
    """Put a policy, a document, a dealing, or with his own record a client, into the bin; nothing to do where it lies there already.

    Raises Conflict when somebody has saved it since `base`, Refused("held") for a client that is not to be erased.
    """
    with desk.act(Event.BINNED, Permission.BIN, client) as act:
        held = act.contents(client)
        act.tell(record=record)
        if bin_note(record) in held.hidden:
            return
        kind, version, _ = held.entries.get(record, ("", 0, b""))
        if kind not in (POLICY, DOCUMENT, *dealings.KINDS, *KINDS):
            raise NotFound("not-found")
        if version != base:
            raise Conflict("conflict", version=version)
        erasing.check_holds(act, client)
        hide(act, client, record)


def hide(act: Act, client: bytes, record: bytes, into: bytes = b"") -> None:
    """Note inside an act that a record lies in the bin."""
    note = BIN_CLIENT if record == client else BIN_RECORD
    act.add(client, note, payloads.encode(Binned(record=record.hex(), into=into.hex())), bin_note(record))


def bring_back(desk: Desk, client: bytes, record: bytes) -> None:
    """Take something out of the bin: it is as it was. Nothing to do where it is back already; raises NotFound when it
    is gone."""
    with desk.act(Event.BROUGHT_BACK, Permission.BIN, client) as act:
        held, note = act.with_bin(client), bin_note(record)
        act.tell(record=record)
        kind = held.entries.get(note, ("",))[0]
        if kind in BIN_KINDS:
            act.drop(client, note, kind)
        elif record not in held.entries:
            raise NotFound("not-found")


def lies_there(desk: Desk, client: bytes, record: bytes) -> bool:
    """Whether something is not found because it lies in the bin; False for whoever may not open the client."""
    with desk.act(Event.BIN_OPENED, Permission.BIN, client) as act:
        try:
            held = act.contents(client)
        except NotFound:
            return False
        return held.binned or record in held.hidden


# --- what lies there


def listed(desk: Desk) -> list[Item]:
    """What lies in the bin of the clients that the person at the desk can open, the oldest first."""
    with desk.act(Event.BIN_OPENED, Permission.BIN) as act:
        return _items(act)


def _items(act: Act) -> list[Item]:
    owners = {row.owner for row in records.of_kinds(act.connection, BIN_KINDS)}
    mine = [owner for owner in owners if act.desk.can_open(owner) and not records.is_erasing(act.connection, owner)]
    return sorted((item for owner in mine for item in _items_of(act, owner)), key=lambda item: (item.since, item.record))


def _items_of(act: Act, client: bytes) -> Iterator[Item]:
    """Of a client that lies there as a whole, only he: his policies come back, or go, with him."""
    held = act.with_bin(client)
    whole = bin_note(client) in held.entries
    for note in act.read(client, [BIN_CLIENT] if whole else [BIN_RECORD]):
        yield _item(act, held, note)


def _item(act: Act, held: Contents, note: Opened) -> Item:
    client = held.folder.owner
    record = bytes.fromhex(payloads.decode(note.payload, Binned).record)
    into = bytes.fromhex(payloads.decode(note.payload, Binned).into)
    said = client_of(act, client)[1]
    kind = held.entries.get(record, ("",))[0]
    policy = held_policy(act.read_one(client, record, POLICY)).policy if kind == POLICY else None
    document = document_of(act.read_one(client, record, DOCUMENT)).document if kind == DOCUMENT else None
    dealing = dealing_of(act, act.read_one(client, record, kind)).dealing if kind in dealings.KINDS else None
    return Item(
        client, record, said.name, policy, document, dealing, sum(entry[0] == POLICY for entry in held.entries.values()),
        note.row.changed, erased_from(note.row.changed, days(act.desk)), office.name_of(act, note.author),
        bool(holds_on(said.holds, today(act.desk))),
        held_policy(act.read_one(client, into, POLICY)).policy if held.entries.get(into, ("",))[0] == POLICY else None,
    )  # fmt: skip


# --- what has lain there long enough


def sweep(desk: Desk) -> int:
    """Erase what has lain in the bin for all its days, once a day and a bounded part of it; returns how many records.

    To be called when an administrator comes by: nobody else holds what it takes. What cannot be erased in this moment,
    because it is held, damaged, or somebody is at the client, waits for the next day.
    """
    if not desk.may(Permission.ERASE) or _swept(desk):
        return 0
    over: list[Item] = []
    with suppress(Damaged):  # the first page opens all the same
        over = _over(desk)
    gone = _erase_clients(desk, [item for item in over if item.whole])
    parts = _erase_parts(desk, [item for item in over if not item.whole])
    if parts:
        back_up(desk)
    return gone + parts


def _swept(desk: Desk) -> bool:
    with transaction(desk.instance.engine) as connection:
        return records.fact(connection, SWEPT) == today(desk).isoformat().encode()


def _over(desk: Desk) -> list[Item]:
    """What is to go now; the day counts as done unless more than one go can take is left."""
    with desk.act(Event.BIN_OPENED, Permission.ERASE) as act:
        now = desk.instance.now()
        over = [item for item in _items(act) if is_over(item.since, days(desk), now) and not item.held]
        owners = list(dict.fromkeys(item.client for item in over))
        if len(owners) <= MOST:
            records.set_fact(act.connection, SWEPT, today(desk).isoformat().encode())
    return [item for item in over if item.client in owners[:MOST]]


def _erase_clients(desk: Desk, items: list[Item]) -> int:
    with suppress(KuraError):
        if items:
            return len(erasing.erase_clients(desk, [item.client for item in items], ErasureOrder(reason=BIN_REASON)))
    return 0


def _erase_parts(desk: Desk, items: list[Item]) -> int:
    gone = 0
    for client in dict.fromkeys(item.client for item in items):
        mine = {item.record for item in items if item.client == client}
        pages = objects_of(item.document for item in items if item.client == client and item.document)
        with suppress(KuraError):
            rekeying.erase_part(desk, client, mine | pages, ErasureOrder(reason=BIN_REASON), what=BIN)
            gone += len(mine)
    return gone


def back_up(desk: Desk) -> bool:
    """A backup of this moment, for those before no longer open a client that was sealed anew; False if none was made."""
    with suppress(KuraError, OSError):
        backups.make(desk.instance)
        return True
    return False
