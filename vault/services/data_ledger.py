"""個人データ管理台帳: what the office holds, about how many people, who can open it, where it is and how long it stays.

Everything is read off the office's own state. How many people there are can be counted only by whoever holds the
clients' keys: an administrator's visit counts, and leaves the numbers (no names) to those who check the office.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from vault.crypto.directory import Person
from vault.domain import dealings
from vault.domain.access import Permission, Role
from vault.domain.bin import DAYS
from vault.domain.data_ledger import Tally, tally
from vault.domain.inspections import Signed
from vault.domain.office import Colleague, Office
from vault.domain.office_rules import LEDGER_DAYS, LOG_DAYS
from vault.domain.retention import YEARS
from vault.errors import NotFound
from vault.services import holdings, inspections, payloads
from vault.services import office as office_service
from vault.services.acts import BIN_CLIENT, Act, Contents, Opened
from vault.services.audit import Event
from vault.services.ledger_rows import OUT, PLAIN, opened, papers, today
from vault.services.operations import in_sight, keys_on_one_disk
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import records

COUNT = "count"
COUNT_SECONDS = 24 * 60 * 60


class Holder(NamedTuple):
    """A person of the office who can sign in: what he is called and may, when he pledged and was last trained."""

    name: str
    role: Role
    pledged: date | None = None
    trained: date | None = None


class Inspected(NamedTuple):
    """The 点検 of the newest month (2026-10) that was signed: when (seconds), by whom, with what result."""

    month: str
    at: int
    reviewer: str
    result: str


@dataclass(frozen=True)
class Room:
    """A compartment: its clients, where somebody has counted them, and who can open them."""

    name: str
    clients: int | None
    holders: list[Holder]


@dataclass(frozen=True)
class DataLedger:
    """What the ledger says. `counted` is None, and `counted_at` (seconds) 0, until an administrator has opened it;
    `counted` is None too when clients came or went since.

    `clients`, `policies`, `documents`, `dealings`, `prints` and `out` (of these what has not come back) are as of now, and so are
    `replicas` of the keys, `owed` of them missing; `years` (clients after their last policy), `bin_days`, `print_days`
    and `log_days` say how long those records are kept.
    """

    office: Office
    at: int
    clients: int
    policies: int
    documents: int
    dealings: int
    prints: int
    out: int
    counted: Tally | None
    counted_at: int
    rooms: list[Room]
    staff: list[Holder]
    replicas: int
    owed: int
    one_disk: bool
    years: int
    bin_days: int
    print_days: int
    log_days: int
    inspection: Inspected | None

    @property
    def responsible(self) -> list[str]:
        """The administrators by name."""
        return [each.name for each in self.staff if each.role is Role.ADMINISTRATOR]

    @property
    def pledged(self) -> int:
        """How many have signed the 誓約書."""
        return sum(each.pledged is not None for each in self.staff)

    @property
    def trained(self) -> date | None:
        """When somebody was trained last."""
        return max((each.trained for each in self.staff if each.trained), default=None)


def data_ledger(desk: Desk) -> DataLedger:
    """The ledger as of now; raises NotFound before the office has said who it is."""
    with desk.act(Event.DATA_LEDGER_OPENED, Permission.READ_AUDIT_LOG) as act:
        found = read(act)
    return found


def read(act: Act) -> DataLedger:
    """The same inside another act."""
    desk, rules = act.desk, act.desk.directory.rules
    office, _ = office_service.read_particulars(act)
    if office is None:
        raise NotFound("not-found")
    counted, at = _count(act)
    here, kinds = records.client_count(act.connection, BIN_CLIENT), in_sight(act.connection)
    if counted is not None and counted.clients != here:  # left by who counted before clients came or went
        counted = None
    staff = {i: _holder(act, i, entry) for i, entry in desk.directory.persons.items() if entry.active}
    replicas = desk.instance.settings.replicas
    return DataLedger(
        office=office,
        at=desk.instance.now(),
        clients=here,
        policies=kinds.get(holdings.POLICY, 0),
        documents=kinds.get(holdings.DOCUMENT, 0),
        dealings=sum(kinds.get(kind, 0) for kind in dealings.KINDS),
        prints=records.ledger_count(act.connection),
        out=_out(act),
        counted=counted,
        counted_at=at,
        rooms=_rooms(act, counted, staff),
        staff=_in_order(staff.values()),
        replicas=len(replicas),
        owed=len(desk.instance.files.owed()),
        one_disk=keys_on_one_disk(desk.instance),
        years=rules.get("retention_years", YEARS),
        bin_days=rules.get("bin_days", DAYS),
        print_days=rules.get("print_ledger_days", LEDGER_DAYS),
        log_days=rules.get("log_days", LOG_DAYS),
        inspection=_inspected(act),
    )


# --- counting


def _count(act: Act) -> tuple[Tally | None, int]:
    """(the numbers, when they were counted): counted now by who holds every client, else as they were left."""
    left = next(iter(act.read(OFFICE_PAGE, [COUNT])), None)
    if set(act.desk.client_compartments()) != set(act.desk.directory.of_clients()):
        return (payloads.decode(left.payload, Tally), left.row.changed) if left else (None, 0)
    now = act.desk.instance.now()
    found = tally(
        (held.folder.compartment.hex(), holdings.opened_client(record), _policies(held))
        for held, record in act.every_client()
        if record.row.kind in holdings.KINDS
    )
    _leave(act, left, found, now)
    return found, now


def _policies(held: Contents) -> int:
    return sum(1 for entry in held.entries.values() if entry[0] == holdings.POLICY)


def _leave(act: Act, left: Opened | None, found: Tally, now: int) -> None:
    """Leave the numbers to others; once a day, unless they have changed."""
    if left is None:
        act.add(OFFICE_PAGE, COUNT, payloads.encode(found))
    elif now - left.row.changed >= COUNT_SECONDS or payloads.decode(left.payload, Tally) != found:
        act.change(OFFICE_PAGE, left.row.id, COUNT, payloads.encode(found), left.row.version)


def _out(act: Act) -> int:
    """How many papers and things are out, found as the year's contents lists note them."""
    kinds = [(row, kind) for owner in papers(act.desk) for row, (kind, *_) in act.contents(owner).entries.items()]
    unsaid = records.ledger_rows_named(act.connection, [row for row, kind in kinds if kind == PLAIN])
    day = today(act.desk)
    standing = [opened(act, row).entry.standing(day) for row in unsaid]
    return sum(kind.startswith(OUT) for _, kind in kinds) + sum(each in ("out", "overdue") for each in standing)


