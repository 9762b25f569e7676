"""The end of a contract: what an administrator asks for, and until when it can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from vault.domain import fields
from vault.domain.values import TypedDate

# Long enough to print everything and for everybody of the office to notice.
NOTICE_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class CancellationOrder:
    """What an administrator types: the day on which everything goes, the office's name, and why if he likes to say."""

    day: TypedDate | None = fields.day(required=True)
    office: str = fields.text(required=True, max_length=200)
    reason: str = fields.text(max_length=200)


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """One request. `day` as 2026-12-24, `asked` and `taken_back` in seconds since 1970, 0 while it stands; persons by
    their ids in hex."""

    day: str
    asked: int
    person: str
    reason: str = ""
    taken_back: int = 0
    taken_back_by: str = ""

    @property
    def on(self) -> date:
        """The day on which everything goes."""
        return date.fromisoformat(self.day)


def earliest(today: date) -> date:
    """The first day that may be asked for."""
    return today + timedelta(days=NOTICE_DAYS)


def can_be_taken_back(day: date, today: date) -> bool:
    """Whether the day has not come yet."""
    return today < day
