"""Availability: what one look tells of the time after it, what nobody looked at, and what was announced."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vault.domain.operator.availability import (
    STANDS,
    Figures,
    Stretch,
    bounds,
    figures,
    length,
    month_of,
    months_before,
    overlap,
    united,
)

MINUTE, HOUR, DAY = 60, 3600, 86400


def test_an_hour_that_was_looked_at_throughout_is_up() -> None:
    assert figures([Stretch(0, HOUR, True)], [(0, HOUR)], []) == Figures(up=HOUR)


def test_a_look_stands_until_the_next_one() -> None:
    seen = [Stretch(0, 20 * MINUTE, True), Stretch(25 * MINUTE, 30 * MINUTE, False), Stretch(35 * MINUTE, HOUR, True)]
    assert figures(seen, [(0, HOUR)], []) == Figures(up=50 * MINUTE, down=10 * MINUTE)


def test_what_nobody_looked_at_is_unknown_and_never_up() -> None:
    seen = [Stretch(0, 10 * MINUTE, True), Stretch(HOUR, 2 * HOUR, True)]
    found = figures(seen, [(0, 2 * HOUR)], [])
    assert found == Figures(up=HOUR + 10 * MINUTE + STANDS, unknown=50 * MINUTE - STANDS)
    assert found.hundredths == 10_000
    assert figures([], [(0, HOUR)], []) == Figures(unknown=HOUR)
    assert figures([], [(0, HOUR)], []).hundredths is None


def test_a_stop_that_was_announced_is_counted_apart_as_far_as_it_was_one() -> None:
    seen = [Stretch(0, 25 * MINUTE, True), Stretch(30 * MINUTE, 55 * MINUTE, False), Stretch(HOUR, 2 * HOUR, True)]
    found = figures(seen, [(0, 2 * HOUR)], [(20 * MINUTE, 40 * MINUTE), (35 * MINUTE, 50 * MINUTE)])
    # Down from 0:30 to 1:00; announced until 0:50, and up for the first ten minutes of that.
    assert found == Figures(up=90 * MINUTE, down=10 * MINUTE, planned=20 * MINUTE)
    assert found.hundredths == 9_000


def test_only_the_service_hours_count_where_they_are_asked_for() -> None:
    seen = [Stretch(0, 9 * HOUR, False), Stretch(9 * HOUR, DAY, True)]
    assert figures(seen, [(9 * HOUR, 22 * HOUR)], []) == Figures(up=13 * HOUR)


def test_a_share_is_cut_off_and_never_rounded_up_to_everything() -> None:
    assert Figures(up=30 * DAY - 1, down=1).hundredths == 9_999
    assert Figures(up=30 * DAY).hundredths == 10_000
    assert Figures(down=1).hundredths == 0


def test_months_are_those_of_japan() -> None:
    first, end = bounds("2026-02")
    assert end - first == 28 * DAY and month_of(first) == "2026-02" and month_of(first - 1) == "2026-01" and month_of(end) == "2026-03"
    assert months_before("2027-02", 4) == ["2026-11", "2026-12", "2027-01", "2027-02"]


def intervals(draw: st.DrawFn) -> list[tuple[int, int]]:
    ends = sorted(draw(st.sets(st.integers(0, 10_000), max_size=12)))
    return list(zip(ends[::2], ends[1::2], strict=False))


@given(st.composite(intervals)(), st.composite(intervals)())
def test_what_two_lists_share_is_what_each_second_says(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    def seconds(of: list[tuple[int, int]]) -> set[int]:
        return {at for a, b in of for at in range(a, b)}

    assert seconds(overlap(some, others)) == seconds(some) & seconds(others)
    assert length(united([*some, *others])) == len(seconds(some) | seconds(others))


@given(st.lists(st.tuples(st.integers(1, 2000), st.booleans()), max_size=30), st.composite(intervals)(), st.composite(intervals)())
def test_every_second_of_a_period_is_one_thing(
    looks: list[tuple[int, bool]], period: list[tuple[int, int]], planned: list[tuple[int, int]]
) -> None:
    seen, at = [], 0
    for after, up in looks:
        at += after
        seen.append(Stretch(at, at, up))
    found = figures(seen, period, planned)
    assert found.seconds == length(period) and min(found.up, found.down, found.planned, found.unknown) >= 0
    assert found.up == figures(seen, period, []).up and found.unknown == figures(seen, period, []).unknown
