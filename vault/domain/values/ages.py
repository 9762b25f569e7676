"""Ages on either basis, and the calendar arithmetic they need."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

FULL, INSURANCE = "満年齢", "保険年齢"


def add_months(day: date, months: int) -> date:
    """The same day of a later (or earlier) month, or that month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def birthday(birth: date, age: int) -> date:
    """The day on which `age` is reached; who was born on 29 February reaches it on 1 March otherwise."""
    try:
        return birth.replace(year=birth.year + age)
    except ValueError:
        return date(birth.year + age, 3, 1)


def full_age(birth: date, on: date) -> int:
    """満年齢 in years; negative before birth."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def insurance_age(birth: date, on: date) -> int:
    """保険年齢: the nearer birthday; six months exactly still count as the younger age."""
    age = full_age(birth, on)
    return age + (on > add_months(birth, age * 12 + 6))


def age_on(birth: date, on: date, basis: str = FULL) -> int:
    return insurance_age(birth, on) if basis == INSURANCE else full_age(birth, on)


def next_insurance_age(birth: date, on: date) -> date:
    """The first day after `on` on which the insurance age is one higher, when a new policy costs more."""
    years = full_age(birth, on) - 1
    while (change := date.fromordinal(add_months(birth, years * 12 + 6).toordinal() + 1)) <= on:
        years += 1
    return change
