"""Policies: what a form asks for by kind, what is read from it, what it costs and when it ends."""

from vault.domain.policies.ends import NEVER, cover_end, insured_birth, payment_end, renewal_date
from vault.domain.policies.hints import hints, missing_facts
from vault.domain.policies.kinds import GROUPS, KINDS, LIFE, MUTUAL, NONLIFE, SECTIONS, Kind, defaults
from vault.domain.policies.policy import Policy
from vault.domain.policies.reading import name_of, read_policy, typed_policy
from vault.domain.policies.rows import (
    CLIENT_ITSELF,
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

__all__ = [
    "CLIENT_ITSELF",
    "GROUPS",
    "KINDS",
    "LIFE",
    "MUTUAL",
    "NEVER",
    "NONLIFE",
    "SECTIONS",
    "AgeBand",
    "Change",
    "Coverage",
    "EducationPayment",
    "Item",
    "Kind",
    "Policy",
    "Property",
    "Rider",
    "Role",
    "SpecialAccount",
    "SurrenderValue",
    "Vehicle",
    "cover_end",
    "defaults",
    "hints",
    "insured_birth",
    "missing_facts",
    "name_of",
    "payment_end",
    "read_policy",
    "renewal_date",
    "typed_policy",
]
