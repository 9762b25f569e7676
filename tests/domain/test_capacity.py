"""How many policies a contract is for, and what there is room for."""

from __future__ import annotations

import pytest

from vault.domain.capacity import LIMITS, Capacity, word_of


@pytest.mark.parametrize(("used", "nearly", "full", "left"), [(0, False, False, 20), (17, False, False, 3), (18, True, False, 2),
                                                            (20, True, True, 0), (31, True, True, 0)])  # fmt: skip
def test_near_the_limit_it_is_said_and_at_it_no_more_fit(used: int, nearly: bool, full: bool, left: int) -> None:
    found = Capacity(20, used)
    assert (found.nearly_full, found.full, found.left) == (nearly, full, left)
    assert found.takes(left) and not found.takes(left + 1)


def test_without_a_limit_nothing_is_ever_full() -> None:
    found = Capacity(0, 10**6)
    assert found.takes(10**6) and not (found.limited or found.full or found.nearly_full) and found.per_cent == 0


def test_a_lowered_limit_is_over_a_hundred_per_cent_and_takes_nothing_but_nothing() -> None:
    found = Capacity(100, 100).with_more(150)
    assert (found.per_cent, found.left) == (250, 0) and found.takes(0) and not found.takes()


def test_every_limit_of_a_contract_has_its_word() -> None:
    assert [word_of(limit) for limit in LIMITS] == ["20件", "100件", "500件", "無制限"] and word_of(30) == ""
