"""続柄 between any two people of a household."""

from __future__ import annotations

from datetime import date

import pytest

from vault.domain.relationships import between


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("本人", "妻", "妻"),
        ("妻", "本人", "配偶者"),
        ("長男", "妻", "母"),
        ("妻", "長男", "長男"),
        ("長男", "次女", "姉妹"),
        ("父", "母", "妻"),
        ("父", "兄", "息子"),
        ("兄", "父", "父"),
        ("兄", "祖母", "祖母"),
        ("妻", "母", "義母"),
        ("母", "妻", "子の妻"),
        ("義父", "妻", "娘"),
        ("母", "長男", "孫"),
        ("長女", "母", "祖母"),
        ("長男", "孫", ""),
        ("祖父", "父", ""),
        ("従業員", "妻", ""),
    ],
)
def test_is_computed_where_the_words_allow_one_answer(one: str, other: str, word: str) -> None:
    assert between(one, other) == word


def test_uses_sex_and_births_for_the_exact_word() -> None:
    assert between("妻", "本人", sex="男") == "夫"
    assert between("長女", "長男", one_birth=date(2010, 2, 14), other_birth=date(2013, 8, 30)) == "弟"
    assert between("姉", "弟", one_birth=date(2000, 1, 1), other_birth=date(2002, 1, 1)) == "弟"
