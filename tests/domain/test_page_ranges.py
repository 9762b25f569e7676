"""Pages as people name them."""

from __future__ import annotations

import pytest

from vault.domain import page_ranges
from vault.domain.values import Unreadable


@pytest.mark.parametrize(
    ("typed", "written"),
    [("1,3-5", "1,3-5"), ("1、3〜5", "1,3-5"), ("3枚目から5枚目まで", "3-5"), ("1-3", "1-3"), (" 2 ", "2"), ("5 1", "1,5"),
     ("1-2,2-4 9", "1-4,9"), ("10-12;1", "1,10-12"), ("用紙2", "2"), ("1,2,3", "1-3")],
)  # fmt: skip
def test_pages_are_understood_however_they_are_typed(typed: str, written: str) -> None:
    assert page_ranges.check(typed) == written
    assert page_ranges.check(written) == written


@pytest.mark.parametrize("typed", ["0", "5-3", "a", "1-2-3", "-3", "3-", ",", "12345", "1" + ",1" * 40, "二"])
def test_what_names_no_page_is_not_taken(typed: str) -> None:
    with pytest.raises(Unreadable, match="pages-unreadable"):
        page_ranges.check(typed)


def test_no_word_of_pages_means_all_of_them() -> None:
    assert page_ranges.pages("", 3) == [0, 1, 2]
    assert page_ranges.pages("1,3", 3) == [0, 2]


def test_a_page_that_is_not_there_is_told_with_how_many_there_are() -> None:
    with pytest.raises(Unreadable) as caught:
        page_ranges.pages("2-4", 3)
    assert (caught.value.code, caught.value.facts) == ("pages-beyond", {"most": 3})
