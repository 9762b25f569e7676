"""Rows of an import in words: what becomes of each, what is wrong with it, and its cells as they stand in the sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext

from vault.domain.clients import Corporation, Household
from vault.domain.fields import Fault
from vault.domain.importing import TARGETS, Table, label
from vault.domain.policies import Policy
from vault.services.importing.checking import Line
from vault.services.importing.drafts import Fix, State
from vault.services.importing.settling import ADDED, CHANGED, DONE, DOUBLE, FAULT, LEFT, NEW, SAME, WRITABLE
from vault.services.importing.showing import Rows
from vault.web.pages import fault_said
from vault.web.versions import label as label_of_path

STATES = (NEW, ADDED, CHANGED, DOUBLE, FAULT, SAME, LEFT, DONE)
RECORDS: Mapping[str, type[Any]] = {"Household": Household, "Corporation": Corporation, "Policy": Policy}
_TARGETS = {target.name: target for target in TARGETS}


def columns(rows: Rows) -> list[dict[str, Any]]:
    """The sheet's own columns, in its order: under the words of what they fill, or under their own heading."""
    matching = rows.state.sheets[rows.place.table].matching
    head = rows.table.rows[matching.first_row] if 0 <= matching.first_row < len(rows.table.rows) else []
    return [
        {"number": number, "label": _label(matching.columns[number]) if number in matching.columns else head[number] if head else ""}
        for number in range(rows.table.width) if number in matching.columns or any(head[number : number + 1])
    ]  # fmt: skip


def _label(target: str) -> str:
    return str(gettext(label(target)))


def told(rows: Rows) -> list[dict[str, Any]]:
    """Each row of the page, as `importing/parts.html` wants it."""
    matching = rows.state.sheets[rows.place.table].matching
    where = {target: column for column, target in matching.columns.items()}
    return [_told(rows, line, where, matching.columns) for line in rows.lines]


def _told(rows: Rows, line: Line, where: Mapping[str, int], targets: Mapping[int, str]) -> dict[str, Any]:
    at = f"{line.table}-{line.row}"
    hard = {target for target, fault in line.faults if not fault.ask}
    given = [target for table, row, target in rows.state.given if (table, row) == line.at]
    return {
        "at": at, "number": line.row + 1, "state": line.state, "on": line.at in rows.on, "tickable": line.state in WRITABLE,
        "done": line.state == DONE, "who": line.name, "url": _url(line), "told": list(_said(line)),
        "faults": [_fault(rows, line, where, *each) for each in line.faults],
        "asks": [
            *((f"{at}-{target}", _label(target), False) for target, fault in line.faults if fault.ask),
            *((f"{at}-{target}", _label(target), True) for target in given),
        ],
        "boxes": [
            (f"fix-{at}-{target}", _label(target), rows.fixes.get((line.row, target), ""), target in hard)
            for target in _elsewhere(rows, where, hard)
        ],
        "cells": {column: _cell(rows, line, column, targets.get(column, ""), hard) for column in range(rows.table.width)},
        "changes": [(change_label(owner, path), old, new) for owner, path, old, new in line.changes],
    }  # fmt: skip


def _fault(rows: Rows, line: Line, where: Mapping[str, int], target: str, fault: Fault) -> tuple[str, str, str, str]:
    """What is wrong, and the box in which it is put right; without a name where there is nothing to type."""
    said = f"{_label(target)}: {fault_said(fault)}" if target else fault_said(fault)
    if not target:
        return said, "", "", ""
    stands = rows.table.rows[line.row][where[target]] if target in where else ""
    return said, f"fix-{line.table}-{line.row}-{target}", _label(target), rows.fixes.get((line.row, target), stands)


def _elsewhere(rows: Rows, where: Mapping[str, int], hard: set[str]) -> Iterator[str]:
    """Targets without a column that can be filled all the same: those at fault, and what the sheet could say else."""
    what = rows.state.sheets[rows.place.table].matching.what
    for target in TARGETS:
        if what in target.sheets and target.name not in where:
            yield target.name
    yield from sorted(target for target in hard if target not in _TARGETS and target not in where)


def _cell(rows: Rows, line: Line, column: int, target: str, hard: set[str]) -> dict[str, Any]:
    text = rows.table.rows[line.row][column]
    return {
        "text": rows.fixes.get((line.row, target), text) if target else text, "target": target, "bad": target in hard,
        "name": f"fix-{line.table}-{line.row}-{target}", "label": _label(target) if target else "",
    }  # fmt: skip


def _url(line: Line) -> str:
    if line.record:
        return url_for("policies.show", client=line.client, policy=line.record)
    return url_for("clients.show", client=line.client) if line.client else ""


def _said(line: Line) -> Iterator[str]:
    if line.twin[0]:
        yield str(gettext("この証券番号は、別のお客様の契約に登録されています。"))
    for target, fault in line.remarks:
        yield f"{_label(target)}: {fault_said(fault)}" if target else fault_said(fault)


def change_label(owner: str, path: str) -> str:
    """What is changed, under the words of its form."""
    return label_of_path(RECORDS[owner], path)


def text_of(state: State, tables: list[Table], cell: Fix) -> str:
    """What a cell says now: as corrected, else as it stands in the sheet; empty where the sheet has no such column."""
    for fix in state.fixes:
        if (fix.table, fix.row, fix.target) == (cell.table, cell.row, cell.target):
            return fix.text
    if not 0 <= cell.table < len(tables) or cell.row >= len(tables[cell.table].rows):
        return cell.text
    matched = state.sheets[cell.table].matching.columns.items()
    return next((tables[cell.table].rows[cell.row][column] for column, target in matched if target == cell.target), "")
