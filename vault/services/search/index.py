"""The segments kept behind the records.

The journal notes every change of a client's contents list in the transaction of the change itself. Whoever searches
sees there which clients the segments do not tell as they are now, makes their rows from the records, and puts them by
for the next: after a save, a kill between the two files, a restore, a lost file, it is always the same. A save costs
nothing more. Segments only find; what is shown is read from the records.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice
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
# The base is written anew when what lies over it is more than this part of it; while everything is being made, a
# larger one, or most of the work would be that. So many rows at most, for they are in memory meanwhile.
PART, PART_AT_FIRST, LEAST, MOST = 16, 2, 512, 32768
AT_ONCE = 500  # clients whose rows are made before they are put by

# --- the key


def room_of(desk: Desk, compartment: bytes) -> Room | None:
    """A compartment with its segment key; None while nobody has searched in it."""
    found = desk.ring(compartment).segments()
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
        rebase(desk.instance, room, PART_AT_FIRST)
    if left is not None:
        # With an older keystore a client who came in meanwhile would not have been seen to be missing.
        if not owners and not desk.refresh():
            settle(desk.instance, room, seen, b"", head)
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
    checkpoint = Head(FORM, MERGED, head, owed=dict.fromkeys(desk.ring(room.compartment).owners(), 0), stands={})
    segments.replace(room.compartment, room.id, there, [room.making(desk.instance, {}, checkpoint)], whole=True)
    segments.drop_others(room.compartment, room.id)


# --- settling


def due(state: State, head: tuple[int, bytes]) -> bool:
    """Whether the next search would have to look through much of the journal again."""
    return head[0] - state.upto[0] > ENTRIES


def put_by(desk: Desk, room: Room, state: State, made: bytes, head: tuple[int, bytes]) -> None:
    """Settle what a reader made (nothing may be missing but that as of `head`), or what has gathered: the next one has less
    to do."""
    if made or due(state, head):
        with suppress(Unwritable):  # the answer stands all the same
            # With older keys a client who came in meanwhile would not have been seen to be missing.
            settle(desk.instance, room, state.numbers, made, None if desk.refresh() else head)
            rebase(desk.instance, room)


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
        # Of a client on whom another segment has the last word nothing is said: two workers may have made his rows as of
        # the same position, and the rows here are the ones that do not count.
        whole = {
            owner: at for part in parts for owner, at in part.head.whole.items() if state.whole[owner] == (at, part.number)
        }
        checkpoint = Head(FORM, MERGED, upto or state.upto, owed=state.still_owed(), stands={})
        gone = [part.number for part in [*parts, state.checkpoint] if part.number != UNWRITTEN]
        merged = [Head(FORM, MERGED, whole=whole)] if entries or whole else []
        marks = state.marks
    makings = [room.making(instance, marks, head, entries) for head in merged]
    instance.segments.replace(room.compartment, room.id, gone, [*makings, room.making(instance, marks, checkpoint)])


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


def rebase(instance: Instance, room: Room, share: int = PART) -> None:
    """Write the base anew with all that lies merged over it, if that is more than a `share`th part of it by now."""
    with opened(instance, room) as state:
        merged = merged_of(state)
        rows = sum(part.count for part in merged)
        base = (len(state.marks) - len(merged)) * CHUNK
        if state.checkpoint is None or rows <= min(MOST, max(LEAST, base // share)):
            return
        # The base does not note as of when it tells a client: what was made of later changes than the checkpoint has seen
        # stays merged until it has seen them, or it would all be missing again.
        if any(at > state.upto[0] for part in merged for at in part.head.whole.values()):
            return
        gone, first, marks = [part.number for part in [*merged, state.checkpoint]], max(state.numbers) + 1, state.marks
        # Nobody else gives these numbers while the checkpoint stands, so nothing opened has to be kept.
        sealed = [
            room.sealed(instance, marks, number, pack(Head(FORM, BASE), some), base=True)
            for number, some in enumerate(_chunks(_in_order(state, merged)), first)
        ]
        if state.broken:
            return
        checkpoint = Head(FORM, MERGED, state.upto, owed=state.still_owed(), stands={})
    made = [*sealed, room.making(instance, marks, checkpoint)]
    instance.segments.replace(room.compartment, room.id, [*state.base_numbers, *gone], made)


def _in_order(state: State, merged: Iterable[Packed]) -> Iterator[Entry]:
    """What lives in merged segments and in the base, which is in order and read one segment after the other."""
    over = sorted((entry for part in merged for entry in _living(state, part)), key=_place)
    base = (entry for part in state.bases() for entry in _living(state, part))
    return heapq.merge(over, base, key=_place)


def _place(entry: Entry) -> tuple[bytes, bytes, bytes]:
    return entry.place


def _living(state: State, part: Packed) -> Iterator[Entry]:
    return (part.entry(row) for row in range(part.count) if part.owner(row) not in state.whole or state.alive(part, row))


def _chunks(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while some := list(islice(entries, CHUNK)):
        yield some


# --- when keys go


def carried_over(instance: Instance, compartment: bytes, ring: Ring, gone: Collection[bytes], owed: Collection[bytes]) -> Ring:
    """The ring with another segment key, and the segments written under it without the clients that are `gone`; of those
    that are `owed` the rows are made by the next search. To be called in the change of a new keystore epoch: until that
    stands nobody can open what is written here, and from then on nobody what was there before.
    """
    found = ring.segments()
    if found is None:
        return ring
    old, new = Room(compartment, *found), Room(compartment, new_id(), new_key())
    with suppress(KuraError):  # what is not carried over is made anew from the records
        _carry(instance, old, new, {*gone, *owed}, owed)
    return ring.without(SEGMENTS).with_folder(SEGMENTS, new.id, new.key)


def _carry(instance: Instance, old: Room, new: Room, gone: Collection[bytes], owed: Collection[bytes]) -> None:
    sealed, marks = list[Making](), dict[int, bytes]()
    with opened(instance, old) as state:
        for part in chain(state.small, state.bases()):
            if part is not state.checkpoint:
                # Nothing stands under the new key, so the numbers are known, and nothing opened has to be kept.
                plain, base = _without(part, gone), part.head.level == BASE
                sealed.append(new.sealed(instance, marks, len(sealed) + 1, plain, base))
        if state.broken or state.checkpoint is None:
            return
        left = {owner: at for owner, at in state.owed.items() if owner not in gone}
        checkpoint = Head(FORM, MERGED, state.upto, owed=left | dict.fromkeys(owed, 0), stands={})
    instance.segments.replace(new.compartment, new.id, [], [*sealed, new.making(instance, marks, checkpoint)], whole=True)


def _without(part: Packed, gone: Collection[bytes]) -> bytes:
    if not any(part.has_owner(owner) for owner in gone):
        return part.plain()
    old = part.head
    whole = {owner: at for owner, at in old.whole.items() if owner not in gone}
    return pack(Head(old.form, old.level, whole=whole), [entry for entry in part.entries() if entry.owner not in gone])


def forget_others(instance: Instance, keys: Mapping[bytes, bytes]) -> None:
    """Delete what stands under segment keys that are gone, once their epoch has ended. `keys`: compartment to the id of
    the one that is not."""
    for compartment, key in keys.items():
        with suppress(Unwritable):
            instance.segments.drop_others(compartment, key)


def ids_of(desk: Desk, compartments: Iterable[bytes]) -> dict[bytes, bytes]:
    """Compartment to the id of its segment key, where it has one."""
    return {each: room.id for each in compartments if (room := room_of(desk, each)) is not None}