# --- who can open what


def _rooms(act: Act, counted: Tally | None, staff: dict[bytes, Holder]) -> list[Room]:
    names, directory = office_service.compartment_names(act), act.desk.directory
    found = [
        Room(
            names.get(room, ""),
            counted.rooms.get(room.hex(), 0) if counted else None,
            _in_order(holder for person, holder in staff.items() if directory.holds(person, room)),
        )
        for room in directory.of_clients()
    ]
    return sorted(found, key=lambda room: room.name)


def _in_order(holders: Iterable[Holder]) -> list[Holder]:
    """Administrators first, then by name."""
    return sorted(holders, key=lambda holder: (list(Role).index(holder.role), holder.name))


def _holder(act: Act, person: bytes, entry: Person) -> Holder:
    try:
        said = payloads.decode(act.read_one(person, person, "person").payload, Colleague)
    except NotFound:  # the keys come first: his record was never written
        return Holder(entry.login_id, Role(entry.role))
    trained = [training.on.value for training in said.trainings if training.on]
    return Holder(said.name, Role(entry.role), said.pledged.value if said.pledged else None, max(trained, default=None))


def _inspected(act: Act) -> Inspected | None:
    try:
        found = [(payloads.decode(each.payload, Signed), each) for each in act.read(inspections.OWNER, [inspections.SIGNED])]
    except NotFound:  # nobody has signed anything yet
        return None
    said, record = max(found, key=lambda each: each[0].month)
    reviewer = office_service.name_of(act, record.author)
    return Inspected(said.month, record.row.changed, reviewer, said.inspection.result)
