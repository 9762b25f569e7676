"""What an office may lay down for itself, within what Kura allows."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from vault.domain import bin, fields, retention
from vault.domain.access import SHORTEST
from vault.domain.values import Unreadable

DAY_MINUTES = 24 * 60
# 13 months: a log that is inspected each month must still show the month of a year ago.
LOG_DAYS = 396
LEDGER_DAYS = 5 * 366
IDLE_MINUTES = 15
SESSION_HOURS = 10


def _between(least: int, most: int) -> Callable[[int], int]:
    def check(number: int) -> int:
        if not least <= number <= most:
            raise Unreadable("number-range", least=least, most=most)
        return number

    return check


def _days_or_none(number: int) -> int:
    if number and not 30 <= number <= 3650:
        raise Unreadable("password-days", least=30, most=3650)
    return number


def minutes_of(text: str) -> int:
    """Minutes since midnight of 9:00 or 09:00; raises Unreadable."""
    found = re.fullmatch(r"(\d{1,2})[:：](\d{2})", text.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not found or int(found[2]) > 59 or not 0 <= minutes <= DAY_MINUTES:
        raise Unreadable("time-of-day")
    return minutes


def network_lines(text: str) -> tuple[str, ...]:
    """The networks of a text, one address or CIDR a line, in their canonical spelling; raises Unreadable."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        try:
            found.append(str(ipaddress.ip_network(line, strict=False)))
        except ValueError as error:
            raise Unreadable("network", line=line) from error
    return tuple(dict.fromkeys(found))


def time_of_day(minutes: int) -> str:
    """9:00 of minutes since midnight."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def _time_of_day(text: str) -> str:
    return time_of_day(minutes_of(text))


def _networks(text: str) -> str:
    return "\n".join(network_lines(text))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules as they are typed; days and minutes are whole numbers, times of day as 9:00."""

    password_shortest: int = fields.number(required=True, check=_between(SHORTEST, 64))
    password_days: int = fields.number(required=True, check=_days_or_none)
    idle_minutes: int = fields.number(required=True, check=_between(5, 60))
    session_hours: int = fields.number(required=True, check=_between(1, 16))
    log_days: int = fields.number(required=True, check=_between(LOG_DAYS, 36500))
    print_ledger_days: int = fields.number(required=True, check=_between(365, 36500))
    bin_days: int = fields.number(required=True, check=_between(bin.LEAST_DAYS, bin.MOST_DAYS))
    retention_years: int = fields.number(required=True, check=_between(retention.LEAST_YEARS, retention.MOST_YEARS))
    print_approval: bool = fields.flag()
    hours_from: str = fields.text(max_length=5, check=_time_of_day)
    hours_to: str = fields.text(max_length=5, check=_time_of_day)
    networks: str = fields.long(check=_networks)


def within_hours(minute: int, opens: int | None, closes: int | None) -> bool:
    """Whether a minute of the day lies in the office's hours; hours over midnight (22:00 to 6:00) are meant so."""
    if opens is None or closes is None:
        return True
    opens %= DAY_MINUTES  # 24:00 is the beginning of a day as well as the end of one
    if opens == closes:
        return True
    return opens <= minute < closes if opens < closes else minute >= opens or minute < closes


def within_networks(address: str, networks: tuple[str, ...]) -> bool:
    """Whether an address lies in one of the networks; none means from anywhere."""
    if not networks:
        return True
    try:
        here = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(here, ipaddress.IPv6Address) and here.ipv4_mapped:
        here = here.ipv4_mapped
    return any(here in ipaddress.ip_network(network) for network in networks)
