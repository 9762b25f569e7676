"""The rows that somebody wants, written: new folder keys of many clients in one write of the keystore, then a few clients
in each transaction, with the note of what it wrote. Killed anywhere, what was written stands and is known to be done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from vault.crypto.keys import new_id, new_key
from vault.domain.capacity import Capacity
from vault.domain.doubles import Known
from vault.domain.importing import Group
from vault.errors import KuraError, NotFound, Refused
from vault.services import capacity, closing, payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import POLICY, kind_of
from vault.services.importing import checking, drafts, noted
from vault.services.importing.checking import Head, Line, seen_of
from vault.services.importing.drafts import IMPORT, READS, Draft, State
from vault.services.importing.noted import At, Import, Part, Touched
from vault.services.importing.reading import Reads, Step
from vault.services.importing.settling import (
    FAULT,
    PROPOSED,
    WRITABLE,
    Question,
    Row,
    Settled,
    at_of,
    settle,
)
from vault.services.safe import OFFICE_PAGE, Desk
from vault.services.search import index
from vault.storage import records

AT_ONCE = 50  # clients of one transaction: others write in between
KEYS_AT_ONCE = 500  # clients whose keys go in one write of the keystore
# So long the search index is brought up to date afterwards, in seconds; what is left the next search does.
INDEXING = 15.0
Seen = tuple[str, str, int]


def chosen(state: State) -> Callable[[Line | Head], bool]:
    """Whether a row is to come in: as proposed, unless somebody chose otherwise."""
    ticked, unticked = set(state.ticked), set(state.unticked)

    def is_chosen(line: Line | Head) -> bool:
        if line.state not in WRITABLE:
            return False
        return line.at in ticked or (line.state in PROPOSED and line.at not in unticked)

    return is_chosen


def run(desk: Desk, upload: bytes) -> Generator[Step, None, None]:
    """Write the chosen rows that are not done yet. Rows whose records were changed since they were looked at are left for
    another look, and so are those for whose policies the contract has no room. Raises NotFound, Throttled, Refused:
    import-nothing, capacity-import where there was no room for any."""
    with drafts.alone(desk, upload) as draft:
        state = drafts.state(desk, draft)
        lines = checking.lines_of(desk, draft)
        with desk.look(IMPORT) as act:
            told = noted.told(act, draft.id)
        done = told[0].rows if told else set()
        is_chosen = chosen(state)
        wanted = {line.at: line.seen for line in lines if is_chosen(line) and line.at not in done}
        if not wanted:
            raise Refused("import-nothing")
        reads = drafts.read(desk, draft, READS, Reads)
        said = Import(file=state.file, person=desk.person.hex(), compartment=state.compartment, rows=sum(map(len, reads)))
        writing = _Writing(desk, draft, state, said, wanted)
        yield from writing.run(reads)
        if writing.waiting and not writing.done:
            raise Refused("capacity-import", most=capacity.look(desk.instance).limit)
        _index(desk)
        if not _left(lines, done | writing.done):
            drafts.drop(desk, draft.id)


def _left(lines: Sequence[Line], done: set[At]) -> int:
    """How many rows somebody may still want to put right or take in."""
    return sum(line.state in (FAULT, *WRITABLE) and line.at not in done for line in lines)


def waiting(desk: Desk, upload: bytes) -> int:
    """How many rows somebody wants that would become new policies and are not in; 0 once the file is gone."""
    try:
        draft = drafts.opened(desk, upload)
        is_chosen, lines = chosen(drafts.state(desk, draft)), checking.heads(desk, draft)
    except NotFound:
        return 0
    with desk.look(IMPORT) as act:
        told = noted.told(act, draft.id)
    done = told[0].rows if told else set()
    return sum(line.adds and is_chosen(line) and line.at not in done for line in lines)


def _index(desk: Desk) -> None:
    """So that the next search finds them at once."""
    until = time.monotonic() + INDEXING
    for compartment in desk.client_compartments():
        with suppress(KuraError):
            index.work_off(desk, index.made_room(desk, compartment), until, 0)


@dataclass
class _Writing:
    """One run."""

    desk: Desk
    draft: Draft
    state: State
    said: Import
    wanted: dict[At, Seen]

    def __post_init__(self) -> None:
        self.done: set[At] = set()
        self.waiting: set[At] = set()  # for want of room

    def run(self, reads: Reads) -> Generator[Step, None, None]:
        known = yield from checking.known_whole(self.desk, len(self.wanted))
        groups = [
            group for group in checking.groups_of(reads) if any(at_of(line) in self.wanted for line in group.lines)
        ]  # fmt: skip
        yield Step(0, len(self.wanted))
        for first in range(0, len(groups), KEYS_AT_ONCE):
            some = groups[first : first + KEYS_AT_ONCE]
            planned = self._planned(known, some)
            fresh = self._with_keys(planned)
            for at in range(0, len(planned), AT_ONCE):
                self._write(planned[at : at + AT_ONCE], fresh)
                fresh = False
                yield Step(len(self.done), len(self.wanted))

    def _planned(self, known: Known, groups: Sequence[Group]) -> list[Settled]:
        """What is to be written of some clients: rows that are as they were when somebody looked at them."""
        closing.check_open(self.desk.instance)
        self.desk.check_again()
        with self.desk.look(IMPORT) as act:
            asked, room = replace(checking.question(act, known, self.state), writes=True), capacity.of(act)
            found: list[Settled] = []
            for group in groups:
                fitting = self._fitting(asked, group, room)
                room = room.with_more(sum(map(_adds, fitting)))
                found += fitting
        return found

    def _fitting(self, asked: Question, group: Group, room: Capacity) -> list[Settled]:
        """A client with those of his rows for which the contract has room; the others wait."""
        found = self._settled(asked, group, set(self.wanted))
        new = [row.at for each in found for row in each.rows if _is_new(row)]
        if room.takes(len(new)):
            return found
        over = set(new[room.left :])
        self.waiting |= over
        return self._settled(asked, group, set(self.wanted) - over)

    def _settled(self, asked: Question, group: Group, wanted: set[At]) -> list[Settled]:
        if not any(at_of(line) in wanted for line in group.lines):
            return []
        found = settle(replace(asked, wanted=wanted.__contains__), group)
        for each in found:
            each.rows = [row for row in each.rows if row.state in WRITABLE and seen_of(each, row) == self.wanted[row.at]]
        return [each for each in found if each.rows]

    def _with_keys(self, planned: Sequence[Settled]) -> bool:
        """Keys first, rows second: durable before any row is. Returns whether there are new ones."""
        room = bytes.fromhex(self.state.compartment)
        new = [each for each in planned if not each.owner]
        made = {new_id(): each for each in new}
        if made:
            self.desk.add_folders(dict.fromkeys(made, room), {owner: (new_id(), new_key()) for owner in made})
        self._owners = {id(each): owner for owner, each in made.items()}
        return bool(made)

    def _write(self, planned: Sequence[Settled], fresh: bool) -> None:
        rows: list[At] = []
        touched: list[Touched] = []
        with self.desk.act(Event.IMPORTED, IMPORT) as act:
            act.contents(OFFICE_PAGE)  # the first list: the entry of the act itself notes it
            if fresh:
                act.fact.keystore = self.desk.stored
            room = capacity.of(act)
            for each in planned:
                if not room.takes(_adds(each)):  # somebody else has registered some meanwhile
                    self.waiting |= {row.at for row in each.rows if _is_new(row)}
                    continue
                written = self._client(act, each)
                if written:
                    room = room.with_more(_adds(each))
                    touched += written
                    rows += [row.at for row in each.rows]
            part = Part(of=self.draft.id.hex(), rows=tuple(rows), touched=tuple(touched))
            noted.put_part(act, self.draft.id, self.said, part)
            act.tell(rows=len(rows), records=len(touched))
        self.done.update(rows)

    def _client(self, act: Act, each: Settled) -> list[Touched]:
        """What was written of a client; nothing of one who was changed, or has gone, since he was looked at."""
        owner = each.owner or self._owners[id(each)]
        if not each.owner:
            assert each.client is not None
            records.add_client(act.connection, owner)
            act.add(owner, kind_of(each.client), _stored(each), owner)
            return [Touched(client=owner.hex(), record=owner.hex(), before=0, after=1), *self._policies(act, owner, each)]
        if not _unchanged(act, each):
            return []
        touched = []
        if each.client is not None:
            after = act.change(owner, owner, kind_of(each.client), _stored(each), each.version)
            touched.append(Touched(client=owner.hex(), record=owner.hex(), before=each.version, after=after))
        return touched + self._policies(act, owner, each)

    def _policies(self, act: Act, owner: bytes, each: Settled) -> list[Touched]:
        return [_policy(act, owner, row) for row in each.rows if row.policy is not None]


def _is_new(row: Row) -> bool:
    return row.policy is not None and not row.record


def _adds(each: Settled) -> int:
    """How many policies a client gets."""
    return sum(map(_is_new, each.rows))


def _stored(each: Settled) -> bytes:
    """The keystore alone says which compartment a client belongs to, so the record does not."""
    assert each.client is not None
    return payloads.encode(replace(each.client, compartment=""))


def _unchanged(act: Act, each: Settled) -> bool:
    try:
        entries = act.staying(each.owner).entries
    except KuraError:
        return False
    versions = {each.owner: each.version} | {row.record: row.version for row in each.rows if row.record}
    return all(entries.get(record, ("", 0))[1] == version for record, version in versions.items())


def _policy(act: Act, owner: bytes, row: Row) -> Touched:
    payload = payloads.encode(row.policy)
    if not row.record:
        record = act.add(owner, POLICY, payload)
        return Touched(client=owner.hex(), record=record.hex(), before=0, after=1)
    after = act.change(owner, row.record, POLICY, payload, row.version)
    return Touched(client=owner.hex(), record=row.record.hex(), before=row.version, after=after)

