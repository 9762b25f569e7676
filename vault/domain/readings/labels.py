"""What stands beside a value on the paper, and into which box of the form that value belongs.

`box` is a path of the policy form; a row of a table is named by what it is about, since only the form knows
its number: `roles-契約者-name`, `coverages-死亡-amount`. `shape` names a reader of `shapes`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from vault.domain.readings import labels_table as table


class Rule(NamedTuple):
    """`rank`: of several labels of a box the better one is lower."""

    box: str
    shape: str
    rank: int


_POLITE = re.compile(r"[おご御](?=[\u4e00-\u9fff])|[の・ ]")
_SUFFIX = re.compile(r"(?:\([^()]*\)|名前|氏名|名|様|さま)$")
_EDGES = "【】[]〔〕<>《》「」■□●○◆◇▼・:.*※|"
# What is read off paper in place of a letter that labels have.
_MISREAD = str.maketrans({"目": "日", "曰": "日", "陳": "険", "険": "険", "考": "者", "劵": "券", "薪": "券", "棒": "険"})


class Label(NamedTuple):
    """A label found: its rules (none for the head of another column), and whether a letter was guessed."""

    name: str
    rules: tuple[Rule, ...]
    guessed: bool

    @property
    def monthly(self) -> bool:
        """Whether it is a premium's and says that it is paid by the month."""
        return self.name in _MONTHLY


@lru_cache(maxsize=1)
def _rules() -> dict[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {_plain(name): () for name in table.OTHERS.split()}
    # A line that begins with a blank goes on with the one before.
    for line in re.sub(r"\n +", "", table.LABELS).strip().splitlines():
        box, shape, names = (part.strip() for part in line.split("|"))
        for rank, name in enumerate(dict.fromkeys(map(_plain, names.split(",")))):
            found[name] = (*found.get(name, ()), Rule(box, shape, rank))
    return found


@lru_cache(maxsize=1)
def _by_length() -> dict[int, list[str]]:
    """Labels of three letters and more."""
    found: dict[int, list[str]] = {}
    for name in _rules():
        if len(name) >= 3:
            found.setdefault(len(name), []).append(name)
    return found


LONGEST = 14  # letters
_MONTHLY = frozenset({"毎月保険料", "月払保険料", "月額保険料", "月掛金"})


def label(text: str) -> Label | None:
    """The label that `text` is, politeness, brackets and one misread letter aside."""
    rules_of = _rules()
    for name in _spellings(text):
        if name in rules_of:
            return Label(name, rules_of[name], False)
    name = _spellings(text)[-1].translate(_MISREAD)
    if name in rules_of:
        return Label(name, rules_of[name], True)
    if len(text.replace(" ", "")) < 4:  # shorter ones are each other's neighbours
        return None
    near = [other for other in _by_length().get(len(name), ()) if _one_letter_apart(name, other)]
    rules = {rules_of[other] for other in near}
    return Label(near[0], rules_of[near[0]], True) if len(rules) == 1 and rules_of[near[0]] else None


def known(text: str) -> bool:
    """Whether `text` is a label, letter for letter."""
    found = label(text)
    return found is not None and not found.guessed


def _plain(text: str) -> str:
    """Without politeness and what only joins words."""
    return _POLITE.sub("", text)


def _spellings(text: str) -> list[str]:
    """As it is, and without what may follow; the shortest last."""
    found = [_plain(unicodedata.normalize("NFKC", text).strip(_EDGES))]
    while len(shorter := _SUFFIX.sub("", found[-1])) >= 2 and shorter != found[-1]:
        found.append(shorter)
    return found


def _one_letter_apart(text: str, other: str) -> bool:
    return sum(a != b for a, b in zip(text, other, strict=True)) == 1
