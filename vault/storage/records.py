"""Sealed rows in and out: records, their history, contents lists, ledger rows and small facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vault.errors import Conflict, NotFound
from vault.storage.prepared import Prepared
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
_GET = Prepared(_RECORD_BY_ID.where(records.c.id == bindparam("record")))
_BY_OWNER = _RECORD_BY_ID.where(records.c.owner == bindparam("owner"))
_OF_OWNER, _OF_KIND = Prepared(_BY_OWNER), Prepared(_BY_OWNER.where(records.c.kind == bindparam("kind")))
_VERSIONS = Prepared(
    select(*(history.c[column.name] for column in _RECORD))
    .where(history.c.id == bindparam("record"))
    .order_by(history.c.version.desc())
)
_NEXT = Prepared(
    update(records)
    .where(records.c.id == bindparam("record"), records.c.version == bindparam("old"))
    .values({name: bindparam(f"new_{name}") for name in ("version", "folder", "changed", "sealed")})
)
_ADD, _ADD_HISTORY, _ADD_CONTENTS = (Prepared(insert(table)) for table in (records, history, contents))
_CONTENTS = select(contents.c.owner, contents.c.folder, contents.c.version, contents.c.sealed)
_CONTENTS_OF = _CONTENTS.where(contents.c.owner == bindparam("owner"))
_PUT_CONTENTS = Prepared(
    update(contents)
    .where(contents.c.owner == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in ("folder", "version", "sealed")})
)
_GONE_INTO = (
    clients.c.erasing.is_(True),
    select(contents.c.owner).where(contents.c.owner == clients.c.id).exists(),
    ~select(records.c.id).where(records.c.owner == clients.c.id).exists(),
)
_ERASING = Prepared(select(clients.c.erasing).where(clients.c.id == bindparam("client")))


def get(connection: Connection, record: bytes) -> Row:
    """One record's newest row; raises NotFound."""
    found = _GET.run(connection, {"record": record}).fetchone()
    if found is None:
        raise NotFound("not-found")
    return Row(*found)


def of_owner(connection: Connection, owner: bytes, kinds: Iterable[str] | None = None) -> list[Row]:
    """All newest rows of one owner, of all kinds or some."""
    if kinds is None:
        return [Row(*found) for found in _OF_OWNER.run(connection, {"owner": owner}).fetchall()]
    asked = [_OF_KIND.run(connection, {"owner": owner, "kind": kind}) for kind in kinds]
    return [Row(*found) for cursor in asked for found in cursor.fetchall()]


def of_kinds(connection: Connection, kinds: Iterable[str]) -> list[Row]:
    """All newest rows of some kinds, whoever owns them."""
    return [Row(*found) for found in connection.execute(_RECORD_BY_ID.where(records.c.kind.in_(list(kinds))))]


def owners_of(connection: Connection, kind: str, since: int = 0) -> list[bytes]:
    """Who has newest rows of a kind that were written since a moment (seconds)."""
    query = select(records.c.owner).where(records.c.kind == kind, records.c.changed >= since).distinct()
    return [owner for (owner,) in connection.execute(query)]


def versions(connection: Connection, record: bytes, most: int | None = None) -> list[Row]:
    """The earlier rows of one record, newest first; all of them or the newest few."""
    found = _VERSIONS.run(connection, {"record": record})
    return [Row(*row) for row in (found.fetchall() if most is None else found.fetchmany(most))]


def every_row(connection: Connection, owner: bytes, folder: bytes) -> list[Row]:
    """Whatever says it belongs to an owner or his folder: earlier versions first, then the newest rows."""
    found = []
    known = select(history.c.id).where((history.c.owner == owner) | (history.c.folder == folder))
    for table in (history, records):
        query = select(table.c.id, table.c.owner, table.c.folder, table.c.kind, table.c.version, table.c.changed,
                       table.c.sealed)  # fmt: skip
        rows = connection.execute(query.where((table.c.owner == owner) | (table.c.folder == folder) | table.c.id.in_(known)))
        found += [Row(*row) for row in rows]
    return found


