"""A sheet as a person sees it, and what is said and found of its columns and rows.

Rows and columns count from 0 here, as in `Table.rows`; only `Read.number` counts as the sheet does, from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vault.domain.fields import Fault

POLICIES, PEOPLE, CLIENTS, NOTHING = "policies", "people", "clients", ""
HOUSEHOLD, CORPORATION = "household", "corporation"
MACROS = "macros-left-out"

Cell = tuple[int, int]
# A corrected cell by its row and column, or by its row and a target that the sheet has no column for.
Fixes = Mapping[tuple[int, int | str], str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One sheet. All rows are equally long, and a merged area has its value in each of its cells.

    merged       (top, left, bottom, right) of each merged area, all included
    formulas     cells that hold a formula whose result the file does not tell
    hidden       the sheet is hidden; `hidden_rows`: these rows of it are
    remarks      what was left out of the file: `MACROS`; words: catalogue key `sheet.<code>`
    refused_columns, refused_cells   emptied because individual numbers stood there (`screening`)
    """

    name: str
    rows: list[list[str]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    formulas: frozenset[Cell] = frozenset()
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    remarks: tuple[str, ...] = ()
    refused_columns: frozenset[int] = frozenset()
    refused_cells: frozenset[Cell] = frozenset()

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Which column fills which target.

    first_row   the row of the headings; what follows is data. -1 where the sheet has none
    columns     target by column; no target twice
    what        `POLICIES`, `PEOPLE` (families, staff), `CLIENTS`, or `NOTHING` for a sheet that says none of these
    """

    first_row: int
    columns: dict[int, str]
    what: str


@dataclass(frozen=True, kw_only=True)
class Read:
    """One row. Forms are what a person would have typed for it (`fields.read`), empty where the row says nothing.

    number     of the row, as the sheet counts
    values     the text of the row by target, with what was corrected in it
    kind       `HOUSEHOLD` or `CORPORATION`
    client     form of the client without members and without a compartment; a household's head is in `head`
    member     form of the insured person, or of the one the row is about; not the head
    policy     form of the policy; the member is named in its roles
    faults     (target, fault): what stands in the way; those with `ask` pass when a person says so
    remarks    (target or "", fault): what was understood, or is worth a look; nothing stands in the way
    assumed    boxes of `policy` that the row does not say (`onto`)
    left_out   why the row is none: a total, nothing in it, headings again
    """

    number: int
    values: dict[str, str]
    what: str
    kind: str = HOUSEHOLD
    client: dict[str, Any] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)
    member: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    remarks: list[tuple[str, Fault]] = field(default_factory=list)
    assumed: frozenset[str] = frozenset()
    left_out: Fault | None = None
