"""アクセスログ: who saw, changed and printed what, when, from which device; for administrators and auditors.

Retention: what is older than the office's term (13 months by default) is shown no longer, and the journal keys of those
days are deleted, so that the sealed parts open for nobody. The clear part (times, addresses, ids) stays: each entry is
a link of the chain, and the newest note of every contents list and of the keystore proves which version is the right
one, however old it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from vault.crypto import codec
from vault.crypto.envelope import Context, open_sealed
from vault.domain.access import Permission
from vault.domain.office_rules import LOG_DAYS
from vault.domain.values import fold
from vault.domain.values.moments import DAY
from vault.errors import KuraError
from vault.services import audit, office, payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.clients import Brief
from vault.services.log_names import Names, Subject, number_of
from vault.services.log_walk import Marks, Query, find, genuine
from vault.services.safe import Desk
from vault.storage import journal, records
from vault.storage.journal import Entry

PAGE = 100
FORGOTTEN = "log-forgotten"
STRANGE_DAYS = 60
MOST_MATCHES = 50

# What people filter by. Each event stands in one group; what is named nowhere else is the office's own business.
_GROUPS: dict[str, frozenset[Event]] = {
    "seen": frozenset({
        Event.CLIENTS_LISTED, Event.SEARCHED, Event.CLIENT_OPENED, Event.POLICY_OPENED, Event.HISTORY_OPENED,
        Event.TODAY_OPENED, Event.SPACE_OPENED,
        Event.DEPOSITS_LISTED, Event.DEPOSIT_OPENED, Event.DOCUMENT_OPENED,
        Event.CONTACT_OPENED, Event.INTENTION_OPENED, Event.PROVISION_OPENED, Event.CLAIM_OPENED,
    }),
    "changed": frozenset({
        Event.CLIENT_SAVED, Event.POLICY_SAVED, Event.CLIENT_MOVED, Event.DEPOSIT_SAVED, Event.DEPOSIT_RETURNED,
        Event.UPLOAD_BEGUN, Event.DOCUMENT_SAVED,
        Event.CONTACT_SAVED, Event.INTENTION_SAVED, Event.PROVISION_SAVED, Event.CLAIM_SAVED,
    }),
    "printed": frozenset({
        Event.SHEET_PRINTED, Event.OFFICE_SHEET_PRINTED, Event.PRINT_REQUESTED, Event.PRINT_APPROVED,
        Event.PRINT_DECLINED, Event.TAKE_OUT_NOTED, Event.LEDGER_OPENED, Event.LEDGER_CHANGED,
    }),
    "signed-in": frozenset({
        Event.BEGUN, Event.SIGNED_IN, Event.UNLOCKED, Event.SIGNED_OUT, Event.DEVICE_REGISTERED, Event.CODE_USED_UP,
        Event.RECOVERED, Event.FIRST_PASSWORD_SET, Event.PASSWORD_PROVED,
    }),
    "refused": frozenset({Event.SIGN_IN_REFUSED, Event.REQUEST_REFUSED}),
}  # fmt: skip
GROUPS: dict[str, tuple[Event, ...]] = {
    **{name: tuple(sorted(events)) for name, events in _GROUPS.items()},
    "office": tuple(sorted(set(Event) - frozenset().union(*_GROUPS.values()))),
}


@dataclass(frozen=True)
class Line:
    """One entry as people read it. `at` in seconds since 1970; `told` is what the sealed part says, by name, as text or
    number; a device without a name has its number; `route` is the address asked for, with names for ids; `genuine` False: this is not what was written."""

    position: int
    at: int
    event: str
    status: int
    person: str
    device: str
    device_number: str
    address: str
    method: str
    route: str
    subject: Subject | None
    told: dict[str, str | int]
    marks: Marks
    genuine: bool


@dataclass(frozen=True)
class Page:
    """One page of the log, newest first. `older`, `bounded`: see `log_walk.Found`; `kept_since`: seconds since 1970;
    `asked` is the client filtered by; `people` everybody who can be filtered by, id to name."""

    lines: list[Line]
    older: int | None
    bounded: bool
    kept_since: int
    asked: Subject | None
    people: dict[bytes, str]


def kept_since(desk: Desk) -> int:
    """Since when (seconds since 1970) the log is shown."""
    days = max(LOG_DAYS, desk.directory.rules.get("log_days", LOG_DAYS))
    return max(0, desk.instance.now() - days * DAY)


def page(desk: Desk, query: Query, most: int = PAGE) -> Page:
    """The newest entries asked for; those beyond the office's term are not among them."""
    desk.require(Permission.READ_AUDIT_LOG)
    since = kept_since(desk)
    query = Query(**{**vars(query), "since": max(query.since, since * 1000)})
    found = find(desk.instance, query, most)
    with desk.act(Event.LOG_OPENED, Permission.READ_AUDIT_LOG) as act:
        names = Names(act)
        details = _details(act, [entry for entry, _ in found.entries])
        lines = [_line(names, entry, marks, details.get(entry.position, {})) for entry, marks in found.entries]
        asked = names.client(query.subject) if query.subject else None
        people = {person: office.name_of(act, person) for person in desk.directory.persons}
        if desk.may(Permission.MANAGE_OFFICE):
            forget_old(act)
    return Page(lines, found.older, found.bounded, since, asked, people)


