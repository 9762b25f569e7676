"""Lines that no search segment tells: what left the office and is not back stands in the print ledger, and whose term of
keeping ends depends on all of a client's records and on the office's rules.

Both are found without opening a client: the kinds of the ledger's rows and the note of the last reckoning say whose they
are, and which day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vault.domain.access import Permission
from vault.domain.retention import due_from
from vault.domain.worklist import Due, Line, Sort
from vault.services import ledger, retention
from vault.services.acts import BIN_CLIENT, Act
from vault.services.ledger_rows import Row, opened
from vault.services.safe import Desk
from vault.services.search.rows import row_in
from vault.storage import records

# What each sort takes beside reading clients.
NEEDS = {Sort.PRINT: Permission.READ_PRINT_LEDGER, Sort.RETENTION: Permission.ERASE}


def may(desk: Desk, sort: Sort) -> bool:
    """Whether the person at the desk may see lines of a sort, of a client whom he can open."""
    return desk.may(Permission.READ_CLIENTS) and (sort not in NEEDS or desk.may(NEEDS[sort]))


def lines(desk: Desk, compartment: str) -> list[Line]:
    """All of them that the person at the desk may see, of one compartment (id in hex) or, where none is said, of all."""
    with desk.look(Permission.READ_CLIENTS) as act:
        there = shown(act, compartment)
        return [line for line in _lines(act) if there(line.owner)]


def _lines(act: Act) -> Iterator[Line]:
    if may(act.desk, Sort.PRINT):
        yield from (Line(Sort.PRINT, out.due, out.client, out.record) for out in ledger.out(act))
    if may(act.desk, Sort.RETENTION):
        yield from (Line(Sort.RETENTION, day, client, client) for client, day in retention.ends(act))


def shown(act: Act, compartment: str = "") -> Callable[[bytes], bool]:
    """Tells of whom the work list has lines: the person can open him, and he does not lie in the bin."""
    desk = act.desk
    if not may(desk, Sort.PRINT):
        return lambda client: False
    rings = [desk.ring(each) for each in desk.client_compartments() if compartment in ("", each.hex())]
    gone = {*records.owners_of(act.connection, BIN_CLIENT), *records.marked_erasing(act.connection)}
    return lambda client: bool(client) and client not in gone and any(ring.find(client) for ring in rings)


def dues_of(act: Act, line: Line) -> tuple[Due, ...]:
    """What the record of any line says now; nothing where it is not there (any more). Raises NotFound for a client who is
    not."""
    if line.sort is Sort.PRINT:
        return _of_print(act, line)
    if line.sort is Sort.RETENTION:
        term = retention.end_of(act, line.owner)
        return (Due(Sort.RETENTION, due_from(term)),) if term.last is not None and line.record == line.owner else ()
    row = row_in(act, line.owner, line.record)
    return row.dues if row is not None else ()


def _of_print(act: Act, line: Line) -> tuple[Due, ...]:
    row = print_of(act, line.record)
    if row is None or row.entry.due is None or row.entry.closed or not row.entry.left or row.entry.client != line.owner.hex():
        return ()
    return (Due(Sort.PRINT, row.entry.due),)


def print_of(act: Act, record: bytes) -> Row | None:
    """The row of the print ledger with an id."""
    return next((opened(act, row) for row in records.ledger_rows_named(act.connection, [record])), None)
