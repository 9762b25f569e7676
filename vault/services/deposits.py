"""保険証券お預り証: receipts for originals, entered, corrected and closed; and over all clients what is still here.

While papers of a receipt are here, a small note lies beside it in the client's folder: the first page counts those notes,
and no receipt has to be opened for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.deposits import (
    SHOWN_DAYS,
    Deposit,
    GiveBack,
    corrected,
    first,
    given_back,
    kept_again,
)
from vault.domain.values.moments import DAY
from vault.errors import Damaged, NotFound, Refused
from vault.services import office, payloads
from vault.services.acts import Act, Opened
from vault.services.audit import Event
from vault.services.clients import Version, written
from vault.services.holdings import DEPOSIT, HeldDeposit, client_of, deposit_of
from vault.services.ledger_rows import today
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import records

HERE, COUNT = "deposit-here", "deposit-count"


@dataclass(frozen=True, kw_only=True)
class Here:
    """A note that papers of a receipt (hex id) are here, and until when."""

    record: str
    due: date


@dataclass(frozen=True, kw_only=True)
class Count:
    """The number that was given last. A number is never given twice, whatever is erased."""

    last: int = 0


@dataclass(frozen=True)
class DepositPage:
    """A receipt with the client, who took the papers in, and who wrote its versions."""

    client_id: bytes
    client: Client
    held: HeldDeposit
    person: str
    written: list[tuple[int, int, str]]


@dataclass(frozen=True)
class Listed:
    """A receipt in the office's list."""

    client: bytes
    name: str
    held: HeldDeposit
    person: str


@dataclass(frozen=True)
class Counted:
    """Receipts with papers that are still here, and how many of them were due back."""

    here: int
    overdue: int


def here_note(record: bytes) -> bytes:
    """The id of the note that papers of a receipt are here."""
    return hashlib.sha256(b"kura deposit here" + record).digest()[:16]


# --- one receipt


