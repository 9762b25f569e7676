"""What a client of a file would become: somebody new, or what is added to and changed in somebody who is recorded.

Nothing is written here. Whoever is found by a name alone is believed only if nothing speaks against it; where several
may be meant, it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from vault.domain import fields
from vault.domain.clients import Client
from vault.domain.doubles import Known, Likeness
from vault.domain.fields import Fault
from vault.domain.importing import Group, Line, grouped, onto, policy_key
from vault.domain.importing.alike import (
    agrees,
    as_before,
    minimal,
    minimal_of,
    placeholder,
    same_without_number,
    says_nothing_new,
    with_notes,
)
from vault.domain.importing.paths import of_client, of_policy
from vault.domain.importing.people import same_person
from vault.domain.importing.rows import CLASSES
from vault.domain.importing.tables import CORPORATION, HOUSEHOLD, PEOPLE
from vault.domain.policies import Policy, read_policy, typed_policy
from vault.domain.relationships import HEAD
from vault.errors import Damaged, Malformed, NotFound
from vault.services.acts import Act, Opened
from vault.services.holdings import KINDS, POLICY, held_policy, opened_client
from vault.services.importing.noted import At

NEW, ADDED, CHANGED, SAME, DOUBLE, FAULT, LEFT, DONE = (
    "new", "policy", "changed", "same", "double", "fault", "left", "done",
)  # fmt: skip
# A row of these is written when somebody wants it; of the first three it is proposed.
PROPOSED = (NEW, ADDED, CHANGED)
WRITABLE = (*PROPOSED, DOUBLE)
Told = tuple[str, Fault]
Change = tuple[str, str, str, str]
Asked = tuple[int, int, str]


@dataclass
class Row:
    """A row of the file: what becomes of it (a word above), what stands in the way, the policy that it is about, and that as
    it would be written. `changes`: class, path, before, after. `twin`: the client and policy of another client."""

    line: Line
    state: str
    faults: list[Told] = field(default_factory=list)
    record: bytes = b""
    version: int = 0
    policy: Policy | None = None
    changes: list[Change] = field(default_factory=list)
    twin: tuple[bytes, bytes] | None = None

    @property
    def at(self) -> At:
        return at_of(self.line)


@dataclass
class Settled:
    """A client: who it is (empty: new), in which version, and the record to be written (none: it stays)."""

    name: str
    owner: bytes = b""
    version: int = 0
    client: Client | None = None
    rows: list[Row] = field(default_factory=list)


@dataclass
class Recorded:
    """A client who is recorded, with his policies."""

    owner: bytes
    version: int
    client: Client
    policies: list[tuple[bytes, int, Policy]]


@dataclass
class Question:
    """What an import is compared with: what is known, where new clients go, and what was asked and answered."""

    act: Act
    known: Known
    compartment: str
    handler: str
    given: frozenset[Asked]
    wanted: Callable[[At], bool] = lambda at: True
    writes: bool = False  # what is only looked at needs no record made of it
    _recorded: dict[bytes, Recorded | None] = field(default_factory=dict)

    def recorded(self, owner: bytes) -> Recorded | None:
        """A client as he is recorded; None for one who cannot be read, or lies in the bin."""
        if owner not in self._recorded:
            try:
                self._recorded[owner] = _recorded(self.act, owner)
            except (NotFound, Damaged, Malformed):
                self._recorded[owner] = None
        return self._recorded[owner]

    def answered(self, line: Line, target: str) -> bool:
        return (*at_of(line), target) in self.given

    def forget(self) -> None:
        """Let go of the clients that were read."""
        self._recorded.clear()


def at_of(line: Line) -> At:
    """Table and row of a line, from 0."""
    return line.table, line.read.number - 1


def _recorded(act: Act, owner: bytes) -> Recorded:
    found: list[Opened] = act.read(owner, [*KINDS, POLICY])
    own = next((each for each in found if each.row.id == owner and each.row.kind in KINDS), None)
    if own is None:
        raise NotFound("not-found")
    held = [held_policy(each) for each in found if each.row.kind == POLICY]
    return Recorded(owner, own.row.version, opened_client(own), [(each.id, each.version, each.policy) for each in held])


# --- a client of the file


def settle(asked: Question, group: Group) -> list[Settled]:
    """What becomes of a client and of those of his rows that are wanted; rows with faults are told apart, and what the
    others would become without them."""
    there, several = _who(asked, group)
    told = Settled(name=str(group.client.get("name", "")), owner=there.owner if there else b"")
    lines = [line for line in group.lines if asked.wanted(at_of(line))]
    clean = []
    for line in lines:
        faults = [each for each in _in_the_way(line, group, there) if not _is_answered(asked, line, each)]
        if several and line is lines[0] and not asked.answered(line, "client.name"):
            faults.append(("client.name", Fault("client-several", {"n": several}, ask=True)))
        if faults:
            told.rows.append(Row(line, FAULT, faults))
        else:
            clean.append(line)
    made = [] if several and told.rows else _of_clean(asked, group, clean, there)
    if several and told.rows:
        told.rows += [Row(line, FAULT, [_several(several)]) for line in clean]
    return [*([told] if told.rows else []), *made]


def _several(n: int) -> Told:
    return "client.name", Fault("client-several", {"n": n}, ask=True)


def _is_answered(asked: Question, line: Line, told: Told) -> bool:
    return told[1].ask and asked.answered(line, told[0])


def _in_the_way(line: Line, group: Group, there: Recorded | None) -> Iterator[Told]:
    """The faults of a row, less what another row of the client, or his record, says already."""
    own = _same(line, there.policies) if there and line.read.policy else None
    for target, fault in line.faults:
        record, _, box = target.partition(".")
        if fault.code == "required" and record == "client" and (there or group.client.get(box)):
            continue
        if own and fault.code in ("required", "role-missing") and record == "policy":
            continue
        if there and (fault.code == "family-of-nobody" or _is_known_person(line, fault, there)):
            continue
        yield target, fault


def _is_known_person(line: Line, fault: Fault, there: Recorded) -> bool:
    """Whether the person whose reading a row lacks is recorded with one."""
    name = str(line.read.member.get("name", ""))
    return fault.code == "member-kana-missing" and any(same_person(member.name, name) for member in there.client.members)


def _of_clean(asked: Question, group: Group, clean: list[Line], there: Recorded | None) -> list[Settled]:
    if len(clean) == len(group.lines):
        return [_settled(asked, group, there)]
    tables: dict[int, list[Line]] = {}
    for line in clean:
        tables.setdefault(line.table, []).append(line)
    again = grouped([[line.read for line in tables.get(n, ())] for n in range(max(tables, default=-1) + 1)])
    made = [_settled(asked, each, there) for each in again.groups]
    return made + [_settled(asked, family_of(line), there) for line in again.nobodys]


def family_of(line: Line) -> Group:
    """A client of whom the file tells nothing but a person of his."""
    read = line.read
    return Group(kind=read.kind, client={**read.client, "members": [read.member] if read.member else []}, lines=[line])


def _settled(asked: Question, group: Group, there: Recorded | None) -> Settled:
    if there is not None:
        return _onto(asked, group, there)
    if all(line.read.what == PEOPLE for line in group.lines):
        nobody = ("client.name", Fault("family-of-nobody", {"name": group.client.get("name", "")}))
        return Settled(str(group.client.get("name", "")), rows=[Row(line, FAULT, [nobody]) for line in group.lines])
    return _new(asked, group)


def _new(asked: Question, group: Group) -> Settled:
    form = {**group.client, "compartment": asked.compartment}
    form["handler"] = form.get("handler") or asked.handler
    headed = any(member.get("relationship") == HEAD for member in form["members"][:1])
    client, faults = _read(asked, group, form, headed, None)
    made = Settled(str(form.get("name", "")), client=client)
    if client is None:
        made.rows = [Row(line, FAULT, list(faults)) for line in group.lines]
        return made
    made.rows = [_row(asked, line, client, [], NEW) for line in group.lines]
    return made


def _read(
    asked: Question, group: Group, form: dict[str, Any], headed: bool, before: Client | None
) -> tuple[Client | None, list[Told]]:
    """The client's record; without one, what is wrong or was not answered at one of the rows."""
    cls = type(before) if before is not None else CLASSES[group.kind]
    reading = fields.read(cls, form, before=before)
    told = [(of_client(path, headed), fault) for path, fault in reading.faults.items()]
    left = [each for each in told if not any(_is_answered(asked, line, each) for line in group.lines)]
    if left:
        return None, left
    return reading.record or fields.read(cls, form, confirmed=set(reading.faults), before=before).record, []


