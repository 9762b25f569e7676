"""続柄: what people of one household are to the head, and, computed from that, to each other.

A word says where its person stands as seen from the head: S spouse, C child, P parent, A adoptive parent, L partner
without a marriage. Many words leave something open: whose child a grandchild is, on which side an aunt stands. So every
way to read two words is laid out as one family, and an answer is given only where all of them give the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import product

HEAD = "本人"
RELATIONSHIPS = (
    HEAD, "夫", "妻", "配偶者", "長男", "次男", "三男", "四男", "長女", "次女", "三女", "四女", "子", "養子", "養女",
    "父", "母", "義父", "義母", "養父", "養母", "兄", "弟", "姉", "妹", "祖父", "祖母", "孫", "子の配偶者",
    "義兄", "義弟", "義姉", "義妹", "おじ", "おば", "おい", "めい", "いとこ", "内縁の夫", "内縁の妻", "パートナー",
    "同居人", "その他親族", "その他",
)  # fmt: skip

# A sister's husband and a wife's brother are both called 義兄, a nephew of the wife is one's own: several paths.
_PATHS = {
    "本人": ("",),
    "夫 妻 配偶者": ("S",),
    "内縁の夫 内縁の妻 パートナー": ("L",),
    "長男 次男 二男 三男 四男 五男 長女 次女 二女 三女 四女 五女 子 養子 養女 息子 娘": ("C",),
    "父 母": ("P",),
    "養父 養母": ("A",),
    "兄 弟 姉 妹 長兄 次兄": ("PC",),
    "祖父 祖母": ("PP",),
    "孫": ("CC",),
    "義父 義母": ("SP",),
    "子の配偶者 婿": ("CS",),
    "嫁": ("S", "CS"),
    "義兄 義弟 義姉 義妹": ("SPC", "PCS", "SPCS"),
    "おじ おば 叔父 叔母 伯父 伯母": ("PPC", "PPCS"),
    "おい めい 甥 姪": ("PCC", "SPCC"),
    "いとこ 従兄弟 従姉妹": ("PPCC",),
}
_PATHS_OF = {word: paths for words, paths in _PATHS.items() for word in words.split()}
_SEX_OF = {
    "男": "夫 父 養父 義父 兄 長兄 次兄 弟 祖父 義兄 義弟 おじ おい 内縁の夫 息子 婿 甥 叔父 伯父",
    "女": "妻 母 養母 義母 姉 妹 祖母 義姉 義妹 おば めい 内縁の妻 娘 嫁 姪 叔母 伯母 養女",
}
_BACK = {"S": "S", "C": "P", "P": "C", "A": "D", "D": "A", "L": "L"}
# Male, female, and the word where the sex is not known. D: an adopted child.
_COUSIN, _UNCLE, _NEPHEW = ("いとこ",) * 3, ("おじ", "おば", "おじ・おば"), ("おい", "めい", "おい・めい")
_IN_LAW, _CHILDS_SPOUSE = ("義父", "義母", "義親"), ("子の夫", "子の妻", "子の配偶者")
_GRANDPARENT, _GRANDCHILD = ("祖父", "祖母", "祖父母"), ("孫",) * 3
_BROTHER_IN_LAW = ("義兄弟", "義姉妹", "義兄弟姉妹")
_WORDS = {
    "S": ("夫", "妻", "配偶者"),
    "L": ("内縁の夫", "内縁の妻", "パートナー"),
    "C": ("息子", "娘", "子"),
    "P": ("父", "母", "親"),
    "A": ("養父", "養母", "養親"),
    "D": ("養子", "養女", "養子"),
    "PC": ("兄弟", "姉妹", "兄弟姉妹"),
    "PP": _GRANDPARENT, "PA": _GRANDPARENT,
    "CC": _GRANDCHILD, "DC": _GRANDCHILD,
    "SP": _IN_LAW, "SA": _IN_LAW,
    "CS": _CHILDS_SPOUSE, "DS": _CHILDS_SPOUSE,
    "SPC": _BROTHER_IN_LAW, "PCS": _BROTHER_IN_LAW, "SPCS": _BROTHER_IN_LAW,
    "PPC": _UNCLE, "PPCS": _UNCLE,
    "PCC": _NEPHEW, "SPCC": _NEPHEW,
    "PPCC": _COUSIN,
    "PPP": ("曾祖父", "曾祖母", "曾祖父母"),
    "CCC": ("ひ孫",) * 3,
    "PPPC": ("大おじ", "大おば", "大おじ・大おば"),
    "PCCC": ("兄弟姉妹の孫",) * 3,
}  # fmt: skip
_RANKS = {letter: rank for rank, letters in enumerate(("長", "次二", "三", "四", "五"), 1) for letter in letters}
# Older (-) or younger than the head, as far as the word says.
_AGAINST_HEAD = {"兄": -1, "姉": -1, "長兄": -1, "次兄": -1, HEAD: 0, "弟": 1, "妹": 1}
ADOPTED = frozenset(["養子", "養女"])


def sex_from(relationship: str) -> str:
    """男, 女 or nothing, as far as the word itself says."""
    if relationship[-1:] in {"男", "女"}:
        return relationship[-1]
    return next((sex for sex, words in _SEX_OF.items() if relationship in words.split()), "")


def paths_of(relationship: str) -> tuple[str, ...]:
    """The ways from the head to somebody that a word may mean; none for words that say nothing of it."""
    return _PATHS_OF.get(relationship, ())


def between(
    one: str, other: str, *, sex: str = "", one_birth: date | None = None, other_birth: date | None = None
) -> str:
    """What `other` is to `one`, both given by their relationship to the head. Empty where it cannot be told.

    `sex` and the births are of `other` and of both; without them the word stays open (配偶者, 兄弟姉妹).
    """
    if one == HEAD:
        return other
    found = kinship(one, other)
    column = {"男": 0, "女": 1}.get(sex or sex_from(other), 2)
    words = {_word(path, one, other, column) for path in found}
    if not found or len(words) > 1:
        return ""
    if found == {"PC"}:
        return _sibling(column, _seniority(one, other, one_birth, other_birth)) or words.pop()
    if found == {"L"}:
        return "パートナー" if one == "パートナー" else words.pop()
    return words.pop()


def _word(path: str, one: str, other: str, column: int) -> str:
    if path == "P" and one in ADOPTED and other == HEAD:
        return _WORDS["A"][column]
    if path == "C" and _PATHS_OF[other] == ("C",) and other not in ADOPTED:
        return other  # the head's eldest son is his mother's eldest son
    if path == "SPC" and other in _AGAINST_HEAD and other != HEAD and _PATHS_OF[one] == ("S",):
        return "義" + other[-1]  # as old as the spouse's brother is to the spouse, not to oneself
    return _WORDS[path][column] if path in _WORDS else ""


def _sibling(column: int, younger: int) -> str:
    return "" if not younger or column == 2 else ("弟妹" if younger > 0 else "兄姉")[column]


def _seniority(one: str, other: str, one_birth: date | None, other_birth: date | None) -> int:
    """Below zero where `other` is the older one, above where the younger, zero where nothing tells."""
    if one_birth and other_birth and one_birth != other_birth:
        return 1 if other_birth > one_birth else -1
    if one in _AGAINST_HEAD and other in _AGAINST_HEAD and _AGAINST_HEAD[one] != _AGAINST_HEAD[other]:
        return 1 if _AGAINST_HEAD[other] > _AGAINST_HEAD[one] else -1
    if one[-1:] == other[-1:] and one[:1] in _RANKS and other[:1] in _RANKS:
        return _RANKS[other[0]] - _RANKS[one[0]]
    return 0


# --- every way to read two words


@lru_cache(maxsize=4096)
def kinship(one: str, other: str) -> frozenset[str]:
    """The paths from one person to the other, as many as the two words leave open; none where a word says nothing."""
    return frozenset(
        _path(a, b)
        for a in _places(one, "a", ())
        for b in _places(other, "b", a)
        if a != b
    )  # fmt: skip


def _places(word: str, own: str, known: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where the person of a word may stand: steps from the head, each naming who of several it leads to.

    A child on the way is one nobody has spoken of, or, where the way is the same so far, the one of `known`.
    """
    for path in _PATHS_OF.get(word, ()):
        choices = [_steps(path, i, word, own, known) for i in range(len(path))]
        yield from dict.fromkeys(_settled(steps) for steps in product(*choices))


