"""Links from client to client: shown on both sides, to whom the person may open."""

from __future__ import annotations

from dataclasses import replace

from vault.domain.clients import Client, RelatedClient
from vault.errors import NotFound
from vault.services import payloads
from vault.services.acts import Act
from vault.services.holdings import client_of
from vault.storage import records

# What the other side of a link is called.
MIRRORED = {
    "経営する会社": "経営者の世帯",
    "経営者の世帯": "経営する会社",
    "親会社": "子会社",
    "子会社": "親会社",
    "親族の世帯": "親族の世帯",
    "関連会社": "関連会社",
}


def related_of(act: Act, record: Client) -> list[tuple[bytes, str, str]]:
    """(id, link, name) of related clients this person may open; the name is empty for one that was erased. A link to one
    who has gone into another, which who did that could not mend from there, ends."""
    shown = []
    for link in record.related:
        other = bytes.fromhex(link.client)
        try:
            shown.append((other, link.link, client_of(act, other)[1].name))
        except NotFound:
            there = records.has_client(act.connection, other) or records.has_gone_into_another(act.connection, other)
            if not there:
                shown.append((other, link.link, ""))
    return shown


def mirror(act: Act, client: bytes, before: tuple[RelatedClient, ...], now: tuple[RelatedClient, ...]) -> None:
    """A link is shown on both sides: write or remove it on the other one too."""
    old, new = {link.client: link for link in before}, {link.client: link for link in now}
    for other in old.keys() | new.keys():
        if old.get(other) == new.get(other) or other == client.hex():
            continue
        try:
            found, theirs = client_of(act, bytes.fromhex(other))
        except NotFound:
            continue
        rest = tuple(link for link in theirs.related if link.client != client.hex())
        if other in new:
            # A word of one's own may be true in one direction only: the other side keeps what it says.
            said = next((link.link for link in theirs.related if link.client == client.hex()), "")
            word = MIRRORED.get(new[other].link, said)
            rest = (*rest, RelatedClient(client=client.hex(), link=word))
        changed = payloads.encode(replace(theirs, related=rest))
        act.change(found.row.owner, found.row.id, found.row.kind, changed, found.row.version)
