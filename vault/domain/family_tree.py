"""A household by generations, oldest first, as far as the words for its people tell them apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vault.domain.clients import Member
from vault.domain.relationships import HEAD

# How many generations above (-) or below the head somebody is, and on whose side: those of the spouse stand apart.
_OWN: dict[int, str] = {
    -2: "祖父 祖母",
    -1: "父 母 養父 養母 おじ おば 叔父 叔母 伯父 伯母",
    0: "本人 夫 妻 配偶者 内縁の夫 内縁の妻 パートナー 兄 弟 姉 妹 長兄 次兄 いとこ 従兄弟 従姉妹",
    1: "長男 次男 二男 三男 四男 五男 長女 次女 二女 三女 四女 五女 子 養子 養女 息子 娘 子の配偶者 婿 嫁 おい めい 甥 姪",
    2: "孫",
}
_IN_LAW: dict[int, str] = {-1: "義父 義母", 0: "義兄 義弟 義姉 義妹"}
_PLACE = {
    word: (n, side)
    for side, all_words in enumerate((_OWN, _IN_LAW)) for n, words in all_words.items() for word in words.split()
}  # fmt: skip
SPOUSES = frozenset(["夫", "妻", "配偶者", "内縁の夫", "内縁の妻", "パートナー"])


@dataclass(frozen=True)
class Tree:
    """`generations` from the oldest: how far above (-) or below the head each is, the head's own side (with the spouse)
    and the spouse's. `others`: people of whom the words do not tell where they belong.
    """

    generations: tuple[tuple[int, tuple[tuple[Member, ...], ...]], ...]
    others: tuple[Member, ...]


def tree(members: Iterable[Member]) -> Tree:
    """In each generation the head comes first, then the spouse, then the others as they are entered."""
    all_members = list(members)
    placed = [(*_PLACE[m.relationship], m) for m in all_members if m.relationship in _PLACE]
    rows = []
    for n in sorted({n for n, _, _ in placed}):
        sides = [tuple(sorted((m for at, s, m in placed if (at, s) == (n, side)), key=_order)) for side in (0, 1)]
        rows.append((n, tuple(side for side in sides if side)))
    return Tree(tuple(rows), tuple(m for m in all_members if m.relationship not in _PLACE))


def _order(member: Member) -> int:
    return 0 if member.relationship == HEAD else 1 if member.relationship in SPOUSES else 2
