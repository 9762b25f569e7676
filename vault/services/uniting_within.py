"""Within one client: two policies made one, two people made one. All earlier versions of both stay readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vault.domain import uniting
from vault.domain.access import Permission
from vault.domain.clients import Member
from vault.domain.policies import Policy
from vault.errors import Conflict, NotFound, Refused
from vault.services import bin, erasing, merged, payloads
from vault.services.acts import BIN_KINDS, Act
from vault.services.audit import Event
from vault.services.holdings import MERGED, POLICY, client_of
from vault.services.safe import Desk
from vault.services.uniting import Base


def unite_policies(desk: Desk, client: bytes, stays: Base, goes: Base, record: Policy) -> None:
    """Let a policy go into another, which says `record` from now on; it goes into the bin, and what belonged to it belongs
    to the other. Raises Conflict when somebody has saved either of them, NotFound, Refused: doubles-same, held."""
    if stays.id == goes.id:
        raise Refused("doubles-same")
    with desk.act(Event.POLICIES_UNITED, Permission.WRITE_POLICIES, client) as act:
        found = act.read_one(client, goes.id, POLICY)
        if found.row.version != goes.version:
            raise Conflict("conflict", version=found.row.version)
        erasing.refuse_held(act, client_of(act, client)[1])
        act.change(client, stays.id, POLICY, payloads.encode(record), stays.version)
        bin.hide(act, client, goes.id, stays.id)
        _call_otherwise(act, client, {goes.id.hex(): stays.id.hex()})
        act.tell(record=stays.id, gone=goes.id)


def unite_people(desk: Desk, client: bytes, base: int, stays: Member, goes: str) -> None:
    """Let a person of a client go into another one of his: policies and all else name the one that stays.

    Raises Conflict when somebody has saved the client since `base`, NotFound, Refused("doubles-same").
    """
    if stays.id == goes:
        raise Refused("doubles-same")
    with desk.act(Event.PEOPLE_UNITED, Permission.WRITE_CLIENTS, client) as act:
        found, record = client_of(act, client)
        if record.member(stays.id) is None or record.member(goes) is None:
            raise NotFound("not-found")
        after = uniting.without_person(record, stays, goes)
        related = tuple(replace(link, member=stays.id) if link.member == goes else link for link in after.related)
        act.change(client, client, found.row.kind, payloads.encode(replace(after, related=related)), base)
        _call_otherwise(act, client, {goes: stays.id})
        merged.note_people(act, client, {goes: stays.id})
        act.tell(record=client)


def _call_otherwise(act: Act, client: bytes, ids: Mapping[str, str]) -> None:
    """A version more of every record of a client that names something by an id that has become another. What lies in
    the bin is as it was."""
    for found in act.read(client):
        payload = uniting.ids_changed(found.payload, ids)
        if payload != found.payload and found.row.kind not in (MERGED, *BIN_KINDS):
            act.change(client, found.row.id, found.row.kind, payload, found.row.version)
