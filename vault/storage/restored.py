"""Rows of clients as another database has them, put in the place of today's: inside one transaction beside it.

Everything else stays: journal, ledger, papers, persons, facts. Rows that are the same already are not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, bindparam, select

from vault.crypto.envelope import ID_BYTES
from vault.storage.prepared import Prepared
from vault.storage.records import ContentsRow
from vault.storage.schema import clients, contents, history, journal, objects, records
from vault.storage.snapshots import OTHER

_KEYS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (records, ("id",)), (history, ("id", "version")), (contents, ("owner",)), (objects, ("id",)),
)  # fmt: skip
_NOTE_BEFORE = Prepared(
    select(journal.c.position, journal.c.clear)
    .where(journal.c.noted == bindparam("owner"), journal.c.position < bindparam("position"))
    .order_by(journal.c.position.desc())
    .limit(1)
)
# Of a client that is marked: nothing is erased, for he has gone into another, who has all his records.
_GONE_INTO = "(id IN (SELECT owner FROM main.contents) AND id NOT IN (SELECT owner FROM main.records))"
BACK, GONE, CHANGED, LEFT = "back", "gone", "changed", "left"


@dataclass(frozen=True)
class Plan:
    """What putting an earlier state back would do. Ids of clients: `gone` came later and would go, `returning` are not
    there today and would come back, `changed` have something that differs, `erased` and `rekeyed` stay as they are.

    `added` records and `documents` came later, `saved` were changed since, `missing` are not there today.
    """

    gone: tuple[bytes, ...]
    returning: tuple[bytes, ...]
    changed: int
    erased: int
    rekeyed: int
    added: int
    saved: int
    missing: int
    documents: int

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.gone or self.returning or self.changed or self.added or self.saved or self.missing)


def lay_out(connection: Connection, head: tuple[int, bytes]) -> None:
    """Note in temporary tables which clients come back, which go, which stay; `head` is the other journal's last entry.

    A client stays as he is today when he was erased or is being erased, and when his folder is another one since: what
    was sealed in the earlier one opens no more. One who has gone into another comes back with that one: both, or neither.
    """
    for name in (BACK, GONE, CHANGED, LEFT):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS temp.{name}")
        connection.exec_driver_sql(f"CREATE TEMP TABLE {name} (owner BLOB PRIMARY KEY, why TEXT)")
    run = connection.exec_driver_sql
    run(
        f"INSERT INTO temp.{LEFT} SELECT id, 'erased' FROM {OTHER}.clients WHERE id IN (SELECT id FROM main.clients "
        f"WHERE erasing AND NOT {_GONE_INTO}) OR id IN (SELECT subject FROM main.journal WHERE event = 'erased' AND subject IS NOT NULL)"
    )
    run(
        f"INSERT OR IGNORE INTO temp.{LEFT} SELECT c.id, 'rekeyed' FROM {OTHER}.clients c "
        f"JOIN {OTHER}.contents o ON o.owner = c.id LEFT JOIN main.contents n ON n.owner = c.id "
        "WHERE n.folder <> o.folder OR (n.folder IS NULL AND c.id IN "
        "(SELECT subject FROM main.journal WHERE event = 'rekeyed' AND position > ?))",
        (head[0],),
    )
    run(f"INSERT INTO temp.{BACK} SELECT id, '' FROM {OTHER}.clients WHERE id NOT IN (SELECT owner FROM temp.{LEFT})")
    run(
        f"INSERT INTO temp.{GONE} SELECT id, '' FROM main.clients WHERE NOT erasing "
        f"AND id NOT IN (SELECT id FROM {OTHER}.clients)"
    )
    run(
        f"INSERT INTO temp.{CHANGED} SELECT b.owner, '' FROM temp.{BACK} b JOIN {OTHER}.contents o ON o.owner = b.owner "
        "LEFT JOIN main.contents n ON n.owner = b.owner WHERE (o.version, o.sealed) IS NOT (n.version, n.sealed)"
    )


def plan(connection: Connection) -> Plan:
    """What is laid out, counted."""
    returning = (
        f"SELECT owner FROM temp.{BACK} WHERE owner NOT IN (SELECT id FROM main.clients WHERE NOT erasing) "
        f"AND owner IN (SELECT id FROM {OTHER}.clients WHERE NOT erasing) ORDER BY owner"
    )
    return Plan(
        gone=tuple(_owners(connection, f"SELECT owner FROM temp.{GONE} ORDER BY owner")),
        returning=tuple(_owners(connection, returning)),
        changed=_count(connection, f"temp.{CHANGED}"),
        erased=_count(connection, f"temp.{LEFT} WHERE why = 'erased'"),
        rekeyed=_count(connection, f"temp.{LEFT} WHERE why = 'rekeyed'"),
        added=_count(connection, f"main.records n WHERE {_touched('n')} AND n.id NOT IN (SELECT id FROM {OTHER}.records)"),
        saved=_count(connection, f"main.records n JOIN {OTHER}.records o ON o.id = n.id AND o.sealed <> n.sealed "
                                 f"WHERE n.owner IN (SELECT owner FROM temp.{BACK})"),
        missing=_count(connection, f"{OTHER}.records o WHERE o.owner IN (SELECT owner FROM temp.{BACK}) "
                                   "AND o.id NOT IN (SELECT id FROM main.records)"),
        documents=_count(connection, f"main.objects n WHERE {_touched('n')} "
                                     f"AND n.id NOT IN (SELECT id FROM {OTHER}.objects)"),
    )  # fmt: skip


def _touched(alias: str) -> str:
    return f"({alias}.owner IN (SELECT owner FROM temp.{BACK}) OR {alias}.owner IN (SELECT owner FROM temp.{GONE}))"


def _count(connection: Connection, what: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {what}").scalar_one())


def _owners(connection: Connection, query: str) -> Iterator[bytes]:
    for (owner,) in connection.exec_driver_sql(query):
        yield bytes(owner)


def files_back(connection: Connection) -> list[bytes]:
    """The names of the files that rows which come back name."""
    back = f"SELECT file FROM {OTHER}.objects WHERE owner IN (SELECT owner FROM temp.{BACK}) ORDER BY file"
    return list(_owners(connection, back))


def replace_rows(connection: Connection) -> None:
    """Put the rows of the clients that come back in the place of today's, and take out those that go."""
    for table, keys in _KEYS:
        _replace(connection, table, keys)
        connection.exec_driver_sql(f"DELETE FROM main.{table.name} WHERE owner IN (SELECT owner FROM temp.{GONE})")
    connection.exec_driver_sql(f"DELETE FROM main.{clients.name} WHERE id IN (SELECT owner FROM temp.{GONE})")
    connection.exec_driver_sql(
        f"INSERT OR REPLACE INTO main.{clients.name} (id, erasing) SELECT id, erasing FROM {OTHER}.{clients.name} "
        f"WHERE id IN (SELECT owner FROM temp.{BACK})"
    )


