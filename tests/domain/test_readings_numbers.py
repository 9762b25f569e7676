"""Where on a page an individual number stands, so that it is blacked out: rather one too many than one too few."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain import my_number
from vault.domain.readings import my_numbers
from vault.domain.scans import Area, Word

SIZE = 20
ELEVEN = st.text("0123456789", min_size=11, max_size=11)
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def with_check(eleven: str) -> str:
    return next(eleven + digit for digit in "0123456789" if my_number.valid(eleven + digit))


def wrong(digits: str) -> str:
    return digits[:11] + str((int(digits[11]) + 1) % 10)


NUMBER = with_check("12345678901")


def row(*texts: str, top: int = 100, apart: int = 10) -> list[Word]:
    """Words side by side, in letters half as wide as high."""
    words, left = [], 100
    for text in texts:
        words.append(Word(text, left, top, SIZE // 2 * len(text), SIZE))
        left += SIZE // 2 * len(text) + apart
    return words


def covers(areas: list[Area], word: Word) -> bool:
    """Whether one area holds the word with something to spare above and below."""
    return any(
        area.left <= word.left and area.top < word.top and area.left + area.width >= word.left + word.width
        and area.top + area.height > word.top + word.height for area in areas
    )


@given(ELEVEN, st.sampled_from(["", "-", "−", "ー", " ", "・", "–"]), st.booleans())
def test_a_number_in_one_word_is_covered_whole(eleven: str, separator: str, wide: bool) -> None:
    digits = with_check(eleven)
    text = separator.join((digits[:4], digits[4:8], digits[8:]))
    words = row(text.translate(WIDE) if wide else text)
    assert covers(my_numbers(words), words[0])


@given(ELEVEN, st.integers(1, 30))
def test_a_number_over_three_words_is_covered_whole(eleven: str, apart: int) -> None:
    digits = with_check(eleven)
    words = row(digits[:4], digits[4:8], digits[8:], apart=apart)
    areas = my_numbers(words)
    assert all(covers(areas, word) for word in words)
    assert len(areas) == 1


@given(ELEVEN)
def test_a_number_in_boxes_of_one_digit_each_is_covered_whole(eleven: str) -> None:
    words = row(*with_check(eleven), apart=25)
    assert all(covers(my_numbers(words), word) for word in words)


def test_a_number_within_a_sentence_is_covered_and_little_else() -> None:
    word = Word(f"番号は{NUMBER}です", 100, 100, 20 * 3 + 10 * 12 + 20 * 2, SIZE)
    assert covers(my_numbers([word]), Word(NUMBER, 160, 100, 120, SIZE))
    assert my_numbers([word])[0].width < 160


@pytest.mark.parametrize("texts", [
    (wrong(NUMBER),), ("証券番号", wrong(NUMBER)), ("1234567890123456",), ("0120-000-111", "24"), ("2,200,000", "112,300"),
    ("2025年6月1日", "2026年6月1日"), ("電話", "045-000-0000"), (),
])
def test_other_numbers_are_left_alone(texts: tuple[str, ...]) -> None:
    assert my_numbers(row(*texts)) == []


@pytest.mark.parametrize("label", ["個人番号", "マイナンバー", "マイナンバー:", "【個人番号】", "個人番号(マイナンバー)", "ﾏｲﾅﾝﾊﾞｰ"])
@pytest.mark.parametrize("misread", [
    wrong(NUMBER), NUMBER[:11], NUMBER + "1", NUMBER[:5] + "l" + NUMBER[6:], NUMBER[:4] + "O" + NUMBER[5:],
])
def test_beside_its_label_a_misread_number_is_covered_as_well(label: str, misread: str) -> None:
    words = row(label, misread, apart=60)
    assert covers(my_numbers(words), words[1])


def test_below_its_label_a_misread_number_is_covered_as_well() -> None:
    words = [*row("個人番号"), *row(wrong(NUMBER), top=150)]
    assert covers(my_numbers(words), words[1])


@pytest.mark.parametrize("label", ["個人番号", "【個人番号】", "個人番号(マイナンバー)", "人番号"])
@pytest.mark.parametrize("beside", [(), ("8|5|0|1419",), ("13",)])
def test_where_no_number_was_read_beside_its_label_the_place_of_one_is_covered(
    label: str, beside: tuple[str, ...]
) -> None:
    words = row(label, *beside, apart=40)
    boxes = Word("", words[0].left + words[0].width, 100, 200, SIZE)
    assert covers(my_numbers(words), boxes)
    assert my_numbers(words, exact=True) == []


@pytest.mark.parametrize("texts", [
    ("個人番号カードの写しは要りません",), ("個人番号", "は記入しないでください"), ("法人番号", "1234567890123"), ("法人番号",),
])
def test_what_is_only_said_about_individual_numbers_is_left_alone(texts: tuple[str, ...]) -> None:
    assert my_numbers(row(*texts)) == []


def test_a_number_that_was_read_is_not_covered_twice() -> None:
    assert len(my_numbers([*row("個人番号"), *row(NUMBER, top=150)])) == 1
    assert len(my_numbers(row("個人番号", NUMBER))) == 1


def test_a_number_touching_its_label_is_covered() -> None:
    word = Word(f"個人番号{wrong(NUMBER)}", 100, 100, 20 * 4 + 10 * 12, SIZE)
    assert covers(my_numbers([word]), Word("", 180, 100, 120, SIZE))


def test_the_page_far_below_a_label_is_left_alone() -> None:
    words = row(wrong(NUMBER), top=400)
    assert not covers(my_numbers([*row("個人番号"), *words]), words[0])


def test_areas_begin_on_the_page() -> None:
    area = my_numbers([Word(NUMBER, 0, 0, 120, SIZE)])[0]
    assert (area.left, area.top) == (0, 0)


@pytest.mark.parametrize(("text", "count"), [("1", 6_000), (NUMBER, 6_000), ("個人番号", 6_000), ("1" * 200, 500)])
def test_a_page_full_of_numbers_does_not_take_long(text: str, count: int) -> None:
    words = [Word(text, n * 37 % 3990, n * 101 % 3990, 40, 1 + n % 50) for n in range(count)]
    began = time.monotonic()
    my_numbers(words)
    assert time.monotonic() - began < 10
