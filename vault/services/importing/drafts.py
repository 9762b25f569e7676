"""An import on its way: the file's tables, and what a person has said of them so far.

Its key follows from the private key of the person who began it: his own folder opens to colleagues too, who may not know
the clients of his compartment. Files are those of `storage/uploads`: in no backup, gone after a week.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from vault.crypto.keys import new_id
from vault.domain.access import Permission
from vault.domain.importing import Matching, Table
from vault.errors import KuraError, Malformed, NotFound, Refused, Throttled
from vault.services import drafts as sealed_drafts
from vault.services import space
from vault.services.acts import Folder
from vault.services.audit import Event
from vault.services.importing.noted import At
from vault.services.safe import Desk
from vault.storage.spreadsheets import read_tables
from vault.storage.uploads import TABLE_DAYS, TABLES

T = TypeVar("T")
IMPORT = Permission.IMPORT
LARGEST = 20 * 1024 * 1024  # bytes of a file
MOST = 10  # of one person at a time
LONGEST_NAME = 120
DAYS = TABLE_DAYS
PATIENCE = 5.0  # seconds that one request waits for another of the same import
STATE, CELLS, READS, LINES = (TABLES + word for word in ("state", "cells", "reads", "lines"))
_NUMBERS = {STATE: 1, CELLS: 2, READS: 3, LINES: 4}


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What is said of one table of the file: whether it is read, how its columns are matched, and whether an earlier file
    of this layout said so."""

    used: bool
    matching: Matching
    remembered: bool = False


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A cell as a person corrected it, by its table, row and target; table and row from 0."""

    table: int
    row: int
    target: str
    text: str


@dataclass(frozen=True, kw_only=True)
class State:
    """Everything that was decided so far. `ticked` and `unticked`: rows (table, row) that a person chose otherwise than
    proposed; `given`: (table, row, target) of what was asked and is right; `begun` in seconds since 1970; `matched`: the
    columns were looked at, so that the rows come next."""

    file: str
    begun: int
    compartment: str
    handler: str = ""
    sheets: tuple[Sheet, ...] = ()
    fixes: tuple[Fix, ...] = ()
    ticked: tuple[At, ...] = ()
    unticked: tuple[At, ...] = ()
    given: tuple[tuple[int, int, str], ...] = ()
    matched: bool = False


@dataclass(frozen=True)
class Draft:
    """An import that a person has begun, with the place and the key of its files."""

    id: bytes
    folder: Folder


# --- begun and gone


def begin(desk: Desk, compartment: bytes, data: bytes, file: str) -> bytes:
    """Read a file's tables in the sandbox and keep them sealed; returns the import's id.

    Raises Refused: import-compartment for one that is not this person's, import-too-large (most, in MB), imports-many
    (most), office-full, and what `read_tables` refuses.
    """
    desk.require(IMPORT)
    if compartment not in desk.client_compartments():
        raise Refused("import-compartment")
    sweep(desk)
    if len(data) > LARGEST:
        raise Refused("import-too-large", most=LARGEST // (1024 * 1024))
    if len(list(_mine(desk))) >= MOST:
        raise Refused("imports-many", most=MOST)
    tables = read_tables(data, desk.instance.settings.run)
    with desk.act(Event.IMPORT_BEGUN, IMPORT) as act:
        space.check_office(act)
        act.tell(rows=sum(len(table.rows) for table in tables))
    return _kept(desk, compartment, tables, file)


def _kept(desk: Desk, compartment: bytes, tables: list[Table], file: str) -> bytes:
    draft = _draft(desk, new_id())
    state = State(file=file[:LONGEST_NAME], begun=desk.instance.now(), compartment=compartment.hex())
    write(desk, draft, STATE, state)
    write(desk, draft, CELLS, tables)
    return draft.id


def check_compartment(desk: Desk, compartment: bytes) -> None:
    """Raises NotFound for a compartment whose clients the person may not open."""
    desk.require(IMPORT)
    if compartment not in desk.client_compartments():
        raise NotFound("not-found")


def sweep(desk: Desk) -> None:
    """Remove what nobody has finished within its days."""
    desk.instance.uploads.sweep(time.time())


def drop(desk: Desk, draft: bytes) -> None:
    """Give an import up, or forget its file once all is done; what was imported stays."""
    desk.require(IMPORT)
    if desk.instance.uploads.names(desk.person, draft) & set(_NUMBERS):
        desk.instance.uploads.drop(desk.person, draft)


def listed(desk: Desk) -> list[tuple[bytes, State]]:
    """The person's own imports that are on their way, the newest first."""
    desk.require(IMPORT)
    found = []
    for each in _mine(desk):
        with suppress(KuraError):  # swept meanwhile, or sealed to a key pair that he no longer has
            found.append((each, state(desk, opened(desk, each))))
    return sorted(found, key=lambda each: -each[1].begun)


def _mine(desk: Desk) -> Iterator[bytes]:
    return (upload for upload, names in desk.instance.uploads.of_client(desk.person) if CELLS in names)


# --- opened


def opened(desk: Desk, draft: bytes) -> Draft:
    """One of the person's own imports; raises NotFound for any other, and once it is gone."""
    desk.require(IMPORT)
    if CELLS not in desk.instance.uploads.names(desk.person, draft):
        raise NotFound("not-found")
    return _draft(desk, draft)


def _draft(desk: Desk, draft: bytes) -> Draft:
    return Draft(draft, sealed_drafts.own_place(desk, b"kura import", draft))


def write(desk: Desk, draft: Draft, name: str, said: object) -> None:
    """Seal one of the draft's files; the same name again takes its place."""
    sealed_drafts.write(desk, draft.folder, draft.id, name, _NUMBERS[name], msgspec.msgpack.encode(said))


def read(desk: Desk, draft: Draft, name: str, of: type[T]) -> T:
    """What one of them says; raises NotFound where it is not there, and Malformed."""
    try:
        return msgspec.msgpack.decode(sealed_drafts.read(desk, draft.folder, draft.id, name, _NUMBERS[name]), type=of)
    except msgspec.DecodeError as error:
        raise Malformed("malformed", what=name) from error


def forget(desk: Desk, draft: Draft, name: str) -> None:
    """Remove one of them; nothing to do when it is gone."""
    desk.instance.uploads.remove(desk.person, draft.id, name)


def tables(desk: Desk, draft: Draft) -> list[Table]:
    """The file's tables."""
    return read(desk, draft, CELLS, list[Table])


def state(desk: Desk, draft: Draft) -> State:
    """What was decided so far; raises NotFound where its compartment is this person's no more."""
    found = read(desk, draft, STATE, State)
    check_compartment(desk, bytes.fromhex(found.compartment))
    return found


@contextmanager
def alone(desk: Desk, draft: bytes, patience: float = PATIENCE) -> Iterator[Draft]:
    """One request at a time at an import; another is waited for, in seconds. Raises NotFound, Throttled."""
    with ExitStack() as held:
        _take(desk, draft, held, time.monotonic() + patience)
        yield opened(desk, draft)


def _take(desk: Desk, draft: bytes, held: ExitStack, until: float) -> None:
    while True:
        try:
            held.enter_context(desk.instance.uploads.alone(desk.person, draft, CELLS))
            return
        except Throttled:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def change(desk: Desk, draft: Draft, before: State, **said: object) -> State:
    """Keep the state with some of it said anew."""
    after = replace(before, **said)  # type: ignore[arg-type]
    write(desk, draft, STATE, after)
    return after
