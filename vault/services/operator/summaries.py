"""What is known of every office over a period, for mails and terminals: figures, states, and what goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vault.domain.operator.availability import Figures as Measured
from vault.domain.operator.availability import Stretch, bounds, month_of
from vault.domain.values.moments import DAY
from vault.errors import KuraError
from vault.services.operator import figures, incidents
from vault.storage.host import figures as store
from vault.storage.host import offices
from vault.storage.host.figures import Figures, Problem
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

LAST_ROUND, MAIL_FAULT = "round", "mail"


@dataclass(frozen=True)
class Line:
    """An office in a summary; times in seconds since 1970, 0 for never."""

    office: HostedOffice
    now: tuple[Stretch, str] | None
    every_hour: Measured
    service: Measured
    looked: int
    certificate: int
    backup: int
    drill: int
    asleep: bool
    open: tuple[Problem, ...]


@dataclass(frozen=True)
class Summary:
    """All offices over a period, the host's open problems, reports of incidents that are late, and mails that wait."""

    since: int
    until: int
    lines: tuple[Line, ...]
    host: tuple[Problem, ...] = ()
    late: tuple[incidents.Late, ...] = ()
    waiting: int = 0
    last_round: int = 0
    mail_fault: str = ""


def in_use(host: Host) -> tuple[list[HostedOffice], list[str]]:
    """The offices of the host, and the names of those whose file is spoiled: one of them hides no other."""
    there, spoiled = [], []
    for path in sorted((host.settings / "offices").glob("*.toml")):
        try:
            office = offices.read(host, path.stem)
            if office.began:  # provisioning may not have come to its end
                there.append(office)
        except KuraError:
            spoiled.append(path.stem)
    return there, spoiled


def summary(host: Host, held: Figures, there: Sequence[HostedOffice], since: int, until: int) -> Summary:
    """What is known of every office over a period."""
    known: dict[str, list[Problem]] = {}
    for each in held.problems():
        if each.told:
            known.setdefault(each.office, []).append(each)
    lines = tuple(_line(held, each, since, until, tuple(known.get(each.name, ()))) for each in there)
    return Summary(
        since, until, lines, tuple(known.get("", ())), tuple(incidents.late(host, until)), len(held.waiting()),
        int(held.fact(LAST_ROUND) or 0), held.fact(MAIL_FAULT),
    )  # fmt: skip


def _line(held: Figures, office: HostedOffice, since: int, until: int, found: tuple[Problem, ...]) -> Line:
    seen = held.seen(office.name)
    told: Mapping[str, str] = seen.get("told", {})
    month = month_of(since)
    whole = bounds(month) == (since, until)
    every_hour, service = (
        figures.of_month(held, office.name, month, until) if whole else figures.measure(held, office.name, since, until)
    )
    return Line(
        office, held.now(office.name), every_hour, service, int(seen.get("at", 0)), int(seen.get("certificate", 0)),
        _number(told.get("backup", "")), _number(told.get("drill", "")), bool(seen.get("asleep")), found,
    )  # fmt: skip


def _number(said: str) -> int:
    """The first number of what an office said; 0 for none, and for a time that no calendar has."""
    first = said.split(" ")[0]
    return int(first) if first.isascii() and first.isdigit() and len(first) < 12 else 0


def status(host: Host, now: int) -> Summary:
    """What is known now, without looking; the figures are those of the last seven days."""
    with store.opened(host, reading=True) as held:
        return summary(host, held, in_use(host)[0], now - 7 * DAY, now)


def month(host: Host, said: str, now: int) -> Summary:
    """The figures of a month; raises ValueError for what is none."""
    first, end = bounds(said)
    with store.opened(host, reading=True) as held:
        return summary(host, held, in_use(host)[0], first, min(end, now))
