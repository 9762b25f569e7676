"""The migrations make what the schema says, keep what is there, and refuse what is not Kura's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from vault.errors import NotReady, Unwritable
from vault.storage import journal, objects, records, schema, visits
from vault.storage.database import (
    MIGRATIONS,
    check_schema,
    create_tables,
    migrate,
    open_database,
    transaction,
    upgrade,
)
from vault.storage.records import ContentsRow, LedgerRow, Row


def migrated(path: Path) -> Engine:
    engine = open_database(path)
    with transaction(engine) as connection:
        migrate(connection)
    return engine


def created(path: Path) -> Engine:
    create_tables(path)
    return open_database(path)


def shape(engine: Engine) -> dict[str, Any]:
    """Columns, keys, unique constraints and indexes of every table."""
    looked = inspect(engine)
    return {
        table: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in looked.get_columns(table)},
            "key": looked.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(u["column_names"] for u in looked.get_unique_constraints(table)),
            "indexes": {i["name"]: (i["column_names"], i["unique"]) for i in looked.get_indexes(table)},
        }
        for table in looked.get_table_names()
        if table != "alembic_version"
    }


def some(number: int) -> bytes:
    return bytes([number]) * 16


def filled(engine: Engine) -> None:
    """A row in every table, through the functions that the program uses."""
    with transaction(engine) as connection:
        records.set_fact(connection, "begun", b"1")
        records.add_client(connection, some(1))
        first = Row(some(2), some(1), some(3), "policy", 1, 1_800_000_000, b"sealed one")
        records.put_new(connection, first)
        records.put_next(connection, first, Row(some(2), some(1), some(3), "policy", 2, 1_800_000_001, b"sealed two"))
        records.put_contents(connection, ContentsRow(some(1), some(3), 1, b"sealed list"))
        records.add_ledger_row(connection, LedgerRow(1, some(4), some(5), some(6), 1, 1_800_000_002, b"sealed print"))
        journal.add_key(connection, some(7), 20261121, b"sealed key")
        last = journal.append(connection, journal.head(connection), b"clear", None, None, journal.Columns())
        objects.add_row(connection, objects.ObjectRow(some(9), some(1), some(3), some(10), 700, some(9) * 2, 1_800_000_004))
        visits.note(connection, some(1), some(8), 1_800_000_003, "192.0.2.7")
        journal.append(connection, last, b"clear too", some(7), b"sealed", journal.Columns(noted=some(1)))


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(table.select()))
            for table in schema.metadata.sorted_tables
        }


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    by_migration, by_schema = migrated(tmp_path / "a.db"), created(tmp_path / "b.db")
    assert set(shape(by_schema)) == {table.name for table in schema.metadata.sorted_tables}
    assert shape(by_migration) == shape(by_schema)
    with by_migration.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_the_newest_migration_is_the_one_the_program_asks_for(tmp_path: Path) -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [schema.HEAD]
    check_schema(migrated(tmp_path / "a.db"))
    check_schema(created(tmp_path / "b.db"))


def test_rows_written_to_a_migrated_file_read_back_as_from_one_made_new(tmp_path: Path) -> None:
    by_migration, by_schema = migrated(tmp_path / "a.db"), created(tmp_path / "b.db")
    filled(by_migration)
    filled(by_schema)
    found = everything(by_migration)
    assert found == everything(by_schema) and all(found.values())
    with transaction(by_migration) as connection:
        assert records.get(connection, some(2)).sealed == b"sealed two"
        assert [row.sealed for row in records.versions(connection, some(2))] == [b"sealed one"]
        assert records.is_erasing(connection, some(1)) is False
        assert records.next_serial(connection) == 2


def test_an_upgrade_of_the_newest_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    engine = created(path)
    filled(engine)
    before = everything(engine)
    engine.dispose()
    assert upgrade(path) == schema.HEAD
    assert everything(open_database(path)) == before


def test_an_upgrade_refuses_a_missing_a_foreign_a_broken_and_a_newer_file(tmp_path: Path) -> None:
    def refused(name: str) -> str:
        with pytest.raises(NotReady) as found:
            upgrade(tmp_path / name)
        return found.value.code

    assert refused("nowhere.db") == "database-missing" and not (tmp_path / "nowhere.db").exists()
    foreign = open_database(tmp_path / "foreign.db")
    with transaction(foreign) as connection:
        connection.execute(text("CREATE TABLE theirs (x)"))
    assert refused("foreign.db") == "database-foreign" and inspect(foreign).get_table_names() == ["theirs"]
    (tmp_path / "empty.db").touch()
    assert refused("empty.db") == "database-foreign"
    (tmp_path / "broken.db").write_bytes(b"this is no database " * 400)
    assert refused("broken.db") == "database-unreadable"
    newer = created(tmp_path / "newer.db")
    with transaction(newer) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer.dispose()
    assert refused("newer.db") == "database-newer"


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "a.db")
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE journal_keys (x)"))  # in the way of the last of the new tables
    with pytest.raises(Unwritable), transaction(engine) as connection:
        migrate(connection)
    assert inspect(engine).get_table_names() == ["journal_keys"]


def test_a_serving_process_does_not_import_the_migration_library() -> None:
    code = "import sys, vault.web.app, vault.cli.kura; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=MIGRATIONS.parents[2]).returncode == 0
