"""Texts of a list turned into what a person would type into the box, where people write lists in another way."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from vault.domain.values import Unreadable, compact, plain, read_decimal

_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_FIRST_DAY = date(1899, 12, 30)
_SERIALS = range(8_000, 75_000)  # 1921 to 2105
_TIME = re.compile(r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?|\([月火水木金土日](?:曜日?)?\))$")
_MONTH = re.compile(r"(?:毎年)?(\d{1,2})(?:月(?:末日?|期|決算|締め?)?|月度)?")
_RATIO = Decimal("1.5")
_YEN_AT_LEAST = 100_000  # a bare amount of cover from here on is yen: nobody is insured for 10億円 in a list of offices
_HONORIFIC = re.compile(r"[ 　]*(?:様|殿|御中|さま)$")
_RANGE = re.compile(r"(.+?)\s*(?:[~～〜∼]|から|-(?=.*年.*-)|[−–—→])\s*(.+)")


def day(text: str) -> tuple[str, bool]:
    """A day without its time or weekday; whether a bare number was taken for one of Excel's days."""
    told = _TIME.sub("", text.strip()).strip()
    if _SERIAL.fullmatch(compact(told)) and int(float(compact(told))) in _SERIALS:
        found = _FIRST_DAY + timedelta(days=int(float(compact(told))))
        return f"{found.year}/{found.month}/{found.day}", True
    return told, False


def closing(text: str) -> str:
    """3月31日 of 3, 3月, 3月末: what a closing month is typed as. Other texts stay."""
    found = _MONTH.fullmatch(compact(text))
    if not found or not 1 <= int(found[1]) <= 12:
        return text
    month = int(found[1])
    return f"{month}月{monthrange(2023, month)[1]}日"


def rate(text: str) -> tuple[str, bool]:
    """A rate in percent; whether it was written as a part of one (0.849)."""
    try:
        value = read_decimal(text)
    except Unreadable:
        return text, False
    if "%" in plain(text) or not 0 < value <= _RATIO:
        return text, False
    return f"{(value * 100).normalize():f}", True


def money(text: str, heading: str) -> tuple[str, bool]:
    """A premium in yen; whether the heading says that it counts in thousands."""
    digits = compact(text).replace(",", "")
    if "千円" in heading and re.fullmatch(r"-?\d+(?:\.\d+)?", digits):
        return f"{int(Decimal(digits) * 1000):,}", True
    return text, False


def cover(text: str, heading: str) -> str:
    """An amount of cover: the form takes a bare number for 万円, a list often means yen."""
    digits = compact(text).replace(",", "")
    if not re.fullmatch(r"\d+(?:\.\d+)?", digits):
        return text
    number = Decimal(digits)
    if "千円" in heading:
        return f"{int(number * 1000):,}円"
    if "万円" in heading:
        return text
    return f"{int(number):,}円" if "円" in heading or number >= _YEN_AT_LEAST else text


def name(text: str) -> str:
    """Without the 様 of an address list."""
    return _HONORIFIC.sub("", text) or text


def both_ends(text: str) -> tuple[str, str] | None:
    """Beginning and end of 2026/4/1～2027/4/1; None for a term in words."""
    found = _RANGE.fullmatch(plain(text))
    return (found[1], found[2]) if found and re.search(r"\d", found[1]) else None
