"""保険証券お預り証: originals of a client that the office has taken in, until when it keeps them, and when they went back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from vault.domain import fields as f
from vault.domain import insurers
from vault.domain.fields import Fault
from vault.domain.policies import Policy
from vault.domain.values import TypedDate, Unreadable

POLICY_PAPER = "保険証券"
PAPERS = (POLICY_PAPER, "約款", "証明書", "その他")
PURPOSES = ("分析のため", "保険金・給付金の請求手続き", "契約内容の変更手続き", "解約・満期の手続き", "税務申告のため")
PLACES = ("鍵のかかる書庫", "金庫", "鍵のかかる机")
WAYS = ("手渡し", "書留郵便", "宅配便", "保険会社へ提出")
# Proposed: two weeks are enough to read a policy and write the analysis.
DAYS = 14
LONGEST_DAYS = 366
# So long what went back stays in the office's list; the client's own page shows all.
SHOWN_DAYS = 90


def _identity(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise Unreadable("choice-unknown", typed=text)
    return text


def _sheets(number: int) -> int:
    if not 1 <= number <= 999:
        raise Unreadable("sheets-range", least=1, most=999)
    return number


@dataclass(frozen=True, kw_only=True)
class DepositItem:
    """One paper, or several of one kind.

    `policy` (hex id) stands only in the form: chosen, it fills in insurer and number, and is not kept. Whoever gives the
    paper back says `returned`, `returned_to` and `way`; the form of the receipt never does.
    """

    id: str
    paper: str = f.choice(*PAPERS, required=True)
    policy: str = f.text(max_length=32, my_number="free", check=_identity)
    insurer: str = f.name(choices=insurers.proposals())
    policy_number: str = f.text(max_length=60, my_number="ask")
    sheets: int | None = f.number(unit="枚", check=_sheets)
    note: str = f.text(max_length=200)
    returned: TypedDate | None = f.day()
    returned_to: str = f.name()
    way: str = f.text(max_length=60, choices=WAYS)

    @property
    def here(self) -> bool:
        return self.returned is None


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """A receipt. `number` and `person` (hex id of who took the papers in) are the program's; the rest is typed."""

    number: int = 0
    person: str = ""
    received: TypedDate = f.day(required=True)
    giver: str = f.name(required=True)
    purpose: str = f.text(required=True, max_length=120, choices=PURPOSES)
    due: TypedDate = f.day(required=True)
    place: str = f.text(max_length=120, choices=PLACES)
    items: tuple[DepositItem, ...] = f.rows(DepositItem, required=True)
    note: str = f.long(max_length=1000)

    @property
    def here(self) -> tuple[DepositItem, ...]:
        """What the office still has."""
        return tuple(item for item in self.items if item.here)

    @property
    def gone(self) -> tuple[DepositItem, ...]:
        """What went back."""
        return tuple(item for item in self.items if not item.here)

    @property
    def closed(self) -> bool:
        return not self.here

    @property
    def ended(self) -> date | None:
        """The day on which the last paper went back; None while one is here."""
        return max((item.returned.value for item in self.items if item.returned), default=None) if self.closed else None

    def overdue(self, today: date) -> bool:
        return not self.closed and self.due.value < today

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.due.value < self.received.value:
            yield "due", Fault("due-before-received")
        elif self.due.value > self.received.value + timedelta(days=LONGEST_DAYS):
            yield "due", Fault("deposit-too-long")


@dataclass(frozen=True, kw_only=True)
class GiveBack:
    """What is said when papers go back."""

    day: TypedDate = f.day(required=True)
    to: str = f.name(required=True)
    way: str = f.text(required=True, max_length=60, choices=WAYS)


def number_text(number: int) -> str:
    """How a receipt's number is printed: D-000012."""
    return f"D-{number:06d}"


def due_on(received: date) -> date:
    """The day on which papers are to go back, as the form proposes it."""
    return received + timedelta(days=DAYS)


def with_policies(values: Mapping[str, Any], policies: Mapping[str, Policy]) -> dict[str, Any]:
    """What was typed into the form of a receipt, with insurer and number of each policy (by hex id) that was chosen."""
    rows = [_filled_in(row, policies.get(row.get("policy", ""))) for row in values.get("items") or []]
    return {**values, "items": rows}


def _filled_in(row: Mapping[str, str], policy: Policy | None) -> dict[str, str]:
    if policy is None:
        return dict(row)
    paper = row.get("paper", "").strip() or POLICY_PAPER
    return {**row, "paper": paper, "policy": "", "insurer": policy.insurer, "policy_number": policy.policy_number}


def first(typed: Deposit, number: int, person: str) -> Deposit:
    """A receipt as it begins: everything on it is here."""
    return replace(typed, number=number, person=person, items=_as_new(typed.items))


def corrected(before: Deposit, typed: Deposit) -> Deposit:
    """A receipt after it was corrected: number, person, and what went back already are as they were."""
    gone = {item.id for item in before.gone}
    items = (*before.gone, *_as_new(item for item in typed.items if item.id not in gone))
    return replace(typed, number=before.number, person=before.person, items=items)


def _as_new(items: Iterable[DepositItem]) -> tuple[DepositItem, ...]:
    return tuple(_new(item) for item in items)


def _new(item: DepositItem) -> DepositItem:
    return replace(item, policy="", returned=None, returned_to="", way="")


def open_part(deposit: Deposit) -> Deposit:
    """What of a receipt can still be corrected: the form shows this much."""
    return replace(deposit, items=deposit.here)


def given_back(deposit: Deposit, items: Collection[str], said: GiveBack) -> Deposit:
    """The receipt after some of its papers, by their ids, went back; one that is back already stays as it is."""
    told = tuple(
        replace(item, returned=said.day, returned_to=said.to, way=said.way) if item.here and item.id in items else item
        for item in deposit.items
    )
    return replace(deposit, items=told)


def kept_again(deposit: Deposit, item: str) -> Deposit:
    """The receipt after it turned out that a paper, noted as given back, is still here."""
    return replace(deposit, items=tuple(_new(each) if each.id == item else each for each in deposit.items))


def received_fault(deposit: Deposit, today: date) -> Fault | None:
    """Why the day of receiving is not taken."""
    return Fault("day-to-come") if deposit.received.value > today else None


def back_fault(deposit: Deposit, said: GiveBack, today: date) -> Fault | None:
    """Why the day of giving back is not taken."""
    if said.day.value > today:
        return Fault("day-to-come")
    if said.day.value < deposit.received.value:
        return Fault("back-before-received", {"received": deposit.received.typed})
    return None
