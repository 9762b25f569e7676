"""What the segments of one compartment say together: which rows of a client count, and what is still to be made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from vault.crypto.envelope import HEAD_BYTES, Context, open_into, seal
from vault.domain.search import FORM
from vault.errors import Malformed, SealBroken
from vault.services.instance import Instance
from vault.storage.packed import BASE, Entry, Head, Packed, pack
from vault.storage.segments import Making

NOWHERE = (0, bytes(32))
# The number of what is not written yet: it counts before all that is.
UNWRITTEN = 2**63


SALT_BYTES = 24


def mark_of(sealed: bytes) -> bytes:
    """What tells a sealed segment from every other that the same key opens: its salt, which is new each time. A number
    alone would not: an older file may have had another segment of that number."""
    return sealed[HEAD_BYTES : HEAD_BYTES + SALT_BYTES]


@dataclass(frozen=True)
class Room:
    """A compartment with its segment key."""

    compartment: bytes
    id: bytes
    key: bytes = field(repr=False)

    def context(self, instance: Instance, number: int) -> Context:
        return Context(instance.office, "segment", (self.compartment, self.id, number))

    def making(self, instance: Instance, marks: dict[int, bytes], head: Head, entries: Iterable[Entry] = ()) -> Making:
        """A segment to be written. `marks` are those of all that stood there before, by number; what is written in one
        step notes its own there, and the checkpoint, which comes last, what it stands on."""

        def sealed(number: int, there: list[int]) -> bytes:
            if head.stands is not None:
                head.stands = {each: marks.get(each, b"") for each in there}
            made = seal(self.key, pack(head, entries), self.context(instance, number))
            marks[number] = mark_of(made)
            return made

        return Making(sealed, head.level == BASE)

    def sealed(self, instance: Instance, marks: dict[int, bytes], number: int, plain: bytes, base: bool) -> Making:
        """The same of a plaintext whose number is known, sealed at once."""
        made = seal(self.key, plain, self.context(instance, number))
        marks[number] = mark_of(made)
        return Making(lambda _number, _there: made, base)


class State:
    """The segments over the base, opened, and the way to the base. What it tells stays when they are wiped."""

    def __init__(self, instance: Instance, room: Room, numbers: list[int], stored: Iterator[tuple[int, bytes]]) -> None:
        self.instance, self.room = instance, room
        self.numbers = numbers
        self.small: list[Packed] = []
        self.base_numbers: list[int] = []
        self.broken = False
        self._stored = stored
        self._first: Packed | None = None
        self._read: dict[int, bytes] = {}
        self._read_small()
        checkpoints = [part for part in self.small if part.head.stands is not None]
        self.checkpoint = checkpoints[0] if len(checkpoints) == 1 else None
        self.upto = self.checkpoint.head.upto if self.checkpoint is not None else NOWHERE
        self.marks = dict(self.checkpoint.head.stands or {}) if self.checkpoint is not None else {}
        self._check_marks()
        self._weigh()

    def _read_small(self) -> None:
        for number, sealed in self._stored:
            part = self._opened(number, sealed)
            if part is None:
                continue
            if part.head.level == BASE:
                self._first = part
                return
            self.small.append(part)

    def _opened(self, number: int, sealed: bytes) -> Packed | None:
        self._read[number] = mark_of(sealed)
        try:
            part = Packed(number, *open_into(self.room.key, sealed, self.room.context(self.instance, number)))
        except (SealBroken, Malformed):
            self.broken = True
            return None
        if part.head.form != FORM:
            self.broken = True
            return None
        return part

    def _weigh(self) -> None:
        """Which segment has the last word on a client, and what is owed."""
        self.whole: dict[bytes, tuple[int, int]] = {}
        self.owed: dict[bytes, int] = {}
        for part in self.small:
            self._weigh_one(part)

    def _weigh_one(self, part: Packed) -> None:
        for owner, at in part.head.whole.items():
            self.whole[owner] = max(self.whole.get(owner, (0, 0)), (at, part.number))
        for owner, at in part.head.owed.items():
            self.owed[owner] = max(self.owed.get(owner, 0), at)

    def add(self, part: Packed) -> None:
        """Let one more segment count, that is not written yet."""
        self.small.append(part)
        self._weigh_one(part)

    def bases(self) -> Iterator[Packed]:
        """The base, one segment after the other, each wiped when the next is asked for; once."""
        part = self._first
        while part is not None:
            self.base_numbers.append(part.number)
            try:
                yield part
            finally:
                part.wipe()
            part = self._next_base()

    def _next_base(self) -> Packed | None:
        for number, sealed in self._stored:
            part = self._opened(number, sealed)
            if part is not None and part.head.level == BASE and self.marks.get(number) == self._read[number]:
                return part
            self.broken = True
        return None

    def _check_marks(self) -> None:
        """What the checkpoint stands on is there, and nothing else."""
        others = any(self.marks.get(number, mark) != mark for number, mark in self._read.items())
        if self.checkpoint is None or others or {*self.marks, self.checkpoint.number} != {*self.numbers}:
            self.broken = True

    def alive(self, part: Packed, row: int) -> bool:
        """Whether a row counts: its client's are not told anew elsewhere."""
        owner, _, position = part.place(row)
        place = (position, part.number)
        return self.whole.get(owner, place) <= place

    def told(self, owner: bytes, position: int) -> bool:
        """Whether the segments tell a client as of a position behind the checkpoint's."""
        return self.whole.get(owner, (0, 0))[0] >= position

    def still_owed(self) -> dict[bytes, int]:
        """Owners whose rows are to be made, as of which position."""
        return {owner: at for owner, at in self.owed.items() if self.whole.get(owner, (-1, 0))[0] < at}

    def wipe(self) -> None:
        """Leave none of the opened texts in memory."""
        for part in [*self.small, *([self._first] if self._first is not None else [])]:
            part.wipe()


@contextmanager
def opened(instance: Instance, room: Room) -> Iterator[State]:
    """The state of a compartment's segments, wiped afterwards."""
    with instance.segments.reading(room.compartment, room.id) as (numbers, stored):
        state = State(instance, room, numbers, stored)
        try:
            yield state
        finally:
            state.wipe()