def take_rows(connection: Connection, rows: list[Row]) -> None:
    """Take rows, which the caller holds, out of both tables."""
    for row in rows:
        for table in (history, records):
            connection.execute(delete(table).where(table.c.id == row.id, table.c.version == row.version))


def put_earlier(connection: Connection, row: Row) -> None:
    """An earlier version of a record."""
    connection.execute(insert(history).values(**vars(row)))


def put_aside(connection: Connection, row: Row, name: bytes, owner: bytes) -> None:
    """Keep a row that opens nowhere, under another name and owner."""
    put_earlier(connection, replace(row, id=name, owner=owner))


def put_new(connection: Connection, row: Row) -> None:
    """A record's first row."""
    _ADD.run(connection, vars(row))


def put_next(connection: Connection, old: Row, row: Row) -> None:
    """A record's next row; the one it follows goes into the history. Raises Conflict if it is not the newest."""
    _ADD_HISTORY.run(connection, vars(old))
    written = {"new_version": row.version, "new_folder": row.folder, "new_changed": row.changed, "new_sealed": row.sealed}
    changed = _NEXT.run(connection, {"record": row.id, "old": old.version, **written})
    if changed.rowcount != 1:
        raise Conflict("conflict")


def get_contents(connection: Connection, owner: bytes) -> ContentsRow | None:
    """The sealed contents list of an owner."""
    found = connection.execute(_CONTENTS_OF, {"owner": owner}).first()
    return ContentsRow(*found) if found else None


def put_contents(connection: Connection, row: ContentsRow) -> None:
    """Replace (or begin) an owner's contents list."""
    written = {"new_folder": row.folder, "new_version": row.version, "new_sealed": row.sealed}
    changed = _PUT_CONTENTS.run(connection, {"of": row.owner, **written})
    if changed.rowcount == 0:
        _ADD_CONTENTS.run(connection, vars(row))


def add_client(connection: Connection, client: bytes) -> None:
    """The row every writer of this client locks."""
    connection.execute(insert(clients).values(id=client, erasing=False))


def is_erasing(connection: Connection, client: bytes) -> bool:
    """Whether a client is being erased; nothing may be written for it then."""
    found = _ERASING.run(connection, {"client": client}).fetchone()
    return found is not None and bool(found[0])


def has_client(connection: Connection, client: bytes) -> bool:
    """Whether there is such a client that is not being erased, whoever may open it."""
    found = _ERASING.run(connection, {"client": client}).fetchone()
    return found is not None and not found[0]


def client_count(connection: Connection, binned: str = "") -> int:
    """How many clients there are, without those that a record of the kind `binned` says lie in the bin."""
    query = select(func.count()).select_from(clients).where(clients.c.erasing.is_(False))
    hidden = select(func.count()).select_from(records).where(records.c.kind == binned)
    return int(connection.execute(query).scalar_one()) - int(connection.execute(hidden).scalar_one())


def set_erasing(connection: Connection, client: bytes) -> None:
    """Mark a client: whoever writes looks for it. The mark stays when the client is gone."""
    if connection.execute(update(clients).where(clients.c.id == client).values(erasing=True)).rowcount == 0:
        connection.execute(insert(clients).values(id=client, erasing=True))


def marked_erasing(connection: Connection) -> set[bytes]:
    """The clients that are being erased, are erased, or have gone into another."""
    return {bytes(client) for (client,) in connection.execute(select(clients.c.id).where(clients.c.erasing.is_(True)))}


def gone_into_others(connection: Connection) -> set[bytes]:
    """The clients that have gone into another: marked, with a contents list that is left and no record."""
    return {bytes(client) for (client,) in connection.execute(select(clients.c.id).where(*_GONE_INTO))}