def _row(asked: Question, line: Line, client: Client, recorded: list[tuple[bytes, int, Policy]], state: str) -> Row:
    """One row of a client; of a person or the client alone it has no policy."""
    if not line.read.policy:
        return Row(line, state)
    if not asked.writes and _read_alike(line, client):
        twin = next((each for each in (_twin(asked, policy, recorded) for policy in minimal_of(line)) if each), None)
        return Row(line, DOUBLE if twin or _twice(line) else state, twin=twin)
    reading = read_policy(line.read.policy, client=client)
    faults = [(of_policy(path, line.read.policy, fault), fault) for path, fault in reading.faults.items()]
    left = [each for each in faults if not _is_answered(asked, line, each)]
    if left:
        return Row(line, FAULT, left)
    policy = reading.record or read_policy(line.read.policy, client=client, confirmed=set(reading.faults)).record
    assert policy is not None
    if _twice(line):
        return Row(line, DOUBLE, policy=policy)
    twin = _twin(asked, policy, recorded)
    return Row(line, DOUBLE if twin else state, policy=policy, twin=twin)


def _read_alike(line: Line, client: Client) -> bool:
    """Whether the row was read with just these people: then it need not be read again to know that it is in order."""
    told = [form.get("name", "") for form in (line.read.head, line.read.member) if form.get("kana")]
    return len(client.members) == len(told) and not line.read.faults


