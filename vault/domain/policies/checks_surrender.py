"""Surrender tables against the policy's own premiums and term. They decide the booking, so typing errors count."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from vault.domain.clients import Client
from vault.domain.fields import Fault
from vault.domain.policies import choices as c
from vault.domain.policies.ends import NEVER, cover_end, payment_end, years
from vault.domain.policies.policy import Policy
from vault.domain.policies.rows import SurrenderValue

# Riders without a surrender value may be left out of a table, so it need not reach the whole premium.
_LEAST, _MOST = Fraction(1, 2), Fraction(105, 100)


def surrender_tables(policy: Policy, client: Client) -> Iterator[tuple[str, Fault]]:
    for table in ("surrender_promised", "surrender_latest"):
        rows: tuple[SurrenderValue, ...] = getattr(policy, table)
        if rows:
            yield from ((f"{table}-{path}", fault) for path, fault in _table(policy, rows, client))


def _table(policy: Policy, rows: tuple[SurrenderValue, ...], client: Client) -> Iterator[tuple[str, Fault]]:
    yield from _years(policy, rows, client)
    paid_before = Fraction(0)
    for i, row in enumerate(sorted(rows, key=lambda each: each.policy_year)):
        where = next(n for n, each in enumerate(rows) if each is row)
        if row.premiums_paid is None:
            continue
        paid = Fraction(row.premiums_paid)
        if paid < paid_before:
            yield f"{where}-premiums_paid", Fault("surrender-paid-falls", {"year": row.policy_year}, ask=True)
            return
        paid_before = paid
        expected = paid_by(policy, row.policy_year, client) if policy.state == c.IN_FORCE else None
        if expected and not _LEAST * expected <= paid <= _MOST * expected:
            facts = {"year": row.policy_year, "expected": f"{int(expected):,}"}
            yield f"{where}-premiums_paid", Fault("surrender-paid-differs", facts, ask=True)
            return


def _years(policy: Policy, rows: tuple[SurrenderValue, ...], client: Client) -> Iterator[tuple[str, Fault]]:
    seen: set[int] = set()
    length = years(policy.begins, cover_end(policy, client))
    for i, row in enumerate(rows):
        if row.policy_year in seen or row.policy_year < 1:
            yield f"{i}-policy_year", Fault("surrender-year-twice", {"year": row.policy_year})
        elif length is not None and row.policy_year > length + 1:
            facts = {"year": row.policy_year, "years": int(length)}
            yield f"{i}-policy_year", Fault("surrender-beyond-term", facts, ask=True)
            return
        seen.add(row.policy_year)


def paid_by(policy: Policy, year: int, client: Client | None = None) -> Fraction | None:
    """Premiums due until the end of a policy year, in the policy's currency; None where it cannot be told."""
    premium = Fraction(Decimal(policy.premium))
    if policy.mode == c.SINGLE:
        return premium
    a_year = c.PAYMENTS_A_YEAR.get(policy.mode)
    if a_year is None or policy.begins is None:
        return None
    end = payment_end(policy, client)
    length = None if end is None or end == NEVER else years(policy.begins, end)
    return premium * a_year * (min(Fraction(year), length) if length is not None else year)
