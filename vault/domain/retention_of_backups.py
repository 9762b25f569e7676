"""What backups are called, and which are kept: all of the last days, then one a week, then none."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import date, datetime

from vault.domain.values.moments import JAPAN

ALL_DAYS = 30
_NAME = re.compile(r"20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-\d{6}(-\d{1,4})?")


def kept(made: Iterable[tuple[str, date]], today: date, keep_days: int) -> set[str]:
    """The names to keep of backups given as (name, day it was made), oldest first.

    Every one of the last 30 days, of each earlier week the newest, nothing older than `keep_days`; the newest of all
    whatever its age, and what the clock says is still to come.
    """
    backups = list(made)
    found = {name for name, _ in backups[-1:]}
    newest_of_week: dict[tuple[int, int], str] = {}
    for name, day in backups:
        age = (today - day).days
        if age < min(ALL_DAYS, keep_days):
            found.add(name)
        elif age < keep_days:
            newest_of_week[day.isocalendar()[:2]] = name
    return found | set(newest_of_week.values())


def name_at(seconds: int, taken: Collection[str] = ()) -> str:
    """What a backup made at a moment (seconds since 1970) is called: its time in Japan, 20261122-010307."""
    first = name = datetime.fromtimestamp(seconds, JAPAN).strftime("%Y%m%d-%H%M%S")
    number = 1
    while name in taken:
        number += 1
        name = f"{first}-{number}"
    return name


def is_name(name: str) -> bool:
    """Whether a folder is called as a backup is."""
    return _NAME.fullmatch(name) is not None


def order_of(name: str) -> tuple[str, int]:
    """What backups are sorted by, oldest first."""
    return name[:15], int(name[16:] or 1)


def day_of(name: str) -> date:
    """The day in Japan on which a backup was made, by its name; one that there never was counts as the month's last."""
    year, month, day = int(name[:4]), int(name[4:6]), int(name[6:8])
    return date(year, month, min(day, monthrange(year, month)[1]))


def wanted_at(typed: str) -> str | None:
    """The latest name that a backup of `2026-11-22` or `2026-11-22T14:30` may have; None for anything else."""
    for shape, latest in (("%Y-%m-%d", "%Y%m%d-235959-9999"), ("%Y-%m-%dT%H:%M", "%Y%m%d-%H%M59-9999")):
        with suppress(ValueError):
            # Names are times in Japan, and so is what is typed.
            return datetime.strptime(typed.strip(), shape).replace(tzinfo=JAPAN).strftime(latest)
    return None


def day_and_time(seconds: int) -> str:
    """A moment as the operator types it: 2026-11-22 14:30, in Japan."""
    return f"{datetime.fromtimestamp(seconds, JAPAN):%Y-%m-%d %H:%M}"
