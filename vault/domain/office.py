"""The office itself: what stands on its sheets, and what its people are called."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain import fields
from vault.domain.values import TypedDate

AGENCY, ACCOUNTANTS = "保険代理店", "会計事務所"


@dataclass(frozen=True, kw_only=True)
class Office:
    """The particulars an office types on its first day."""

    name: str = fields.name(required=True)
    kind: str = fields.choice(AGENCY, ACCOUNTANTS, required=True)
    postal_code: str = fields.text(max_length=10, my_number="free")
    address: str = fields.text()
    telephone: str = fields.text(max_length=40, my_number="ask")
    registration_number: str = fields.text(max_length=60, my_number="ask")
    footer: str = fields.text(max_length=300)
    # For the 個人データ管理台帳, in the office's own words; empty: what Kura says will do.
    purpose: str = fields.long(max_length=1000)
    place: str = fields.long(max_length=400)


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training in the handling of personal data that a person has taken part in."""

    on: TypedDate | None = fields.day(required=True)
    subject: str = fields.text(required=True, max_length=120)


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """One person of the office, as colleagues and printed sheets call him; `pledged`: when he signed the 誓約書."""

    name: str = fields.name(required=True)
    kana: str = fields.kana()
    pledged: TypedDate | None = fields.day()
    trainings: tuple[Training, ...] = fields.rows(Training)
    note: str = fields.long()


@dataclass(frozen=True, kw_only=True)
class Named:
    """What else has a name that people chose: a compartment, a device."""

    name: str = fields.name(required=True)
