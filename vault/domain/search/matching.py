"""Whether a row answers a query, and why: the plain rule that the packed search has to agree with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from vault.domain import insurers
from vault.domain.search.queries import Query
from vault.domain.search.rows import Piece, Row
from vault.domain.values import add_months, fold, next_insurance_age

AROUND = 16  # characters shown before and behind what was found


@dataclass(frozen=True, slots=True)
class Reason:
    """A piece of a stored text in which a word was found. `label` is the catalogue key of the box."""

    label: str
    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The days that a query asks for: by name of the row's date, the first and the last, both included."""

    days: tuple[tuple[str, date, date], ...]
    age_until: date | None
    today: date


def limits(query: Query, today: date) -> Limits:
    """What "within n months" means today."""
    found = [
        (name, today, _after(today, months))
        for name, months in (
            ("matures", query.matures_within), ("paid", query.paid_within), ("peak", query.peak_within),
        ) if months is not None
    ]  # fmt: skip
    if query.begins_from or query.begins_to:
        since = query.begins_from.value if query.begins_from else date.min
        found.append(("begins", since, query.begins_to.value if query.begins_to else date.max))
    age_until = None if query.age_within is None else _after(today, query.age_within)
    return Limits(tuple(found), age_until, today)


def _after(day: date, months: int) -> date:
    return add_months(day, min(months, (date.max.year - day.year - 1) * 12))


def asked_marks(query: Query) -> list[tuple[str, str]]:
    """The marks that a row must bear."""
    told = [(name, getattr(query, name)) for name in ("kind", "state", "handled_by", "renewal_state", "missing")]
    told += [("insurer", insurers.matched(query.insurer) if query.insurer else ""), ("handler", fold(query.handler))]
    told += [("closing_month", str(query.closing_month or ""))]
    return [(name, word) for name, word in told if word]


def matches(row: Row, query: Query, today: date) -> bool:
    """Whether a row answers: every word in some text of it, every condition fulfilled. An empty query finds nothing."""
    if query.empty or (query.what and query.what != row.what):
        return False
    texts = [fold(piece.text) for piece in row.pieces]
    if not all(any(term in text for text in texts) for term in query.terms):
        return False
    return all(mark in row.marks for mark in asked_marks(query)) and _in_time(row, limits(query, today))


def _in_time(row: Row, asked: Limits) -> bool:
    for name, since, until in asked.days:
        day: date | None = getattr(row, name)
        if day is None or not since <= day <= until:
            return False
    until_age = asked.age_until
    return until_age is None or any(next_insurance_age(birth, asked.today) <= until_age for birth in row.births)


def reasons(pieces: Sequence[Piece], query: Query) -> list[Reason]:
    """For every word the first text that holds it, as it is stored."""
    found: dict[Reason, None] = {}
    for term in query.terms:
        piece = next((piece for piece in pieces if term in fold(piece.text)), None)
        if piece is not None:
            found.setdefault(_reason(piece, term))
    return list(found)


def _reason(piece: Piece, term: str) -> Reason:
    start, end = _place(piece.text, term)
    before, after = piece.text[max(0, start - AROUND) : start], piece.text[end : end + AROUND]
    before = ("…" if start > AROUND else "") + before
    after += "…" if len(piece.text) > end + AROUND else ""
    return Reason(piece.label, before, piece.text[start:end], after)


def _place(text: str, term: str) -> tuple[int, int]:
    """(start, end) of the shortest run of characters that holds a term when it is folded; what folds to nothing at its
    edges is left out. Folding is not letter by letter (㈱, ﾊﾟ, か゛), so places are tried, by halves where that is safe."""
    end = _least(lambda at: term in fold(text[:at]), len(text))
    start = end - _least(lambda back: term in fold(text[end - back : end]), end)
    if term not in fold(text[start:end]):
        return 0, len(text)
    return start, end


def _least(holds: Callable[[int], bool], most: int) -> int:
    """The least number for which `holds`, which goes on holding for the larger ones, or nearly so."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
