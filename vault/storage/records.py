"""Sealed rows in and out: records, their history, contents lists, ledger rows and small facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.errors import Conflict, NotFound
from vault.storage.schema import clients, contents, history, ledger, meta, records


@dataclass(frozen=True)
class Row:
    """One sealed record: whose it is, in which folder, what kind, which version, when changed (seconds)."""

    id: bytes
    owner: bytes
    folder: bytes
    kind: str
    version: int
    changed: int
    sealed: bytes


@dataclass(frozen=True)
class ContentsRow:
    owner: bytes
    folder: bytes
    version: int
    sealed: bytes


@dataclass(frozen=True)
class LedgerRow:
    serial: int
    id: bytes
    owner: bytes
    folder: bytes
    version: int
    printed: int
    sealed: bytes


_RECORD = (records.c.id, records.c.owner, records.c.folder, records.c.kind, records.c.version, records.c.changed,
           records.c.sealed)  # fmt: skip
_RECORD_BY_ID = select(*_RECORD)


def get(connection: Connection, record: bytes) -> Row:
    """One record's newest row; raises NotFound."""
    found = connection.execute(_RECORD_BY_ID.where(records.c.id == record)).first()
    if found is None:
        raise NotFound("not-found")
    return Row(*found)


def of_owner(connection: Connection, owner: bytes, kinds: Iterable[str] | None = None) -> list[Row]:
    """All newest rows of one owner, of all kinds or some."""
    query = _RECORD_BY_ID.where(records.c.owner == owner)
    if kinds is not None:
        query = query.where(records.c.kind.in_(list(kinds)))
    return [Row(*found) for found in connection.execute(query)]


def of_kinds(connection: Connection, kinds: Iterable[str]) -> list[Row]:
    """All newest rows of some kinds, whoever owns them."""
    return [Row(*found) for found in connection.execute(_RECORD_BY_ID.where(records.c.kind.in_(list(kinds))))]


def versions(connection: Connection, record: bytes) -> list[Row]:
    """Every earlier row of one record, newest first."""
    query = select(history.c.id, history.c.owner, history.c.folder, history.c.kind, history.c.version,
                   history.c.changed, history.c.sealed)  # fmt: skip
    query = query.where(history.c.id == record).order_by(history.c.version.desc())
    return [Row(*found) for found in connection.execute(query)]


def put_new(connection: Connection, row: Row) -> None:
    """A record's first row."""
    connection.execute(insert(records).values(**vars(row)))


def put_next(connection: Connection, old: Row, row: Row) -> None:
    """A record's next row; the one it follows goes into the history. Raises Conflict if it is not the newest."""
    connection.execute(insert(history).values(**vars(old)))
    changed = connection.execute(
        update(records)
        .where(records.c.id == row.id, records.c.version == old.version)
        .values(version=row.version, folder=row.folder, changed=row.changed, sealed=row.sealed)
    )
    if changed.rowcount != 1:
        raise Conflict("conflict")


def get_contents(connection: Connection, owner: bytes) -> ContentsRow | None:
    """The sealed contents list of an owner."""
    query = select(contents.c.owner, contents.c.folder, contents.c.version, contents.c.sealed)
    found = connection.execute(query.where(contents.c.owner == owner)).first()
    return ContentsRow(*found) if found else None


def put_contents(connection: Connection, row: ContentsRow) -> None:
    """Replace (or begin) an owner's contents list."""
    changed = connection.execute(
        update(contents)
        .where(contents.c.owner == row.owner)
        .values(folder=row.folder, version=row.version, sealed=row.sealed)
    )
    if changed.rowcount == 0:
        connection.execute(insert(contents).values(**vars(row)))


def add_client(connection: Connection, client: bytes) -> None:
    """The row every writer of this client locks."""
    connection.execute(insert(clients).values(id=client, erasing=False))


def is_erasing(connection: Connection, client: bytes) -> bool:
    """Whether a client is being erased; nothing may be written for it then."""
    return bool(connection.execute(select(clients.c.erasing).where(clients.c.id == client)).scalar())


def client_count(connection: Connection) -> int:
    """How many clients there are."""
    return int(connection.execute(select(func.count()).select_from(clients)).scalar_one())


def kind_counts(connection: Connection) -> dict[str, int]:
    """How many records of each kind there are."""
    query = select(records.c.kind, func.count()).group_by(records.c.kind)
    return {kind: count for kind, count in connection.execute(query)}


def add_ledger_row(connection: Connection, row: LedgerRow) -> None:
    """A new row of the print ledger; its serial number must be free."""
    try:
        connection.execute(insert(ledger).values(**vars(row)))
    except IntegrityError as error:
        raise Conflict("conflict") from error


def next_serial(connection: Connection) -> int:
    """The serial number of the next print. It never goes back."""
    return int(connection.execute(select(func.coalesce(func.max(ledger.c.serial), 0))).scalar_one()) + 1


_LEDGER = select(ledger.c.serial, ledger.c.id, ledger.c.owner, ledger.c.folder, ledger.c.version, ledger.c.printed,
                 ledger.c.sealed)  # fmt: skip


def ledger_rows(connection: Connection, limit: int, offset: int = 0) -> list[LedgerRow]:
    """The newest rows of the print ledger."""
    query = _LEDGER.order_by(ledger.c.serial.desc()).limit(limit).offset(offset)
    return [LedgerRow(*found) for found in connection.execute(query)]


def ledger_count(connection: Connection) -> int:
    """How many prints there were."""
    return int(connection.execute(select(func.count()).select_from(ledger)).scalar_one())


def ledger_row(connection: Connection, serial: int) -> LedgerRow:
    """One row of the print ledger; raises NotFound."""
    found = connection.execute(_LEDGER.where(ledger.c.serial == serial)).first()
    if found is None:
        raise NotFound("not-found")
    return LedgerRow(*found)


def change_ledger_row(connection: Connection, old: LedgerRow, sealed: bytes) -> None:
    """The next version of a ledger row; raises Conflict if somebody was faster."""
    changed = connection.execute(
        update(ledger)
        .where(ledger.c.serial == old.serial, ledger.c.version == old.version)
        .values(version=old.version + 1, sealed=sealed)
    )
    if changed.rowcount != 1:
        raise Conflict("conflict")


def fact(connection: Connection, name: str) -> bytes | None:
    """A small plain fact about this database."""
    found = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return bytes(found) if found is not None else None


def set_fact(connection: Connection, name: str, value: bytes) -> None:
    """Write a small plain fact."""
    connection.execute(delete(meta).where(meta.c.name == name))
    connection.execute(insert(meta).values(name=name, value=value))
