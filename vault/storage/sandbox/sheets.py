"""The process that opens foreign spreadsheets; as `child` does for scans, it locks itself in before it looks at them.

Started by the parent with the file and its order as files in memory; answers through a pipe. Nothing else imports this.
"""

from __future__ import annotations

import mmap
import os

from vault.errors import Refused
from vault.storage.sandbox import answering, csv_sheets, jail, orders, table_frames, xls, xlsx
from vault.storage.sandbox.table_frames import Sheet

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What would be loaded when it is first met, when files can no longer be opened.
_CODINGS = ("ascii", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932", "cp437")


def main(file: int) -> None:
    """Answer with the tables that `file` holds, and end."""
    answering.run(lambda: _outcome(file))


def _outcome(file: int) -> bytes:
    try:
        order = orders.unpacked(os.read(0, os.fstat(0).st_size))
        for name in _CODINGS:
            "".encode(name)
        data = mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
        jail.close(order.limits.memory, order.limits.seconds, len(data))
    except Refused as refused:
        return table_frames.refusal_frame(refused.code)
    return answer(data[:])


def answer(data: bytes) -> bytes:
    """The frame with the tables of a file, or with why there are none."""
    try:
        return table_frames.tables_frame(_sheets(data))
    except Refused as refused:
        return table_frames.refusal_frame(refused.code)
    except MemoryError:
        return table_frames.refusal_frame("spreadsheet-too-heavy")
    except BaseException:  # noqa: BLE001 - whatever a parser says about a broken file is for nobody; a panic is no Exception
        return table_frames.refusal_frame("spreadsheet-unreadable")


def _sheets(data: bytes) -> list[Sheet]:
    """By what the file is, whatever it was called. Every table within bounds."""
    if data.startswith(_ZIP):
        found = xlsx.sheets(data)
    elif data.startswith(_OLE):
        found = xls.sheets(data)
    else:
        found = csv_sheets.sheets(data)
    if len(found) > table_frames.SHEETS:
        raise table_frames.refusal("spreadsheet-too-many-sheets")
    for sheet in found:
        table_frames.check(sheet)
    return found
