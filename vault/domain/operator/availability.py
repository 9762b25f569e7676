"""How much of a month an office could be reached, from what the monitor saw every few minutes.

What one look has found stands until the next look, for `STANDS` at most; what nobody has looked at is unknown, and never
counted as reachable. A stop that was announced before it began is counted apart, and only as far as it was one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from vault.domain.operator.service_hours import Interval
from vault.domain.values.moments import JAPAN

STANDS = 11 * 60  # seconds: two rounds of the monitor, and a bit


@dataclass(frozen=True)
class Stretch:
    """Looks that found the same, one after the other: the first and the last of them, in seconds since 1970."""

    since: int
    until: int
    up: bool


@dataclass(frozen=True)
class Figures:
    """Seconds of a period: reachable, not reachable, not reachable in a stop that was announced, and unknown."""

    up: int = 0
    down: int = 0
    planned: int = 0
    unknown: int = 0

    @property
    def hundredths(self) -> int | None:
        """Availability in hundredths of a per cent, cut off and not rounded; None where nothing was measured."""
        measured = self.up + self.down
        return self.up * 10_000 // measured if measured else None

    @property
    def seconds(self) -> int:
        """The whole period."""
        return self.up + self.down + self.planned + self.unknown


def figures(stretches: Sequence[Stretch], spans: Iterable[Interval], planned: Iterable[Interval]) -> Figures:
    """The figures of the time in `spans`, which come in order and apart from each other, as the stretches do."""
    period = list(spans)
    up, down = (overlap(_known(stretches, wanted), period) for wanted in (True, False))
    announced = length(overlap(down, united(planned)))
    whole, reached, stopped = length(period), length(up), length(down)
    return Figures(reached, stopped - announced, announced, whole - reached - stopped)


def _known(stretches: Sequence[Stretch], up: bool) -> list[Interval]:
    """The times of which it is known that an office was up, or down."""
    found: list[Interval] = []
    for at, each in enumerate(stretches):
        end = each.until + STANDS
        if at + 1 < len(stretches):
            end = min(end, stretches[at + 1].since)
        if each.up is up and each.since < end:
            found.append((each.since, end))
    return found


def overlap(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """What two lists of intervals have in common; each in order and without overlaps of its own."""
    found: list[Interval] = []
    one, other = 0, 0
    while one < len(some) and other < len(others):
        start, end = max(some[one][0], others[other][0]), min(some[one][1], others[other][1])
        if start < end:
            found.append((start, end))
        if some[one][1] < others[other][1]:
            one += 1
        else:
            other += 1
    return found


def united(intervals: Iterable[Interval]) -> list[Interval]:
    """The same times in order, without overlaps."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def length(intervals: Iterable[Interval]) -> int:
    """How many seconds they are."""
    return sum(end - start for start, end in intervals)


def month_of(at: float) -> str:
    """The month in Japan of a moment, as 2026-11."""
    return f"{datetime.fromtimestamp(at, JAPAN):%Y-%m}"


def bounds(month: str) -> Interval:
    """A month's first second and the first one of the next; raises ValueError for what is none."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=JAPAN)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return int(first.timestamp()), int(following.timestamp())


def months_before(month: str, number: int) -> list[str]:
    """So many months that end with this one, oldest first."""
    found = [month]
    while len(found) < number:
        found.append(month_of(bounds(found[-1])[0] - 1))
    return found[::-1]
