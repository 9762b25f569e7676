"""Dates, ages, money, terms and names, as paper writes them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain.closing import Closing, read_closing
from vault.domain.corporate_number import read_corporate_number
from vault.domain.values import (
    Amount,
    Unreadable,
    add_months,
    birthday,
    cover_text,
    fold,
    full_age,
    insurance_age,
    kana,
    money_text,
    next_insurance_age,
    postal_code,
    read_amount,
    read_date,
    read_decimal,
    read_money,
    read_number,
    read_term,
    read_yen,
    telephone,
    wareki,
)

DAYS = st.dates(date(1868, 10, 23), date(2199, 12, 31))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("平成20年6月1日", date(2008, 6, 1)),
        ("H20.6.1", date(2008, 6, 1)),
        ("h20-6-1", date(2008, 6, 1)),
        ("H200601", date(2008, 6, 1)),
        ("平20.6.1", date(2008, 6, 1)),
        ("㍻20年6月1日", date(2008, 6, 1)),
        ("R8/11/21", date(2026, 11, 21)),
        ("20080601", date(2008, 6, 1)),
        ("2008-06-01", date(2008, 6, 1)),
        ("2008/6/1", date(2008, 6, 1)),
        ("2008年6月1日", date(2008, 6, 1)),
        ("２００８．６．１", date(2008, 6, 1)),
        (" 平成 20 年 6 月 1 日 ", date(2008, 6, 1)),
        ("2008−6−1", date(2008, 6, 1)),
        ("明治元年10月23日", date(1868, 10, 23)),
        ("明治45年7月29日", date(1912, 7, 29)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和6年2月29日", date(2024, 2, 29)),
    ],
)
def test_a_date_is_understood_however_the_paper_spells_it(text: str, day: date) -> None:
    assert read_date(text).value == day
    assert read_date(text).typed == text.strip()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2023/2/29", "date-nonexistent"),
        ("令和5年2月29日", "date-nonexistent"),
        ("平成元年1月7日", "date-nonexistent"),
        ("令和元年4月30日", "date-nonexistent"),
        ("平成0年1月1日", "date-nonexistent"),
        ("2008/13/1", "date-nonexistent"),
        ("20080631", "date-nonexistent"),
        ("1500/1/1", "date-nonexistent"),
        ("08/6/1", "date-unreadable"),
        ("平成20年6月", "date-unreadable"),
        ("きのう", "date-unreadable"),
        ("=1+1", "date-unreadable"),
        ("昭和64年1月8日", "date-outside-era"),
        ("平成31年5月1日", "date-outside-era"),
    ],
)
def test_a_date_that_does_not_exist_is_refused(text: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_date(text)
    assert refused.value.code == code


def test_an_old_policy_s_date_beyond_its_era_is_explained() -> None:
    with pytest.raises(Unreadable) as refused:
        read_date("平成40年6月1日")
    assert refused.value.facts["day"] == "令和10年6月1日"
    assert refused.value.means == type(read_date("R10.6.1"))("平成40年6月1日", date(2028, 6, 1))


@given(DAYS)
def test_every_day_survives_being_written_in_wareki(day: date) -> None:
    assert read_date(wareki(day)).value == day
    assert read_date(wareki(day, short=True)).value == day
    assert read_date(f"{day:%Y%m%d}").value == day
    assert read_date(day.isoformat()).value == day


@given(st.text(max_size=30))
def test_reading_a_date_never_fails_in_another_way(text: str) -> None:
    try:
        read_date(text)
    except Unreadable:
        pass


def test_a_person_born_on_29_february_is_a_year_older_on_1_march() -> None:
    born = date(2008, 2, 29)
    assert full_age(born, date(2009, 2, 28)) == 0
    assert full_age(born, date(2009, 3, 1)) == 1
    assert full_age(born, date(2012, 2, 29)) == 4
    assert birthday(born, 1) == date(2009, 3, 1)


def test_insurance_age_is_rounded_up_after_six_months() -> None:
    born = date(1979, 5, 3)
    assert insurance_age(born, date(2008, 11, 3)) == 29
    assert insurance_age(born, date(2008, 11, 4)) == 30
    assert next_insurance_age(born, date(2008, 6, 1)) == date(2008, 11, 4)
    assert next_insurance_age(born, date(2008, 11, 4)) == date(2009, 11, 4)


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 36500))
def test_insurance_age_is_the_age_or_one_more_and_changes_when_said(born: date, days: int) -> None:
    on = born + timedelta(days)
    assert insurance_age(born, on) - full_age(born, on) in {0, 1}
    change = next_insurance_age(born, on)
    assert change > on
    assert insurance_age(born, change) == insurance_age(born, on) + 1
    assert insurance_age(born, change - timedelta(1)) == insurance_age(born, on)


@pytest.mark.parametrize(
    ("text", "yen"),
    [
        ("12,480円", 12480),
        ("１２，４８０円", 12480),
        ("¥12,480", 12480),
        ("12480", 12480),
        ("1万2,480円", 12480),
        ("720万", 7_200_000),
        ("0", 0),
    ],
)
def test_yen_are_read_as_typed(text: str, yen: int) -> None:
    assert read_yen(text) == yen


@pytest.mark.parametrize("text", ["▲500", "△500", "-500", "−500", "(500)", "▲500円"])
def test_a_minus_of_any_kind_is_a_minus(text: str) -> None:
    assert read_yen(text, negative=True) == -500
    with pytest.raises(Unreadable, match="yen-negative"):
        read_yen(text)


@pytest.mark.parametrize("text", ["12,48", "12.5", "千", "abc", "1万億", "=SUM(A1)", "", "円", "1,2345"])
def test_what_is_no_amount_of_yen_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="yen-unreadable"):
        read_yen(text)


@pytest.mark.parametrize(
    ("text", "yen"),
    [
        ("500", 5_000_000),
        ("５００", 5_000_000),
        ("500万円", 5_000_000),
        ("1億", 100_000_000),
        ("1億2,000万円", 120_000_000),
        ("1.5億", 150_000_000),
        ("3,000万", 30_000_000),
        ("3千万円", 30_000_000),
        ("5,000円", 5_000),
        ("0.5", 5_000),
    ],
)
def test_cover_is_typed_in_ten_thousands_unless_it_says_otherwise(text: str, yen: int) -> None:
    assert read_amount(text) == Amount(text, yen)


@pytest.mark.parametrize("text", ["無制限", "5-10万円", "債務残高", "12,48", "<script>"])
def test_cover_that_is_no_number_is_kept_as_text(text: str) -> None:
    assert read_amount(text) == Amount(text)


@pytest.mark.parametrize(
    ("text", "yen"),
    [("五百", 5_000_000), ("五百万", 5_000_000), ("五百万円", 5_000_000), ("一億二千万", 120_000_000), ("三千五百万", 35_000_000), ("3百万", 3_000_000),
     ("金壱億円也", 100_000_000), ("二〇", 200_000), ("五千円", 5_000), ("十五万", 150_000)],
)  # fmt: skip
def test_numbers_in_kanji_are_amounts(text: str, yen: int) -> None:
    assert read_amount(text) == Amount(text, yen)


@pytest.mark.parametrize("text", ["百五百", "百万", "一時金", "五十百", "三三百"])
def test_kanji_that_are_no_number_stay_words(text: str) -> None:
    assert read_amount(text) == Amount(text)


def test_a_premium_in_kanji_is_yen() -> None:
    assert read_yen("一万二千四百八十円") == 12_480 and read_yen("▲五百", negative=True) == -500


def test_in_a_policy_with_a_currency_a_bare_number_is_in_its_units() -> None:
    assert read_amount("60,000", currency="USD") == Amount("60,000", foreign=Decimal(60000))
    assert read_amount("6万ドル", currency="USD").foreign == 60000
    assert read_amount("500万円", currency="USD") == Amount("500万円", 5_000_000)
    assert read_money("152.40", currency="USD") == Decimal("152.40")
    assert read_money("$1,152.40", currency="USD") == Decimal("1152.40")
    assert read_money("20,000円", currency="USD") == 20000


@given(st.integers(0, 10**12))
def test_every_amount_survives_being_shown(yen: int) -> None:
    assert read_amount(cover_text(yen)).value == yen
    assert read_yen(money_text(-yen), negative=True) == -yen
    assert read_yen(f"{yen:,}円") == yen


def test_rates_counts_and_codes_are_folded() -> None:
    assert read_decimal("１２４．１０") == Decimal("124.10")
    assert str(read_decimal("2.0%")) == "2.0"
    assert read_number("１２４日") == 124
    assert postal_code("〒１５０ー０００２") == "150-0002"
    assert telephone("０３－５５５５－０１０１") == "0355550101"
    assert read_corporate_number("4-0104-0199-9998") == "4010401999998"
    with pytest.raises(Unreadable, match="corporate-number-check"):
        read_corporate_number("4010401999999")


BORN, CONTRACT = date(1979, 5, 3), date(2008, 6, 1)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("終身", None),
        ("60歳まで", date(2039, 6, 1)),
        ("６０歳", date(2039, 6, 1)),
        ("60歳払込満了", date(2039, 6, 1)),
        ("20年", date(2028, 6, 1)),
        ("20年間", date(2028, 6, 1)),
        ("10年更新", date(2018, 6, 1)),
        ("5年6か月", date(2013, 12, 1)),
        ("2028-07-01", date(2028, 7, 1)),
        ("令和10年7月1日まで", date(2028, 7, 1)),
        ("全期払", None),
    ],
)
def test_a_term_says_when_it_ends(text: str, end: date | None) -> None:
    assert read_term(text).end(CONTRACT, BORN) == end


def test_a_term_nobody_understands_is_kept_only_when_the_person_insists() -> None:
    with pytest.raises(Unreadable) as refused:
        read_term("ずっと")
    assert refused.value.code == "term-unreadable"
    assert refused.value.means is not None


def test_on_insurance_age_the_end_counts_from_the_age_at_contract() -> None:
    # 29 years and 7 months is 30 on this basis, so 60 comes after thirty years.
    assert read_term("60歳").end(CONTRACT, date(1978, 11, 1), basis="保険年齢") == date(2038, 6, 1)
    assert read_term("60歳").end(CONTRACT, date(1978, 11, 1)) == date(2039, 6, 1)
    assert read_term("60歳").end(CONTRACT, None, contract_age=29) == date(2039, 6, 1)


@given(st.dates(date(1940, 1, 1), date(2000, 1, 1)), st.integers(0, 20000), st.integers(0, 100))
def test_an_age_ends_on_the_first_anniversary_at_which_it_is_reached(born: date, days: int, age: int) -> None:
    contract = born + timedelta(days)
    end = read_term(f"{age}歳まで").end(contract, born)
    assert end is not None
    assert end == add_months(contract, 12 * (end.year - contract.year))
    assert birthday(born, age) <= end < birthday(born, age + 1) + timedelta(2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("渡邉 一郎", "渡辺一郎"),
        ("渡邊　一郎", "渡辺 一郎"),
        ("髙橋 美咲", "高橋美咲"),
        ("齋藤", "斎藤"),
        ("齊藤", "斉藤"),
        ("𠮷田 葵", "吉田葵"),
        ("葛󠄀西", "葛西"),
        ("Ａ1−203348２", "a1-2033482"),
        ("U 4412 88-3", "U4412883"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "やまだたろう"),
        ("山﨑", "山崎"),
        ("彥根 德藏", "彦根徳蔵"),
        ("センター", "センタ-"),
    ],
)
def test_two_spellings_fold_to_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_folding_keeps_different_names_apart() -> None:
    assert len({fold(name) for name in ("山田", "山本", "田山", "山田太郎", "𠮷野", "佐藤")}) == 6


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(text + " ") == fold(text)


@given(st.text(max_size=40))
def test_kana_is_settled_after_one_pass(text: str) -> None:
    assert kana(kana(text)) == kana(text)


def test_kana_of_any_width_becomes_full_katakana() -> None:
    assert kana("ﾔﾏﾀﾞ　たろう") == "ヤマダ タロウ"
    assert kana("か\u3099") == "ガ"


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("3月31日", Closing(3, 31)),
        ("３月末日", Closing(3, 31)),
        ("3月", Closing(3, 31)),
        ("2月28日", Closing(2, 31)),
        ("9/20", Closing(9, 20)),
        ("20日締め", Closing(None, 20)),
        ("3月20日締め", Closing(3, 20)),
    ],
)
def test_a_closing_day_is_understood(text: str, closing: Closing) -> None:
    assert read_closing(text) == closing


@pytest.mark.parametrize("text", ["3", "2月30日", "13月", "いつか", "32日締め"])
def test_a_closing_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_closing(text)


def test_the_next_closing_counts_leap_years() -> None:
    assert Closing(2, 31).on_or_after(date(2024, 1, 1)) == date(2024, 2, 29)
    assert Closing(3, 31).on_or_after(date(2026, 4, 1)) == date(2027, 3, 31)
    assert Closing(None, 20).on_or_after(date(2026, 12, 21)) == date(2027, 1, 20)