def _twice(line: Line) -> bool:
    """Whether an earlier row of the file has this policy."""
    own = line.read.number
    for _, fault in line.remarks:
        if fault.code == "double-in-file" and any(int(n) < own for n in str(fault.facts["rows"]).split("、")):
            return True
    return False


def _twin(asked: Question, policy: Policy, own: list[tuple[bytes, int, Policy]]) -> tuple[bytes, bytes] | None:
    mine = {record for record, *_ in own}
    for place in asked.known.policies_like(policy):
        if place.record not in mine and asked.act.desk.can_open(place.owner):
            return place.owner, place.record
    return None


# --- somebody who is recorded


def _onto(asked: Question, group: Group, there: Recorded) -> Settled:
    made = Settled(there.client.name, there.owner, there.version)
    # By these he was found; a spelling of a list is no correction of what a person typed.
    form = {box: told for box, told in group.client.items() if box not in ("name", "kana", "legal_form")}
    typed = fields.typed(there.client)
    laid = onto(typed, with_notes(there.client.notes, form))
    if says_nothing_new(typed, laid):
        made.rows = [_row_onto(asked, line, there.client, there) for line in group.lines]
        return made
    now, faults = _read(asked, group, laid | {"compartment": asked.compartment}, True, there.client)
    if now is None:
        made.rows = [Row(line, FAULT, list(faults)) for line in group.lines]
        return made
    now = as_before(there.client, replace(now, compartment=there.client.compartment))
    changes = [(type(now).__name__, *each) for each in fields.differences(there.client, now)]
    made.client = now if changes else None
    made.rows = [_row_onto(asked, line, now, there) for line in group.lines]
    _tell(made, changes)
    return made


