"""Individual numbers are taken out of a sheet before anybody sees it: a column of them whole, a single one by its cell.

One number of twelve digits in eleven has the right check digit by chance. So a column of policy numbers is left alone, and
its boxes ask as the forms do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vault.domain import my_number
from vault.domain.importing.headings import MY_NUMBER, find_first_row, targets_by_heading
from vault.domain.importing.tables import Cell, Table
from vault.domain.values import fold

# Boxes that ask once about a number of twelve digits, where forms refuse it elsewhere.
_ASKING = frozenset({
    "policy.policy_number", "client.client_number", "client.telephone", "client.mobile", "client.accounting_code",
    "policy.premium", "policy.amount", "policy.registration", "client.corporate_number",
})  # fmt: skip
_BARE = re.compile(r"[\d\s\-./,_・:*‐－―ー]+")
_MOSTLY, _KNOWN_MOSTLY = 0.6, 0.8
_FEW, _MANY = 3, 5


def screened(table: Table) -> Table:
    """The table without them; `refused_columns` and `refused_cells` say where they were."""
    first = find_first_row(table)
    known = targets_by_heading(table, first)
    columns, cells = set(table.refused_columns), set(table.refused_cells)
    for column in range(table.width):
        found = list(_found(table.rows, column))
        headed = _headed(table, column, first)
        if not (found or headed):
            continue
        if headed or _is_column(table.rows, column, first, found, column in known):
            columns.add(column)
        elif known.get(column) not in _ASKING and not _numbering(table.rows, column, found):
            cells.update(found)
        else:
            cells.update(cell for cell in found if not _BARE.fullmatch(table.rows[cell[0]][column]))
    if not columns and not cells:
        return table
    rows = [_emptied(row, number, columns, cells, first) for number, row in enumerate(table.rows)]
    return replace(table, rows=rows, refused_columns=frozenset(columns), refused_cells=frozenset(cells))


def _found(rows: Sequence[Sequence[str]], column: int) -> Iterator[Cell]:
    for number, row in enumerate(rows):
        if len(row[column]) >= 12 and my_number.found(row[column]):
            yield number, column


def _headed(table: Table, column: int, first: int) -> bool:
    """Whether a heading says so, whatever stands under it."""
    return any(word in fold(row[column]) for row in table.rows[: first + 1] for word in MY_NUMBER)


def _is_column(rows: Sequence[Sequence[str]], column: int, first: int, found: Sequence[Cell], known: bool) -> bool:
    said = [row[column] for row in rows[first + 1 :] if row[column].strip()]
    if not found or not said:
        return False
    if known:
        return len(said) >= _MANY and len(found) >= _KNOWN_MOSTLY * len(said)
    return len(found) >= _MOSTLY * len(said) and (len(said) >= _FEW or len(found) == len(said))


def _numbering(rows: Sequence[Sequence[str]], column: int, found: Sequence[Cell]) -> bool:
    """Whether the column holds numbers of twelve digits of some other kind: of those, few have the check digit."""
    long = sum(len(re.sub(r"\D", "", row[column])) == 12 and bool(_BARE.fullmatch(row[column])) for row in rows)
    return long >= _FEW and len(found) < long / 2


def _emptied(row: list[str], number: int, columns: set[int], cells: set[Cell], first: int) -> list[str]:
    """Headings stay: they say which column it was. Whatever stands above them goes."""
    return [
        "" if (number, column) in cells or (column in columns and (number != first or my_number.found(cell))) else cell
        for column, cell in enumerate(row)
    ]
