"""Which column of a file is what: proposed by headings and contents, as an earlier file of the same layout was matched,
or as a person says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vault.domain.importing import NOTHING, TARGETS, Matching, Table, proposed, signature
from vault.errors import Refused
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.importing import drafts, noted
from vault.services.importing.drafts import IMPORT, LINES, Sheet, State
from vault.services.safe import Desk

HEADS = 30  # so many rows from the top may be the headings


@dataclass(frozen=True)
class Said:
    """What a person said of one table: whether it is read, its heading row (from 0), what a row is, target by column."""

    used: bool
    first_row: int
    what: str
    columns: Mapping[int, str]


def look(desk: Desk, upload: bytes) -> tuple[State, list[Table]]:
    """The tables with what is said of them; proposed where nobody has said anything yet. Raises NotFound, Throttled."""
    with drafts.alone(desk, upload) as draft:
        tables, state = drafts.tables(desk, draft), drafts.state(desk, draft)
        with desk.act(Event.IMPORT_OPENED, IMPORT) as act:
            known = {} if state.sheets else noted.remembered(act, map(signature, tables))
        if not state.sheets:
            sheets = tuple(_proposed(table, known.get(signature(table))) for table in tables)
            state = drafts.change(desk, draft, state, sheets=sheets)
    return state, tables


def _proposed(table: Table, earlier: noted.Remembered | None) -> Sheet:
    found = proposed(table)
    if earlier is not None:
        columns = {column: target for column, target in earlier.columns.items() if column not in table.refused_columns}
        return Sheet(used=bool(columns), matching=replace(found, what=earlier.what, columns=columns), remembered=True)
    return Sheet(used=found.what != NOTHING and not table.hidden, matching=found)


def match(desk: Desk, upload: bytes, compartment: bytes, handler: str, said: list[Said], over: bool) -> None:
    """Keep what a person said; where he chose other headings or another kind of row, the columns are proposed anew.

    `over`: that is all, and the rows are to be looked at. Raises NotFound, Throttled; Refused("import-no-table") when no
    table is to be read then.
    """
    drafts.check_compartment(desk, compartment)
    with drafts.alone(desk, upload) as draft:
        state, tables = drafts.state(desk, draft), drafts.tables(desk, draft)
        told = zip(tables, state.sheets, said, strict=True)
        sheets = tuple(_said(table, before, now) for table, before, now in told)
        if over and not any(sheet.used and sheet.matching.columns for sheet in sheets):
            drafts.change(desk, draft, state, compartment=compartment.hex(), handler=handler, sheets=sheets)
            raise Refused("import-no-table")
        drafts.change(desk, draft, state, compartment=compartment.hex(), handler=handler, sheets=sheets, matched=over)
        drafts.forget(desk, draft, LINES)


def _said(table: Table, before: Sheet, now: Said) -> Sheet:
    first = max(-1, min(now.first_row, len(table.rows) - 1))
    if (first, now.what) != (before.matching.first_row, before.matching.what):
        below = replace(table, rows=table.rows[max(first, 0) :]) if first != before.matching.first_row else table
        fresh = proposed(below)
        columns = fresh.columns if now.what == fresh.what else _fitting(fresh.columns, now.what)
        return Sheet(used=now.used, matching=Matching(first_row=first, columns=columns, what=now.what))
    columns = {c: target for c, target in now.columns.items() if c < table.width and c not in table.refused_columns}
    matching = Matching(first_row=first, columns=_once(_fitting(columns, now.what)), what=now.what)
    return Sheet(used=now.used, matching=matching, remembered=before.remembered and matching == before.matching)


def _fitting(columns: Mapping[int, str], what: str) -> dict[int, str]:
    """Those whose target can stand in a table of this kind."""
    there = {target.name for target in TARGETS if what in target.sheets}
    return {column: target for column, target in columns.items() if target in there}


def _once(columns: dict[int, str]) -> dict[int, str]:
    """No target twice: the first column has it."""
    found: dict[str, int] = {}
    for column in sorted(columns):
        found.setdefault(columns[column], column)
    return {column: target for target, column in found.items()}


def remember(act: Act, state: State, tables: list[Table]) -> None:
    """Next month's file of the same layouts matches by itself."""
    for table, sheet in zip(tables, state.sheets, strict=True):
        if sheet.used and sheet.matching.columns and signature(table):
            noted.remember(act, signature(table), sheet.matching)
