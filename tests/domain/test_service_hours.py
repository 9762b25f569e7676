"""サービス提供時間: what is written down, what it means on a calendar, and that what is written back reads the same."""

from __future__ import annotations

from datetime import date, datetime

import jpholiday
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain.operator.service_hours import DAYS, USUAL, ServiceHours, parse
from vault.domain.values.moments import JAPAN
from vault.errors import Refused


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=JAPAN).timestamp())


def holiday(day: date) -> bool:
    return bool(jpholiday.is_holiday(day))


def spans(hours: ServiceHours, since: str, until: str) -> list[tuple[str, str]]:
    found = hours.within(at(since), at(until), holiday)
    return [tuple(f"{datetime.fromtimestamp(each, JAPAN):%m-%d %H:%M}" for each in pair) for pair in found]  # type: ignore[misc]


def test_the_usual_hours_leave_out_sundays_and_holidays() -> None:
    # 2026-11-22 is a Sunday, 23 November 勤労感謝の日.
    assert spans(parse(""), "2026-11-20T00:00", "2026-11-25T00:00") == [
        ("11-20 09:00", "11-20 22:00"), ("11-21 09:00", "11-21 22:00"), ("11-24 09:00", "11-24 22:00"),
    ]  # fmt: skip
    assert parse("") == parse(USUAL)


def test_a_substitute_holiday_is_one() -> None:
    # 2027-03-21 (春分の日) is a Sunday, so Monday the 22nd is off.
    assert spans(parse(USUAL), "2027-03-22T00:00", "2027-03-23T00:00") == []


def test_a_period_cuts_the_first_and_the_last_span() -> None:
    assert spans(parse("daily 09:00-12:00,13:00-17:30"), "2026-11-20T10:00", "2026-11-20T14:00") == [
        ("11-20 10:00", "11-20 12:00"), ("11-20 13:00", "11-20 14:00"),
    ]  # fmt: skip


def test_always_is_every_hour_of_every_day() -> None:
    assert sum(b - a for a, b in parse("always").within(at("2026-12-25T00:00"), at("2027-01-05T00:00"), holiday)) == 11 * 86400


@pytest.mark.parametrize(("said", "kept"), [
    ("MON-FRI 9:00-17:00 ;  sat 9:00-12:00; not holidays", "mon-fri 09:00-17:00; sat 09:00-12:00; not holidays"),
    ("mon,tue,wed 08:00-20:00", "mon-wed 08:00-20:00"),
    ("daily 00:00-24:00", "always"),
    ("sat-sun 10:00-12:00,13:00-15:00; mon 10:00-11:00", "mon 10:00-11:00; sat-sun 10:00-12:00,13:00-15:00"),
])
def test_what_is_typed_is_kept_in_one_spelling(said: str, kept: str) -> None:
    assert parse(said).text() == kept and parse(kept) == parse(said)


@pytest.mark.parametrize("said", [
    "not holidays", "mon", "mon 9-17", "mon 09:00-09:00", "mon 17:00-09:00", "mon 09:00-24:01", "mon 09:60-10:00", "fri-mon 09:00-10:00",
    "mon 09:00-12:00; mon 13:00-15:00", "mon,mon 09:00-10:00", "mon 09:00-12:00,11:00-13:00", "mon 13:00-14:00,09:00-10:00",
    "moon 09:00-10:00", "mon-wed-fri 09:00-10:00", "mon 09:00-10:00; " * 40, "月-土 09:00-22:00", "mon 09:00-10:00\nsun 09:00-10:00",
])
def test_what_cannot_be_meant_is_refused(said: str) -> None:
    with pytest.raises(Refused, match="service-hours-unreadable"):
        parse(said)


@st.composite
def some_hours(draw: st.DrawFn) -> ServiceHours:
    def day() -> tuple[tuple[int, int], ...]:
        ends = sorted(draw(st.sets(st.integers(0, 24 * 60), max_size=6)))
        return tuple(zip(ends[::2], ends[1::2], strict=False))

    days = tuple(day() for _ in DAYS)
    return ServiceHours(days if any(days) else (((0, 1),), *days[1:]), draw(st.booleans()))


@given(some_hours())
def test_what_is_written_down_reads_back(hours: ServiceHours) -> None:
    text = hours.text()
    if len(text) <= 200:
        assert parse(text) == hours
