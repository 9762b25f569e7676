"""What a form does with what is typed, whatever that is."""

# ruff: noqa: RUF009 - `f.…()` describe boxes; one description for all records is what is wanted.

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain import fields as f
from vault.domain.values import Amount, Money, Term, TypedDate


@dataclass(frozen=True, kw_only=True)
class Row:
    id: str
    what: str = f.text(required=True)
    amount: Amount | None = f.amount()
    unit: str = f.choice("一時金", "日額", counts=False)


@dataclass(frozen=True, kw_only=True)
class Form:
    """One box of every kind."""

    name: str = f.name(required=True)
    reading: str = f.kana()
    number: str = f.text(my_number="ask")
    notes: str = f.long()
    day: TypedDate | None = f.day()
    income: int | None = f.yen(negative=True)
    premium: Money | None = f.yen(foreign=True)
    count: int | None = f.number()
    rate: Decimal | None = f.decimal()
    term: Term | None = f.term()
    sex: str = f.choice("男", "女")
    smoker: bool | None = f.flag()
    currency: str = f.choice("USD")
    rows: tuple[Row, ...] = f.rows(Row)


FULL: dict[str, object] = {
    "name": "𠮷田 葵",
    "reading": "ヨシダ アオイ",
    "number": "Ａ1−203348２",
    "notes": "一行目\n=SUM(A1)",
    "day": "H20.6.1",
    "income": "-1,000",
    "premium": "152.40",
    "count": "124",
    "rate": "2.0",
    "term": "60歳まで",
    "sex": "女",
    "smoker": "いいえ",
    "currency": "USD",
    "rows": [{"id": "0" * 32, "what": "死亡", "amount": "60,000", "unit": "日額"}],
}


def record(typed: dict[str, object], **more: object) -> Form:
    reading = f.read(Form, typed | more)
    assert reading.record is not None, reading.faults
    return reading.record


def fault(**more: object) -> f.Fault:
    (found,) = f.read(Form, FULL | more).faults.values()
    return found


def test_typed_and_read_are_each_other_s_inverse() -> None:
    assert f.typed(record(FULL)) == FULL
    assert f.read(Form, f.typed(record(FULL))).record == record(FULL)


def test_fields_stand_in_the_order_of_the_class_with_their_names() -> None:
    assert [box.name for box in f.fields(Form)] == list(FULL)
    assert f.by_name(Form)["rows"].of is Row
    assert [box.name for box in f.fields(Row)] == ["what", "amount", "unit"]


LITERAL = [
    "<script>alert(1)</script>",
    '=HYPERLINK("x")',
    "{{ 7*7 }}",
    "'; DROP TABLE records; --",
    "😀👨‍👩‍👧",
    "𠮷田",
    "葛󠄀西",
    "髙﨑 邉",
    "a\u3099",
    "%s %(x)s",
]


@pytest.mark.parametrize("text", LITERAL)
def test_what_is_typed_is_stored_literally(text: str) -> None:
    assert record(FULL, name=text, notes=text).name == text
    assert record(FULL, name=text, notes=text).notes == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\x00b", "control-character"),
        ("a\x1bb", "control-character"),
        ("a\nb", "control-character"),
        ("a\tb", "control-character"),
        ("a\x85b", "control-character"),
        ("山田\u202e郎太", "control-character"),
        ("\ufffe", "control-character"),
        ("\ud842", "surrogate"),
        ("あ" * 121, "too-long"),
        ("", "required"),
        (" 　", "required"),
        ("123456789018", "my-number"),
        ("１２３４ ５６７８ ９０１８", "my-number"),
    ],
)
def test_what_no_paper_can_say_is_refused_beside_the_field(text: str, code: str) -> None:
    assert f.read(Form, FULL | {"name": text}).faults["name"].code == code


def test_several_lines_are_kept_in_notes_only() -> None:
    assert record(FULL, notes=" 一\r\n二\t三 \n").notes == "一\n二\t三"


