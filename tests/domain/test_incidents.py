"""障害・事故: clocks from awareness, reports in their turn, the authority's dates, words for all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.support import catalogue
from vault.domain.operator import incidents, incidents_told
from vault.domain.operator.incidents import (
    DAMAGE,
    FAULT,
    FINAL,
    FIRST,
    HOUR,
    INTERIM,
    LEAK,
    OUTAGE,
    RECOVERY,
    SUSPECTED,
    Deadline,
    Entry,
    Incident,
)
from vault.domain.operator.typed import read_moment
from vault.errors import Malformed, Refused

DAY = 24 * HOUR
AWARE = read_moment("2026-11-22 14:00")
OPENED = Entry(AWARE + 60, "sato", incidents.OPENED, {
    "kind": OUTAGE, "what": "つながりません。", "aware": AWARE, "began": AWARE - HOUR, "wrongful": False, "offices": ["minato", "sakura"],
})  # fmt: skip
WHOLE = {"cause": "原因", "measures": "対応", "prevention": "再発防止"}


def after(*entries: Entry) -> Incident:
    return incidents.of_entries(3, [OPENED, *entries])


def reported(kind: str, at: int, **facts: str) -> Entry:
    more = {"recovered": at} if kind == RECOVERY else {}
    return Entry(at, "sato", incidents.REPORTED, {"kind": kind, "facts": facts, **more})


def test_the_first_notice_is_due_one_hour_after_awareness_however_late_it_was_opened() -> None:
    assert after().due()[0] == Deadline(FIRST, AWARE + HOUR)
    assert not after().due()[0].late(AWARE + HOUR) and after().due()[0].late(AWARE + HOUR + 1)


def test_every_report_starts_the_next_clock() -> None:
    first = reported(FIRST, AWARE + 600)
    assert [each.report for each in after().due()] == [FIRST, FINAL]
    assert after(first).due()[0] == Deadline(INTERIM, AWARE + 600 + DAY)
    interim = reported(INTERIM, AWARE + DAY)
    assert after(first, interim).due()[0] == Deadline(INTERIM, AWARE + DAY + 3 * DAY)
    recovered = Entry(AWARE + 2 * DAY, "sato", incidents.CHANGED, {"recovered": AWARE + DAY + HOUR})
    assert after(first, interim, recovered).due()[0] == Deadline(RECOVERY, AWARE + DAY + 2 * HOUR)
    back = reported(RECOVERY, AWARE + 2 * DAY)
    assert after(first, interim, back).due() == [Deadline(FINAL, AWARE + 2 * DAY + 14 * DAY)]
    assert after(first, interim, back, reported(FINAL, AWARE + 3 * DAY)).due() == []


def test_the_final_report_comes_before_the_offices_own_last_date() -> None:
    found = replace(after(), kind=LEAK)
    assert found.authority is not None and found.due()[-1].report == FINAL
    assert found.due()[-1].by == AWARE + 25 * DAY < read_moment("2026-12-21 00:00")


def test_what_was_reported_late_stays_late_and_what_was_in_time_stays_so() -> None:
    assert after(reported(FIRST, AWARE + 2 * HOUR)).deadlines()[0].late(AWARE)
    assert not after(reported(FIRST, AWARE + 600)).deadlines()[0].late(AWARE + 365 * DAY)


@pytest.mark.parametrize(("wrongful", "full"), [(False, date(2026, 12, 21)), (True, date(2027, 1, 20))])
def test_the_dates_of_the_authority_count_the_day_of_awareness_as_the_first(wrongful: bool, full: date) -> None:
    told = replace(after(), kind=SUSPECTED, wrongful=wrongful).authority
    assert told is not None and told.prompt == (date(2026, 11, 24), date(2026, 11, 26)) and told.full == full


@pytest.mark.parametrize(("kind", "personal"), [(OUTAGE, False), (FAULT, False), (SUSPECTED, True), (LEAK, True), (DAMAGE, True)])
def test_the_authority_is_spoken_of_only_where_personal_data_may_be_concerned(kind: str, personal: bool) -> None:
    assert (replace(after(), kind=kind).authority is not None) is personal


def test_awareness_near_midnight_belongs_to_the_day_in_japan() -> None:
    told = replace(after(), kind=LEAK, aware=read_moment("2026-11-23 00:30")).authority
    assert told is not None and told.prompt[1] == date(2026, 11, 27)


@pytest.mark.parametrize(("before", "kind", "said", "code"), [
    ((), INTERIM, {"situation": "調査中"}, "incident-first-missing"),
    ((FIRST,), FIRST, {}, "incident-first-there"),
    ((FIRST,), INTERIM, {}, "incident-facts-missing"),
    ((FIRST,), FINAL, {"cause": "原因"}, "incident-facts-missing"),
    ((FIRST, RECOVERY), RECOVERY, WHOLE, "incident-report-there"),
    ((FIRST, FINAL), INTERIM, WHOLE | {"situation": "続き"}, "incident-report-there"),
    ((FIRST,), "gossip", {}, "incident-kind-unknown"),
    ((FIRST,), INTERIM, {"situation": "あ" * 2001}, "operator-text-long"),
])
def test_a_report_out_of_turn_or_without_its_facts_is_refused(
    before: tuple[str, ...], kind: str, said: dict[str, str], code: str
) -> None:
    found = after(*(reported(each, AWARE + 600 + n) for n, each in enumerate(before)))
    with pytest.raises(Refused) as refused:
        incidents.check_report(found, kind, said)
    assert refused.value.code == code


def test_a_report_carries_what_earlier_ones_said_and_is_not_made_twice() -> None:
    found = after(reported(FIRST, AWARE + 600, scope="全員", situation="調査中"))
    said = incidents.check_report(found, INTERIM, {"situation": "原因が分かりました。", "scope": ""})
    assert said == {"scope": "全員", "situation": "原因が分かりました。"}
    again = after(reported(FIRST, AWARE + 600), Entry(AWARE + 900, "sato", incidents.REPORTED, {"kind": INTERIM, "facts": said}))
    with pytest.raises(Refused) as refused:
        incidents.check_report(again, INTERIM, {"situation": "原因が分かりました。"})
    assert refused.value.code == "incident-report-same"


def test_nothing_is_added_after_the_end_and_there_is_no_end_without_a_final_report() -> None:
    with pytest.raises(Refused):
        incidents.check_closing(after(reported(FIRST, AWARE + 600)))
    done = after(reported(FIRST, AWARE + 600), reported(FINAL, AWARE + DAY, **WHOLE))
    incidents.check_closing(done)
    with pytest.raises(Refused):
        incidents.check_report(replace(done, closed=AWARE + 2 * DAY), INTERIM, {"situation": "続き"})


@pytest.mark.parametrize("aware", [AWARE + 1, AWARE - 367 * DAY])
def test_awareness_lies_in_the_year_that_has_gone(aware: int) -> None:
    with pytest.raises(Refused):
        incidents.check_opening(OUTAGE, "停止", aware, 0, AWARE)


# --- what an office is told


def test_an_office_reads_back_what_it_was_told_and_nothing_of_others() -> None:
    found = after(reported(FIRST, AWARE + 600, situation="調査中"))
    told = incidents_told.facts(found)
    assert "sakura" not in str(told) and "sato" not in str(told)
    assert incidents_told.of_facts(told) == replace(found, offices=(), opened=0)


def test_an_office_is_told_of_nothing_before_the_first_notice_and_of_nothing_that_is_not_its_own() -> None:
    made = after(reported(FIRST, AWARE + 600))
    assert incidents_told.chosen([after(), made], "minato") == [made] and incidents_told.chosen([made], "other") == []


@pytest.mark.parametrize("change", [
    {"kind": "gossip"}, {"number": 0}, {"aware": "now"}, {"wrongful": 1}, {"what": 5}, {"reports": {}}, {"reports": [{}]}, {"more": 1},
    {"reports": [{"n": 1, "kind": FIRST, "at": 1, "facts": {"gossip": ""}}]},
    {"reports": [{"n": 1, "kind": FIRST, "at": 1, "facts": {"cause": 5}}]},
])
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        incidents_told.of_facts({**incidents_told.facts(after()), **change})


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_kind_report_fact_and_event_has_its_words(language: str) -> None:
    events = {value for name, value in vars(incidents).items() if name.isupper() and isinstance(value, str)} - {
        *incidents.KINDS, *incidents.REPORTS,
    }  # fmt: skip
    wanted = {
        *(f"incident.{each}" for each in (*incidents.KINDS, "aware", "began", "recovered")),
        *(f"incident-{of}.{each}" for of in ("report", "letter") for each in incidents.REPORTS),
        *(f"incident-fact.{each}" for each in incidents.FACTS), *(f"incident-event.{each}" for each in events),
        *(f"notice.{each}" for each in ("later", "coming", "now", "over")),
    }  # fmt: skip
    assert len(events) == 9 and wanted - set(catalogue.read(catalogue.ROOT, language)) == set()


def test_a_journal_begins_with_its_opening() -> None:
    for entries in ([], [reported(FIRST, AWARE)]):
        with pytest.raises(Malformed):
            incidents.of_entries(1, entries)
