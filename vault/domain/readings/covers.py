"""Covers and their amounts: lines such as 「疾病入院給付金日額 10,000円」, in a table or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from vault.domain.readings import shapes
from vault.domain.readings.beside import Place, Sheet
from vault.domain.readings.lines import Line, groups, spoken
from vault.domain.values import compact

# How the paper calls a cover -> how the form does. The first that fits the whole name counts.
_NAMES: tuple[tuple[str, str], ...] = (
    ("災害死亡(?:保険金|共済金|給付金)?額?", "災害死亡"),
    ("(?:死亡)?・?後遺障害(?:保険金額?)?", "死亡・後遺障害"),
    ("(?:普通)?死亡(?:・?高度障害)?(?:保険金|共済金|保障|給付金)額?|死亡・高度障害", "死亡"),
    ("高度障害(?:保険金|共済金)額?", "高度障害"),
    ("(?:疾病|病気)入院(?:給付金|共済金)?(?:日額)?", "入院日額 疾病"),
    ("(?:災害|けが|ケガ|傷害)入院(?:給付金|共済金)?(?:日額)?", "入院日額 災害"),
    ("女性(?:疾病)?入院(?:給付金|共済金)?(?:日額)?", "入院日額 女性"),
    ("(?:成人病|生活習慣病)入院(?:給付金)?(?:日額)?", "入院日額 成人病"),
    ("入院(?:給付金|共済金|保険金)(?:日額)|入院日額", "入院日額 疾病"),
    ("手術(?:給付金|共済金|保険金)額?", "手術"),
    ("通院(?:給付金|共済金|保険金)(?:日額)?|通院日額", "通院"),
    ("先進医療(?:給付金)?", "先進医療"),
    ("がん診断(?:給付金|一時金|保険金)額?|診断給付金額?", "がん診断"),
    ("(?:三大|3大|特定)疾病(?:保険金|一時金|給付金)額?", "三大疾病"),
    ("就業不能(?:給付金|年金)(?:\\(?月額\\)?)?", "就業不能"),
    ("介護(?:保険金|一時金|年金|給付金)額?", "介護"),
    ("対人賠償(?:責任)?(?:保険)?", "対人賠償"),
    ("対物賠償(?:責任)?(?:保険)?", "対物賠償"),
    ("自損事故(?:傷害)?", "自損事故"),
    ("無保険車(?:事故)?傷害", "無保険車傷害"),
    ("人身傷害(?:補償)?(?:保険)?", "人身傷害"),
    ("搭乗者傷害(?:保険)?", "搭乗者傷害"),
    ("車両(?:保険)?(?:金額)?", "車両"),
    ("個人賠償(?:責任)?(?:補償)?(?:特約)?", "個人賠償"),
    ("使用者賠償(?:責任)?", "使用者賠償"),
    ("建物(?:保険金額)?", "建物"),
    ("家財(?:一式)?(?:保険金額)?", "家財"),
)
_LIMIT = re.compile(r"(身体障害|財物損壊|財物損害|賠償)?(1名|1事故|期間中)(?:につき|あたり|当たり|限度額)?")
_OWN_NAME = re.compile(r"[^\W\d_]{2,14}(?:給付金|共済金|保険金)(?:日額|月額|額)?")
_RIDER = re.compile(r"[^\W\d_]{2,16}特約")
_SPLIT = 1.5  # heights between a name and an amount, at least


class Cover(NamedTuple):
    """`table` is the rows of the form it belongs to: coverages, riders."""

    table: str
    name: str
    amount: str
    pieces: Line
    line: int
    label: str


def covers(sheet: Sheet) -> Iterator[Cover]:
    """Each name of a cover with the first amount right of it; an earthquake's stands in the next column."""
    for number, line in enumerate(sheet.lines):
        for first in range(len(line)):
            for after in range(min(len(line), first + 14), first, -1):
                if found := _cover(sheet, number, first, after):
                    yield found
                    yield from _earthquake(sheet, found, line[after:])
                    break


def _cover(sheet: Sheet, number: int, first: int, after: int) -> Cover | None:
    line = sheet.lines[number]
    told = "".join(piece.text for piece in line[first:after])
    name = called(told)
    if not name or (first and not _begins(line, first)):
        return None
    rest = groups(line[after:], 2.5)
    amount = shapes.read("amount", spoken(rest[0])) if rest else None
    table = "riders" if _RIDER.fullmatch(name) else "coverages"
    return Cover(table, name, amount, rest[0], number, told) if amount and not _price(amount) else None


def _earthquake(sheet: Sheet, cover: Cover, rest: Line) -> Iterator[Cover]:
    """For 建物 and 家財, the amount below 地震保険金額."""
    parts = groups(rest, 2.5)
    if cover.name not in {"建物", "家財"} or len(parts) < 2:
        return
    amount = shapes.read("amount", spoken(parts[1]))
    if amount and any(_above(sheet, place, parts[1]) for row in sheet.places[: cover.line] for place in row):
        yield Cover("coverages", f"地震({cover.name})", amount, parts[1], cover.line, "地震保険金額")


def _above(sheet: Sheet, place: Place, amount: Line) -> bool:
    if place.label.name != "地震保険金額":
        return False
    line = sheet.lines[place.line]
    end = min((piece.area.left for piece in line[place.after :]), default=amount[-1].right)
    return line[place.first].area.left < amount[-1].right and amount[0].area.left < end


def _price(amount: str) -> bool:
    """What a rider costs rather than what it pays."""
    digits = amount.removesuffix("円").replace(",", "")
    return amount.endswith("円") and digits.isdecimal() and int(digits) < 1_000


def _begins(line: Line, first: int) -> bool:
    """Whether a name of a cover may begin here: after a gap, not within a sentence."""
    deductible = "免責" in "".join(piece.text for piece in line[max(0, first - 3) : first])
    return not deductible and len(groups(line[first - 1 : first + 1], _SPLIT)) == 2


def called(label: str) -> str:
    """The cover's name in the form; a name of its own where it is no known one; empty where it is none."""
    bare = compact(label).strip("・:").removesuffix("※")
    for pattern, name in _NAMES:
        if re.fullmatch(pattern, bare):
            return name
    if found := _LIMIT.fullmatch(bare):
        return " ".join(filter(None, found.groups()))
    if _RIDER.fullmatch(bare) and not re.match("特約|各種|付加", bare):
        return bare
    # 満期保険金 and the like have boxes of their own.
    own = _OWN_NAME.fullmatch(bare) and not re.match("満期|合計|主契約|基本|地震|特約|生存", bare)
    return bare if own and len(bare) <= 20 else ""
