"""The office itself: what stands on its sheets, and what its people are called."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain import fields

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


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """One person of the office, as colleagues and printed sheets call him."""

    name: str = fields.name(required=True)
