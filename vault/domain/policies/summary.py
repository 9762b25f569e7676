"""What one row of a list says about a policy, and how lists are grouped; pages and printed sheets share it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vault.domain.clients import Client
from vault.domain.policies import choices as c
from vault.domain.policies.ends import NEVER, cover_end, payment_end
from vault.domain.policies.kinds import SECTIONS
from vault.domain.policies.policy import Policy
from vault.domain.policies.reading import name_of
from vault.domain.policies.totals import in_currency, yearly
from vault.domain.values import Amount, Money, cover_text, money_text


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in a role; `member` is the id to link to, empty for names and classes."""

    role: str
    name: str
    relationship: str = ""
    share: str = ""
    order: int | None = None
    member: str = ""


@dataclass(frozen=True, slots=True)
class CoverLine:
    name: str
    amount: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Dates are days: each person chooses how they are written. `None` with an empty text: not recorded.

    term, payment_term  as typed (終身, 60歳まで)
    end, payment_end    computed or typed; None for life as well
    premium             in yen, or in `currency` where that is not empty
    yearly              its yearly equivalent; None for a single premium without an end
    """

    policy: Policy
    section: str
    living: bool
    insurer: str
    kind: str
    product: str
    number: str
    policyholders: tuple[Party, ...]
    insured: tuple[Party, ...]
    beneficiaries: tuple[Party, ...]
    begins: date | None
    term: str
    end: date | None
    payment_term: str
    payment_end: date | None
    cover: tuple[CoverLine, ...]
    premium: Money
    mode: str
    currency: str
    yearly: Money | None
    state: str


@dataclass(frozen=True, slots=True)
class Lists:
    """Policies by section (empty sections left out); those that ended or lapsed apart."""

    sections: tuple[tuple[str, tuple[Row, ...]], ...]
    ended: tuple[Row, ...]


def row(policy: Policy, client: Client | None = None) -> Row:
    end, paid = cover_end(policy, client), payment_end(policy, client)
    return Row(
        policy=policy,
        section=policy.section,
        living=policy.living,
        insurer=policy.insurer,
        kind=policy.kind,
        product=policy.product,
        number=policy.policy_number,
        policyholders=parties(policy, client, c.POLICYHOLDER),
        insured=parties(policy, client, c.INSURED, c.NAMED_INSURED),
        beneficiaries=parties(policy, client, *c.BENEFICIARIES),
        begins=policy.begins.value if policy.begins else None,
        term=policy.term.typed if policy.term else "",
        end=None if end == NEVER else end,
        payment_term=policy.payment_term.typed if policy.payment_term else "",
        payment_end=None if paid == NEVER or policy.mode == c.SINGLE else paid,
        cover=cover_lines(policy),
        premium=policy.premium,
        mode=policy.mode,
        currency=policy.currency if in_currency(policy) else "",
        yearly=yearly(policy, client),
        state=policy.state,
    )


def parties(policy: Policy, client: Client | None, *roles: str) -> tuple[Party, ...]:
    return tuple(
        Party(
            role.role,
            name_of(role, client),
            role.relationship,
            "" if role.share is None else f"{role.share.normalize():f}",
            role.order,
            role.member,
        )
        for role in policy.roles_of(*roles)
    )


def cover_lines(policy: Policy) -> tuple[CoverLine, ...]:
    """The main cover; what a kind says in boxes of its own where no cover is listed."""
    if policy.coverages:
        return tuple(
            CoverLine(each.name, _amount(each.amount, policy.currency), each.deductible or each.unit)
            for each in policy.coverages
        )
    own = (
        ("収入保障月額", policy.monthly_amount),
        ("年金年額", policy.annuity_yearly),
        ("年金原資", policy.annuity_fund),
        ("満期保険金", policy.maturity_amount),
        ("最低保証", policy.minimum),
    )
    lines = [CoverLine(name, _amount(amount, policy.currency)) for name, amount in own if amount]
    lines += [
        CoverLine(name, _amount(amount, ""))
        for each in policy.properties
        for name, amount in (
            (each.subject or each.place, each.amount),
            (f"地震({each.subject or each.place})", each.earthquake_amount),
        )
        if amount
    ]
    lines += [CoverLine(each.name, _money(each.balance, policy.currency)) for each in policy.special_accounts]
    return tuple(lines)


def _money(amount: Money | None, currency: str) -> str:
    if amount is None:
        return ""
    return f"{money_text(amount)} {currency}" if isinstance(amount, Decimal) else cover_text(amount)


def _amount(amount: Amount | None, currency: str) -> str:
    if amount is None:
        return ""
    if amount.foreign is not None:
        return _money(amount.foreign, currency)
    return amount.text()


def lists(policies: Iterable[Policy], client: Client | None = None) -> Lists:
    """In each section by the day the policy began, oldest first; undated ones last."""
    rows = sorted((row(policy, client) for policy in policies), key=lambda each: each.begins or date.max)
    sections = tuple(
        (section, tuple(each for each in rows if each.state not in c.OVER and each.section == section))
        for section in SECTIONS
    )
    return Lists(
        tuple((section, found) for section, found in sections if found),
        tuple(each for each in rows if each.state in c.OVER),
    )
