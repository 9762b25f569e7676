"""続柄: what people of one household are to the head, and, computed from that, to each other.

A relationship is a path from the head: S spouse, C child, P parent. From A to B is A's path backwards and
then B's, shortened where two steps meet again (a parent's spouse is a parent, a spouse's child a child).
"""

from __future__ import annotations

from datetime import date

HEAD = "本人"
RELATIONSHIPS = (
    HEAD, "夫", "妻", "配偶者", "長男", "次男", "三男", "四男", "長女", "次女", "三女", "四女", "子", "養子", "養女",
    "父", "母", "義父", "義母", "養父", "養母", "兄", "弟", "姉", "妹", "祖父", "祖母", "孫", "子の配偶者",
    "義兄", "義弟", "義姉", "義妹", "おじ", "おば", "おい", "めい", "いとこ", "内縁の夫", "内縁の妻", "パートナー",
    "同居人", "その他親族", "その他",
)  # fmt: skip

_PATHS = {
    "": "本人",
    "S": "夫 妻 配偶者 内縁の夫 内縁の妻 パートナー",
    "C": "長男 次男 二男 三男 四男 五男 長女 次女 二女 三女 四女 五女 子 養子 養女 息子 娘",
    "P": "父 母 養父 養母",
    "PC": "兄 弟 姉 妹 長兄 次兄",
    "PP": "祖父 祖母",
    "CC": "孫",
    "SP": "義父 義母",
    "CS": "子の配偶者 婿 嫁",
    "SPC": "義兄 義弟 義姉 義妹",
    "PPC": "おじ おば 叔父 叔母 伯父 伯母",
    "PCC": "おい めい 甥 姪",
    "PPCC": "いとこ 従兄弟 従姉妹",
}
_PATH_OF = {word: path for path, words in _PATHS.items() for word in words.split()}
_SEX_OF = {
    "男": "夫 父 養父 義父 兄 弟 祖父 義兄 義弟 おじ おい 内縁の夫 息子 婿 甥 叔父 伯父 養子",
    "女": "妻 母 養母 義母 姉 妹 祖母 義姉 義妹 おば めい 内縁の妻 娘 嫁 姪 叔母 伯母 養女",
}
_BACK = {"S": "S", "C": "P", "P": "C"}
# Male, female, and the word where the sex is not known.
_WORDS = {
    "S": ("夫", "妻", "配偶者"),
    "C": ("息子", "娘", "子"),
    "P": ("父", "母", "親"),
    "PP": ("祖父", "祖母", "祖父母"),
    "CC": ("孫", "孫", "孫"),
    "SP": ("義父", "義母", "義親"),
    "CS": ("子の夫", "子の妻", "子の配偶者"),
    "PPC": ("おじ", "おば", "おじ・おば"),
    "PCC": ("おい", "めい", "おい・めい"),
    "PPCC": ("いとこ", "いとこ", "いとこ"),
    "PPP": ("曾祖父", "曾祖母", "曾祖父母"),
    "CCC": ("ひ孫", "ひ孫", "ひ孫"),
}


def sex_from(relationship: str) -> str:
    """男, 女 or nothing, as far as the word itself says."""
    if relationship[-1:] in {"男", "女"}:
        return relationship[-1]
    return next((sex for sex, words in _SEX_OF.items() if relationship in words.split()), "")


def between(
    one: str, other: str, *, sex: str = "", one_birth: date | None = None, other_birth: date | None = None
) -> str:
    """What `other` is to `one`, both given by their relationship to the head. Empty where it cannot be told.

    `sex` and the births are of `other` and of both; without them the word stays open (配偶者, 兄弟姉妹).
    """
    if one == HEAD:
        return other
    if one not in _PATH_OF or other not in _PATH_OF:
        return ""
    back, forth = "".join(_BACK[step] for step in reversed(_PATH_OF[one])), _PATH_OF[other]
    if _open(back, forth):
        return ""
    path = _shorten(back + forth)
    sex = sex or sex_from(other)
    if path == "C" and _PATH_OF[other] == "C":
        return other
    if path in {"PC", "SPC"}:
        return ("義" if path == "SPC" else "") + _sibling(sex, one_birth, other_birth)
    if path not in _WORDS:
        return ""
    return _WORDS[path][{"男": 0, "女": 1}.get(sex, 2)]


def _open(back: str, forth: str) -> bool:
    """Whether the words leave two answers: a grandchild is the eldest son's child, or his brother's."""
    if back.endswith("P") and forth.startswith("C"):
        return len(back + forth) > 2
    return not back.strip("C") and bool(back) and forth.startswith("P") and back + forth not in {"CP", "CPC"}


def _shorten(path: str) -> str:
    """People of a household are different persons, so a child's parent is the spouse, not oneself."""
    for _ in path:
        for pair, short in (("PS", "P"), ("SC", "C"), ("CP", "S"), ("SS", "")):
            path = path.replace(pair, short)
    return path


def _sibling(sex: str, one: date | None, other: date | None) -> str:
    if one is None or other is None or one == other or not sex:
        return {"男": "兄弟", "女": "姉妹"}.get(sex, "兄弟姉妹")
    return {("男", True): "兄", ("男", False): "弟", ("女", True): "姉", ("女", False): "妹"}[
        sex, other < one
    ]
