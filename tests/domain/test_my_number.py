"""個人番号 does not get in, and hardly anything else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain import my_number

ELEVEN = st.text("0123456789", min_size=11, max_size=11)


def with_check(eleven: str) -> str:
    return next(eleven + digit for digit in "0123456789" if my_number.valid(eleven + digit))


@given(ELEVEN, st.sampled_from(["", " ", "-", "−", "ー", "　", ".", "\u200b", "・"]))
def test_an_individual_number_is_found_however_it_is_grouped(eleven: str, separator: str) -> None:
    digits = with_check(eleven)
    grouped = separator.join((digits[:4], digits[4:8], digits[8:]))
    assert my_number.found(grouped)
    assert my_number.found(grouped.translate({ord("0") + i: ord("０") + i for i in range(10)}))


@given(ELEVEN)
def test_it_is_found_inside_a_sentence(eleven: str) -> None:
    digits = with_check(eleven)
    assert my_number.found(f"番号は{digits}です")
    assert my_number.found(f"BZ-2025-{digits}")
    assert my_number.found(f"マイナンバー {digits[:4]} {digits[4:8]} {digits[8:]} 本人")


@given(ELEVEN, st.integers(1, 9))
def test_a_wrong_check_digit_is_none(eleven: str, off: int) -> None:
    digits = with_check(eleven)
    assert not my_number.found(eleven + str((int(digits[11]) + off) % 10))


@pytest.mark.parametrize(
    "text", ["1234567890180", "03-5555-0101", "1234 5678 9018 1234", "", "十二", "1234-567890"]
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not my_number.found(text)