def _replace(connection: Connection, table: Table, keys: tuple[str, ...]) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    same_key = " AND ".join(f'o."{key}" = n."{key}"' for key in keys)
    same = " AND ".join(f'o."{column.name}" = n."{column.name}"' for column in table.columns)
    key = ", ".join(f'"{name}"' for name in keys)
    back = f"owner IN (SELECT owner FROM temp.{BACK})"
    # Also whatever stands where one of those rows belongs, whoever is said to own it.
    connection.exec_driver_sql(
        f"DELETE FROM main.{table.name} AS n WHERE (n.{back} OR ({key}) IN "
        f"(SELECT {key} FROM {OTHER}.{table.name} WHERE {back})) "
        f"AND NOT EXISTS (SELECT 1 FROM {OTHER}.{table.name} o WHERE {same})"
    )
    connection.exec_driver_sql(
        f"INSERT INTO main.{table.name} ({columns}) SELECT {columns} FROM {OTHER}.{table.name} o WHERE o.{back} "
        f"AND NOT EXISTS (SELECT 1 FROM main.{table.name} n WHERE {same_key})"
    )


def changed_lists(connection: Connection) -> Iterator[ContentsRow]:
    """The contents lists that are another one now than before."""
    owners = list(_owners(connection, f"SELECT owner FROM temp.{CHANGED} ORDER BY owner"))
    for owner in owners:
        query = f"SELECT owner, folder, version, sealed FROM main.{contents.name} WHERE owner = ?"
        found = connection.exec_driver_sql(query, (owner,)).one()
        yield ContentsRow(bytes(found[0]), bytes(found[1]), found[2], bytes(found[3]))


def still_gone(connection: Connection, owners: bytes) -> bytes:
    """Of client ids, packed 16 bytes each, those that are no clients today either."""
    known = set(_owners(connection, f"SELECT id FROM main.{clients.name}"))
    found = (owners[at : at + ID_BYTES] for at in range(0, len(owners), ID_BYTES))
    return b"".join(sorted({owner for owner in found if owner not in known}))


def noted_since(connection: Connection, event: str, position: int) -> list[bytes]:
    """Whose contents lists were noted by entries of an event from a position on."""
    asked = (journal.c.position >= position, journal.c.event == event, journal.c.noted.is_not(None))
    return list(connection.execute(select(journal.c.noted).where(*asked).distinct()).scalars())


def note_before(connection: Connection, owner: bytes, position: int) -> bytes | None:
    """The clear part of the newest entry before a position that notes an owner's contents list."""
    found = _NOTE_BEFORE.run(connection, {"owner": owner, "position": position}).fetchone()
    return bytes(found[1]) if found else None