def _line(names: Names, entry: Entry, marks: Marks, detail: dict[str, object]) -> Line:
    clear = codec.decode(entry.clear)
    record = detail.get("record")
    return Line(
        position=entry.position,
        at=clear["at"] // 1000,
        event=clear["event"],
        status=clear["status"],
        person=names.person(clear["person"]),
        device=names.device(clear["device"]),
        device_number=names.device_number(clear["device"]),
        address=clear["address"],
        method=clear["method"],
        route=clear["route"],
        subject=names.subject(clear["event"], clear["subject"], record if isinstance(record, bytes) else b""),
        told=_told(names, detail),
        marks=marks,
        genuine=genuine(entry),
    )


_TEXT = ("sheet", "purpose", "outcome", "role", "name", "month", "result")
_NUMBER = ("serial", "version", "count")


def _told(names: Names, detail: dict[str, object]) -> dict[str, str | int]:
    """Of a sealed part what means something to people; ids by their names."""
    told: dict[str, str | int] = {key: value for key in _TEXT if isinstance(value := detail.get(key), str) and value}
    told |= {key: value for key in _NUMBER if isinstance(value := detail.get(key), int)}
    called = {"device": names.device, "before": names.compartment, "after": names.compartment}
    for key, name in called.items():
        value = detail.get(key)
        if isinstance(value, bytes) and name(value):
            told[key] = name(value)
    persons = detail.get("persons")
    if isinstance(persons, list):
        told["persons"] = "、".join(names.person(person) for person in persons)
    return told


def _details(act: Act, entries: list[Entry]) -> dict[int, dict[str, object]]:
    """What the sealed parts say, by position: nothing where the key is gone or the bytes are not what was sealed."""
    wanted = {entry.key for entry in entries if entry.key is not None and entry.sealed is not None}
    if not wanted:
        return {}
    keys = _journal_keys(act, wanted)
    found = {}
    for entry in entries:
        if entry.sealed is not None and entry.key in keys:
            context = Context(act.desk.instance.office, "journal", (entry.key, entry.position))
            try:
                found[entry.position] = codec.decode(open_sealed(keys[entry.key], entry.sealed, context))
            except KuraError:
                continue  # the line says that it was changed
    return found


def _journal_keys(act: Act, wanted: Iterable[bytes]) -> dict[bytes, bytes]:
    sealed = journal.sealed_keys(act.connection)
    return audit.opened_keys(act.desk, {key: sealed[key] for key in wanted if key in sealed})


def forget_old(act: Act) -> None:
    """Delete the journal keys of the days beyond the office's term; looked at once a day."""
    today = act.desk.instance.now() // DAY
    last = records.fact(act.connection, FORGOTTEN)
    before = int.from_bytes(last, "big") if last is not None else -STRANGE_DAYS
    if before == today:
        return
    records.set_fact(act.connection, FORGOTTEN, today.to_bytes(8, "big"))
    if not 0 < today - before < STRANGE_DAYS:
        return  # the clock may be years ahead: what is deleted now does not come back when it is put right
    oldest = time.gmtime(kept_since(act.desk))
    journal.drop_keys_before(act.connection, int(time.strftime("%Y%m%d", oldest)))


def clients_called(desk: Desk, text: str) -> list[tuple[bytes, str]]:
    """Clients by part of a name, kana or client number, or by the number an auditor sees; (id, name), at most 50."""
    with desk.act(Event.LOG_OPENED, Permission.READ_AUDIT_LOG) as act:
        desk.require(Permission.READ_CLIENTS)
        found = []
        for _, opened in act.every_client():
            brief = payloads.decode(opened.payload, Brief)
            if _is_called(brief, opened.row.owner, text):
                found.append((opened.row.owner, brief.name))
    return sorted(found, key=lambda each: each[1])[:MOST_MATCHES]


def _is_called(brief: Brief, client: bytes, text: str) -> bool:
    asked = fold(text)
    said = (brief.name, brief.kana, brief.client_number)
    return any(asked in fold(each) for each in said) or text.strip().upper() == number_of(client)
