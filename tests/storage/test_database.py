"""Reading and writing: what a block of `reading` sees is one moment of the database, by whatever way it asks."""

from __future__ import annotations

from pathlib import Path

from vault.storage import journal
from vault.storage.database import create_tables, open_database, reading, transaction


def test_what_is_read_through_prepared_statements_is_as_of_one_moment(tmp_path: Path) -> None:
    create_tables(tmp_path / "kura.db")
    engine = open_database(tmp_path / "kura.db")
    with reading(engine) as one:
        assert journal.head(one)[0] == 0
        with transaction(engine) as other:
            journal.append(other, (0, journal.NO_HASH), b"clear", None, None, journal.Columns(1, "begun", None, None, None))
        assert journal.head(one)[0] == 0, "a block of reading sees what was written after it began"
    with reading(engine) as one:
        assert journal.head(one)[0] == 1
    engine.dispose()