def _steps(path: str, i: int, word: str, own: str, known: tuple[str, ...]) -> tuple[str, ...]:
    if path[i] == "P":
        last = {"男": ("P1",), "女": ("P2",)}.get(sex_from(word), ()) if i == len(path) - 1 else ()
        return last or ("P1", "P2")
    if path[i] == "C":
        return (f"C{own}{i}", *(step for step in known if step[0] == "C"))
    return (path[i],)


def _settled(steps: tuple[str, ...]) -> tuple[str, ...]:
    """A couple's children are both parents': one way of writing them."""
    return tuple(
        "P1" if step == "P2" and steps[i + 1 : i + 2] and steps[i + 1][0] == "C" else step for i, step in enumerate(steps)
    )


def _path(a: tuple[str, ...], b: tuple[str, ...]) -> str:
    """From one place to the other: up to where the two ways part, and down again."""
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    back = "".join(_BACK[step[0]] for step in reversed(a[same:]))
    return _shorten(back + "".join(step[0] for step in b[same:]))


def _shorten(path: str) -> str:
    """Two different parents are a couple, a parent's spouse is a parent, a spouse's child a child."""
    for _ in path:
        for pair, short in (("PS", "P"), ("SC", "C"), ("CP", "S"), ("SS", "")):
            path = path.replace(pair, short)
    return path
