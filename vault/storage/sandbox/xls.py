"""Excel's older files, and the locked ones of both kinds. Runs in the child only."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from vault.storage.sandbox import biff, cell_texts
from vault.storage.sandbox.table_frames import AREA, COLUMNS, MARKS, ROWS, SHEETS, Sheet, refusal

# Names of parts, as they stand in the container: an xlsx under a password is a container with these two in it.
_LOCKED = ("EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le"))
_MACROS = "_VBA_PROJECT".encode("utf-16-le")
_BOOLEANS = {True: "TRUE", False: "FALSE"}


def sheets(data: bytes) -> list[Sheet]:
    """Every sheet with cells; raises Refused."""
    if any(name in data for name in _LOCKED):
        raise refusal("spreadsheet-locked")
    told = biff.told(data)
    if told.locked:
        raise refusal("spreadsheet-locked")
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        raise refusal("spreadsheet-locked") from None
    if len(book.sheets_metadata) > SHEETS:
        raise refusal("spreadsheet-too-many-sheets")
    macros = _MACROS in data
    named = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    marks = told.sheets + [biff.Marks([], {})] * len(named)
    return [
        _sheet(book.get_sheet_by_name(each.name), each.visible != SheetVisibleEnum.Visible, macros, of_sheet, told.shows)
        for each, of_sheet in zip(named, marks, strict=False)
    ]


def _sheet(sheet: CalamineSheet, hidden: bool, macros: bool, marks: biff.Marks, shows: list[cell_texts.Show]) -> Sheet:
    if sheet.end is None:
        return Sheet(sheet.name, [], [], [], hidden, [], macros)
    height, width = sheet.end[0] + 1, sheet.end[1] + 1
    for over, code in ((height > ROWS, "rows"), (width > COLUMNS, "columns"), (height * width > AREA, "cells")):
        if over:
            raise refusal(f"spreadsheet-too-many-{code}")
    rows = [
        [_text(value, marks.show(row, column, shows)) for column, value in enumerate(values)]
        for row, values in enumerate(sheet.to_python(skip_empty_area=False))
    ]
    merged = [(top, left, min(bottom, height - 1), min(right, width - 1))
              for (top, left), (bottom, right) in sheet.merged_cell_ranges or []]
    spread(rows, merged)
    return Sheet(sheet.name, rows, merged, [], hidden, marks.hidden[:MARKS], macros)


def spread(rows: list[list[str]], merged: list[tuple[int, int, int, int]]) -> None:
    """The value of a merged area into each of its cells. Bounded: areas do not overlap in files that Excel wrote."""
    left_over = AREA
    for top, left, bottom, right in merged:
        left_over -= max(0, bottom - top + 1) * max(0, right - left + 1)
        if left_over < 0:
            raise refusal("spreadsheet-too-heavy")
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
        for row in rows[top : bottom + 1] if value else []:
            row[left : right + 1] = [value] * (min(right + 1, len(row)) - left)


def _text(value: float | str | bool | date | datetime | time | timedelta, show: cell_texts.Show) -> str:
    match value:
        case bool():
            return _BOOLEANS[value]
        case int() | float():
            return show(value)
        case str():
            return value.replace("\r\n", "\n").replace("\r", "\n").strip()
    return cell_texts.moment(value)
