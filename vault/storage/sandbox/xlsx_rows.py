"""The cells of one sheet of an xlsx, as its XML goes by. Runs in the child only."""

from __future__ import annotations

from vault.storage.sandbox.cell_texts import Show, number
from vault.storage.sandbox.table_frames import AREA, COLUMNS, LETTERS, MARKS, ROWS, Area, Sheet, refusal
from vault.storage.sandbox.xls import spread
from vault.storage.sandbox.xlsx_parts import cleaned

_TRUE = {"1", "true", "on"}
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_BOOLEANS = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}


class Rows:
    """Handlers of the sheet's XML; only cells that say something are kept, wherever the file claims that there are some."""

    def __init__(self, strings: list[str], shows: list[Show]) -> None:
        self._strings, self._shows = strings, shows
        self._cells: dict[int, dict[int, str]] = {}
        self._formulas: list[tuple[int, int]] = []
        self._merged: list[Area] = []
        self._hidden: list[int] = []
        self._row, self._column, self._count = -1, -1, 0
        self._type, self._style = "", 0
        self._value: list[str] = []
        self._text: list[str] = []
        self._letters = 0
        self._into: list[str] | None = None
        self._has_formula, self._aside = False, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell(attributes)
        elif name == "v":
            self._into = self._value
        elif name == "t" and not self._aside:
            self._into = self._text
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "rPh":
            self._aside += 1
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        self._into = None
        if name == "c":
            self._end_cell()
        elif name == "rPh":
            self._aside -= 1

    def text(self, told: str) -> None:
        if self._into is not None:
            self._into.append(told)
            self._letters += len(told)
            # Rich text and the way to write odd letters take more than what is seen.
            if self._letters > 8 * LETTERS:
                raise refusal("spreadsheet-cell-too-long")

    def _begin_row(self, attributes: dict[str, str]) -> None:
        told = attributes.get("r")
        self._row = int(told) - 1 if told else self._row + 1
        self._column = -1
        if not 0 <= self._row < _LAST_ROW:
            raise refusal("spreadsheet-unreadable")
        if attributes.get("hidden", "").lower() in _TRUE and len(self._hidden) < MARKS:
            self._hidden.append(self._row)

    def _cell(self, attributes: dict[str, str]) -> None:
        told = attributes.get("r")
        self._column = place(told)[1] if told else self._column + 1
        self._type, self._style = attributes.get("t", "n"), int(attributes.get("s") or 0)
        self._value, self._text, self._letters, self._has_formula = [], [], 0, False

    def _end_cell(self) -> None:
        value = "".join(self._value)
        shown = self._shown(value)
        if self._has_formula and not value and self._type != "str" and len(self._formulas) < MARKS:
            self._formulas.append((self._row, self._column))
        elif not shown:
            return
        self._keep(shown)

    def _keep(self, shown: str) -> None:
        self._count += 1
        if self._row >= ROWS:
            raise refusal("spreadsheet-too-many-rows")
        if self._column >= COLUMNS:
            raise refusal("spreadsheet-too-many-columns")
        if self._count > AREA:
            raise refusal("spreadsheet-too-many-cells")
        self._cells.setdefault(self._row, {})[self._column] = shown

    def _shown(self, value: str) -> str:
        match self._type:
            case "s":
                return self._strings[int(value)] if value else ""
            case "inlineStr":
                return cleaned("".join(self._text))
            case "n" if value:
                return self._number(float(value))
            case "b":
                return _BOOLEANS.get(value.strip(), "")
            case "d" if value:
                return value.removesuffix("Z").removesuffix("T00:00:00").replace("-", "/").replace("T", " ")
        return cleaned(value)

    def _number(self, value: float) -> str:
        show = self._shows[self._style] if 0 <= self._style < len(self._shows) else number
        return show(value)

    def _merge(self, ref: str) -> None:
        first, _, last = ref.partition(":")
        if last and len(self._merged) < MARKS:
            self._merged.append((*place(first), *place(last)))

    def made(self, name: str, hidden: bool, macros: bool) -> Sheet:
        """The table: up to the last row and the last column that say something."""
        height = max(self._cells, default=-1) + 1
        width = max((max(row) for row in self._cells.values()), default=-1) + 1
        if height * width > AREA:
            raise refusal("spreadsheet-too-many-cells")
        rows = [_laid_out(self._cells.get(row, {}), width) for row in range(height)]
        merged = [(top, left, min(bottom, height - 1), min(right, width - 1))
                  for top, left, bottom, right in self._merged if top < height and left < width]
        spread(rows, merged)
        return Sheet(name, rows, merged, self._formulas, hidden, self._hidden, macros)


def _laid_out(cells: dict[int, str], width: int) -> list[str]:
    row = [""] * width
    for column, shown in cells.items():
        row[column] = shown
    return row


def place(ref: str) -> tuple[int, int]:
    """(row, column) from 0 of a name such as B11; raises Refused."""
    bare = ref.replace("$", "").upper()
    letters = bare.rstrip("0123456789")
    digits = bare[len(letters) :]
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3 and digits and len(digits) <= 7):
        raise refusal("spreadsheet-unreadable")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - 64
    if column > _LAST_COLUMN or not 0 < int(digits) <= _LAST_ROW:
        raise refusal("spreadsheet-unreadable")
    return int(digits) - 1, column - 1
