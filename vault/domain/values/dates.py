"""Dates as Japanese paper writes them; what was typed is kept beside the day it means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from vault.domain.values.folding import compact
from vault.domain.values.unreadable import Unreadable

# Name, letter, first day, last day. On the day of a change paper uses the new name, except that 1912-07-30
# and 1926-12-25 carried both; the new one is taken there too.
ERAS = (
    ("令和", "R", date(2019, 5, 1), date.max),
    ("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    ("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    ("大正", "T", date(1912, 7, 30), date(1926, 12, 24)),
    ("明治", "M", date(1868, 10, 23), date(1912, 7, 29)),
)
_EARLIEST, _LATEST = 1868, 2199

_ERA = r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令]|[MTSHRmtshr])"
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        _ERA + r"(?P<year>元|\d{1,3})[年./-](?P<month>\d{1,2})[月./-](?P<day>\d{1,2})日?",
        _ERA + r"(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?:西暦)?(?P<year>\d{4})[年./-](?P<month>\d{1,2})[月./-](?P<day>\d{1,2})日?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    )
)


@dataclass(frozen=True, slots=True)
class TypedDate:
    """A day, and how the paper in the person's hand spelled it."""

    typed: str
    value: date

    @classmethod
    def of(cls, day: date) -> TypedDate:
        return cls(wareki(day), day)


def read_date(text: str) -> TypedDate:
    """Raise Unreadable: `date-unreadable`, `date-nonexistent`, `date-outside-era`.

    The last one has `means`, because policies printed before 2019 say 平成40年 and mean 2028.
    """
    typed = text.strip()
    for shape in _SHAPES:
        if found := shape.fullmatch(compact(typed)):
            return _day(typed, found.groupdict())
    raise Unreadable("date-unreadable", typed=typed)


def _day(typed: str, parts: dict[str, str | None]) -> TypedDate:
    era = _era(parts.get("era"))
    number = 1 if parts["year"] == "元" else int(parts["year"] or 0)
    year = era[2].year + number - 1 if era else number
    try:
        if number < 1 or not _EARLIEST <= year <= _LATEST:
            raise ValueError(year)
        day = date(year, int(parts["month"] or 0), int(parts["day"] or 0))
    except ValueError:
        raise Unreadable("date-nonexistent", typed=typed) from None
    if era and day < era[2]:
        raise Unreadable("date-nonexistent", typed=typed)
    if era and day > era[3]:
        raise Unreadable("date-outside-era", means=TypedDate(typed, day), typed=typed, day=wareki(day))
    return TypedDate(typed, day)


def _era(name: str | None) -> tuple[str, str, date, date] | None:
    if name is None:
        return None
    return next(era for era in ERAS if era[0].startswith(name) or era[1] == name.upper())


def wareki(day: date, *, short: bool = False) -> str:
    """平成20年6月1日, or H20.6.1 for tables; before Meiji the Gregorian date."""
    for name, letter, first, last in ERAS:
        if first <= day <= last:
            year = day.year - first.year + 1
            if short:
                return f"{letter}{year}.{day.month}.{day.day}"
            return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"{day.year}/{day.month}/{day.day}" if short else f"{day.year}年{day.month}月{day.day}日"
