"""点検: each month somebody looks at what the access log counts, and says what he found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from vault.domain import fields
from vault.domain.fields import Fault
from vault.errors import NotFound

NOTHING, MEASURES = "問題なし", "要対応"
# The day of the following month from which a month that nobody has signed is overdue.
OVERDUE_FROM = 11
_MONTH = re.compile("(20[0-9][0-9])-(0[1-9]|1[0-2])")


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What the reviewer says."""

    findings: str = fields.long(required=True)
    result: str = fields.choice(NOTHING, MEASURES, required=True)
    decided: str = fields.long()

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.result == MEASURES and not self.decided:
            yield "decided", Fault("decision-missing")


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What is added to a signed inspection, which itself is never changed."""

    text: str = fields.long(required=True)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the log counts of one month. `broken`: position of the first entry that does not fit the chain, 0 for none;
    `overdue`: papers that were to be back by the end of the month and were not, as far as the ledger said at the time of
    counting; `devices_removed`: one by one, those of people stopped or enrolled anew are not told by the log."""

    entries: int = 0
    people: int = 0
    refused_sign_ins: int = 0
    refused_requests: int = 0
    night: int = 0
    many_clients: int = 0
    new_device: int = 0
    refused_often: int = 0
    prints: int = 0
    overdue: int = 0
    recovered: int = 0
    created: int = 0
    stopped: int = 0
    reenrolled: int = 0
    devices: int = 0
    devices_removed: int = 0
    broken: int = 0

    @property
    def unusual(self) -> int:
        """How many marks there were."""
        return self.night + self.many_clients + self.new_device + self.refused_often


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A signed inspection: what was counted, and what was said of it."""

    month: str
    facts: Facts
    inspection: Inspection


@dataclass(frozen=True, kw_only=True)
class Added:
    """A later note beside a signed inspection."""

    month: str
    text: str


def month_of(day: date) -> str:
    """2026-11."""
    return f"{day:%Y-%m}"


def first_of(month: str) -> date:
    """The first day of a month; raises NotFound for what is none."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise NotFound("not-found")
    return date(int(found[1]), int(found[2]), 1)


def next_first(month: str) -> date:
    """The first day of the month after."""
    return (first_of(month) + timedelta(days=31)).replace(day=1)


def months(since: date, today: date) -> list[str]:
    """Every month from that of `since` to that of `today`, the newest first."""
    found = [month_of(since)]
    while found[-1] < month_of(today):
        found.append(month_of(next_first(found[-1])))
    return found[::-1]


def is_over(month: str, today: date) -> bool:
    """Whether a month has ended, so that it can be signed."""
    return today >= next_first(month)


def is_overdue(month: str, today: date) -> bool:
    """Whether a month that nobody has signed should have been."""
    return today >= next_first(month).replace(day=OVERDUE_FROM)
