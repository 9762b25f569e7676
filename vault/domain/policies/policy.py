"""One insurance contract, with every field that any kind of policy carries; `kinds` says which a form shows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vault.domain import fields as f
from vault.domain import insurers
from vault.domain.policies import choices as c
from vault.domain.policies.kinds import KINDS, MUTUAL, Kind
from vault.domain.policies.rows import (
    AgeBand,
    Change,
    Coverage,
    EducationPayment,
    Item,
    Property,
    Rider,
    Role,
    SpecialAccount,
    SurrenderValue,
    Vehicle,
)
from vault.domain.values import Amount, Money, Term, TypedDate, fold


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a policy says. Money in whole yen, or in units of `currency` where one is set."""

    insurer: str = f.name(required=True, choices=insurers.proposals())
    claims_telephone: str = f.text(max_length=40, my_number="ask")
    policy_number: str = f.text(required=True, max_length=60, my_number="ask", choices=c.NO_NUMBER)
    product: str = f.name()
    kind: str = f.choice(*KINDS, required=True)
    state: str = f.choice(*c.STATES, required=True)
    state_date: TypedDate | None = f.day()
    end_reason: str = f.choice(*c.END_REASONS)
    restorable_until: TypedDate | None = f.day()
    handled_by: str = f.choice(*c.HANDLED_BY, required=True)
    other_agency: str = f.name()
    solicitor: str = f.name()
    group_handling: str = f.choice(*c.GROUP_HANDLING)
    roles: tuple[Role, ...] = f.rows(Role)

    premium: Money = f.yen(required=True, foreign=True)
    mode: str = f.choice(*c.MODES, required=True)
    route: str = f.text(max_length=40, choices=c.ROUTES)
    special_premium: Money | None = f.yen(foreign=True)
    currency: str = f.choice(*c.CURRENCIES)
    contract_rate: Decimal | None = f.decimal(unit="円")

    application_date: TypedDate | None = f.day()
    liability_date: TypedDate | None = f.day()
    contract_date: TypedDate | None = f.day()
    contract_age: int | None = f.number(unit="歳")
    age_basis: str = f.choice("満年齢", "保険年齢")
    term: Term | None = f.term()
    payment_term: Term | None = f.term()
    renewal: TypedDate | None = f.day()
    start: TypedDate | None = f.day()
    start_time: str = f.text(max_length=10)
    end: TypedDate | None = f.day()
    end_time: str = f.text(max_length=10)
    long_years: int | None = f.number(unit="年")
    renewal_state: str = f.choice(*c.RENEWAL_STATES)
    non_renewal_reason: str = f.choice(*c.NON_RENEWAL)
    previous_policy: str = f.text(max_length=120, my_number="ask")
    parent_number: str = f.text(max_length=60, my_number="ask")

    coverages: tuple[Coverage, ...] = f.rows(Coverage)
    riders: tuple[Rider, ...] = f.rows(Rider)
    surrender_promised: tuple[SurrenderValue, ...] = f.rows(SurrenderValue)
    best_rate: Decimal | None = f.decimal(unit="%")
    surrender_latest: tuple[SurrenderValue, ...] = f.rows(SurrenderValue)
    surrender_latest_date: TypedDate | None = f.day()

    dividend_method: str = f.text(max_length=40, choices=("積立", "買増", "相殺", "現金", "なし"))
    dividend_balance: Money | None = f.yen(foreign=True)
    loan_balance: Money | None = f.yen(foreign=True)
    loan_rate: Decimal | None = f.decimal(unit="%")
    loan_date: TypedDate | None = f.day()
    automatic_loan_balance: Money | None = f.yen(foreign=True)
    prepaid_balance: Money | None = f.yen(foreign=True)
    prepaid_until: TypedDate | None = f.day()
    waiver: bool | None = f.flag()
    waiver_since: TypedDate | None = f.day()

    deduction_class: str = f.choice(*c.DEDUCTIONS)
    paid_as_salary: bool | None = f.flag()
    endowment_pattern: str = f.text(max_length=60, choices=c.ENDOWMENT_PATTERNS)
    no_surrender_value: bool | None = f.flag()
    opening_balance: int | None = f.yen(unit="円")
    opening_balance_date: TypedDate | None = f.day()
    increase_start: Term | None = f.term()
    increase_rate: Decimal | None = f.decimal(unit="%")

    monthly_amount: Amount | None = f.amount(unit="万円")
    guaranteed_period: Term | None = f.term()
    maturity_amount: Amount | None = f.amount(unit="万円")
    term_part_amount: Amount | None = f.amount(unit="万円")
    term_part_term: Term | None = f.term()
    term_part_renewal: TypedDate | None = f.day()
    payments: tuple[EducationPayment, ...] = f.rows(EducationPayment)
    waiver_on_death: bool | None = f.flag()
    annuity_start: Term | None = f.term()
    annuity_kind: str = f.text(max_length=40, choices=c.ANNUITIES)
    annuity_fund: Amount | None = f.amount(unit="万円")
    annuity_yearly: Amount | None = f.amount(unit="万円")
    tax_qualified: bool | None = f.flag()
    special_accounts: tuple[SpecialAccount, ...] = f.rows(SpecialAccount)
    minimum: Amount | None = f.amount(unit="万円")
    limit_days: int | None = f.number(unit="日")
    surgery_type: str = f.text(max_length=60, choices=c.SURGERIES)
    outpatient: str = f.text(max_length=60)
    waiting_days: int | None = f.number(unit="日")
    diagnosis_interval: str = f.text(max_length=60)
    care_grade: str = f.text(max_length=60)
    exempt_days: int | None = f.number(unit="日")
    group_name: str = f.name()
    group_persons: int | None = f.number(unit="名")
    lender: str = f.name()
    lender_balance: int | None = f.yen(unit="円")
    age_bands: tuple[AgeBand, ...] = f.rows(AgeBand)

    vehicles: tuple[Vehicle, ...] = f.rows(Vehicle)
    fleet: bool | None = f.flag()
    properties: tuple[Property, ...] = f.rows(Property)
    earthquake_premium: int | None = f.yen(unit="円")
    earthquake_discount: str = f.text(max_length=40, choices=c.EARTHQUAKE_DISCOUNTS)
    pledge: str = f.text()
    items: tuple[Item, ...] = f.rows(Item)
    premium_basis: str = f.text(max_length=40, choices=c.BASES)
    basis_amount: str = f.text(max_length=60, my_number="ask")
    settlement: str = f.text(max_length=40, choices=c.SETTLEMENTS)
    savings_premium: int | None = f.yen(unit="円")

    original_place: str = f.text()
    changes: tuple[Change, ...] = f.rows(Change)
    notes: str = f.long()

    @property
    def of_kind(self) -> Kind:
        return KINDS[self.kind]

    @property
    def section(self) -> str:
        """生命・第三分野, 損害 or 共済; whatever a 共済 insures stands with the 共済."""
        return MUTUAL if insurers.kind(self.insurer) == MUTUAL else self.of_kind.section

    @property
    def living(self) -> bool:
        return self.state in c.LIVING

    @property
    def begins(self) -> TypedDate | None:
        """契約日 of a life policy, 始期 of another."""
        return self.start if self.of_kind.nonlife else self.contract_date

    def roles_of(self, *names: str) -> tuple[Role, ...]:
        return tuple(role for role in self.roles if role.role in names)

    @property
    def number_folded(self) -> str:
        """For matching; empty for 申込中, 不明 and なし."""
        return "" if self.policy_number in c.NO_NUMBER else fold(self.policy_number)
