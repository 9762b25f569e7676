"""The imports that a person has on the way, and those of the office that can still be taken back."""

from __future__ import annotations

from dataclasses import dataclass

from vault.services import office
from vault.services.audit import Event
from vault.services.importing import drafts, noted
from vault.services.importing.drafts import IMPORT
from vault.services.importing.noted import DAY_SECONDS
from vault.services.safe import Desk


@dataclass(frozen=True)
class OnTheWay:
    """One of one's own: when it was begun and when its file goes, in seconds since 1970, and how many rows are done."""

    id: bytes
    file: str
    room: str
    begun: int
    until: int
    rows: int


@dataclass(frozen=True)
class Done:
    """What came in: `at` and until when it can be taken back, in seconds since 1970; how many clients and other records
    were made, and how many were changed."""

    id: bytes
    file: str
    room: str
    at: int
    until: int
    by: str
    clients: int
    policies: int
    changed: int
    undone: bool


def everything(desk: Desk) -> tuple[list[OnTheWay], list[Done]]:
    """Both, the newest first."""
    mine = drafts.listed(desk)
    with desk.act(Event.IMPORT_OPENED, IMPORT) as act:
        rooms = office.compartment_names(act)
        told = noted.told(act)
        done = [_done(act, each, rooms) for each in told]
    rows = {each.id: len(each.rows) for each in told}
    until = drafts.DAYS * DAY_SECONDS
    on_the_way = [
        OnTheWay(
            draft, state.file, rooms.get(bytes.fromhex(state.compartment), ""), state.begun, state.begun + until,
            rows.get(draft, 0),
        )
        for draft, state in mine
    ]  # fmt: skip
    return on_the_way, done


def _done(act: noted.Act, told: noted.Told, rooms: dict[bytes, str]) -> Done:
    said = told.said
    return Done(
        told.id, said.file, rooms.get(bytes.fromhex(said.compartment), ""), told.at,
        told.at + noted.UNDO_DAYS * DAY_SECONDS, office.name_of(act, bytes.fromhex(said.person)),
        told.made(True), told.made(False), told.changed, told.begun_undoing and not told.to_undo,
    )  # fmt: skip
