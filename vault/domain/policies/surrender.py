"""What surrender would pay: this year, and when the rate is at its best."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from vault.domain.policies.policy import Policy
from vault.domain.policies.rows import SurrenderValue
from vault.domain.values import add_months, full_age


@dataclass(frozen=True, slots=True)
class Peak:
    """The policy year with the best rate, and the day on which that year ends."""

    policy_year: int
    rate: Fraction
    day: date


def table(policy: Policy) -> tuple[SurrenderValue, ...]:
    """The latest table where there is one, else the promised one, by policy year."""
    rows = policy.surrender_latest or policy.surrender_promised
    return tuple(sorted(rows, key=lambda row: row.policy_year))


def peak(policy: Policy) -> Peak | None:
    """None without a table or a contract date. Of equal rates the latest year counts."""
    rated = [(rate, row.policy_year) for row in table(policy) if (rate := row.rate) is not None]
    if not rated or policy.begins is None:
        return None
    rate, year = max(rated)
    return Peak(year, rate, add_months(policy.begins.value, 12 * year))


def value_on(policy: Policy, day: date) -> SurrenderValue | None:
    """The row of the last policy year completed on `day`; None before the first or outside the table."""
    if policy.begins is None:
        return None
    completed = full_age(policy.begins.value, day)
    return next((row for row in table(policy) if row.policy_year == completed), None)
