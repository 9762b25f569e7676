"""From a client's records to the rows of his that are searched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from vault.domain import dealings
from vault.domain.clients import Client
from vault.domain.deposits import Deposit
from vault.domain.documents import Document
from vault.domain.policies import Policy
from vault.domain.search import Paper, Row, client_row, marks_of, paper_row, policy_row, text_of
from vault.domain.tasks import Task
from vault.errors import Damaged, Malformed, NotFound
from vault.services import payloads
from vault.services.holdings import DEPOSIT, DOCUMENT, KINDS, POLICY, TASK, client_of, opened_client
from vault.storage.packed import Entry, due_key

if TYPE_CHECKING:
    from vault.services.acts import Act, Opened

# The days of a row, in the order in which a segment keeps them.
DAYS = ("begins", "matures", "paid", "peak")
PAPERS: dict[str, type[Paper]] = {DOCUMENT: Document, DEPOSIT: Deposit, TASK: Task, **dealings.KINDS}
SEARCHED = (*KINDS, POLICY, *PAPERS)


def row_of(kind: str, payload: bytes, client: Client) -> Row | None:
    """What is searched of one record of a client; None for a record that is not searched."""
    if kind in KINDS:
        return client_row(client)
    if kind in PAPERS:
        return paper_row(kind, payloads.decode(payload, PAPERS[kind]), client)
    return policy_row(payloads.decode(payload, Policy), client) if kind == POLICY else None


def row_in(act: Act, owner: bytes, record: bytes) -> Row | None:
    """The row of one record of a client as it stands in this act; None where it has none (any more)."""
    kind = act.contents(owner).entries.get(record, ("",))[0]
    return row_of(kind, act.read_one(owner, record, kind).payload, client_of(act, owner)[1]) if kind in SEARCHED else None


def entry_of(owner: bytes, record: bytes, position: int, row: Row) -> Entry:
    """A row as a segment keeps it."""
    first, second, third, fourth = (_day(getattr(row, name)) for name in DAYS)
    dues = tuple(due_key(due.sort, due.day.toordinal()) for due in row.dues)
    return Entry(owner, record, position, (first, second, third, fourth), text_of(row), marks_of(row), dues)


def _day(day: date | None) -> int:
    return day.toordinal() if day is not None else 0


def all_of(act: Act, owner: bytes, position: int) -> list[Entry]:
    """Every row of a client as his records stand in this act; none of one that lies in the bin or is gone."""
    found = act.read(owner, SEARCHED)
    own = next((each for each in found if each.row.id == owner and each.row.kind in KINDS), None)
    return list(_entries(owner, position, found, opened_client(own))) if own is not None else []


def _entries(owner: bytes, position: int, found: Iterable[Opened], client: Client) -> Iterator[Entry]:
    for each in found:
        row = row_of(each.row.kind, each.payload, client)
        if row is not None:
            yield entry_of(owner, each.row.id, position, row)


def readable(act: Act, owner: bytes, position: int) -> list[Entry] | None:
    """`all_of`; None for a client who cannot be read now: damaged, put back, or another's meanwhile."""
    try:
        return all_of(act, owner, position)
    except NotFound:
        return []
    except (Damaged, Malformed):
        return None
