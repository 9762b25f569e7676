"""Saving over somebody else's change loses neither side."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vault.domain.merging import merged

BASE = {"name": "山田", "notes": "", "members": [{"id": "a", "job": "会社員"}, {"id": "b", "job": ""}]}
FORMS = st.fixed_dictionaries({key: st.sampled_from(["", "一", "二"]) for key in ("name", "notes", "address")})


def rows(*told: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"id": name, "job": job} for name, job in told]


def test_what_only_they_touched_is_theirs_and_what_only_i_touched_is_mine() -> None:
    theirs, mine = {**BASE, "notes": "電話あり"}, {**BASE, "name": "山田 太郎"}
    assert merged(BASE, theirs, mine) == {**BASE, "notes": "電話あり", "name": "山田 太郎"}


def test_what_both_touched_is_mine_and_shown() -> None:
    assert merged(BASE, {**BASE, "name": "甲"}, {**BASE, "name": "乙"})["name"] == "乙"


def test_two_people_of_one_household_changed_in_two_tabs_are_both_changed() -> None:
    theirs = {**BASE, "members": rows(("a", "会社員"), ("b", "パート"))}
    mine = {**BASE, "members": rows(("a", "自営"), ("b", ""))}
    assert merged(BASE, theirs, mine)["members"] == rows(("a", "自営"), ("b", "パート"))


def test_rows_that_either_added_stay_and_rows_that_either_took_out_go() -> None:
    theirs = {**BASE, "members": rows(("a", "会社員"), ("c", "学生"))}
    mine = {**BASE, "members": rows(("b", ""), ("d", "医師"))}
    assert merged(BASE, theirs, mine)["members"] == rows(("d", "医師"), ("c", "学生"))


def test_a_row_that_one_changed_and_the_other_took_out_stays() -> None:
    without, changed = {**BASE, "members": rows(("b", ""))}, {**BASE, "members": rows(("a", "自営"), ("b", ""))}
    assert rows(("a", "自営"))[0] in merged(BASE, without, changed)["members"]
    assert rows(("a", "自営"))[0] in merged(BASE, changed, without)["members"]


@given(FORMS, FORMS, FORMS)
def test_nothing_that_somebody_typed_is_lost_but_to_another_who_typed_there(
    base: dict[str, str], theirs: dict[str, str], mine: dict[str, str]
) -> None:
    found = merged(base, theirs, mine)
    for key, before in base.items():
        assert found[key] == (mine[key] if mine[key] != before else theirs[key])
