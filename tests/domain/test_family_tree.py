"""A household drawn by generations."""

from vault.domain.clients import Member
from vault.domain.family_tree import tree
from vault.domain.relationships import RELATIONSHIPS


def people(*relationships: str) -> list[Member]:
    return [Member(id=f"{n:032x}", name=word or "無印", kana="カナ", relationship=word) for n, word in enumerate(relationships)]


def drawn(*relationships: str) -> list[tuple[int, list[list[str]]]]:
    return [(n, [[m.relationship for m in side] for side in sides]) for n, sides in tree(people(*relationships)).generations]


def test_generations_stand_below_each_other_with_the_head_first() -> None:
    assert drawn("長女", "妻", "本人", "父", "祖母", "孫", "弟") == [
        (-2, [["祖母"]]), (-1, [["父"]]), (0, [["本人", "妻", "弟"]]), (1, [["長女"]]), (2, [["孫"]]),
    ]  # fmt: skip


def test_those_of_the_spouse_stand_apart() -> None:
    assert drawn("本人", "義母", "父", "義妹") == [(-1, [["父"], ["義母"]]), (0, [["本人"], ["義妹"]])]


def test_nobody_is_lost() -> None:
    everybody = people(*RELATIONSHIPS, "", "又従兄弟")
    found = tree(everybody)
    placed = [m for _, sides in found.generations for side in sides for m in side]
    assert sorted(m.id for m in (*placed, *found.others)) == sorted(m.id for m in everybody)
    assert {m.relationship for m in found.others} == {"同居人", "その他親族", "その他", "", "又従兄弟"}
