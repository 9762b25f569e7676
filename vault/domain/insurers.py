"""Who insures: shown as printed on the policy, searched and matched under the company that carries it on.

A typed name matches by its folded form, with or without 保険, 株式会社, 損害保険 and the like, by
abbreviation, or by what stands in brackets (「安田生命(現 明治安田生命)」).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from vault.domain import insurers_table as table
from vault.domain.values import fold, plain


@dataclass(frozen=True, slots=True)
class Former:
    """A name of the past, and since when the successor stands for it."""

    name: str
    since: date


@dataclass(frozen=True, slots=True)
class Insurer:
    """`kind` is 生命, 損害, 少短 or 共済. `founded`, where known, covers its predecessors too."""

    name: str
    kind: str
    others: tuple[str, ...] = ()
    founded: date | None = None
    former: tuple[Former, ...] = ()


_LEGAL = re.compile("株式会社|相互会社|日本支店|日本における代表者|[(]株[)]|[(]相[)]|㈱")
_BRACKETS = re.compile(r"[(](?:現在?|旧|元)?(?:の|:|=|、)?\s*(.*?)[)]")


@lru_cache(maxsize=1)
def insurers() -> tuple[Insurer, ...]:
    """All that are proposed, in the order of the four kinds."""
    found = [
        insurer
        for kind, lines in (
            (table.LIFE, table.LIFE_INSURERS),
            (table.NONLIFE, table.NONLIFE_INSURERS),
            (table.SHORT, table.SHORT_TERM_INSURERS),
            (table.MUTUAL, table.MUTUALS),
        )
        for insurer in _parse(kind, lines)
    ]
    return (*found, *map(_of_prefecture, table.PREFECTURES.split()))


def _parse(kind: str, lines: str) -> list[Insurer]:
    former = _former()
    made = []
    for line in lines.strip().splitlines():
        name, others, founded = ([part.strip() for part in line.split("|")] + ["", ""])[:3]
        day = date.fromisoformat(founded) if founded else None
        made.append(Insurer(name, kind, tuple(filter(None, others.split(","))), day, former.get(name, ())))
    return made


def _former() -> dict[str, tuple[Former, ...]]:
    found: dict[str, tuple[Former, ...]] = {}
    for line in table.FORMER.strip().splitlines():
        names, successor, since = (part.strip() for part in line.split("|"))
        made = tuple(Former(name, date.fromisoformat(since)) for name in names.split(","))
        found[successor] = (*found.get(successor, ()), *made)
    return found


def _of_prefecture(name: str) -> Insurer:
    """都民共済, 府民共済, 道民共済 and the 県民共済; Kanagawa's calls itself 全国共済."""
    word = {"東京": "都民", "北海道": "道民", "大阪": "府民", "京都": "府民"}.get(name, "県民")
    whole = {"東京": "都民共済", "北海道": "道民共済"}.get(name, f"{name}{word}共済")
    others = (f"{name}{word}共済", f"全国共済({name})", f"全国共済({name}県)")
    return Insurer(whole, table.MUTUAL, tuple(other for other in others if other != whole))


def proposals() -> tuple[str, ...]:
    """Names for the field's list: those of today, then those that only old policies carry."""
    today = tuple(insurer.name for insurer in insurers())
    return today + tuple(former.name for insurer in insurers() for former in insurer.former)


@lru_cache(maxsize=1)
def _index() -> dict[str, Insurer]:
    index: dict[str, Insurer] = {}
    for insurer in insurers():
        for name in (insurer.name, *insurer.others, *(former.name for former in insurer.former)):
            index.setdefault(_key(name), insurer)
    return index


def _key(name: str) -> str:
    bare = _LEGAL.sub("", plain(name)).replace("海上火災保険", "海上").replace("自動車火災保険", "自動車火災")
    bare = bare.replace("少額短期保険", "少短").replace("少額短期", "少短").replace("損害保険", "損保")
    bare = re.sub("(?<=生命)保険|(?<=火災)保険|(?<=海上)保険|(?<=共済)生活協同組合(連合会)?", "", bare)
    return fold(re.sub("(?<=海上)火災|(?<=日動)火災", "", bare))


@lru_cache(maxsize=4096)
def find(typed: str) -> Insurer | None:
    """The company of today behind a typed name; None where nobody is known by it."""
    index, whole = _index(), plain(typed)
    within = _BRACKETS.search(whole)
    for name in (whole, _BRACKETS.sub("", whole), within[1] if within else ""):
        if name and (found := index.get(_key(name))):
            return found
    return None


def matched(typed: str) -> str:
    """What a typed insurer is searched and compared under: the successor's name, or what was typed, folded."""
    found = find(typed)
    return fold(found.name if found else typed)


def kind(typed: str) -> str:
    """生命, 損害, 少短, 共済; empty for a company that is not listed."""
    found = find(typed)
    return found.kind if found else ""
