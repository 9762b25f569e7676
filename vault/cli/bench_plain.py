"""gunicorn's config of the plain twin: the same program over rows that were never sealed.

The twin has the same routes, gate, session row, views, templates and catalogues, the same transaction with the same
journal entry in the same chain of hashes. It reads a client's rows, earlier versions and names with the same
statements, and takes what stands in them. Who is who and may do what it looks up where we do, in the directory; a
plain program would ask a table. What it has not is everything that a program without keys would not do: no grant is
opened, no ring searched, no contents list read or compared with the journal, nothing unsealed or unpadded; session
and journal detail are stored as they are. So the quotient of the two is the price of all of that, not of decryption
alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from vault.domain.clients import Client
from vault.services import audit, clients, holdings, sessions
from vault.services.acts import Act, Contents, Folder, Opened
from vault.services.safe import Desk
from vault.storage import records

AUTHOR = 16


def plain_row(author: bytes, payload: bytes) -> bytes:
    """What stands in a row of the twin: who wrote it, what he wrote."""
    return author + payload


def _opened(row: records.Row) -> Opened:
    return Opened(row, row.sealed[AUTHOR:], row.sealed[:AUTHOR])


def _read(act: Act, owner: bytes, kinds: Iterable[str] | None = None) -> list[Opened]:
    return [_opened(row) for row in records.of_owner(act.connection, owner, kinds)]


def _read_one(act: Act, _owner: bytes, record: bytes, _kind: str) -> Opened:
    return _opened(records.get(act.connection, record))


def _read_earlier(act: Act, _owner: bytes, record: bytes, _kind: str, most: int | None = None) -> list[Opened]:
    return [_opened(row) for row in records.versions(act.connection, record, most)]


def _client_of(act: Act, client: bytes) -> tuple[Opened, Client]:
    found = _opened(records.get(act.connection, client))
    return found, holdings.opened_client(found)


def _folder(desk: Desk, owner: bytes) -> Folder:
    return Folder(owner, owner, b"", desk.directory.of_clients()[0])


def _contents(act: Act, owner: bytes) -> Contents:
    """A plain program has no such list; who asks it how many of a kind there are is told of none."""
    return Contents(_folder(act.desk, owner), None, {})


def _as_it_is(_key: bytes, data: bytes, _context: object) -> bytes:
    return data


def become_plain() -> None:
    """Take the keys out of the program in this process."""
    changed: list[tuple[Any, str, Any]] = [
        (Act, "read", _read), (Act, "read_one", _read_one), (Act, "read_earlier", _read_earlier),
        (Act, "contents", _contents), (clients, "client_of", _client_of), (Desk, "folder", _folder),
        (sessions, "seal", _as_it_is), (sessions, "open_sealed", _as_it_is),
        (audit, "seal", _as_it_is), (audit, "_journal_key", lambda *_: (bytes(16), b"")),
    ]  # fmt: skip
    for place, name, instead in changed:
        assert hasattr(place, name), name
        setattr(place, name, instead)


# The bench itself imports this room for what a plain row looks like; only a server it starts becomes plain.
if "KURA_BENCH_NOTES" in os.environ:
    become_plain()
