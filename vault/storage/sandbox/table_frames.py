"""What the child answers about a spreadsheet. Nothing of it is believed: a parser that was taken over writes it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from vault.domain.importing.tables import MACROS, Table
from vault.errors import Refused

if TYPE_CHECKING:
    from vault.storage.sandbox.process import Child

TABLES, REFUSAL = b"T", b"R"
# What no office's list reaches. Excel takes 32,767 characters in a cell.
ROWS, COLUMNS, LETTERS, SHEETS, AREA = 50_000, 200, 32_767, 100, 2_000_000
MARKS, NAME_LETTERS = 200_000, 300  # merged areas, formulas and hidden rows of a sheet; letters of its name
ANSWER_BYTES = 256 * 1024 * 1024
# Codes of refusals, each with the most that is taken, where it is about a number.
REFUSALS: dict[str, int | None] = {
    "spreadsheet-unreadable": None, "spreadsheet-locked": None, "spreadsheet-too-heavy": None,
    "spreadsheet-too-long": None, "spreadsheet-too-many-rows": ROWS, "spreadsheet-too-many-columns": COLUMNS,
    "spreadsheet-too-many-sheets": SHEETS, "spreadsheet-too-many-cells": AREA, "spreadsheet-cell-too-long": LETTERS,
    "sandbox-missing": None,
}  # fmt: skip
# How a child's end is told of scans, and of tables.
_ENDS = {"file-too-long": "spreadsheet-too-long", "file-too-heavy": "spreadsheet-too-heavy"}
_SIZE, _LENGTH = struct.Struct(">Q"), struct.Struct(">B")
Area = tuple[int, int, int, int]


class Sheet(NamedTuple):
    """A table as it goes through the pipe."""

    name: str
    rows: list[list[str]]
    merged: list[Area]
    formulas: list[tuple[int, int]]
    hidden: bool
    hidden_rows: list[int]
    macros: bool


_DECODER = msgspec.msgpack.Decoder(list[Sheet])


def tables_frame(sheets: Sequence[Sheet]) -> bytes:
    """All tables as bytes."""
    body = msgspec.msgpack.encode(sheets)
    return TABLES + _SIZE.pack(len(body)) + body


def refusal_frame(code: str) -> bytes:
    """A refusal as bytes."""
    return REFUSAL + _LENGTH.pack(len(code)) + code.encode("ascii")


def tables(child: Child) -> list[Table]:
    """What a child answers; raises Refused."""
    try:
        return _answer(child)
    except Refused as refused:
        code = _ENDS.get(refused.code, refused.code)
        raise refusal(code if code in REFUSALS else "spreadsheet-unreadable") from refused


def refusal(code: str) -> Refused:
    """With the number that was overstepped."""
    most = REFUSALS[code]
    return Refused(code) if most is None else Refused(code, most=f"{most:,}")


def _answer(child: Child) -> list[Table]:
    match child.take(1):
        case b"T":
            (size,) = _SIZE.unpack(child.take(_SIZE.size))
            if size > ANSWER_BYTES:
                raise Refused("spreadsheet-too-heavy")
            return _tables(child.take(size))
        case b"R":
            raise Refused(child.take(child.take(1)[0]).decode("ascii", "replace"))
    raise Refused("spreadsheet-unreadable")


def _tables(body: bytes) -> list[Table]:
    try:
        sheets = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refused("spreadsheet-unreadable") from error
    for sheet in sheets:
        check(sheet)
    if len(sheets) > SHEETS or sum(map(_area, sheets)) > AREA:
        raise Refused("spreadsheet-unreadable")
    return [_table(sheet) for sheet in sheets if sheet.rows]


def _area(sheet: Sheet) -> int:
    return len(sheet.rows) * max(map(len, sheet.rows), default=0)


def check(sheet: Sheet) -> None:
    """Raise Refused for what is out of bounds, whoever says it."""
    bounds = (
        (len(sheet.rows) > ROWS, "spreadsheet-too-many-rows"),
        (max(map(len, sheet.rows), default=0) > COLUMNS, "spreadsheet-too-many-columns"),
        (max((len(cell) for row in sheet.rows for cell in row), default=0) > LETTERS, "spreadsheet-cell-too-long"),
        (_area(sheet) > AREA, "spreadsheet-too-many-cells"),
        (max(len(sheet.merged), len(sheet.formulas), len(sheet.hidden_rows)) > MARKS, "spreadsheet-too-heavy"),
        (len(sheet.name) > NAME_LETTERS, "spreadsheet-unreadable"),
    )
    for over, code in bounds:
        if over:
            raise refusal(code)


def _table(sheet: Sheet) -> Table:
    height, width = len(sheet.rows), max(map(len, sheet.rows))
    return Table(
        name="".join(filter(str.isprintable, sheet.name)),
        rows=sheet.rows,
        merged=[(t, x, b, r) for t, x, b, r in sheet.merged if 0 <= t <= b < height and 0 <= x <= r < width],
        formulas=frozenset((row, column) for row, column in sheet.formulas if 0 <= row < height and 0 <= column < width),
        hidden=sheet.hidden,
        hidden_rows=frozenset(row for row in sheet.hidden_rows if 0 <= row < height),
        remarks=(MACROS,) if sheet.macros else (),
    )
