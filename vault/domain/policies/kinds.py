"""Kinds of insurance: which boxes a form shows for each, in which order, and whom it names at first."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain.policies import choices as c

LIFE, NONLIFE, MUTUAL = "生命・第三分野", "損害", "共済"
SECTIONS = (LIFE, NONLIFE, MUTUAL)

# Each box of Policy stands in the first of its kind's groups that names it. Words: catalogue key `group.<name>`.
GROUPS: dict[str, tuple[str, ...]] = {
    "basic": (
        "kind", "insurer", "policy_number", "product", "state", "state_date", "end_reason", "restorable_until",
        "handled_by", "other_agency", "solicitor", "group_handling", "claims_telephone",
    ),
    "roles": ("roles",),
    "period": (
        "contract_date", "term", "payment_term", "end", "renewal", "contract_age", "age_basis",
        "application_date", "liability_date",
    ),
    "nonlife_period": (
        "start", "start_time", "end", "end_time", "long_years", "renewal_state", "non_renewal_reason",
        "previous_policy", "parent_number",
    ),
    "premium": ("premium", "mode", "route", "special_premium"),
    "nonlife_premium": ("premium", "mode", "route"),
    "currency": ("currency", "contract_rate"),
    "coverages": ("coverages",),
    "riders": ("riders",),
    "increase": ("increase_start", "increase_rate"),
    "income": ("monthly_amount", "guaranteed_period"),
    "maturity": ("maturity_amount",),
    "term_part": ("term_part_amount", "term_part_term", "term_part_renewal"),
    "education": ("payments", "waiver_on_death"),
    "annuity": ("annuity_start", "annuity_kind", "annuity_fund", "annuity_yearly", "tax_qualified"),
    "variable": ("special_accounts", "minimum"),
    "medical": ("limit_days", "surgery_type", "outpatient"),
    "cancer": ("waiting_days", "diagnosis_interval"),
    "care": ("care_grade",),
    "disability": ("exempt_days",),
    "group": ("group_name", "group_persons"),
    "lender": ("lender", "lender_balance"),
    "age_bands": ("age_bands",),
    "vehicles": ("vehicles", "fleet"),
    "properties": ("properties", "pledge"),
    "earthquake": ("earthquake_premium", "earthquake_discount"),
    "items": ("items",),
    "liability": ("premium_basis", "basis_amount", "settlement"),
    "savings": ("savings_premium", "maturity_amount"),
    "surrender": (
        "surrender_promised", "best_rate", "surrender_latest", "surrender_latest_date", "no_surrender_value",
    ),
    "balances": (
        "dividend_method", "dividend_balance", "loan_balance", "loan_rate", "loan_date",
        "automatic_loan_balance", "prepaid_balance", "prepaid_until", "waiver", "waiver_since",
    ),
    "booking": (
        "deduction_class", "paid_as_salary", "endowment_pattern", "opening_balance", "opening_balance_date",
    ),
    "nonlife_booking": ("deduction_class", "opening_balance", "opening_balance_date"),
    "keeping": ("original_place", "changes", "notes"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """`groups` in the order of the form; `roles` are the rows a new form begins with."""

    name: str
    section: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    nonlife: bool = False

    @property
    def states(self) -> tuple[str, ...]:
        return c.NONLIFE_STATES if self.nonlife else c.LIFE_STATES

    @property
    def role_names(self) -> tuple[str, ...]:
        return c.NONLIFE_ROLES if self.nonlife else c.LIFE_ROLES

    @property
    def boxes(self) -> tuple[str, ...]:
        """Names of all boxes that this kind's form shows, each once."""
        return tuple(dict.fromkeys(box for group in self.groups for box in GROUPS[group]))


_DEATH = (c.POLICYHOLDER, c.INSURED, c.DEATH_BENEFICIARY, c.CLAIMANT)
_BENEFIT = (c.POLICYHOLDER, c.INSURED, c.BENEFIT_RECIPIENT, c.CLAIMANT)
_MATURITY = (c.POLICYHOLDER, c.INSURED, c.DEATH_BENEFICIARY, c.SURVIVAL_BENEFICIARY)
_ANNUITY = (c.POLICYHOLDER, c.INSURED, c.ANNUITY_RECIPIENT, c.DEATH_BENEFICIARY)
_OWN = (c.POLICYHOLDER, c.INSURED)