@pytest.mark.parametrize(
    ("box", "text", "code"),
    [
        ("day", "2023/2/29", "date-nonexistent"),
        ("day", "いつか", "date-unreadable"),
        ("income", "abc", "yen-unreadable"),
        ("count", "1.5", "number-unreadable"),
        ("count", "-1", "number-unreadable"),
        ("rate", "2,0,", "decimal-unreadable"),
        ("sex", "不詳", "choice-unknown"),
        ("smoker", "たまに", "flag-unknown"),
        ("reading", "山田", "kana-expected"),
        ("premium", "▲5", "yen-negative"),
        ("premium", "ご", "money-unreadable"),
    ],
)
def test_each_kind_of_field_says_what_is_wrong(box: str, text: str, code: str) -> None:
    assert fault(**{box: text}).code == code


def test_kana_and_choices_are_brought_to_one_width() -> None:
    assert record(FULL, reading="よしだ ｱｵｲ").reading == "ヨシダ アオイ"
    assert record(FULL, currency="ｕｓｄ").currency == "USD"


def test_a_number_like_an_individual_one_passes_after_one_question() -> None:
    typed = FULL | {"number": "BZ-2025-123456789018"}
    assert f.read(Form, typed).faults["number"].ask
    confirmed = f.read(Form, typed, confirmed={"number"})
    assert confirmed.record is not None
    assert f.read(Form, typed, before=confirmed.record).record == confirmed.record
    assert f.read(Form, typed | {"number": "123456789018"}, before=confirmed.record).faults["number"].ask


def test_a_tick_does_not_excuse_what_is_refused() -> None:
    assert f.read(Form, FULL | {"name": "123456789018"}, confirmed={"name"}).record is None


def test_empty_rows_are_dropped_and_faults_keep_their_place() -> None:
    rows = [{"unit": "日額"}, {"what": "死亡"}, {"what": " "}, {"amount": "-5", "what": "x"}, {"amount": "5"}]
    reading = f.read(Form, FULL | {"rows": rows})
    assert {path: each.code for path, each in reading.faults.items()} == {
        "rows-3-amount": "amount-negative",
        "rows-4-what": "required",
    }
    assert [row.what for row in record(FULL, rows=rows[:3]).rows] == ["死亡"]


def test_rows_keep_their_identity_and_copies_get_their_own() -> None:
    row = {"id": "a" * 32, "what": "死亡"}
    kept, copied, new, forged = record(FULL, rows=[row, row, {"what": "x"}, {"what": "y", "id": "../x"}]).rows
    assert kept.id == "a" * 32
    assert len({kept.id, copied.id, new.id, forged.id}) == 4
    assert all(len(each.id) == 32 for each in (copied, new, forged))


def test_too_many_rows_are_refused() -> None:
    assert fault(rows=[{"what": "x"}] * 301).code == "too-many-rows"


def test_a_form_of_the_wrong_shape_is_a_form_with_empty_boxes() -> None:
    faults = f.read(Form, {"name": ["x"], "rows": "y", "day": None, "unknown": "z"}).faults
    assert {path: each.code for path, each in faults.items()} == {"name": "required"}


def test_differences_show_both_sides() -> None:
    a = record(FULL)
    b = record(
        FULL, name="吉田 葵", rows=[{"id": "0" * 32, "what": "高度障害", "amount": "60,000", "unit": "日額"}]
    )
    assert f.differences(a, b) == [("name", "𠮷田 葵", "吉田 葵"), ("rows-0-what", "死亡", "高度障害")]
    assert f.differences(a, a) == []
    gone = record(FULL, rows=[])
    assert ("rows-0-what", "死亡", "") in f.differences(a, gone)
    assert ("rows-0-what", "", "死亡") in f.differences(gone, a)


@given(st.text(max_size=60), st.text(max_size=60))
def test_reading_never_crashes_and_what_it_takes_it_gives_back(name: str, notes: str) -> None:
    reading = f.read(Form, {"name": name, "notes": notes, "number": notes}, confirmed={"number"})
    if reading.record is not None:
        again = f.read(Form, f.typed(reading.record), confirmed={"number"})
        assert again.record == reading.record
    else:
        assert reading.faults


@given(st.text(max_size=30))
def test_no_text_in_any_box_crashes(text: str) -> None:
    typed: dict[str, object] = {box.name: text for box in f.fields(Form)}
    f.read(Form, typed | {"rows": [{"what": text, "amount": text, "unit": text}]})
