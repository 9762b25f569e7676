"""What an office is told of its service hours, and of how well they were kept. The operator and his monitor write it, the
office only reads it; what is missing or spoiled is as if nothing had been told."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vault.domain.operator.availability import Figures
from vault.domain.operator.service_hours import USUAL, ServiceHours, parse
from vault.errors import Refused
from vault.services import contract, told
from vault.services.instance import Instance

FILE = "availability.json"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_MOST_MONTHS, _MOST_SECONDS = 12, 31 * 24 * 60 * 60


@dataclass(frozen=True)
class Month:
    """A month (2026-11) in seconds: of every hour, and of the service hours."""

    month: str
    every_hour: Figures
    service: Figures


@dataclass(frozen=True)
class Shown:
    """The months that were measured, newest first, and when that was written (seconds since 1970); 0 before the first."""

    months: tuple[Month, ...] = ()
    at: int = 0


def hours(instance: Instance) -> ServiceHours | None:
    """The office's service hours; None where there is no operator who has promised any."""
    found = told.facts(instance, contract.FILE)
    if not found:
        return None
    said = found.get("hours")
    try:
        return parse(said if isinstance(said, str) else "")
    except Refused:
        return parse(USUAL)


def shown(instance: Instance) -> Shown:
    """What was measured."""
    found = told.facts(instance, FILE)
    at, months = found.get("at"), found.get("months")
    if not isinstance(at, int) or not 0 <= at < 2**40 or not isinstance(months, list):
        return Shown()
    read = [month for each in months[-_MOST_MONTHS:] if (month := _month(each)) is not None]
    return Shown(tuple(sorted(read, key=lambda each: each.month, reverse=True)), at)


def _month(raw: object) -> Month | None:
    match raw:
        case [str(month), [int(), int(), int(), int()] as whole, [int(), int(), int(), int()] as service]:
            if _MONTH.fullmatch(month) and all(0 <= each <= _MOST_SECONDS for each in (*whole, *service)):
                return Month(month, Figures(*whole), Figures(*service))
    return None
