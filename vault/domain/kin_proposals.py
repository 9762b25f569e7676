"""What a person who is added to a household beside another one is to its head: proposed where the words tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from vault.domain.clients import Member
from vault.domain.relationships import paths_of

SPOUSE, CHILD, PARENT, SIBLING = STEPS = ("spouse", "child", "parent", "sibling")
# From a place in the family to the one that a step leads to; what is left out stays open, or is the head himself.
_NEXT = {
    SPOUSE: {"": "S", "C": "CS", "P": "P", "PC": "PCS", "PP": "PP", "SP": "SP", "CS": "C"},
    CHILD: {"": "C", "S": "C", "C": "CC", "P": "PC", "PC": "PCC", "SP": "SPC", "CS": "CC"},
    PARENT: {"": "P", "S": "SP", "C": "S", "P": "PP", "PC": "P"},
    SIBLING: {"": "PC", "S": "SPC", "C": "C", "P": "PPC", "PC": "PC", "CC": "CC"},
}
# By the path from the head: male, female, and where the sex is not known.
_WORDS = {
    "S": ("夫", "妻", "配偶者"),
    "P": ("父", "母", ""),
    "PP": ("祖父", "祖母", ""),
    "CC": ("孫", "孫", "孫"),
    "CS": ("子の配偶者",) * 3,
    "SP": ("義父", "義母", ""),
    "PPC": ("おじ", "おば", ""),
    "PCC": ("おい", "めい", ""),
    "PCS": ("義兄", "義姉", ""),
}  # fmt: skip
_ORDER = "長次三四"


def proposed(members: Iterable[Member], of: Member, step: str, sex: str, birth: date | None = None) -> str:
    """The relationship to the head of somebody who is `of`'s spouse, child, parent or sibling; "" where it stays open.

    `step` is one of STEPS, `sex` 男, 女 or anything else. Children are numbered after those that are there, brothers
    and sisters of the head and the spouse by their ages.
    """
    ways = paths_of(of.relationship)
    path = _NEXT.get(step, {}).get(ways[0], "") if len(ways) == 1 else ""
    column = {"男": 0, "女": 1}.get(sex, 2)
    everybody = list(members)
    if path == "C":
        return _child(everybody, column, birth)
    if path == "PC":
        return _sibling(_birth_of(everybody, ""), column, birth)
    if path == "SPC":
        word = _sibling(_birth_of(everybody, "S"), column, birth)
        return "義" + word if word else ""
    if path == "PCS" and of.relationship[-1:] in "弟妹":
        return ("義弟", "義妹", "")[column]
    if path in {"S", "P", "SP"} and _taken(everybody, _WORDS[path][column]):
        return ""
    word = _WORDS[path][column] if path in _WORDS else ""
    return "" if step == SPOUSE and word == of.relationship else word


def _taken(members: list[Member], word: str) -> bool:
    return any(m.relationship == word for m in members)


def _child(members: list[Member], column: int, birth: date | None) -> str:
    """The first free of 長男, 次男 …; 子 where the births say that the order would not hold."""
    letter = ("男", "女", "")[column]
    taken = {m.relationship: m for m in members}
    free = next((n for n in _ORDER if n + letter not in taken), "") if letter else ""
    if not free:
        return "子"
    elder = [taken[n + letter].birth for n in _ORDER[: _ORDER.index(free)]]
    return "子" if birth and any(b and b.value > birth for b in elder) else free + letter


def _birth_of(members: list[Member], path: str) -> date | None:
    found = next((m for m in members if paths_of(m.relationship) == (path,)), None)
    return found.birth.value if found and found.birth else None


def _sibling(than: date | None, column: int, birth: date | None) -> str:
    if than is None or birth is None or than == birth or column == 2:
        return ""
    return ("兄弟", "姉妹")[column][int(birth > than)]
