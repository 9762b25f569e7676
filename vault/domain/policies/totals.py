"""What living policies cost, per month and per year. Currencies stand apart and are never added to yen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

from vault.domain.clients import Client
from vault.domain.policies import choices as c
from vault.domain.policies.ends import cover_end, payment_end, years
from vault.domain.policies.policy import Policy
from vault.domain.values import Money, add_months

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sums:
    """In yen `int`, in another currency `Decimal` to the cent."""

    monthly: Money = 0
    yearly: Money = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """`monthly` 月払合計 and `yearly` 年換算 in yen; `foreign` the same per currency.

    `without_end`: single premiums with no years to divide by, in neither sum.
    """

    living: int = 0
    ended: int = 0
    monthly: int = 0
    yearly: int = 0
    foreign: Mapping[str, Sums] = field(default_factory=dict)
    without_end: tuple[Policy, ...] = ()


def paying(policy: Policy) -> bool:
    """Whether premiums count: in force. 払込満了, 払済 and 延長 live but cost nothing more."""
    return policy.state == c.IN_FORCE


def yearly(policy: Policy, client: Client | None = None) -> Money | None:
    """Premiums a year in the policy's currency, parts of a yen cut off; None without an end to divide by."""
    if not paying(policy):
        return _units(policy, Fraction(0))
    premium = Fraction(policy.premium)
    if policy.mode in c.PAYMENTS_A_YEAR:
        return _units(policy, premium * c.PAYMENTS_A_YEAR[policy.mode])
    end = cover_end(policy, client) if policy.mode == c.SINGLE else payment_end(policy, client)
    length = years(policy.begins, end)
    if length is None:
        return None if premium else _units(policy, premium)
    # A trip of ten days is not multiplied up to a year.
    return _units(policy, premium / max(length, Fraction(1)))


def monthly(policy: Policy) -> Money:
    """The premium if it is paid monthly, else 0."""
    counts = paying(policy) and policy.mode == c.MONTHLY
    return _units(policy, Fraction(policy.premium) if counts else Fraction(0))


def paid_to(policy: Policy, on: date, client: Client | None = None) -> Money | None:
    """既払込保険料: premiums due until `on` (that day included), as far as dates and mode tell; else None.

    Counts up to the end of payment and, for a policy that is not in force any more, to the day it stopped.
    """
    if policy.begins is None or policy.state == c.APPLIED:
        return None
    if policy.state != c.IN_FORCE and policy.state != c.PAID_UP_TERM:
        if policy.state_date is None:
            return None
        on = min(on, policy.state_date.value)
    begins, a_year = policy.begins.value, c.PAYMENTS_A_YEAR.get(policy.mode, 0)
    if begins > on:
        return _units(policy, Fraction(0))
    if not a_year:
        return _units(policy, Fraction(policy.premium))
    end = payment_end(policy, client)
    step = 12 // a_year
    last = on if end is None else min(on, end - timedelta(1))
    due = ((last.year - begins.year) * 12 + last.month - begins.month) // step + 1
    while due > 0 and add_months(begins, (due - 1) * step) > last:
        due -= 1
    return _units(policy, Fraction(policy.premium) * due)


def _units(policy: Policy, amount: Fraction) -> Money:
    if not in_currency(policy):
        return int(amount)
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(_CENT, ROUND_DOWN)


def in_currency(policy: Policy) -> bool:
    """Whether the premium is in the policy's own currency; some are paid in yen (円払込)."""
    return bool(policy.currency) and isinstance(policy.premium, Decimal)


def totals(policies: Iterable[Policy], client: Client | None = None) -> Totals:
    """Totals of one client's policies; `client` tells the births behind 「60歳まで」."""
    living = ended = months = year = 0
    foreign: dict[str, Sums] = {}
    without_end = []
    for policy in policies:
        living, ended = living + policy.living, ended + (not policy.living)
        each = yearly(policy, client)
        if each is None:
            without_end.append(policy)
        elif isinstance(each, Decimal):
            if paying(policy):
                sums = foreign.get(policy.currency, Sums(Decimal(0), Decimal(0)))
                foreign[policy.currency] = Sums(sums.monthly + monthly(policy), sums.yearly + each)
        else:
            year += each
            months += int(monthly(policy))
    return Totals(living, ended, months, year, foreign, tuple(without_end))
