"""サービス提供時間: when the operator means a vault to be there. A target that is shown and measured, never a lock.

As it is written down: "mon-sat 09:00-22:00; not holidays". Clauses stand between semicolons; a clause is days and one or
more spans of a day, "not holidays" takes Japan's public holidays out, "always" is every hour of every day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from vault.domain.values.moments import JAPAN, day_of
from vault.errors import Refused

USUAL = "mon-sat 09:00-22:00; not holidays"
ALWAYS, NOT_HOLIDAYS, DAILY = "always", "not holidays", "daily"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_TEXT = 200
_WHOLE_DAY = 24 * 60
_CLAUSE = re.compile(r"([a-z,-]+) ([0-9:,-]+)")
_SPAN = re.compile(r"(\d\d?):(\d\d)-(\d\d?):(\d\d)", re.ASCII)

Span = tuple[int, int]  # minutes since midnight in Japan, the end not included
Interval = tuple[int, int]  # seconds since 1970, the end not included


@dataclass(frozen=True)
class ServiceHours:
    """The spans of each day of a week, Monday first; `holidays`: whether public holidays are like other days."""

    days: tuple[tuple[Span, ...], ...]
    holidays: bool

    def text(self) -> str:
        """As it is written down."""
        if self == parse(ALWAYS):
            return ALWAYS
        clauses = [f"{_days_text(first, last)} {','.join(map(_span_text, spans))}" for first, last, spans in self.groups()]
        return "; ".join([*clauses, *([] if self.holidays else [NOT_HOLIDAYS])])

    def groups(self) -> list[tuple[int, int, tuple[Span, ...]]]:
        """Days with the same spans that follow each other: (first, last, spans), Monday is 0; days without are left out."""
        found: list[tuple[int, int, tuple[Span, ...]]] = []
        for day, spans in enumerate(self.days):
            if found and found[-1][1] == day - 1 and found[-1][2] == spans:
                found[-1] = (found[-1][0], day, spans)
            elif spans:
                found.append((day, day, spans))
        return found

    def within(self, since: int, until: int, is_holiday: Callable[[date], bool]) -> Iterator[Interval]:
        """The stretches of service in a period, in order."""
        day = day_of(since)
        while (midnight := _midnight(day)) < until:
            spans = () if not self.holidays and is_holiday(day) else self.days[day.weekday()]
            for opens, closes in spans:
                start, end = max(since, midnight + opens * 60), min(until, midnight + closes * 60)
                if start < end:
                    yield start, end
            day += timedelta(days=1)


def parse(text: str) -> ServiceHours:
    """Reads what is written down, the usual hours where nothing is; raises Refused("service-hours-unreadable")."""
    days: dict[int, tuple[Span, ...]] = {}
    holidays = True
    for clause in filter(None, (" ".join(each.split()) for each in (text.strip().lower() or USUAL).split(";"))):
        if clause == NOT_HOLIDAYS:
            holidays = False
            continue
        named, spans = _clause(f"{DAILY} 00:00-24:00" if clause == ALWAYS else clause)
        if days.keys() & set(named):
            raise _unreadable(clause)
        days.update(dict.fromkeys(named, spans))
    if not days or len(text) > LONGEST_TEXT:
        raise _unreadable(text)
    return ServiceHours(tuple(days.get(day, ()) for day in range(7)), holidays)


def _clause(clause: str) -> tuple[list[int], tuple[Span, ...]]:
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        raise _unreadable(clause)
    named = [day for part in found[1].split(",") for day in _named(part, clause)]
    spans = tuple(_span(part, clause) for part in found[2].split(","))
    if len(set(named)) < len(named) or any(b[0] < a[1] for a, b in pairwise(spans)):
        raise _unreadable(clause)
    return named, spans


def _named(part: str, clause: str) -> range:
    if part == DAILY:
        return range(7)
    ends = part.split("-")
    if len(ends) > 2 or not set(ends) <= set(DAYS):
        raise _unreadable(clause)
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    if last < first:
        raise _unreadable(clause)
    return range(first, last + 1)


def _span(part: str, clause: str) -> Span:
    found = _SPAN.fullmatch(part)
    if found is None or int(found[2]) > 59 or int(found[4]) > 59:
        raise _unreadable(clause)
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if not opens < closes <= _WHOLE_DAY:
        raise _unreadable(clause)
    return opens, closes


def _unreadable(said: str) -> Refused:
    return Refused("service-hours-unreadable", said=said[:LONGEST_TEXT])


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), JAPAN).timestamp())


def _days_text(first: int, last: int) -> str:
    if (first, last) == (0, 6):
        return DAILY
    return DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"


def _span_text(span: Span) -> str:
    return "-".join(f"{at // 60:02d}:{at % 60:02d}" for at in span)