def _life(name: str, *own: str, roles: tuple[str, ...] = _DEATH, section: str = LIFE) -> Kind:
    head = ("basic", "roles", "period", "premium")
    tail = ("coverages", "riders", "surrender", "balances", "booking", "keeping")
    return Kind(name, section, (*head, *own, *tail), roles)


def _nonlife(name: str, *own: str, roles: tuple[str, ...] = _OWN) -> Kind:
    head = ("basic", "roles", "nonlife_period", "nonlife_premium")
    return Kind(
        name, NONLIFE, (*head, *own, "coverages", "riders", "nonlife_booking", "keeping"), roles, True
    )


_ALL = (
    _life("終身"),
    _life("定期"),
    _life("長期平準定期"),
    _life("逓増定期", "increase"),
    _life("収入保障", "income"),
    _life("養老", "maturity", roles=_MATURITY),
    _life("定期付養老・終身", "maturity", "term_part", roles=_MATURITY),
    _life("学資", "education", "maturity", roles=(c.POLICYHOLDER, c.INSURED, c.SURVIVAL_BENEFICIARY)),
    _life("個人年金", "annuity", "currency", roles=_ANNUITY),
    _life("変額", "variable", "annuity", "maturity", "currency", roles=_MATURITY),
    _life("外貨建", "currency", "annuity", "maturity", roles=_MATURITY),
    _life("医療", "medical", roles=_BENEFIT),
    _life("がん", "cancer", roles=_BENEFIT),
    _life("介護", "care", roles=_BENEFIT),
    _life("就業不能", "disability", roles=_BENEFIT),
    _life("特定疾病", roles=_BENEFIT),
    _life("傷害", roles=_BENEFIT),
    _life("団体定期", "group"),
    _life("団信", "lender", roles=(c.POLICYHOLDER, c.INSURED)),
    _life("共済 (総合保障)", "age_bands", roles=_DEATH, section=MUTUAL),
    _nonlife("自動車", "vehicles", roles=(c.POLICYHOLDER, c.NAMED_INSURED, c.OWNER)),
    _nonlife("自賠責", "vehicles", roles=(c.POLICYHOLDER, c.OWNER)),
    _nonlife("火災", "properties", "earthquake", roles=(c.POLICYHOLDER, c.INSURED, c.OWNER)),
    _nonlife("地震", "properties", "earthquake", roles=(c.POLICYHOLDER, c.INSURED, c.OWNER)),
    _nonlife("施設・PL・請負・受託賠責", "items", "liability"),
    _nonlife("サイバー", "liability"),
    _nonlife("D&O", "liability"),
    _nonlife("業務災害", "group", "liability"),
    _nonlife("労災上乗せ", "group", "liability"),
    _nonlife("工事", "items", "liability"),
    _nonlife("運送", "items", "liability"),
    _nonlife("取引信用", "items", "liability"),
    _nonlife("傷害 (損害)", "items", "liability", roles=(c.POLICYHOLDER, c.INSURED, c.RECIPIENT)),
    _nonlife("所得補償", "disability", roles=(c.POLICYHOLDER, c.INSURED, c.RECIPIENT)),
    _nonlife("海外旅行", "items", roles=(c.POLICYHOLDER, c.INSURED, c.RECIPIENT)),
    _nonlife("ペット", "items"),
    _nonlife("個人賠責"),
    _nonlife("積立", "savings", "properties", "earthquake", "items", "liability"),
    _nonlife("その他", "items", "liability"),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}


def defaults(kind: str) -> dict[str, object]:
    """What a new form of this kind has filled in already."""
    found = KINDS[kind]
    filled: dict[str, object] = {
        "kind": kind,
        "state": c.IN_FORCE,
        "handled_by": c.OWN,
        "mode": c.YEARLY if found.nonlife else c.MONTHLY,
        "roles": [{"role": role} for role in found.roles],
    }
    if found.nonlife:
        filled |= {"start_time": "16時", "end_time": "16時", "renewal_state": c.RENEWAL_STATES[0]}
    return filled
