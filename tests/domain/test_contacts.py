"""応対, 意向, 第三者提供, 事故・請求: what their forms take and what they say is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.support.dealings import claim, contact, intention, made, provision, typed
from vault.domain import fields
from vault.domain.clients import Household
from vault.domain.contacts import MOST_POLICIES, clock, compared
from vault.domain.dealings import (
    CLAIM,
    CONTACT,
    INTENTION,
    KINDS,
    PROVISION,
    kind_of,
    late_faults,
    place_of,
    policies_of,
    without_sensitive,
)
from vault.domain.values import Unreadable

ONE, OTHER = "ab" * 16, "cd" * 16


def faults(kind: str, **told: Any) -> dict[str, str]:
    return {path: fault.code for path, fault in fields.read(KINDS[kind], typed(kind, **told)).faults.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_typed_makes_a_record_that_says_the_same_again(kind: str) -> None:
    record = made(kind)
    assert kind_of(record) == kind
    assert fields.read(KINDS[kind], fields.typed(record)).record == record


@pytest.mark.parametrize(("text", "told"), [
    ("14:30", "14:30"), ("1430", "14:30"), ("１４：３０", "14:30"), ("14時半", "14:30"), ("午後2時30分", "14:30"), ("9時", "09:00"), ("午後12時", "12:00"),
])  # fmt: skip
def test_a_time_is_taken_as_people_write_it(text: str, told: str) -> None:
    assert clock(text) == told


@pytest.mark.parametrize("text", ["25:00", "14:60", "143", "昼すぎ", "午後25時"])
def test_what_is_no_time_is_said_beside_the_box(text: str) -> None:
    with pytest.raises(Unreadable, match="time-unreadable"):
        clock(text)
    assert faults(CONTACT, time=text) == {"time": "time-unreadable"}


@pytest.mark.parametrize(("kind", "told", "wrong"), [
    (CONTACT, {"told": ""}, {"told": "required"}),
    (CONTACT, {"next": ""}, {"next": "next-missing"}),
    (CONTACT, {"next_day": "2026/11/17"}, {"next_day": "next-before-contact"}),
    (CONTACT, {"about": f"{ONE} zz"}, {"about": "choice-unknown"}),
    (CONTACT, {"about": " ".join(f"{n:032x}" for n in range(MOST_POLICIES + 1))}, {"about": "too-long"}),
    (INTENTION, {"difference": ""}, {"difference": "difference-missing"}),
    (INTENTION, {"confirmed": ""}, {"confirmed": "confirmed-missing"}),
    (INTENTION, {"reason": ""}, {"reason": "recommended-without-reason"}),
    (INTENTION, {"final": "", "difference": "", "confirmed": ""}, {}),
    (INTENTION, {"confirmed_on": "2026/11/17"}, {"confirmed_on": "confirmed-before-first"}),
    (PROVISION, {"consent": ""}, {"consent": "provision-without-consent"}),
    (PROVISION, {"direction": "受領"}, {"obtained": "obtained-missing"}),
    (PROVISION, {"country": "米国"}, {"informed": "informed-missing"}),
    (CLAIM, {"reported": "2026/11/9"}, {"reported": "reported-before-occurred"}),
    (CLAIM, {"state": "支払済"}, {"paid": "paid-missing"}),
    (CLAIM, {"paid": "0", "state": "支払済"}, {}),
    (CLAIM, {"paid_on": "2026/11/18"}, {"state": "paid-and-open"}),
    (CLAIM, {"paid_on": "2026/11/1"}, {"paid_on": "paid-before-occurred", "state": "paid-and-open"}),
])  # fmt: skip
def test_what_is_wrong_or_missing_is_said_beside_the_box(kind: str, told: dict[str, str], wrong: dict[str, str]) -> None:
    assert faults(kind, **told) == wrong


def test_what_was_asked_once_passes_when_it_is_ticked_as_right() -> None:
    form = typed(INTENTION, difference="")
    assert fields.read(KINDS[INTENTION], form, confirmed={"difference"}).faults == {}


def test_each_policy_of_a_contact_counts_once() -> None:
    found = contact(about=f"{ONE}  {OTHER} {ONE}")
    assert policies_of(found) == (ONE, OTHER)
    assert policies_of(claim(policy=ONE)) == (ONE,) and policies_of(intention()) == policies_of(provision()) == ()


def test_dealings_are_sorted_by_day_and_contacts_by_their_time_as_well() -> None:
    late, early = contact(time="午後2時"), contact(time="9時")
    assert place_of(late) > place_of(early)
    assert place_of(claim())[0] == date(2026, 11, 10) < place_of(intention())[0]


def test_what_has_happened_was_not_tomorrow() -> None:
    yesterday, today = date(2026, 11, 17), date(2026, 11, 18)
    assert all(late_faults(made(kind), today) == {} for kind in KINDS)
    assert {kind: list(late_faults(made(kind), yesterday)) for kind in KINDS} == {
        CONTACT: ["day"], INTENTION: ["day"], PROVISION: ["day"], CLAIM: ["reported"]
    }  # fmt: skip


def test_two_wordings_differ_phrase_by_phrase() -> None:
    one, other = compared("月1万円まで。死亡に備えたい。", "月2万円まで。死亡に備えたい。入院も。")
    assert one == [("月1万円まで。", True), ("死亡に備えたい。", False)]
    assert other == [("月2万円まで。", True), ("死亡に備えたい。", False), ("入院も。", True)]
    for text, side in (("月1万円まで。死亡に備えたい。", one), ("月2万円まで。死亡に備えたい。入院も。", other)):
        assert "".join(piece for piece, _ in side) == text


def test_a_provision_is_kept_for_three_years_at_least() -> None:
    assert provision().keep_until == date(2029, 11, 18)
    assert provision(day="2024/2/29").keep_until == date(2027, 2, 28)


def test_of_somebodys_health_nothing_is_left_for_who_may_not_read_it() -> None:
    told = without_sensitive(claim())
    assert told == claim(health="") and "骨折" not in repr(told)
    assert without_sensitive(contact()) == contact()


@pytest.mark.parametrize(("state", "waits"), [("受付", True), ("書類待ち", True), ("請求済", True), ("不払", False), ("取下げ", False)])
def test_a_claim_is_open_until_it_is_answered(state: str, waits: bool) -> None:
    assert claim(state=state).open == waits


def test_a_consent_is_withdrawn_after_it_was_given() -> None:
    form = {
        "name": "志摩", "kana": "シマ", "compartment": "12", "members": [{"name": "志摩", "kana": "シマ", "relationship": "本人"}],
        "consents": [{"agreed": "2026/11/18", "withdrawn": "2026/11/17", "given_by": "志摩", "taken_by": "佐々木 恵"}],
    }  # fmt: skip
    reading = fields.read(Household, form)
    assert {path: fault.code for path, fault in reading.faults.items()} == {"consents-0-withdrawn": "withdrawn-before-agreed"}
    form["consents"] = [{"agreed": "2026/11/18", "withdrawn": "2026/11/18"}]
    assert fields.read(Household, form).faults == {}