def _tell(made: Settled, changes: list[Change]) -> None:
    """What changes of a person stands at the row that tells of him, what changes of the client at the first in order."""
    rows = [row for row in made.rows if row.state != FAULT]
    if not rows:
        made.client = None
    for change in changes if rows else ():
        row = next((row for row in rows if _tells_of(row, made.client, change[1])), rows[0])
        row.changes.append(change)
        row.state = CHANGED if row.state == SAME else row.state


def _tells_of(row: Row, client: Client | None, path: str) -> bool:
    box, _, rest = path.partition("-")
    if box != "members" or client is None:
        return False
    member = client.members[int(rest.partition("-")[0])]
    read = row.line.read
    return any(same_person(member.name, str(form.get("name", ""))) for form in (read.member, read.head))


def _row_onto(asked: Question, line: Line, client: Client, there: Recorded) -> Row:
    own = _same(line, there.policies)
    if not line.read.policy:
        return Row(line, SAME)
    if own is None:
        return _row(asked, line, client, there.policies, ADDED)
    record, version, policy = own
    typed = typed_policy(policy, client)
    form = onto(typed, with_notes(policy.notes, line.read.policy), line.read.assumed)
    if says_nothing_new(typed, form):
        return Row(line, DOUBLE if _twice(line) else SAME, record=record, version=version)
    reading = read_policy(form, client=client, before=policy)
    faults = [(of_policy(path, form, fault), fault) for path, fault in reading.faults.items()]
    left = [each for each in faults if not _is_answered(asked, line, each)]
    if left:
        return Row(line, FAULT, left, record, version)
    now = reading.record or read_policy(form, client=client, confirmed=set(reading.faults), before=policy).record
    assert now is not None
    now = as_before(policy, now)
    changes: list[Change] = [("Policy", *each) for each in fields.differences(policy, now) if not each[0].endswith("-member")]
    if _twice(line):
        return Row(line, DOUBLE, [], record, version, now if changes else None, changes)
    return Row(line, CHANGED if changes else SAME, [], record, version, now if changes else None, changes)


def _same(line: Line, policies: Iterable[tuple[bytes, int, Policy]]) -> tuple[bytes, int, Policy] | None:
    """The recorded policy that a row is about: by its number, or, where there is none, by insurer, kind and beginning."""
    form = line.read.policy
    key = policy_key(form.get("insurer", ""), form.get("policy_number", ""))
    for each in policies:
        policy = each[2]
        if key == policy_key(policy.insurer, policy.policy_number) if key else same_without_number(policy, form):
            return each
    return None


# --- who it is


def _who(asked: Question, group: Group) -> tuple[Recorded | None, int]:
    """The recorded client who is meant; else how many may be (0: nobody). By his policies first, then by what tells
    people apart, then by a name that only one of them has."""
    by_policy = [place.owner for policy in minimal(group) for place in asked.known.policies_like(policy)]
    found = _agreeing(asked, group, by_policy)
    if len(found) == 1:
        return found[0], 0
    # A list of families does not say whether it is about a household.
    kinds = (HOUSEHOLD, CORPORATION) if all(line.read.what == PEOPLE for line in group.lines) else (group.kind,)
    likely = [(replace(group, kind=kind), each) for kind in kinds for each in _likely(asked, group, kind)]
    for least in (2, 0):
        found = [each for kind, one in likely if one.strength >= least for each in _agreeing(asked, kind, [one.owner])]
        if len(found) == 1:
            return found[0], 0
    return None, len(found)


def _likely(asked: Question, group: Group, kind: str) -> list[Likeness]:
    stand_in = placeholder(group, kind)
    likely = asked.known.clients_like(stand_in) if stand_in is not None else []
    return [each for each in likely if each.reasons != ("kana",)]  # of one reading there are too many, and no name agrees


def _agreeing(asked: Question, group: Group, owners: Iterable[bytes]) -> list[Recorded]:
    found = [asked.recorded(owner) for owner in dict.fromkeys(owners)]
    return [each for each in found if each is not None and agrees(group, each.client)]
