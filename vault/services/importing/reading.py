"""The rows of a file read: all of them in steps, and single ones again once they are corrected."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue

from vault.domain.importing import Fixes, Matching, Read, Table, read_rows, within
from vault.services.importing.drafts import State
from vault.services.importing.noted import At

BEFORE = 40  # rows above a corrected one that it may mean by a ditto mark
_COMPARED = frozenset({"double-in-file", "total-differs", "factor-ten"})  # what only the other rows tell
COMPARED_BY = frozenset({"policy.insurer", "policy.policy_number", "policy.premium", "policy.kind", "policy.mode", "policy.currency"})

Reads = list[list[Read]]


@dataclass(frozen=True)
class Step:
    """How far it is."""

    done: int
    of: int


def read_all(state: State, tables: Sequence[Table]) -> Generator[Step, None, Reads]:
    """The rows of every table that is used, those of the others empty; a step now and then."""
    found: Reads = []
    of = sum(len(table.rows) for table, sheet in zip(tables, state.sheets, strict=True) if sheet.used)
    done = 0
    for number, (table, sheet) in enumerate(zip(tables, state.sheets, strict=True)):
        if not sheet.used:
            found.append([])
            continue
        reads = yield from _reading(table, sheet.matching, _fixes(state, number, sheet.matching), done, of)
        found.append(reads)
        done += len(table.rows)
    return found


def _reading(table: Table, matching: Matching, fixes: Fixes, before: int, of: int) -> Generator[Step, None, list[Read]]:
    """In a thread of its own, so that whoever waits sees how far it is."""
    far: SimpleQueue[int] = SimpleQueue()
    found: list[Read] = []
    failed: list[Exception] = []

    def read() -> None:
        try:
            found.extend(read_rows(table, matching, fixes, done=far.put))
        except Exception as error:  # noqa: BLE001 - told where it is waited for
            failed.append(error)
        finally:
            far.put(-1)

    thread = threading.Thread(target=read, name="reading rows", daemon=True)
    thread.start()
    while (row := far.get()) >= 0:
        yield Step(before + row, 2 * of)
    thread.join()
    if failed:
        raise failed[0]
    return found


def _fixes(state: State, table: int, matching: Matching) -> Fixes:
    """By column where the sheet has one for the target."""
    column = {target: number for number, target in matching.columns.items()}
    return {(fix.row, column.get(fix.target, fix.target)): fix.text for fix in state.fixes if fix.table == table}


def read_again(state: State, tables: Sequence[Table], reads: Reads, rows: Iterable[At], compared: bool) -> set[At]:
    """Put right in `reads` what the corrected rows say now; `compared`: and what the rows of their table say of each other.
    Returns the rows of which the others say something else now."""
    tables_of = set()
    for number, row in rows:
        matching = state.sheets[number].matching
        window, shift = _window(tables[number], matching, row)
        fixes = {(r - shift, key): text for (r, key), text in _fixes(state, number, matching).items() if r > matching.first_row + shift}
        read = next((each for each in reversed(read_rows(window, matching, fixes)) if each.number - 1 + shift == row), None)
        at = next((i for i, each in enumerate(reads[number]) if each.number == row + 1), None)
        if read is not None and at is not None:
            reads[number][at] = replace(read, number=row + 1)
            tables_of.add(number)
    return {(number, row) for number in tables_of for row in _told_anew(reads[number])} if compared else set()


def _told_anew(reads: list[Read]) -> list[int]:
    """Compare the rows of a table with each other again; returns those of which the others say something else now."""
    before = [_remarks(read) for read in reads]
    for read in reads:
        read.remarks[:] = [each for each in read.remarks if each[1].code not in _COMPARED]
    within.compare(reads)
    return [read.number - 1 for read, told in zip(reads, before, strict=True) if _remarks(read) != told]


def _remarks(read: Read) -> list[tuple[str, str]]:
    return sorted((fault.code, str(fault.facts)) for _, fault in read.remarks if fault.code in _COMPARED)


def _window(table: Table, matching: Matching, row: int) -> tuple[Table, int]:
    """The headings, a row and those just above it as a table of their own, and how many rows are left out between."""
    head = matching.first_row + 1
    first = max(head, row - BEFORE)
    shift = first - head

    def moved(cells: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
        return frozenset((r - shift, column) for r, column in cells if r >= first)

    return replace(
        table, rows=table.rows[:head] + table.rows[first : row + 1], formulas=moved(table.formulas),
        merged=[(max(top - shift, head), left, bottom - shift, right) for top, left, bottom, right in table.merged if bottom >= first],
        hidden_rows=frozenset(r - shift for r in table.hidden_rows if r >= first), refused_cells=moved(table.refused_cells),
    ), shift  # fmt: skip
