"""Rows picked by chance: the next behind a random id, which an index finds however many there are."""

from __future__ import annotations

from sqlalchemy import Connection, select

from vault.storage.objects import ObjectRow
from vault.storage.records import Row
from vault.storage.schema import objects, records

_RECORD = select(records.c.id, records.c.owner, records.c.folder, records.c.kind, records.c.version, records.c.changed,
                 records.c.sealed)  # fmt: skip
_OBJECT = select(*objects.c)


def record_at(connection: Connection, chance: bytes) -> Row | None:
    """The newest row of the record next behind an id, the first one behind the last; None without records."""
    found = connection.execute(_RECORD.where(records.c.id >= chance).order_by(records.c.id).limit(1)).fetchone()
    found = found or connection.execute(_RECORD.order_by(records.c.id).limit(1)).fetchone()
    return Row(*found) if found else None


def object_at(connection: Connection, chance: bytes) -> ObjectRow | None:
    """The same for objects."""
    found = connection.execute(_OBJECT.where(objects.c.id >= chance).order_by(objects.c.id).limit(1)).fetchone()
    found = found or connection.execute(_OBJECT.order_by(objects.c.id).limit(1)).fetchone()
    return ObjectRow(*found) if found else None

