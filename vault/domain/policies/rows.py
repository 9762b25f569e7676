"""The tables within a policy; each dataclass is one row of one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from vault.domain import fields as f
from vault.domain.policies import choices as c
from vault.domain.relationships import RELATIONSHIPS
from vault.domain.values import Amount, Money, Term, TypedDate, Unreadable

CLIENT_ITSELF = "client"


def _share(share: Decimal) -> Decimal:
    if share > 100:
        raise Unreadable("share-over-100", typed=str(share))
    return share


def _grade(grade: int) -> int:
    if not 1 <= grade <= 20:
        raise Unreadable("grade-range", typed=str(grade))
    return grade


@dataclass(frozen=True, kw_only=True)
class Role:
    """Who is what in a policy.

    `name` is a member's name, any other name, or a class (被保険者の遺族). `member` is the member's id, or
    `client` for the client itself; it is found from the name and only tells apart two people of one name.
    """

    role: str = f.choice(*c.ROLES, required=True, counts=False)
    name: str = f.name(required=True, choices=c.CLASSES)
    relationship: str = f.text(max_length=40, choices=RELATIONSHIPS)
    share: Decimal | None = f.decimal(unit="%", check=_share)
    order: int | None = f.number()
    member: str = f.text(max_length=32, my_number="free", hidden=True)

    @property
    def is_class(self) -> bool:
        return not self.member and self.name in c.CLASSES


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """保障 or 補償: one line of the main cover."""

    name: str = f.name(required=True, choices=(*c.COVER_NAMES, *c.COVERS, *c.NONLIFE_COVERS))
    kind: str = f.text(max_length=40, choices=c.COVERS)
    amount: Amount | None = f.amount(unit="万円")
    unit: str = f.text(max_length=20, choices=c.UNITS, counts=False)
    limit_days: int | None = f.number(unit="日")
    waiting_days: int | None = f.number(unit="日")
    deductible: str = f.text(max_length=40, my_number="ask")
    term: Term | None = f.term()
    premium: Money | None = f.yen(foreign=True)
    renewal: TypedDate | None = f.day()
    pays_benefit: bool | None = f.flag()


@dataclass(frozen=True, kw_only=True)
class Rider(Coverage):
    """特約: as a coverage, but with a name of its own on the paper."""

    name: str = f.name(required=True, choices=c.RIDERS)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened to the policy, and from when it counts."""

    effective: TypedDate = f.day(required=True)
    kind: str = f.text(max_length=40, choices=c.CHANGES)
    detail: str = f.long(max_length=1000)


@dataclass(frozen=True, kw_only=True)
class SurrenderValue:
    """One policy year of a table: paid by its end, and what surrender would then pay."""

    policy_year: int = f.number(required=True, unit="年")
    premiums_paid: Money | None = f.yen(foreign=True)
    surrender_value: Money | None = f.yen(foreign=True)
    benefits: Money | None = f.yen(foreign=True)

    @property
    def rate(self) -> Fraction | None:
        """Surrender value and benefits over premiums paid; None where that says nothing."""
        if not self.premiums_paid or self.surrender_value is None:
            return None
        return (Fraction(self.surrender_value) + Fraction(self.benefits or 0)) / Fraction(self.premiums_paid)


@dataclass(frozen=True, kw_only=True)
class SpecialAccount:
    name: str = f.name(required=True)
    balance: Money | None = f.yen(foreign=True)
    as_of: TypedDate | None = f.day()


@dataclass(frozen=True, kw_only=True)
class EducationPayment:
    """祝金 or 学資金: when (「18歳」, 「3年」, a date) and how much."""

    at: Term = f.term(required=True)
    name: str = f.name()
    amount: Amount | None = f.amount(unit="万円")


@dataclass(frozen=True, kw_only=True)
class AgeBand:
    """Cover of a 共済 between two ages, both included."""

    from_age: int | None = f.number(unit="歳")
    to_age: int | None = f.number(unit="歳")
    death: Amount | None = f.amount(unit="万円")
    hospital: Amount | None = f.amount(unit="万円")


@dataclass(frozen=True, kw_only=True)
class Vehicle:
    item: str = f.text(max_length=20, my_number="ask")
    registration: str = f.text(max_length=40, my_number="ask")
    chassis: str = f.text(max_length=40, my_number="ask")
    model: str = f.text(max_length=80)
    use: str = f.text(max_length=40, choices=c.USES)
    named_insured: str = f.name()
    owner: str = f.name()
    grade: int | None = f.number(unit="等級", check=_grade)
    accident_coefficient_years: int | None = f.number(unit="年")
    licence: str = f.choice(*c.LICENCES)
    yearly_distance: str = f.text(max_length=40, my_number="ask")
    age_limit: str = f.text(max_length=40, choices=c.AGE_LIMITS)
    driver_limit: str = f.text(max_length=40, choices=c.DRIVER_LIMITS)
    amount: Amount | None = f.amount(unit="万円")
    deductible: str = f.text(max_length=40, my_number="ask")
    premium: int | None = f.yen()


@dataclass(frozen=True, kw_only=True)
class Property:
    item: str = f.text(max_length=20, my_number="ask")
    place: str = f.text(max_length=300)
    subject: str = f.text(max_length=40, choices=c.SUBJECTS)
    structure: str = f.text(max_length=40, choices=c.STRUCTURES)
    built: str = f.text(max_length=40)
    area: Decimal | None = f.decimal(unit="㎡")
    valuation: str = f.text(max_length=40, choices=c.VALUATIONS)
    valuation_amount: Amount | None = f.amount(unit="万円")
    amount: Amount | None = f.amount(unit="万円")
    earthquake_amount: Amount | None = f.amount(unit="万円")
    deductible: str = f.text(max_length=40, my_number="ask")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One insured thing, place or person of a policy that has several."""

    item: str = f.text(max_length=20, my_number="ask")
    description: str = f.text()
    place: str = f.text(max_length=300)
    amount: Amount | None = f.amount(unit="万円")
    premium: int | None = f.yen()
    start: TypedDate | None = f.day()
    end: TypedDate | None = f.day()
