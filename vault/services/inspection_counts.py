"""What the access log counts of a month, for its inspection."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime

from vault.crypto import codec
from vault.domain.inspections import Facts, first_of, next_first
from vault.domain.unusual import Mark
from vault.domain.values.moments import JAPAN
from vault.services.audit import Event
from vault.services.log_names import is_papers
from vault.services.log_stretch import Stretch
from vault.services.safe import Desk
from vault.storage.journal import Entry

_PRINTS = frozenset({Event.SHEET_PRINTED, Event.OFFICE_SHEET_PRINTED})
_ALIKE = frozenset({Event.PERSON_CREATED, Event.PERSON_STOPPED, Event.PERSON_REENROLLED})
# A browser becomes a device by a code, by a login sheet, by the recovery sheet, or as the office's first.
_NEW_DEVICES = frozenset({Event.DEVICE_REGISTERED, Event.FIRST_PASSWORD_SET, Event.RECOVERED, Event.BEGUN})


def counted(desk: Desk, month: str) -> Facts:
    """What the log says of a month. Read in short transactions, so that nobody waits while a month is counted."""
    stretch = Stretch(desk.instance, _milliseconds(first_of(month)), _milliseconds(next_first(month)))
    counts: Counter[str] = Counter()
    alike: defaultdict[str, set[bytes]] = defaultdict(set)
    for entry, marks in stretch:
        counts.update(mark.value for mark in marks)
        _count(entry, counts, alike)
    return Facts(
        entries=counts["entries"],
        people=len(alike["people"]),
        refused_sign_ins=counts[Event.SIGN_IN_REFUSED],
        refused_requests=counts[Event.REQUEST_REFUSED],
        night=counts[Mark.NIGHT.value],
        many_clients=counts[Mark.MANY_CLIENTS.value],
        new_device=counts[Mark.NEW_DEVICE.value],
        refused_often=counts[Mark.REFUSED_OFTEN.value],
        prints=counts[Event.SHEET_PRINTED] + counts[Event.OFFICE_SHEET_PRINTED],
        recovered=len(alike[Event.RECOVERED]),
        created=len(alike[Event.PERSON_CREATED]),
        stopped=len(alike[Event.PERSON_STOPPED]),
        reenrolled=len(alike[Event.PERSON_REENROLLED]),
        devices=len(alike["devices"] - {b""}),
        devices_removed=counts[Event.DEVICE_REMOVED],
        broken=stretch.broken,
    )


def _count(entry: Entry, counts: Counter[str], alike: defaultdict[str, set[bytes]]) -> None:
    """An act may write more than one entry, about the same person or about the papers that it changed as well."""
    told = entry.columns
    event, subject = told.event or "", told.subject or b""
    counts["entries"] += 1
    if told.person:
        alike["people"].add(told.person)
    if event not in _PRINTS or not is_papers(subject):
        counts[event] += 1
    if event in _ALIKE:
        alike[event].add(subject)
    if event == Event.RECOVERED and told.person:
        alike[event].add(told.person)
    if event in _NEW_DEVICES:
        alike["devices"].add(codec.decode(entry.clear)["device"])


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=JAPAN).timestamp() * 1000)
