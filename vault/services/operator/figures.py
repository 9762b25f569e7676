"""Availability of an office by month and by service hours, out of what the monitor keeps; and what it is told of it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from vault.domain.operator import availability, service_hours
from vault.domain.operator.availability import Figures as Measured
from vault.domain.operator.availability import bounds, month_of, months_before
from vault.domain.operator.service_hours import Interval, parse
from vault.errors import KuraError
from vault.storage import durable
from vault.storage.host.figures import Figures
from vault.storage.host.layout import Host

FILE = "availability.json"
SHOWN = 12  # months


def is_holiday(day: date) -> bool:
    """Whether a day is a public holiday in Japan."""
    import jpholiday  # takes a while, and a round that tells nothing does without

    return bool(jpholiday.is_holiday(day))


def measure(held: Figures, office: str, since: int, until: int) -> tuple[Measured, Measured]:
    """The figures of a period: of every hour, and of the service hours as they stood then. What lies before the first look
    at an office is no part of it."""
    began = held.began(office)
    since = max(since, began if began is not None else until)
    if since >= until:
        return Measured(), Measured()
    stretches, planned = held.stretches(office, since, until), held.planned(office, since, until)
    service = _service(held, office, since, until)
    return availability.figures(stretches, [(since, until)], planned), availability.figures(stretches, service, planned)


def _service(held: Figures, office: str, since: int, until: int) -> list[Interval]:
    noted = held.hours(office) or [(0, "")]
    ends = [at for at, _said in noted[1:]] + [until]
    found: list[Interval] = []
    for (at, said), end in zip(noted, ends, strict=True):
        if max(at, since) < min(end, until):
            found += parse(said).within(max(at, since), min(end, until), is_holiday)
    return found


def close_months(held: Figures, office: str, now: int) -> None:
    """Write down the figures of the months that are over, so that nothing later changes them."""
    began = held.began(office)
    if began is None:
        return
    for month in months_before(month_of(now), SHOWN + 2)[:-1]:
        first, end = bounds(month)
        if began < end <= now - availability.STANDS and held.month(office, month) is None:
            held.put_month(office, month, [_listed(each) for each in measure(held, office, first, end)])


def of_month(held: Figures, office: str, month: str, now: int) -> tuple[Measured, Measured]:
    """A month's figures, as far as it has come; raises ValueError for what is no month."""
    told = held.month(office, month)
    if told is not None:
        return Measured(*told[0]), Measured(*told[1])
    first, end = bounds(month)
    return measure(held, office, first, min(end, now))


def _listed(found: Measured) -> list[int]:
    return [found.up, found.down, found.planned, found.unknown]


def told(held: Figures, office: str, now: int) -> dict[str, Any]:
    """What an office is told: each of the last months with its seconds, oldest first."""
    began = held.began(office)
    months = [month for month in months_before(month_of(now), SHOWN) if began is not None and began < bounds(month)[1]]
    return {
        "at": now,
        "months": [[month, *map(_listed, of_month(held, office, month, now))] for month in months],
    }


def write(host: Host, office: str, facts: dict[str, Any]) -> None:
    """Put that where the office reads it; an office whose folder was not made yet is told with a later round."""
    folder = host.figures(office)
    if not folder.is_dir():
        return
    path = folder / FILE
    durable.write_whole(path, json.dumps(facts).encode())
    path.chmod(0o640)  # the folder gives it to the office's group


def hours_of(said: str) -> str:
    """Service hours as they are kept; the usual ones where what is written down cannot be read any more."""
    try:
        return parse(said).text()
    except KuraError:
        return parse(service_hours.USUAL).text()
