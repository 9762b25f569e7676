"""Spreadsheets as tables of text: xlsx, xls and CSV, opened by a process that has nothing (`sandbox`).

The file is in memory only, here and there; what comes back is text, which is measured again before it is believed.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vault.domain.importing.screening import screened
from vault.domain.importing.tables import Table
from vault.errors import Refused
from vault.storage.sandbox import process, table_frames
from vault.storage.sandbox.limits import Limits
from vault.storage.sandbox.orders import Order
from vault.storage.sandbox.permits import permit

BYTES = 32 * 1024 * 1024
# The largest table that is let in takes 8 s of the processor and 500 MB (`tests/attacks/test_spreadsheets_hostile.py`).
LIMITS = Limits(pages=1, page_seconds=40.0, seconds=40.0, memory=1024 * 1024 * 1024)


def read_tables(data: bytes, permits: Path | None = None, limits: Limits = LIMITS) -> list[Table]:
    """The sheets that hold anything, in their order. What looked like individual numbers is gone from them already.

    `permits` is the folder of lock files over which an instance's processes share the right to run a child. Raises Refused
    (`spreadsheet-...`, with `most` where a number is too large; `sandbox-missing`), Throttled.
    """
    if not data:
        raise Refused("spreadsheet-empty")
    if len(data) > BYTES:
        raise Refused("spreadsheet-too-large", most=BYTES // (1024 * 1024))
    with permit(permits, "sheets"), process.child(Order(limits), [data], len(data), "sheets") as running:
        tables = table_frames.tables(running)
    if not tables:
        raise Refused("spreadsheet-empty")
    return [screened(replace(table, rows=squared(table.rows))) for table in tables]


def squared(rows: list[list[str]]) -> list[list[str]]:
    """All rows as long as the longest."""
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
