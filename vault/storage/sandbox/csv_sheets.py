"""CSV as programs of Japan write it: UTF-8, UTF-16 or CP932, by comma, semicolon or tab. Runs in the child only."""

from __future__ import annotations

import csv
import io
import re

from vault.storage.sandbox.table_frames import COLUMNS, LETTERS, ROWS, Sheet, refusal

_SAMPLE = 50  # rows by which the delimiter is judged
# A field cut off in the middle of a letter is one bad letter; a file with many is no text in this coding.
_BAD = 0.005
_LOST = "\ufffd"
# But for the line end within a cell that databases write, and the end of file of older systems.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_MARKUP = re.compile(r"\s*(?:<[!?a-zA-Z]|%PDF|\{\\rtf)")


def sheets(data: bytes) -> list[Sheet]:
    """The one table of a CSV file; raises Refused."""
    text = _text(data)
    if _CONTROLS.search(text) or _MARKUP.match(text):
        raise refusal("spreadsheet-unreadable")
    rows = _rows(text, _delimiter(text))
    return [Sheet("CSV", rows, [], [], False, [], False)] if rows else []


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    if coding := _without_mark(data):
        return data.decode(coding)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp932", "replace")
    if text.count(_LOST) > max(1, _BAD * len(text)):
        raise refusal("spreadsheet-unreadable")
    return text


def _without_mark(data: bytes) -> str:
    """UTF-16 whose byte order nothing tells: every line end has a zero beside it, always on the same side."""
    little, big = data.count(b"\n\0"), data.count(b"\0\n")
    if b"\0" not in data or len(data) % 2 or not (little or big):
        return ""
    return "utf-16-le" if little >= big else "utf-16-be"


def _delimiter(text: str) -> str:
    """The one that makes most cells of the first rows. Where they are as many, the comma."""
    head = "".join(text[: 64 * 1024].splitlines(keepends=True)[:_SAMPLE])
    return max(",\t;", key=lambda delimiter: sum(len(row) - 1 for row in _read(head, delimiter) if row))


def _read(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(LETTERS)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > ROWS:
                raise refusal("spreadsheet-too-many-rows")
            if len(row) > COLUMNS:
                # Blank cells at the end are what Excel writes for a column that once held something.
                rows[-1] = _short(row)
    except csv.Error:  # of a field that is too long: a quotation that nobody ended swallows the rest
        raise refusal("spreadsheet-cell-too-long") from None
    return rows


def _short(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    if len(row) > COLUMNS:
        raise refusal("spreadsheet-too-many-columns")
    return row


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """Without the empty rows at the end, and without columns that are empty to the right."""
    rows = [[_cell(cell) for cell in row] for row in _read(text, delimiter)]
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((column for row in rows for column, cell in enumerate(row, 1) if cell), default=0)
    return [row[:width] for row in rows]


def _cell(cell: str) -> str:
    """Line ends as one character, outer blanks gone, and ="0012", as which programs write digits that Excel must not eat."""
    told = cell.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\f", " ").strip(" \t\n\u3000\x1a")
    return told[2:-1] if told.startswith('="') and told.endswith('"') and len(told) > 3 else told
