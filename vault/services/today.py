"""今日の仕事: what waits for the person at the desk when he has signed in.

Everything here is read off the directory, the keystore, the search segments and the few rows that are shown: the page
opens many times a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vault.crypto.directory import ADMINISTRATOR
from vault.domain import worklist
from vault.domain.access import Permission
from vault.domain.values.moments import DAY, day_of
from vault.services import capacity, deposits, inspections, ledger, office, retention, space
from vault.services.accounts import passwords
from vault.services.accounts.switching import SIGNING_CHANGED
from vault.services.acts import BIN_CLIENT, Act
from vault.services.audit import Event
from vault.services.deposits import Counted
from vault.services.ledger import Asking
from vault.services.operations import keys_on_one_disk
from vault.services.safe import Desk
from vault.services.worklist import elsewhere, lines
from vault.storage import records

SHEET_DAYS = 365
# Long enough before a login sheet expires to hand it over on the next working day.
EXPIRES_SOON = 3 * DAY


@dataclass(frozen=True)
class Remark:
    """Something of the office that somebody has to see to. Words: catalogue key `remark.<code>`.

    `n` of something, `names` of people, `at` a moment (seconds); what of it is said depends on the code.
    """

    code: str
    n: int = 0
    names: tuple[str, ...] = ()
    at: int = 0


@dataclass(frozen=True)
class Today:
    """The page. `inspections` are months (2026-11) that somebody should have signed.

    `papers` leaves out what should be back and stands in the work list; `remarks` are what the office's state asks of this
    person; `clients` says how many there are; `due` how many have passed their retention term and when that was reckoned
    (seconds), for who may erase them;
    `deposits` the receipts for originals that are here, for who may read them; `work` a part of what falls due, for who
    may read clients.
    """

    papers: Asking
    inspections: list[str]
    remarks: list[Remark]
    clients: int
    due: tuple[int, int] | None = None
    deposits: Counted | None = None
    work: lines.Listed | None = None


def today(desk: Desk, part: str = worklist.SOON, page: int = 1) -> Today:
    """What waits for the person at the desk; of what falls due one page of a part (one of `worklist.PARTS`)."""
    gathered = None
    if desk.may(Permission.READ_CLIENTS):
        choice = lines.chosen(desk)
        gathered = choice, lines.parts(desk, choice, part, day_of(desk.instance.clock()))
    with desk.act(Event.TODAY_OPENED, Permission.READ_SAFETY) as act:
        late, clients = inspections.overdue_months(act), records.client_count(act.connection, BIN_CLIENT)
        due = retention.count(act) if desk.may(Permission.ERASE) else None
        here = deposits.counted(act) if desk.may(Permission.READ_DOCUMENTS) else None
        work = None
        if gathered is not None:
            choice, (counts, found) = gathered
            work = lines.listed(act, part, counts, found, choice, page)
        papers = ledger.asking(act, told=elsewhere.shown(act))
        found_today = Today(papers, late, list(remarks(act)), clients, due, here, work)
    return found_today


def remarks(act: Act) -> Iterator[Remark]:
    """What is to be seen to: one's own password; for administrators the office's people and keys too."""
    desk = act.desk
    yield from _own_name(act)
    yield from _own_password(desk)
    if desk.may(Permission.MANAGE_PEOPLE):
        yield from _people(act)
    if desk.may(Permission.MANAGE_RECOVERY):
        yield from _sheets(desk)
        yield from _keys(desk)
    if desk.may(Permission.MANAGE_OFFICE):
        yield from _room(act)


# --- people


def _own_name(act: Act) -> Iterator[Remark]:
    """Whom the recovery sheet made is called by his login ID until he has said his name."""
    if act.desk.may(Permission.MANAGE_OFFICE) and office.person_name(act) == act.desk.login_id:
        yield Remark("own-name")


def _own_password(desk: Desk) -> Iterator[Remark]:
    if passwords.is_due(desk, desk.instance.now()):
        yield Remark("password-old", desk.directory.rules["password_days"])


def _people(act: Act) -> Iterator[Remark]:
    active = {i: p for i, p in act.desk.directory.persons.items() if p.active}
    if sum(1 for p in active.values() if p.role == ADMINISTRATOR) < 2:
        yield Remark("one-administrator")
    yield from _login_sheets(act, set(active))
    late = _with_old_passwords(act.desk, set(active) - {act.desk.person})
    if late:
        yield Remark("passwords-old", len(late), _names(act, late))


def _with_old_passwords(desk: Desk, persons: set[bytes]) -> list[bytes]:
    days, known = desk.directory.rules.get("password_days", 0), desk.stored.keystore.stretches
    limit = desk.instance.now() - days * DAY
    return [person for person in persons if days and person in known and known[person].made <= limit]


def _login_sheets(act: Act, active: set[bytes]) -> Iterator[Remark]:
    keystore, now = act.desk.stored.keystore, act.desk.instance.now()
    sheets = [c for c in keystore.codes.values() if c.initial and c.expires and c.person in active]
    # Codes whose day has passed are swept away by anybody's sign-in: who is left with no slot has no way in either.
    expired = {c.person for c in sheets if c.expired(now)} | {i for i in active if not keystore.slots.get(i)}
    if expired:
        yield Remark("no-way-in", len(expired), _names(act, expired))
    soon = [c for c in sheets if not c.expired(now) and c.expires - now <= EXPIRES_SOON]
    if soon:
        first = min(c.expires for c in soon)
        yield Remark("login-sheet-expiring", len(soon), _names(act, {c.person for c in soon}), first)


def _names(act: Act, persons: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(office.name_of(act, person) for person in persons))


# --- the recovery sheet and the keys


def _sheets(desk: Desk) -> Iterator[Remark]:
    sheets = desk.stored.keystore.sheets.values()
    confirmed = [sheet for sheet in sheets if sheet.confirmed]
    if any(not sheet.confirmed for sheet in sheets):
        yield Remark("sheet-unconfirmed")
    elif confirmed and max(sheet.made for sheet in confirmed) < desk.directory.rules.get(SIGNING_CHANGED, 0):
        yield Remark("sheet-outdated")
    elif confirmed and max(sheet.made for sheet in confirmed) < desk.instance.now() - SHEET_DAYS * DAY:
        yield Remark("sheet-old", at=max(sheet.made for sheet in confirmed))


def _keys(desk: Desk) -> Iterator[Remark]:
    if keys_on_one_disk(desk.instance):
        yield Remark("one-disk")
    owed = len(desk.instance.files.owed())
    if owed:
        yield Remark("replicas-owed", owed)
    missing = len(desk.stored.keystore.missing_grants(desk.directory))
    if missing:
        yield Remark("grants-missing", missing)


# --- room


def _room(act: Act) -> Iterator[Remark]:
    used = space.used(act)
    if used >= space.NEARLY_FULL:
        yield Remark("documents-full", used)
    policies = capacity.of(act)
    if policies.full:
        yield Remark("policies-full", policies.limit)
    elif policies.nearly_full:
        yield Remark("policies-nearly-full", policies.left)
