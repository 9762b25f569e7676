"""Every row that the segments of the compartments of a person hold, for what has to look at all clients at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from vault.domain.access import Permission
from vault.errors import Conflict
from vault.services.search import index
from vault.services.search.state import UNWRITTEN, Room, State, opened
from vault.storage import journal
from vault.storage.packed import Packed

if TYPE_CHECKING:
    from vault.services.safe import Desk

# A client who is erased or moved meanwhile changes the keys; spoiled segments are made anew.
TRIES = 3
# Clients whose rows are made while they are read.
FEW = 20
T = TypeVar("T")
# Takes a segment and the number of one of its rows that counts.
Take = Callable[[Packed, int], None]


def walk(desk: Desk, begin: Callable[[], tuple[T, Take]], patience: float) -> tuple[T, int]:
    """What `begin`'s second part has made of each row, and of how many clients none is there yet: the making of missing
    rows stops after `patience` seconds. `begin` is called again when it was all in vain.

    Not to be called within an act. Raises Conflict when segment keys change again and again.
    """
    for tried in range(TRIES):
        desk.refresh()
        made, take = begin()
        until = time.monotonic() + patience
        try:
            left = [_room(desk, index.made_room(desk, each), take, until) for each in desk.client_compartments()]
        except Conflict:
            if tried == TRIES - 1:
                raise
            continue
        if None not in left:
            return made, sum(filter(None, left))
    raise Conflict("conflict")


def _room(desk: Desk, room: Room, take: Take, until: float) -> int | None:
    """Of how many clients of a compartment nothing is told yet; None where its segments are spoiled."""
    index.work_off(desk, room, until, FEW)
    with desk.look(Permission.SEARCH) as act, opened(desk.instance, room) as state:
        owners = index.behind(desk, state, act.connection)
        made = index.caught_up(act, owners[: 2 * FEW], journal.head(act.connection)[0])
        state.add(Packed(UNWRITTEN, bytearray(made), len(made)))
        _every_row(state, take)
        if not state.broken:
            return max(0, len(owners) - 2 * FEW)
    index.begin_anew(desk, room)
    return None


def _every_row(state: State, take: Take) -> None:
    for part in chain(state.bases(), state.small):
        for row in range(part.count):
            if not state.whole or state.alive(part, row):
                take(part, row)
