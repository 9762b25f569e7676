"""What a client was before he went into another: every version of his own record, kept among the other's.

His folder key stays in the ring as long as the other's, so that backups from before still open; it is moved with that
one, and goes with it (erasing).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.errors import Damaged, NotFound
from vault.services import office, payloads
from vault.services.acts import Act, Opened
from vault.services.audit import Event, Fact
from vault.services.clients import Version
from vault.services.holdings import KINDS, MERGED, SAME_PERSON, readable
from vault.services.safe import Desk
from vault.storage.database import reading

KIND, PERSON = MERGED, SAME_PERSON


@dataclass(frozen=True, kw_only=True)
class Merged:
    """One version of the record of a client (hex id): its kind and its bytes."""

    client: str
    kind: str
    record: str


@dataclass(frozen=True, kw_only=True)
class SamePerson:
    """A person (id) who was entered twice is another one of the client: earlier versions know him by either id. The same of
    the client himself."""

    gone: str
    stays: str


def id_of(client: bytes) -> bytes:
    """Under which id the record of a client is kept in another's folder."""
    return hashlib.sha256(b"kura merged" + client).digest()[:16]


def payload_of(client: bytes, found: Opened) -> bytes:
    """A version of a client's own record as it is kept."""
    return payloads.encode(Merged(client=client.hex(), kind=found.row.kind, record=found.payload.decode()))


def changed(payload: bytes, change: Callable[[Client], Client]) -> bytes:
    """A kept version with its record changed."""
    said = payloads.decode(payload, Merged)
    record = change(payloads.decode(said.record.encode(), KINDS[said.kind]))
    return payloads.encode(replace(said, record=payloads.encode(record).decode()))


def note_people(act: Act, client: bytes, people: Mapping[str, str]) -> None:
    """Note who (ids) has gone into whom; the last thing of its act (clients.united_at)."""
    for gone, stays in people.items():
        act.add(client, PERSON, payloads.encode(SamePerson(gone=gone, stays=stays)))


def ids_of_person(act: Act, client: bytes, member: str) -> set[str]:
    """All ids under which a client's versions know a person of his."""
    noted = [payloads.decode(found.payload, SamePerson) for found in act.read(client, [PERSON])]
    found: set[str] = set()
    more = {member}
    while more:
        found |= more
        more = {each.gone for each in noted if each.stays in found} - found
    return found


def clients_in(act: Act, client: bytes) -> list[bytes]:
    """The clients that have gone into one."""
    return [bytes.fromhex(payloads.decode(found.payload, Merged).client) for found in act.read(client, [KIND])]


def clients_of(desk: Desk, clients: Iterable[bytes]) -> list[bytes]:
    """The same of several, in a transaction of its own; nothing of one that cannot be opened."""
    found: list[bytes] = []
    with reading(desk.instance.engine) as connection:
        act = Act(desk, connection, Fact(Event.CLIENT_OPENED))
        for client in clients:
            with suppress(NotFound, Damaged):
                act.with_bin(client)
                found += clients_in(act, client)
    return found


def versions(desk: Desk, client: bytes) -> dict[bytes, list[Version]]:
    """Every version of the records of those who went into a client, newest first, by the id it is kept under."""
    with desk.act(Event.HISTORY_OPENED, Permission.READ_CLIENTS, client) as act:
        found = {each.row.id: [each, *act.read_earlier(client, each.row.id, KIND)] for each in act.read(client, [KIND])}
        told = {record: [_version(act, each) for each in some] for record, some in found.items()}
    return told


def _version(act: Act, found: Opened) -> Version:
    said = payloads.decode(found.payload, Merged)
    record = readable(act, payloads.decode(said.record.encode(), KINDS[said.kind]))
    return Version(found.row.version, found.row.changed, office.name_of(act, found.author), record)
