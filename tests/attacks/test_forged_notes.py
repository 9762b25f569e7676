"""An older client put back together with an entry that says so: the chain needs no key, the note's tag does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.offices import Office
from vault.crypto import codec
from vault.errors import RolledBack
from vault.services import audit, clients
from vault.storage import journal
from vault.storage.database import transaction

TABLES = ("records", "history", "contents")


def snapshot(office: Office, owner: bytes) -> dict[str, list[tuple[Any, ...]]]:
    return {table: office.sql(f"SELECT * FROM {table} WHERE owner=?", owner) for table in TABLES}


def put_back(office: Office, owner: bytes, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, held in rows.items():
        office.sql(f"DELETE FROM {table} WHERE owner=?", owner)
        for row in held:
            office.sql(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", *row)


def note_again(office: Office, note: list[Any]) -> None:
    """Append an entry as Kura would, chained rightly, with the head noted outside too."""
    with transaction(office.instance.engine) as connection:
        last = journal.head(connection)
        before = journal.last_note_of(connection, note[0])
        assert before is not None
        told = {**codec.decode(before.clear), "contents": note}
        head = journal.append(connection, last, codec.encode(told), None, None, audit.columns_of(codec.encode(told)))
    journal.remember_head(office.settings.replicas[0], head)


def older(office: Office, client: bytes) -> tuple[dict[str, list[tuple[Any, ...]]], list[Any]]:
    """A client's rows as they are now and the note of them; the client goes on afterwards."""
    rows = snapshot(office, client)
    with transaction(office.instance.engine) as connection:
        entry = journal.last_note_of(connection, client)
    assert entry is not None
    page = clients.get(office.desk(), client)
    clients.save(office.desk(), client, page.client, page.version)
    return rows, codec.decode(entry.clear)["contents"]


@pytest.mark.parametrize("parts", [3, 4], ids=["without its tag", "with its tag"])
def test_an_older_note_written_again_does_not_count(parts: int, office: Office) -> None:
    client = office.facts.clients[0]
    rows, note = older(office, client)
    assert len(note) == 4
    put_back(office, client, rows)
    note_again(office, note[:parts])
    with transaction(office.instance.engine) as connection:
        assert audit.verify_chain(connection) is None  # nothing is wrong with the chain
    with pytest.raises(RolledBack):
        clients.get(office.desk(), client)
