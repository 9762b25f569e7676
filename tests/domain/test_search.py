"""What a search asks and finds by the plain rule; and that the packed form, searched as bytes, says just the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import searching
from tests.support.searching import TODAY
from vault.domain import fields
from vault.domain.clients import Client, Corporation, Household, Member
from vault.domain.policies import Policy, Role
from vault.domain.policies.rows import Rider
from vault.domain.search import (
    CLIENT,
    POLICY,
    Query,
    Reason,
    Row,
    client_row,
    matches,
    needles,
    policy_row,
    reasons,
)
from vault.domain.values import TypedDate, read_term
from vault.services.search.rows import entry_of
from vault.services.search.scanning import answering
from vault.storage.packed import BASE, Head, Packed, pack


def family(**more: Any) -> Household:
    people = (Member(id="01" * 16, name="髙橋 美咲", kana="タカハシ ミサキ", birth=day("1986-11-30"), health="持病あり"),)
    return Household(**{"name": "髙橋 美咲", "kana": "タカハシ ミサキ", "compartment": "12ab", "members": people, **more})


def day(text: str) -> TypedDate:
    return TypedDate(text, date.fromisoformat(text))


def sold(**more: Any) -> Policy:
    return Policy(**{
        "insurer": "アリコジャパン", "policy_number": "AB-4711 X", "kind": "がん", "state": "有効", "handled_by": "自社",
        "premium": 1000, "mode": "月", "product": "がん保険 ﾏｲｹｱ", "contract_date": day("2006-12-01"), "term": read_term("20年"),
        "roles": (Role(role="被保険者", name="旧姓 美咲", member="01" * 16),), **more,
    })  # fmt: skip


def found(words: str = "", row: Row | None = None, **conditions: Any) -> bool:
    return matches(row or policy_row(sold(), family()), Query(words=words, **conditions), TODAY)


@pytest.mark.parametrize("words", [
    "髙", "高橋", "たかはし", "ﾀｶﾊｼ", "AB4711", "ab-4711-x", "ＡＢ－４７１１", "マイケア", "まいけあ", "メットライフ", "アリコ",
    "髙橋 がん", "美咲 4711 有効",
])  # fmt: skip
def test_a_policy_is_found_by_any_part_in_any_letters(words: str) -> None:
    assert found(words)


@pytest.mark.parametrize("words", ["旧姓", "AB4712", "髙橋 失効", "持病", "12ab", "", "-", "ミサキ タロウ"])
def test_and_not_by_what_it_does_not_say_or_may_not_tell(words: str) -> None:
    assert not found(words)
    assert not found(words, client_row(family()))


def test_a_name_outside_the_basic_plane_is_found_by_either_spelling() -> None:
    row = client_row(family(name="𠮷田 葛󠄀子"))
    assert all(found(words, row) for words in ("𠮷田", "吉田", "𠮷", "葛子"))


@pytest.mark.parametrize(("asked", "there"), [
    ({"insurer": "メットライフ生命"}, True), ({"insurer": "日本生命"}, False), ({"kind": "がん"}, True), ({"kind": "医療"}, False),
    ({"state": "有効"}, True), ({"handled_by": "自社"}, True), ({"handler": "ささき"}, False), ({"matures_within": 0}, False),
    ({"matures_within": 1}, True), ({"begins_from": day("2006-12-01"), "begins_to": day("2006-12-01")}, True),
    ({"begins_from": day("2006-12-02")}, False), ({"age_within": 6}, False), ({"age_within": 7}, True), ({"missing": "original_place"}, True),
    ({"missing": "product"}, False), ({"what": POLICY}, False), ({"what": CLIENT, "kind": "がん"}, False), ({"what": POLICY, "kind": "がん"}, True),
    ({"renewal_state": "未着手"}, False), ({"peak_within": 600}, False), ({"closing_month": 3}, False),
])  # fmt: skip
def test_conditions_hold_or_do_not(asked: dict[str, Any], there: bool) -> None:
    assert found(**asked) is there
    assert not found("ない言葉", **asked)


def test_conditions_on_a_client_find_his_policies_too() -> None:
    firm = Corporation(name="港運輸", kana="ミナト", compartment="", closing_day="3月31日", handler="佐々木 恵")
    for row in (client_row(firm), policy_row(sold(), firm)):
        assert found("", row, closing_month=3) and found("", row, handler="佐々木恵") and not found("", row, closing_month=4)


def test_a_reason_is_a_piece_of_the_text_as_it_is_stored() -> None:
    row = policy_row(sold(notes="更新の前に、ﾀﾞｲﾔ ﾓﾝﾄﾞ銀行の口座から引き落とされることを電話で確かめること。"), family())
    assert reasons(row.pieces, Query(words="ab47 だいやもんど")) == [
        Reason("field.Policy.policy_number", "", "AB-47", "11 X"),
        Reason("field.Policy.notes", "更新の前に、", "ﾀﾞｲﾔ ﾓﾝﾄﾞ", "銀行の口座から引き落とされること…"),
    ]


@settings(max_examples=150)
@given(st.data())
def test_every_reason_holds_the_word_that_was_asked_for(data: st.DataObject) -> None:
    from vault.domain.values import fold

    row, asked = data.draw(searching.clients().map(client_row)), data.draw(searching.queries())
    if matches(row, asked, TODAY):
        told = reasons(row.pieces, asked)
        texts = [piece.text for piece in row.pieces]
        for reason in told:
            whole = reason.before.removeprefix("…") + reason.found + reason.after.removesuffix("…")
            assert any(whole in text for text in texts)
        assert all(any(term in fold(reason.found) for reason in told) for term in asked.terms)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_packed_rows_searched_as_bytes_answer_as_the_rule_says(data: st.DataObject) -> None:
    client: Client = data.draw(searching.clients())
    rows = [client_row(client), *(policy_row(p, client) for p in data.draw(st.lists(searching.policies(client), max_size=4)))]
    entries = [entry_of(bytes(16), number.to_bytes(16, "big"), 1, row) for number, row in enumerate(rows)]
    plain = bytearray(pack(Head(1, BASE), entries))
    packed = Packed(1, plain, len(plain))
    asked = data.draw(searching.queries())
    if asked.empty:
        return
    told = {int.from_bytes(packed.place(row)[1], "big") for row in answering(packed, needles(asked, TODAY))}
    assert told == {number for number, row in enumerate(rows) if matches(row, asked, TODAY)}


@pytest.mark.parametrize("many", [1, 5, 300, 2000])
def test_a_word_that_stands_in_most_rows_is_found_in_all_of_them(many: int) -> None:
    rows = [policy_row(sold(notes="鍵" if n % 3 else "", riders=(Rider(name=str(n)),)), family()) for n in range(many)]
    entries = [entry_of(bytes(16), n.to_bytes(16, "big"), 1, row) for n, row in enumerate(rows)]
    plain = bytearray(pack(Head(1, BASE), entries))
    packed = Packed(1, plain, len(plain))
    assert len(packed.in_text("鍵".encode())) == sum(bool(n % 3) for n in range(many))
    assert packed.in_text("美咲".encode()) == list(range(many))
    assert packed.in_text("鍵穴".encode()) == []


def test_a_wiped_segment_holds_nothing() -> None:
    plain = bytearray(pack(Head(1, BASE), [entry_of(bytes(16), bytes(16), 1, client_row(family()))]))
    Packed(1, plain, len(plain)).wipe()
    assert plain == bytes(len(plain))


def test_a_form_is_read_and_what_cannot_be_meant_is_said() -> None:
    typed = {"words": "123456789018", "begins_from": "R1.5.1", "begins_to": "H20.6.1", "closing_month": "13", "matures_within": "601"}
    reading = fields.read(Query, typed)
    assert {name: fault.code for name, fault in reading.faults.items()} == {
        "closing_month": "month-range", "matures_within": "months-range", "begins_to": "until-too-early",
    }  # fmt: skip
    later = fields.read(Query, {"begins_from": "R1.5.1", "begins_to": "H20.6.1"})
    assert {name: fault.code for name, fault in later.faults.items()} == {"begins_to": "until-too-early"}
    assert replace(Query(), words="- ー").empty and not Query(words="1").empty and Query(what="client").empty
