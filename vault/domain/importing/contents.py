"""What a column holds, by its cells: for headings that say nothing, or nothing that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date

from vault.domain import insurers
from vault.domain.importing import vocabulary
from vault.domain.importing.tables import NOTHING, PEOPLE, POLICIES, Table
from vault.domain.relationships import HEAD, RELATIONSHIPS
from vault.domain.values import Unreadable, compact, kana, plain, read_date

SAMPLE = 200  # rows that are looked at
_MOST, _LEAST = 0.7, 2  # so large a part of the cells, and so many of them
_POSTAL = re.compile(r"〒?\d{3}-\d{4}|〒\d{7}")
_TELEPHONE = re.compile(r"0\d{1,4}-\d{1,4}-\d{3,4}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ADDRESS = re.compile(r"(?:北海道|東京都|大阪府|京都府|..県|...県)?.{1,8}?[市区町村郡].*\d")
_KANA = re.compile(r"[ァ-ヺー・ ]{2,}")
_NUMBER = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9\-/]{4,20}", re.IGNORECASE)
_MONEY = re.compile(r"[¥\\]?\d{1,3}(?:,\d{3})+円?|\d{3,8}円")
_NAME = re.compile(r"[一-龥々〆ヵヶぁ-んァ-ヺー𠮷]{1,5}[ 　][一-龥々ぁ-んァ-ヺー]{1,5}")
_SEXES = {"男", "女", "男性", "女性"}
_GROWN = 20  # years before today's cover that a birth lies back

Test = Callable[[str], bool]
# What a cell says of itself beyond doubt; asked also under headings that nobody knows.
_SURE: dict[str, Test] = {
    "client.postal_code": lambda text: bool(_POSTAL.fullmatch(compact(text))),
    "client.mail": lambda text: bool(_MAIL.fullmatch(plain(text))),
    "policy.insurer": lambda text: insurers.find(text) is not None,
    "policy.kind": lambda text: vocabulary.kind(text) is not None,
    "policy.mode": lambda text: bool(vocabulary.mode(text)) and not text.strip().isdigit(),
    "member.relationship": lambda text: text.strip() in RELATIONSHIPS and text.strip() != HEAD,
    "client.sex": lambda text: plain(text) in _SEXES,
}
# What it says only where no heading says otherwise.
_LIKELY: dict[str, Test] = {
    "client.telephone": lambda text: bool(_TELEPHONE.fullmatch(compact(text))),
    "client.kana": lambda text: bool(_KANA.fullmatch(kana(text))),
    "client.name": lambda text: bool(_NAME.fullmatch(text.strip())),
    "policy.premium": lambda text: bool(_MONEY.fullmatch(compact(text))),
    "client.address": lambda text: bool(_ADDRESS.match(plain(text))),
    "policy.policy_number": lambda text: bool(_NUMBER.fullmatch(compact(text))) and _day(text) is None,
}
_ONLY_POLICIES = ("policy.", "client.sex")


def sheet_kind(table: Table, first_row: int) -> str:
    """`POLICIES` where insurers or kinds stand in it, `PEOPLE` where relationships do."""
    found = {target for column in range(table.width) if (target := _sure(_cells(table, first_row, column)))}
    if {"policy.insurer", "policy.kind"} & found:
        return POLICIES
    return PEOPLE if "member.relationship" in found else NOTHING


def guessed(
    table: Table, first_row: int, taken: Mapping[int, str], said: list[str], what: str
) -> Iterator[tuple[int, str]]:
    """(column, target) for columns that the headings left open."""
    open_columns = [
        column for column in range(table.width) if column not in taken and column not in table.refused_columns
    ]
    free = [column for column in open_columns if not said[column].strip()]
    for column in open_columns:
        cells = _cells(table, first_row, column)
        target = _sure(cells) or (_holds(_LIKELY, cells) if column in free else "")
        if target and _fits(target, what):
            yield column, target
    yield from _days(table, first_row, free, what)


def _fits(target: str, what: str) -> bool:
    return what == POLICIES or not target.startswith(_ONLY_POLICIES)


def _cells(table: Table, first_row: int, column: int) -> list[str]:
    rows = table.rows[first_row + 1 : first_row + 1 + SAMPLE]
    return [row[column] for row in rows if row[column].strip() and len(row[column]) <= 200]


def _sure(cells: list[str]) -> str:
    return _holds(_SURE, cells)


def _holds(tests: Mapping[str, Test], cells: list[str]) -> str:
    if len(cells) < _LEAST:
        return ""
    return next((target for target, test in tests.items() if _part(test, cells) >= _MOST), "")


def _part(test: Test, cells: Collection[str]) -> float:
    return sum(map(test, cells)) / len(cells)


def _day(text: str) -> date | None:
    try:
        return read_date(text).value
    except Unreadable:
        return None


def _days(table: Table, first_row: int, free: list[int], what: str) -> Iterator[tuple[int, str]]:
    """Columns of days: births lie far back, an end follows a beginning."""
    columns: dict[int, list[date]] = {}
    for column in free:
        cells = _cells(table, first_row, column)
        days = [day for cell in cells if (day := _day(cell))]
        if len(days) >= _LEAST and len(days) >= _MOST * len(cells):
            columns[column] = sorted(days)
    middle = {column: days[len(days) // 2] for column, days in columns.items()}
    latest = max(middle.values(), default=date.min)
    births = [column for column, day in middle.items() if day.year <= latest.year - _GROWN or what != POLICIES]
    for column in births[:1]:
        yield column, "client.birth" if what == POLICIES else "member.birth"
    others = sorted((day, column) for column, day in middle.items() if column not in births)
    if what == POLICIES:
        yield from zip([column for _, column in others], ("policy.begins", "policy.ends"), strict=False)
