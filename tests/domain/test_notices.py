"""お知らせ: from when they are shown, what they may say, and how they stand in a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vault.domain.operator import notices
from vault.domain.operator.notices import KEPT, MOST_LETTERS, Notice
from vault.domain.operator.typed import read_moment, read_words, told_moment
from vault.errors import Malformed, Refused

NOW = 1_795_000_000
HOUR, DAY = 3600, 24 * 3600
PLANNED = Notice(id="1", planned=True, begins=NOW + DAY, ends=NOW + DAY + HOUR, announce=NOW, ja="点検のため停止します。")


def test_a_notice_is_shown_beforehand_and_during_and_not_afterwards() -> None:
    held = replace(PLANNED, announce=NOW + HOUR)
    times = (NOW, NOW + HOUR - 1, NOW + HOUR, NOW + DAY - 1, NOW + DAY, NOW + DAY + HOUR - 1, NOW + DAY + HOUR)
    assert [held.state(at) for at in times] == ["later", "later", "coming", "coming", "now", "now", "over"]


def test_one_without_an_end_goes_on() -> None:
    assert Notice(id="1", planned=False, begins=NOW, ends=None, announce=NOW, ja="停止中").state(NOW + 300 * DAY) == "now"


def test_one_for_all_concerns_offices_that_are_still_to_come() -> None:
    assert PLANNED.concerns("tomorrow") and not replace(PLANNED, offices=("minato",)).concerns("tomorrow")


@pytest.mark.parametrize(("change", "code"), [
    ({"ja": " "}, "notice-words-missing"),
    ({"ja": "あ" * (MOST_LETTERS + 1)}, "operator-text-long"),
    ({"ja": "止まり\u202eます"}, "operator-text-unseen"),
    ({"en": "two\nlines"}, "operator-text-unseen"),
    ({"ends": None}, "notice-end-missing"),
    ({"ends": PLANNED.begins}, "notice-backwards"),
    ({"begins": NOW, "announce": NOW}, "notice-not-beforehand"),
    ({"ends": PLANNED.begins + 8 * DAY}, "notice-long"),
    ({"begins": NOW + 400 * DAY, "ends": NOW + 401 * DAY}, "notice-far"),
    ({"planned": False, "begins": NOW - 2 * HOUR, "ends": NOW - HOUR, "announce": NOW - 2 * HOUR}, "notice-over"),
    ({"announce": PLANNED.begins + 1}, "notice-far"),
])
def test_what_is_wrong_with_a_notice_is_said(change: dict[str, Any], code: str) -> None:
    assert notices.check(PLANNED, NOW) == PLANNED
    with pytest.raises(Refused) as refused:
        notices.check(replace(PLANNED, **change), NOW)
    assert refused.value.code == code


def test_taking_down_ends_what_has_begun_and_takes_back_what_has_not() -> None:
    assert notices.ended(PLANNED, NOW) is None
    during = notices.ended(PLANNED, PLANNED.begins + 60)
    assert during is not None and during.ends == PLANNED.begins + 60
    with pytest.raises(Refused):
        notices.ended(PLANNED, NOW + 2 * DAY)


def test_a_notice_comes_back_out_of_a_file_as_it_was() -> None:
    assert notices.of_facts(notices.facts(PLANNED)) == PLANNED
    assert set(notices.facts(PLANNED)) == {"id", "planned", "from", "to", "announce", "ja", "en"}


@pytest.mark.parametrize("change", [
    {"id": 1}, {"planned": 1}, {"from": "soon"}, {"from": -1}, {"to": True}, {"announce": None}, {"ja": None}, {"more": 1},
    {"ja": "あ" * 5000}, {"offices": "minato"}, {"offices": [1]},
])
def test_anything_else_in_a_file_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        notices.of_facts({**notices.facts(PLANNED), **change})


def test_a_notice_is_of_use_for_the_figures_of_a_year() -> None:
    over = PLANNED.begins + HOUR
    assert not PLANNED.is_useless(over + 366 * DAY) and PLANNED.is_useless(over + KEPT + 1)
    assert not replace(PLANNED, ends=None).is_useless(over + KEPT + 1)


@pytest.mark.parametrize("typed", ["2026-11-25 22:00", "2026/11/25 22:00", "2026-11-25T22:00", " 2026-11-25  22:00 "])
def test_a_moment_is_one_in_japan(typed: str) -> None:
    assert read_moment(typed) == 1_795_611_600 and told_moment(1_795_611_600) == "2026-11-25 22:00"


@pytest.mark.parametrize("typed", ["", "22:00", "tomorrow", "2026-11-31 22:00", "2026-11-25 24:00", "2026-11-25", "0000-01-01 00:00"])
def test_what_is_no_moment_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        read_moment(typed)


def test_lines_are_kept_only_where_there_may_be_several() -> None:
    assert read_words(" one \n two ", 20, lines=True) == "one\n two"
    with pytest.raises(Refused):
        read_words("one\ntwo", 20)