def get(desk: Desk, client: bytes, record: bytes) -> DepositPage:
    """One receipt; raises NotFound."""
    with desk.act(Event.DEPOSIT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        found = act.read_one(client, record, DEPOSIT)
        held = deposit_of(found)
        page = DepositPage(client, client_of(act, client)[1], held, _taken_by(act, held.deposit), written(act, found))
        act.tell(record=record)
    return page


def _taken_by(act: Act, deposit: Deposit) -> str:
    return office.name_of(act, bytes.fromhex(deposit.person))


def create(desk: Desk, client: bytes, typed: Deposit) -> bytes:
    """A new receipt of a client, with the next number; returns its id."""
    with desk.act(Event.DEPOSIT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        client_of(act, client)
        made = first(typed, _next_number(act), desk.person.hex())
        record = act.add(client, DEPOSIT, payloads.encode(made))
        _note(act, client, record, made)
        act.tell(record=record, version=1)
    return record


def _next_number(act: Act) -> int:
    number = 1
    for found in act.read(OFFICE_PAGE, [COUNT]):
        number = payloads.decode(found.payload, Count).last + 1
        act.drop(OFFICE_PAGE, found.row.id, COUNT)  # another row, so that no history of numbers grows
    act.add(OFFICE_PAGE, COUNT, payloads.encode(Count(last=number)))
    return number


def save(desk: Desk, client: bytes, record: bytes, typed: Deposit, base: int) -> int:
    """Correct a receipt of which papers are here; what went back already stays as it is. Returns the new version.

    Raises Conflict when somebody else saved since `base`, Refused("deposit-closed") when everything is back.
    """
    with desk.act(Event.DEPOSIT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        before = _open(act, client, record)
        return _change(act, client, record, corrected(before, typed), base)


def give_back(desk: Desk, client: bytes, record: bytes, items: Collection[str], said: GiveBack, base: int) -> int:
    """Note that papers, by their ids, went back; the receipt is closed with the last one. Returns the new version.

    Raises Refused where none is chosen, else as `save` does.
    """
    with desk.act(Event.DEPOSIT_RETURNED, Permission.WRITE_DOCUMENTS, client) as act:
        before = _open(act, client, record)
        if not any(item.id in items for item in before.here):
            raise Refused("deposit-nothing-chosen")
        return _change(act, client, record, given_back(before, items, said), base)


def keep_again(desk: Desk, client: bytes, record: bytes, item: str, base: int) -> int:
    """Take back a slip of the hand: a paper noted as given back is still here. Raises NotFound, Conflict."""
    with desk.act(Event.DEPOSIT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        before = _deposit(act, client, record)
        if not any(each.id == item for each in before.gone):
            raise NotFound("not-found")
        return _change(act, client, record, kept_again(before, item), base)


def _deposit(act: Act, client: bytes, record: bytes) -> Deposit:
    return deposit_of(act.read_one(client, record, DEPOSIT)).deposit


def _open(act: Act, client: bytes, record: bytes) -> Deposit:
    found = _deposit(act, client, record)
    if found.closed:
        raise Refused("deposit-closed")
    return found


def _change(act: Act, client: bytes, record: bytes, now: Deposit, base: int) -> int:
    version = act.change(client, record, DEPOSIT, payloads.encode(now), base)
    _note(act, client, record, now)
    act.tell(record=record, version=version)
    return version


def _note(act: Act, client: bytes, record: bytes, deposit: Deposit) -> None:
    """Let the note beside a receipt say what the receipt says."""
    name = here_note(record)
    if name in act.contents(client).entries:
        act.drop(client, name, HERE)
    if not deposit.closed:
        act.add(client, HERE, payloads.encode(Here(record=record.hex(), due=deposit.due.value)), name)


def versions(desk: Desk, client: bytes, record: bytes) -> list[Version]:
    """Every version of a receipt, newest first; raises NotFound."""
    with desk.act(Event.HISTORY_OPENED, Permission.READ_DOCUMENTS, client) as act:
        found = [act.read_one(client, record, DEPOSIT), *act.read_earlier(client, record, DEPOSIT)]
        told = [_version(act, each) for each in found]
        act.tell(record=record)
    return told


def _version(act: Act, found: Opened) -> Version:
    return Version(found.row.version, found.row.changed, office.name_of(act, found.author), deposit_of(found).deposit)


def version_of(desk: Desk, client: bytes, record: bytes, number: int) -> Deposit:
    """One version of a receipt; raises NotFound."""
    for version in versions(desk, client, record):
        if version.number == number and isinstance(version.record, Deposit):
            return version.record
    raise NotFound("not-found")


# --- over all clients


def listed(desk: Desk) -> tuple[list[Listed], list[Listed]]:
    """(what is still here, the longest due first; what went back of late, the newest first), of all clients that the
    person at the desk can open."""
    since = desk.instance.now() - SHOWN_DAYS * DAY
    with desk.act(Event.DEPOSITS_LISTED, Permission.READ_DOCUMENTS) as act:
        owners = {*records.owners_of(act.connection, HERE), *records.owners_of(act.connection, DEPOSIT, since)}
        found = [each for owner in _mine(act, owners) for each in _listed(act, owner)]
        act.tell(count=len(found))
    here = [each for each in found if not each.held.deposit.closed]
    late = [each for each in found if each.held.deposit.closed and _lately(each.held.deposit, desk)]
    here.sort(key=lambda each: (each.held.deposit.due.value, each.held.deposit.number))
    late.sort(key=lambda each: (each.held.deposit.ended or date.min, each.held.deposit.number), reverse=True)
    return here, late


def _lately(deposit: Deposit, desk: Desk) -> bool:
    return deposit.ended is not None and (today(desk) - deposit.ended).days <= SHOWN_DAYS


def _mine(act: Act, owners: Collection[bytes]) -> Iterator[bytes]:
    """Those that the person at the desk can open; who is being erased, or lies in the bin, has none."""
    for owner in sorted(owners):
        if act.desk.can_open(owner) and not records.is_erasing(act.connection, owner):
            yield owner


def _listed(act: Act, client: bytes) -> Iterator[Listed]:
    if act.contents(client).binned:
        return
    name = client_of(act, client)[1].name
    for found in act.read(client, [DEPOSIT]):
        held = deposit_of(found)
        yield Listed(client, name, held, _taken_by(act, held.deposit))


def counted(act: Act) -> Counted:
    """For the first page, inside another act. A client that is damaged keeps nobody from the page: his own says so."""
    due = [day for owner in _mine(act, records.owners_of(act.connection, HERE)) for day in _due_of(act, owner)]
    return Counted(len(due), sum(1 for day in due if day < today(act.desk)))


def _due_of(act: Act, client: bytes) -> list[date]:
    with suppress(Damaged):
        return [payloads.decode(each.payload, Here).due for each in act.read(client, [HERE])]
    return []
