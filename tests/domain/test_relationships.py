"""続柄 between any two people of a household."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain.clients import Member
from vault.domain.kin_proposals import STEPS, proposed
from vault.domain.relationships import HEAD, RELATIONSHIPS, between, kinship, paths_of
from vault.domain.values import TypedDate

BACK = str.maketrans("SCPADL", "SPCDAL")


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
        ("長男", "兄", "おじ"),
        ("兄", "長女", "めい"),
        ("祖父", "兄", "孫"),
        ("長男", "次男", "弟"),
        ("三女", "長女", "姉"),
        ("兄", "妹", "妹"),
        ("弟", "本人", "兄弟姉妹"),
        ("孫", "兄", "大おじ"),
        ("妻", "兄", "義兄"),
        ("本人", "義兄", "義兄"),
        ("妻", "義兄", ""),
        ("長女", "義兄", "おじ"),
        ("養子", "本人", "養親"),
        ("養父", "本人", "養子"),
        ("父", "養父", ""),
        ("兄", "養父", ""),
        ("妻", "養子", "子"),
        ("長男", "内縁の妻", ""),
        ("内縁の妻", "本人", "パートナー"),
        ("父", "父", ""),
        ("おい", "めい", ""),
        ("兄", "おい", ""),
        ("おい", "兄", ""),
        ("おい", "長男", "いとこ"),
        ("いとこ", "兄", "いとこ"),
        ("父", "祖父", ""),
        ("子の配偶者", "長男", ""),
        ("子の配偶者", "本人", "義親"),
    ],
)
def test_is_computed_where_the_words_allow_one_answer(one: str, other: str, word: str) -> None:
    assert between(one, other) == word


def test_uses_sex_and_births_for_the_exact_word() -> None:
    assert between("妻", "本人", sex="男") == "夫"
    assert between("長女", "長男", one_birth=date(2010, 2, 14), other_birth=date(2013, 8, 30)) == "弟"
    assert between("姉", "弟", one_birth=date(2000, 1, 1), other_birth=date(2002, 1, 1)) == "弟"


def test_a_brother_of_the_husband_is_older_by_the_husband_and_not_by_oneself() -> None:
    assert between("妻", "兄", one_birth=date(1970, 1, 1), other_birth=date(1975, 1, 1)) == "義兄"


def test_births_decide_before_the_words_do() -> None:
    assert between("長男", "次男", one_birth=date(2012, 1, 1), other_birth=date(2010, 1, 1)) == "兄"
    assert between("長男", "次男", one_birth=date(2012, 1, 1), other_birth=date(2012, 1, 1)) == "弟"


@pytest.mark.parametrize("one", RELATIONSHIPS)
def test_who_is_something_to_somebody_is_answered_by_its_inverse(one: str) -> None:
    """Between any two words: the ways back are the ways there turned round, and an answer has an answer."""
    for other in RELATIONSHIPS:
        there, back = kinship(one, other), kinship(other, one)
        assert {path[::-1].translate(BACK) for path in there} == back, other
        if one != HEAD and other != HEAD:
            assert bool(between(one, other)) == bool(between(other, one)), other


@given(st.sampled_from(RELATIONSHIPS), st.sampled_from(RELATIONSHIPS), st.dates(), st.dates(), st.sampled_from(["男", "女", ""]))
def test_brothers_and_sisters_are_older_and_younger_by_their_births(
    one: str, other: str, first: date, second: date, sex: str
) -> None:
    word = between(one, other, sex=sex, one_birth=first, other_birth=second)
    if kinship(one, other) == {"PC"} and one != HEAD and other != HEAD and first != second:
        assert word in ({"兄", "姉", "兄弟姉妹"} if second < first else {"弟", "妹", "兄弟姉妹"})


def person(relationship: str, birth: date | None = None) -> Member:
    typed = TypedDate(birth.isoformat(), birth) if birth else None
    return Member(id=f"{RELATIONSHIPS.index(relationship):032x}", name="志摩 海斗", kana="シマ", relationship=relationship, birth=typed)


@pytest.mark.parametrize(
    ("of", "step", "sex", "birth", "word"),
    [
        ("本人", "spouse", "女", None, "妻"),
        ("本人", "child", "男", None, "長男"),
        ("妻", "child", "女", None, "長女"),
        ("長男", "sibling", "女", None, "長女"),
        ("長男", "child", "女", None, "孫"),
        ("長男", "spouse", "女", None, "子の配偶者"),
        ("長男", "parent", "女", None, "妻"),
        ("本人", "sibling", "男", date(1975, 1, 1), "兄"),
        ("本人", "sibling", "男", None, ""),
        ("兄", "spouse", "女", None, "義姉"),
        ("弟", "child", "女", None, "めい"),
        ("兄", "parent", "男", None, "父"),
        ("妻", "parent", "女", None, "義母"),
        ("妻", "sibling", "女", date(1999, 1, 1), "義妹"),
        ("父", "sibling", "女", None, "おば"),
        ("父", "spouse", "女", None, "母"),
        ("おば", "child", "男", None, ""),
        ("孫", "parent", "男", None, ""),
        ("同居人", "child", "男", None, ""),
    ],
)
def test_who_is_added_beside_somebody_is_proposed(of: str, step: str, sex: str, birth: date | None, word: str) -> None:
    there = [person("本人", date(1980, 1, 1)), person(of) if of not in ("本人", "妻") else person("妻", date(1985, 1, 1))]
    beside = next(member for member in there if member.relationship == of)
    assert proposed([m for m in there if m.relationship != "妻" or of == "妻"], beside, step, sex, birth) == word


def test_the_next_son_is_numbered_and_an_earlier_one_is_not() -> None:
    there = [person("本人"), person("長男", date(2010, 2, 14))]
    assert proposed(there, there[0], "child", "男", date(2013, 8, 30)) == "次男"
    assert proposed(there, there[0], "child", "男", date(2009, 8, 30)) == "子"
    assert proposed(there, there[0], "child", "", None) == "子"


@given(st.sampled_from(RELATIONSHIPS), st.sampled_from(STEPS), st.sampled_from(["男", "女", "その他", ""]))
def test_what_is_proposed_is_what_it_was_asked_for(of: str, step: str, sex: str) -> None:
    """Seen from whom one added him to, the new person is what was asked for, or the words leave it open."""
    word = proposed([person(of)], person(of), step, sex)
    wanted = {"spouse": {"S", "CP"}, "child": {"C"}, "parent": {"P"}, "sibling": {"PC"}}[step]
    if word:
        assert word in RELATIONSHIPS and kinship(of, word) & wanted
        assert paths_of(word)
