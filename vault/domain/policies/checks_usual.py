"""What is possible and yet mostly a slip of the finger: a figure out by a factor of ten, an age or a rate that differs.

All of it is asked about once, never refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from vault.domain.clients import Client, Household
from vault.domain.fields import Fault
from vault.domain.policies import choices as c
from vault.domain.policies.ends import insured_birth
from vault.domain.policies.policy import Policy
from vault.domain.values import age_on, full_age, insurance_age

Found = Iterator[tuple[str, Fault]]
# A day in hospital is covered with some thousands, seldom with more than this; 5,000 typed as 万円 is far beyond.
_DAILY = 150_000
# Cover of one policy beyond which a family, and a firm, is asked whether it is not 万円 typed as yen.
_COVER_OF_HOUSEHOLD, _COVER = 10**9, 10**11
# Printed with one place after the point, cut off or rounded.
_RATE = Decimal("0.15")


def unusual(policy: Policy, client: Client) -> Found:
    yield from _daily(policy)
    yield from _cover(policy, client)
    yield from _premium(policy)
    yield from _age(policy, client)
    yield from _best_rate(policy)


def _ask(code: str, **facts: object) -> Fault:
    return Fault(code, facts, ask=True)


def _daily(policy: Policy) -> Found:
    for table in ("coverages", "riders"):
        for i, row in enumerate(getattr(policy, table)):
            daily = "日額" in row.name or "日額" in row.kind or row.unit == "日額"
            if daily and row.amount and row.amount.value is not None and row.amount.value > _DAILY:
                yield f"{table}-{i}-amount", _ask("daily-amount-large", amount=row.amount.text())


def _cover(policy: Policy, client: Client) -> Found:
    most = _COVER_OF_HOUSEHOLD if isinstance(client, Household) else _COVER
    if policy.of_kind.nonlife:
        return
    for table in ("coverages", "riders"):
        for i, row in enumerate(getattr(policy, table)):
            if row.amount and row.amount.value is not None and row.amount.value > most:
                yield f"{table}-{i}-amount", _ask("cover-large", amount=row.amount.text())


def _premium(policy: Policy) -> Found:
    if policy.currency or not isinstance(policy.premium, int):
        return
    a_year = c.PAYMENTS_A_YEAR.get(policy.mode)
    death = [row.amount.value for row in (*policy.coverages, *policy.riders) if row.kind == "死亡" and row.amount and row.amount.value]
    if a_year and death and policy.premium * a_year > max(death):
        yield "premium", _ask("premium-large", yearly=f"{policy.premium * a_year:,}", cover=f"{max(death) // 10_000:,}")


def _age(policy: Policy, client: Client) -> Found:
    """契約年齢 as printed may be on either basis, and then is one of two figures."""
    birth, begins = insured_birth(policy, client), policy.begins
    if policy.contract_age is None or birth is None or begins is None or begins.value < birth:
        return
    bases = {age_on(birth, begins.value, policy.age_basis)} if policy.age_basis else {
        full_age(birth, begins.value), insurance_age(birth, begins.value),
    }  # fmt: skip
    if policy.contract_age not in bases:
        yield "contract_age", _ask("age-differs", ages="・".join(f"{age}" for age in sorted(bases)))


def _best_rate(policy: Policy) -> Found:
    rates = [row.rate for row in policy.surrender_promised if row.rate is not None]
    if policy.best_rate is None or not rates:
        return
    best = Decimal(max(rates).numerator) / Decimal(max(rates).denominator) * 100
    # A table may leave out the year of the best rate, but it cannot hold a better one.
    if best > policy.best_rate + _RATE:
        yield "best_rate", _ask("best-rate-differs", rate=f"{best:.1f}")