def has_gone_into_another(connection: Connection, client: bytes) -> bool:
    """Whether one of them is this one."""
    return connection.execute(select(clients.c.id).where(clients.c.id == client, *_GONE_INTO)).first() is not None


def drop_owner(connection: Connection, owner: bytes) -> None:
    """Delete every row of an owner: records, earlier versions, contents list."""
    for table in (records, history, contents):
        connection.execute(delete(table).where(table.c.owner == owner))


def drop_folder(connection: Connection, owner: bytes, folder: bytes) -> None:
    """Delete an owner's rows of one folder, but not his contents list."""
    for table in (records, history):
        connection.execute(delete(table).where(table.c.owner == owner, table.c.folder == folder))


def counts_of(connection: Connection, owner: bytes) -> tuple[int, int]:
    """(records, earlier versions) of an owner."""
    found = [
        connection.execute(select(func.count()).select_from(table).where(table.c.owner == owner)).scalar_one()
        for table in (records, history)
    ]
    return int(found[0]), int(found[1])


def count_of_kind(connection: Connection, owner: bytes, kind: str) -> int:
    """How many records of a kind an owner has."""
    query = select(func.count()).select_from(records).where(records.c.owner == owner, records.c.kind == kind)
    return int(connection.execute(query).scalar_one())


def kind_counts(connection: Connection, binned: str = "") -> dict[str, int]:
    """How many records of each kind there are, without those of clients of whom one of the kind `binned` says that
    they lie in the bin."""
    hidden = select(records.c.owner).where(records.c.kind == binned)
    query = select(records.c.kind, func.count()).where(records.c.owner.not_in(hidden)).group_by(records.c.kind)
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


_MANY = 500  # ids in one statement
_LEDGER = select(ledger.c.serial, ledger.c.id, ledger.c.owner, ledger.c.folder, ledger.c.version, ledger.c.printed,
                 ledger.c.sealed)  # fmt: skip


def ledger_rows(connection: Connection, limit: int, before: int | None = None) -> list[LedgerRow]:
    """The newest rows of the print ledger, or the newest of those with a smaller serial number."""
    query = _LEDGER.order_by(ledger.c.serial.desc()).limit(limit)
    if before is not None:
        query = query.where(ledger.c.serial < before)
    return [LedgerRow(*found) for found in connection.execute(query)]


def ledger_rows_between(connection: Connection, since: int, until: int, limit: int) -> list[LedgerRow]:
    """The rows of a time (seconds; the end not included), oldest first."""
    during = (ledger.c.printed >= since) & (ledger.c.printed < until)
    return [LedgerRow(*found) for found in connection.execute(_LEDGER.where(during).order_by(ledger.c.serial).limit(limit))]


def ledger_rows_named(connection: Connection, rows: Iterable[bytes]) -> list[LedgerRow]:
    """The rows with these ids, newest first."""
    wanted = list(rows)
    parts = (wanted[at : at + _MANY] for at in range(0, len(wanted), _MANY))
    found = (each for part in parts for each in connection.execute(_LEDGER.where(ledger.c.id.in_(part))))
    return sorted((LedgerRow(*each) for each in found), key=lambda row: -row.serial)


def ledger_count(connection: Connection) -> int:
    """How many prints there were."""
    return int(connection.execute(select(func.count()).select_from(ledger)).scalar_one())


def ledger_count_of(connection: Connection, owner: bytes) -> int:
    """How many prints are noted in the papers of one owner."""
    query = select(func.count()).select_from(ledger).where(ledger.c.owner == owner)
    return int(connection.execute(query).scalar_one())


def ledger_rows_of(connection: Connection, owner: bytes) -> list[LedgerRow]:
    """Every ledger row of a year's papers, oldest first."""
    found = connection.execute(select(ledger).where(ledger.c.owner == owner).order_by(ledger.c.serial))
    return [LedgerRow(*row) for row in found]


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
