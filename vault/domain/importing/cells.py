"""One row's texts by target: what stands in its cells, what was corrected, what is meant by ditto marks and empty cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vault.domain.fields import Fault
from vault.domain.importing.headings import headings
from vault.domain.importing.tables import POLICIES, Cell, Fixes, Matching, Table
from vault.domain.values import plain

_NONE = re.compile(r"[-‐－―ー—−–*/・.]+|なし|無し|N/?A|n/?a|null|NULL|該当なし|未入力")
_DITTO = {"〃", "同上", "々", '"', "”", "″", "''", "同", "〻"}
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|#+)", re.IGNORECASE)
# Letters that only the machine knew which wrote the file, or that were lost on the way.
_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010fffd]")
_KEPT = {"policy.notes", "member.notes", "client.notes", "policy.beneficiary"}
# Words that mean something of their own in these boxes.
_NONE_MEANS = {"policy.policy_number", "policy.currency", *_KEPT}
_NAME_ABOVE_LEAST, _NAME_ABOVE_PART = 2, 0.2
_ONLY_ONE = 40  # letters of a note that are told


@dataclass
class Texts:
    """A row: `values` by target, and what was seen on the way to them."""

    number: int
    values: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    remarks: list[tuple[str, Fault]] = field(default_factory=list)

    def get(self, target: str) -> str:
        return self.values.get(target, "")

    def remark(self, target: str, fault: Fault) -> None:
        self.remarks.append((target, fault))


class Source:
    """Reads the rows of a table by its matching."""

    def __init__(self, table: Table, matching: Matching, fixes: Fixes, given: Mapping[str, str]) -> None:
        self.table, self.matching = table, matching
        self._fixes, self._given = fixes, given
        self._fixed_targets: dict[int, dict[str, str]] = {}
        for (row, key), text in fixes.items():
            if isinstance(key, str):
                self._fixed_targets.setdefault(row, {})[key] = text
        self.columns = {
            column: target for column, target in matching.columns.items()
            if 0 <= column < table.width and column not in table.refused_columns
        }
        self._said = headings(table, matching.first_row)
        self._above: dict[str, str] = {}
        self._merged_down, self._merged_right = _merged(table)
        self._name_above = self._names_stand_above()

    def heading(self, target: str) -> str:
        """What stands over the column of a target."""
        return next((self._said[column] for column, each in self.columns.items() if each == target), "")

    def row(self, number: int) -> Texts:
        """The texts of a row; rows are asked for in their order, for ditto marks mean the one before."""
        found = Texts(number)
        for column, target in self.columns.items():
            found.values[target] = self._cell(number, column, target, found)
        for target, text in {**self._given, **self._fixed_targets.get(number, {})}.items():
            if not found.values.get(target) or (number, target) in self._fixes:
                found.values[target] = text.strip()
        self._name_from_above(number, found)
        if number in self.table.hidden_rows:
            found.remark("", Fault("row-hidden"))
        self._above.update({target: text for target, text in found.values.items() if text})
        return found

    def _cell(self, number: int, column: int, target: str, found: Texts) -> str:
        at = (number, column)
        if at in self._fixes:
            return self._fixes[at].strip()
        if at in self.table.refused_cells:
            found.faults.append((target, Fault("my-number")))
            return ""
        if at in self.table.formulas:
            found.faults.append((target, Fault("cell-formula")))
            return ""
        text = _plain(self.table.rows[number][column], target)
        if at in self._merged_right:
            return ""
        if at in self._merged_down and text:
            found.remark(target, Fault("cell-merged"))
        return self._meant(text, target, found)

    def _meant(self, text: str, target: str, found: Texts) -> str:
        if text in _DITTO:
            found.remark(target, Fault("cell-ditto", {"text": self._above.get(target, "")}))
            return self._above.get(target, "")
        if _ERROR.fullmatch(text):
            found.faults.append((target, Fault("cell-error", {"typed": text})))
            return ""
        if unknown := _UNKNOWN.search(text):
            found.faults.append((target, Fault("letter-unknown", {"place": unknown.start() + 1}, ask=True)))
        return "" if target not in _NONE_MEANS and _NONE.fullmatch(text) else text

    def _names_stand_above(self) -> bool:
        """Whether the sheet writes a client's name once, over several of its rows, without merging the cells."""
        name = next((column for column, target in self.columns.items() if target == "client.name"), None)
        proof = next((column for column, target in self.columns.items() if target == "policy.policy_number"), None)
        if name is None or proof is None or self.matching.what != POLICIES:
            return False
        rows = self.table.rows[self.matching.first_row + 1 :]
        of_policies = [row for row in rows if row[proof].strip()]
        without = sum(1 for row in of_policies if not row[name].strip())
        return without >= max(_NAME_ABOVE_LEAST, _NAME_ABOVE_PART * len(of_policies))

    def _name_from_above(self, number: int, found: Texts) -> None:
        """Proposed only, and asked about: a policy under another client's name would be the worst of mistakes."""
        missing = found.get("policy.policy_number") and not (found.get("client.name") or found.get("client.kana"))
        told = any(target == "client.name" for target, _ in found.faults)
        if not (self._name_above and missing and not told and self._above.get("client.name")):
            return
        for target in self.columns.values():
            if target.startswith("client.") and not found.get(target):
                found.values[target] = self._above.get(target, "")
        found.faults.append(("client.name", Fault("name-from-above", {"name": found.get("client.name")}, ask=True)))

    def left_out(self, number: int, texts: Texts) -> Fault | None:
        """Why a row is none of a client or policy; None where it is one."""
        cells = [cell.strip() for column, cell in enumerate(self.table.rows[number])
                 if cell.strip() and (number, column) not in self._merged_right]
        if any((number, column) in self.table.formulas for column in self.columns):
            return None
        if any(row == number for row, _ in self._fixes):
            return None
        if total(cells) and not texts.get("policy.policy_number"):
            return Fault("row-total", {"premium": texts.get("policy.premium")})
        if not any(texts.get(target) for target in self.columns.values()) and not texts.faults:
            return Fault("row-empty")
        if self._repeats_headings(number):
            return Fault("row-headings")
        if self.matching.what == POLICIES and len(cells) == 1:
            return Fault("row-note", {"text": cells[0][:_ONLY_ONE]})
        return None

    def _repeats_headings(self, number: int) -> bool:
        if self.matching.first_row < 0:
            return False
        said, own = self.table.rows[self.matching.first_row], self.table.rows[number]
        same = sum(1 for column in self.columns if own[column] and own[column] == said[column])
        return len(self.columns) > 1 and same > len(self.columns) / 2


def total(cells: list[str]) -> bool:
    """Whether one of the first texts of a row says that it is a sum."""
    return any(re.fullmatch(r".{0,20}?(?:合計|小計|総計|累計|総合計|月計|年計)(?:[(金].{0,10})?|計|.{1,20} ?計", plain(cell))
               for cell in cells[:3] if not plain(cell).endswith(("会計", "設計", "時計", "統計", "家計")))


def _plain(text: str, target: str) -> str:
    """On one line where the box has only one."""
    told = text.strip(" \t\r\n\u3000")
    return told if target in _KEPT or "\n" not in told else " ".join(told.split("\n"))


def _merged(table: Table) -> tuple[frozenset[Cell], frozenset[Cell]]:
    """Cells that are filled from above, and those that are filled from the left."""
    down: set[Cell] = set()
    right: set[Cell] = set()
    for top, left, bottom, last in table.merged:
        down.update((row, left) for row in range(top + 1, bottom + 1))
        right.update((row, column) for row in range(top, bottom + 1) for column in range(left + 1, last + 1))
    return frozenset(down), frozenset(right)
