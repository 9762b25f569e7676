"""Yen, dates, ages, terms, names: what is typed, what it means, and how it is compared."""

from vault.domain.values.ages import (
    add_months,
    age_on,
    birthday,
    full_age,
    insurance_age,
    next_insurance_age,
)
from vault.domain.values.dates import ERAS, TypedDate, read_date, wareki
from vault.domain.values.folding import compact, fold, kana, plain
from vault.domain.values.money import Amount, Money, cover_text, money_text, read_amount, read_money, read_yen
from vault.domain.values.numbers import postal_code, read_decimal, read_number, telephone
from vault.domain.values.terms import Term, read_term
from vault.domain.values.unreadable import Unreadable

__all__ = [
    "ERAS",
    "Amount",
    "Money",
    "Term",
    "TypedDate",
    "Unreadable",
    "add_months",
    "age_on",
    "birthday",
    "compact",
    "cover_text",
    "fold",
    "full_age",
    "insurance_age",
    "kana",
    "money_text",
    "next_insurance_age",
    "plain",
    "postal_code",
    "read_amount",
    "read_date",
    "read_decimal",
    "read_money",
    "read_number",
    "read_term",
    "read_yen",
    "telephone",
    "wareki",
]
