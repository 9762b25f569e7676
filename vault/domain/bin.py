"""ごみ箱: what was put there by mistake comes back within some days; after them it is erased."""

from __future__ import annotations

DAYS, LEAST_DAYS, MOST_DAYS = 30, 1, 90
_DAY = 24 * 60 * 60


def erased_from(since: int, days: int) -> int:
    """The moment from which something is erased that lies in the bin since a moment; both in seconds since 1970."""
    return since + days * _DAY


def is_over(since: int, days: int, now: int) -> bool:
    """Whether something has lain in the bin for all its days."""
    return now >= erased_from(since, days)
