"""A row as bytes that are searched without being taken apart, and a query as what is looked for in them.

Text: the folded pieces, each once, between line feeds. Marks: `rank order`, a line for each mark, the birthdays. No
folded text holds a control character, so nothing that is typed reaches over a line or a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from vault.domain import signs
from vault.domain.search.matching import Limits, asked_marks, limits
from vault.domain.search.queries import WHATS, Query
from vault.domain.search.rows import Row
from vault.domain.values import fold, next_insurance_age

# Raised whenever rows say something else than before, folding included: what was packed earlier is made anew.
FORM = 2
_BIRTHS = "\x1f"
# In the marks each condition has one letter.
_LETTERS = {
    "what": "w", "insurer": "i", "kind": "k", "state": "s", "handled_by": "b", "handler": "h", "renewal_state": "r",
    "missing": "m", "closing_month": "c", "line": "l",
    **signs.LETTERS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needles:
    """What to look for: runs of bytes in the text, runs in the marks, days."""

    texts: tuple[bytes, ...]
    marks: tuple[bytes, ...]
    limits: Limits


def text_of(row: Row) -> bytes:
    """The searched text of a row."""
    lines = dict.fromkeys(fold(piece.text) for piece in row.pieces)
    return ("\n" + "\n".join(filter(None, lines)) + "\n").encode()


def marks_of(row: Row) -> bytes:
    """Its place among others, what conditions ask about, birthdays."""
    rank = WHATS.index(row.what) if row.what in WHATS else len(WHATS)
    marks = sorted(_LETTERS[name] + word for name, word in {*row.marks, ("what", row.what)})
    births = ",".join(f"{day.month:02}{day.day:02}" for day in row.births)
    return "\n".join((f"{rank}{row.order}", *marks, _BIRTHS + births)).encode()


def order_of(marks: bytes) -> bytes:
    """By what rows are sorted: clients before policies, by kana."""
    return marks.partition(b"\n")[0]


def needles(query: Query, today: date) -> Needles:
    """What a row must hold to answer a query that asks for something."""
    asked = asked_marks(query) + ([("what", query.what)] if query.what else [])
    # The longest first: it is found least often.
    texts = sorted((term.encode() for term in query.terms), key=len, reverse=True)
    return Needles(tuple(texts), tuple(f"\n{_LETTERS[name]}{word}\n".encode() for name, word in asked), limits(query, today))


def in_age(marks: bytes, asked: Limits) -> bool:
    """Whether the age of somebody in a row changes in time."""
    if asked.age_until is None:
        return True
    births = marks.rpartition(_BIRTHS.encode())[2].decode()
    return any(_next(day, asked.today) <= asked.age_until for day in births.split(",") if day)


@lru_cache(maxsize=1024)
def _next(day: str, today: date) -> date:
    # The year of birth does not matter, and 2000 has every day.
    return next_insurance_age(date(2000, int(day[:2]), int(day[2:])), today)
