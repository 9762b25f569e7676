"""Which column is which box: by the words people write over it, and by what stands in it where those say nothing."""

from __future__ import annotations

from vault.domain.fields import Fault
from vault.domain.importing import contents
from vault.domain.importing.headings import find_first_row, headings, sheet_kind, targets_by_heading
from vault.domain.importing.tables import NOTHING, POLICIES, Matching, Table
from vault.domain.values import fold

__all__ = ["headings", "proposed", "refused", "signature"]


def proposed(table: Table, first_row: int | None = None, what: str | None = None) -> Matching:
    """A matching to begin with; a person sees it and may change it. `first_row` and `what` where he has said them already."""
    first = find_first_row(table) if first_row is None else first_row
    if what is None:
        what = sheet_kind(table, first) or contents.sheet_kind(table, first)
    if what == NOTHING:
        return Matching(first_row=first, columns={}, what=NOTHING)
    columns = {
        column: target for column, target in targets_by_heading(table, first, what).items()
        if column not in table.refused_columns
    }
    said = headings(table, first)
    for column, target in contents.guessed(table, first, columns, said, what):
        if target not in columns.values():
            columns[column] = target
    return Matching(first_row=first, columns=dict(sorted(columns.items())), what=what)


def signature(table: Table) -> str:
    """The same for every file of one layout: its headings, folded. Empty where it has none."""
    first = find_first_row(table)
    return "|".join(map(fold, headings(table, first))).rstrip("|") if first >= 0 else ""


def refused(table: Table, first_row: int | None = None) -> dict[int, Fault]:
    """Columns that are refused whole, each with the fault that says so by its heading (or by its letter)."""
    said = headings(table, find_first_row(table) if first_row is None else first_row)
    return {
        column: Fault("column-my-number", {"heading": said[column] or letter(column)})
        for column in sorted(table.refused_columns)
    }


def letter(column: int) -> str:
    """A, B … Z, AA …, as the sheet itself counts columns."""
    told, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        told = chr(65 + digit) + told
    return told


def is_policies(matching: Matching) -> bool:
    """Whether each row of the sheet is a contract."""
    return matching.what == POLICIES
