"""A round of the monitor: every office and the host looked at, what was found written down, what changed told by mail.

The words of a mail are made by the caller; here is what they are made of. One round at a time; everything a round has found
is written together with the mails that tell of it, so that a monitor killed anywhere neither forgets nor repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from vault.domain.operator.availability import bounds, month_of, months_before
from vault.domain.operator.service_hours import parse
from vault.domain.values.moments import DAY, JAPAN
from vault.errors import KuraError, NotReady
from vault.services.operator import announced, figures, incidents, looking, mailing, problems
from vault.services.operator.looking import Look, Ways
from vault.services.operator.problems import Changes
from vault.services.operator.summaries import LAST_ROUND, MAIL_FAULT, Summary, in_use, summary
from vault.storage import durable
from vault.storage.host import figures as store
from vault.storage.host import offices, probes
from vault.storage.host.figures import Figures
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

AT_ONCE = 32  # looks: of a hundred offices that all hang, before the time of the unit is over
ROUND_SECONDS = 300.0  # how long who comes in between waits for a round to end
# Of offices that rest: how often one is woken, how long before its service hours, and how many in one round, so that a
# hundred of them never wake together.
WAKE_SECONDS, WAKE_BEFORE, WAKES = 55 * 60, 30 * 60, 10
WRITE_SECONDS = 60 * 60  # how often an office's figures are written for it while nothing changes
TOLD_AT = 9  # o'clock in Japan: the weekly summary on Mondays, the month's figures on the 1st
WEEK, MONTH, WRITTEN = "week", "month", "written"


class Writer(Protocol):
    """Who makes words of it: each gives a subject and a text."""

    def changes(self, found: Changes, now: int) -> tuple[str, str]: ...

    def weekly(self, found: Summary) -> tuple[str, str]: ...

    def monthly(self, found: Summary, month: str) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Done:
    """What a round did: how many offices it looked at, how many cannot be reached, what it told, mails that still wait."""

    looked: int
    down: int
    changes: Changes
    waiting: int
    fault: str = field(default="")


def run_round(host: Host, now: int, writer: Writer) -> Done:
    """One round. Raises NotReady: monitor-not-ready, figures-unreadable; and Unwritable("busy") while another one runs."""
    if not host.monitor.is_dir():
        raise NotReady("monitor-not-ready", folder=host.monitor)
    with durable.locked(host.monitor / "lock", seconds=0), store.opened(host) as held:
        there, spoiled = in_use(host)
        looks = _look(host, held, there, now)
        last = int(held.fact(LAST_ROUND) or 0)
        late = len(incidents.late(host, now))
        looks.append(looking.look_at_host(host, now, last, late, spoiled))
        with held.transaction():
            changes = _note(host, held, there, looks, now, keep=spoiled)
            _tell(host, held, there, changes, now, writer)
            held.drop_old(now)
            held.set_fact(LAST_ROUND, str(now))
        _write(host, held, there, now)
        fault = mailing.send_waiting(host, held)
        if fault != held.fact(MAIL_FAULT):
            with held.transaction():
                held.set_fact(MAIL_FAULT, fault)
        return Done(len(there), sum(1 for each in looks if each.up is False), changes, len(held.waiting()), fault)


# --- looking


def _look(host: Host, held: Figures, there: Sequence[HostedOffice], now: int) -> list[Look]:
    states = probes.unit_states(unit for each in there for unit in looking.web_units(each.name)) if there else {}
    ways = Ways.of(host, mailing.authority_of(host))
    woken = _to_wake(held, [each for each in there if looking.rests(states, each.name)], now)
    heads = {each.name: held.head(each.name) for each in there}

    def one(office: HostedOffice) -> Look:
        try:
            return looking.look(host, office, ways, states, office.name in woken, now, heads[office.name])
        except Exception:  # noqa: BLE001 - what one office answers must not keep the others from being looked at
            return looking.failed(office)

    with ThreadPoolExecutor(AT_ONCE) as pool:  # one that hangs keeps its own thread, and each look has an end
        return list(pool.map(one, there))


def _to_wake(held: Figures, resting: Sequence[HostedOffice], now: int) -> set[str]:
    """Which of the offices that rest are woken now: the ones that were looked at longest ago first."""
    looked = {each.name: int(held.seen(each.name).get("full", 0)) for each in resting}
    late = {name for name, at in looked.items() if now - at >= WAKE_SECONDS}
    due = [each.name for each in resting if each.name in late or _opens_soon(each, looked[each.name], now)]
    return set(sorted(due, key=lambda name: looked[name])[: max(WAKES, -(-len(resting) // 10))])


def _opens_soon(office: HostedOffice, looked: int, now: int) -> bool:
    """Whether its service hours are about to begin, and it was not woken for them yet."""
    hours = parse(figures.hours_of(office.hours))
    begins = [start for start, _end in hours.within(now - 1, now + WAKE_BEFORE, figures.is_holiday) if start > now]
    return bool(begins) and looked < begins[0] - WAKE_BEFORE


# --- noting


def _note(
    host: Host, held: Figures, there: Sequence[HostedOffice], looks: Sequence[Look], now: int, keep: Sequence[str]
) -> Changes:
    for gone in held.offices() - {each.name for each in there} - set(keep):
        held.forget(gone)
    for office in there:
        held.note_hours(office.name, now, figures.hours_of(office.hours))
        held.note_planned(office.name, now, announced.stops(host, office.name))
    for look in looks:
        if look.up is not None:
            _note_one(held, look, now)
    for office in there:
        figures.close_months(held, office.name, now)
    return problems.take_up(held, looks, now)


def _note_one(held: Figures, look: Look, now: int) -> None:
    held.note(look.office, now, bool(look.up), look.code)
    before = held.seen(look.office)
    seen: dict[str, Any] = {**before, "at": now, "asleep": not look.full}
    if look.certificate:
        seen["certificate"] = look.certificate
    if look.full:
        seen["full"] = now
    if look.told:
        seen["told"] = dict(look.told)
    held.see(look.office, seen)
    # One that went back is not taken over: it stays a problem until it has gone on, or the operator accepts it.
    if look.head is not None and looking.LOG_HEAD not in look.bad:
        held.set_head(look.office, look.head)


# --- telling


def _tell(host: Host, held: Figures, there: Sequence[HostedOffice], changes: Changes, now: int, writer: Writer) -> None:
    if changes.new or changes.over:
        mailing.queue(host, held, *writer.changes(changes, now), now)
    local = datetime.fromtimestamp(now, JAPAN)
    monday = (local - timedelta(days=local.weekday())).replace(hour=TOLD_AT, minute=0, second=0, microsecond=0)
    if _is_due(held, WEEK, f"{monday:%Y-%m-%d}", local >= monday):
        found = summary(host, held, there, now - 7 * DAY, now)
        mailing.queue(host, held, *writer.weekly(found), now)
    first = local.replace(day=1, hour=TOLD_AT, minute=0, second=0, microsecond=0)
    if _is_due(held, MONTH, f"{first:%Y-%m}", local >= first):
        before = months_before(month_of(now), 2)[0]
        found = summary(host, held, there, *bounds(before))
        mailing.queue(host, held, *writer.monthly(found, before), now)


def _is_due(held: Figures, name: str, turn: str, come: bool) -> bool:
    """Whether this week's or month's mail has its turn: once, and not in the turn in which the monitor began."""
    told = held.fact(name)
    if told >= turn or not (come or not told):
        return False
    held.set_fact(name, turn)
    return bool(told)


# --- what offices read


def _write(host: Host, held: Figures, there: Sequence[HostedOffice], now: int) -> None:
    due = [each.name for each in there if _is_written_anew(held, each.name, now)]
    written = [name for name in due if _is_written(host, held, name, now)]
    if written:
        with held.transaction():
            for name in written:
                held.set_fact(f"{WRITTEN}:{name}", str(now))


def _is_written(host: Host, held: Figures, name: str, now: int) -> bool:
    """What cannot be written for one office comes with a later round, and keeps no mail from being sent."""
    try:
        figures.write(host, name, figures.told(held, name, now))
    except (KuraError, OSError):
        return False
    return True


def _is_written_anew(held: Figures, name: str, now: int) -> bool:
    stretch = held.now(name)
    changed = stretch is not None and stretch[0].since == now
    return changed or not 0 <= now - int(held.fact(f"{WRITTEN}:{name}") or 0) < WRITE_SECONDS


# --- by hand


def accept(host: Host, name: str) -> None:
    """Take the head of an office's journal as it stands, whatever was seen before: for the operator who knows why it went
    back. The next look notes it anew."""
    offices.read(host, name)
    with durable.locked(host.monitor / "lock", seconds=ROUND_SECONDS), store.opened(host) as held, held.transaction():
        held.forget_head(name)


def forget(host: Host, name: str) -> None:
    """Drop all figures of an office that has gone."""
    with durable.locked(host.monitor / "lock", seconds=ROUND_SECONDS), store.opened(host) as held, held.transaction():
        held.forget(name)
