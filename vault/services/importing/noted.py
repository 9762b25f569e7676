"""What the office keeps of its imports: which records each one made or changed, so that it can be taken back for 30 days,
and how the columns of a layout were matched, so that next month's file of it matches by itself.

Records of the office that never have a second version: a part is written in the transaction of what it tells of, so
after a kill it is known exactly which rows are done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vault.domain.importing import Matching
from vault.services import payloads
from vault.services.acts import Act
from vault.services.safe import OFFICE_PAGE

IMPORT_KIND, PART, UNDONE, MATCHING = "import", "import-part", "import-undone", "matching"
KINDS = (IMPORT_KIND, PART, UNDONE)
UNDO_DAYS = 30
MOST_MATCHINGS = 300
DAY_SECONDS = 24 * 60 * 60

At = tuple[int, int]  # a table of the file and a row in it, both from 0


@dataclass(frozen=True, kw_only=True)
class Import:
    """A file of which something was imported: its name, who (hex) into which compartment (hex), how many rows it had."""

    file: str
    person: str
    compartment: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A record (hex) of a client (hex) with its version before, 0 where it was made by this import, and after."""

    client: str
    record: str
    before: int
    after: int

    @property
    def new(self) -> bool:
        return not self.before

    @property
    def is_client(self) -> bool:
        return self.record == self.client


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one transaction of an import (hex) wrote, and the rows that are done with it."""

    of: str
    rows: tuple[At, ...]
    touched: tuple[Touched, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Left:
    """A record (hex) of a client (hex) that was not taken back, and why: a code of the catalogue, `undo.<code>`."""

    client: str
    record: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What one transaction took back of an import (hex), and what it left."""

    of: str
    records: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """How the columns of a layout were matched; found by the signature of its headings."""

    signature: str
    what: str
    columns: dict[int, str]


@dataclass
class Told:
    """One import with all its parts. `at` in seconds since 1970."""

    id: bytes
    at: int
    said: Import
    touched: list[Touched] = field(default_factory=list)
    rows: set[At] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    left: list[Left] = field(default_factory=list)

    @property
    def begun_undoing(self) -> bool:
        return bool(self.undone or self.left)

    @property
    def to_undo(self) -> list[Touched]:
        """What was not looked at yet, the newest first: a record may have been touched by several parts."""
        over = self.undone | {each.record for each in self.left}
        return [each for each in reversed(self.touched) if each.record not in over]

    @property
    def changed(self) -> int:
        """How many records that were there already were changed."""
        return len({each.record for each in self.touched} - {each.record for each in self.touched if each.new})

    def made(self, clients: bool) -> int:
        """How many clients, or how many other records, were made."""
        return len({each.record for each in self.touched if each.new and each.is_client == clients})


# --- imports


def told(act: Act, only: bytes | None = None) -> list[Told]:
    """The imports of the last days, the newest first: all whose compartment the person at the desk may open, or one."""
    since = act.desk.instance.now() - UNDO_DAYS * DAY_SECONDS
    found = {each.row.id: each for each in act.read(OFFICE_PAGE, [IMPORT_KIND]) if each.row.changed > since}
    imports = {
        record: Told(record, each.row.changed, payloads.decode(each.payload, Import))
        for record, each in found.items() if only in (None, record)
    }  # fmt: skip
    rooms = {room.hex() for room in act.desk.client_compartments()}
    mine = {record.hex(): each for record, each in imports.items() if each.said.compartment in rooms}
    _filled(act, mine)
    return sorted(mine.values(), key=lambda each: -each.at)


def _filled(act: Act, imports: dict[str, Told]) -> None:
    if not imports:
        return
    for each in sorted(act.read(OFFICE_PAGE, [PART]), key=lambda each: each.row.changed):
        part = payloads.decode(each.payload, Part)
        if part.of in imports:
            imports[part.of].rows.update(part.rows)
            imports[part.of].touched += part.touched
    for each in act.read(OFFICE_PAGE, [UNDONE]):
        undone = payloads.decode(each.payload, Undone)
        if undone.of in imports:
            imports[undone.of].undone.update(undone.records)
            imports[undone.of].left += undone.left


def put_part(act: Act, of: bytes, said: Import, part: Part) -> None:
    """Note what this act writes, with the import itself the first time, and forget what is too old to be taken back."""
    if of not in act.contents(OFFICE_PAGE).entries:
        _forget_old(act)
        act.add(OFFICE_PAGE, IMPORT_KIND, payloads.encode(said), of)
    act.add(OFFICE_PAGE, PART, payloads.encode(part))


def put_undone(act: Act, undone: Undone) -> None:
    """Note what this act takes back."""
    act.add(OFFICE_PAGE, UNDONE, payloads.encode(undone))


def _forget_old(act: Act) -> None:
    before = act.desk.instance.now() - UNDO_DAYS * DAY_SECONDS
    old = [each.row for each in act.read(OFFICE_PAGE, KINDS) if each.row.changed <= before]
    for row in old:
        act.drop(OFFICE_PAGE, row.id, row.kind)


# --- matchings


def remembered(act: Act, signatures: Iterable[str]) -> dict[str, Remembered]:
    """Of these layouts what an earlier file of them was matched to."""
    wanted = set(signatures)
    found = [payloads.decode(each.payload, Remembered) for each in act.read(OFFICE_PAGE, [MATCHING])]
    return {each.signature: each for each in found if each.signature in wanted}


def remember(act: Act, signature: str, matching: Matching) -> None:
    """Keep a matching in place of an earlier one of the same layout; of very many the oldest gives way."""
    there = sorted(act.read(OFFICE_PAGE, [MATCHING]), key=lambda each: each.row.changed)
    said = Remembered(signature=signature, what=matching.what, columns=dict(matching.columns))
    same = [each for each in there if payloads.decode(each.payload, Remembered).signature == signature]
    if same and payloads.decode(same[0].payload, Remembered) == said:
        return
    for each in same or there[: max(0, len(there) - MOST_MATCHINGS + 1)]:
        act.drop(OFFICE_PAGE, each.row.id, MATCHING)
    act.add(OFFICE_PAGE, MATCHING, payloads.encode(said))
