"""Values of cells as the text that a person sees in Excel. Runs in the child only."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

Show = Callable[[float], str]
# Built-in number formats: percent, and dates; those from 27 on are what Japanese Excel writes.
_PERCENT, _DATES = {9, 10}, {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
# Not what a format means, but what it only shows: texts, escaped letters, colours, conditions, blanks.
_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DATE_LETTERS = re.compile("[ymdhsge]", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_ZEROS = re.compile(r'^(?:0|\\?-|"-")*$')
_FIRST, _FIRST_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_LATEST = 2_958_465  # 9999-12-31
_DAY = 24 * 60 * 60


def number(value: float) -> str:
    """3410, 0.849: at most fifteen digits, as Excel keeps them, and never with an exponent."""
    if not math.isfinite(value):
        return "#NUM!"
    if value == int(value) and abs(value) < 1e17:
        return str(int(value))
    told = f"{value:.15g}"
    if "e" not in told:
        return told
    return f"{value:.0f}" if abs(value) >= 1 else f"{value:.20f}".rstrip("0").rstrip(".")


def moment(value: datetime | date | time | timedelta) -> str:
    """2026/11/21, with the time where there is one."""
    match value:
        case datetime():
            day = f"{value.year}/{value.month}/{value.day}"
            return day if value.time() == time(0) else f"{day} {value:%H:%M}"
        case date():
            return f"{value.year}/{value.month}/{value.day}"
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            return f"{minutes // 60}:{minutes % 60:02d}"
    return f"{value:%H:%M}"


def shown_by(format_id: int, code: str, since_1904: bool) -> Show:
    """How numbers of a format are shown, as far as it changes what they say: dates, percent, leading zeros."""
    bare = _SHOWN.sub("", code)
    if format_id in _DATES or _ELAPSED.search(code) or (_DATE_LETTERS.search(bare) and "general" not in bare.lower()):
        return lambda value: _date(value, since_1904)
    if format_id in _PERCENT or "%" in bare.split(";")[0]:
        return lambda value: f"{float(f'{value * 100:.13g}'):.13g}%"
    zeros = code.split(";")[-1]
    if zeros.count("0") > 1 and _ZEROS.match(zeros):
        return lambda value: _padded(value, zeros)
    return number


def _date(value: float, since_1904: bool) -> str:
    if not 0 <= value < _LATEST:
        return number(value)
    # Rounded to the second: a day is no whole number of binary fractions.
    seconds = round(value * _DAY)
    if seconds < _DAY:
        return moment((datetime.min + timedelta(seconds=seconds)).time())
    if not since_1904 and seconds < 60 * _DAY:
        seconds += _DAY  # Excel believes in 29 February 1900
    return moment((_FIRST_1904 if since_1904 else _FIRST) + timedelta(seconds=seconds))


def _padded(value: float, zeros: str) -> str:
    """231-0023 of 2310023 in the format 000-0000."""
    places = zeros.count("0")
    digits = number(value)
    if not digits.isdigit():
        return digits
    digits = digits.zfill(places)
    told, at = digits[: len(digits) - places], len(digits) - places
    for letter in re.sub(r'[\\"]', "", zeros):
        told += digits[at] if letter == "0" else letter
        at += letter == "0"
    return told
