"""A contract of the operator with an office: its particulars, and what stays of it once it has ended.

The operator's register holds these and nothing of what an office keeps inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from vault.domain import fields
from vault.domain.capacity import SIZES
from vault.domain.fields import Fault
from vault.domain.office import ACCOUNTANTS, AGENCY
from vault.domain.values import TypedDate, Unreadable, compact

# It names files, too.
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_DIGITS = re.compile(r"[0-9]{1,8}")


def contract_number(typed: str) -> str:
    """A contract's number, in plain letters; raises Unreadable("contract-number-unfit")."""
    number = compact(typed)
    if not _NUMBER.fullmatch(number):
        raise Unreadable("contract-number-unfit")
    return number


def _account_number(typed: str) -> str:
    number = compact(typed)
    if not _DIGITS.fullmatch(number):
        raise Unreadable("account-number-unfit")
    return number


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What was agreed. `office`: its short name on the host, empty while there is none; `web_address` its host name."""

    number: str = fields.text(required=True, max_length=40, my_number="free", check=contract_number)
    kind: str = fields.choice(AGENCY, ACCOUNTANTS, required=True)
    name: str = fields.name(required=True)
    postal_code: str = fields.text(max_length=10, my_number="free")
    address: str = fields.text()
    telephone: str = fields.text(max_length=40, my_number="free")
    contact: str = fields.name()
    bank: str = fields.name(max_length=60)
    branch: str = fields.name(max_length=60)
    account_type: str = fields.choice("普通", "当座", "貯蓄")
    account_number: str = fields.text(max_length=20, my_number="free", check=_account_number)
    account_holder: str = fields.kana(max_length=60)
    start: TypedDate | None = fields.day()
    end: TypedDate | None = fields.day()
    office: str = fields.text(max_length=24)
    web_address: str = fields.text(max_length=120)
    policies: str = fields.choice(*SIZES, required=True)

    @property
    def limit(self) -> int:
        """How many policies it is for; 0 for no limit."""
        return SIZES[self.policies]

    def faults(self) -> Iterator[tuple[str, Fault]]:
        """A contract that ends before it begins."""
        if self.start and self.end and self.end.value < self.start.value:
            yield "end", Fault("contract-end-before-start")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """All that stays of a contract: its number, the day its data were erased, and the certificate of that, as signed."""

    number: str
    day: date
    certificate: str = field(default="", repr=False)
