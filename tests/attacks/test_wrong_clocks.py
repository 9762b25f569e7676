"""A clock that was a day ahead for a while: what was written then and afterwards is all told and counted."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.support.offices import Office
from vault.domain.values.moments import JAPAN
from vault.services import clients, inspections, log
from vault.services.log_walk import Query

HOUR, DAY = 3600, 24 * 3600


def look(office: Office, times: int, client: int) -> None:
    """Somebody opens a client so many times."""
    desk = office.desk()
    for _ in range(times):
        clients.get(desk, office.facts.clients[client])


def a_day_ahead_for_a_while(office: Office, meanwhile: int, after: int) -> None:
    office.clock.tick(DAY)
    look(office, meanwhile, 0)
    office.clock.tick(600 - DAY)
    look(office, after, 1)


@pytest.mark.parametrize(("meanwhile", "after"), [(1, 40), (5, 5), (20, 90), (60, 30), (60, 5)])
def test_the_log_of_a_day_is_whole(meanwhile: int, after: int, office: Office) -> None:
    since, until = int(office.clock.now * 1000), int((office.clock.now + 12 * HOUR) * 1000)
    a_day_ahead_for_a_while(office, meanwhile, after)
    office.clock.tick(2 * DAY)
    page = log.page(office.desk(), Query(events=("client-opened",), since=since, until=until))
    assert len(page.lines) == after
    whole = log.page(office.desk(), Query(events=("client-opened",), since=since))
    assert len(whole.lines) == min(meanwhile + after, log.PAGE)


@pytest.mark.parametrize(("meanwhile", "after"), [(30, 10), (5, 60)])
def test_a_month_is_counted_whole(meanwhile: int, after: int, office: Office) -> None:
    """On its last day the clock said that the next one had begun."""
    today = datetime.fromtimestamp(office.clock.now, JAPAN)
    first_of_next = datetime(today.year + today.month // 12, today.month % 12 + 1, 1, tzinfo=JAPAN).timestamp()
    office.clock.now = first_of_next - 6 * HOUR
    a_day_ahead_for_a_while(office, meanwhile, after)
    office.clock.tick(5 * DAY)
    for at in (first_of_next - HOUR, first_of_next + HOUR):
        counted = inspections.counted(office.desk(), month_of(at))
        assert counted.broken == 0
        assert counted.entries == written_in(office, month_of(at)) > 0


def month_of(at: float) -> str:
    return f"{datetime.fromtimestamp(at, JAPAN):%Y-%m}"


def written_in(office: Office, month: str) -> int:
    """How many entries say that they were written in a month."""
    found = office.sql('SELECT "at" FROM journal')
    return sum(month_of(at / 1000) == month for (at,) in found)
