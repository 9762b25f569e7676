"""Moments as offices live them: seconds since 1970 and days in Japan, wherever the server stands."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

JAPAN = timezone(timedelta(hours=9))
DAY = 24 * 60 * 60  # seconds


def day_of(seconds: float) -> date:
    """The day in Japan of a moment."""
    return datetime.fromtimestamp(seconds, JAPAN).date()
