"""決算日 as an office says it: 3月31日, 3月末, 9月20日, 20日締め."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from vault.domain.values import Unreadable, compact

_SHAPE = re.compile(r"(?:(?:毎年)?(\d{1,2})(?:月|/|-))?(?:(\d{1,2})日?|(末)日?)?(?:締め?|決算|が決算日)?")


@dataclass(frozen=True, slots=True)
class Closing:
    """`month` is None for a monthly closing; `day` 31 stands for the month's last day."""

    month: int | None
    day: int

    def on_or_after(self, day: date) -> date:
        """The next closing from `day` on (that day included)."""
        year, month = day.year, self.month or day.month
        while True:
            found = date(year, month, min(self.day, monthrange(year, month)[1]))
            if found >= day:
                return found
            if self.month is None:
                year, month = (year, month + 1) if month < 12 else (year + 1, 1)
            else:
                year += 1


def read_closing(text: str) -> Closing:
    """Raise Unreadable: closing-unreadable."""
    bare = compact(text)
    found = _SHAPE.fullmatch(bare)
    if not found or not (found[1] or found[2] or found[3]) or (not found[1] and bare.isdigit()):
        raise Unreadable("closing-unreadable", typed=text.strip())
    month = int(found[1]) if found[1] else None
    day = int(found[2]) if found[2] else 31
    longest = monthrange(2024, month or 1)[1] if month is None or 1 <= month <= 12 else 0
    if not longest or (found[2] and not 1 <= day <= longest):
        raise Unreadable("date-nonexistent", typed=text.strip())
    last = month is not None and day >= monthrange(2023, month)[1]
    return Closing(month, 31 if last else day)
