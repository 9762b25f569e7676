"""The segments kept behind the records.

The journal notes every change of a client's contents list in the transaction of the change itself. Whoever searches
sees there which clients the segments do not tell as they are now, makes their rows from the records, and puts them by
for the next: after a save, a kill between the two files, a restore, a lost file, it is always the same. A save costs
nothing more. Segments only find; what is shown is read from the records.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from vault.crypto.keys import SEGMENTS, Ring, new_id, new_key
from vault.domain.search import FORM
from vault.errors import Conflict, KuraError, Malformed, Unwritable
from vault.services.acts import Act
from vault.services.audit import Event, Fact
from vault.services.instance import Instance
from vault.services.search.rows import readable
from vault.services.search.state import UNWRITTEN, Room, State, opened
from vault.storage import journal, noted
from vault.storage.database import reading
from vault.storage.packed import BASE, MERGED, Entry, Head, Packed, pack
from vault.storage.segments import Making

if TYPE_CHECKING:
    from vault.services.safe import Desk

CHUNK = 4096  # rows of one segment of the base
# So many entries the journal may go on before a search notes that it has looked through them.
ENTRIES = 500
# Merged rows are merged again with up to twice as many and a few.
A_FEW = 64
# The base is written anew when what lies over it is more than this part of it.
PART, LEAST = 16, 512
AT_ONCE = 500  # clients whose rows are made before they are put by

# --- the key


def room_of(desk: Desk, compartment: bytes) -> Room | None:
    """A compartment with its segment key; None while nobody has searched in it."""
    found = desk.ring(compartment).find(SEGMENTS)
    return Room(compartment, *found) if found is not None else None


def made_room(desk: Desk, compartment: bytes) -> Room:
    """The same; a key is made where there is none."""
    found = room_of(desk, compartment)
    if found is None:
        try:
            desk.add_folders({SEGMENTS: compartment}, {SEGMENTS: (new_id(), new_key())})
        except Malformed:  # somebody else was the first in this moment
            desk.now_reading(desk.instance.keyring.stored())
        found = room_of(desk, compartment)
        assert found is not None
    return found


# --- what is missing


def behind(desk: Desk, state: State, connection: Connection) -> list[bytes]:
    """The clients of whom the segments do not tell everything as of this moment of the records."""
    ring = desk.ring(state.room.compartment)
    changed = noted.changes_since(connection, state.upto[0])
    found = dict.fromkeys(owner for at, owner in changed if not state.told(owner, at))
    found |= dict.fromkeys(state.still_owed())
    return [owner for owner in found if ring.find(owner) is not None]


def caught_up(act: Act, owners: Collection[bytes], position: int, until: float = float("inf")) -> bytes:
    """The plaintext of a segment with all rows of some clients as of a position of the journal, or of as many of them as
    the time (monotonic seconds) allows."""
    head, entries = Head(FORM, MERGED), list[Entry]()
    for owner in owners:
        rows = readable(act, owner, position)
        head.whole[owner] = position
        if rows is None:  # not to be found until somebody has seen to him
            head.owed[owner] = position + 1
        entries += rows or []
        if time.monotonic() > until:
            break
    return pack(head, entries)


def work_off(desk: Desk, room: Room, until: float, few: int) -> int:
    """Make what is missing until only a few clients are left, or the time (monotonic seconds) is over; returns how many
    are left. Nobody who writes has to wait for it."""
    left: int | None = None
    while True:
        with reading(desk.instance.engine) as connection:
            head = journal.head(connection)
            with opened(desk.instance, room) as state:
                usable = not state.broken and state.checkpoint is not None and journal.fits(connection, state.upto)
                owners = behind(desk, state, connection) if usable else []
                seen = list(state.numbers)
            if not usable:
                begin_anew(desk, room)
                continue
            over = left is not None and (time.monotonic() > until or len(owners) >= left)
            if len(owners) <= few or over:
                break
            left = len(owners)
            act = Act(desk, connection, Fact(Event.SEARCHED))
            made = caught_up(act, owners[:AT_ONCE], head[0], until)
        settle(desk.instance, room, seen, made, None)
    if left is not None:
        rebase(desk.instance, room)
    return len(owners)


def begin_anew(desk: Desk, room: Room) -> None:
    """Segments that tell nothing yet and owe everything, in place of whatever is there.

    Raises Conflict where they are missing because the compartment has another segment key by now.
    """
    if desk.refresh() and room_of(desk, room.compartment) != room:
        raise Conflict("conflict")
    segments = desk.instance.segments
    there = segments.numbers(room.compartment, room.id)
    with reading(desk.instance.engine) as connection:
        head = journal.head(connection)
    checkpoint = Head(FORM, MERGED, head, owed=dict.fromkeys(desk.ring(room.compartment).owners(), 0), stands=[])
    segments.replace(room.compartment, room.id, there, [room.making(desk.instance, checkpoint)], whole=True)
    segments.drop_others(room.compartment, room.id)


# --- settling


def due(state: State, head: tuple[int, bytes]) -> bool:
    """Whether the next search would have to look through much of the journal again."""
    return head[0] - state.upto[0] > ENTRIES


def settle(instance: Instance, room: Room, seen: Collection[int], made: bytes, upto: tuple[int, bytes] | None) -> None:
    """Put by `made`, a plaintext that is not written yet, with small segments that lie over the base already.

    `upto`: nothing is missing as of this position of the journal, as whoever asks has seen; None for as before. Nothing
    is done where somebody else has settled since the segments with the numbers `seen` were read.
    """
    with opened(instance, room) as state:
        if state.checkpoint is None or state.broken or state.checkpoint.number not in seen:
            return
        if made:
            state.add(Packed(UNWRITTEN, bytearray(made), len(made)))
        parts = _to_merge(state)
        entries = [entry for part in parts for entry in _living(state, part)]
        whole: dict[bytes, int] = {}
        for part in parts:
            whole |= {owner: max(at, whole.get(owner, 0)) for owner, at in part.head.whole.items()}
        checkpoint = Head(FORM, MERGED, upto or state.upto, owed=state.still_owed(), stands=[])
        gone = [part.number for part in [*parts, state.checkpoint] if part.number != UNWRITTEN]
        merged = [Head(FORM, MERGED, whole=whole)] if entries or whole else []
    makings = [room.making(instance, head, entries) for head in merged]
    instance.segments.replace(room.compartment, room.id, gone, [*makings, room.making(instance, checkpoint)])


def _to_merge(state: State) -> list[Packed]:
    """What is not written yet, and of the merged segments those that are not much larger, so that each row is written
    anew a few times only until it comes into the base."""
    fresh = [part for part in state.small if part.number == UNWRITTEN]
    rows = sum(part.count for part in fresh)
    for part in sorted(merged_of(state), key=lambda part: part.count):
        if part.count <= 2 * rows + A_FEW:
            fresh.append(part)
            rows += part.count
    return fresh


def merged_of(state: State) -> list[Packed]:
    """The segments that lie written over the base."""
    return [part for part in state.small if part is not state.checkpoint and part.number != UNWRITTEN]


def rebase(instance: Instance, room: Room) -> None:
    """Write the base anew with all that lies merged over it, if that is much by now."""
    with opened(instance, room) as state:
        merged = merged_of(state)
        rows = sum(part.count for part in merged)
        stands = len(state.checkpoint.head.stands or ()) if state.checkpoint is not None else 0
        if state.checkpoint is None or rows <= max(LEAST, (stands - len(merged)) * CHUNK // PART):
            return
        entries = [entry for part in merged for entry in _living(state, part)]
        for part in state.bases():
            entries += _living(state, part)
        if state.broken:
            return
        checkpoint = Head(FORM, MERGED, state.upto, owed=state.still_owed(), stands=[])
        gone = [*state.base_numbers, *(part.number for part in merged), state.checkpoint.number]
    entries.sort(key=lambda entry: entry.place)
    makings = [room.making(instance, Head(FORM, BASE), some) for some in _chunks(entries)]
    instance.segments.replace(room.compartment, room.id, gone, [*makings, room.making(instance, checkpoint)])


def _living(state: State, part: Packed) -> list[Entry]:
    return [part.entry(row) for row in range(part.count) if state.alive(part, row)]


def _chunks(entries: list[Entry]) -> Iterator[list[Entry]]:
    for at in range(0, len(entries), CHUNK):
        yield entries[at : at + CHUNK]


# --- when keys go


def carried_over(instance: Instance, compartment: bytes, ring: Ring, gone: Collection[bytes], owed: Collection[bytes]) -> Ring:
    """The ring with another segment key, and the segments written under it without the clients that are `gone`; of those
    that are `owed` the rows are made by the next search. To be called in the change of a new keystore epoch: until that
    stands nobody can open what is written here, and from then on nobody what was there before.
    """
    found = ring.find(SEGMENTS)
    if found is None:
        return ring
    old, new = Room(compartment, *found), Room(compartment, new_id(), new_key())
    with suppress(KuraError):  # what is not carried over is made anew from the records
        _carry(instance, old, new, {*gone, *owed}, owed)
    return ring.without(SEGMENTS).with_folder(SEGMENTS, new.id, new.key)


def _carry(instance: Instance, old: Room, new: Room, gone: Collection[bytes], owed: Collection[bytes]) -> None:
    sealed: list[Making] = []
    with opened(instance, old) as state:
        for part in chain(state.small, state.bases()):
            if part is not state.checkpoint:
                # Nothing stands under the new key, so the numbers are known, and nothing opened has to be kept.
                sealed.append(new.sealed(instance, len(sealed) + 1, _without(part, gone), part.head.level == BASE))
        if state.broken or state.checkpoint is None:
            return
        left = {owner: at for owner, at in state.owed.items() if owner not in gone}
        checkpoint = Head(FORM, MERGED, state.upto, owed=left | dict.fromkeys(owed, 0), stands=[])
    instance.segments.replace(new.compartment, new.id, [], [*sealed, new.making(instance, checkpoint)], whole=True)


def _without(part: Packed, gone: Collection[bytes]) -> bytes:
    if not any(part.has_owner(owner) for owner in gone):
        return part.plain()
    old = part.head
    whole = {owner: at for owner, at in old.whole.items() if owner not in gone}
    return pack(Head(old.form, old.level, whole=whole), [entry for entry in part.entries() if entry.owner not in gone])


def forget_others(desk: Desk, compartments: Collection[bytes]) -> None:
    """Delete what stands under segment keys that are gone, once their epoch has ended."""
    for compartment in compartments:
        room = room_of(desk, compartment)
        if room is not None:
            with suppress(Unwritable):
                desk.instance.segments.drop_others(compartment, room.id)

