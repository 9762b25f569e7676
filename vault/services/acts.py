"""An act: what a person at the desk does in one transaction, with one journal entry.

What it read may be shown, and what it wrote is true, only when the transaction has committed. Every row is believed
only if its owner's contents list names exactly these bytes, and that list only if the journal noted it last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sqlalchemy import Connection

from vault.crypto import codec
from vault.crypto.envelope import Context, open_many, seal
from vault.crypto.keys import new_id, note_tag
from vault.errors import Conflict, Damaged, Malformed, NotFound, RolledBack, SealBroken
from vault.services import audit
from vault.services.audit import Event, Fact
from vault.storage import journal, noted, records
from vault.storage.records import ContentsRow, Row

if TYPE_CHECKING:
    from vault.services.safe import Desk


# The rule that says up to which journal position notes of contents lists bear no tag: none in offices begun with tags,
# all in older ones until an administrator has signed in.
TAGGED_FROM, UNTIL_BOUND = "tagged_from", 2**63 - 1


# In a contents list: not a row but a file of its own.
OBJECT = "object"
# Notes that a record, or with the client's own record the whole client, lies in the bin. Each has an id that follows
# from the record's, so that a contents list alone tells what is hidden, and nothing has to be opened for it.
BIN_RECORD, BIN_CLIENT = "bin", "bin-client"
BIN_KINDS = (BIN_RECORD, BIN_CLIENT)


@dataclass(frozen=True)
class Folder:
    """Where an owner's records are sealed: the folder's id and key, and the compartment that holds it."""

    owner: bytes
    id: bytes
    key: bytes
    compartment: bytes


Noted = tuple[str, int, bytes]


@dataclass
class Contents:
    """An owner's opened contents list: record id to (kind, version, first 16 bytes of SHA-256 of the sealed row).

    What lies in the bin is `hidden` from whoever looks at `entries`; it is written with them again.
    """

    folder: Folder
    row: ContentsRow | None
    entries: dict[bytes, Noted]
    changed: bool = False
    hidden: dict[bytes, Noted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not any(entry[0] in BIN_KINDS for entry in self.entries.values()):
            return
        everything = self.entries
        whole = bin_note(self.folder.owner) in everything
        self.hidden = {
            record: entry for record, entry in everything.items()
            if whole or entry[0] in BIN_KINDS or bin_note(record) in everything
        }  # fmt: skip
        self.entries = {record: entry for record, entry in everything.items() if record not in self.hidden}

    @property
    def everything(self) -> dict[bytes, Noted]:
        """All that the list notes, with what lies in the bin."""
        return {**self.entries, **self.hidden} if self.hidden else self.entries

    @property
    def binned(self) -> bool:
        """Whether the client as a whole lies in the bin."""
        return bin_note(self.folder.owner) in self.hidden

    def show_hidden(self) -> None:
        """Let what lies in the bin be read like the rest."""
        self.entries, self.hidden = self.everything, {}


def bin_note(record: bytes) -> bytes:
    """The id of the note that says that a record lies in the bin."""
    return hashlib.sha256(b"kura bin" + record).digest()[:16]


def row_mark(sealed: bytes) -> bytes:
    """What a contents list notes of a row: no other bytes pass for it, not even an older version sealed alike."""
    return hashlib.sha256(sealed).digest()[:16]


class Opened(NamedTuple):
    """A record that was opened: its row, its bytes, and who wrote this version."""

    row: Row
    payload: bytes
    author: bytes


class Act:
    """What a person does in one transaction."""

    def __init__(self, desk: Desk, connection: Connection, fact: Fact) -> None:
        self.desk = desk
        self.connection = connection
        self.fact = fact
        self.names = {desk.person: desk.own_name} if desk.own_name else {}
        self._contents: dict[bytes, Contents] = {}
        self._also: list[Fact] = []

    def also(self, event: Event, subject: bytes) -> None:
        """An entry more, of the same act: where several clients are concerned, each is told of."""
        self._also.append(Fact(event, self.fact.status, self.desk.person, self.desk.device, subject))

    def tell(self, **detail: object) -> None:
        """Add to the sealed part of the journal entry."""
        self.fact.detail.update(detail)

    # --- contents lists

    def contents(self, owner: bytes) -> Contents:
        """The verified contents list of an owner; raises RolledBack when it is not the one noted last."""
        known = self._contents.get(owner)
        if known is None:
            known = self._contents[owner] = self._open_lately(owner)
        return known

    def _open_lately(self, owner: bytes) -> Contents:
        """Opened anew with the keys of this moment where those that the request began with do not fit: he may have been
        erased or sealed anew between the two, and that is no rollback."""
        try:
            return self._open_contents(owner)
        except Damaged:
            if not self.desk.refresh():
                raise
            return self._open_contents(owner)

    def _open_contents(self, owner: bytes) -> Contents:
        folder = self.desk.folder(owner)
        found = noted.contents_of(self.connection, owner)
        if found is not None:
            folder = self.desk.folder_named(folder, found[0].folder)
        if found is None:
            if journal.last_note_of(self.connection, owner) is not None:
                raise RolledBack("client-rolled-back", owner=owner)
            return Contents(folder, None, {})
        return self._verified_lately(folder, *found)

    def with_bin(self, owner: bytes) -> Contents:
        """The same, and from here on in this act what lies in the bin is read like the rest: only for the bin's own
        page, bringing back, and erasing."""
        held = self.contents(owner)
        held.show_hidden()
        return held

    def every_client(self) -> Iterator[tuple[Contents, Opened]]:
        """Each client this person can open, with its own record: read in one statement, verified one by one.

        Ids in a ring without anything in the database are left out: a save that was killed in between. So are clients
        in the bin.
        """
        self.desk.refresh()
        rooms = clients_of(self.desk)
        for row, note, record in noted.every_client(self.connection):
            if row.owner in rooms:
                folder = self.desk.folder_in(rooms.pop(row.owner), row.owner)
                folder = self.desk.folder_named(folder, row.folder)
                held = self._verified(folder, row, note)
                self._check_noted(held, [record])
                if not held.binned:
                    yield held, self._open_sealed_rows(folder, [record])[0]
        for owner in rooms:
            if self.contents(owner).everything:
                self._damaged(owner)

    def _verified(self, folder: Folder, row: ContentsRow, note: journal.Entry | None) -> Contents:
        self._check_list(folder, row, note)
        (plain,) = self._unsealed(folder, [(row.sealed, self._list_context(folder, row.version))])
        raw = codec.decode(plain)
        return Contents(folder, row, {i: (kind, version, mark) for i, kind, version, mark in raw})

    def _verified_lately(self, folder: Folder, row: ContentsRow, note: journal.Entry | None) -> Contents:
        """The same, not opened again where this worker has opened or sealed these very bytes within the minute."""
        keyring, context = self.desk.instance.keyring, self._list_context(folder, row.version)
        known = keyring.list_of(folder.key, context, row.sealed)
        if known is None:
            held = self._verified(folder, row, note)
            keyring.keep_list(folder.key, context, row.sealed, held.everything)
            return held
        self._check_list(folder, row, note)
        return Contents(folder, row, dict(known))

    def _check_list(self, folder: Folder, row: ContentsRow, note: journal.Entry | None) -> None:
        untagged = self.desk.directory.rules.get(TAGGED_FROM, UNTIL_BOUND)
        audit.check_contents(row, note, partial(self._tag, folder), untagged)

    def _tag(self, folder: Folder, row: ContentsRow, before: bytes) -> bytes:
        digest = hashlib.sha256(row.sealed).digest()
        return note_tag(folder.key, self.desk.instance.office, row.owner, row.version, digest, before)

    def _list_context(self, folder: Folder, version: int) -> Context:
        return Context(self.desk.instance.office, "contents", (folder.id, folder.owner, version))

    def _unsealed(self, folder: Folder, sealed: list[tuple[bytes, Context]]) -> list[bytes]:
        try:
            return open_many(folder.key, sealed)
        except SealBroken as error:
            raise Damaged("record-damaged", owner=folder.owner) from error

    def _put_contents(self, owner: bytes, held: Contents) -> ContentsRow:
        version = held.row.version + 1 if held.row else 1
        raw = codec.encode([[i, *entry] for i, entry in sorted(held.everything.items())])
        context = self._list_context(held.folder, version)
        row = ContentsRow(owner, held.folder.id, version, seal(held.folder.key, raw, context))
        records.put_contents(self.connection, row)
        self.desk.instance.keyring.keep_list(held.folder.key, context, row.sealed, held.everything)
        return row

    # --- reading

    def read(self, owner: bytes, kinds: Iterable[str] | None = None) -> list[Opened]:
        """All records of an owner, of some kinds or all, opened; exactly those the contents list names, less the bin."""
        wanted = None if kinds is None else set(kinds)
        held = self.contents(owner)
        rows = records.of_owner(self.connection, owner, wanted)
        named = {i for i, e in held.everything.items() if e[0] != OBJECT and (wanted is None or e[0] in wanted)}
        if {row.id for row in rows} != named:
            self._damaged(owner)
        self._check_noted(held, rows)
        return self._open_sealed_rows(held.folder, [row for row in rows if row.id not in held.hidden])

    def read_one(self, owner: bytes, record: bytes, kind: str) -> Opened:
        """One record of an owner, opened; raises NotFound if the owner has no such record."""
        held = self.contents(owner)
        return self._open_sealed_rows(held.folder, [self._row(held, record, kind)])[0]

    def _row(self, held: Contents, record: bytes, kind: str) -> Row:
        """A record's row, still sealed, just as the contents list notes it."""
        if held.entries.get(record, ("",))[0] != kind:
            raise NotFound("not-found")
        try:
            row = records.get(self.connection, record)
        except NotFound:
            self._damaged(held.folder.owner)
        self._check_noted(held, [row])
        return row

    def read_earlier(self, owner: bytes, record: bytes, kind: str, most: int | None = None) -> list[Opened]:
        """The earlier versions of a record, newest first; all of them or the newest few."""
        held = self.contents(owner)
        newest = held.entries.get(record)
        if newest is None or newest[0] != kind:
            raise NotFound("not-found")
        rows = records.versions(self.connection, record, most)
        if [row.version for row in rows] != list(range(newest[1] - 1, 0, -1))[:most]:
            self._damaged(owner)
        return self._open_sealed_rows(held.folder, rows)

    def _check_noted(self, held: Contents, rows: list[Row]) -> None:
        everything = held.everything
        for row in rows:
            if everything.get(row.id) != (row.kind, row.version, row_mark(row.sealed)):
                self._damaged(held.folder.owner)

    def _open_sealed_rows(self, folder: Folder, rows: list[Row]) -> list[Opened]:
        office = self.desk.instance.office
        sealed = [(row.sealed, Context(office, "record", (folder.id, row.id, row.version))) for row in rows]
        opened = []
        for row, plain in zip(rows, self._unsealed(folder, sealed), strict=True):
            kind, payload, author = codec.decode(plain)
            if kind != row.kind:
                self._damaged(folder.owner)
            opened.append(Opened(row, payload, author))
        return opened

    def _damaged(self, owner: bytes) -> NoReturn:
        raise Damaged("record-damaged", owner=owner)

    # --- writing

    def add(self, owner: bytes, kind: str, payload: bytes, record: bytes | None = None) -> bytes:
        """A new record of an owner; returns its id."""
        held = self.writable(owner)
        record = record or new_id()
        records.put_new(self.connection, self._sealed(held, record, kind, 1, payload))
        return record

    def change(self, owner: bytes, record: bytes, kind: str, payload: bytes, base: int) -> int:
        """A record's next version; raises Conflict unless `base` is the newest. Returns the new version."""
        held = self.writable(owner)
        old = self._row(held, record, kind)
        if old.version != base:
            raise Conflict("conflict", version=old.version)
        records.put_next(self.connection, old, self._sealed(held, record, kind, base + 1, payload))
        return base + 1

    def drop(self, owner: bytes, record: bytes, kind: str) -> None:
        """Take a record that never has a second version away; raises NotFound if the owner has no such record."""
        held = self.writable(owner)
        records.take_rows(self.connection, [self._row(held, record, kind)])
        del held.entries[record]

    def writable(self, owner: bytes) -> Contents:
        """The contents list of an owner that is about to change; raises NotFound as `staying` does."""
        held = self.staying(owner)
        held.changed = True
        return held

    def staying(self, owner: bytes) -> Contents:
        """The same of one that may change later; raises NotFound while he is being erased, and while he lies in the
        bin."""
        held = self.contents(owner)
        if held.binned or records.is_erasing(self.connection, owner):
            raise NotFound("not-found")
        return held

    def _sealed(self, held: Contents, record: bytes, kind: str, version: int, payload: bytes) -> Row:
        folder, instance = held.folder, self.desk.instance
        context = Context(instance.office, "record", (folder.id, record, version))
        sealed = seal(folder.key, codec.encode([kind, payload, self.desk.person]), context)
        held.entries[record] = (kind, version, row_mark(sealed))
        return Row(record, folder.owner, folder.id, kind, version, instance.now(), sealed)

    # --- after something was put back

    def open_row(self, folder: Folder, row: Row) -> Opened | None:
        """A row opened where it says it stands, whatever a contents list says of it; None if it does not open."""
        try:
            return self._open_sealed_rows(folder, [row])[0]
        except (Damaged, Malformed):
            return None

    def hold(self, owner: bytes, held: Contents) -> None:
        """Let a contents list made anew stand for an owner."""
        held.changed = True
        self._contents[owner] = held

    # --- the end

    def finish(self, fresh: audit.JournalKeys) -> tuple[int, bytes]:
        """Seal changed contents lists and write the entry; one entry more for each further thing to be noted."""
        instance, public = self.desk.instance, self.desk.directory.audit_public
        changed = [self._put_contents(owner, held) for owner, held in self._contents.items() if held.changed]
        if changed and self.fact.keystore is None:  # an entry notes one thing, or the other is not found again
            self.fact.contents = changed.pop(0)
            self.fact.vouch = self._voucher(self.fact.contents)
        strict = self.fact.event not in (Event.ROLLBACK_CONFIRMED, Event.RECOVERED, Event.DEVICE_NAMED)
        last = audit.write(instance, self.connection, self.desk.origin, self.fact, public, fresh, strict)
        for fact in self._also:
            last = audit.write(instance, self.connection, self.desk.origin, fact, public, fresh)
        for row in changed:
            told = row.owner == self.fact.subject or not self._is_client(row.owner)
            further = Fact(self.fact.event, self.fact.status, self.desk.person, self.desk.device, row.owner, row, self._voucher(row), further=told)
            last = audit.write(instance, self.connection, self.desk.origin, further, public, fresh)
        return last


    def _voucher(self, row: ContentsRow) -> Callable[[bytes], bytes]:
        return partial(self._tag, self._contents[row.owner].folder, row)

    def _is_client(self, owner: bytes) -> bool:
        return self._contents[owner].folder.compartment in self.desk.directory.of_clients()


def clients_of(desk: Desk) -> dict[bytes, bytes]:
    """Every client this person can open: client id to compartment."""
    return {owner: c for c in desk.client_compartments() for owner in desk.ring(c).owners()}
