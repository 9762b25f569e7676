"""Who was seen on which device, when first, when last and from where: what the page of devices tells."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from vault.storage.schema import visits


@dataclass(frozen=True)
class Visit:
    """One person on one device: first and last in seconds since 1970, the address of the last time."""

    person: bytes
    device: bytes
    first: int
    last: int
    address: str


def note(connection: Connection, person: bytes, device: bytes, now: int, address: str) -> Visit | None:
    """Note a sign-in; returns what was known of this person on this device before, None the first time."""
    here = (visits.c.person == person) & (visits.c.device == device)
    found = connection.execute(select(visits).where(here)).fetchone()
    if found is None:
        row = {"person": person, "device": device, "first": now, "last": now, "address": address}
        connection.execute(insert(visits).values(row))
        return None
    connection.execute(update(visits).where(here).values(last=now, address=address))
    return Visit(*found)


def every(connection: Connection) -> list[Visit]:
    """All of them, the last seen first."""
    return [Visit(*found) for found in connection.execute(select(visits).order_by(visits.c.last.desc()))]


def forget(connection: Connection, person: bytes | None = None, device: bytes | None = None) -> None:
    """Forget a person's visits, a device's, or a person's on a device; with neither nothing."""
    if person is None and device is None:
        return
    query = delete(visits)
    if person is not None:
        query = query.where(visits.c.person == person)
    if device is not None:
        query = query.where(visits.c.device == device)
    connection.execute(query)
