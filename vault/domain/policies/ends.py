"""When cover and payment of a policy end. Proposals from what is typed, not facts of the insurer."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from vault.domain.clients import Client
from vault.domain.policies import choices as c
from vault.domain.policies.policy import Policy
from vault.domain.values import Term, TypedDate

NEVER = date.max


def insured_birth(policy: Policy, client: Client | None) -> date | None:
    """Birth of the first insured whom the client's record knows; the age in 「60歳まで」 is his."""
    for role in policy.roles_of(c.INSURED):
        member = client.member(role.member) if client and role.member else None
        if member and member.birth:
            return member.birth.value
    return None


def end_of_term(policy: Policy, term: Term | None, client: Client | None = None) -> date | None:
    """The day `term` ends in this policy; `NEVER` for life, None where it cannot be told."""
    if term is None:
        return None
    if term.kind == "life":
        return NEVER
    begins = policy.begins
    return term.end(
        begins.value if begins else None,
        insured_birth(policy, client),
        contract_age=policy.contract_age,
        basis=policy.age_basis,
    )


def cover_end(policy: Policy, client: Client | None = None) -> date | None:
    """満期: as typed, or as the term says, or the renewal to which a term was prolonged.

    `NEVER` for whole life, None where nothing says it.
    """
    if policy.end:
        return policy.end.value
    by_term = end_of_term(policy, policy.term, client)
    if policy.renewal and (by_term is None or by_term < policy.renewal.value):
        return policy.renewal.value
    return by_term


def payment_end(policy: Policy, client: Client | None = None) -> date | None:
    """払込満了; `NEVER` when premiums are due for life."""
    if policy.mode == c.SINGLE:
        return policy.begins.value if policy.begins else None
    if policy.payment_term is None or policy.payment_term.kind == "whole":
        return cover_end(policy, client)
    return end_of_term(policy, policy.payment_term, client)


def renewal_date(policy: Policy, client: Client | None = None) -> date | None:
    """The next 更新 (life) as typed, or of a term that renews itself; 更改 (non-life) is the end."""
    if policy.renewal:
        return policy.renewal.value
    if policy.of_kind.nonlife:
        return cover_end(policy, client)
    return end_of_term(policy, policy.term, client) if policy.term and policy.term.renews else None


def years(start: TypedDate | None, end: date | None) -> Fraction | None:
    """Length in years: whole months exactly, other lengths by days; None without an end."""
    if start is None or end is None or end == NEVER or end <= start.value:
        return None
    day = start.value
    if day.day == end.day:
        return Fraction((end.year - day.year) * 12 + end.month - day.month, 12)
    return Fraction((end - day).days * 100, 36525)
