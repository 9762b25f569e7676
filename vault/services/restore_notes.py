"""A restore that waits to be confirmed: noted in the running database, looked for by every request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from vault.crypto import codec
from vault.domain.retention_of_backups import day_and_time
from vault.errors import Malformed, RolledBack
from vault.services.instance import Instance
from vault.storage import records
from vault.storage.database import reading

NAME = "restored"
_SHAPE = {"name": str, "made": int, "at": int, "kept": str, "undone": int, "first": int, "gone": bytes, "clients": int}


@dataclass(frozen=True)
class Waiting:
    """Which backup was restored (its `made` and the restore's `at` in seconds since 1970), the backup that keeps the
    state before, the journal position from which on notes of contents lists are the restore's, the ids of clients that
    came later and went (16 bytes each), how many clients it changed, and whether it was the undoing of a restore."""

    name: str
    made: int
    at: int
    kept: str
    undone: bool
    first: int
    gone: bytes
    clients: int


def waiting(instance: Instance) -> Waiting | None:
    """What waits to be confirmed; None when nothing does."""
    with reading(instance.engine) as connection:
        return read(connection)


def read(connection: Connection) -> Waiting | None:
    """The same inside a transaction."""
    raw = records.fact(connection, NAME)
    if not raw:
        return None
    try:
        told: dict[str, Any] = codec.shaped(codec.decode(raw), _SHAPE)
    except Malformed:  # edited by hand: whatever it was, an administrator has to look
        return Waiting("", 0, 0, "", False, 1, b"", 0)
    return Waiting(**{**told, "undone": bool(told["undone"])})


def put(connection: Connection, found: Waiting) -> None:
    """Let everybody be told, from this transaction on."""
    records.set_fact(connection, NAME, codec.encode({**vars(found), "undone": int(found.undone)}))


def drop(connection: Connection) -> None:
    """It was confirmed."""
    records.set_fact(connection, NAME, b"")


def check(instance: Instance) -> None:
    """Raises RolledBack("restored" or "restore-undone") while a restore waits to be confirmed. For every request."""
    found = waiting(instance)
    if found is None:
        return
    facts = {"day": day_and_time(found.made), "clients": found.clients}
    if found.undone:
        raise RolledBack("restore-undone", **facts)
    raise RolledBack("restored", **facts)
